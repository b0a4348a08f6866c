r"""Mini-batch k-means: the centres move a little with each batch of rows [sculley2010].

    a_i   = argmin_j |x_i - c_j|^2                         for the rows of the batch
    c_j  <- (N_j c_j + sum_{a_i = j} w_i x_i) / (N_j + sum_{a_i = j} w_i),     N_j <- N_j + sum_{a_i = j} w_i

so that c_j is the mean of all rows it was given so far, each at the time: a stochastic gradient step of length 1 / N_j
on the inertia. A batch costs m k p; far fewer rows than n are seen before the inertia of the batches stops falling.
A centre that gets much fewer rows than the others is put on a row of the batch.

When it fails: it ends a few percent above the inertia of `KMeans`, and is worth it only where a pass over all rows is
too dear, or where they come in pieces (`partial_fit`).

Course notes: 001 §10.1.
"""

import warnings
from typing import Any, ClassVar

import numpy as np
from sklearn.utils import check_random_state

from panlearn.cluster.centred_rows import CentredRows
from panlearn.cluster.centroid_estimator import CentroidEstimator, nearest_centres
from panlearn.cluster.plain_assignment import PlainAssignment
from panlearn.core.constraints import ARRAY, BOOLEAN, COUNT, NATURAL, NONNEGATIVE, RANDOM, VERBOSE, options, validated
from panlearn.core.progress import progress
from panlearn.core.registry import method
from panlearn.core.threads import single_threaded_blas


