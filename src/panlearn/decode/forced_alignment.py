"""When each token of a known string was said: the best path that spells it, by Viterbi's algorithm [viterbi1967].

A path that spells y_1 ... y_L goes through the 2 L + 1 states - y_1 - y_2 - ... y_L -, stays in a state or moves on to
the next, and may leave out the blank between two tokens that differ [graves2006]:

    a_t(s) = log p_t(state s) + max { a_{t-1}(s), a_{t-1}(s - 1), a_{t-1}(s - 2) if y_s is no blank and y_s != y_{s-2} }

It ends in the last token or the blank behind it. Cost: T L for time, T (2 L + 1) bytes for the way back. A string needs
a frame for each token and one between any two that are equal. Course note: 001 §8.5.
"""

from typing import Any, NamedTuple

import numpy as np

from panlearn.core.errors import DataError
from panlearn.core.jit import kernel
from panlearn.decode.ctc_scores import utterances_of


class Alignment(NamedTuple):
    """Where the tokens of an utterance are."""

    tokens: np.ndarray  # (L,) as given
    starts: np.ndarray  # (L,) first frame of each
    ends: np.ndarray  # (L,) frame behind its last
    scores: np.ndarray  # (L,) mean log-probability of a token at its frames
    path: np.ndarray  # (T,) token or blank of each frame
    score: float  # log-probability of the path


def forced_alignment(log_probs: Any, tokens: Any, lengths: Any = None, *, blank: int = 0) -> Any:
    """Align known strings with the frames.

    Parameters
    ----------
    log_probs : array or tensor of shape (T, V) or (B, T, V), or list of (T, V)
        Log-probabilities of the tokens at each frame.
    tokens : array-like of shape (L,), or a list of B such
        What was said, as numbers of tokens without blanks.
    lengths : array-like of shape (B,), optional
        Frames of each utterance.
    blank : int, default=0
        Number of the blank.

    Returns
    -------
    Alignment, or a list of them
        One an utterance.

    Raises
    ------
    ValueError
        If a token is out of range, or an utterance has too few frames or no possible path; the message names it.

    References
    ----------
    [graves2006], [viterbi1967], note 001 §8.5

    Examples
    --------
    >>> scores = np.log([[0.1, 0.8, 0.1], [0.6, 0.3, 0.1], [0.1, 0.2, 0.7], [0.2, 0.1, 0.7]])
    >>> found = forced_alignment(scores, [1, 2])
    >>> found.path, found.starts, found.ends
    (array([1, 0, 2, 2]), array([0, 2]), array([1, 4]))
    """
    given = utterances_of(log_probs, lengths, blank)
    strings = [tokens] if given.single else list(tokens)
    if len(strings) != len(given.frames):
        raise DataError(f"tokens must hold {len(given.frames)} strings, one an utterance, got {len(strings)}.")
    found = [_aligned(frames, _string(s, given.n_tokens, blank, i), blank, i)
             for i, (frames, s) in enumerate(zip(given.frames, strings))]  # fmt: skip
    return found[0] if given.single else found


def frames_needed(tokens: np.ndarray) -> int:
    """Fewest frames that can spell a string: one a token, and a blank between equal neighbours."""
    return len(tokens) + int((tokens[1:] == tokens[:-1]).sum())


def _string(tokens: Any, n_tokens: int, blank: int, i: int) -> np.ndarray:
    """Tokens of an utterance, checked."""
    string = np.asarray(tokens)
    if string.size == 0:
        return np.empty(0, np.int64)
    if string.ndim != 1 or string.dtype.kind not in "iu":
        raise DataError(f"the string of utterance {i} must be a list of numbers of tokens, got {tokens!r}.")
    if string.min() < 0 or string.max() >= n_tokens or (string == blank).any():
        raise DataError(
            f"the string of utterance {i} must hold tokens 0 to {n_tokens - 1} other than the blank, {blank}; got "
            f"{string.tolist()[:20]}."
        )
    return string.astype(np.int64)


def _aligned(frames: np.ndarray, tokens: np.ndarray, blank: int, i: int) -> Alignment:
    """Best path of one utterance."""
    needed = frames_needed(tokens)
    if len(frames) < needed:
        raise DataError(f"utterance {i} has {len(frames)} frames; its string of {len(tokens)} tokens needs {needed}.")
    scores = np.ascontiguousarray(frames, dtype=np.float64)
    states = np.full(2 * len(tokens) + 1, blank)
    states[1::2] = tokens
    moves = np.zeros((len(scores), len(states)), np.int8)
    way = np.zeros(len(scores), np.int64)
    score = best_way(scores, states, moves, way)
    if score == -np.inf:
        raise DataError(f"utterance {i}: no path of its string has a probability above 0.")
    path = states[way]
    first = np.searchsorted(way, np.arange(1, len(states), 2), side="left")
    last = np.searchsorted(way, np.arange(1, len(states), 2), side="right")
    sums = np.append(0.0, np.cumsum(scores[np.arange(len(path)), path]))
    return Alignment(tokens, first, last, (sums[last] - sums[first]) / (last - first), path, score)


@kernel
def best_way(scores, states, moves, way):  # writes moves, way
    """State at each frame of the best path, and its log-probability."""
    n_frames, n_states = moves.shape
    before, now = np.full(n_states, -np.inf), np.full(n_states, -np.inf)
    if n_frames == 0:
        return 0.0
    for s in range(min(2, n_states)):
        before[s] = scores[0, states[s]]
    for t in range(1, n_frames):
        for s in range(n_states):
            best, move = before[s], 0
            if s > 0 and before[s - 1] > best:
                best, move = before[s - 1], 1
            if s > 2 and s % 2 == 1 and states[s] != states[s - 2] and before[s - 2] > best:
                best, move = before[s - 2], 2
            now[s], moves[t, s] = best + scores[t, states[s]], move
        before, now = now, before
    s = n_states - 1
    if n_states > 1 and before[s - 1] > before[s]:
        s -= 1
    score = before[s]
    for t in range(n_frames - 1, -1, -1):
        way[t] = s
        s -= moves[t, s]
    return score
