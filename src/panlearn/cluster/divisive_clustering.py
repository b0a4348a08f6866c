"""Divisive clustering: from one cluster of all points down to k, the worst one split each time.

    strategy     the worst cluster has                      its split
    bisecting    the largest sum of squares W               two means (`bisection`), O(m p) a step
    diana        the largest diameter                       those far from the rest leave (`diana`), O(m^2)

Going down looks at large structures first, where going up decides on pairs and cannot take it back; and k clusters cost
k - 1 splits, not n - k merges. Splits form a tree over the k clusters, with heights that fall from the root: sqrt(2 W),
which for two points is their distance as in Ward's linkage, or the diameter. The notes, 001 §10.1, name both directions
"HAC"; agglomerative is bottom-up, divisive top-down.
"""

from typing import Any, ClassVar

import numpy as np
from sklearn.base import ClusterMixin
from sklearn.utils.validation import validate_data

from panlearn.cluster.bisection import squared_error, two_means
from panlearn.cluster.diana import splinter
from panlearn.core.base import Estimator
from panlearn.core.constraints import COUNT, NONNEGATIVE, options, validated
from panlearn.core.errors import DataError
from panlearn.core.registry import method


class SquaredError:
    """How bisection sees clusters: points, and their sums of squares."""

    def __init__(self, X: np.ndarray) -> None:
        self.X = X

    def height(self, members: np.ndarray) -> float:
        """sqrt(2 W) of a cluster."""
        return float(np.sqrt(2.0 * squared_error(self.X[members])))

    def split(self, members: np.ndarray) -> np.ndarray:
        """Members of one side."""
        return two_means(self.X[members])


class Diameter:
    """How DIANA sees clusters: distances, and the largest of them."""

    def __init__(self, D: np.ndarray) -> None:
        self.D = D

    def height(self, members: np.ndarray) -> float:
        """Largest distance of two members."""
        return float(self.D[np.ix_(members, members)].max())

    def split(self, members: np.ndarray) -> np.ndarray:
        """Members of one side."""
        return splinter(self.D[np.ix_(members, members)])


