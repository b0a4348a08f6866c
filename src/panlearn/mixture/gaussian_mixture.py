"""Gaussian mixture: density as a sum of bells, fitted by EM [dempster1977], [bishop2006] §9.2.

    p(x) = Σ_k π_k N(x | μ_k, Σ_k)

    E step   r_ik = π_k N(x_i | k) / p(x_i)            the share of component k in row i
    M step   N_k = Σ_i r_ik,  π_k = N_k / N,  μ_k = Σ_i r_ik x_i / N_k,  Σ_k = Σ_i r_ik (x_i − μ_k)(x_i − μ_k)' / N_k

k-means is the limit of spherical Σ = σ² I, σ → 0. Row weights multiply r. Both steps are one pass over row blocks
(`gaussian_steps`). `gaussian_parameters` has the covariance types and says by how much `reg_covar` may lower the
likelihood, which else rises at every iteration: `optimize.em` checks it. For missing values see `missing_gaussian`.

When it fails: the likelihood has many maxima (raise `n_init`), and no bound where a component can shrink to a point or
a plane (raise `reg_covar`, lower `n_components`, or choose a simpler covariance: k d² / 2 numbers are many for few
rows). Overlapping components converge slowly: `accelerate=True`. Note 004 §10.
"""

from typing import Any, ClassVar

import numpy as np
from sklearn.utils import check_random_state
from sklearn.utils.validation import check_is_fitted, validate_data

from panlearn.core.blocks import ArrayRows, RowSource
from panlearn.core.constraints import BOOLEAN, COUNT, NATURAL, NONNEGATIVE, RANDOM, VERBOSE, options, validated
from panlearn.core.errors import DataError
from panlearn.core.registry import method
from panlearn.mixture import gaussian_parameters as parameters_of
from panlearn.mixture.gaussian_packing import packing
from panlearn.mixture.gaussian_parameters import GaussianParameters
from panlearn.mixture.gaussian_rows import answers, by_pattern, filled, survey
from panlearn.mixture.gaussian_rows import moments as moments_of
from panlearn.mixture.gaussian_start import Given, Shape, checked, starts
from panlearn.mixture.mixture_model import MixtureModel
from panlearn.optimize.em import EMFit, best_em


