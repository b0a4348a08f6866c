"""Where EM starts: scikit-learn's four ways, and parameters given by the user.

    kmeans            clusters of k-means: EM then has only to soften them
    k-means++         k rows far from each other as means, covariances ε I
    random_from_data  k rows at random, likewise
    random            random responsibilities: all components start near the middle, and take long to part

From labels or responsibilities follow means in one pass over the rows and covariances about them in a second, by the
same sums as in the M step. A file that does not fit in memory is started from a sample of its rows.
"""

from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np

from panlearn.core.blocks import ArrayRows, Rows, RowSource, reduce_rows
from panlearn.core.errors import DataError
from panlearn.mixture.gaussian_parameters import GaussianParameters, build, is_matrix, maximised
from panlearn.mixture.gaussian_steps import Whitening, block_moments, block_rows, stacked, work
from panlearn.mixture.missing_gaussian import Moments

SAMPLE = 1 << 16  # rows of a file that its start is made from


class Given(NamedTuple):
    """Parameters of the start that the user gave; None for the others."""

    weights: Any
    means: Any
    precisions: Any


class Shape(NamedTuple):
    """What kind of mixture to start."""

    kind: str  # covariance_type
    k: int
    ridge: float


def starts(
    shape: Shape, source: RowSource, init: str, given: Given, rng: Any, n_init: int
) -> Iterator[GaussianParameters]:
    """One start after the other."""
    if all(part is not None for part in given):
        for _ in range(n_init):
            yield _replaced(shape, None, given)
        return
    rows = source.rows if isinstance(source, ArrayRows) else sample_rows(source, rng)
    for _ in range(n_init):
        yield _replaced(shape, _found(shape, rows, init, rng), given)


def sample_rows(source: RowSource, rng: Any) -> Rows:
    """Some rows of each piece, up to `SAMPLE` in all."""
    sizes = [piece.X.shape[0] for piece in source.pieces()]
    share = min(1.0, SAMPLE / sum(sizes))
    taken = [piece[np.sort(rng.permutation(m)[: max(1, int(share * m))])] for piece, m in zip(source.pieces(), sizes)]  # type: ignore[index]
    weights = [rows.weight for rows in taken if rows.weight is not None]
    return Rows(np.concatenate([rows.X for rows in taken]), None, np.concatenate(weights) if weights else None)


def _found(shape: Shape, rows: Rows, init: str, rng: Any) -> GaussianParameters:
    X, _, weight = rows
    if init == "kmeans":
        labels = _kmeans(shape.k, X, weight, rng)
        return from_shares(shape, ArrayRows(X, labels, weight))
    if init == "random":
        shares = rng.uniform(size=(len(X), shape.k))
        shares /= shares.sum(axis=1, keepdims=True)
        return from_shares(shape, ArrayRows(X, shares, weight))
    if init == "random_from_data":
        chosen = rng.choice(len(X), size=shape.k, replace=False)
    else:
        chosen = _plus_plus(shape.k, X, weight, rng)
    means = X[chosen].astype(np.float64)
    d = means.shape[1]
    zeros = {"full": (shape.k, d, d), "tied": (d, d), "diag": (shape.k, d), "spherical": (shape.k,)}[shape.kind]
    return build(shape.kind, np.full(shape.k, 1 / shape.k), means, np.zeros(zeros), shape.ridge)


def _kmeans(k: int, X: np.ndarray, weight: np.ndarray | None, rng: Any) -> np.ndarray:
    if k == 1:
        return np.zeros(len(X), np.int32)
    from panlearn.cluster import KMeans

    return KMeans(n_clusters=k, n_init=1, random_state=rng).fit(X, sample_weight=weight).labels_


def _plus_plus(k: int, X: np.ndarray, weight: np.ndarray | None, rng: Any) -> np.ndarray:
    from panlearn.cluster import kmeans_plusplus

    return kmeans_plusplus(X, k, sample_weight=weight, random_state=rng)[1]


