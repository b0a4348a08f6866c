"""Agglomerative clustering: `linkage`, cut into k clusters or at a height.

The tree is the model: `children_` holds its merges, and any number of clusters can be read off it. See
`panlearn.cluster.linkages` for the seven distances of clusters, and how the tree is found.
"""

from collections.abc import Callable
from typing import Any, ClassVar, NamedTuple

import numpy as np
from sklearn.base import ClusterMixin
from sklearn.utils.validation import check_array, check_memory, validate_data

from panlearn.cluster.linkages import METHODS, linkage
from panlearn.core.base import Estimator
from panlearn.core.constraints import ARRAY, BOOLEAN, COUNT, NONNEGATIVE, options, validated
from panlearn.core.errors import DataError
from panlearn.core.registry import method


class Tree(NamedTuple):
    """Merges of n points."""

    children: np.ndarray  # (m, 2) the two clusters of each merge; merge t makes cluster n + t
    heights: np.ndarray  # (m,) their distances
    components: int  # components of the connectivity graph


def build_tree(X: np.ndarray, connectivity: Any, n_clusters: int | None, linkage_method: str, metric: Any) -> Tree:
    """Merge the rows of X into one cluster, or along the edges of a graph into `n_clusters`.

    Parameters
    ----------
    X : ndarray of shape (n, p) or (n, n)
        Points or distances.
    connectivity : array_like, sparse matrix or None
        Which points are neighbours.
    n_clusters : int or None
        Where to stop; None for the whole tree.
    linkage_method : str
        Distance of clusters.
    metric : str or callable
        Distance of points.

    Returns
    -------
    Tree
        The merges.
    """
    if connectivity is None:
        given: Any = (metric(X), "precomputed") if callable(metric) else (X, metric)
        Z = linkage(given[0], linkage_method, given[1])
        return Tree(Z[:, :2].astype(np.intp), Z[:, 2].copy(), 1)
    from panlearn.cluster.connectivity import edges_of
    from panlearn.cluster.merge_tree import Merges, linkage_matrix

    edges = edges_of(X, connectivity, metric)
    if linkage_method == "single":
        Z = linkage_matrix(Merges(edges.first, edges.second, edges.distance), len(X))
        return Tree(Z[:, :2].astype(np.intp), Z[:, 2].copy(), edges.components)
    if linkage_method in ("centroid", "median"):
        raise DataError(f"linkage={linkage_method!r} takes no connectivity; use 'ward' or 'average'.")
    from panlearn.cluster.constrained_linkage import constrained_linkage

    children, heights = constrained_linkage(X, edges, linkage_method, n_clusters or 1)
    return Tree(children.astype(np.intp), heights, edges.components)