@method(
    "Gaussian mixture",
    tasks=("density", "clustering"),
    notes=("004 10",),
    cost=lambda n, p, k: 100.0 * n * p * p * max(k, 1),
    needs=("dense",),
)
class GaussianMixture(MixtureModel):
    """Mixture of Gaussians, fitted by EM.

    Parameters
    ----------
    n_components : int, default=1
        Number of Gaussians, k.
    covariance_type : {"full", "tied", "diag", "spherical"}, default="full"
        A matrix for each, one for all, variances for each, or one variance for each.
    tol : float, default=1e-3
        Stop when a step changes the mean log-likelihood of a row by less.
    reg_covar : float, default=1e-6
        Added to the diagonals of the covariances, so that they stay invertible.
    max_iter : int, default=100
        Most iterations; 0 returns the start.
    n_init : int, default=1
        Starts, of which the best fit is kept.
    init_params : {"kmeans", "k-means++", "random", "random_from_data"}, default="kmeans"
        How to start; "random" alone holds n × k numbers.
    weights_init : array-like of shape (k,), optional
        Weights to start from.
    means_init : array-like of shape (k, p), optional
        Means to start from.
    precisions_init : array-like, optional
        Inverse covariances to start from, in the shape of `precisions_`.
    random_state : int, RandomState or None, default=None
        Seed of the starts and of `sample`.
    warm_start : bool, default=False
        Go on from the last fit; `n_init` then counts for the first fit only.
    verbose : int, default=0
        Show progress.
    verbose_interval : int, default=10
        For compatibility; progress is shown at every iteration.
    accelerate : bool, default=False
        Jump along the iterates by SQUAREM: fewer iterations where components overlap and `tol` is small.

    Attributes
    ----------
    weights_ : ndarray of shape (k,)
        Shares of the components.
    means_ : ndarray of shape (k, p)
        Means.
    covariances_ : ndarray
        Covariances: full (k, p, p), tied (p, p), diag (k, p), spherical (k,).
    precisions_ : ndarray
        Their inverses.
    precisions_cholesky_ : ndarray
        Upper triangular U with U U' the precision; inverse standard deviations for diag and spherical.
    converged_ : bool
        Whether the last step changed the likelihood by less than `tol`.
    n_iter_ : int
        Iterations of the best fit.
    lower_bound_ : float
        Mean log-likelihood of a row before the last M step.
    lower_bounds_ : list of float
        The same at each iteration: it never falls, but for what `reg_covar` explains.
    degenerate_components_ : ndarray of int
        Components that `reg_covar` alone keeps from being singular, or that have lost all rows.
    certificate_ : str
        Likelihood, its last gain and whether it rose throughout, in words.
    n_features_in_ : int
        Number of features.
    feature_names_in_ : ndarray of shape (p,)
        Names of the features, if X has string column names.

    Raises
    ------
    ValueError
        If a covariance is singular with `reg_covar=0`, there are fewer rows than components, or a parameter or the data
        cannot be used.

    References
    ----------
    [dempster1977], [bishop2006] §9.2, [varadhan2008]; course notes 004 §10

    Examples
    --------
    A row between two bells belongs to both:

    >>> import numpy as np
    >>> from panlearn.mixture import GaussianMixture
    >>> X = np.array([[-2.0], [-1.0], [0.0], [4.0], [5.0], [6.0]])
    >>> model = GaussianMixture(2, covariance_type="tied", random_state=0).fit(X)
    >>> model.predict_proba([[2.0]]).round(2)
    array([[0.5, 0.5]])
    """

    _parameter_constraints: ClassVar[dict[str, list]] = {
        "n_components": [COUNT],
        "covariance_type": [options("full", "tied", "diag", "spherical")],
        "tol": [NONNEGATIVE],
        "reg_covar": [NONNEGATIVE],
        "max_iter": [NATURAL],
        "n_init": [COUNT],
        "init_params": [options("kmeans", "random", "random_from_data", "k-means++")],
        "weights_init": ["array-like", None],
        "means_init": ["array-like", None],
        "precisions_init": ["array-like", None],
        "random_state": [RANDOM],
        "warm_start": [BOOLEAN],
        "verbose": [VERBOSE],
        "verbose_interval": [COUNT],
        "accelerate": [BOOLEAN],
    }

    def __init__(
        self,
        n_components: int = 1,
        *,
        covariance_type: str = "full",
        tol: float = 1e-3,
        reg_covar: float = 1e-6,
        max_iter: int = 100,
        n_init: int = 1,
        init_params: str = "kmeans",
        weights_init: Any = None,
        means_init: Any = None,
        precisions_init: Any = None,
        random_state: Any = None,
        warm_start: bool = False,
        verbose: int = 0,
        verbose_interval: int = 10,
        accelerate: bool = False,
    ) -> None:
        self.n_components = n_components
        self.covariance_type = covariance_type
        self.tol = tol
        self.reg_covar = reg_covar
        self.max_iter = max_iter
        self.n_init = n_init
        self.init_params = init_params
        self.weights_init = weights_init
        self.means_init = means_init
        self.precisions_init = precisions_init
        self.random_state = random_state
        self.warm_start = warm_start
        self.verbose = verbose
        self.verbose_interval = verbose_interval
        self.accelerate = accelerate

    @validated
    def fit(self, X: Any, y: Any = None, sample_weight: Any = None) -> "GaussianMixture":
        """Fit the mixture.

        Parameters
        ----------
        X : array-like of shape (n, p) or RowSource
            Rows; NaN is a missing value, which the fit conditions on the others.
        y : object
            Ignored.
        sample_weight : array-like of shape (n,), optional
            Weights of the rows, at least 0: 2 counts a row twice.

        Returns
        -------
        GaussianMixture
            The fitted estimator.
        """
        source, dtype = self._rows(X, sample_weight)
        total, origin, missing = survey(source)
        shape = Shape(self.covariance_type, self.n_components, float(self.reg_covar))
        given = Given(self.weights_init, self.means_init, self.precisions_init)
        given = checked(given, shape.kind, shape.k, source.n_features)
        rng = check_random_state(self.random_state)
        resumed = self._resumed(shape, source.n_features)
        begin = (
            [resumed]
            if resumed
            else starts(shape, filled(source, origin, missing), self.init_params, given, rng, self.n_init)
        )
        if missing:
            source = by_pattern(source)

        def step(parameters: GaussianParameters) -> tuple[float, GaussianParameters]:
            moments = moments_of(shape.kind, parameters, source, origin, missing)
            return moments.log_likelihood / total, parameters_of.maximised(shape.kind, parameters, moments, shape.ridge)

        found = best_em(
            step,
            begin,
            tol=self.tol,
            max_iter=self.max_iter,
            allowance=lambda old, new: parameters_of.allowance(shape.kind, old, new),
            packing=packing(shape.kind) if self.accelerate else None,
            before=self.lower_bound_ if resumed else -np.inf,
            verbose=self.verbose,
            title="Gaussian mixture",
        )
        gain = self._keep(found, dtype)
        if self.max_iter and not found.converged:
            self._warn_unconverged(
                f"the last gain is {gain:.1e}, tol is {self.tol:.1e}",
                "Best performing initialization did not converge. Try different init parameters, or increase max_iter, "
                "tol, or check for degenerate data.",
            )
        return self

    def _rows(self, X: Any, sample_weight: Any) -> tuple[RowSource, Any]:
        """The rows, and the type of the attributes."""
        source = self._source(X, None, sample_weight, accept_sparse=False, ensure_min_samples=2)
        if not isinstance(source, ArrayRows):
            return source, np.float64
        n = len(source.rows.X)
        if n < self.n_components:
            raise DataError(
                f"Expected n_samples >= n_components but got n_components = {self.n_components}, n_samples = {n}"
            )
        return source, source.rows.X.dtype

    def _resumed(self, shape: Shape, d: int) -> GaussianParameters | None:
        if not (self.warm_start and hasattr(self, "converged_") and self.means_.shape == (shape.k, d)):
            return None
        return self._parameters(np.full((shape.k, d), shape.ridge))

    def _parameters(self, added: np.ndarray) -> GaussianParameters:
        fields = (self.weights_, self.means_, self.covariances_, self.precisions_cholesky_)
        weights, means, covariances, factors = (np.asarray(x, np.float64) for x in fields)
        return GaussianParameters(weights, means, covariances, factors, added)

    def _keep(self, found: EMFit[GaussianParameters], dtype: Any) -> float:
        """Set the attributes; returns the last gain."""
        kind, parameters = self.covariance_type, found.parameters
        self.weights_ = (parameters.weights / parameters.weights.sum()).astype(dtype)
        self.means_, self.covariances_ = parameters.means.astype(dtype), parameters.covariances.astype(dtype)
        self.precisions_cholesky_ = parameters.factors.astype(dtype)
        self.precisions_ = parameters_of.precisions(kind, parameters.factors).astype(dtype)
        self.degenerate_components_ = parameters_of.held_up(kind, parameters)
        gain = self._keep_course(found, "mean log-likelihood")
        if held := len(self.degenerate_components_):
            self.certificate_ += f"; {held} of {len(self.weights_)} components degenerate, held up by reg_covar"
        return gain

    def _says(self, X: np.ndarray, what: str) -> np.ndarray:
        return answers(self.covariance_type, self._parameters(np.zeros_like(self.means_)), X, what)

    def _checked(self, X: Any) -> Any:
        check_is_fitted(self)
        return validate_data(self, X, dtype=[np.float64, np.float32], ensure_all_finite="allow-nan", reset=False)

    def _n_parameters(self) -> int:
        return parameters_of.free_parameters(self.covariance_type, *self.means_.shape)

    def _draw(self, component: int, count: int, rng: Any) -> np.ndarray:
        kind, mean = self.covariance_type, self.means_[component]
        covariance = self.covariances_ if kind == "tied" else self.covariances_[component]
        if parameters_of.is_matrix(kind):
            return rng.multivariate_normal(mean, covariance, count)
        return mean + rng.standard_normal(size=(count, len(mean))) * np.sqrt(covariance)

    @classmethod
    def _warm_kernels(cls) -> None:
        X = np.random.default_rng(0).normal(size=(100, 2))
        gaps = np.where(np.eye(100, 2, dtype=bool), np.nan, X)
        for kind in ("full", "diag"):
            model = cls(2, covariance_type=kind, random_state=0, tol=1.0)
            for rows in (X, gaps):
                model.fit(rows).score(rows)

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.input_tags.allow_nan = True
        return tags
