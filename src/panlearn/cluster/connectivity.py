"""A graph that says which points may merge: made symmetric, and joined up where it falls apart.

Clusters may merge only along an edge of the graph, so a graph of several components has no tree. As in scikit-learn,
the closest points of each two components are then joined by an edge, with a warning.
"""

import warnings
from typing import Any, NamedTuple

import numpy as np
from scipy.sparse import coo_array, csr_array
from scipy.sparse.csgraph import connected_components

from panlearn.core.errors import DataError


class Edges(NamedTuple):
    """Edges of a connected graph, each once, with the distances of their ends."""

    first: np.ndarray  # (m,) the end of larger number
    second: np.ndarray  # (m,) the other end
    distance: np.ndarray  # (m,)
    components: int  # components of the graph before it was joined up


def edges_of(X: np.ndarray, connectivity: Any, metric: Any) -> Edges:
    """Edges of a connectivity matrix over the rows of X.

    Parameters
    ----------
    X : ndarray of shape (n, p) or (n, n)
        Points, or their distances with the metric "precomputed".
    connectivity : array_like or sparse matrix of shape (n, n)
        Not zero where two points are neighbours; the diagonal is ignored.
    metric : str or callable
        A metric of `sklearn.metrics.pairwise.paired_distances`.

    Returns
    -------
    Edges
        The edges.

    Raises
    ------
    ValueError
        If the shapes do not match.
    """
    from sklearn.metrics.pairwise import paired_distances

    n = len(X)
    if np.shape(connectivity) != (n, n):
        raise DataError(f"Wrong shape for connectivity matrix: {np.shape(connectivity)} when X is {X.shape}")
    graph = csr_array(connectivity)
    graph = csr_array(graph + graph.T)
    components, labels = connected_components(graph, directed=False)
    if components > 1:
        warnings.warn(
            f"the number of connected components of the connectivity matrix is {components} > 1. "
            "Completing it to avoid stopping the tree early.",
            stacklevel=5,
        )
        graph = csr_array(graph + _bridges(X, labels, components, metric))
    pairs = coo_array(graph)
    lower = pairs.row > pairs.col
    first, second = pairs.row[lower].astype(np.int64), pairs.col[lower].astype(np.int64)
    if metric == "precomputed":
        distance = np.asarray(X[first, second], dtype=np.float64)
    else:
        distance = np.asarray(paired_distances(X[first], X[second], metric=metric), dtype=np.float64)
    return Edges(first, second, distance, int(components))


def _bridges(X: np.ndarray, labels: np.ndarray, components: int, metric: Any) -> csr_array:
    """An edge between the closest points of each two components."""
    from sklearn.metrics import pairwise_distances

    members = [np.flatnonzero(labels == c) for c in range(components)]
    ends: list[tuple[int, int]] = []
    for i, a in enumerate(members):
        for b in members[:i]:
            D = X[np.ix_(a, b)] if metric == "precomputed" else pairwise_distances(X[a], X[b], metric=metric)
            row, column = np.unravel_index(np.argmin(D), D.shape)
            ends.append((int(a[row]), int(b[column])))
    rows, columns = np.array(ends).T
    both = np.concatenate([rows, columns]), np.concatenate([columns, rows])
    return csr_array((np.ones(2 * len(rows)), both), shape=(len(X), len(X)))
