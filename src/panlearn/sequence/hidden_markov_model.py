"""Hidden Markov models: what all families of emissions share [rabiner1989].

    p(x, y) = π(y_0) Π_t A(y_{t-1}, y_t) Π_t p(x_t | y_t)            log L(θ) = Σ_s log Σ_y p(x^s, y | θ)

The states y are not seen, so the likelihood is raised by expectation-maximisation (`hmm_steps`, `optimize.em`): the
forward-backward recursions give the expected counts, O(n N²) for n frames and N states, and the counts the parameters.
With priors it is log L + log prior that rises, and that decides when to stop; hmmlearn looks at log L alone.

A family adds its constructor, `_start`, `_check_emissions`, `_check_rows`, `_emissions`, `_keep` and `_priors`.

When it fails: the likelihood has many maxima (`n_init`, or a start near the truth: `init_params=""` and the attributes
set by hand); labels of the states are arbitrary, unless tags fix them; the time spent in a state is geometric.
Course notes: 004 §10, §11.
"""

import logging
from collections.abc import Callable, Iterable, Iterator
from numbers import Real
from typing import Any, ClassVar

import numpy as np
from sklearn.utils import check_random_state
from sklearn.utils.validation import _check_sample_weight

from panlearn.core.constraints import COUNT, NATURAL, NONNEGATIVE, RANDOM, VERBOSE, options, validated
from panlearn.core.errors import DataError
from panlearn.optimize.em import ROUNDING, EMFit, em
from panlearn.sequence.hmm_blocks import Block, Stream, blocks_of
from panlearn.sequence.hmm_inference import HMMInference
from panlearn.sequence.hmm_monitor import ConvergenceMonitor
from panlearn.sequence.hmm_steps import Parameters, Priors, Sums, e_step, from_tags, log_prior, maximised

_log = logging.getLogger(__name__)
NEVER = 1e-6  # a state with fewer expected frames than that is empty


