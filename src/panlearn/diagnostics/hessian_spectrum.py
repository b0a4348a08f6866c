"""Eigenvalues of the Hessian of a network's loss: how the loss bends, in every direction.

    H v_i = lambda_i v_i,      L(theta + t v_i) = L + t g.v_i + t^2 lambda_i / 2 + ...

The largest eigenvalue bounds the learning rate (gradient descent diverges along v_i above 2 / lambda_i), a negative one
is a way down from a saddle, and the many near 0 are directions the data do not care about. Up to `DENSE` parameters H
is computed and decomposed: exact. Beyond, Lanczos finds the ends of the spectrum, and its Gauss quadrature from a few
random starts the density between [ghorbani2019], [lin2016], with nothing stored but the basis.

Cost: p products (each about two gradients) and 10 p^3 operations, or `steps` products a start and `steps` p numbers.

Course notes: 001 §7.3, 004 §7.
"""

from typing import Any, NamedTuple

import numpy as np
import torch
from torch import Tensor

from panlearn.core.errors import DataError
from panlearn.diagnostics.empirical_loss import Loss
from panlearn.diagnostics.hessian_products import HessianProducts
from panlearn.diagnostics.lanczos import Krylov, lanczos

DENSE = 2000  # parameters up to which the Hessian is computed whole: 32 MB in float64
RESIDUAL = 1e-3  # of an eigenvalue found by Lanczos, as a share of the largest
METHODS = ("auto", "dense", "lanczos")


class HessianSpectrum(NamedTuple):
    """Eigenvalues of a Hessian, all or the outermost, and their density."""

    eigenvalues: np.ndarray  # ascending: all p of them if `exact`, else the smallest and the largest few
    nodes: np.ndarray  # (m,) ascending: eigenvalues, or Gauss nodes of their density
    weights: np.ndarray  # (m,) share of all eigenvalues at each node; sum 1
    lowest: np.ndarray  # (p,) unit vector of the smallest eigenvalue
    highest: np.ndarray  # (p,) unit vector of the largest
    residual: float  # largest |H v - lambda v| over `eigenvalues`: 0 to rounding if exact
    exact: bool  # whether all eigenvalues are there
    loss: float  # at these parameters
    gradient: np.ndarray  # (p,) of the loss

    @property
    def n_parameters(self) -> int:
        """Number of parameters."""
        return len(self.gradient)

    @property
    def gradient_norm(self) -> float:
        """Length of the gradient."""
        return float(np.linalg.norm(self.gradient))

    @property
    def trace(self) -> float:
        """Sum of all eigenvalues: an estimate from random starts unless exact."""
        return float(self.n_parameters * self.weights @ self.nodes)

    def share_below(self, value: float) -> float:
        """Share of the eigenvalues below a value.

        Parameters
        ----------
        value : float
            Minus a small number asks for the share of directions that bend down.

        Returns
        -------
        float
            Between 0 and 1.
        """
        return float(self.weights[self.nodes < value].sum())

    def density(self, grid: Any, width: float) -> np.ndarray:
        """Smooth density of the eigenvalues.

        Parameters
        ----------
        grid : array of shape (m,)
            Where.
        width : float
            Standard deviation of the bell put in place of each eigenvalue.

        Returns
        -------
        ndarray of shape (m,)
            Integrates to 1.
        """
        z = (np.asarray(grid, dtype=float)[:, None] - self.nodes) / width
        return np.exp(-0.5 * z**2) @ self.weights / (width * np.sqrt(2 * np.pi))


