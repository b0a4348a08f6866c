"""Hidden Markov model of symbols [rabiner1989].

    p(x_t = m | state i) = B(i, m)                 M step: B(i, m) ∝ Σ_{t: x_t = m} γ_t(i) + (β(i, m) − 1)

Symbols are whole numbers 0 … M − 1; the table is held symbol by symbol, (M, N), so that the likelihoods of a frame are
one row, and a frame's marginals are added to one row. Cost of both: n N. It is the model of part-of-speech tagging and
of gene finding. When it fails: a symbol that was not there in `fit` has probability zero in every state; give
`n_features` and `emissionprob_prior` > 1 to leave room for it. Course notes: 004 §11.
"""

from typing import Any, ClassVar, NamedTuple

import numpy as np

from panlearn.core.constraints import COUNT, NONNEGATIVE
from panlearn.core.errors import DataError
from panlearn.core.jit import kernel
from panlearn.core.registry import method
from panlearn.core.threads import scratch
from panlearn.sequence.hidden_markov_model import HiddenMarkovModel, require_prior
from panlearn.sequence.hmm_inference import require_distribution

LARGEST = 2**28  # entries of a table, 2 GiB
SPARSE = 2**24  # those of a table with more symbols than frames: they are numbers of another kind, as telephone numbers
ENCODE = "encode the symbols as 0 … k − 1 (sklearn.preprocessing.OrdinalEncoder)"


@kernel
def add_rows(codes, values, table):
    """table[codes[t]] += values[t]; codes below 0 are passed over. `table` (M, N) is changed."""
    for t in range(len(codes)):
        m = codes[t]
        if m >= 0:
            for i in range(values.shape[1]):
                table[m, i] += values[t, i]


class Counts(NamedTuple):
    """Statistics of the symbols."""

    symbols: np.ndarray  # (M, N) expected number of times a state emitted a symbol


class CategoricalPriors(NamedTuple):
    """Dirichlet prior of the emissions, and what is updated."""

    emission: Any  # number or (N, M)
    params: str  # "e": the emissions


