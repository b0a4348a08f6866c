"""What every hidden Markov model answers once it has parameters, fitted or set by hand.

    score           log p(x) = log Σ_y p(x, y)                              forward pass
    predict_proba   γ_t(i) = p(y_t = i | x)                                  forward-backward
    decode          argmax_y p(x, y), the best path as a whole (Viterbi), or argmax_i γ_t(i) frame by frame ("map"),
                    which is right most often but may contain a forbidden step
    sample          y by the chain, then x_t from the distribution of y_t
    stationary      π A = π, the shares of the states in the long run

All take an array (n, p) with the `lengths` of its sequences, as hmmlearn does, or a list of arrays (T_i, p). A frame of
NaN was not observed. Course notes: 004 §11 [rabiner1989].
"""

from bisect import bisect_right
from functools import partial
from typing import Any

import numpy as np
from sklearn.utils import check_random_state
from sklearn.utils.validation import check_is_fitted, validate_data

from panlearn.core.base import Estimator
from panlearn.core.errors import DataError
from panlearn.core.threads import scratch
from panlearn.sequence.decoding import viterbi_paths
from panlearn.sequence.emissions import Emissions
from panlearn.sequence.expectations import expectations, log_likelihoods
from panlearn.sequence.hmm_blocks import Block, blocks_of, over_blocks, over_rows
from panlearn.sequence.hmm_steps import Parameters, framed, logs_of, require_possible
from panlearn.sequence.lengths import gather


