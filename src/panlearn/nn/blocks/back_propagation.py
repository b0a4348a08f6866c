"""Back-propagation by hand, for a chain of dense layers [rumelhart1986].

    z_l = h_{l-1} W_l' + b_l        a_l = f(z_l)        h_l = a_l m_l / q         forward, l = 1 ... L; h_0 = x

x are the b rows of a batch, (b, p); W_l is (out, in); f acts on each number by itself and is the identity in layer L;
m_l is the mask of dropout, 1 with probability q. With D_l = dJ/dz_l, (b, out), the chain rule goes from loss to input:

    D_L is the gradient of the loss in its outputs; for the canonical pairs (softmax and cross-entropy, identity and
        squares, ...) it is (prediction - target) / b
    dJ/dW_l = D_l' h_{l-1}          dJ/db_l = sum over the rows of D_l
    D_{l-1} = (D_l W_l) m_{l-1} / q f'(z_{l-1})

Every f here has a derivative that its own output tells, such as a (1 - a) for the sigmoid: z need not be kept.

Cost: 3 products of b x in x out a layer (2 in the first, whose input needs no gradient), all written into buffers that
live from batch to batch. For small layers arithmetic is not what counts: automatic differentiation builds and walks a
graph for each batch, and that takes longer than all the products. Here a batch is about six calls a layer.

Fails where layers are not a chain (residual connections), or f's derivative needs more than its output (maxout, GELU):
such networks go through automatic differentiation.

Frozen parameters (`requires_grad = False`) get no gradient, and D goes down only to the lowest layer that learns.

Course notes: 001 §5.4 (the derivation), 002, 004 §4 (dropout; masks divide by q, so that nothing changes at test time).
"""

from collections.abc import Callable, Sequence
from typing import NamedTuple

import torch
from torch import Tensor, nn

aten = torch.ops.aten


class Elementwise(NamedTuple):
    """A function of each number, with a derivative that can be read off its output."""

    apply: Callable[[Tensor], object]  # z <- f(z), in place
    pull: Callable[[Tensor, Tensor], object]  # (D, a): D <- D f'(z), in place, with a = f(z)


def nothing(*tensors: Tensor) -> None:
    """Leave the identity's argument and gradient as they are."""


SELU_ALPHA, SELU_SCALE = 1.6732632423543772, 1.0507009873554805  # [klambauer2017], fixed point of mean 0 and variance 1

ELEMENTWISE = {
    "identity": Elementwise(nothing, nothing),
    "logistic": Elementwise(torch.sigmoid_, lambda D, a: aten.sigmoid_backward.grad_input(D, a, grad_input=D)),
    "tanh": Elementwise(torch.tanh_, lambda D, a: aten.tanh_backward.grad_input(D, a, grad_input=D)),
    "relu": Elementwise(torch.relu_, lambda D, a: aten.threshold_backward.grad_input(D, a, 0, grad_input=D)),
    "leaky_relu": Elementwise(
        nn.functional.leaky_relu_,
        lambda D, a: aten.leaky_relu_backward.grad_input(D, a, 0.01, True, grad_input=D),
    ),
    "elu": Elementwise(
        nn.functional.elu_, lambda D, a: aten.elu_backward.grad_input(D, 1.0, 1.0, 1.0, True, a, grad_input=D)
    ),
    "selu": Elementwise(
        torch.selu_,
        lambda D, a: aten.elu_backward.grad_input(D, SELU_ALPHA, SELU_SCALE, 1.0, True, a, grad_input=D),
    ),
}
ELEMENTWISE["sigmoid"] = ELEMENTWISE["logistic"]


class Layer(NamedTuple):
    """One layer's parameters, their gradients, and room for a batch; views, nothing is copied."""

    transposed: Tensor  # (in, out) W'
    weight: Tensor  # (out, in) W
    bias: Tensor  # (out,) b
    weight_gradient: Tensor | None  # (out, in); None: frozen
    bias_gradient: Tensor | None  # (out,)
    output: Tensor  # (b, out) a
    dropped: Tensor  # (b, out) h; `output` itself without dropout
    mask: Tensor | None  # (b, out) m / q
    delta: Tensor  # (b, out) D; the loss brings its own to the last layer
    delta_transposed: Tensor  # (out, b)