@method(
    "Agglomerative clustering",
    tasks=("clustering",),
    notes=("001 10.1",),
    needs=("scaled", "dense"),
    cost=lambda n, p, k: 3.0 * n * n * p,
)
class AgglomerativeClustering(ClusterMixin, Estimator):
    """Clusters from below: the two closest clusters merge until k are left, or none is closer than a height.

    Parameters
    ----------
    n_clusters : int or None, default=2
        Number of clusters; None with a `distance_threshold`.
    metric : str or callable, default="euclidean"
        Distance of points: a name that SciPy or scikit-learn knows, "precomputed" for a square matrix of distances as
        X, or a function of X that returns one. Ward, centroid and median linkage need "euclidean".
    memory : str or joblib.Memory, optional
        Where to keep trees, so that another number of clusters costs nothing.
    connectivity : array_like, sparse matrix or callable, optional
        Which points are neighbours, (n, n), or a function of X that returns it. Only neighbouring clusters merge.
    compute_full_tree : {"auto"} or bool, default="auto"
        With a connectivity, whether to go on below `n_clusters`; "auto" does for fewer than max(100, 0.02 n) clusters.
    linkage : {"ward", "complete", "average", "single", "weighted", "centroid", "median"}, default="ward"
        Distance of clusters.
    distance_threshold : float, optional
        Height at or above which clusters do not merge.
    compute_distances : bool, default=False
        Keep `distances_` without a threshold too.

    Attributes
    ----------
    n_clusters_ : int
        Number of clusters.
    labels_ : ndarray of shape (n,)
        Cluster of each row.
    children_ : ndarray of shape (n - 1, 2)
        The two clusters of each merge: numbers below n are rows, n + t is what merge t made.
    distances_ : ndarray of shape (n - 1,)
        Distance of the two; with `compute_distances` or a threshold.
    linkage_matrix_ : ndarray of shape (n - 1, 4)
        SciPy's linkage matrix: children, distance, number of rows.
    n_leaves_ : int
        Number of rows n.
    n_connected_components_ : int
        Components of the connectivity.
    certificate_ : str
        Between which heights the tree was cut: the wider apart, the clearer the clusters.
    n_features_in_ : int
        Number of features.
    feature_names_in_ : ndarray of shape (p,)
        Names of the features, if X has string column names.

    Raises
    ------
    ValueError
        If not exactly one of `n_clusters` and `distance_threshold` is set, there are fewer rows than clusters, the
        metric does not suit the linkage, or the connectivity has the wrong shape.

    References
    ----------
    [ward1963], [lance1967], [murtagh1983]; course notes 001 §10.1

    Examples
    --------
    The tree holds every number of clusters; heights show which is natural:

    >>> from panlearn.cluster import AgglomerativeClustering
    >>> X = [[0.0], [1.0], [10.0], [11.0], [30.0]]
    >>> model = AgglomerativeClustering(n_clusters=None, distance_threshold=5.0).fit(X)
    >>> model.labels_, model.distances_.round(1)
    (array([2, 2, 0, 0, 1]), array([ 1. ,  1. , 14.1, 31. ]))
    """

    _parameter_constraints: ClassVar[dict[str, list]] = {
        "n_clusters": [COUNT, None],
        "metric": [str, callable],
        "memory": [str, object, None],
        "connectivity": [ARRAY, "sparse matrix", callable, None],
        "compute_full_tree": [options("auto"), BOOLEAN],
        "linkage": [options(*METHODS)],
        "distance_threshold": [NONNEGATIVE, None],
        "compute_distances": [BOOLEAN],
    }
    labels_: np.ndarray

    def __init__(
        self,
        n_clusters: int | None = 2,
        *,
        metric: str | Callable = "euclidean",
        memory: Any = None,
        connectivity: Any = None,
        compute_full_tree: str | bool = "auto",
        linkage: str = "ward",
        distance_threshold: float | None = None,
        compute_distances: bool = False,
    ) -> None:
        self.n_clusters = n_clusters
        self.distance_threshold = distance_threshold
        self.memory = memory
        self.connectivity = connectivity
        self.compute_full_tree = compute_full_tree
        self.linkage = linkage
        self.metric = metric
        self.compute_distances = compute_distances

    @validated
    def fit(self, X: Any, y: Any = None) -> "AgglomerativeClustering":
        """Build the tree and cut it.

        Parameters
        ----------
        X : array_like of shape (n, p) or (n, n)
            Rows to cluster, or their distances.
        y : object, optional
            Ignored.

        Returns
        -------
        AgglomerativeClustering
            The fitted estimator.
        """
        return self._fit(np.asarray(validate_data(self, X, ensure_min_samples=2)))

    def _fit(self, X: np.ndarray) -> Any:
        from panlearn.cluster.merge_tree import cut_tree, members_of

        self._check_choices()
        n, connectivity = len(X), self.connectivity
        if connectivity is not None:
            graph: Any = connectivity(X) if callable(connectivity) else connectivity
            forms: Any = ["csr", "coo", "lil"]  # the peer's signature says bool
            connectivity = check_array(graph, accept_sparse=forms)
        stop = None if self._wants_full_tree(n) else self.n_clusters
        build: Any = check_memory(self.memory).cache  # type: ignore[assignment]
        tree: Tree = build(build_tree)(X, connectivity, stop, self.linkage, self.metric)
        self.children_, self.n_connected_components_, self.n_leaves_ = tree.children, tree.components, n
        if self.distance_threshold is not None or self.compute_distances:
            self.distances_ = tree.heights
        if self.distance_threshold is not None:
            self.n_clusters_ = int(np.count_nonzero(tree.heights >= self.distance_threshold)) + 1
        else:
            self.n_clusters_ = self.n_clusters or 1
        if self.n_clusters_ > n:
            raise DataError(
                f"Cannot extract more clusters than samples: {self.n_clusters_} clusters were given for a tree "
                f"with {n} leaves."
            )
        self.labels_ = cut_tree(tree.children, n, self.n_clusters_)
        self.linkage_matrix_ = np.column_stack([tree.children, tree.heights, members_of(tree.children, n)])
        self.certificate_ = self._describe(tree.heights, n - self.n_clusters_)
        return self

    def _check_choices(self) -> None:
        if (self.n_clusters is None) == (self.distance_threshold is None):
            raise DataError(
                "Exactly one of n_clusters and distance_threshold has to be set, and the other needs to be None."
            )
        if self.distance_threshold is not None and not self.compute_full_tree:
            raise DataError("compute_full_tree must be True if distance_threshold is set.")
        if self.linkage in ("ward", "centroid", "median") and self.metric not in ("euclidean", "l2"):
            raise DataError(
                f"{self.metric} was provided as metric. {self.linkage.capitalize()} can only work with euclidean "
                "distances (i.e. 'euclidean' and 'l2')."
            )

    def _wants_full_tree(self, n: int) -> bool:
        if self.connectivity is None or self.n_clusters is None:
            return True
        if self.compute_full_tree == "auto":
            return self.n_clusters < max(100, 0.02 * n)
        return bool(self.compute_full_tree)

    def _describe(self, heights: np.ndarray, merges: int) -> str:
        below = f"{heights[merges - 1]:.4g}" if merges else "0"
        above = f"{heights[merges]:.4g}" if merges < len(heights) else "inf"
        return f"{self.n_clusters_} clusters, cut between the heights {below} and {above}"

    @classmethod
    def _warm_kernels(cls) -> None:
        X = np.random.default_rng(0).normal(size=(600, 4))
        for name in ("ward", "average", "single", "centroid"):
            linkage(X, name)
        chain = np.eye(len(X), k=1)
        for name in ("ward", "average"):
            AgglomerativeClustering(linkage=name, connectivity=chain).fit(X)
