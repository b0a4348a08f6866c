r"""K-means: k centres such that the squared distances of the rows to their nearest centre sum to the least.

    minimise over c    J(c) = sum_i w_i min_j |x_i - c_j|^2

which is NP-hard; Lloyd's iteration [lloyd1982] finds a local minimum from a start, and k-means++ [arthur2007] finds
starts that are good on average. Each row goes to its nearest centre, each centre to the mean of its rows:

- few rows, or sparse ones: all distances by one product (`panlearn.cluster.plain_assignment`);
- many rows: bounds from the triangle inequality leave out most of them and change no label
  (`panlearn.cluster.bounded_assignment`). Cost n p k for the first pass, a few percent of it for the later ones.

When it fails: clusters that are long, bent or of unlike width, for the border between two centres is the plane
half-way; columns in unlike units, of which the largest decides: scale first. And k has to be known: look at the inertia
over k, or fit a `GaussianMixture` and compare BIC.

Course notes: 001 §10.1.
"""

import warnings
from typing import Any, ClassVar

import numpy as np
from sklearn.exceptions import ConvergenceWarning
from sklearn.utils import check_random_state

from panlearn.cluster.centred_rows import CentredRows
from panlearn.cluster.centroid_estimator import CentroidEstimator, assignment_for
from panlearn.cluster.lloyd import Fit, lloyd
from panlearn.core.constraints import ARRAY, BOOLEAN, COUNT, NONNEGATIVE, RANDOM, VERBOSE, options, validated
from panlearn.core.registry import method
from panlearn.core.threads import single_threaded_blas


@method(
    "k-means",
    tasks=("clustering",),
    notes=("001 10.1",),
    cost=lambda n, p, k: 60.0 * n * p * max(k, 8),
)
class KMeans(CentroidEstimator):
    """Clusters around k means, found by Lloyd's iteration from a k-means++ start.

    Parameters
    ----------
    n_clusters : int, default=8
        Number of clusters k, between 1 and n.
    init : {"k-means++", "random"}, array-like of shape (k, p) or callable, default="k-means++"
        Where to start; a callable gets X, k and `random_state` and returns the centres.
    n_init : "auto" or int, default="auto"
        Starts, of which the best fit is kept. "auto" is 10 for random and callable starts, else 1.
    max_iter : int, default=300
        Most iterations from one start.
    tol : float, default=1e-4
        Stop when the squared ways of the centres in one iteration sum to `tol` times the mean variance of the columns;
        0 waits for labels that no longer change.
    verbose : int, default=0
        1 shows the progress.
    random_state : int, RandomState or None, default=None
        Seed of the starts.
    copy_x : bool, default=True
        Accepted for compatibility; X is never changed.
    algorithm : {"lloyd", "elkan"}, default="lloyd"
        Accepted for compatibility; bounds are used wherever they pay, with the same result.

    Attributes
    ----------
    cluster_centers_ : ndarray of shape (k, p)
        The centres.
    labels_ : ndarray of shape (n,)
        Nearest centre of each row.
    inertia_ : float
        J at the centres.
    n_iter_ : int
        Iterations of the best run.
    center_shift_ : float
        Certificate: how far a centre moved at most in the last iteration; 0 at a fixed point.
    certificate_ : str
        The same in words, with the inertia.
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
    [lloyd1982], [arthur2007], [hamerly2010], [ding2015]; course note 001 §10.1

    Examples
    --------
    At a fixed point each centre is the mean of its rows:

    >>> import numpy as np
    >>> from panlearn.cluster import KMeans
    >>> X = np.array([[1.0, 2.0], [1.0, 4.0], [1.0, 0.0], [10.0, 2.0], [10.0, 4.0], [10.0, 0.0]])
    >>> model = KMeans(2, random_state=0).fit(X)
    >>> model.cluster_centers_[model.labels_[0]], model.inertia_
    (array([1., 2.]), 16.0)
    """

    _expected_failed_checks: ClassVar[dict[str, str]] = dict.fromkeys(
        ("check_sample_weight_equivalence_on_dense_data", "check_sample_weight_equivalence_on_sparse_data"),
        "the random starts differ between weights and repeated rows",
    )
    _parameter_constraints: ClassVar[dict[str, list]] = {
        "n_clusters": [COUNT],
        "init": [options("k-means++", "random"), callable, ARRAY],
        "n_init": [options("auto"), COUNT],
        "max_iter": [COUNT],
        "tol": [NONNEGATIVE],
        "verbose": [VERBOSE],
        "random_state": [RANDOM],
        "copy_x": [BOOLEAN],
        "algorithm": [options("lloyd", "elkan")],
    }

    def __init__(
        self,
        n_clusters: int = 8,
        *,
        init: Any = "k-means++",
        n_init: Any = "auto",
        max_iter: int = 300,
        tol: float = 1e-4,
        verbose: int = 0,
        random_state: Any = None,
        copy_x: bool = True,
        algorithm: str = "lloyd",
    ) -> None:
        self.n_clusters = n_clusters
        self.init = init
        self.n_init = n_init
        self.max_iter = max_iter
        self.tol = tol
        self.verbose = verbose
        self.random_state = random_state
        self.copy_x = copy_x
        self.algorithm = algorithm

    @validated
    def fit(self, X: Any, y: Any = None, sample_weight: Any = None) -> "KMeans":
        """Find the centres.

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
        KMeans
            The fitted estimator.
        """
        X = self._checked(X, reset=True)
        self._check_count(X, 10)
        self._check_init(X)
        if self.algorithm == "elkan" and self.n_clusters == 1:
            text = "algorithm='elkan' doesn't make sense for a single cluster. Using 'lloyd' instead."
            warnings.warn(text, RuntimeWarning, stacklevel=2)
        data = CentredRows(X, self._weights(X, sample_weight))
        with single_threaded_blas():
            best = self._best_of(data)
        self.cluster_centers_ = data.centres(best.centres)
        self._n_features_out = self.n_clusters
        self.labels_, self.n_iter_ = best.label, best.n_iter
        self.inertia_, self.center_shift_ = best.inertia / data.scale**2, best.shift / data.scale
        self.certificate_ = (
            f"inertia {self.inertia_:.6g}, largest centre shift {self.center_shift_:.1e} in iteration {best.n_iter}"
        )
        self._say_what_is_missing(best)
        return self

    def _best_of(self, data: CentredRows) -> Fit:
        """The run of least inertia."""
        random_state, best = check_random_state(self.random_state), None
        single = data.X.dtype == np.float32
        for _ in range(self._n_init):
            start = self._start(data, random_state)
            rows = assignment_for(data, self.n_clusters)
            found = lloyd(
                rows,
                start,
                max_iter=self.max_iter,
                tol=self.tol * data.variance,
                rounded=(lambda c: data.scaled_centres(data.centres(c))) if single else None,
                verbose=self.verbose,
            )
            if best is None or found.inertia < best.inertia:
                best = found
        assert best is not None
        return best

    def _say_what_is_missing(self, found: Fit) -> None:
        distinct = len(np.unique(self.labels_))
        if distinct < self.n_clusters:
            warnings.warn(
                f"Number of distinct clusters ({distinct}) found smaller than n_clusters ({self.n_clusters}). Possibly "
                "due to duplicate points in X.",
                ConvergenceWarning,
                stacklevel=3,
            )
        elif not found.converged:
            self._warn_unconverged(self.certificate_, "Raise max_iter or tol.")

    @classmethod
    def _warm_kernels(cls) -> None:
        rng = np.random.default_rng(0)
        for dtype in (np.float64, np.float32):
            for n, p, k in ((20_000, 2, 8), (2_000, 100, 30)):
                cls(k, tol=1e9, random_state=0).fit(rng.normal(size=(n, p)).astype(dtype))