class HMMInference(Estimator):
    """Base of the hidden Markov models: everything but `fit`."""

    n_components: int
    algorithm: str
    random_state: Any
    startprob_: Any
    transmat_: Any

    def _emissions(self) -> Emissions:
        """The distributions of the frames, from the attributes."""
        raise NotImplementedError

    def _drawn(self) -> Emissions:
        """The distributions to sample from."""
        return self._emissions()

    def _check_rows(self, X: np.ndarray) -> np.ndarray:
        """Rows (n, p), finite or NaN, as the emissions take them; raises where they cannot be used."""
        raise NotImplementedError

    def _check_emissions(self) -> None:
        """Turn emission parameters that were set by hand into arrays; raise where they make no sense."""

    def _agree(self, rows: np.ndarray) -> None:
        """Raise where rows do not suit the parameters, as a symbol that they do not know."""

    def _check(self) -> None:
        """Turn parameters that were set by hand into arrays; raise where they make no sense."""
        n = self.n_components
        self.startprob_ = np.asarray(self.startprob_, dtype=np.float64)
        if len(self.startprob_) != n:
            raise DataError(f"startprob_ must have length n_components = {n}, got {len(self.startprob_)}.")
        self.transmat_ = np.asarray(self.transmat_, dtype=np.float64)
        if self.transmat_.shape != (n, n):
            raise DataError(f"transmat_ must have shape ({n}, {n}), got {self.transmat_.shape}.")
        for name in ("startprob_", "transmat_"):
            require_distribution(name, getattr(self, name))
        self._check_emissions()

    def _parameters(self) -> Parameters:
        return Parameters(self.startprob_, self.transmat_, self._emissions())

    def _gathered(self, X: Any, lengths: Any, *, reset: bool) -> tuple[np.ndarray, np.ndarray]:
        """Rows of all sequences as the emissions take them, and offsets; with `reset` sets `n_features_in_`."""
        if isinstance(X, np.ma.MaskedArray):
            X = np.ma.filled(X.astype(np.float64), np.nan)
        rows, offsets = gather(X, lengths)
        named: Any = X if hasattr(X, "columns") else rows  # a data frame tells the names of its columns
        checked: Any = validate_data(self, named, dtype="numeric", ensure_all_finite="allow-nan", reset=reset)
        return self._check_rows(checked), offsets

    def _blocks(self, X: Any, lengths: Any) -> tuple[list[Block], Parameters]:
        check_is_fitted(self, "startprob_")
        self._check()
        rows, offsets = self._gathered(X, lengths, reset=False)
        self._agree(rows)
        return blocks_of(Block(rows, offsets, None, None, 0)), self._parameters()

    def score(self, X: Any, lengths: Any = None) -> float:
        """Log-likelihood of all sequences.

        Parameters
        ----------
        X : array-like of shape (n, p), or list of arrays of shape (T_i, p)
            Frames.
        lengths : array-like of int, optional
            Lengths of the sequences in X.

        Returns
        -------
        float
            Sum of log p(x); -inf where a sequence is impossible.
        """
        blocks, parameters = self._blocks(X, lengths)
        return float(sum(over_blocks(lambda block: _log_likelihoods(block, parameters).sum(), blocks)))

    def score_samples(self, X: Any, lengths: Any = None) -> tuple[float, np.ndarray]:
        """Log-likelihood of all sequences, and the probabilities of the states.

        Parameters
        ----------
        X : array-like of shape (n, p), or list of arrays of shape (T_i, p)
            Frames.
        lengths : array-like of int, optional
            Lengths of the sequences in X.

        Returns
        -------
        log_prob : float
            Sum of log p(x).
        posteriors : ndarray of shape (n, N)
            p(y_t = i | x); rows sum to 1.

        Raises
        ------
        ValueError
            If a sequence is impossible under the model.
        """
        blocks, parameters = self._blocks(X, lengths)
        parts = over_blocks(lambda block: _posteriors(block, parameters), blocks)
        empty = np.empty((0, self.n_components))
        return float(sum(value for value, _ in parts)), np.concatenate([empty, *(part for _, part in parts)])

    def predict_proba(self, X: Any, lengths: Any = None) -> np.ndarray:
        """Probabilities of the states at each frame.

        Parameters
        ----------
        X : array-like of shape (n, p), or list of arrays of shape (T_i, p)
            Frames.
        lengths : array-like of int, optional
            Lengths of the sequences in X.

        Returns
        -------
        ndarray of shape (n, N)
            p(y_t = i | x); rows sum to 1.
        """
        return self.score_samples(X, lengths)[1]

    def decode(self, X: Any, lengths: Any = None, algorithm: str | None = None) -> tuple[float, np.ndarray]:
        """Best states.

        Parameters
        ----------
        X : array-like of shape (n, p), or list of arrays of shape (T_i, p)
            Frames.
        lengths : array-like of int, optional
            Lengths of the sequences in X.
        algorithm : {"viterbi", "map"}, optional
            Best path as a whole, or best state of each frame by itself; the model's `algorithm` by default.

        Returns
        -------
        log_prob : float
            Viterbi: log p(x, y), summed over the sequences. Map: sum of the largest probabilities, as in hmmlearn.
        state_sequence : ndarray of shape (n,)
            States.

        Raises
        ------
        ValueError
            If the algorithm is unknown, or a sequence is impossible under the model.
        """
        algorithm = algorithm or self.algorithm
        if algorithm not in ("viterbi", "map"):
            raise DataError(f"algorithm must be 'viterbi' or 'map', got {algorithm!r}.")
        if algorithm == "map":
            posteriors = self.predict_proba(X, lengths)
            return float(posteriors.max(axis=1).sum()), posteriors.argmax(axis=1)
        blocks, parameters = self._blocks(X, lengths)
        parts = over_blocks(lambda block: _best_paths(block, parameters), blocks)
        empty = np.empty(0, dtype=np.int64)
        return float(sum(value for value, _ in parts)), np.concatenate([empty, *(path for _, path in parts)])

    def predict(self, X: Any, lengths: Any = None) -> np.ndarray:
        """Best states, by the model's `algorithm`.

        Parameters
        ----------
        X : array-like of shape (n, p), or list of arrays of shape (T_i, p)
            Frames.
        lengths : array-like of int, optional
            Lengths of the sequences in X.

        Returns
        -------
        ndarray of shape (n,)
            States.
        """
        return self.decode(X, lengths)[1]

    def sample(
        self, n_samples: int = 1, random_state: Any = None, currstate: int | None = None
    ) -> tuple[np.ndarray, np.ndarray]:
        """Draw a sequence.

        Parameters
        ----------
        n_samples : int, default=1
            Its length.
        random_state : int or RandomState, optional
            Seed; the model's own by default.
        currstate : int, optional
            State of the first frame.

        Returns
        -------
        X : ndarray of shape (n_samples, p)
            Frames.
        state_sequence : ndarray of shape (n_samples,)
            Their states.
        """
        check_is_fitted(self, "startprob_")
        self._check()
        if n_samples < 1:
            raise DataError(f"n_samples must be at least 1, got {n_samples}.")
        rng = check_random_state(self.random_state if random_state is None else random_state)
        emissions = self._drawn()
        cumulative = [_cumulated(row) for row in self.transmat_]
        chances = rng.random_sample(n_samples).tolist()
        states = [bisect_right(_cumulated(self.startprob_), chances[0]) if currstate is None else int(currstate)]
        for chance in chances[1:]:
            states.append(bisect_right(cumulative[states[-1]], chance))
        path = np.array(states, dtype=np.int64)
        return emissions.draw(path, rng), path

    def get_stationary_distribution(self) -> np.ndarray:
        """Shares of the states in the long run.

        Returns
        -------
        ndarray of shape (N,)
            π with π A = π; where there are several, one of them.
        """
        check_is_fitted(self, "transmat_")
        A = np.asarray(self.transmat_, dtype=np.float64)
        equations = np.vstack([A.T - np.eye(len(A)), np.ones(len(A))])
        shares = np.linalg.lstsq(equations, np.append(np.zeros(len(A)), 1.0), rcond=None)[0]
        return np.maximum(shares, 0.0) / np.maximum(shares, 0.0).sum()

    def aic(self, X: Any, lengths: Any = None) -> float:
        """Akaike's information criterion; the lower, the better.

        Parameters
        ----------
        X : array-like of shape (n, p), or list of arrays of shape (T_i, p)
            Frames.
        lengths : array-like of int, optional
            Lengths of the sequences in X.

        Returns
        -------
        float
            −2 log L + 2 m, with m free parameters.
        """
        return -2 * self.score(X, lengths) + 2 * self._n_parameters()

    def bic(self, X: Any, lengths: Any = None) -> float:
        """Bayesian information criterion; the lower, the better.

        Parameters
        ----------
        X : array-like of shape (n, p), or list of arrays of shape (T_i, p)
            Frames.
        lengths : array-like of int, optional
            Lengths of the sequences in X.

        Returns
        -------
        float
            −2 log L + m log n, with m free parameters and n frames.
        """
        return -2 * self.score(X, lengths) + self._n_parameters() * float(np.log(len(gather(X, lengths)[0])))

    def _n_parameters(self) -> int:
        n = self.n_components
        return n * n - 1 + self._emissions().n_parameters()


