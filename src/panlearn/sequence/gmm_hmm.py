"""Hidden Markov model whose states are mixtures of Gaussians [juang1985], [huang2001].

    p(x_t | state j) = Σ_m w_jm N(x_t | μ_jm, Σ_jm)

For frames that are no bells, as the cepstra of a phone said by many speakers. `mixture_emissions` has the E and M step.
Priors are hmmlearn's, in its parametrisation; None is none, and a floor then holds up components that shrink.

When it fails: as `GaussianHMM`, and more easily, for there are N M bells to place. A mixture can do the work of the
chain: more states with one bell each may say more about the order of the frames. Course notes: 004 §11, §10.
"""

import logging
from typing import Any, ClassVar

import numpy as np

from panlearn.core.constraints import COUNT, NONNEGATIVE, options
from panlearn.core.errors import DataError
from panlearn.core.registry import method
from panlearn.sequence import gaussian_start as begin
from panlearn.sequence.gaussian_densities import gaussians
from panlearn.sequence.gaussian_estimates import GaussianPrior
from panlearn.sequence.hidden_markov_model import HiddenMarkovModel
from panlearn.sequence.hmm_inference import require_distribution
from panlearn.sequence.mixture_emissions import MixtureEmissions, MixturePrior

_log = logging.getLogger(__name__)