@method(
    "mini-batch k-means",
    tasks=("clustering",),
    notes=("001 10.1",),
    cost=lambda n, p, k: 20.0 * n * p * max(k, 8),
)
class MiniBatchKMeans(CentroidEstimator):
    """K-means from random batches of rows, or from rows that come in pieces.

    Parameters
    ----------
    n_clusters : int, default=8
        Number of clusters k.
    init : {"k-means++", "random"}, array-like of shape (k, p) or callable, default="k-means++"
        Where to start; a callable gets X, k and `random_state` and returns the centres.
    max_iter : int, default=100
        Most passes: max_iter n / batch_size batches.
    batch_size : int, default=1024
        Rows of a batch.
    verbose : int, default=0
        1 shows the progress.
    compute_labels : bool, default=True
        Label all rows in the end.
    random_state : int, RandomState or None, default=None
        Seed.
    tol : float, default=0.0
        Stop when the squared ways of the centres in one batch sum to `tol` times the mean variance of the columns; 0
        does not look at them.
    max_no_improvement : int or None, default=10
        Stop after this many batches without a new minimum of the smoothed inertia; None does not look at it.
    init_size : int, optional
        Rows from which the start is drawn; three batches by default.
    n_init : "auto" or int, default="auto"
        Starts, of which the best is used. "auto" is 3 for random and callable starts, else 1.
    reassignment_ratio : float, default=0.01
        Centres with less than this share of the rows of the largest cluster are put on rows of the batch.

    Attributes
    ----------
    cluster_centers_ : ndarray of shape (k, p)
        The centres.
    labels_ : ndarray of shape (n,)
        Nearest centre of each row, if `compute_labels`; after `partial_fit`, of the rows of the last batch.
    inertia_ : float
        Inertia of these rows; without labels, the smoothed one of the batches, times their number.
    n_iter_ : int
        Passes begun.
    n_steps_ : int
        Batches.
    certificate_ : str
        Inertia, and how far a centre moved at most in the last batch.
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
    [sculley2010], [arthur2007]; course note 001 §10.1

    Examples
    --------
    A centre is the mean of the rows it was given, also when they come in pieces:

    >>> import numpy as np
    >>> from panlearn.cluster import MiniBatchKMeans
    >>> X = np.array([[0.0], [10.0], [1.0], [11.0]])
    >>> model = MiniBatchKMeans(2, init=[[0.0], [10.0]])
    >>> model.partial_fit(X[:2]).partial_fit(X[2:]).cluster_centers_.ravel()
    array([ 0.5, 10.5])
    """

    _expected_failed_checks: ClassVar[dict[str, str]] = dict.fromkeys(
        ("check_sample_weight_equivalence_on_dense_data", "check_sample_weight_equivalence_on_sparse_data"),
        "the random batches differ between weights and repeated rows",
    )
    _parameter_constraints: ClassVar[dict[str, list]] = {
        "n_clusters": [COUNT],
        "init": [options("k-means++", "random"), callable, ARRAY],
        "max_iter": [COUNT],
        "batch_size": [COUNT],
        "verbose": [VERBOSE],
        "compute_labels": [BOOLEAN],
        "random_state": [RANDOM],
        "tol": [NONNEGATIVE],
        "max_no_improvement": [NATURAL, None],
        "init_size": [COUNT, None],
        "n_init": [options("auto"), COUNT],
        "reassignment_ratio": [NONNEGATIVE],
    }

    def __init__(
        self,
        n_clusters: int = 8,
        *,
        init: Any = "k-means++",
        max_iter: int = 100,
        batch_size: int = 1024,
        verbose: int = 0,
        compute_labels: bool = True,
        random_state: Any = None,
        tol: float = 0.0,
        max_no_improvement: int | None = 10,
        init_size: int | None = None,
        n_init: Any = "auto",
        reassignment_ratio: float = 0.01,
    ) -> None:
        self.n_clusters = n_clusters
        self.init = init
        self.max_iter = max_iter
        self.batch_size = batch_size
        self.verbose = verbose
        self.compute_labels = compute_labels
        self.random_state = random_state
        self.tol = tol
        self.max_no_improvement = max_no_improvement
        self.init_size = init_size
        self.n_init = n_init
        self.reassignment_ratio = reassignment_ratio

    @validated
    def fit(self, X: Any, y: Any = None, sample_weight: Any = None) -> "MiniBatchKMeans":
        """Find the centres from random batches of the rows.

        Parameters
        ----------
        X : array-like or sparse matrix of shape (n, p)
            Rows.
        y : object, optional
            Ignored.
        sample_weight : array-like of shape (n,), optional
            Weights of the rows, at least 0: how often they are drawn.

        Returns
        -------
        MiniBatchKMeans
            The fitted estimator.
        """
        X = self._checked(X, reset=True)
        self._check_sizes(X)
        random_state = check_random_state(self.random_state)
        data = CentredRows(X, self._weights(X, sample_weight))
        with single_threaded_blas():
            centres = self._best_start(data, random_state)
            smoothed = self._run(data, centres, random_state)
        n = X.shape[0]
        self.cluster_centers_ = data.centres(centres)
        self._n_features_out = self.n_clusters
        self.n_iter_ = int(np.ceil(self.n_steps_ * self._batch_size / n))
        if self.compute_labels:
            self.labels_, self.inertia_ = nearest_centres(X, self.cluster_centers_, data.weight)
        else:
            self.inertia_ = smoothed * n / data.scale**2
        self._certify()
        return self

    def _check_sizes(self, X: Any) -> None:
        self._check_count(X, 3)
        self._check_init(X)
        n, k = X.shape[0], self.n_clusters
        self._batch_size = min(self.batch_size, n)
        size = self.init_size or 3 * self._batch_size
        if size < k:
            if self.init_size is not None:
                warnings.warn(
                    f"init_size={size} should be larger than n_clusters={k}. Setting it to min(3*n_clusters, "
                    "n_samples)",
                    RuntimeWarning,
                    stacklevel=3,
                )
            size = 3 * k
        self._init_size = min(size, n)

    def _best_start(self, data: CentredRows, random_state: np.random.RandomState) -> np.ndarray:
        """The start of least inertia on some rows."""
        n, size = data.X.shape[0], self._init_size
        held_out = data.take(random_state.randint(0, n, size))
        best, least = None, np.inf
        for _ in range(self._n_init):
            some = data.take(random_state.randint(0, n, size)) if size < n else data
            start = self._start(_with_weight(some, self.n_clusters), random_state)
            rows = PlainAssignment(held_out.scaled, held_out.weight)
            rows.assign(start)
            inertia = rows.inertia(start)
            if best is None or inertia < least:
                best, least = start, inertia
        assert best is not None
        return best.copy()

    def _run(self, data: CentredRows, centres: np.ndarray, random_state: np.random.RandomState) -> float:
        """Move the centres batch by batch; returns the smoothed inertia of a row."""
        n, m = data.X.shape[0], self._batch_size
        self._counts, self._n_since_last_reassign = np.zeros(self.n_clusters), 0
        chance = np.cumsum(data.weight if data.weight.size else np.ones(n))
        chance /= chance[-1]
        smoothed, least, waited, tol = np.nan, np.inf, 0, self.tol * (data.variance if self.tol else 0.0)
        self.n_steps_ = self.max_iter * n // m
        for t in progress(
            range(self.n_steps_), "mini-batch k-means", enabled=self.verbose, certificate=lambda: smoothed
        ):
            picked = np.minimum(chance.searchsorted(random_state.random_sample(m), side="right"), n - 1)
            before, batch = centres.copy(), data.take(picked)
            inertia = self._step(batch.scaled, None, centres, random_state) / m
            if t == 0:  # that of the start
                continue
            share = min(1.0, 2.0 * m / (n + 1))
            smoothed = inertia if np.isnan(smoothed) else (1 - share) * smoothed + share * inertia
            least, waited = (smoothed, 0) if smoothed < least else (least, waited + 1)
            still = tol > 0 and np.square(centres - before).sum() <= tol
            if still or (self.max_no_improvement is not None and waited >= self.max_no_improvement):
                self.n_steps_ = int(t) + 1
                break
        return float(smoothed)

    def _step(self, Z: Any, weight: np.ndarray | None, centres: np.ndarray, random_state: Any) -> float:
        """Move the centres, in place, by one batch; returns its inertia before."""
        rows = PlainAssignment(Z, weight)
        rows.assign(centres)
        inertia, before = rows.inertia(centres), centres.copy()
        total, added, _ = rows.sums
        hit, counts = added > 0, self._counts
        moved = (centres[hit] * counts[hit, None] + total[hit]) / (counts[hit] + added[hit])[:, None]
        centres[hit] = moved
        counts[hit] += added[hit]
        self._last_shift = float(np.sqrt(np.square(centres - before).sum(axis=1).max()))
        if self._is_due(Z.shape[0]) and self.reassignment_ratio > 0:
            self._reassign(rows, centres, random_state)
        return inertia

    def _is_due(self, m: int) -> bool:
        """Whether to look for small clusters: every 10 k rows, or at once if one has no rows."""
        self._n_since_last_reassign += m
        if (self._counts == 0).any() or self._n_since_last_reassign >= 10 * self.n_clusters:
            self._n_since_last_reassign = 0
            return True
        return False

    def _reassign(self, rows: PlainAssignment, centres: np.ndarray, random_state: np.random.RandomState) -> None:
        """Put the centres of very small clusters on rows of the batch, half of them at most."""
        counts, m = self._counts, rows.X.shape[0]
        small = counts < self.reassignment_ratio * counts.max()
        if small.sum() > m // 2:
            small[np.argsort(counts)[m // 2 :]] = False
        if small.any():
            for j, i in zip(np.flatnonzero(small), random_state.choice(m, small.sum(), replace=False), strict=True):
                centres[j] = rows.row(i)[0]
            counts[small] = counts[~small].min()  # not so few that they move again at once

    @validated
    def partial_fit(self, X: Any, y: Any = None, sample_weight: Any = None) -> "MiniBatchKMeans":
        """Move the centres by one batch.

        Parameters
        ----------
        X : array-like or sparse matrix of shape (m, p)
            Rows; the first batch has to have `n_clusters` at least.
        y : object, optional
            Ignored.
        sample_weight : array-like of shape (m,), optional
            Weights of the rows, at least 0.

        Returns
        -------
        MiniBatchKMeans
            The estimator.
        """
        first = not hasattr(self, "cluster_centers_")
        X = self._checked(X, reset=first)
        data = CentredRows(X, self._weights(X, sample_weight))
        if first:
            self._check_sizes(X)
            self._random_state = check_random_state(self.random_state)
            some = data
            if self._init_size < X.shape[0]:
                some = data.take(self._random_state.randint(0, X.shape[0], self._init_size))
            centres = self._start(_with_weight(some, self.n_clusters), self._random_state)
            self._counts, self._n_since_last_reassign, self.n_steps_ = np.zeros(self.n_clusters), 0, 0
        else:
            centres = data.scaled_centres(self.cluster_centers_)
            self._random_state = getattr(self, "_random_state", check_random_state(self.random_state))
        self._step(data.scaled, data.weight, centres, self._random_state)
        self.n_steps_ += 1
        self._last_shift /= data.scale
        self.cluster_centers_ = data.centres(centres)
        self._n_features_out = self.n_clusters
        if self.compute_labels:
            self.labels_, self.inertia_ = nearest_centres(X, self.cluster_centers_, data.weight)
        self._certify()
        return self

    def _certify(self) -> None:
        inertia = f"inertia {self.inertia_:.6g}, " if hasattr(self, "inertia_") else ""
        self.certificate_ = f"{inertia}largest centre shift {self._last_shift:.1e} in batch {self.n_steps_}"


def _with_weight(data: CentredRows, k: int) -> CentredRows:
    """Rows to draw k centres from: with equal weights if fewer than k have a positive one."""
    if data.weight.size and np.count_nonzero(data.weight) < k:
        data.weight = np.empty(0)
    return data