def from_shares(shape: Shape, source: ArrayRows) -> GaussianParameters:
    """The M step for labels (n,) or responsibilities (n, k), which the source holds as its targets."""
    kind, k, d, axes = shape.kind, shape.k, source.n_features, not is_matrix(shape.kind)

    def shares_of(y: np.ndarray) -> np.ndarray:
        return np.ascontiguousarray(y.T, np.float64) if y.ndim == 2 else (y == np.arange(k)[:, None]).astype(np.float64)

    def sums(X: Any, y: Any, weight: np.ndarray | None) -> tuple[np.ndarray, np.ndarray]:
        shares = shares_of(y) if weight is None else shares_of(y) * weight
        return shares.sum(axis=1), shares @ X

    def scatter(X: Any, y: Any, weight: np.ndarray | None) -> Moments:
        return block_moments(plan, X, weight, shares_of(y))

    rows = block_rows(k, d, axes)
    counts, first = reduce_rows(sums, source, work=2.0 * k * d, rows=rows)
    middle = first.sum(axis=0) / counts.sum()
    means = np.where(counts[:, None] > 0, first / np.maximum(counts, 1e-300)[:, None], middle)
    plan = Whitening(middle, np.ones((k, d)), means - middle, np.zeros(k), True)
    if not axes:
        plan = stacked(middle, np.tile(np.eye(d), (k, 1, 1)), means - middle, np.zeros(k))
    moments = reduce_rows(scatter, source, work=work(k, d, axes), rows=rows)
    about = Moments(
        0.0, moments.counts, np.zeros((k, d)), moments.second.sum(axis=0) if kind == "tied" else moments.second
    )
    whole = _whole(shape, about, means - middle)
    return maximised(kind, GaussianParameters(counts, means, whole, whole, means), about, shape.ridge)


def _whole(shape: Shape, moments: Moments, means: np.ndarray) -> np.ndarray:
    """Covariance of all rows, in the form of the kind: what a component without rows starts from."""
    counts, second = moments.counts, moments.second
    total = counts.sum()
    if shape.kind == "tied":
        return second / total
    if shape.kind == "full":
        eye = shape.ridge * np.eye(means.shape[1])
        return np.broadcast_to(second.sum(axis=0) / total + (counts * means.T) @ means / total + eye, second.shape)
    variances = (second.sum(axis=0) + counts @ means**2) / total + shape.ridge
    return np.broadcast_to(variances, second.shape) if shape.kind == "diag" else np.full(len(means), variances.mean())


def _replaced(shape: Shape, found: GaussianParameters | None, given: Given) -> GaussianParameters:
    """The start with what the user gave in its place."""
    if given.precisions is not None:
        factors = factors_of(shape.kind, given.precisions)
        covariances = np.linalg.inv(given.precisions) if is_matrix(shape.kind) else 1 / given.precisions
    elif found is not None:
        factors, covariances = found.factors, found.covariances
    else:
        raise AssertionError("a start needs precisions")
    weights = given.weights if given.weights is not None else found.weights  # type: ignore[union-attr]
    means = given.means if given.means is not None else found.means  # type: ignore[union-attr]
    return GaussianParameters(weights, means, covariances, factors, np.full(means.shape, shape.ridge))


def factors_of(kind: str, precision: np.ndarray) -> np.ndarray:
    """Upper triangular U with U U' = precision: the Cholesky factor of the matrix with both axes reversed."""
    if not is_matrix(kind):
        return np.sqrt(precision)
    return np.linalg.cholesky(precision[..., ::-1, ::-1])[..., ::-1, ::-1]


def checked(given: Given, kind: str, k: int, d: int) -> Given:
    """What the user gave as float64 arrays.

    Raises
    ------
    DataError
        If a shape is wrong, weights are no shares, or a precision is not positive definite.
    """
    weights, means, precision = (None if part is None else np.asarray(part, dtype=np.float64) for part in given)
    shapes = {"full": (k, d, d), "tied": (d, d), "diag": (k, d), "spherical": (k,)}
    wanted = (("weights", weights, (k,)), ("means", means, (k, d)), (f"{kind} precision", precision, shapes[kind]))
    for name, part, shape in wanted:
        if part is not None and part.shape != shape:
            raise DataError(f"The parameter '{name}' should have the shape of {shape}, but got {part.shape}")
        if part is not None and not np.isfinite(part).all():
            raise DataError(
                f"The parameter '{name}' should be finite, but holds NaN or inf; leave it out to have it found."
            )
    if weights is not None:
        if weights.min() < 0 or weights.max() > 1:
            raise DataError(
                "The parameter 'weights' should be in the range [0, 1], but got "
                f"max value {weights.min():.5f}, min value {weights.max():.5f}"
            )
        if abs(1 - weights.sum()) > 1e-6:
            raise DataError(f"The parameter 'weights' should be normalized, but got sum(weights) = {weights.sum():.5f}")
    if precision is not None:
        _check_positive(kind, precision)
    return Given(weights, means, precision)


def _check_positive(kind: str, precision: np.ndarray) -> None:
    if not is_matrix(kind):
        if not (precision > 0).all():
            raise DataError(f"'{kind} precision' should be positive")
        return
    symmetric = np.allclose(precision, np.swapaxes(precision, -1, -2))
    if not symmetric or not (np.linalg.eigvalsh(precision) > 0).all():
        raise DataError(f"'{kind} precision' should be symmetric, positive-definite")
