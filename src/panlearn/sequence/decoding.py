"""Decoding: the best path of each of many sequences, or its k best.

The scores of a path are added up in logarithms, start(y_0) + Σ_t x_t(y_t) + Σ_t A(y_{t-1}, y_t) + end(y_{T-1}). A score
of -inf forbids: a state at a time, a transition, a first or a last state. So constraints need no code of their own.

Sequences run in bundles of eight (`panlearn.sequence.best_paths`), long or few ones with their states side by side, the
bundles on threads: no answer depends on how many.

Course notes: 004 §11.
"""

import numpy as np

from panlearn.core.lanes import WIDTH
from panlearn.core.threads import map_chunks, scratch
from panlearn.sequence.best_paths import path_alone, paths_in_lanes
from panlearn.sequence.bundles import split_sequences, work_arrays
from panlearn.sequence.n_best import n_best


def viterbi_paths(
    scores: np.ndarray, offsets: np.ndarray, start: np.ndarray, transitions: np.ndarray, end: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Best path of every sequence.

    Parameters
    ----------
    scores : ndarray of shape (n, N)
        Log-scores of the states at each time, of all sequences one after the other.
    offsets : ndarray of shape (s + 1,)
        First row of each sequence, and n.
    start, transitions, end : ndarray of shape (N,), (N, N), (N,)
        Log-scores of first states, of transitions from row to column, and of last states; -inf forbids.

    Returns
    -------
    paths : ndarray of shape (n,)
        States, int64.
    score : ndarray of shape (s,)
        Score of each path; -inf where none is allowed (the states are then arbitrary), 0 for an empty sequence.
    """
    scores, model = _model(scores, start, transitions, end)
    paths, best = np.empty(len(scores), dtype=np.int64), np.zeros(len(offsets) - 1)
    lengths, N = np.diff(offsets), scores.shape[1]
    bundled, alone = split_sequences(lengths)

    def bundles(first: int, stop: int) -> None:
        members = bundled[first:stop]
        if members.size:
            work = work_arrays(int(lengths[members[0]]), N)
            paths_in_lanes(scores, members, offsets, model, work, paths, best)

    def single(first: int, stop: int) -> None:
        padded = np.full((N, -(-N // WIDTH) * WIDTH), -np.inf)
        padded[:, :N] = model[1]
        for s in alone[first:stop]:
            rows = slice(offsets[s], offsets[s + 1])
            delta = scratch("delta", (int(lengths[s]), padded.shape[1]))
            best[s] = path_alone(scores[rows], (model[0], padded, *model[2:]), delta, paths[rows])

    map_chunks(bundles, len(bundled), work=float(lengths[bundled].sum()) * N * (N + 8), align=WIDTH)
    map_chunks(single, len(alone), work=float(lengths[alone].sum()) * N * (N + 8))
    return paths, best


def n_best_paths(
    scores: np.ndarray, offsets: np.ndarray, start: np.ndarray, transitions: np.ndarray, end: np.ndarray, k: int
) -> tuple[np.ndarray, np.ndarray]:
    """The k best paths of every sequence; parameters as for `viterbi_paths`.

    Returns
    -------
    paths : ndarray of shape (k, n)
        Best first; -1 where a sequence has fewer than k allowed paths.
    score : ndarray of shape (s, k)
        Their scores, falling; -inf where there is no such path. An empty sequence has one path, of score 0.
    """
    scores, model = _model(scores, start, transitions, end)
    paths, best = np.full((k, len(scores)), -1, dtype=np.int64), np.full((len(offsets) - 1, k), -np.inf)

    def work(first: int, stop: int) -> None:
        for s in range(first, stop):
            rows = slice(offsets[s], offsets[s + 1])
            if rows.start == rows.stop:
                best[s, 0] = 0.0
            else:
                n_best(scores[rows], model, paths[:, rows], best[s])

    map_chunks(work, len(best), work=scores.size * float(scores.shape[1] * 4 + k * k))
    return paths, best


def _model(scores, start, transitions, end):
    scores, start, transitions, end = (
        np.ascontiguousarray(x, dtype=np.float64) for x in (scores, start, transitions, end)
    )
    return scores, (start, transitions, np.ascontiguousarray(transitions.T), end)
