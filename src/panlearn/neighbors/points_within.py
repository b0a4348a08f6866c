"""All pairs of points within a radius of each other.

Candidates come from a tree (few columns) or from tiles of a matrix product in single precision, whose threshold is
raised by a bound of its rounding [higham2002]; each is then measured as a sum of squared differences in float64. So
no pair is missed, and none is let in. Cost n^2 p / 2 operations, or about n log n; memory in proportion to the pairs.
"""

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
from scipy.sparse import issparse
from scipy.spatial import KDTree

from panlearn.core.threads import map_chunks, scratch
from panlearn.neighbors.nearest_points import EUCLIDEAN, TREE_COLUMNS, unit_rows

TILE = 512  # rows and columns of a tile
PAIRS = 1 << 16  # pairs that are measured at a time


class Pairs(NamedTuple):
    """Pairs of points, each once."""

    first: np.ndarray  # (m,) index, below that of `second`
    second: np.ndarray  # (m,)
    distances: np.ndarray  # (m,)


def points_within(X: Any, radius: float, metric: str | Callable = "euclidean") -> Pairs:
    """Find all pairs of points at a distance of at most the radius.

    Parameters
    ----------
    X : ndarray or sparse matrix of shape (n, p)
        Finite coordinates; distances, of shape (n, n), for `metric="precomputed"`.
    radius : float
        The radius, at least 0.
    metric : str or callable
        As scikit-learn names them.

    Returns
    -------
    Pairs
    """
    if metric == "cosine" and not issparse(X) and (unit := unit_rows(X)) is not None:
        # the chord is widened by a few roundings: the exact test is that of the cosine distance
        pairs = points_within(unit, float(np.sqrt(2 * radius)) * (1 + 1e-12))
        return _shorter(pairs._replace(distances=pairs.distances**2 / 2), radius)
    if metric not in EUCLIDEAN or issparse(X):
        return _through_peer(X, radius, metric)
    X = np.asarray(X, np.float64)
    if X.shape[1] <= TREE_COLUMNS:
        found = KDTree(X).query_pairs(radius * (1 + 1e-12), output_type="ndarray")
        candidates = np.sort(found, axis=1)
    else:
        candidates = _candidates(X, radius)
    first, second = candidates[:, 0], candidates[:, 1]
    return _shorter(Pairs(first, second, _measure(X, first, second)), radius)


def _shorter(pairs: Pairs, radius: float) -> Pairs:
    near = pairs.distances <= radius
    return Pairs(*(part[near] for part in pairs))


def _candidates(X: np.ndarray, radius: float) -> np.ndarray:
    """Pairs whose distance in single precision is not clearly beyond the radius, (m, 2)."""
    exponent = int(np.frexp(np.abs(X).max(initial=0.0))[1])
    X = np.ldexp(X, -exponent)
    X -= X.mean(axis=0)
    half = np.einsum("ij,ij->i", X, X) / 2
    one = np.ones(len(X))
    left = np.column_stack([X, half, one]).astype(np.float32)
    right = np.column_stack([-X, one, half]).astype(np.float32)
    gamma = (X.shape[1] + 6) * float(np.finfo(np.float32).eps)
    limit = np.float32(np.ldexp(radius, -exponent) ** 2 / 2 + gamma * 4 * half.max() + np.finfo(np.float32).tiny)

    def part(start: int, stop: int) -> np.ndarray:
        found = [np.empty((0, 2), np.int64)]
        for a in range(start, stop, TILE):
            for b in range(a, len(X), TILE):
                rows, columns = left[a : min(a + TILE, stop)], right[b : b + TILE]
                tile = scratch("points within", (len(rows), len(columns)), np.float32)
                np.matmul(rows, columns.T, out=tile)
                i, j = np.divmod(np.flatnonzero(tile <= limit), len(columns))
                upper = a + i < b + j
                found.append(np.column_stack([a + i[upper], b + j[upper]]))
        return np.concatenate(found)

    return np.concatenate(map_chunks(part, len(X), work=1.0 * X.size * len(X), align=TILE))


def _measure(X: np.ndarray, first: np.ndarray, second: np.ndarray) -> np.ndarray:
    distances = np.empty(len(first))

    def part(start: int, stop: int) -> None:
        for a in range(start, stop, PAIRS):
            pairs = slice(a, min(a + PAIRS, stop))
            step = X[first[pairs]] - X[second[pairs]]
            distances[pairs] = np.sqrt(np.einsum("ij,ij->i", step, step))

    map_chunks(part, len(first), work=4.0 * len(first) * X.shape[1], align=PAIRS)
    return distances


def _through_peer(X: Any, radius: float, metric: str | Callable) -> Pairs:
    from sklearn.neighbors import NearestNeighbors

    settings: dict[str, Any] = {"metric": metric}
    distances, near = NearestNeighbors(radius=radius, **settings).fit(X).radius_neighbors()
    first = np.repeat(np.arange(len(near)), [len(row) for row in near])
    second, lengths = np.concatenate(near), np.concatenate(distances)
    once = first < second
    return Pairs(first[once], second[once].astype(np.int64), lengths[once])
