"""A chain of dense layers that takes its own gradients (see `back_propagation`)."""

from itertools import pairwise
from typing import Any

import torch
from torch import Tensor, nn

from panlearn.nn.blocks.back_propagation import ELEMENTWISE, Workspace, backward, forward, workspace

SIZES_KEPT = 4  # batch sizes whose buffers are kept: that of all batches, that of the last, and two of chance


class DenseChain(nn.Module):
    r"""Dense layers one after the other, with one activation: the classic multilayer perceptron.

    .. math:: h_l = f(W_l h_{l-1} + b_l), \qquad z = W_L h_{L-1} + b_L

    It computes what `MultilayerPerceptron` computes, and is trained faster: `backpropagate` is the chain rule written
    out, without automatic differentiation. Called as a function, it is an ordinary module for autograd.

    Parameters
    ----------
    sizes : sequence of int
        Inputs, units of each hidden layer, outputs.
    activation : {"identity", "logistic", "sigmoid", "tanh", "relu", "leaky_relu", "elu", "selu"}, default="relu"
        f.
    dropout : float, default=0.0
        Share of the hidden units that are dropped in training.

    Attributes
    ----------
    layers : ModuleList of Linear
        W_l (out, in) and b_l.

    References
    ----------
    [rumelhart1986], [srivastava2014]; course notes 001 §5.4

    Examples
    --------
    Without an activation between them, layers are one linear map (note 001 §5.2):

    >>> import torch
    >>> from panlearn.nn import DenseChain
    >>> chain = DenseChain([3, 8, 2], activation="identity")
    >>> first, last = chain.layers
    >>> x = torch.randn(5, 3)
    >>> torch.allclose(chain(x), x @ (last.weight @ first.weight).T + last.weight @ first.bias + last.bias, atol=1e-6)
    True
    """

    def __init__(self, sizes: Any, activation: str = "relu", dropout: float = 0.0) -> None:
        super().__init__()
        self.layers = nn.ModuleList(nn.Linear(a, b) for a, b in pairwise(sizes))
        self.activation, self.dropout = activation, dropout
        self._spaces: dict[int, tuple[list[float], Workspace]] = {}

    def forward(self, x: Tensor) -> Tensor:
        """Outputs before any link.

        Parameters
        ----------
        x : Tensor of shape (..., p)
            Rows.

        Returns
        -------
        Tensor of shape (..., K)
            Outputs.
        """
        *hidden, last = self.layers
        for layer in hidden:
            x = layer(x)
            ELEMENTWISE[self.activation].apply(x)
            x = nn.functional.dropout(x, self.dropout, self.training) if self.dropout else x
        return last(x)

    @torch.inference_mode()  # 5 % of an epoch's time less than `no_grad` where layers are small
    def backpropagate(self, batch: Any, objective: Any) -> Tensor:
        """Loss of a batch; its gradients are added to those of the parameters.

        Parameters
        ----------
        batch : Batch
            With one input of shape (b, p).
        objective : Objective
            Its `gradient(z, target, weight)`, if it has one, gives the loss and its gradient in z; otherwise autograd
            finds the latter.

        Returns
        -------
        Tensor
            A number.
        """
        (x,) = batch.inputs
        activation, dropout = ELEMENTWISE[self.activation], self.dropout if self.training else 0.0
        space = self._space(len(x), dropout)
        z = forward(space, x, activation, dropout)
        if hasattr(objective, "gradient"):
            loss, delta = objective.gradient(z, batch.target, batch.weight)
        else:
            loss, delta = _by_autograd(z, batch, objective)
        backward(space, x, delta, activation)
        return loss

    def _space(self, size: int, dropout: float) -> Workspace:
        """Buffers for a batch size; made anew when parameters or gradients have moved in memory."""
        places, space = self._spaces.get(size, (None, None))
        if space is None or places != self._places(dropout):
            if len(self._spaces) >= SIZES_KEPT:
                self._spaces.clear()
            layers: Any = list(self.layers)
            space = workspace(layers, size, dropout)
            self._spaces[size] = self._places(dropout), space
        return space

    def _places(self, dropout: float) -> list[float]:
        """Where parameters and gradients are in memory, what is frozen, and whether there are masks."""
        places = [dropout]
        for layer in self.layers:
            parameters: Any = layer._parameters  # the method `parameters` takes longer than a small batch
            for parameter in parameters.values():
                gradient = parameter.grad
                frozen = not parameter.requires_grad
                places += parameter.data_ptr(), 0 if gradient is None else gradient.data_ptr(), frozen
        return places

    def __getstate__(self) -> dict[str, Any]:
        return {**self.__dict__, "_spaces": {}}  # buffers belong to these parameters, not to a copy's


def _by_autograd(z: Tensor, batch: Any, objective: Any) -> tuple[Tensor, Tensor]:
    """Loss, and its gradient in the outputs, for an objective that does not tell it."""
    with torch.inference_mode(False), torch.enable_grad():
        z = z.clone().requires_grad_()
        loss = objective(z, batch.target, batch.weight)
        (delta,) = torch.autograd.grad(loss, z)
    return loss.detach(), delta