def require_distribution(name: str, p: np.ndarray) -> None:
    """Raise unless the last axis holds probabilities that sum to 1.

    Raises
    ------
    DataError
        Names the attribute.
    """
    if not np.allclose(p.sum(axis=-1), 1.0):
        raise DataError(f"{name} must sum to 1 along its last axis, got {p.sum(axis=-1)}.")
    if (p < 0).any():
        raise DataError(f"{name} must not be negative, got {p.min()}.")


def _log_likelihoods(block: Block, parameters: Parameters) -> np.ndarray:
    emissions = parameters.emissions
    frames = framed(block, emissions)
    return log_likelihoods(*frames, block.offsets, parameters.chain(), logs=partial(logs_of, block, emissions))


def _posteriors(block: Block, parameters: Parameters) -> tuple[float, np.ndarray]:
    emissions = parameters.emissions
    frames = framed(block, emissions)
    found = expectations(*frames, block.offsets, parameters.chain(), logs=partial(logs_of, block, emissions))
    require_possible(found.log_likelihood, block.first)
    return float(found.log_likelihood.sum()), found.marginals


def _best_paths(block: Block, parameters: Parameters) -> tuple[float, np.ndarray]:
    with np.errstate(divide="ignore"):
        start, transitions = np.log(parameters.start), np.log(parameters.transitions)
    scores = _scores(block.rows, parameters.emissions, len(start))
    paths, best = viterbi_paths(scores, block.offsets, start, transitions, np.zeros_like(start))
    require_possible(best, block.first)
    return float(best.sum()), paths


def _scores(rows: np.ndarray, emissions: Emissions, states: int) -> np.ndarray:
    """Log-likelihoods (n, N); those of symbols are looked up, so that no logarithm is taken twice."""
    scores, table, lowest = scratch("scores", (len(rows), states)), None, 0
    if rows.dtype.kind == "i" and rows.shape[1] == 1 and len(rows):
        lowest, highest = int(rows.min()), int(rows.max())
        if highest - lowest < len(rows) // 4:
            table = emissions.log_likelihood(np.arange(lowest, highest + 1, dtype=rows.dtype)[:, None])

    def fill(first: int, stop: int) -> None:
        if table is None:
            scores[first:stop] = emissions.log_likelihood(rows[first:stop])
        else:
            table.take(rows[first:stop, 0] - lowest, axis=0, mode="clip", out=scores[first:stop])

    over_rows(fill, len(rows))
    return scores


def _cumulated(p: np.ndarray) -> list[float]:
    """Cumulated probabilities; those from the last positive one on are beyond every chance below 1."""
    sums = np.cumsum(p) / p.sum()
    sums[np.flatnonzero(p)[-1] :] = np.inf
    return sums.tolist()
