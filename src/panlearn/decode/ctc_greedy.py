"""The best path of connectionist temporal classification, read off frame by frame [graves2006].

A network gives, at each frame t, probabilities p_t(v) of V tokens, one of which is the blank: "nothing". A path is one
token a frame; the string it spells is what is left when repeated tokens are made one and then blanks are dropped:

    a a - a b b -   ->   a a b

so that many paths spell one string, a long vowel is still one letter, and a doubled letter has a blank between. The
probability of a string is the sum over its paths. Greedy decoding takes the best *path*, argmax_v p_t(v) at each frame,
which need not spell the best *string*: two frames with p(-) = 0.6, p(a) = 0.4 each read "" (0.36), but "a" has 0.64.

Cost: T V comparisons. It suffices where the network is sure; else search (`ctc_beam_search`). Course note: 001 §8.5.
"""

from typing import Any, NamedTuple

import numpy as np

from panlearn.decode.ctc_scores import utterances_of


class GreedyPath(NamedTuple):
    """What the best path of an utterance spells."""

    tokens: np.ndarray  # (n,) numbers of the tokens
    starts: np.ndarray  # (n,) frame at which each begins
    score: float  # log-probability of the path


def ctc_greedy(log_probs: Any, lengths: Any = None, blank: int = 0) -> Any:
    """Collapse the most probable path.

    Parameters
    ----------
    log_probs : array or tensor of shape (T, V) or (B, T, V), or list of (T, V)
        Log-probabilities of the tokens at each frame.
    lengths : array-like of shape (B,), optional
        Frames of each utterance.
    blank : int, default=0
        Number of the blank.

    Returns
    -------
    GreedyPath, or a list of them
        One an utterance.

    Raises
    ------
    ValueError
        If shapes do not fit, or a frame holds NaN.

    References
    ----------
    [graves2006], note 001 §8.5

    Examples
    --------
    Repeats are one token unless a blank is between them.

    >>> path = [1, 1, 0, 1, 2, 2, 0]
    >>> ctc_greedy(np.log(np.eye(3)[path] + 1e-9)).tokens
    array([1, 1, 2])
    """
    given = utterances_of(log_probs, lengths, blank)
    paths = [_collapsed(frames, blank) for frames in given.frames]
    return paths[0] if given.single else paths


def _collapsed(frames: np.ndarray, blank: int) -> GreedyPath:
    if not len(frames):
        return GreedyPath(np.empty(0, np.intp), np.empty(0, np.intp), 0.0)
    path = frames.argmax(axis=1)
    new = np.append(True, path[1:] != path[:-1]) & (path != blank)
    score = np.take_along_axis(frames, path[:, None], 1).sum(dtype=np.float64)
    return GreedyPath(path[new], np.flatnonzero(new), float(score))
