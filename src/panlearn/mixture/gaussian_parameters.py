"""The parameters of a Gaussian mixture, and its M step with the covariances regularised.

    π_k = N_k / N      μ_k = Σ r x / N_k      S_k = Σ r (x − μ_k)(x − μ_k)' / N_k      Σ_k = S_k + ε I

Tied covariances share Σ = Σ_k π_k S_k + ε I; diagonal ones keep the diagonal of S_k, spherical ones its mean.

S + ε I is not what maximises the likelihood: it maximises the likelihood less a penalty ½ ε Σ_k N_k tr Σ_k^-1, that is,
the expected likelihood of rows that carry noise of variance ε. Since the penalty weighs the components by N_k, the
likelihood itself may fall in such a step, but (see `optimize.em`) by no more than

    ½ Σ_k π'_k ε [tr Σ_k^-1 − tr Σ'_k^-1]     a row, with a prime for the new parameters.

A component that shrinks to a point, or to a plane, has S singular and, without ε, a likelihood without bound: ε holds
it up, and the certificate says so. Where ε is lost in the rounding of S (large units), `SHARE` of the diagonal of S is
added as well: the bound holds for any diagonal that an M step adds.
"""

from typing import NamedTuple

import numpy as np
from scipy.linalg.lapack import dpotrf, dtrtri  # type: ignore[attr-defined]

from panlearn.core.errors import DataError
from panlearn.mixture.missing_gaussian import Moments, maximise

LEAST, SHARE = 1e-11, 1e-10  # of a column's variance: left by the other columns at least, and added where it is less
SINGULAR = (
    "Fitting the mixture model failed because some components have ill-defined empirical covariance (for instance "
    "caused by singleton or collapsed samples). Try to decrease the number of components, increase reg_covar, or scale "
    "the input data."
)


class GaussianParameters(NamedTuple):
    """A mixture of Gaussians; shapes of `covariances` and `factors` as in `GaussianMixture`."""

    weights: np.ndarray  # (k,)
    means: np.ndarray  # (k, d)
    covariances: np.ndarray  # full (k, d, d), tied (d, d), diag (k, d), spherical (k,)
    factors: np.ndarray  # upper triangular U with U U' the precision; 1/σ for diag and spherical
    added: np.ndarray  # (k, d), what the last M step added to the diagonals


def is_matrix(kind: str) -> bool:
    """Whether covariances are matrices."""
    return kind in ("full", "tied")


def build(kind: str, weights: np.ndarray, means: np.ndarray, scatter: np.ndarray, ridge: float) -> GaussianParameters:
    """Parameters with covariances `scatter` + ridge I, and more than ridge where rounding made them indefinite.

    Raises
    ------
    DataError
        If a covariance is singular and `ridge` is 0.
    """
    added = np.full(means.shape, float(ridge))
    if not is_matrix(kind):
        covariances = scatter + ridge
        if not (covariances > 0).all():
            raise DataError(SINGULAR)
        return GaussianParameters(weights, means, covariances, 1 / np.sqrt(covariances), added)
    covariances, factors = np.empty_like(scatter), np.empty_like(scatter)
    stacks = (x[None] if kind == "tied" else x for x in (scatter, covariances, factors))
    for c, (S, covariance, factor) in enumerate(zip(*stacks, strict=True)):
        covariance[:], factor[:], diagonal = _factorise((S + S.T) / 2, ridge)
        added[slice(None) if kind == "tied" else c] = diagonal
    return GaussianParameters(weights, means, covariances, factors, added)


def _factorise(S: np.ndarray, ridge: float) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """S with a diagonal added, U with U U' its inverse, and that diagonal."""
    variances = np.diagonal(S)
    for share in (0.0, SHARE) if ridge > 0 else (0.0,):
        added = ridge + share * variances
        covariance = S + np.diag(added)
        lower, failed = dpotrf(covariance, lower=1, clean=1)
        pivots = np.diagonal(lower) ** 2
        if not failed and np.isfinite(lower).all() and (share or not ridge or (pivots >= LEAST * variances).all()):
            return covariance, dtrtri(lower, lower=1)[0].T, added
    raise DataError(SINGULAR)


def maximised(kind: str, old: GaussianParameters, moments: Moments, ridge: float) -> GaussianParameters:
    """The M step; a component without rows keeps its mean and covariance, with weight 0."""
    live = moments.counts > 0
    weights, means, scatter = maximise(moments._replace(counts=np.maximum(moments.counts, 1e-300)), old.means, kind)
    if not live.all():
        weights, means = np.where(live, weights, 0.0), np.where(live[:, None], means, old.means)
        if kind != "tied":
            kept = old.covariances - _on_diagonal(kind, ridge, old.means.shape[1])
            scatter = np.where(live.reshape(-1, *[1] * (scatter.ndim - 1)), scatter, kept)
    return build(kind, weights, means, scatter, ridge)


def _on_diagonal(kind: str, value: float, d: int) -> np.ndarray:
    return value * (np.eye(d) if is_matrix(kind) else np.ones(1))


def log_constants(kind: str, parameters: GaussianParameters) -> np.ndarray:
    """Constants log π_k − d/2 log 2π − ½ log|Σ_k|, (k,)."""
    k, d = parameters.means.shape
    if is_matrix(kind):
        log_det = np.log(np.diagonal(parameters.factors, axis1=-2, axis2=-1)).sum(axis=-1)
    else:
        log_det = np.log(np.broadcast_to(parameters.factors.reshape(k, -1), (k, d))).sum(axis=1)
    with np.errstate(divide="ignore"):  # a component without rows
        return np.log(parameters.weights) + log_det - d / 2 * np.log(2 * np.pi)


def allowance(kind: str, old: GaussianParameters, new: GaussianParameters) -> float:
    """By how much the regularised M step may lower the mean log-likelihood of a row."""
    fall = new.added * (_precision_diagonals(kind, old) - _precision_diagonals(kind, new))
    return float(new.weights @ fall.sum(axis=1)) / 2


def _precision_diagonals(kind: str, parameters: GaussianParameters) -> np.ndarray:
    """Diagonals of the precisions, (k, d)."""
    squares = parameters.factors**2
    if kind == "spherical":
        squares = squares[:, None]
    return np.broadcast_to(squares.sum(axis=-1) if is_matrix(kind) else squares, parameters.means.shape)


def precisions(kind: str, factors: np.ndarray) -> np.ndarray:
    """Inverse covariances."""
    return factors @ np.swapaxes(factors, -1, -2) if is_matrix(kind) else factors**2


def held_up(kind: str, parameters: GaussianParameters) -> np.ndarray:
    """Components with a direction that owes more than half of its variance to the regularisation, or without rows."""
    k = len(parameters.weights)
    with np.errstate(divide="ignore"):
        unit = 1 / np.sqrt(parameters.added)
    empty = parameters.weights == 0
    if not np.isfinite(unit).all():
        return np.flatnonzero(empty)
    if is_matrix(kind):
        narrowest = np.linalg.eigvalsh(parameters.covariances * unit[:, :, None] * unit[:, None, :])[:, 0]
    else:
        narrowest = (parameters.covariances.reshape(k, -1) * unit**2).min(axis=1)
    return np.flatnonzero((narrowest < 2) | empty)


def free_parameters(kind: str, k: int, d: int) -> int:
    """Number of free parameters."""
    covariance = {"full": k * d * (d + 1) // 2, "tied": d * (d + 1) // 2, "diag": k * d, "spherical": k}[kind]
    return covariance + k * d + k - 1