def k_means(
    X: Any,
    n_clusters: int,
    *,
    sample_weight: Any = None,
    init: Any = "k-means++",
    n_init: Any = "auto",
    max_iter: int = 300,
    verbose: int = 0,
    tol: float = 1e-4,
    random_state: Any = None,
    copy_x: bool = True,
    algorithm: str = "lloyd",
    return_n_iter: bool = False,
) -> tuple:
    """Find k means, as a function.

    Parameters
    ----------
    X : array-like or sparse matrix of shape (n, p)
        Rows.
    n_clusters : int
        Number of clusters.
    sample_weight : array-like of shape (n,), optional
        Weights of the rows.
    init : {"k-means++", "random"}, array-like of shape (k, p) or callable, default="k-means++"
        Where to start.
    n_init : "auto" or int, default="auto"
        Starts.
    max_iter : int, default=300
        Most iterations from one start.
    verbose : int, default=0
        1 shows the progress.
    tol : float, default=1e-4
        Way of the centres at which to stop; see `KMeans`.
    random_state : int, RandomState or None, default=None
        Seed of the starts.
    copy_x : bool, default=True
        Accepted for compatibility.
    algorithm : {"lloyd", "elkan"}, default="lloyd"
        Accepted for compatibility.
    return_n_iter : bool, default=False
        Also return the number of iterations.

    Returns
    -------
    centroid : ndarray of shape (k, p)
        The centres.
    label : ndarray of shape (n,)
        Nearest centre of each row.
    inertia : float
        Weighted sum of the squared distances.
    best_n_iter : int
        Iterations of the best run, if `return_n_iter`.

    Raises
    ------
    ValueError
        If a parameter or the data cannot be used.

    References
    ----------
    [lloyd1982], [arthur2007]; course note 001 §10.1

    Examples
    --------
    >>> import numpy as np
    >>> from panlearn.cluster import k_means
    >>> centres, labels, inertia = k_means(np.array([[0.0], [1.0], [8.0], [9.0]]), 2, random_state=0)
    >>> sorted(centres.ravel().tolist()), inertia
    ([0.5, 8.5], 1.0)
    """
    model = KMeans(
        n_clusters,
        init=init,
        n_init=n_init,
        max_iter=max_iter,
        verbose=verbose,
        tol=tol,
        random_state=random_state,
        copy_x=copy_x,
        algorithm=algorithm,
    ).fit(X, sample_weight=sample_weight)
    found = (model.cluster_centers_, model.labels_, model.inertia_)
    return (*found, model.n_iter_) if return_n_iter else found
