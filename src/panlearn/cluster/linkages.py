"""Hierarchical agglomeration: from n clusters of one point up to one cluster of all, the closest two merged each time.

    method      distance of two clusters a and b                                  how it is found here
    single      least d(x, y) over x in a, y in b                                 minimum spanning tree, O(n p) memory
    complete    greatest d(x, y)                                                  nearest neighbours on a matrix
    average     mean d(x, y)                                                      nearest neighbours on a matrix
    weighted    mean of the distances of the two parts of a                       nearest neighbours on a matrix
    ward        sqrt(2 |a||b|/(|a|+|b|)) |c_a - c_b|: growth of the squared error nearest neighbours, O(n p) memory
    centroid    |c_a - c_b|, c the mean                                           closest pair, O(n p) memory
    median      |c_a - c_b|, c halfway between the centres of the parts           closest pair, O(n p) memory

All take O(n^2 p) time or less. "Agglomerative" is bottom-up; top-down is `DivisiveClustering` (the notes, 001 §10.1,
call both HAC). Small problems go to SciPy, whose answer is the same and whose code needs no compiling.
"""

from typing import Any

import numpy as np
from numpy.typing import ArrayLike
from sklearn.utils.validation import check_array

from panlearn.core.errors import DataError

METHODS = ("single", "complete", "average", "weighted", "ward", "centroid", "median")
EUCLIDEAN_ONLY = {"ward", "centroid", "median"}
SCIPY_NAMES = {"l1": "cityblock", "manhattan": "cityblock", "l2": "euclidean"}
SCIKIT_LEARN_ONLY = {"haversine", "nan_euclidean"}
SMALL = 200  # points below which SciPy answers


def linkage(X: ArrayLike, method: str = "single", metric: Any = "euclidean") -> np.ndarray:
    """Hierarchy of clusters from below, as SciPy's linkage matrix.

    Parameters
    ----------
    X : array_like of shape (n, p), or of shape (n (n - 1) / 2,) or (n, n) with distances
        Points; or a condensed matrix of distances; or a square one with `metric="precomputed"`, whose upper triangle
        is read.
    method : {"single", "complete", "average", "weighted", "ward", "centroid", "median"}
        Distance of clusters. The default is SciPy's.
    metric : str or callable
        Distance of points: a name that SciPy or scikit-learn knows, "precomputed", or a function of two points.
        "ward", "centroid" and "median" need Euclidean distances.

    Returns
    -------
    ndarray of shape (n - 1, 4)
        Row t: the two clusters that merge into cluster n + t, their distance, the number of points. Where distances
        are equal, which of the pairs merges first is arbitrary, but the same in every run.

    Raises
    ------
    ValueError
        If there are fewer than 2 points, distances are negative or not finite, the matrix is not square, or the
        method or metric is not known.

    References
    ----------
    [lance1967], [mullner2011]; course notes 001 §10.1

    Examples
    --------
    >>> from panlearn.cluster import linkage
    >>> linkage([[0.0], [1.0], [5.0], [7.0]], "average")
    array([[0. , 1. , 1. , 2. ],
           [2. , 3. , 2. , 2. ],
           [4. , 5. , 5.5, 4. ]])
    """
    if method not in METHODS:
        raise ValueError(f"method must be one of {METHODS}, got {method!r}")
    metric = SCIPY_NAMES.get(metric, metric) if isinstance(metric, str) else metric
    condensed = np.ndim(X) == 1
    if method in EUCLIDEAN_ONLY and not condensed and metric not in ("euclidean", "precomputed"):
        raise DataError(f"{method} linkage needs Euclidean distances; use metric='euclidean' or another method.")
    if condensed or metric == "precomputed":
        return _from_distances(_square(X), method)
    number: Any = np.float64
    points = np.asarray(check_array(X, dtype=number, ensure_min_samples=2, input_name="X"))
    if metric == "euclidean":
        return _from_points(points, method)
    return _from_distances(square_distances(points, metric), method)


