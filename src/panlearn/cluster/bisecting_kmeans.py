r"""Bisecting k-means: one cluster after another is split in two, until there are k [steinbach2000].

The cluster of greatest inertia (or with most rows) is split by k-means with two centres. Cost: about log k passes with
two centres each rather than one with k: n p log k. The splits form a tree, down which a new row is sent.

When it fails: a split is never taken back, so that the inertia is above that of `KMeans` with a good start, as a rule
by a few percent; clusters are of more even width instead.

Course notes: 001 §10.1 (clustering from the top down).
"""

import warnings
from typing import Any, ClassVar, NamedTuple

import numpy as np
from scipy.sparse import issparse
from sklearn.exceptions import ConvergenceWarning
from sklearn.utils import check_random_state
from sklearn.utils.validation import check_is_fitted

from panlearn.cluster.centred_rows import CentredRows
from panlearn.cluster.centroid_estimator import CentroidEstimator, assignment_for, nearest_centres
from panlearn.cluster.lloyd import Fit, lloyd
from panlearn.core.constraints import BOOLEAN, COUNT, NONNEGATIVE, RANDOM, VERBOSE, options, validated
from panlearn.core.progress import progress
from panlearn.core.registry import method
from panlearn.core.threads import single_threaded_blas


class Splits(NamedTuple):
    """The tree of splits; node 0 holds all rows."""

    children: np.ndarray  # (m, 2) nodes, -1 for a leaf
    centre: np.ndarray  # (m, p)
    label: np.ndarray  # (m,) cluster of a leaf, -1 for other nodes


