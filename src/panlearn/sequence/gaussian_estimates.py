"""The M step of K Gaussians with a prior: the mode of the posterior [bishop2006] §2.3.6, [huang2001] p. 443.

With the moments N, F, S about the old means (`gaussian_densities`) and a prior of mean m (weight λ), scale B and
degrees a, the M step maximises

    Σ_j −½ tr Σ_j^-1 [S'_j + B + λ (μ_j − m)(μ_j − m)'] − ½ (N_j + a) log|Σ_j|,     S' = S about the new mean,

    μ ← μ + (F + λ (m − μ)) / (N + λ)            S' = S − F δ' − δ F' + N δ δ',   δ = the step of μ
    Σ ← (S' + B + λ (μ − m)(μ − m)') / (N + a)

and its diagonal for variances. Spherical covariances sum both halves of the fraction over the columns, tied ones over
the Gaussians of a group. A Gaussian without rows keeps its parameters.

A state that shrinks to a point or a plane has a likelihood without bound. So Σ_j − diag(f) stays positive definite,
with a floor f far below the data's own variances: where it binds, eigenvalues of Σ in units of f are raised to 1, which
is the maximum under that constraint, and the likelihood still never falls. There the moments have lost digits, and a
gain as small as their rounding could be a loss: such a Gaussian stays as it was. Course notes: 004 §10.
"""

from typing import NamedTuple

import numpy as np

from panlearn.sequence.gaussian_densities import Gaussians, Moments, gaussians

LEAST = 1e-8  # rows that a Gaussian needs for an estimate of its own
ROUNDING = 1e-6  # of the log-likelihood of a row, where a variance is a billionth of the others


class GaussianPrior(NamedTuple):
    """Prior of K Gaussians, and what is to be estimated; `scale` and `degrees` are those of `pooled` covariances."""

    mean: np.ndarray  # (K, p): m
    mean_weight: np.ndarray  # (K, 1): λ
    scale: np.ndarray  # B: diag (K, p), spherical (K, 1), full (K, p, p), tied (G, p, p)
    degrees: np.ndarray  # a: diag (K, p), spherical (K, 1), full (K, 1, 1), tied (G, 1, 1)
    params: str  # letters of what is updated: "m" means, "c" covariances


def maximised(kind: str, model: Gaussians, moments: Moments, prior: GaussianPrior, floor: np.ndarray) -> Gaussians:
    """The M step for covariances of a kind: diag, spherical, full or tied."""
    counts, first, second = moments
    counts = counts[:, None]
    step = np.zeros_like(first)
    if "m" in prior.params:
        total = counts + prior.mean_weight
        pull = first + prior.mean_weight * (prior.mean - model.means)
        step = np.where(total > LEAST, pull / np.where(total > LEAST, total, 1.0), 0.0)
    means = model.means + step
    if "c" not in prior.params:
        return Gaussians(means, model.covariances, model.inverse)
    if second.ndim == 2:
        scatter = np.maximum(second - 2 * first * step + counts * step**2, 0.0)  # rounding must not make it negative
    else:
        scatter = second - outer(first, step) - outer(step, first) + counts[:, None] * outer(step, step)
    over = pooled(kind, scatter + pull_of(prior, means, second.ndim), len(prior.scale)) + prior.scale
    under = rows_of(kind, counts, means.shape[1], len(prior.scale)) + prior.degrees
    kept = pooled_covariances(kind, model.covariances, len(prior.scale))
    known = (under > LEAST) & (rows_of(kind, counts, 1, len(prior.scale)) > LEAST)
    found = np.where(known, over / np.where(known, under, 1.0), kept)
    lifted = raised(found, floor)
    new = gaussians(means, spread(kind, lifted, means.shape))
    if lifted is found or second.ndim == 2:
        return new
    before = pooled(kind, second + pull_of(prior, model.means, 3), len(prior.scale)) + prior.scale
    gain = _value(kind, new, over, under) - _value(kind, model, before, under)
    keep = spread(kind, gain <= ROUNDING * np.abs(under[:, 0, 0]), (len(means),))
    return Gaussians(*(np.where(keep.reshape(-1, *[1] * (a.ndim - 1)), a, b) for a, b in zip(model, new, strict=True)))


