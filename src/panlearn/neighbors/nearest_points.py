"""The k nearest of the other points for each point: one function, four ways to search, all exact.

| case | way | cost |
|---|---|---|
| few points | all distances, sorted | n^2 p |
| up to 6 columns | k-d tree [bentley1975] | about n log n |
| more columns | tiles of a matrix product (`panlearn.neighbors.blocked_search`) | at most n^2 p / 2 |
| other metrics, sparse rows | scikit-learn's `NearestNeighbors` | its own |

A point is never its own neighbour, also where others lie at the same place; equal distances come in the order of the
indices. The cosine distance is half the squared Euclidean distance of rows of length 1, and is searched as such.
"""

from collections.abc import Callable
from typing import Any

import numpy as np
from scipy.sparse import issparse
from scipy.spatial import KDTree
from scipy.spatial.distance import cdist

from panlearn.core.threads import thread_count
from panlearn.neighbors.blocked_search import BLOCK, Neighbours, others_than, search_blocks

EUCLIDEAN = ("euclidean", "l2")
TREE_COLUMNS = 6  # up to these a tree visits few points


def nearest_points(X: Any, k: int, metric: str | Callable = "euclidean") -> Neighbours:
    """Find the k nearest of the other points for each point.

    Parameters
    ----------
    X : ndarray or sparse matrix of shape (n, p)
        Finite coordinates; distances, of shape (n, n), for `metric="precomputed"`.
    k : int
        Neighbours, between 1 and n - 1.
    metric : str or callable
        As scikit-learn names them.

    Returns
    -------
    Neighbours
        Indices and distances, nearest first.
    """
    if metric == "cosine" and not issparse(X) and (unit := unit_rows(X)) is not None:
        near = nearest_points(unit, k)
        return near._replace(distances=near.distances**2 / 2)
    if metric not in EUCLIDEAN or issparse(X):
        return _through_peer(X, k, metric)
    if len(X) <= BLOCK:
        return _among_few(np.asarray(X, np.float64), k)
    if X.shape[1] <= TREE_COLUMNS:
        return _by_tree(np.asarray(X, np.float64), k)
    return search_blocks(X, k)


def unit_rows(X: np.ndarray) -> np.ndarray | None:
    """Rows divided by their lengths; None if one has length 0, from which every cosine distance is 1."""
    X = X / np.maximum(
        np.abs(X).max(axis=1, keepdims=True), np.finfo(X.dtype).tiny
    )  # squares neither over- nor underflow
    lengths = np.sqrt(np.square(X, dtype=np.float64).sum(axis=1, keepdims=True))
    return X / lengths if lengths.all() else None


def nearest_mixed(X: np.ndarray, codes: np.ndarray, price: float, k: int) -> Neighbours:
    """Find the k nearest of the other points where columns of categories add to the distance.

    Parameters
    ----------
    X : ndarray of shape (n, p)
        Finite coordinates.
    codes : ndarray of int of shape (n, q)
        Categories.
    price : float
        Added to the squared Euclidean distance for each category that differs.
    k : int
        Neighbours, between 1 and n - 1.

    Returns
    -------
    Neighbours
    """
    X = np.asarray(X, np.float64)
    if len(X) > BLOCK:
        return search_blocks(X, k, codes=codes, price=price)
    squares = cdist(X, X, "sqeuclidean")
    for column in codes.T:
        squares += price * (column[:, None] != column)
    return _first(np.sqrt(squares), k)


def _among_few(X: np.ndarray, k: int) -> Neighbours:
    return _first(cdist(X, X), k)


def _first(distances: np.ndarray, k: int) -> Neighbours:
    np.fill_diagonal(distances, np.inf)
    near = np.argsort(distances, axis=1, kind="stable")[:, :k]
    return Neighbours(near, np.take_along_axis(distances, near, axis=1))


def _by_tree(X: np.ndarray, k: int) -> Neighbours:
    distances, near = (np.asarray(part) for part in KDTree(X).query(X, k + 1, workers=thread_count()))
    others = others_than(near, np.arange(len(X)))
    near, distances = near[others].reshape(len(X), k), distances[others].reshape(len(X), k)
    tied = np.flatnonzero((distances[:, 1:] == distances[:, :-1]).any(axis=1))
    order = np.lexsort((near[tied], distances[tied]), axis=1)
    near[tied] = np.take_along_axis(near[tied], order, axis=1)
    return Neighbours(near, distances)


def _through_peer(X: Any, k: int, metric: str | Callable) -> Neighbours:
    from sklearn.neighbors import NearestNeighbors

    settings: dict[str, Any] = {"metric": metric, "n_jobs": thread_count()}
    search = NearestNeighbors(n_neighbors=k, **settings).fit(X)
    distances, near = search.kneighbors()  # without X it leaves each point out of its own neighbours
    return Neighbours(near, distances)