@method(
    "Hidden Markov model, Gaussian mixtures",
    tasks=("sequence",),
    notes=("004 11", "004 10"),
    cost=lambda n, p, k: 300.0 * n * max(k, 1) * (max(k, 1) + p),
)
class GMMHMM(HiddenMarkovModel):
    """Hidden Markov model with mixtures of Gaussians in its states, fitted by EM.

    Parameters
    ----------
    n_components : int, default=1
        Number of states N.
    n_mix : int, default=1
        Number of Gaussians M in a state.
    min_covar : float, default=1e-3
        Added to the diagonal of the covariance that EM starts from. A billionth of that diagonal is the floor under
        the variances of the components.
    startprob_prior : float or array of shape (N,), default=1.0
        Dirichlet prior of `startprob_`; 1 is none.
    transmat_prior : float or array of shape (N, N), default=1.0
        Dirichlet priors of the rows of `transmat_`.
    weights_prior : float or array of shape (N, M), default=1.0
        Dirichlet priors of the rows of `weights_`.
    means_prior : float or array of shape (N, M) or (N, M, p), default=0.0
        Means of the Gaussian priors of the means.
    means_weight : float or array of shape (N, M), default=0.0
        How many frames these priors count for; 0 is no prior.
    covars_prior : float or array, optional
        Full and tied: scale of the inverse Wishart prior; diag and spherical: shape α of the inverse gamma prior.
        None is no prior.
    covars_weight : float or array, optional
        Full and tied: degrees of freedom of the inverse Wishart prior; diag and spherical: scale β of the inverse gamma
        prior. None is no prior.
    algorithm : {"viterbi", "map"}, default="viterbi"
        How `predict` and `decode` choose states.
    covariance_type : {"diag", "spherical", "full", "tied"}, default="diag"
        Variances of the columns for each component, one variance for each, a matrix for each, or one matrix for all
        components of a state (for `GaussianHMM` it is one for all states).
    random_state : int, RandomState or None, default=None
        Seed of the start, and of `sample`.
    n_iter : int, default=10
        Most iterations of EM.
    tol : float, default=1e-2
        Stop when an iteration gains less log-likelihood (with priors: log-posterior).
    verbose : int, default=0
        1 shows a progress bar, 2 prints hmmlearn's lines.
    params : str, default="stmcw"
        What EM updates: "s" start, "t" transitions, "m" means, "c" covariances, "w" weights.
    init_params : str, default="stmcw"
        What is set before EM, means by k-means in two levels; the rest stays as it was set by hand.
    implementation : {"log", "scaling"}, default="log"
        For compatibility; both are the same here, exact and without underflow.
    n_init : int, default=1
        Starts, of which the best fit is kept.

    Attributes
    ----------
    startprob_ : ndarray of shape (N,)
        Probabilities of the first state.
    transmat_ : ndarray of shape (N, N)
        Probabilities of the transitions, from row to column.
    weights_ : ndarray of shape (N, M)
        Weights of the components in each state.
    means_ : ndarray of shape (N, M, p)
        Means of the components.
    covars_ : ndarray
        Covariances: spherical (N, M), diag (N, M, p), full (N, M, p, p), tied (N, p, p).
    degenerate_components_ : ndarray of int
        Components, counted state by state, that the floor alone keeps from shrinking to a point or a plane.
    monitor_ : ConvergenceMonitor
        Log-likelihood at each iteration.
    converged_ : bool
        Whether the last iteration gained less than `tol`.
    n_iter_ : int
        Iterations of the best start.
    certificate_ : str
        Where EM stopped, in words.
    n_features : int
        Number of columns p.
    n_features_in_ : int
        The same.
    feature_names_in_ : ndarray of shape (p,)
        Names of the features, if X has string column names.

    Raises
    ------
    ValueError
        If there are fewer frames than states, a column has no number, or a parameter or the data cannot be used.

    References
    ----------
    [juang1985], [rabiner1989], [huang2001]; course notes 004 §11, §10

    Examples
    --------
    State 0 is on either side of state 1: one bell for it would cover both.

    >>> import numpy as np
    >>> from panlearn.sequence import GMMHMM
    >>> rng = np.random.default_rng(0)
    >>> path = np.repeat([0, 1, 0, 1], 100)
    >>> X = np.where(path, 0.0, rng.choice([-5.0, 5.0], 400))[:, None] + rng.normal(size=(400, 1))
    >>> model = GMMHMM(2, n_mix=2, n_iter=100, init_params="cw")
    >>> model.startprob_, model.transmat_ = [0.5, 0.5], [[0.9, 0.1], [0.1, 0.9]]
    >>> model.means_ = [[[-4.0], [4.0]], [[-1.0], [1.0]]]
    >>> found = model.fit(X).predict(X)
    >>> bool((found == path).all()), model.means_[0].ravel().round()
    (True, array([-5.,  5.]))
    """

    _letters: ClassVar[str] = "stmcw"
    _parameter_constraints: ClassVar[dict[str, list]] = {
        **HiddenMarkovModel._parameter_constraints,
        "n_mix": [COUNT],
        "covariance_type": [options(*begin.KINDS)],
        "min_covar": [NONNEGATIVE],
        "weights_prior": [NONNEGATIVE, "array-like"],
        "means_prior": [float, int, "array-like"],
        "means_weight": [NONNEGATIVE, "array-like"],
        "covars_prior": [float, int, "array-like", None],
        "covars_weight": [float, int, "array-like", None],
    }
    weights_: Any
    means_: Any
    covars_: Any

    def __init__(
        self,
        n_components: int = 1,
        n_mix: int = 1,
        min_covar: float = 1e-3,
        startprob_prior: Any = 1.0,
        transmat_prior: Any = 1.0,
        weights_prior: Any = 1.0,
        means_prior: Any = 0.0,
        means_weight: Any = 0.0,
        covars_prior: Any = None,
        covars_weight: Any = None,
        algorithm: str = "viterbi",
        covariance_type: str = "diag",
        random_state: Any = None,
        n_iter: int = 10,
        tol: float = 1e-2,
        verbose: int = 0,
        params: str = "stmcw",
        init_params: str = "stmcw",
        implementation: str = "log",
        *,
        n_init: int = 1,
    ) -> None:
        self.n_components = n_components
        self.n_mix = n_mix
        self.min_covar = min_covar
        self.startprob_prior = startprob_prior
        self.transmat_prior = transmat_prior
        self.weights_prior = weights_prior
        self.means_prior = means_prior
        self.means_weight = means_weight
        self.covars_prior = covars_prior
        self.covars_weight = covars_weight
        self.algorithm = algorithm
        self.covariance_type = covariance_type
        self.random_state = random_state
        self.n_iter = n_iter
        self.tol = tol
        self.verbose = verbose
        self.params = params
        self.init_params = init_params
        self.implementation = implementation
        self.n_init = n_init

    @property
    def _lead(self) -> tuple[int, ...]:
        return (self.n_components,) if self.covariance_type == "tied" else (self.n_components, self.n_mix)

    def _check_rows(self, X: np.ndarray) -> np.ndarray:
        return np.ascontiguousarray(X, dtype=np.float64)

    def _agree(self, rows: np.ndarray) -> None:
        if rows.shape[1] != self.n_features:
            raise DataError(f"X has {rows.shape[1]} features, but the components have means of {self.n_features}.")

    def _check_emissions(self) -> None:
        begin.require_kind(self.covariance_type)
        shape = (self.n_components, self.n_mix)
        self.weights_ = np.asarray(self.weights_, dtype=np.float64)
        if self.weights_.shape != shape:
            raise DataError(f"weights_ must have shape {shape}, got {self.weights_.shape}.")
        require_distribution("weights_", self.weights_)
        self.means_ = np.asarray(self.means_, dtype=np.float64)
        if self.means_.ndim != 3 or self.means_.shape[:2] != shape or not np.isfinite(self.means_).all():
            raise DataError(f"means_ must be finite numbers of shape {(*shape, 'p')}, got {self.means_.shape}.")
        self.n_features = self.means_.shape[2]
        self.covars_ = begin.checked(self.covariance_type, self.covars_, self._lead, self.n_features)

    def _start(self, X: np.ndarray, offsets: np.ndarray, rng: np.random.RandomState) -> None:
        found = begin.survey(X, self.min_covar)
        self._floor = found.floor
        if self._needs_init("w", "weights_"):
            self.weights_ = np.full((self.n_components, self.n_mix), 1 / self.n_mix)
        if self._needs_init("m", "means_"):
            self.means_ = _means(found.rows, self.n_components, self.n_mix, rng)
        if self._needs_init("c", "covars_"):
            self.covars_ = begin.template(self.covariance_type, found.covariance, self._lead)

    def _emissions(self) -> MixtureEmissions:
        kind, means = self.covariance_type, np.asarray(self.means_, dtype=np.float64)
        flat = np.ascontiguousarray(means.reshape(-1, means.shape[-1]))
        model = gaussians(flat, begin.written_out(kind, np.asarray(self.covars_, np.float64), means.shape))
        floor = getattr(self, "_floor", np.zeros(means.shape[-1]))
        return MixtureEmissions(kind, np.asarray(self.weights_, np.float64), model, floor)

    def _keep(self, emissions: MixtureEmissions) -> None:
        model, shape = emissions.model, emissions.weights.shape
        self.weights_, self.means_ = emissions.weights, model.means.reshape(*shape, -1)
        groups = self.n_components if self.covariance_type == "tied" else len(model.means)
        self.covars_ = begin.written_short(self.covariance_type, model.covariances, self._lead, groups)
        self.degenerate_components_ = begin.degenerate(model.covariances, emissions.floor)
        if len(self.degenerate_components_):
            _log.warning(
                "The components %s shrank to a point or a plane, where the likelihood has no bound; only the floor "
                "holds them up. Give covars_prior, or take fewer components.",
                self.degenerate_components_.tolist(),
            )

    def _priors(self) -> MixturePrior:
        shape, p = (self.n_components, self.n_mix), self.n_features
        K = shape[0] * shape[1]
        mean = begin.prior_of("means_prior", self.means_prior, (*shape, p), 2).reshape(K, p)
        weight = begin.prior_of("means_weight", self.means_weight, (*shape, 1), 2).reshape(K, 1)
        prior = GaussianPrior(mean, weight, *self._covariance_prior(), self.params)
        return MixturePrior(begin.prior_of("weights_prior", self.weights_prior, shape), prior, self.params)

    def _covariance_prior(self) -> tuple[np.ndarray, np.ndarray]:
        """Scale and degrees of `GaussianPrior` from hmmlearn's parameters."""
        kind, p, lead = self.covariance_type, self.n_features, self._lead
        prior, weight = self.covars_prior, self.covars_weight
        if kind in ("diag", "spherical"):
            each = p if kind == "diag" else 1  # numbers of a component
            alpha = begin.prior_of("covars_prior", -1.5 if prior is None else prior, (*lead, each), 2)
            beta = begin.prior_of("covars_weight", 0.0 if weight is None else weight, (*lead, each), 2)
            degrees = 2 * alpha + (3 if kind == "diag" else 2 + p)
            if prior is None:
                degrees = np.zeros_like(alpha)
            return 2 * beta.reshape(-1, each), degrees.reshape(-1, each)
        free = self.n_mix if kind == "tied" else 1
        scale = begin.prior_of("covars_prior", 0.0 if prior is None else prior, (*lead, p, p), len(lead))
        least = -(free + p + 1.0)
        nu = begin.prior_of("covars_weight", least if weight is None else weight, (*lead, 1, 1), len(lead))
        return scale.reshape(-1, p, p), (nu - least).reshape(-1, 1, 1)

    @classmethod
    def _warm_kernels(cls) -> None:
        X = np.random.default_rng(0).normal(size=(400, 2))
        for kind in ("diag", "full"):
            cls(2, 2, covariance_type=kind, n_iter=1, random_state=0).fit(X).decode(X)


def _means(X: np.ndarray, N: int, M: int, rng: Any) -> np.ndarray:
    """Centres of k-means within the clusters of k-means, (N, M, p)."""
    labels = begin.kmeans(N, X, rng)[1]
    means = np.empty((N, M, X.shape[1]))
    for j in range(N):
        own = X[labels == j] if (labels == j).any() else X
        if len(own) >= M:
            means[j] = begin.kmeans(M, own, rng)[0]
        else:  # too few rows: points between them, all unlike, for equal components would stay equal
            means[j] = rng.dirichlet(np.ones(len(own)), size=M) @ own
    return means
