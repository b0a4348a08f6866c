"""Hidden Markov model of counts that share a total [rabiner1989], [bishop2006] §13.2.

    p(x_t | state i) = n_t! / Π_j x_tj! · Π_j B(i, j)^x_tj,   n_t = Σ_j x_tj        M step: B(i, j) ∝ Σ_t γ_t(i) x_tj

A frame is a row of counts: words in a sentence, reads at a site. With n_t = 1 it is the categorical model on columns of
zeros and ones. The log-likelihood is one matrix product, n M N. When it fails: counts that scatter more than a
multinomial does (overdispersed) are pulled apart into too many states. Course notes: 004 §11.
"""

from typing import Any, ClassVar, NamedTuple

import numpy as np

from panlearn.core.constraints import COUNT
from panlearn.core.errors import DataError
from panlearn.core.registry import method
from panlearn.sequence.frames import shifted_exp
from panlearn.sequence.hidden_markov_model import HiddenMarkovModel
from panlearn.sequence.hmm_counts import chances, log_factorials, require_counts, weighted_logs
from panlearn.sequence.hmm_inference import require_distribution


class Totals(NamedTuple):
    """Statistics of the counts."""

    counts: np.ndarray  # (N, M) expected counts


class MultinomialPriors(NamedTuple):
    """What is updated."""

    params: str  # "e": the emissions