class HiddenMarkovModel(HMMInference):
    """Base of the hidden Markov models: fitting."""

    startprob_prior: Any
    transmat_prior: Any
    n_iter: int
    tol: float
    verbose: int
    params: str
    init_params: str
    n_init: int
    converged_: bool
    n_iter_: int
    empty_states_: np.ndarray
    _letters: ClassVar[str]  # of `params` and `init_params`

    _parameter_constraints: ClassVar[dict[str, list]] = {
        "n_components": [COUNT],
        "startprob_prior": [NONNEGATIVE, "array-like"],
        "transmat_prior": [NONNEGATIVE, "array-like"],
        "algorithm": [options("viterbi", "map")],
        "random_state": [RANDOM],
        "n_iter": [NATURAL],
        "tol": [Real],
        "verbose": [VERBOSE],
        "params": [str],
        "init_params": [str],
        "implementation": [options("log", "scaling")],
        "n_init": [COUNT],
    }

    def _start(self, X: np.ndarray, offsets: np.ndarray, rng: np.random.RandomState) -> None:
        """Set the emission parameters to start from, those that `_needs_init`."""
        raise NotImplementedError

    def _keep(self, emissions: Any) -> None:
        """Set the attributes from the family."""
        raise NotImplementedError

    def _priors(self) -> Any:
        """What the family's `maximise` and `log_prior` need."""
        raise NotImplementedError

    @property
    def monitor_(self) -> ConvergenceMonitor:
        """Monitor of EM."""
        if "_monitor" not in self.__dict__:
            self._monitor = ConvergenceMonitor(self.tol, self.n_iter, self.verbose > 1)
        return self._monitor

    @monitor_.setter
    def monitor_(self, monitor: ConvergenceMonitor) -> None:
        self._monitor = monitor

    @validated
    def fit(self, X: Any, lengths: Any = None, *, states: Any = None, sample_weight: Any = None) -> Any:
        """Fit the model.

        Parameters
        ----------
        X : array-like of shape (n, p), list of arrays of shape (T_i, p), or iterable of such arrays
            Frames. A row of NaN, or what a masked array masks, was not observed. An iterable that is no list is read
            anew in each iteration, and need not fit in memory.
        lengths : array-like of int, optional
            Lengths of the sequences in an array X.
        states : array-like of shape (n,), or list of sequences, optional
            States that are known, -1 or None where they are not.
        sample_weight : array-like of shape (s,), optional
            Weights of the sequences, at least 0: 2 counts a sequence twice.

        Returns
        -------
        HiddenMarkovModel
            The fitted estimator.
        """
        for name in ("params", "init_params"):
            require_letters(name, getattr(self, name), self._letters)
        if np.isnan(self.tol):
            raise DataError("tol must be a number, got nan; -inf makes all n_iter iterations.")
        source, rows, offsets, tags = self._source_of(X, lengths, states, sample_weight)
        self._renew_monitor()
        best, history, empty = None, [], np.empty(0, dtype=np.int64)
        least = NEVER * (1.0 if sample_weight is None else float(np.max(sample_weight)))
        for start in self._starts(rows, offsets, tags):
            self.monitor_._reset()
            found, frames = self._climbed(source, start)
            if best is None or found.log_likelihood > best.log_likelihood:
                best, history, empty = found, list(self.monitor_.history), np.flatnonzero(frames < least)
        assert best is not None
        self.monitor_.history, self.monitor_.iter, self.empty_states_ = history, len(history), empty
        self.startprob_, self.transmat_ = best.parameters.start, best.parameters.transitions
        self._keep(best.parameters.emissions)
        self._report(best)
        return self

    def _source_of(
        self, X: Any, lengths: Any, states: Any, sample_weight: Any
    ) -> tuple[Iterable[list[Block]], np.ndarray, np.ndarray, np.ndarray | None]:
        """Blocks to go through, and rows, offsets and tags to start from."""
        if not isinstance(X, (list, tuple)) and not hasattr(X, "shape") and hasattr(X, "__iter__"):
            if states is not None or lengths is not None:
                raise DataError("lengths and states do not go with an iterable of sequences; give a list instead.")
            if sample_weight is not None:
                sample_weight = weights_of(sample_weight, np.ravel(sample_weight))
            fresh = Stream(X, lambda sequence: self._gathered(sequence, None, reset=True)[0], sample_weight)
            blocks = next(iter(fresh), None)
            if not blocks:
                raise DataError("X has no sequence; at least one is needed.")
            offsets = np.cumsum([0, *(n for block in blocks for n in np.diff(block.offsets))])
            return fresh, np.concatenate([block.rows for block in blocks]), offsets, None
        rows, offsets = self._gathered(X, lengths, reset=True)
        if sample_weight is not None:
            sample_weight = weights_of(sample_weight, offsets[1:])
        tags = None if states is None else tags_of(states, len(rows), self.n_components)
        return [blocks_of(Block(rows, offsets, sample_weight, tags, 0))], rows, offsets, tags

    def _gathered(self, X: Any, lengths: Any, *, reset: bool) -> tuple[np.ndarray, np.ndarray]:
        if not isinstance(X, (list, tuple)):
            whole = np.asarray(X)  # a sparse matrix, a set or a dict is an object without axes
            if whole.ndim == 0 or whole.dtype.kind in "mM":
                kind = f"{type(X).__name__} of {whole.dtype}" if whole.ndim else type(X).__name__
                raise DataError(f"X must be a dense array of numbers (n, p), or a list of such arrays. Got {kind}.")
        return super()._gathered(X, lengths, reset=reset)

    def _renew_monitor(self) -> None:
        if type(self.monitor_) is ConvergenceMonitor:
            self.monitor_ = ConvergenceMonitor(self.tol, self.n_iter, self.verbose > 1)

    def _init(self, X: Any, lengths: Any = None) -> None:
        """Set the parameters that EM would start from."""
        self._begin(*self._gathered(X, None, reset=True), None, None)

    def _starts(self, rows: np.ndarray, offsets: np.ndarray, tags: np.ndarray | None) -> Iterator[Parameters]:
        """Parameters of each start."""
        given, rng = dict(vars(self)), None
        for _ in range(self.n_init):
            vars(self).clear()  # what the user set, and not what the start before has set
            vars(self).update(given)
            rng = self._begin(rows, offsets, tags, rng)
            yield self._parameters()

    def _begin(
        self, rows: np.ndarray, offsets: np.ndarray, tags: np.ndarray | None, rng: np.random.RandomState | None
    ) -> np.random.RandomState:
        """Set the parameters to start from, by `init_params`; returns the generator for a further start."""
        n = self.n_components
        first = check_random_state(self.random_state) if rng is None else rng
        if self._needs_init("s", "startprob_"):
            self.startprob_ = _dirichlet(first, (n,))
        if self._needs_init("t", "transmat_"):
            self.transmat_ = _dirichlet(first, (n, n))
        # the stream of a number begins anew for the emissions: the starts are then hmmlearn's
        second = check_random_state(self.random_state) if rng is None else rng
        self._start(rows, offsets, second)
        self._check()
        self._agree(rows)
        require_prior("startprob_prior", self.startprob_prior, (n,))
        require_prior("transmat_prior", self.transmat_prior, (n, n))
        if tags is not None and (tags >= 0).any():
            priors = Priors(1.0, 1.0, self._priors()._replace(params=self.init_params), self.init_params)
            known = from_tags(self._parameters(), rows, offsets, tags, priors)
            self.startprob_, self.transmat_ = known.start, known.transitions
            self._keep(known.emissions)
        if rows.size < self._n_parameters():
            _log.warning(
                "Fitting a model with %d free scalar parameters with only %d data points will result in a degenerate "
                "solution.",
                self._n_parameters(),
                rows.size,
            )
        return second

    def _needs_init(self, code: str, name: str) -> bool:
        """Whether a parameter is to be set before EM: `init_params` holds its letter, or it was not set."""
        if code in self.init_params and hasattr(self, name):
            _log.warning(
                "Even though the %r attribute is set, it will be overwritten during initialization because "
                "'init_params' contains %r",
                name,
                code,
            )
        return code in self.init_params or not hasattr(self, name)

    def _climbed(self, source: Iterable[list[Block]], start: Parameters) -> tuple[EMFit[Parameters], np.ndarray]:
        """EM from one start, and the expected number of frames in each state."""
        frames = np.full(self.n_components, np.inf)
        priors = Priors(self.startprob_prior, self.transmat_prior, self._priors(), self.params)

        def step(parameters: Parameters) -> tuple[float, Parameters]:
            sums: Sums = e_step(source, parameters)
            frames[:] = sums.start + sums.pairs.sum(axis=0)
            self.monitor_.report(float(sums.log_likelihood))
            value = float(sums.log_likelihood) + log_prior(parameters, priors)
            return value, maximised(parameters, sums, priors)

        if type(self.monitor_) is not ConvergenceMonitor:
            return _watched(step, start, self.monitor_, self.n_iter), frames
        settings = {"tol": self.tol, "max_iter": self.n_iter, "verbose": self.verbose == 1}
        return em(step, start, title="Hidden Markov model", **settings), frames

    def _report(self, found: EMFit[Parameters]) -> None:
        """Set what EM says of its course; warn where it did not converge."""
        self.converged_, self.n_iter_ = bool(found.converged), found.n_iter
        gain = float(np.diff(found.trace)[-1]) if len(found.trace) > 1 else np.inf
        value = round(found.log_likelihood, 12) + 0.0
        if not found.fall and gain < 1e-13 * (1 + abs(value)):
            gain = 0.0  # rounding
        last = f"last gain {gain:.1e}" if gain < np.inf else "one iteration"
        course = "never fell" if not found.fall else f"fell by {found.fall:.1e}, where EM stopped"
        kind = "log-likelihood" if found.log_likelihood in self.monitor_.history else "log-likelihood + log-prior"
        self.certificate_ = f"{kind} {value:.8g}, {last}; it {course}"
        if len(self.empty_states_):
            self.certificate_ += f"; states {self.empty_states_.tolist()} took no frames"
        if self.n_iter and not found.converged:
            self._warn_unconverged(
                f"{last}, tol is {self.tol:.1e}",
                "Raise n_iter or tol, or start elsewhere (n_init, random_state).",
            )

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.input_tags.allow_nan = True
        tags.input_tags.two_d_array = False  # fit's second argument is the lengths of the sequences, not y
        tags.input_tags.three_d_array = True
        return tags


