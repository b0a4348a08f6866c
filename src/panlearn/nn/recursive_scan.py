"""All levels of a recursive network as one node of automatic differentiation, and in torch operations.

    level by level:    a = children's states side by side,   h = f(x + W a [+ aᵀ V a])
    and back:          δz = δh ∘ f'(h),   δa = Wᵀ δz, handed to the children;   δW = Σ δz aᵀ, one product at the end

The kernels serve networks without the tensor term on a CPU. The tensor's own products are large, and the graph between
them costs little: they, other devices, other types, and second derivatives take the torch operations.

Course note: 003 §2.4.
"""

from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.autograd import Function

from panlearn.core.gemm import gemm, routine, single_threaded_products
from panlearn.core.jit import kernel
from panlearn.nn.forest import Forest
from panlearn.nn.rnn_functions import NONLINEARITIES, activate, multiply_by_slope

FUNCTIONS = {"tanh": torch.tanh, "relu": torch.relu, "sigmoid": torch.sigmoid}


@kernel
def forward(starts, edge_starts, children, positions, weight, routine, code, below, h):  # fills below; h holds x
    """States of all nodes in the order of work."""
    H, n_leaves = h.shape[1], starts[1]
    for level in range(1, len(starts) - 1):
        low, high = starts[level], starts[level + 1]
        for p in range(low, high):
            for e in range(edge_starts[p], edge_starts[p + 1]):
                begin = positions[e] * H
                below[p - n_leaves, begin : begin + H] = h[children[e]]
        rows = below[low - n_leaves : high - n_leaves]
        gemm(routine, True, high - low, H, below.shape[1], rows, weight, 1.0, h[low:high])
        activate(h[low:high], code)


@kernel
def backward(starts, edge_starts, children, positions, weight, routine, code, h, dh, room):  # dh becomes δz
    """Gradients in x."""
    H = h.shape[1]
    for level in range(len(starts) - 2, 0, -1):
        low, high = starts[level], starts[level + 1]
        multiply_by_slope(dh[low:high], h[low:high], code)
        gemm(routine, False, high - low, room.shape[1], H, dh[low:high], weight, 0.0, room)
        for p in range(low, high):
            for e in range(edge_starts[p], edge_starts[p + 1]):
                into, begin = dh[children[e]], positions[e] * H
                for j in range(H):
                    into[j] += room[p - low, begin + j]


def levels(x: Tensor, weight: Tensor, tensor: Tensor | None, forest: Forest, nonlinearity: str) -> Tensor:
    """States of all nodes in the order of work, in torch operations.

    Parameters
    ----------
    x : Tensor of shape (N, H)
        States of the leaves; what is added inside f at the other nodes.
    weight : Tensor of shape (H, n H)
        W.
    tensor : Tensor of shape (H, n H, n H) or None
        V.
    forest : Forest
        The nodes, on the device of the tensors.
    nonlinearity : str
        Name of f.

    Returns
    -------
    Tensor of shape (N, H)
        States.
    """
    H, n = weight.shape[0], weight.shape[1] // weight.shape[0]
    h = x.clone()
    bounds = forest.starts.tolist()[1:]
    edge_bounds = forest.edge_starts[forest.starts[1:]].tolist()
    for low, high, first, last in zip(bounds, bounds[1:], edge_bounds, edge_bounds[1:]):
        places = (forest.parents[first:last] - low) * n + forest.positions[first:last]
        states = h[forest.children[first:last]]  # (e, H)
        below = x.new_zeros((high - low) * n, H).index_copy(0, places, states).view(high - low, n * H)
        z = x[low:high] + below @ weight.T
        if tensor is not None:
            half = (below @ tensor.flatten(0, 1).T).view(high - low, H, n * H)  # V a, (m, H, n H)
            z = z + (half @ below[:, :, None]).squeeze(2)
        h[low:high] = FUNCTIONS[nonlinearity](z)
    return h


def scan(x: Tensor, weight: Tensor, tensor: Tensor | None, forest: Forest, nonlinearity: str) -> Tensor:
    """States of all nodes in the order of work; arguments as of `levels`."""
    if tensor is None and x.device.type == "cpu" and x.dtype in (torch.float32, torch.float64):
        return _Scan.apply(x, weight, forest, nonlinearity)  # type: ignore[return-value]
    return levels(x, weight, tensor, forest, nonlinearity)


class _Scan(Function):
    """The kernels, with their way back."""

    @staticmethod
    def forward(ctx: Any, *inputs: Any) -> Tensor:
        x, weight, forest, nonlinearity = inputs
        arrays = (forest.starts, forest.edge_starts, forest.children, forest.positions, weight.detach().contiguous())
        h = np.array(x.detach().numpy(), order="C")
        settings = (*(t.numpy() for t in arrays), routine(h.dtype), NONLINEARITIES[nonlinearity])
        below = np.zeros((forest.n_nodes - forest.n_leaves, weight.shape[1]), h.dtype)
        with single_threaded_products():
            forward(*settings, below, h)
        ctx.save_for_backward(x, weight)
        ctx.settings, ctx.below, ctx.h, ctx.forest, ctx.nonlinearity = settings, below, h, forest, nonlinearity
        return torch.from_numpy(h)

    @staticmethod
    def backward(ctx: Any, *gradients: Any) -> Any:
        if torch.is_grad_enabled():  # second derivatives are to come
            inputs = [t if t.requires_grad else t.detach().requires_grad_() for t in ctx.saved_tensors]
            states = levels(*inputs, None, ctx.forest, ctx.nonlinearity)  # type: ignore[arg-type]
            found = torch.autograd.grad(states, inputs, gradients, create_graph=True, materialize_grads=True)
            return *found, None, None
        dz = np.array(gradients[0].numpy(), order="C")
        room = np.empty(
            (int(ctx.forest.starts.diff()[1:].max()) if len(ctx.below) else 0, ctx.below.shape[1]), dz.dtype
        )
        with single_threaded_products():
            backward(*ctx.settings, ctx.h, dz, room)
        dz = torch.from_numpy(dz)
        return dz, dz[ctx.forest.n_leaves :].T @ torch.from_numpy(ctx.below), None, None