class CategoricalEmissions(NamedTuple):
    """One distribution over symbols for each state."""

    table: np.ndarray  # (M, N), C-contiguous: p(symbol | state)

    def likelihood(self, X: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """p(x_t | i), with shifts of 0."""
        # memory that this thread has had before: new pages for every block cost more than the table look-up
        shape = (len(X), self.table.shape[1])
        return self._looked_up(X[:, 0], scratch("likelihoods of symbols", shape)), np.zeros(len(X))

    def log_likelihood(self, X: np.ndarray) -> np.ndarray:
        """Log p(x_t | i)."""
        with np.errstate(divide="ignore"):
            return np.log(self._looked_up(X[:, 0], np.empty((len(X), self.table.shape[1]))))

    def _looked_up(self, codes: np.ndarray, out: np.ndarray) -> np.ndarray:
        self.table.take(codes, axis=0, mode="wrap", out=out)  # a missing symbol, -1, takes the last row for now
        if len(codes) and codes.min() < 0:
            out[codes < 0] = 1.0
        return out

    def statistics(self, X: np.ndarray, marginals: np.ndarray) -> Counts:
        """Expected counts of the symbols."""
        counts = np.zeros_like(self.table)
        add_rows(np.ascontiguousarray(X[:, 0]), marginals, counts)
        return Counts(counts)

    def maximise(self, statistics: Counts, priors: CategoricalPriors) -> "CategoricalEmissions":
        """Relative frequencies; a state without counts keeps its own."""
        if "e" not in priors.params:
            return self
        excess = np.asarray(priors.emission, dtype=np.float64).T - 1.0
        counts = np.maximum(statistics.symbols + excess, 0.0)
        total = counts.sum(axis=0)
        return CategoricalEmissions(np.where(total > 0, counts / np.where(total > 0, total, 1.0), self.table))

    def log_prior(self, priors: CategoricalPriors) -> float:
        """Σ (β − 1) log B over positive entries."""
        excess = np.broadcast_to(np.asarray(priors.emission, dtype=np.float64).T - 1.0, self.table.shape)
        if "e" not in priors.params or not excess.any():
            return 0.0
        positive = self.table > 0
        return float((excess[positive] * np.log(self.table[positive])).sum())

    def n_parameters(self) -> int:
        """N (M − 1)."""
        symbols, states = self.table.shape
        return states * (symbols - 1)

    def draw(self, states: np.ndarray, rng: np.random.RandomState) -> np.ndarray:
        """Symbols (n, 1), by inverting the distribution function."""
        cumulative = np.cumsum(self.table / self.table.sum(axis=0), axis=0)
        chances, symbols = rng.random_sample(len(states)), np.empty((len(states), 1), dtype=np.int64)
        for i in np.unique(states):
            mine = states == i
            last = np.flatnonzero(self.table[:, i])[-1]
            symbols[mine, 0] = np.minimum(np.searchsorted(cumulative[:, i], chances[mine], side="right"), last)
        return symbols


@method(
    "Hidden Markov model, symbols",
    tasks=("sequence",),
    notes=("004 11", "004 10"),
    cost=lambda n, p, k: 100.0 * n * max(k, 1) ** 2,
)
class CategoricalHMM(HiddenMarkovModel):
    """Hidden Markov model of symbols, fitted by EM.

    Parameters
    ----------
    n_components : int, default=1
        Number of states N.
    startprob_prior : float or array of shape (N,), default=1.0
        Dirichlet prior of `startprob_`; 1 is none.
    transmat_prior : float or array of shape (N, N), default=1.0
        Dirichlet priors of the rows of `transmat_`.
    emissionprob_prior : float or array of shape (N, M), default=1.0
        Dirichlet priors of the rows of `emissionprob_`.
    n_features : int, optional
        Number of symbols M; by default one more than the largest that `fit` sees.
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
        Probabilities of the symbols in each state.
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
        1, the number of columns.

    Raises
    ------
    ValueError
        If symbols are no whole numbers, or a sequence is impossible.

    References
    ----------
    [rabiner1989], [baum1970], [dempster1977]; course notes 004 §11, §10

    Examples
    --------
    A doctor hears "normal, cold, dizzy" and asks for the health on the three days:

    >>> import numpy as np
    >>> from panlearn.sequence import CategoricalHMM
    >>> model = CategoricalHMM(n_components=2)  # 0 healthy, 1 fever
    >>> model.startprob_ = [0.6, 0.4]
    >>> model.transmat_ = [[0.7, 0.3], [0.4, 0.6]]
    >>> model.emissionprob_ = [[0.5, 0.4, 0.1], [0.1, 0.3, 0.6]]
    >>> log_prob, states = model.decode([[0], [1], [2]])
    >>> states, round(float(np.exp(log_prob)), 5)
    (array([0, 0, 1]), 0.01512)
    """

    _letters: ClassVar[str] = "ste"
    _parameter_constraints: ClassVar[dict[str, list]] = {
        **HiddenMarkovModel._parameter_constraints,
        "emissionprob_prior": [NONNEGATIVE, "array-like"],
        "n_features": [COUNT, None],
    }
    emissionprob_: Any

    def __init__(
        self,
        n_components: int = 1,
        startprob_prior: Any = 1.0,
        transmat_prior: Any = 1.0,
        *,
        emissionprob_prior: Any = 1.0,
        n_features: int | None = None,
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
        self.startprob_prior = startprob_prior
        self.transmat_prior = transmat_prior
        self.emissionprob_prior = emissionprob_prior
        self.n_features = n_features
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
    def n_features(self) -> int | None:
        """Number of symbols: as given, else as in `emissionprob_`."""
        given = self.__dict__["n_features"]
        return np.atleast_2d(self.emissionprob_).shape[1] if given is None and hasattr(self, "emissionprob_") else given

    @n_features.setter
    def n_features(self, symbols: int | None) -> None:
        self.__dict__["n_features"] = symbols

    def get_params(self, deep: bool = True) -> dict[str, Any]:
        """Parameters of the constructor.

        Parameters
        ----------
        deep : bool, default=True
            For compatibility.

        Returns
        -------
        dict
            Names and values; `n_features` as it was given, so that a clone learns it anew.
        """
        return {**super().get_params(deep), "n_features": self.__dict__["n_features"]}

    def _gathered(self, X: Any, lengths: Any, *, reset: bool) -> tuple[np.ndarray, np.ndarray]:
        if isinstance(X, (list, tuple)) and any(isinstance(x, np.ndarray) and x.ndim == 1 for x in X):
            X = [np.reshape(x, (-1, 1)) for x in X]
        return super()._gathered(X, lengths, reset=reset)

    def _check_rows(self, X: np.ndarray) -> np.ndarray:
        if X.shape[1] != 1:
            raise DataError(f"X must have one column of symbols, shape (n, 1). Got shape {X.shape}; X.reshape(-1, 1)?")
        if X.dtype.kind == "b":
            X = X.astype(np.int64)
        missing = np.isnan(X)
        codes = np.where(missing, 0, X) if missing.any() else X
        if not np.array_equal(codes, np.floor(codes)):
            raise DataError("symbols must be whole numbers from 0, NaN where missing; encode others first.")
        if len(X) and codes.min() < 0:
            raise DataError(f"symbols must not be negative, got {codes.min():g}; use NaN for a missing one.")
        if len(X) and codes.max() >= 2**53:
            raise DataError(f"symbols must be below 2**53, got {codes.max():g}; {ENCODE}.")
        codes = codes.astype(np.int64)
        codes[missing] = -1
        return np.ascontiguousarray(codes)

    def _agree(self, rows: np.ndarray) -> None:
        symbols = self.emissionprob_.shape[1]
        if len(rows) and rows.max() >= symbols:
            raise DataError(
                f"the largest symbol is {rows.max()}, but the model knows 0 to {symbols - 1}; give a larger n_features "
                "and emissionprob_prior > 1 before fit."
            )

    def _check_emissions(self) -> None:
        self.emissionprob_ = np.atleast_2d(np.asarray(self.emissionprob_, dtype=np.float64))
        wanted = (self.n_components, self.n_features)
        if self.emissionprob_.shape != wanted or 0 in wanted:
            raise DataError(f"emissionprob_ must have shape {wanted}, got {self.emissionprob_.shape}.")
        require_distribution("emissionprob_", self.emissionprob_)

    def _start(self, X: np.ndarray, offsets: np.ndarray, rng: np.random.RandomState) -> None:
        if self._needs_init("e", "emissionprob_"):
            given = self.__dict__["n_features"]
            symbols = given or max(1, int(X.max()) + 1)
            most = LARGEST if given or symbols <= len(X) else SPARSE
            if self.n_components * symbols > most:
                raise DataError(
                    f"n_components × n_features = {self.n_components} × {symbols} probabilities are too many for "
                    f"{len(X)} frames: at most {most}; {ENCODE}"
                    f"{'' if given else f', or set n_features={symbols} if there are so many'}."
                )
            chances = rng.rand(self.n_components, symbols)
            self.emissionprob_ = chances / chances.sum(axis=1, keepdims=True)

    def _emissions(self) -> CategoricalEmissions:
        return CategoricalEmissions(np.ascontiguousarray(np.asarray(self.emissionprob_, np.float64).T))

    def _keep(self, emissions: CategoricalEmissions) -> None:
        self.emissionprob_ = np.ascontiguousarray(emissions.table.T)

    def _priors(self) -> CategoricalPriors:
        require_prior("emissionprob_prior", self.emissionprob_prior, np.shape(self.emissionprob_))
        return CategoricalPriors(self.emissionprob_prior, self.params)

    @classmethod
    def _warm_kernels(cls) -> None:
        X = np.random.default_rng(0).integers(3, size=(400, 1))
        model = cls(2, n_iter=1, random_state=0).fit(X)
        model.decode(X)