@method(
    "Divisive clustering",
    tasks=("clustering",),
    notes=("001 10.1",),
    needs=("scaled", "dense"),
    cost=lambda n, p, k: 100.0 * n * p * max(k, 2),
)
class DivisiveClustering(ClusterMixin, Estimator):
    """Clusters from above: the worst cluster is split until there are k, or none is as high as a threshold.

    Parameters
    ----------
    n_clusters : int or None, default=2
        Number of clusters; fewer result if all points of each are equal. None with a `distance_threshold`.
    strategy : {"bisecting", "diana"}, default="bisecting"
        Split by two means the cluster of largest squared error, or by DIANA that of largest diameter.
    metric : str, default="euclidean"
        Distance of points for DIANA: a name that SciPy or scikit-learn knows, or "precomputed".
    distance_threshold : float, optional
        Clusters of this height or more are split.

    Attributes
    ----------
    n_clusters_ : int
        Number of clusters.
    labels_ : ndarray of shape (n,)
        Cluster of each row.
    children_ : ndarray of shape (k - 1, 2)
        The tree from below: numbers under k are clusters, k + t is what row t joins.
    distances_ : ndarray of shape (k - 1,)
        Heights of the clusters that were split.
    linkage_matrix_ : ndarray of shape (k - 1, 4)
        Both, and the number of points, as SciPy writes them.
    certificate_ : str
        Heights of the last cluster split and of the highest left.
    n_features_in_ : int
        Number of features.
    feature_names_in_ : ndarray of shape (p,)
        Names of the features, if X has string column names.

    Raises
    ------
    ValueError
        If not exactly one of `n_clusters` and `distance_threshold` is set, there are fewer rows than clusters, or a
        metric other than Euclidean is to be bisected.

    References
    ----------
    [kaufman1990], [boley1998]; course notes 001 §10.1

    Examples
    --------
    >>> from panlearn.cluster import DivisiveClustering
    >>> model = DivisiveClustering(3, strategy="diana").fit([[0.0], [1.0], [10.0], [11.0], [30.0]])
    >>> model.labels_, model.distances_  # 30 leaves first, at the diameter of all
    (array([0, 0, 1, 1, 2]), array([11., 30.]))
    """

    _parameter_constraints: ClassVar[dict[str, list]] = {
        "n_clusters": [COUNT, None],
        "strategy": [options("bisecting", "diana")],
        "metric": [str],
        "distance_threshold": [NONNEGATIVE, None],
    }
    labels_: np.ndarray

    def __init__(
        self,
        n_clusters: int | None = 2,
        *,
        strategy: str = "bisecting",
        metric: str = "euclidean",
        distance_threshold: float | None = None,
    ) -> None:
        self.n_clusters = n_clusters
        self.strategy = strategy
        self.metric = metric
        self.distance_threshold = distance_threshold

    @validated
    def fit(self, X: Any, y: Any = None) -> "DivisiveClustering":
        """Split the rows.

        Parameters
        ----------
        X : array_like of shape (n, p) or (n, n)
            Rows to cluster, or their distances.
        y : object, optional
            Ignored.

        Returns
        -------
        DivisiveClustering
            The fitted estimator.
        """
        X = np.asarray(validate_data(self, X, dtype=np.float64))
        if (self.n_clusters is None) == (self.distance_threshold is None):
            raise DataError(
                "Exactly one of n_clusters and distance_threshold has to be set, and the other needs to be None."
            )
        if self.n_clusters is not None and self.n_clusters > len(X):
            raise DataError(f"n_clusters={self.n_clusters} is more than the number of samples, {len(X)}.")
        most = self.n_clusters or len(X)
        clusters, splits = divide(self._view(X), len(X), most, self.distance_threshold or 0.0)
        self._keep(clusters, splits, len(X))
        return self

    def _view(self, X: np.ndarray) -> SquaredError | Diameter:
        if self.strategy == "diana":
            from panlearn.cluster.linkages import square_distances

            return Diameter(square_distances(X, self.metric))
        if self.metric not in ("euclidean", "l2"):
            raise DataError(f"Two means need metric='euclidean', got {self.metric!r}; use strategy='diana'.")
        return SquaredError(X)

    def _keep(self, clusters: list, splits: list, n: int) -> None:
        """Number clusters by their first row, and write the splits as a tree from below."""
        leaves = sorted((node for node in clusters), key=lambda node: int(node[1].min()))
        k = self.n_clusters_ = len(leaves)
        self.labels_ = np.empty(n, dtype=np.intp)
        number = {}
        for label, (name, members, _) in enumerate(leaves):
            self.labels_[members] = label
            number[name] = label
        Z = np.empty((k - 1, 4))
        for t, (name, parts, height, size) in enumerate(reversed(splits)):
            number[name] = k + t
            Z[t] = *sorted(number[part] for part in parts), height, size
        self.linkage_matrix_, self.children_, self.distances_ = Z, Z[:, :2].astype(np.intp), Z[:, 2].copy()
        left = max(height for _, _, height in leaves)
        last = f"{Z[0, 2]:.4g}" if k > 1 else "none"
        self.certificate_ = f"{k} clusters: the last one split had height {last}, the highest left has {left:.4g}"


def divide(view: SquaredError | Diameter, n: int, most: int, threshold: float) -> tuple[list, list]:
    """Split the highest cluster until there are `most`, or none is as high as the threshold.

    Parameters
    ----------
    view : SquaredError or Diameter
        Heights and splits.
    n : int
        Number of points.
    most : int
        Number of clusters to stop at.
    threshold : float
        Height to stop below; clusters of height 0 are never split.

    Returns
    -------
    clusters : list of (name, members, height)
        What is left.
    splits : list of (name, names of the two parts, height, number of members)
        The splits, in their order; heights do not rise.
    """
    everyone = np.arange(n)
    clusters, splits = [(0, everyone, view.height(everyone))], []
    while len(clusters) < most:
        worst = max(range(len(clusters)), key=lambda i: clusters[i][2])
        name, members, height = clusters[worst]
        if height == 0.0 or height < threshold:
            break
        side, new = view.split(members), 2 * len(splits) + 1
        parts = [members[side], members[~side]]
        clusters[worst : worst + 1] = [
            (new + i, part, min(height, view.height(part)))  # rounding must not raise it
            for i, part in enumerate(parts)
        ]
        splits.append((name, (new, new + 1), height, len(members)))
    return clusters, splits