def _from_points(X: np.ndarray, method: str) -> np.ndarray:
    n = len(X)
    if n < SMALL and 1e-100 < np.abs(X).max() < 1e100:  # squares stay within range
        from scipy.cluster.hierarchy import linkage as small
        from scipy.spatial.distance import pdist

        return small(pdist(X), method)
    from panlearn.cluster.merge_tree import linkage_matrix
    from panlearn.cluster.points import coordinates

    points = coordinates(X)
    if method == "ward":
        from panlearn.cluster.linkage_ward import Centroids
        from panlearn.cluster.nearest_neighbour_chain import agglomerate

        merges = agglomerate(Centroids(points))
        return linkage_matrix(merges._replace(height=merges.height * points.scale), n)
    if method == "single":
        from panlearn.cluster.minimum_spanning_tree import minimum_spanning_tree

        return linkage_matrix(minimum_spanning_tree(points), n)
    if method in EUCLIDEAN_ONLY:
        from panlearn.cluster.closest_pair import closest_pairs

        return linkage_matrix(closest_pairs(points, halfway=method == "median"), n, ascending=False)
    from panlearn.cluster.linkage_matrix import euclidean_rows

    return _agglomerated(euclidean_rows(points), method)


def _from_distances(D: np.ndarray, method: str) -> np.ndarray:
    if len(D) < 2:
        raise DataError(f"Found array with {len(D)} sample(s) while a minimum of 2 is required.")
    if len(D) < SMALL or method in ("single", "centroid", "median"):
        from scipy.cluster.hierarchy import linkage as small

        return small(D[np.triu_indices(len(D), 1)], method)
    return _agglomerated(D, method)


def _agglomerated(D: np.ndarray, method: str) -> np.ndarray:
    """Linkage matrix of a reducible linkage from distances, which are overwritten."""
    from panlearn.cluster.linkage_matrix import DistanceRows
    from panlearn.cluster.merge_tree import linkage_matrix
    from panlearn.cluster.nearest_neighbour_chain import agglomerate

    return linkage_matrix(agglomerate(DistanceRows(D, method)), len(D))


def _square(X: ArrayLike) -> np.ndarray:
    """A symmetric copy of given distances."""
    from scipy.spatial.distance import is_valid_y, squareform

    D = np.array(X, dtype=np.float64)
    if D.ndim == 1:
        if not is_valid_y(D):
            raise DataError(f"A condensed distance matrix has n(n - 1)/2 entries; got {D.size}. Pass points as 2-D X.")
        D = squareform(D)
    if D.ndim != 2 or D.shape[0] != D.shape[1]:
        raise DataError(f"Distance matrix should be square, got matrix of shape {D.shape}")
    upper = np.triu(D, 1)
    if not np.isfinite(upper).all() or upper.min() < 0:
        raise DataError("Distances must be finite and at least 0; replace missing ones by a large distance.")
    return upper + upper.T


def square_distances(X: np.ndarray, metric: Any) -> np.ndarray:
    """Square matrix of the distances of points.

    Parameters
    ----------
    X : ndarray of shape (n, p) or (n, n)
        Points, or distances with the metric "precomputed".
    metric : str or callable
        A metric as in `linkage`.

    Returns
    -------
    ndarray of shape (n, n)
        The distances; the caller may overwrite them.
    """
    metric = SCIPY_NAMES.get(metric, metric) if isinstance(metric, str) else metric
    if metric == "precomputed":
        return _square(X)
    if metric == "cosine" and not X.any(axis=1).all():
        raise DataError("Cosine affinity cannot be used when X contains zero vectors")
    if metric in SCIKIT_LEARN_ONLY:
        from sklearn.metrics import pairwise_distances

        return _square(pairwise_distances(X, metric=metric))
    from scipy.spatial.distance import pdist

    return _square(pdist(X, metric))