class MultinomialEmissions(NamedTuple):
    """One multinomial distribution for each state; rows are the counts and the logarithm of their arrangements."""

    probabilities: np.ndarray  # (N, M)
    trials: int  # of a row that is drawn; 0 where there is no single number

    def log_likelihood(self, X: np.ndarray) -> np.ndarray:
        """Log p(x_t | i); a missing row is a row of zeros, whose logarithm is 0."""
        logs = weighted_logs(X[:, :-1], self.probabilities)
        logs += X[:, -1:]
        return logs

    def likelihood(self, X: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Likelihoods over the rows' maxima, and their logarithms."""
        logs = self.log_likelihood(X)
        return shifted_exp(logs, logs)

    def statistics(self, X: np.ndarray, marginals: np.ndarray) -> Totals:
        """Expected counts."""
        return Totals(marginals.T @ X[:, :-1])

    def maximise(self, statistics: Totals, priors: MultinomialPriors) -> "MultinomialEmissions":
        """Relative frequencies; a state without counts keeps its own."""
        if "e" not in priors.params:
            return self
        total = statistics.counts.sum(axis=1, keepdims=True)
        shares = statistics.counts / np.where(total > 0, total, 1.0)
        return self._replace(probabilities=np.where(total > 0, shares, self.probabilities))

    def log_prior(self, priors: MultinomialPriors) -> float:
        """0: there is no prior."""
        return 0.0

    def n_parameters(self) -> int:
        """N (M − 1)."""
        states, symbols = self.probabilities.shape
        return states * (symbols - 1)

    def draw(self, states: np.ndarray, rng: np.random.RandomState) -> np.ndarray:
        """Rows of counts."""
        rows = np.empty((len(states), self.probabilities.shape[1]), dtype=np.int64)
        for i in np.unique(states):
            mine = states == i
            rows[mine] = rng.multinomial(self.trials, self.probabilities[i], size=int(mine.sum()))
        return rows


@method(
    "Hidden Markov model, multinomial counts",
    tasks=("sequence",),
    notes=("004 11", "004 10"),
    cost=lambda n, p, k: 100.0 * n * max(k, 1) * (max(k, 1) + p),
)
class MultinomialHMM(HiddenMarkovModel):
    """Hidden Markov model of counts that share a total, fitted by EM.

    Parameters
    ----------
    n_components : int, default=1
        Number of states N.
    n_trials : int or array of shape (n,), optional
        Totals that the rows of `fit` must have; any if left out. `sample` needs a single one.
    startprob_prior : float or array of shape (N,), default=1.0
        Dirichlet prior of `startprob_`; 1 is none.
    transmat_prior : float or array of shape (N, N), default=1.0
        Dirichlet priors of the rows of `transmat_`.
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
    params : str, default="ste"
        What EM updates: "s" start, "t" transitions, "e" emissions.
    init_params : str, default="ste"
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
    emissionprob_ : ndarray of shape (N, M)
        Shares of the columns in each state.
    n_trials_ : int
        The total of all rows of `fit`, 0 if they differ.
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
        If counts are negative or no whole numbers, rows do not add up to `n_trials`, or a sequence is impossible.

    References
    ----------
    [rabiner1989], [dempster1977]; course notes 004 §11, §10

    Examples
    --------
    Ten tosses a day with one of two coins, which stays in the pocket for a while:

    >>> import numpy as np
    >>> from panlearn.sequence import MultinomialHMM
    >>> heads = np.array([5, 4, 6, 5, 9, 9, 8, 10, 9, 4, 5, 6] * 3)
    >>> X = np.column_stack([heads, 10 - heads])
    >>> model = MultinomialHMM(2, n_iter=200, tol=1e-6, random_state=0).fit(X)
    >>> np.sort(model.emissionprob_[:, 0]).round(1)
    array([0.5, 0.9])
    """

    _letters: ClassVar[str] = "ste"
    _parameter_constraints: ClassVar[dict[str, list]] = {
        **HiddenMarkovModel._parameter_constraints,
        "n_trials": [COUNT, "array-like", None],
    }
    emissionprob_: Any
    n_trials_: int

    def __init__(
        self,
        n_components: int = 1,
        n_trials: Any = None,
        startprob_prior: Any = 1.0,
        transmat_prior: Any = 1.0,
        algorithm: str = "viterbi",
        random_state: Any = None,
        n_iter: int = 10,
        tol: float = 1e-2,
        verbose: int = 0,
        params: str = "ste",
        init_params: str = "ste",
        implementation: str = "log",
        n_init: int = 1,
    ) -> None:
        self.n_components = n_components
        self.n_trials = n_trials
        self.startprob_prior = startprob_prior
        self.transmat_prior = transmat_prior
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
        X = require_counts(X, whole=True)
        X = np.where(np.isnan(X).any(axis=1, keepdims=True), 0.0, X)
        ways = log_factorials(X.sum(axis=1)) - log_factorials(X).sum(axis=1)
        return np.column_stack([X, ways])

    def _agree(self, rows: np.ndarray) -> None:
        if rows.shape[1] - 1 != self.emissionprob_.shape[1]:
            raise DataError(f"X has {rows.shape[1] - 1} columns, but emissionprob_ has {self.emissionprob_.shape[1]}.")

    def _check_emissions(self) -> None:
        self.emissionprob_ = chances(self.emissionprob_)
        if self.emissionprob_.shape[0] != self.n_components or not self.emissionprob_.size:
            raise DataError(f"emissionprob_ must have shape ({self.n_components}, M), got {self.emissionprob_.shape}.")
        require_distribution("emissionprob_", self.emissionprob_)

    def _start(self, X: np.ndarray, offsets: np.ndarray, rng: np.random.RandomState) -> None:
        totals = X[:, :-1].sum(axis=1)
        seen = totals > 0  # rows that are missing are zeros
        wanted = None if self.n_trials is None else np.asarray(self.n_trials)
        if wanted is not None and (wanted.shape not in ((), totals.shape) or (totals != wanted)[seen].any()):
            raise DataError(f"the counts of each row must add up to n_trials = {self.n_trials}; leave it out for any.")
        several = np.unique(totals[seen])
        self.n_trials_ = int(several[0]) if len(several) == 1 else 0
        if self._needs_init("e", "emissionprob_"):
            start = rng.rand(self.n_components, X.shape[1] - 1)
            self.emissionprob_ = start / start.sum(axis=1, keepdims=True)

    def _emissions(self) -> MultinomialEmissions:
        return MultinomialEmissions(np.asarray(self.emissionprob_, dtype=np.float64), 0)

    def _drawn(self) -> MultinomialEmissions:
        trials = np.unique(getattr(self, "n_trials_", 0) if self.n_trials is None else self.n_trials)
        if len(trials) != 1 or trials[0] < 1:
            raise DataError(f"to sample, n_trials must be a single number of at least 1, got {self.n_trials}.")
        return self._emissions()._replace(trials=int(trials[0]))

    def _keep(self, emissions: MultinomialEmissions) -> None:
        self.emissionprob_ = emissions.probabilities

    def _priors(self) -> MultinomialPriors:
        return MultinomialPriors(self.params)

    @property
    def n_features(self) -> int:
        """Number of columns M."""
        return chances(self.emissionprob_).shape[1]
