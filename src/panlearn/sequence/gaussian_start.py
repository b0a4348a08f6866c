"""Where the fit of Gaussian states starts, and covariances as their four kinds are written down.

As in hmmlearn the means start at the centres of k-means, and every covariance at that of all rows; a spherical one at
the mean of all entries of that matrix, which for columns that have little to do with one another lies far below the
mean variance, and nearer to that within a state. Columns that fall as others rise can bring it to zero, so it is kept
above a hundredth of the mean variance. Gaussians in G groups (one group of N states for `GaussianHMM`, N groups of
mixture components for `GMMHMM`) have covariances

    spherical (…)     diag (…, p)     full (…, p, p)     tied (p, p) in each group

and the kernels see variances (K, p) or matrices (K, p, p).
"""

from typing import Any, NamedTuple

import numpy as np

from panlearn.core.errors import DataError
from panlearn.sequence.gaussian_estimates import pooled_covariances, spread

KINDS = ("spherical", "diag", "full", "tied")
FLOOR = 1e-9  # of a column's variance: a state's own is kept above


class Spread(NamedTuple):
    """The rows as a whole."""

    rows: np.ndarray  # (m, p) those with a number, means in place of gaps
    covariance: np.ndarray  # (p, p), with min_covar on the diagonal
    floor: np.ndarray  # (p,) lower bound of the variances of states


def survey(X: np.ndarray, min_covar: float) -> Spread:
    """What a start needs of the rows.

    Raises
    ------
    DataError
        If a column has no number, or its variance is beyond the range of float64.
    """
    gaps = np.isnan(X)
    if (empty := gaps.all(axis=0)).any():
        raise DataError(f"column {int(empty.argmax())} of X has no number at all; drop it.")
    if gaps.any():
        X = np.where(gaps, np.nanmean(X, axis=0), X)[~gaps.all(axis=1)]
    with np.errstate(over="ignore", invalid="ignore"):
        covariance = np.atleast_2d(np.cov(X.T)) if len(X) > 1 else np.zeros((X.shape[1], X.shape[1]))
    if not np.isfinite(covariance).all():
        raise DataError("X is too large: the variance of a column exceeds the range of float64; scale the data.")
    covariance = covariance + min_covar * np.eye(X.shape[1])
    return Spread(X, covariance, FLOOR * np.diag(covariance))


def kmeans(k: int, X: np.ndarray, rng: Any) -> tuple[np.ndarray, np.ndarray]:
    """Centres (k, p) and labels of k-means, the best of ten starts.

    Raises
    ------
    DataError
        If there are fewer rows than centres.
    """
    if len(X) < k:
        raise DataError(f"k-means needs at least as many rows as states: n_samples={len(X)} < {k}. Set means_ by hand.")
    if k == 1:
        return X.mean(axis=0, keepdims=True), np.zeros(len(X), np.int64)
    from panlearn.cluster import KMeans

    unit = 2.0**-500 if np.abs(X).max() < 1e-140 else 1.0  # squares of such numbers are zero; a power of two is exact
    found = KMeans(n_clusters=k, n_init=10, random_state=rng).fit(X / unit)
    return np.asarray(found.cluster_centers_, np.float64) * unit, found.labels_


def template(kind: str, covariance: np.ndarray, lead: tuple[int, ...]) -> np.ndarray:
    """The covariance of all rows for each Gaussian, their numbers `lead`; (G,) or () for the groups of tied ones."""
    if kind == "spherical":
        return np.full(lead, max(covariance.mean(), 0.01 * np.trace(covariance) / len(covariance)))
    part = np.diag(covariance) if kind == "diag" else covariance
    return np.broadcast_to(part, (*lead, *part.shape)).copy()


def checked(kind: str, covars: Any, lead: tuple[int, ...], p: int) -> np.ndarray:
    """Covariances given by hand.

    Raises
    ------
    DataError
        If the shape is not that of the kind, or one is not positive definite.
    """
    require_kind(kind)
    shape = lead + {"spherical": (), "diag": (p,)}.get(kind, (p, p))
    covars = np.asarray(covars, dtype=np.float64)
    if kind == "spherical" and covars.size == np.prod(lead):
        covars = covars.reshape(lead)
    if covars.shape != shape:
        raise DataError(f"covars_ of kind {kind!r} must have shape {shape}. Got shape {covars.shape} instead.")
    require_positive(kind, covars)
    return covars


def require_kind(kind: str) -> None:
    """Raise unless the kind of covariance is known.

    Raises
    ------
    DataError
        Names the four kinds.
    """
    if kind not in KINDS:
        raise DataError(f"covariance_type must be one of {KINDS}. Got {kind!r} instead.")


def require_positive(kind: str, covars: np.ndarray) -> None:
    """Raise unless the covariances are positive definite.

    Raises
    ------
    DataError
        If one is not.
    """
    if kind in ("spherical", "diag"):
        if not (covars > 0).all() or not np.isfinite(covars).all():
            raise DataError(f"covars_ of kind {kind!r} must be positive and finite; the least is {covars.min()}.")
        return
    if not np.isfinite(covars).all() or not np.allclose(covars, np.swapaxes(covars, -1, -2)):
        raise DataError(f"covars_ of kind {kind!r} must be symmetric and finite.")
    if (least := np.linalg.eigvalsh(covars).min()) <= 0:
        raise DataError(f"covars_ of kind {kind!r} must be positive definite; the least eigenvalue is {least:.3g}.")


def written_out(kind: str, covars: np.ndarray, shape: tuple[int, ...]) -> np.ndarray:
    """Covariances of a kind as variances (K, p) or matrices (K, p, p), for means of this shape (…, p)."""
    K, p = int(np.prod(shape[:-1])), shape[-1]
    axes = {"spherical": (-1, 1), "diag": (-1, p)}.get(kind, (-1, p, p))
    return np.ascontiguousarray(spread(kind, covars.reshape(axes), (K, p)))


def written_short(kind: str, covariances: np.ndarray, lead: tuple[int, ...], groups: int) -> np.ndarray:
    """Back to the shape of the kind."""
    short = pooled_covariances(kind, covariances, groups)
    return short.reshape(lead + {"spherical": ()}.get(kind, short.shape[1:])).copy()


def degenerate(covariances: np.ndarray, floor: np.ndarray) -> np.ndarray:
    """Gaussians that the floor alone keeps from a point or a plane."""
    if not (floor > 0).all():
        return np.zeros(0, np.int64)
    if covariances.ndim == 2:
        return np.flatnonzero((covariances <= floor * 1.001).any(axis=1))
    unit = np.sqrt(floor)
    return np.flatnonzero(np.linalg.eigvalsh(covariances / unit[:, None] / unit)[:, 0] <= 1.001)


def prior_of(name: str, value: Any, shape: tuple[int, ...], lead: int = 1) -> np.ndarray:
    """A hyper-parameter for each Gaussian: a number for all, one a Gaussian (shape[:lead]), or an array of the shape.

    Raises
    ------
    DataError
        If it fits none.
    """
    value = np.asarray(value, dtype=np.float64)
    if value.ndim and value.shape == shape[:lead]:
        value = value.reshape(value.shape + (1,) * (len(shape) - lead))
    try:
        return np.broadcast_to(value, shape)
    except ValueError:
        raise DataError(f"{name} must be a number or an array that fits shape {shape}, got {value.shape}.") from None
