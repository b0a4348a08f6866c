"""Hidden Markov model of independent counts [macdonald1997].

    p(x_t | state i) = Π_j exp(−λ_ij) λ_ij^x_tj / x_tj!         M step: λ_ij = (a + Σ_t γ_t(i) x_tj) / (b + Σ_t γ_t(i))

with a prior λ^a exp(−b λ). Earthquakes a year, calls an hour, spikes a bin: the state is the regime, and the mixture of
Poisson distributions is more scattered than one of them. A missing entry leaves its factor out, and its frame out of
that λ. Numbers that are not whole are taken as they are (a quasi-likelihood). The log-likelihood is one matrix product,
n p N. When it fails: one extreme count may get a state of its own. Course notes: 004 §11.
"""

from typing import Any, ClassVar, NamedTuple

import numpy as np

from panlearn.core.constraints import NONNEGATIVE
from panlearn.core.errors import DataError
from panlearn.core.registry import method
from panlearn.sequence.frames import shifted_exp
from panlearn.sequence.hidden_markov_model import HiddenMarkovModel, require_prior
from panlearn.sequence.hmm_counts import chances, log_factorials, require_counts, weighted_logs


class Exposures(NamedTuple):
    """Statistics of the counts."""

    frames: np.ndarray  # (N, p) expected number of frames with an entry
    counts: np.ndarray  # (N, p) expected sums of the entries


class PoissonPriors(NamedTuple):
    """Gamma prior λ^a exp(−b λ), and what is updated."""

    a: Any  # number, (N, 1) or (N, p): counts seen before
    b: Any  # frames seen before
    params: str  # "l": lambdas