@method(
    "bisecting k-means",
    tasks=("clustering",),
    notes=("001 10.1",),
    cost=lambda n, p, k: 100.0 * n * p * np.log2(k + 1),
)
class BisectingKMeans(CentroidEstimator):
    """Clusters by repeated splits in two.

    Parameters
    ----------
    n_clusters : int, default=8
        Number of clusters k.
    init : {"k-means++", "random"} or callable, default="random"
        Where a split starts; a callable gets the rows, 2 and `random_state` and returns two centres.
    n_init : int, default=1
        Starts of each split, of which the best is kept.
    random_state : int, RandomState or None, default=None
        Seed of the starts.
    max_iter : int, default=300
        Most iterations of a split.
    verbose : int, default=0
        1 shows the progress.
    tol : float, default=1e-4
        Way of the centres at which a split ends; see `KMeans`.
    copy_x : bool, default=True
        Accepted for compatibility; X is never changed.
    algorithm : {"lloyd", "elkan"}, default="lloyd"
        Accepted for compatibility; the result is the same.
    bisecting_strategy : {"biggest_inertia", "largest_cluster"}, default="biggest_inertia"
        Which cluster is split next: that of greatest inertia, or that with most rows.

    Attributes
    ----------
    cluster_centers_ : ndarray of shape (k, p)
        Means of the clusters.
    labels_ : ndarray of shape (n,)
        Cluster of each row.
    inertia_ : float
        Weighted sum of the squared distances to the centres of the clusters.
    splits_ : Splits
        The tree.
    certificate_ : str
        Inertia, and how far a centre moved at most in the last iteration of a split.
    n_features_in_ : int
        Number of features.
    feature_names_in_ : ndarray of shape (p,)
        Names of the features, if X has string column names.

    Raises
    ------
    ValueError
        If there are fewer rows than clusters, or a parameter or the data cannot be used.

    References
    ----------
    [steinbach2000]; course note 001 §10.1

    Examples
    --------
    The first split is the widest gap; nodes 1 and 2 are its halves:

    >>> import numpy as np
    >>> from panlearn.cluster import BisectingKMeans
    >>> X = np.array([[0.0], [1.0], [3.0], [4.0], [50.0], [51.0]])
    >>> model = BisectingKMeans(3, random_state=0).fit(X)
    >>> sorted(model.splits_.centre[1:3].ravel().tolist()), sorted(model.cluster_centers_.ravel().tolist())
    ([2.0, 50.5], [0.5, 3.5, 50.5])
    """

    _expected_failed_checks: ClassVar[dict[str, str]] = dict.fromkeys(
        ("check_sample_weight_equivalence_on_dense_data", "check_sample_weight_equivalence_on_sparse_data"),
        "the random starts differ between weights and repeated rows",
    )
    _parameter_constraints: ClassVar[dict[str, list]] = {
        "n_clusters": [COUNT],
        "init": [options("k-means++", "random"), callable],
        "n_init": [COUNT],
        "random_state": [RANDOM],
        "max_iter": [COUNT],
        "verbose": [VERBOSE],
        "tol": [NONNEGATIVE],
        "copy_x": [BOOLEAN],
        "algorithm": [options("lloyd", "elkan")],
        "bisecting_strategy": [options("biggest_inertia", "largest_cluster")],
    }

    def __init__(
        self,
        n_clusters: int = 8,
        *,
        init: Any = "random",
        n_init: int = 1,
        random_state: Any = None,
        max_iter: int = 300,
        verbose: int = 0,
        tol: float = 1e-4,
        copy_x: bool = True,
        algorithm: str = "lloyd",
        bisecting_strategy: str = "biggest_inertia",
    ) -> None:
        self.n_clusters = n_clusters
        self.init = init
        self.n_init = n_init
        self.random_state = random_state
        self.max_iter = max_iter
        self.verbose = verbose
        self.tol = tol
        self.copy_x = copy_x
        self.algorithm = algorithm
        self.bisecting_strategy = bisecting_strategy

    @validated
    def fit(self, X: Any, y: Any = None, sample_weight: Any = None) -> "BisectingKMeans":
        """Split the rows into clusters.

        Parameters
        ----------
        X : array-like or sparse matrix of shape (n, p)
            Rows.
        y : object, optional
            Ignored.
        sample_weight : array-like of shape (n,), optional
            Weights of the rows, at least 0.

        Returns
        -------
        BisectingKMeans
            The fitted estimator.
        """
        X = self._checked(X, reset=True)
        self._check_count(X, 1)
        data = CentredRows(X, self._weights(X, sample_weight))
        with single_threaded_blas():
            children, scaled, members = self._split_all(data)
        leaves = _leaves(children)
        label = np.full(len(children), -1, np.int32)
        label[leaves] = np.arange(len(leaves))
        self.labels_ = np.empty(X.shape[0], np.int32)
        for c, leaf in enumerate(leaves):
            self.labels_[members[leaf]] = c
        self.splits_ = Splits(children, data.centres(scaled), label)
        self.cluster_centers_ = self.splits_.centre[leaves]
        self._n_features_out = self.n_clusters
        self.certificate_ = (
            f"inertia {self.inertia_:.6g}, largest centre shift {self._shift / data.scale:.1e} in a split"
        )
        if len(np.unique(self.labels_)) < self.n_clusters:
            text = f"Fewer distinct clusters than n_clusters ({self.n_clusters}): possibly duplicate points in X."
            warnings.warn(text, ConvergenceWarning, stacklevel=2)
        return self

    def _split_all(self, data: CentredRows) -> tuple[np.ndarray, np.ndarray, dict[int, np.ndarray]]:
        """Children and centre of each node, and the rows of the leaves."""
        n, random_state, tol = data.X.shape[0], check_random_state(self.random_state), self.tol * data.variance
        children, self._shift = [[-1, -1]], 0.0
        members, left = {0: np.arange(n)}, {0: np.inf}
        rows = assignment_for(data, 1)
        rows.assign(np.zeros((1, data.X.shape[1])))  # sums all rows
        total, weight, _ = rows.sums
        centres = [total[0] / weight[0]]
        inertia = {0: rows.inertia(centres[0][None])}
        for _ in progress(self.n_clusters - 1, "bisecting k-means", enabled=self.verbose):
            node = max((leaf for leaf in members if len(members[leaf]) > 1), key=left.__getitem__)
            part = data.take(members[node])
            found, losses = self._split(part, random_state, tol)
            self._shift, where = max(self._shift, found.shift), members.pop(node)
            inertia.pop(node)
            left.pop(node)
            for side in (0, 1):
                new = len(children)
                children[node][side] = new
                children.append([-1, -1])
                centres.append(found.centres[side])
                members[new], inertia[new] = where[found.label == side], losses[side]
                by_loss = self.bisecting_strategy == "biggest_inertia"
                left[new] = losses[side] if by_loss else len(members[new])
        self.inertia_ = float(sum(inertia.values())) / data.scale**2
        return np.array(children), np.array(centres), members

    def _split(self, data: CentredRows, random_state: np.random.RandomState, tol: float) -> tuple[Fit, np.ndarray]:
        """The best split of some rows, and the inertia of the halves."""
        if data.weight.size and np.count_nonzero(data.weight) < 2:
            data.weight = np.empty(0)
        best, losses = None, np.zeros(2)
        for _ in range(self.n_init):
            start, rows = self._start(data, random_state, 2), assignment_for(data, 2)
            found = lloyd(rows, start, max_iter=self.max_iter, tol=tol)
            if best is None or found.inertia < best.inertia * (1 - 1e-6):
                square = rows.distances(found.centres)
                weighted = square * data.weight if data.weight.size else square
                best, losses = found, np.bincount(found.label, weighted, 2)
        assert best is not None
        return best, losses

    def predict(self, X: Any) -> np.ndarray:
        """Send rows down the tree, to the nearer centre at each split.

        Parameters
        ----------
        X : array-like or sparse matrix of shape (n, p)
            Rows.

        Returns
        -------
        ndarray of shape (n,)
            Indices into `cluster_centers_`.
        """
        check_is_fitted(self)
        X = self._checked(X, reset=False)
        label, waiting = np.empty(X.shape[0], np.int32), [(0, np.arange(X.shape[0]))]
        while waiting:
            node, rows = waiting.pop()
            pair = self.splits_.children[node]
            if pair[0] < 0:
                label[rows] = self.splits_.label[node]
            elif rows.size:
                part = X if rows.size == X.shape[0] and not issparse(X) else X[rows]
                side = nearest_centres(part, self.splits_.centre[pair])[0]
                waiting += [(int(pair[s]), rows[side == s]) for s in (0, 1)]
        return label


def _leaves(children: np.ndarray) -> list[int]:
    """Leaves from left to right."""
    found, waiting = [], [0]
    while waiting:
        node = waiting.pop()
        if children[node, 0] < 0:
            found.append(node)
        else:
            waiting += [int(children[node, 1]), int(children[node, 0])]
    return found