def log_prior(kind: str, model: Gaussians, prior: GaussianPrior) -> float:
    """What the M step adds to the expected log-likelihood, up to a constant."""
    pull = pull_of(prior, model.means, model.covariances.ndim)
    over = pooled(kind, pull, len(prior.scale)) + prior.scale
    if not (over.any() or prior.degrees.any()):
        return 0.0
    if model.inverse.ndim == 3:
        return float(_value(kind, model, over, prior.degrees).sum())
    covariances = pooled_covariances(kind, model.covariances, len(prior.scale))
    return -0.5 * float((over / covariances + prior.degrees * np.log(covariances)).sum())


def _value(kind: str, model: Gaussians, over: np.ndarray, under: np.ndarray) -> np.ndarray:
    """−½ tr Σ^-1 over − ½ under log|Σ| of each matrix, from the factors that the densities use: to their digits."""
    inverse = pooled_covariances(kind, model.inverse, len(over))
    log_det = np.log(np.diagonal(inverse, axis1=1, axis2=2)).sum(axis=1)
    return under[:, 0, 0] * log_det - 0.5 * ((inverse @ over) * inverse).sum(axis=(1, 2))


def outer(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Outer products of the rows, (K, p, p)."""
    return a[:, :, None] * b[:, None, :]


def pull_of(prior: GaussianPrior, means: np.ndarray, ndim: int) -> np.ndarray:
    """λ (μ − m)(μ − m)', or its diagonal, (K, p)."""
    away = means - prior.mean
    return prior.mean_weight * away**2 if ndim == 2 else outer(prior.mean_weight * away, away)


def pooled(kind: str, sums: np.ndarray, groups: int) -> np.ndarray:
    """Sums over what shares a covariance."""
    if kind == "spherical":
        return sums.sum(axis=1, keepdims=True)
    return sums.reshape(groups, -1, *sums.shape[1:]).sum(axis=1) if kind == "tied" else sums


def rows_of(kind: str, counts: np.ndarray, p: int, groups: int) -> np.ndarray:
    """Numbers of rows (K, 1) pooled likewise; a spherical variance sees p numbers a row."""
    if kind in ("diag", "spherical"):
        return counts * p if kind == "spherical" else counts
    return pooled(kind, counts[:, :, None], groups)


def pooled_covariances(kind: str, covariances: np.ndarray, groups: int) -> np.ndarray:
    """Each shared covariance once."""
    if kind == "spherical":
        return covariances[:, :1]
    return covariances[:: len(covariances) // groups] if kind == "tied" else covariances


def spread(kind: str, covariances: np.ndarray, shape: tuple[int, ...]) -> np.ndarray:
    """Shared covariances for each of the Gaussians, means of this shape (K, p)."""
    if kind == "spherical":
        return np.repeat(covariances, shape[1], axis=1)
    return np.repeat(covariances, shape[0] // len(covariances), axis=0) if kind == "tied" else covariances


def raised(covariances: np.ndarray, floor: np.ndarray) -> np.ndarray:
    """Covariances that exceed diag(floor), floor (p,); matrices with eigenvalues raised to it where they do not."""
    if covariances.ndim == 2:
        return np.maximum(covariances, floor if covariances.shape[1] > 1 else floor.max())
    if not (floor > 0).all():
        return covariances
    unit = np.sqrt(floor)
    whitened = covariances / unit[:, None] / unit
    try:
        np.linalg.cholesky(whitened - np.eye(len(unit)))
        return covariances
    except np.linalg.LinAlgError:
        values, vectors = np.linalg.eigh(whitened)
        low = values[:, 0] < 1.0
        lifted = (vectors * np.maximum(values, 1.0)[:, None]) @ np.swapaxes(vectors, 1, 2)
        return np.where(low[:, None, None], lifted * unit[:, None] * unit, covariances)