def require_letters(name: str, letters: str, known: str) -> None:
    """Raise unless all letters say something to the model.

    Raises
    ------
    DataError
        Names those that do not.
    """
    if unknown := "".join(sorted(set(letters) - set(known))):
        raise DataError(f"{name} may hold the letters of {known!r}, got {letters!r}: {unknown!r} names no parameter.")


def require_prior(name: str, value: Any, shape: tuple[int, ...]) -> None:
    """Raise unless a prior is of the shape, or can be spread to it, and finite and not negative.

    Raises
    ------
    DataError
        Names the parameter.
    """
    prior = np.asarray(value, dtype=np.float64)
    fits = prior.ndim <= len(shape) and all(a in (1, b) for a, b in zip(prior.shape[::-1], shape[::-1], strict=False))
    if not fits:
        raise DataError(f"{name} must be a number or an array of shape {shape}. Got shape {prior.shape}.")
    if not (np.isfinite(prior) & (prior >= 0)).all():
        raise DataError(f"{name} must be finite and not negative. Got {prior.min()} to {prior.max()}.")


def weights_of(sample_weight: Any, sequences: np.ndarray) -> np.ndarray:
    """Weights of the sequences, checked."""
    return _check_sample_weight(sample_weight, sequences, dtype=np.float64, ensure_non_negative=True)


