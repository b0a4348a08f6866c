"""Hidden Markov model of vectors: each state draws its frames from a Gaussian [rabiner1989], [huang2001].

    p(x_t | state j) = N(x_t | μ_j, Σ_j)

    μ_j ← Σ_t γ_t(j) x_t / Σ_t γ_t(j)        Σ_j ← Σ_t γ_t(j) (x_t − μ_j)(x_t − μ_j)' / Σ_t γ_t(j)

It is a Gaussian mixture whose component depends on the one before. Cost of an iteration: n N² for the chain, and n N p
for variances or n N p² for matrices. `gaussian_estimates` has the M step with priors, which are hmmlearn's.

When it fails: the likelihood has many maxima (`n_init`), and no bound where a state can shrink to a point or a plane: a
prior (`covars_prior`) or a floor far below the data's variances holds it up, and `degenerate_states_` names it. The
time spent in a state is geometric. Frames that are no bells: `GMMHMM`. Course notes: 004 §11, §10.
"""

import logging
from typing import Any, ClassVar

import numpy as np

from panlearn.core.constraints import NONNEGATIVE, options
from panlearn.core.errors import DataError
from panlearn.core.registry import method
from panlearn.sequence import gaussian_start as begin
from panlearn.sequence.gaussian_densities import gaussians
from panlearn.sequence.gaussian_emissions import GaussianEmissions
from panlearn.sequence.gaussian_estimates import GaussianPrior
from panlearn.sequence.hidden_markov_model import HiddenMarkovModel

_log = logging.getLogger(__name__)