class Workspace(NamedTuple):
    """All layers, for batches of one size."""

    layers: tuple[Layer, ...]
    ones: Tensor  # (b,) sums over the rows are products with it
    lowest: int  # first layer that learns; those below it get no gradient


def workspace(layers: Sequence[nn.Linear], size: int, dropout: float) -> Workspace:
    """Make room for batches.

    Parameters
    ----------
    layers : sequence of Linear
        The chain, with biases; parameters that learn and have no gradient get one of zeros.
    size : int
        Rows of a batch, b.
    dropout : float
        Share of the outputs of hidden layers that are dropped.

    Returns
    -------
    Workspace
        Views of the parameters and of their gradients, and buffers.
    """
    rooms = []
    for layer in layers:
        weight = layer.weight.detach()
        output, delta = weight.new_empty(size, len(weight)), weight.new_empty(size, len(weight))
        masked = dropout > 0 and layer is not layers[-1]
        rooms.append(
            Layer(
                transposed=weight.t(),
                weight=weight,
                bias=layer.bias.detach(),
                weight_gradient=_gradient(layer.weight),
                bias_gradient=_gradient(layer.bias),
                output=output,
                dropped=torch.empty_like(output) if masked else output,
                mask=torch.empty_like(output) if masked else None,
                delta=delta,
                delta_transposed=delta.t(),
            )
        )
    learning = (k for k, room in enumerate(rooms) if room.weight_gradient is not None or room.bias_gradient is not None)
    return Workspace(tuple(rooms), rooms[0].weight.new_ones(size), next(learning, len(rooms)))


def _gradient(parameter: Tensor) -> Tensor | None:
    """Where a parameter's gradient is added up; nowhere if it is frozen."""
    if not parameter.requires_grad:
        return None
    if parameter.grad is None:
        with torch.inference_mode(False):  # optimisers change it elsewhere
            parameter.grad = torch.zeros_like(parameter)
    return parameter.grad


def forward(space: Workspace, x: Tensor, activation: Elementwise, dropout: float) -> Tensor:
    """Outputs of the chain, (b, K), which stay in the workspace with those of all layers.

    Parameters
    ----------
    space : Workspace
        Of the batch's size.
    x : Tensor of shape (b, p)
        Rows.
    activation : Elementwise
        Of the hidden layers.
    dropout : float
        Share dropped, 1 - q.

    Returns
    -------
    Tensor
        Before any link.
    """
    *hidden, last = space.layers
    h = x
    for layer in hidden:
        torch.addmm(layer.bias, h, layer.transposed, out=layer.output)
        activation.apply(layer.output)
        h = layer.dropped
        if layer.mask is not None:
            layer.mask.bernoulli_(1.0 - dropout).div_(1.0 - dropout)
            torch.mul(layer.output, layer.mask, out=h)
    return torch.addmm(last.bias, h, last.transposed, out=last.output)


def backward(space: Workspace, x: Tensor, delta: Tensor, activation: Elementwise) -> None:
    """Add the gradients of the parameters that learn to what their buffers hold.

    Parameters
    ----------
    space : Workspace
        As `forward` left it.
    x : Tensor of shape (b, p)
        The same rows.
    delta : Tensor of shape (b, K)
        Gradient of the loss in the outputs.
    activation : Elementwise
        Of the hidden layers.
    """
    layers = space.layers
    transposed = delta.t()
    for k in range(len(layers) - 1, space.lowest - 1, -1):
        layer = layers[k]
        if layer.weight_gradient is not None:
            layer.weight_gradient.addmm_(transposed, layers[k - 1].dropped if k else x)
        if layer.bias_gradient is not None:
            layer.bias_gradient.addmv_(transposed, space.ones)
        if k > space.lowest:
            below = layers[k - 1]
            torch.mm(delta, layer.weight, out=below.delta)
            if below.mask is not None:
                below.delta.mul_(below.mask)
            activation.pull(below.delta, below.output)
            delta, transposed = below.delta, below.delta_transposed
