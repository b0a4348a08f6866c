"""K Gaussians as the emissions of a hidden Markov model need them: log-densities of rows, and moments to re-estimate.

    log N(x | j) = −½ (x − μ_j)' Σ_j^-1 (x − μ_j) − ½ log|Σ_j| − p/2 log 2π
    N_j = Σ_t r_tj        F_j = Σ_t r_tj (x_t − μ_j)        S_j = Σ_t r_tj (x_t − μ_j)(x_t − μ_j)'

Covariances are variances along the axes, (K, p), or matrices, (K, p, p): spherical and tied ones are these with equal
entries. A missing number (NaN) is left out of the density; the moments complete it (`conditional_gaussian`): along the
axes by μ and σ². Note 004 §11.
"""

from typing import NamedTuple

import numpy as np

from panlearn.core.errors import DataError
from panlearn.core.threads import scratch
from panlearn.sequence import conditional_gaussian

LOG_2PI = float(np.log(2 * np.pi))


class Gaussians(NamedTuple):
    """Parameters, and factors of the covariances."""

    means: np.ndarray  # (K, p)
    covariances: np.ndarray  # (K, p) variances, or (K, p, p)
    inverse: np.ndarray  # (K, p) 1 / σ, or (K, p, p) L^-1, lower, with L L' the covariance


class Moments(NamedTuple):
    """Sums over rows about the means; they add."""

    counts: np.ndarray  # (K,): N
    first: np.ndarray  # (K, p): F
    second: np.ndarray  # (K, p) the diagonals of S, or (K, p, p) S


def gaussians(means: np.ndarray, covariances: np.ndarray) -> Gaussians:
    """Gaussians with these means (K, p) and covariances (K, p) or (K, p, p).

    Raises
    ------
    DataError
        If a covariance is not positive definite.
    """
    if covariances.ndim == 2:
        _require((covariances > 0) & np.isfinite(covariances))
        return Gaussians(means, covariances, 1 / np.sqrt(covariances))
    lower = np.empty_like(covariances)
    for j, covariance in enumerate(covariances):
        try:
            lower[j] = np.linalg.cholesky(covariance)
        except np.linalg.LinAlgError:
            lower[j] = np.nan
    _require(np.isfinite(lower))
    return Gaussians(means, covariances, np.tril(np.linalg.inv(lower)))


def _require(good: np.ndarray) -> None:
    if not good.all():
        first = int(np.argmin(good.reshape(len(good), -1).all(axis=1)))
        raise DataError(
            f"the covariance of Gaussian {first} is not positive definite: its rows lie on a point or a "
            "plane. Raise covars_prior or min_covar, take fewer states, or drop constant columns."
        )


def log_densities(model: Gaussians, X: np.ndarray, *, passing: bool = False) -> np.ndarray:
    """Log-densities log N(x | j), (n, K); 0 for rows that are all NaN.

    Those that are `passing` may lie in the thread's scratch memory: new pages for each block would cost more than the
    densities.
    """
    from panlearn.sequence import gaussian_kernels as kernels

    X, (K, p) = np.ascontiguousarray(X, np.float64), model.means.shape
    out = (scratch if passing else _new)("Gaussian log-densities", (len(X), filled(K)))
    means, slope = in_lanes(model.means), model.inverse * np.sqrt(0.5)
    if model.inverse.ndim == 2:
        part = np.log(model.inverse) - LOG_2PI / 2
        constant = in_lanes(part.sum(axis=1, keepdims=True), -np.inf)[0]
        kernels.axis_logs(X, means, in_lanes(slope), in_lanes(part), constant, out)
        return np.ascontiguousarray(out[:, :K])
    constant = np.log(np.diagonal(model.inverse, axis1=1, axis2=2)).sum(axis=1) - p / 2 * LOG_2PI
    rows, columns = np.tril_indices(p)
    lanes = in_lanes(constant[:, None], -np.inf)[0]
    gaps = kernels.matrix_logs(X, means, in_lanes(slope[:, rows, columns]), lanes, out)
    out = np.ascontiguousarray(out[:, :K])
    if gaps:
        partly = np.isnan(X).any(axis=1)
        out[partly] = conditional_gaussian.log_densities(X[partly], model.means, model.covariances)
    return out


def moments(model: Gaussians, X: np.ndarray, shares: np.ndarray) -> Moments:
    """Moments of rows with shares (n, K) in the Gaussians."""
    from panlearn.sequence import gaussian_kernels as kernels

    X, (K, p) = np.ascontiguousarray(X, np.float64), model.means.shape
    means, counts, first = in_lanes(model.means), np.zeros(filled(K)), np.zeros((p, filled(K)))
    full = np.ascontiguousarray(shares, np.float64)
    if len(first.T) != K:
        full = np.zeros((len(X), filled(K)))
        full[:, :K] = shares
    if model.inverse.ndim == 2:
        second = np.zeros((p, filled(K)))
        kernels.axis_moments(X, full, means, in_lanes(model.covariances), counts, first, second)
        return Moments(counts[:K], first.T[:K], second.T[:K])
    rows, columns = np.tril_indices(p)
    triangles, second = np.zeros((len(rows), filled(K))), np.empty((K, p, p))
    gaps = kernels.matrix_moments(X, full, means, counts, first, triangles)
    second[:, rows, columns] = second[:, columns, rows] = triangles.T[:K]
    found = Moments(counts[:K], first.T[:K], second)
    if gaps:
        partly = np.isnan(X).any(axis=1)
        more = conditional_gaussian.moments(X[partly], shares[partly], model.means, model.covariances)
        found = Moments(*(a + b for a, b in zip(found, more, strict=True)))
    return found


def _new(name: str, shape: tuple[int, ...]) -> np.ndarray:
    return np.empty(shape)


def draw(model: Gaussians, chosen: np.ndarray, rng: np.random.RandomState) -> np.ndarray:
    """One row from each chosen Gaussian, (n, p)."""
    noise = rng.standard_normal((len(chosen), model.means.shape[1]))
    if model.covariances.ndim == 2:
        return model.means[chosen] + np.sqrt(model.covariances)[chosen] * noise
    lower = np.linalg.cholesky(model.covariances)
    out = np.empty_like(noise)
    for j in range(len(lower)):
        out[chosen == j] = model.means[j] + noise[chosen == j] @ lower[j].T
    return out


def filled(K: int) -> int:
    """K filled up to whole lanes."""
    return -(-K // 8) * 8


def in_lanes(parameter: np.ndarray, filling: float = 0.0) -> np.ndarray:
    """A parameter (K, m) as (m, K'), the Gaussians side by side."""
    out = np.full((parameter.shape[1], filled(len(parameter))), filling)
    out[:, : len(parameter)] = parameter.T
    return out
