"""Graphs that join near points: the frame on which labels spread and spectra are taken.

    knn       i and j are joined if one is among the k nearest of the other
    mutual    if each is among the k nearest of the other
    epsilon   if |x_i - x_j| <= radius

W is symmetric, with zeros on the diagonal. The k-nearest graph follows the density: each point has at least k edges.
The mutual graph leaves outliers alone and does not join clusters of different density; the ball's radius is in units
of X, and suits data of one density [luxburg2007]. Weights: `panlearn.neighbors.edge_weights`.

Course note 001 §9.4: the edges of the graph, and y'Ly = 1/2 sum_ij W_ij (y_i - y_j)^2, the smoothness of labels on it.
"""

from collections.abc import Callable
from numbers import Integral, Real
from typing import Any

import numpy as np
from scipy.sparse import csr_array
from sklearn.utils import check_array

from panlearn.core.errors import DataError
from panlearn.neighbors.edge_weights import WEIGHTS, edge_weights, local_scales
from panlearn.neighbors.nearest_points import nearest_points
from panlearn.neighbors.points_within import points_within

MODES = ("knn", "mutual", "epsilon")
LOCAL = 7  # neighbour whose distance is a point's scale, [zelnik2004] section 2


def neighbors_graph(
    X: Any,
    *,
    n_neighbors: int = 10,
    radius: float | None = None,
    mode: str = "knn",
    weights: str = "binary",
    gamma: float | None = None,
    metric: str | Callable = "euclidean",
) -> csr_array:
    """Join points to their neighbours by weighted edges.

    Parameters
    ----------
    X : array-like or sparse matrix of shape (n, p)
        Points; distances, of shape (n, n), for `metric="precomputed"`.
    n_neighbors : int, default=10
        k, between 1 and n - 1; for "knn" and "mutual".
    radius : float, optional
        Greatest length of an edge, at least 0; for "epsilon", which needs it.
    mode : {"knn", "mutual", "epsilon"}, default="knn"
        Who is joined: one among the k nearest of the other, each among those of the other, all within the radius.
    weights : {"binary", "distance", "rbf", "heat", "self_tuning"}, default="binary"
        1; d; exp(-gamma d^2); exp(-d^2 / t); exp(-d^2 / (s_i s_j)) with s_i the distance to the seventh neighbour.
    gamma : float, optional
        Of "rbf", by default 1 / p; of "heat" 1 / t, by default one over the mean of d^2 over the edges. Above 0.
    metric : str or callable, default="euclidean"
        Any that scikit-learn knows. "euclidean" and "cosine" of dense rows are searched here, the others by it.

    Returns
    -------
    csr_array of shape (n, n)
        Symmetric weights, float32 if X is, with sorted indices. An edge of length 0 is stored, and weighs 0 for
        "distance".

    Raises
    ------
    ValueError
        If a parameter is out of its range or does not belong to the mode, or X holds fewer than 2 points, or values
        that are not finite.

    References
    ----------
    [luxburg2007], [belkin2003], [zelnik2004]; course note 001 §9.4

    Examples
    --------
    The outlier 9 has a nearest neighbour, but is nobody's:

    >>> from panlearn.neighbors import neighbors_graph
    >>> X = [[0.0], [1.0], [2.1], [9.0]]
    >>> neighbors_graph(X, n_neighbors=1).toarray()[3]
    array([0., 0., 1., 0.])
    >>> neighbors_graph(X, n_neighbors=1, mode="mutual").toarray()[3]
    array([0., 0., 0., 0.])
    """
    checks: dict[str, Any] = {"accept_sparse": "csr", "dtype": [np.float64, np.float32], "ensure_min_samples": 2}
    X = check_array(X, **checks)
    _check(X.shape[0], n_neighbors, radius, mode, weights, gamma)
    scales, n = None, X.shape[0]
    if gamma is None and weights == "rbf":
        gamma = 1.0 / X.shape[1]
    if mode == "epsilon":
        pairs = points_within(X, float(radius), metric)  # type: ignore[arg-type]
        graph, lengths = _joined(n, pairs.first, pairs.second, union=True), pairs.distances
        if weights == "self_tuning":
            scales = local_scales(nearest_points(X, min(LOCAL, n - 1), metric).distances)
    else:
        k, local = n_neighbors, min(LOCAL, n - 1)
        near = nearest_points(X, max(k, local) if weights == "self_tuning" else k, metric)
        scales = local_scales(near.distances[:, :local])
        first, second = np.repeat(np.arange(n), k), near.indices[:, :k].ravel()
        graph, lengths = _joined(n, first, second, union=mode == "knn"), near.distances[:, :k].ravel()
    rows = np.repeat(np.arange(n), np.diff(graph.indptr))
    values = edge_weights(weights, lengths[graph.data - 1], (rows, graph.indices), scales, gamma)
    return csr_array((values.astype(X.dtype), graph.indices, graph.indptr), shape=(n, n))


def _joined(n: int, first: np.ndarray, second: np.ndarray, *, union: bool) -> Any:
    """Symmetric pattern whose entries are 1 + the place of an edge in the list, the same for both directions.

    Places instead of lengths: of the two lengths of an edge, equal but for rounding, both directions take one; and
    SciPy drops zeros, which a length may be, but no place is.
    """
    places: Any = csr_array((np.arange(1, len(first) + 1), (first, second)), shape=(n, n))
    other: Any = places.T.tocsr()
    graph = places.maximum(other) if union else places.minimum(other)
    graph.sort_indices()
    return graph


def _check(n: int, k: Any, radius: Any, mode: str, weights: str, gamma: Any) -> None:
    if mode not in MODES:
        raise DataError(f"The 'mode' parameter of neighbors_graph must be one of {MODES}. Got {mode!r} instead.")
    if weights not in WEIGHTS:
        raise DataError(
            f"The 'weights' parameter of neighbors_graph must be one of {WEIGHTS}. Got {weights!r} instead."
        )
    if gamma is not None and not (_is_a(Real, gamma) and 0 < gamma < np.inf):
        raise DataError(f"The 'gamma' parameter of neighbors_graph must be above 0 and finite. Got {gamma!r} instead.")
    if (mode == "epsilon") != (radius is not None):
        raise DataError(f"radius belongs to mode='epsilon', which needs it. Got radius={radius!r} and mode={mode!r}.")
    if mode == "epsilon":
        if not (_is_a(Real, radius) and 0 <= radius < np.inf):
            raise DataError(f"The 'radius' parameter of neighbors_graph must be in [0, inf). Got {radius!r} instead.")
    elif not _is_a(Integral, k) or not 1 <= k < n:
        raise DataError(
            f"The 'n_neighbors' parameter of neighbors_graph must be an integer between 1 and n - 1 = {n - 1}, the "
            f"other points there are. Got {k!r} instead."
        )


def _is_a(kind: type, value: Any) -> bool:
    return isinstance(value, kind) and not isinstance(value, bool)