@method(
    "Hidden Markov model, Gaussian",
    tasks=("sequence",),
    notes=("004 11", "004 10"),
    cost=lambda n, p, k: 100.0 * n * max(k, 1) * (max(k, 1) + p),
)
class GaussianHMM(HiddenMarkovModel):
    """Hidden Markov model with Gaussian states, fitted by EM.

    Parameters
    ----------
    n_components : int, default=1
        Number of states N.
    covariance_type : {"diag", "spherical", "full", "tied"}, default="diag"
        Variances of the columns for each state, one variance for each state, a matrix for each, or one matrix for all.
    min_covar : float, default=1e-3
        Added to the diagonal of the covariance that EM starts from. A billionth of that diagonal is the floor under
        the variances of the states.
    startprob_prior : float or array of shape (N,), default=1.0
        Dirichlet prior of `startprob_`; 1 is none.
    transmat_prior : float or array of shape (N, N), default=1.0
        Dirichlet priors of the rows of `transmat_`.
    means_prior : float or array of shape (N,) or (N, p), default=0
        Means of the Gaussian priors of the means.
    means_weight : float or array of shape (N,), default=0
        How many frames these priors count for; 0 is no prior.
    covars_prior : float or array, default=1e-2
        Scale of the prior of the covariances, that of a sum of squares: inverse gamma for variances, shape (N,) or
        (N, p); inverse Wishart for matrices, shape (N, p, p), (p, p), or a number for all entries.
    covars_weight : float or array of shape (N,), default=1
        Degrees of freedom of that prior; those above 1 (above p for matrices) count as frames.
    algorithm : {"viterbi", "map"}, default="viterbi"
        How `predict` and `decode` choose states.
    random_state : int, RandomState or None, default=None
        Seed of the start, and of `sample`.
    n_iter : int, default=10
        Most iterations of EM.
    tol : float, default=1e-2
        Stop when an iteration gains less log-likelihood (with priors: log-posterior).
    verbose : int, default=0
        1 shows a progress bar, 2 prints hmmlearn's lines.
    params : str, default="stmc"
        What EM updates: "s" start, "t" transitions, "m" means, "c" covariances.
    init_params : str, default="stmc"
        What is set before EM, means by k-means; the rest stays as it was set by hand.
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
    means_ : ndarray of shape (N, p)
        Means.
    covars_ : ndarray of shape (N, p, p)
        Covariances as matrices, whatever their kind. Set them in the kind's own shape: spherical (N,), diag (N, p),
        full (N, p, p), tied (p, p).
    degenerate_states_ : ndarray of int
        States that the floor alone keeps from shrinking to a point or a plane.
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
    [rabiner1989], [baum1970], [huang2001]; course notes 004 §11, §10

    Examples
    --------
    Two states of unlike mean, each of which lasts; a gap (NaN) is passed through:

    >>> import numpy as np
    >>> from panlearn.sequence import GaussianHMM
    >>> rng = np.random.default_rng(0)
    >>> path = np.repeat([0, 1, 0], 40)
    >>> X = 5.0 * path[:, None] + rng.normal(size=(120, 1))
    >>> X[50] = np.nan
    >>> model = GaussianHMM(2, n_iter=50, random_state=0).fit(X)
    >>> np.flatnonzero(np.diff(model.predict(X))) + 1  # where the state changes
    array([40, 80])
    """

    _letters: ClassVar[str] = "stmc"
    _parameter_constraints: ClassVar[dict[str, list]] = {
        **HiddenMarkovModel._parameter_constraints,
        "covariance_type": [options(*begin.KINDS)],
        "min_covar": [NONNEGATIVE],
        "means_prior": ["array-like", None, float, int],
        "means_weight": [NONNEGATIVE, "array-like"],
        "covars_prior": [NONNEGATIVE, "array-like"],
        "covars_weight": [float, int, "array-like"],
    }
    means_: Any

    def __init__(
        self,
        n_components: int = 1,
        covariance_type: str = "diag",
        min_covar: float = 1e-3,
        startprob_prior: Any = 1.0,
        transmat_prior: Any = 1.0,
        means_prior: Any = 0,
        means_weight: Any = 0,
        covars_prior: Any = 1e-2,
        covars_weight: Any = 1,
        algorithm: str = "viterbi",
        random_state: Any = None,
        n_iter: int = 10,
        tol: float = 1e-2,
        verbose: int = 0,
        params: str = "stmc",
        init_params: str = "stmc",
        implementation: str = "log",
        *,
        n_init: int = 1,
    ) -> None:
        self.n_components = n_components
        self.covariance_type = covariance_type
        self.min_covar = min_covar
        self.startprob_prior = startprob_prior
        self.transmat_prior = transmat_prior
        self.means_prior = means_prior
        self.means_weight = means_weight
        self.covars_prior = covars_prior
        self.covars_weight = covars_weight
        self.algorithm = algorithm
        self.random_state = random_state
        self.n_iter = n_iter
        self.tol = tol
        self.verbose = verbose
        self.params = params
        self.init_params = init_params
        self.implementation = implementation
        self.n_init = n_init

    @property
    def covars_(self) -> np.ndarray:
        """Covariances of the states as matrices, (N, p, p)."""
        if "_covars_" not in self.__dict__:
            raise AttributeError("covars_ is neither fitted nor set")
        kind, covars = self.covariance_type, self._covars_
        p = self.n_features if kind == "spherical" else covars.shape[-1]
        if kind == "spherical":
            return covars[:, None, None] * np.eye(p)
        if kind == "diag":
            return covars[:, :, None] * np.eye(p)
        return covars.copy() if kind == "full" else np.tile(covars, (self.n_components, 1, 1))

    @covars_.setter
    def covars_(self, covars: Any) -> None:
        covars = np.array(covars, dtype=np.float64)
        begin.require_kind(self.covariance_type)
        p = covars.shape[-1] if covars.ndim else 1
        self._covars_ = begin.checked(self.covariance_type, covars, self._lead, p)

    @property
    def _lead(self) -> tuple[int, ...]:
        return () if self.covariance_type == "tied" else (self.n_components,)

    def _check_rows(self, X: np.ndarray) -> np.ndarray:
        return np.ascontiguousarray(X, dtype=np.float64)

    def _agree(self, rows: np.ndarray) -> None:
        if rows.shape[1] != self.means_.shape[1]:
            raise DataError(f"X has {rows.shape[1]} features, but the states have means of {self.means_.shape[1]}.")

    def _check_emissions(self) -> None:
        begin.require_kind(self.covariance_type)
        self.means_ = np.asarray(self.means_, dtype=np.float64)
        if self.means_.ndim != 2 or len(self.means_) != self.n_components:
            raise DataError(f"means_ must have shape ({self.n_components}, p), got {self.means_.shape}.")
        if not np.isfinite(self.means_).all():
            raise DataError("means_ must be finite.")
        self.n_features = self.means_.shape[1]
        self._covars_ = begin.checked(self.covariance_type, self._covars_, self._lead, self.n_features)

    def _start(self, X: np.ndarray, offsets: np.ndarray, rng: np.random.RandomState) -> None:
        found = begin.survey(X, self.min_covar)
        self._floor, self.n_features = found.floor, X.shape[1]
        if self._needs_init("m", "means_"):
            self.means_ = begin.kmeans(self.n_components, found.rows, rng)[0]
        if self._needs_init("c", "covars_"):
            self._covars_ = begin.template(self.covariance_type, found.covariance, self._lead)

    def _emissions(self) -> GaussianEmissions:
        kind, means = self.covariance_type, np.ascontiguousarray(self.means_, dtype=np.float64)
        model = gaussians(means, begin.written_out(kind, self._covars_, means.shape))
        return GaussianEmissions(kind, model, getattr(self, "_floor", np.zeros(means.shape[1])))

    def _keep(self, emissions: GaussianEmissions) -> None:
        model, tied = emissions.model, self.covariance_type == "tied"
        self.means_ = model.means
        groups = 1 if tied else self.n_components
        self._covars_ = begin.written_short(self.covariance_type, model.covariances, self._lead, groups)
        self.degenerate_states_ = begin.degenerate(model.covariances, emissions.floor)
        if len(self.degenerate_states_):
            _log.warning(
                "The states %s shrank to a point or a plane, where the likelihood has no bound; only the floor holds "
                "them up. Raise covars_prior, or take fewer states.",
                self.degenerate_states_.tolist(),
            )

    def _priors(self) -> GaussianPrior:
        kind, (N, p) = self.covariance_type, self.means_.shape
        weight = begin.prior_of("covars_weight", self.covars_weight, (N,))
        if kind in ("spherical", "diag"):
            scale = begin.prior_of("covars_prior", self.covars_prior, (N, p))
            degrees = np.broadcast_to(np.maximum(weight - 1, 0.0)[:, None], (N, p))
            if kind == "spherical":
                scale, degrees = scale.sum(axis=1, keepdims=True), degrees.sum(axis=1, keepdims=True)
        else:
            groups = N if kind == "full" else 1
            scale = begin.prior_of("covars_prior", self.covars_prior, (groups, p, p))
            degrees = np.maximum(weight[:groups] - p, 0.0)[:, None, None]
        mean = begin.prior_of("means_prior", self.means_prior, (N, p))
        return GaussianPrior(
            mean, begin.prior_of("means_weight", self.means_weight, (N, 1)), scale, degrees, self.params
        )

    @classmethod
    def _warm_kernels(cls) -> None:
        X = np.random.default_rng(0).normal(size=(400, 2))
        for kind in ("diag", "full"):
            cls(2, kind, n_iter=1, random_state=0).fit(X).decode(X)