def tags_of(states: Any, n: int, n_components: int) -> np.ndarray:
    """Known states of all frames (n,), -1 where unknown, from an array or a list of sequences.

    Raises
    ------
    DataError
        If there are too many or too few, or one is no state.
    """
    if not np.iterable(states) or isinstance(states, (str, bytes)):
        raise DataError(f"states must be an array or a list with one entry a frame. Got {states!r}.")
    states = [part.tolist() if hasattr(part, "tolist") else part for part in states]
    if states and all(np.ndim(part) == 1 for part in states):
        states = [tag for part in states for tag in part]
    wanted = f"states must be whole numbers from 0 to n_components - 1 = {n_components - 1}, or -1 where unknown."
    if wrong := [tag for tag in states if tag is not None and not isinstance(tag, Real)]:
        raise DataError(f"{wanted} Got {wrong[0]!r}; number the names of the states first.")
    tags = np.array([-1.0 if tag is None or tag != tag else float(tag) for tag in states])
    if len(tags) != n:
        raise DataError(f"states must have one entry a frame, {n}. Got {len(tags)}.")
    if n and (tags.min() < -1 or tags.max() >= n_components or (tags != np.floor(tags)).any()):
        raise DataError(f"{wanted} Got values from {tags.min():g} to {tags.max():g}.")
    return tags.astype(np.int64)


def _dirichlet(rng: np.random.RandomState, shape: tuple[int, ...]) -> np.ndarray:
    """Rows of random shares, each concentrated on few states, as hmmlearn starts."""
    return rng.dirichlet(np.full(shape[-1], 1.0 / shape[-1]), size=shape[:-1] or None)


def _watched(
    step: Callable[[Parameters], tuple[float, Parameters]],
    parameters: Parameters,
    monitor: ConvergenceMonitor,
    n_iter: int,
) -> EMFit[Parameters]:
    """EM steps until a monitor of the user's says so."""
    trace: list[float] = []
    for _ in range(n_iter):
        value, parameters = step(parameters)
        trace.append(value)
        if monitor.converged:
            break
    stopped = len(trace) < n_iter
    fall = float(-np.diff(trace).min()) if len(trace) > 1 else 0.0
    fall = fall if fall > ROUNDING * (1 + abs(trace[-1])) else 0.0
    return EMFit(parameters, trace[-1] if trace else -np.inf, np.array(trace), stopped, len(trace), fall)
