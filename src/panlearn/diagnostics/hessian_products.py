"""Products with the Hessian of a network's loss, without the Hessian [pearlmutter1994].

    g(theta) = dL/dtheta,      H v = d(g . v)/dtheta

The gradient is computed with its own graph, and that graph is walked backwards once more for each v (reverse over
reverse). A product costs about two gradients; H itself would take p^2 numbers, which is why first-order methods rule
(note 004 §7). If all rows fit into one block, the graph of g is kept, and a product costs its backward pass alone.

For a few thousand parameters H is wanted whole: many products at once (`dense`) turn vectors into matrices.

H is that of L as it is at this moment; if the parameters change, make a new object. Where L has kinks (ReLU), H is
that of the smooth piece around theta.

Course notes: 001 §7.3, 004 §7.
"""

import warnings
from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from scipy.sparse.linalg import LinearOperator
from torch import Tensor

from panlearn.diagnostics.empirical_loss import Loss, empirical_loss, evaluating, flat, grads, twice_differentiable

TOGETHER = 32  # products at once: their vectors and maps stay in the cache


class HessianProducts:
    """The Hessian of a network's loss over some rows, as a thing that multiplies vectors.

    Parameters
    ----------
    model : Module or fitted neural estimator
        The network.
    X : array, tensor, or tuple of them
        Rows, as the network takes them.
    y : array of shape (n,) or (n, k)
        Targets.
    loss : str, callable, or None
        A name, a function of outputs and targets, or None: the estimator's own, or the one y suggests.
    sample_weight : array of shape (n,), optional
        Weights of the rows.
    batch_size : int, default=4096
        Rows of a block; the graph is kept if there is but one.

    Attributes
    ----------
    loss : float
        L at theta.
    gradient : Tensor of shape (p,)
        g at theta.
    n_parameters : int
        p.

    References
    ----------
    [pearlmutter1994], note 004 §7

    Examples
    --------
    Of half the squared error of a linear model, the Hessian is the mean of x x':

    >>> import torch
    >>> X, y = torch.tensor([[1.0, 0.0], [3.0, 4.0]]), torch.zeros(2)
    >>> H = HessianProducts(torch.nn.Linear(2, 1, bias=False), X, y)
    >>> H(torch.tensor([1.0, 0.0]))
    tensor([5., 6.])
    """

    def __init__(
        self, model: Any, X: Any, y: Any, loss: Loss = None, *, sample_weight: Any = None, batch_size: int = 4096
    ) -> None:
        self.risk = empirical_loss(model, X, y, loss, sample_weight=sample_weight, batch_size=batch_size)
        self.parameters = list(self.risk.parameters.values())
        self.n_parameters = sum(p.numel() for p in self.parameters)
        self._graph: Tensor | None = None
        if len(self.risk.target) <= batch_size:
            self._graph, self.loss = self._gradient(next(self.risk.blocks()))
            self.gradient = self._graph.detach()
        else:
            self.loss, self.gradient = self.risk.gradient()

    def __call__(self, vector: Tensor) -> Tensor:
        """Multiply a vector, (p,), or several, (m, p)."""
        if self._graph is not None:
            return _backward(self._graph, self.parameters, vector)
        total = torch.zeros_like(vector)
        for block in self.risk.blocks():
            total += _backward(self._gradient(block)[0], self.parameters, vector)
        return total

    def dense(self) -> Tensor:
        """Return the Hessian itself.

        Returns
        -------
        Tensor of shape (p, p)
            Symmetric: p^2 numbers.
        """
        like = self.gradient
        total = torch.zeros(self.n_parameters, self.n_parameters, dtype=like.dtype, device=like.device)
        for block in self.risk.blocks():
            graph = self._gradient(block)[0] if self._graph is None else self._graph
            for start in range(0, self.n_parameters, TOGETHER):
                stop = min(start + TOGETHER, self.n_parameters)
                units = torch.zeros(stop - start, self.n_parameters, dtype=like.dtype, device=like.device)
                units[:, start:stop].fill_diagonal_(1)
                total[start:stop] += _backward(graph, self.parameters, units)
        return (total + total.T) / 2

    def as_linear_operator(self) -> LinearOperator:
        """Return the same for SciPy's iterative solvers.

        Returns
        -------
        scipy.sparse.linalg.LinearOperator
            Of shape (p, p), on NumPy arrays.
        """

        def product(vector: np.ndarray) -> np.ndarray:
            v = torch.as_tensor(np.ravel(vector)).to(self.gradient)
            return self(v).cpu().numpy()

        dtype = np.dtype(str(self.gradient.dtype).removeprefix("torch."))
        shape = (self.n_parameters, self.n_parameters)
        return LinearOperator(shape, matvec=product, rmatvec=product, dtype=dtype)  # pyright: ignore[reportCallIssue]

    def _gradient(self, block: Any) -> tuple[Tensor, float]:
        """Gradient of a block's loss with its graph, and the loss."""
        with evaluating(self.risk.module), torch.enable_grad(), twice_differentiable():
            loss = self.risk.of(block)
            return flat(grads(loss, self.parameters, graph=True)), loss.item()


def _backward(gradient: Tensor, parameters: Sequence[Tensor], vector: Tensor) -> Tensor:
    """Derivative of gradient . vector in the parameters; for each row of a matrix of vectors."""
    if not gradient.requires_grad:  # the loss is linear in the parameters
        return torch.zeros_like(vector)
    if vector.ndim == 1:
        found = torch.autograd.grad(gradient, parameters, vector, retain_graph=True, allow_unused=True)
        return flat([torch.zeros_like(p) if g is None else g for g, p in zip(found, parameters)])
    try:
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", message="There is a performance drop")
            found = torch.autograd.grad(
                gradient, parameters, vector, retain_graph=True, allow_unused=True, is_grads_batched=True
            )
    except RuntimeError:  # an operator that cannot be batched
        return torch.stack([_backward(gradient, parameters, v) for v in vector])
    m = len(vector)
    return torch.cat(
        [vector.new_zeros(m, p.numel()) if g is None else g.reshape(m, -1) for g, p in zip(found, parameters)], dim=1
    )