class PoissonEmissions(NamedTuple):
    """One rate a column for each state; rows are the counts, NaN where missing, and minus the sum of their log x!."""

    rates: np.ndarray  # (N, p)

    def log_likelihood(self, X: np.ndarray) -> np.ndarray:
        """Log p(x_t | i)."""
        counts, seen = _seen(X)
        logs = weighted_logs(counts, self.rates)
        logs -= self.rates.sum(axis=1) if seen is None else seen @ self.rates.T
        logs += X[:, -1:]
        return logs

    def likelihood(self, X: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Likelihoods over the rows' maxima, and their logarithms."""
        logs = self.log_likelihood(X)
        return shifted_exp(logs, logs)

    def statistics(self, X: np.ndarray, marginals: np.ndarray) -> Exposures:
        """Expected frames and counts."""
        counts, seen = _seen(X)
        sums = marginals.T @ counts
        frames = (
            np.repeat(marginals.sum(axis=0)[:, None], sums.shape[1], axis=1) if seen is None else marginals.T @ seen
        )
        return Exposures(frames, sums)

    def maximise(self, statistics: Exposures, priors: PoissonPriors) -> "PoissonEmissions":
        """Means of the counts; a state without frames keeps its own."""
        if "l" not in priors.params:
            return self
        counts, frames = statistics.counts + priors.a, statistics.frames + priors.b
        return PoissonEmissions(np.where(frames > 0, counts / np.where(frames > 0, frames, 1.0), self.rates))

    def log_prior(self, priors: PoissonPriors) -> float:
        """Σ a log λ − b λ."""
        if "l" not in priors.params or not (np.any(priors.a) or np.any(priors.b)):
            return 0.0
        a, rates = np.broadcast_to(priors.a, self.rates.shape), self.rates
        return float((a[a > 0] * np.log(rates[a > 0])).sum() - (priors.b * rates).sum())

    def n_parameters(self) -> int:
        """N p."""
        return self.rates.size

    def draw(self, states: np.ndarray, rng: np.random.RandomState) -> np.ndarray:
        """Rows of counts."""
        return rng.poisson(self.rates[states])


def _seen(X: np.ndarray) -> tuple[np.ndarray, np.ndarray | None]:
    """Counts with zeros for missing entries, and ones where there is one; None if there is everywhere."""
    counts = X[:, :-1]
    if not np.isnan(counts.sum()):
        return counts, None
    missing = np.isnan(counts)
    return np.where(missing, 0.0, counts), 1.0 - missing


@method(
    "Hidden Markov model, Poisson counts",
    tasks=("sequence",),
    notes=("004 11", "004 10"),
    cost=lambda n, p, k: 100.0 * n * max(k, 1) * (max(k, 1) + p),
)
class PoissonHMM(HiddenMarkovModel):
    """Hidden Markov model of independent counts, fitted by EM.

    Parameters
    ----------
    n_components : int, default=1
        Number of states N.
    startprob_prior : float or array of shape (N,), default=1.0
        Dirichlet prior of `startprob_`; 1 is none.
    transmat_prior : float or array of shape (N, N), default=1.0
        Dirichlet priors of the rows of `transmat_`.
    lambdas_prior : float or array of shape (N, p), default=0.0
        Counts that each rate has seen before, a.
    lambdas_weight : float or array of shape (N, p), default=0.0
        Frames that each rate has seen before, b.
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
    params : str, default="stl"
        What EM updates: "s" start, "t" transitions, "l" lambdas.
    init_params : str, default="stl"
        What is set to random numbers before EM; the rest is as it was set by hand, or random if it was not set.
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
    lambdas_ : ndarray of shape (N, p)
        Rates: expected counts of a frame.
    monitor_ : ConvergenceMonitor
        Log-likelihood at each iteration.
    converged_ : bool
        Whether the last iteration gained less than `tol`.
    n_iter_ : int
        Iterations of the best start.
    empty_states_ : ndarray of int
        States that took no frames; they keep the parameters they had.
    certificate_ : str
        Where EM stopped, in words.
    n_features_in_ : int
        Number of columns.
    feature_names_in_ : ndarray of shape (p,)
        Names of the columns, if X has string column names.

    Raises
    ------
    ValueError
        If counts are negative, or a sequence is impossible.

    References
    ----------
    [macdonald1997], [rabiner1989], [dempster1977]; course notes 004 §11, §10

    Examples
    --------
    A quiet and a busy regime:

    >>> import numpy as np
    >>> from panlearn.sequence import PoissonHMM
    >>> X = np.array([[1, 0, 2, 1, 1, 9, 11, 10, 8, 12, 0, 1, 2, 1]] * 3).reshape(-1, 1)
    >>> model = PoissonHMM(2, n_iter=200, tol=1e-6, random_state=0).fit(X)
    >>> np.sort(model.lambdas_.ravel()).round(1)
    array([ 1., 10.])
    """

    _letters: ClassVar[str] = "stl"
    _parameter_constraints: ClassVar[dict[str, list]] = {
        **HiddenMarkovModel._parameter_constraints,
        "lambdas_prior": [NONNEGATIVE, "array-like"],
        "lambdas_weight": [NONNEGATIVE, "array-like"],
    }
    lambdas_: Any

    def __init__(
        self,
        n_components: int = 1,
        startprob_prior: Any = 1.0,
        transmat_prior: Any = 1.0,
        lambdas_prior: Any = 0.0,
        lambdas_weight: Any = 0.0,
        algorithm: str = "viterbi",
        random_state: Any = None,
        n_iter: int = 10,
        tol: float = 1e-2,
        verbose: int = 0,
        params: str = "stl",
        init_params: str = "stl",
        implementation: str = "log",
        n_init: int = 1,
    ) -> None:
        self.n_components = n_components
        self.startprob_prior = startprob_prior
        self.transmat_prior = transmat_prior
        self.lambdas_prior = lambdas_prior
        self.lambdas_weight = lambdas_weight
        self.algorithm = algorithm
        self.random_state = random_state
        self.n_iter = n_iter
        self.tol = tol
        self.verbose = verbose
        self.params = params
        self.init_params = init_params
        self.implementation = implementation
        self.n_init = n_init

    def _check_rows(self, X: np.ndarray) -> np.ndarray:
        X = require_counts(X, whole=False)
        return np.column_stack([X, -log_factorials(X).sum(axis=1)])

    def _agree(self, rows: np.ndarray) -> None:
        if rows.shape[1] - 1 != self.lambdas_.shape[1]:
            raise DataError(f"X has {rows.shape[1] - 1} columns, but lambdas_ has {self.lambdas_.shape[1]}.")

    def _check_emissions(self) -> None:
        self.lambdas_ = chances(self.lambdas_)
        if self.lambdas_.shape[0] != self.n_components or not self.lambdas_.size:
            raise DataError(f"lambdas_ must have shape ({self.n_components}, p), got {self.lambdas_.shape}.")
        if not (np.isfinite(self.lambdas_).all() and (self.lambdas_ >= 0).all()):
            raise DataError(f"lambdas_ must be finite and not negative, got {self.lambdas_.min()}.")

    def _start(self, X: np.ndarray, offsets: np.ndarray, rng: np.random.RandomState) -> None:
        if self._needs_init("l", "lambdas_"):
            counts = X[:, :-1]
            seen = counts[~np.isnan(counts)]
            mean = max(float(seen.mean()) if seen.size else 1.0, 1e-3)
            spread = max(float((seen / mean).var()) if seen.size else 1.0, 1e-3 / mean)  # variance over mean²
            shape = (self.n_components, counts.shape[1])
            self.lambdas_ = rng.gamma(shape=1 / spread, scale=mean * spread, size=shape)  # method of moments
            self.lambdas_ = np.maximum(self.lambdas_, 1e-6 * mean)

    def _emissions(self) -> PoissonEmissions:
        return PoissonEmissions(np.asarray(self.lambdas_, dtype=np.float64))

    def _keep(self, emissions: PoissonEmissions) -> None:
        self.lambdas_ = emissions.rates

    def _priors(self) -> PoissonPriors:
        a, b = (np.asarray(x, dtype=np.float64) for x in (self.lambdas_prior, self.lambdas_weight))
        a, b = (x[:, None] if x.ndim == 1 else x for x in (a, b))  # one for each state
        for name, x in (("lambdas_prior", a), ("lambdas_weight", b)):
            require_prior(name, x, np.shape(self.lambdas_))
        return PoissonPriors(a, b, self.params)

    @property
    def n_features(self) -> int:
        """Number of columns p."""
        return chances(self.lambdas_).shape[1]
