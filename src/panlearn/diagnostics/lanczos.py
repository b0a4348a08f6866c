"""Lanczos: a large symmetric matrix, seen through products, becomes a small tridiagonal one [golub2013] chapter 10.

    beta_j q_{j+1} = A q_j - alpha_j q_j - beta_{j-1} q_{j-1},     alpha_j = q_j' A q_j

The q span the Krylov space of A and the start; in it A is T, with alpha on and beta beside the diagonal. Eigenvalues of
T (Ritz values) approach those of A, the outermost first, and |A x - t x| = beta_m |s_m| for a Ritz pair with last
component s_m: a certificate that costs nothing. Rounding makes the q lose their right angles, so each new one is made
orthogonal to all before, twice.

From a random start of length 1, T also holds the density of all eigenvalues: its own, each with the square of its
eigenvector's first component as weight, are the Gauss quadrature of that density [ghorbani2019].

Cost: a product and 4 j p operations in step j; memory m p. An eigenvalue that occurs several times is found once.
"""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

Product = Callable[[Tensor], Tensor]
REST = 1e-6  # share of the matrix's size below which nothing new is left: a few units of float32


class Krylov(NamedTuple):
    """A symmetric matrix in a Krylov space."""

    diagonal: np.ndarray  # (m,) alpha
    off_diagonal: np.ndarray  # (m - 1,) beta
    residual: float  # beta_m: what points out of the space
    basis: Tensor  # (m, p), rows of length 1 at right angles

    def ritz(self) -> tuple[np.ndarray, np.ndarray]:
        """Ritz values, ascending, and their vectors in the basis, as columns."""
        T = np.diag(self.diagonal) + np.diag(self.off_diagonal, 1) + np.diag(self.off_diagonal, -1)
        return np.linalg.eigh(T)

    def vector(self, ritz_vector: np.ndarray) -> Tensor:
        """Return a Ritz vector in the whole space, (p,)."""
        return torch.as_tensor(ritz_vector).to(self.basis) @ self.basis


def lanczos(
    product: Product, start: Tensor, steps: int, *, converged: Callable[[Krylov], bool] | None = None
) -> Krylov:
    """Reduce a symmetric matrix to tridiagonal form in the Krylov space of a start.

    Parameters
    ----------
    product : callable
        Maps a vector (p,) to the matrix times it.
    start : Tensor of shape (p,)
        Any vector but 0.
    steps : int
        Most products; there are never more than p, nor more than the matrix has different eigenvalues.
    converged : callable, optional
        Asked every ten steps whether that is enough.

    Returns
    -------
    Krylov
        The tridiagonal form and its basis.

    References
    ----------
    [golub2013] chapter 10

    Examples
    --------
    Two different eigenvalues, so two steps:

    >>> import torch
    >>> A = torch.diag(torch.tensor([2.0, 2.0, 5.0]))
    >>> values, vectors = lanczos(A.mv, torch.ones(3), 3).ritz()
    >>> values.round(4)
    array([2., 5.])
    """
    p = len(start)
    steps = min(steps, p)
    basis = start.new_zeros(steps, p)
    alphas, betas = [], []
    q = start / start.norm()
    size = 0.0
    for j in range(steps):
        basis[j] = q
        w = product(q)
        alphas.append(float(q @ w))
        size = max(size, float(w.norm()))
        known = basis[: j + 1]
        for _ in range(2):  # twice is enough
            w = w - (known @ w) @ known
        betas.append(float(w.norm()))
        if betas[-1] <= REST * size:
            break
        if converged and j % 10 == 9 and converged(_krylov(alphas, betas, basis)):
            break
        q = w / betas[-1]
    return _krylov(alphas, betas, basis)


def _krylov(alphas: list[float], betas: list[float], basis: Tensor) -> Krylov:
    m = len(alphas)
    return Krylov(np.array(alphas), np.array(betas[:-1]), betas[-1], basis[:m])
