"""Viterbi's algorithm as a function: the best path through a table of scores.

    argmax_y   start(y_0) + Σ_t scores[t, y_t] + Σ_t transitions[y_{t-1}, y_t] + end(y_{T-1})

by dynamic programming [viterbi1967]: the best path to state j at time t goes through the best path to some state i at
time t − 1. T N² additions instead of N^T paths. For a hidden Markov model scores are log p(x_t | state), for a
conditional random field weighted features.

Course notes: 004 §11.
"""

from typing import Any, NamedTuple

import numpy as np

from panlearn.core.errors import DataError
from panlearn.sequence.batches import batch, log_weights
from panlearn.sequence.decoding import n_best_paths, viterbi_paths


class BestPaths(NamedTuple):
    """Best path and its score; with `n_best` lists of them, best first."""

    path: Any  # (T,); (B, T), padded with -1; or a list of (T_i,)
    score: Any  # number; (B,) or (s,) for several sequences; -inf where every path is forbidden


def viterbi(
    scores: Any, transitions: Any, start: Any = None, end: Any = None, *, lengths: Any = None, n_best: int | None = None
) -> BestPaths:
    """Best path of states through one sequence or many.

    Parameters
    ----------
    scores : array-like of shape (T, N) or (B, T, N), or list of arrays (T_i, N)
        Log-scores of the N states at each time; -inf forbids a state there.
    transitions : array-like of shape (N, N)
        Log-scores from row to column; -inf forbids.
    start, end : array-like of shape (N,), optional
        Log-scores of the first and of the last state; zeros by default.
    lengths : array-like of shape (B,), optional
        Lengths of the sequences of a padded array (B, T, N).
    n_best : int, optional
        Return that many paths, best first: `path` and `score` get a leading axis (a list: each of its members). Where
        fewer paths are allowed the rest are -1 with a score of -inf.

    Returns
    -------
    BestPaths
        `path` and `score`, a NamedTuple. Ties go to the state with the lowest number.

    Raises
    ------
    DataError
        If shapes do not fit, or scores hold NaN or +inf.

    References
    ----------
    [viterbi1967]; course notes 004 §11.

    Examples
    --------
    A patient is healthy (0) or has a fever (1), and feels normal, then cold, then dizzy:

    >>> import numpy as np
    >>> from panlearn.sequence.viterbi import viterbi
    >>> likelihood = np.array([[0.5, 0.1], [0.4, 0.3], [0.1, 0.6]])
    >>> path, score = viterbi(np.log(likelihood), np.log([[0.7, 0.3], [0.4, 0.6]]), np.log([0.6, 0.4]))
    >>> path, round(float(np.exp(score)), 5)
    (array([0, 0, 1]), 0.01512)
    """
    data = batch(scores, lengths)
    start, transitions, end = log_weights(data.rows.shape[1], transitions, start, end)
    bad = np.flatnonzero(~(data.rows < np.inf).all(axis=1))
    if bad.size:
        raise DataError(f"scores must be below +inf (-inf forbids a state). Frame {bad[0]} holds NaN or +inf.")
    if n_best is None:
        path, score = viterbi_paths(data.rows, data.offsets, start, transitions, end)
        return BestPaths(data.restore(path, -1), data.each(score))
    if not isinstance(n_best, (int, np.integer)) or n_best < 1:
        raise DataError(f"n_best must be an integer in the range [1, inf) or None. Got {n_best!r}.")
    paths, score = n_best_paths(data.rows, data.offsets, start, transitions, end, int(n_best))
    several = [data.restore(path, -1) for path in paths]
    if data.single or data.inside is not None:
        return BestPaths(np.array(several), score[0] if data.single else score.T)
    return BestPaths([np.array(ways) for ways in zip(*several)], score.T)