def hessian_spectrum(
    model: Any,
    X: Any,
    y: Any,
    loss: Loss = None,
    *,
    method: str = "auto",
    n_eigenvalues: int = 5,
    steps: int = 80,
    n_starts: int = 4,
    sample_weight: Any = None,
    batch_size: int = 4096,
    random_state: int = 0,
) -> HessianSpectrum:
    """Find the eigenvalues of the Hessian of a network's loss.

    Parameters
    ----------
    model : Module or fitted neural estimator
        The network, set to evaluation meanwhile. Its type is the precision: float32 knows eigenvalues to about a
        millionth of the largest.
    X : array, tensor, or tuple of them
        Rows, as the network takes them.
    y : array of shape (n,) or (n, k)
        Targets.
    loss : str, callable, or None
        A name, a function of outputs and targets, or None: the estimator's own, or the one y suggests.
    method : {"auto", "dense", "lanczos"}
        "dense" computes the Hessian; "auto" does so for up to 2000 parameters.
    n_eigenvalues : int
        How many Lanczos finds at each end.
    steps : int
        Products of each start.
    n_starts : int
        Random starts whose densities are averaged.
    sample_weight : array of shape (n,), optional
        Weights of the rows.
    batch_size : int
        Rows of a block; see `HessianProducts`.
    random_state : int
        Seed of the starts.

    Returns
    -------
    HessianSpectrum
        Eigenvalues, density, and the vectors of both ends.

    Raises
    ------
    ValueError
        If `method` is not known.

    References
    ----------
    [ghorbani2019], [lin2016], note 001 §7.3

    Examples
    --------
    Two rows say something about two directions of the three parameters of a linear model:

    >>> import torch
    >>> X, y = torch.tensor([[1.0, 0.0], [0.0, 1.0]]), torch.zeros(2)
    >>> hessian_spectrum(torch.nn.Linear(2, 1), X, y).eigenvalues.round(3)
    array([0. , 0.5, 1.5])
    """
    if method not in METHODS:
        raise DataError(f"method must be one of {METHODS}, got {method!r}.")
    if min(n_eigenvalues, steps, n_starts) < 1:
        raise DataError("n_eigenvalues, steps and n_starts must be at least 1.")
    products = HessianProducts(model, X, y, loss, sample_weight=sample_weight, batch_size=batch_size)
    if not torch.isfinite(products.gradient).all():
        raise DataError("the gradient holds NaN or infinity: the parameters or the loss have overflowed.")
    if method == "dense" or (method == "auto" and products.n_parameters <= DENSE):
        return _dense(products)
    random = torch.Generator().manual_seed(random_state)
    starts = [torch.randn(products.n_parameters, generator=random).to(products.gradient) for _ in range(n_starts)]
    return _iterative(products, starts, n_eigenvalues, steps)


def _dense(products: HessianProducts) -> HessianSpectrum:
    """All eigenvalues, from the Hessian itself."""
    H = products.dense().double().cpu()
    values, vectors = np.linalg.eigh(H.numpy())
    p = len(values)
    return HessianSpectrum(
        values, values, np.full(p, 1 / p), vectors[:, 0].copy(), vectors[:, -1].copy(), 0.0, True, *_at(products)
    )


def _iterative(products: HessianProducts, starts: list[Tensor], k: int, steps: int) -> HessianSpectrum:
    """Both ends from the first start, the density from all."""
    nodes, weights = [], []
    outermost: Krylov | None = None
    for start in starts:
        longest = steps if outermost else 3 * steps  # the first goes on until the ends are known
        krylov = lanczos(products, start, longest, converged=lambda found: _settled(found, k, steps))
        values, vectors = krylov.ritz()
        nodes.append(values)
        weights.append(vectors[0] ** 2 / len(starts))  # Gauss quadrature of the density
        outermost = outermost or krylov
    assert outermost is not None  # there is at least one start
    values, vectors = outermost.ritz()
    ends = np.unique(np.r_[: min(k, len(values)), max(0, len(values) - k) : len(values)])
    order = np.argsort(np.concatenate(nodes), kind="stable")
    return HessianSpectrum(
        values[ends],
        np.concatenate(nodes)[order],
        np.concatenate(weights)[order],
        outermost.vector(vectors[:, 0]).double().cpu().numpy(),
        outermost.vector(vectors[:, -1]).double().cpu().numpy(),
        float(_residuals(outermost)[ends].max()),
        False,
        *_at(products),
    )


def _settled(krylov: Krylov, k: int, steps: int) -> bool:
    """Whether the ends are known, and the density has its nodes."""
    residuals = _residuals(krylov)
    size = float(np.abs(krylov.ritz()[0]).max())
    return len(residuals) >= max(steps, 2 * k) and max(*residuals[:k], *residuals[-k:]) <= RESIDUAL * size


def _residuals(krylov: Krylov) -> np.ndarray:
    """|H v - lambda v| of the Ritz pairs."""
    return np.abs(krylov.residual * krylov.ritz()[1][-1])


def _at(products: HessianProducts) -> tuple[float, np.ndarray]:
    """Loss and gradient."""
    return products.loss, products.gradient.double().cpu().numpy()
