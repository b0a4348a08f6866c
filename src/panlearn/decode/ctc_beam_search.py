"""Prefix beam search: the most probable string, not the most probable path [graves2006], [hannun2014].

A string is spelt by many paths (`panlearn.decode.ctc_greedy`). The search keeps the W best *prefixes* l, each with two
sums over its paths up to frame t, those that end in a blank and those that end in its last token:

    b_t(l)     = p_t(-) [b_{t-1}(l) + e_{t-1}(l)]
    e_t(l)     = p_t(v) e_{t-1}(l) + p_t(v) [b_{t-1}(k) + e_{t-1}(k)]      l = k v;  of k only b if k ends in v too

since a token that is repeated without a blank between is the same one. With W above the number of prefixes this is the
exact sum over all alignments; W = 100 is usually as good. Prefixes are ranked by

    log(b + e) + alpha log p_LM(l) + beta |l|

with an n-gram model of the tokens, or, given a lexicon, of its words; |l| counts these. A word is judged as it ends.

Cost: T W log W where tokens are sure (few pairs are looked at), T W V log W at worst. Compiled
loops over arrays; utterances run on all threads. It fails where the beam drops what a later frame would have saved:
widen it, or loosen `token_min_logp` and `beam_prune_logp`. Course note: 001 §8.5.
"""

import math
from collections.abc import Sequence
from itertools import pairwise
from typing import Any, NamedTuple

import numpy as np

from panlearn.core.errors import DataError
from panlearn.core.threads import GATE, run, thread_count
from panlearn.decode.ctc_beam_kernels import advance, trace
from panlearn.decode.ctc_beam_state import Search, new_search, rules_of, with_room
from panlearn.decode.ctc_beam_words import finish
from panlearn.decode.ctc_scores import utterances_of
from panlearn.decode.lexicon import Lexicon
from panlearn.decode.ngram_model import NGramModel

CHUNK = 256  # frames between two looks at Ctrl-C
PAIR = 40  # elementary operations for a prefix at a frame


class Hypothesis(NamedTuple):
    """A string that an utterance may spell."""

    tokens: tuple[int, ...]  # numbers of the tokens
    score: float  # log_prob and what language model and lexicon add
    log_prob: float  # log of the sum over the alignments in the beam
    words: tuple[Any, ...]  # of the lexicon, None for an unknown one


class Options(NamedTuple):
    """What a search is asked for."""

    blank: int
    beam_width: int
    n_best: int
    token_min_logp: float
    beam_prune_logp: float
    language_model: NGramModel | None
    alpha: float
    beta: float
    lexicon: Lexicon | None
    labels: Sequence[Any] | None


def ctc_beam_search(
    log_probs: Any,
    lengths: Any = None,
    *,
    blank: int = 0,
    beam_width: int = 100,
    n_best: int = 1,
    token_min_logp: float = -5.0,
    beam_prune_logp: float = -10.0,
    language_model: NGramModel | None = None,
    alpha: float = 0.5,
    beta: float = 1.5,
    lexicon: Lexicon | None = None,
    labels: Sequence[Any] | None = None,
) -> Any:
    """Find the most probable strings.

    Parameters
    ----------
    log_probs : array or tensor of shape (T, V) or (B, T, V), or list of (T, V)
        Log-probabilities of the tokens at each frame.
    lengths : array-like of shape (B,), optional
        Frames of each utterance.
    blank : int, default=0
        Number of the blank.
    beam_width : int, default=100
        Prefixes kept, W.
    n_best : int, default=1
        Strings wanted.
    token_min_logp : float, default=-5.0
        Tokens less probable than this are passed over, but for the best of a frame; -inf for none.
    beam_prune_logp : float, default=-10.0
        Prefixes that fall behind the best by more are dropped; -inf for none.
    language_model : NGramModel, optional
        Of the tokens, or of the words of `lexicon`.
    alpha : float, default=0.5
        Factor on its log-probabilities, at least 0.
    beta : float, default=1.5
        Bonus of each token (with a lexicon: word), where there is a language model.
    lexicon : Lexicon, optional
        Words that strings are made of.
    labels : sequence of V, optional
        What the language model calls the tokens; by default their numbers.

    Returns
    -------
    list of Hypothesis, or a list of such lists
        The best first; fewer than `n_best` where the beam holds fewer, none where the lexicon allows none.

    Raises
    ------
    ValueError
        If a parameter is out of its range, shapes do not fit, or a frame holds NaN.

    References
    ----------
    [graves2006], [hannun2014], note 001 §8.5

    Examples
    --------
    The best path is two blanks, 0.36; but three paths spell token 1: 0.24 + 0.24 + 0.16.

    >>> best, second = ctc_beam_search(np.log([[0.6, 0.4], [0.6, 0.4]]), n_best=2)
    >>> best.tokens, round(math.exp(best.log_prob), 2), second.tokens, round(math.exp(second.log_prob), 2)
    ((1,), 0.64, (), 0.36)
    """
    limits = token_min_logp, beam_prune_logp
    options = Options(blank, beam_width, n_best, *limits, language_model, alpha, beta, lexicon, labels)
    _check(options)
    given = utterances_of(log_probs, lengths, blank)
    if not given.frames:
        return []
    rules = rules_of(options, given.n_tokens)
    answers: list[list[Hypothesis]] = []
    cuts = _cuts([len(frames) for frames in given.frames], beam_width)
    tasks = [lambda a=a, b=b: [_search(f, rules, options) for f in given.frames[a:b]] for a, b in pairwise(cuts)]
    for part in run(tasks):
        answers += part
    return answers[0] if given.single else answers


def _check(options: Options) -> None:
    """Ranges of the parameters."""
    for name in ("beam_width", "n_best"):
        value = getattr(options, name)
        if isinstance(value, bool) or not isinstance(value, (int, np.integer)) or value < 1:
            raise DataError(f"{name} must be a whole number of at least 1, got {value!r}.")
    for name in ("token_min_logp", "beam_prune_logp"):
        if not getattr(options, name) <= 0:
            raise DataError(f"{name} must be a number up to 0 (-inf for no limit), got {getattr(options, name)!r}.")
    if not 0 <= options.alpha < math.inf or not math.isfinite(options.beta):
        raise DataError(f"alpha must be at least 0 and beta finite, got {options.alpha!r} and {options.beta!r}.")
    for name, kind in (("language_model", NGramModel), ("lexicon", Lexicon)):
        if not isinstance(getattr(options, name), (kind, type(None))):
            raise DataError(f"{name} must be a {kind.__name__}, got {type(getattr(options, name)).__name__}.")


def _cuts(lengths: list[int], width: int) -> list[int]:
    """Where to cut the utterances, so that each thread has about as many frames."""
    ends = np.cumsum(lengths)
    count = thread_count() if ends[-1] * width * PAIR >= GATE else 1
    inner = np.searchsorted(ends, ends[-1] * np.arange(1, count) / count, side="left") + 1
    return sorted({0, len(lengths), *inner.tolist()})


def _search(frames: np.ndarray, rules: tuple, options: Options) -> list[Hypothesis]:
    """Strings of one utterance; `rules` are those of `rules_of`."""
    judge = rules[1]
    search = new_search(options.beam_width, rules[0].n_tokens, 0 if judge is None else judge.start)
    for t in range(0, len(frames), CHUNK):
        chunk = np.ascontiguousarray(frames[t : t + CHUNK], dtype=np.float64)
        search = with_room(search, len(chunk) * options.beam_width)
        advance(chunk, *rules, search)
    return _strings(rules, search, len(frames), options)


def _strings(rules: tuple, search: Search, n_frames: int, options: Options) -> list[Hypothesis]:
    """Read the beam out."""
    scores, ends = np.full(options.beam_width, -np.inf), np.full(options.beam_width, -1)
    finish(*rules, search, scores, ends)
    order = np.argsort(-scores, kind="stable")[: options.n_best]
    names = () if options.lexicon is None else (*options.lexicon.words, None)
    nodes, beam, out, found = search.nodes, search.beam, np.empty(n_frames, np.int64), []
    for i in order[scores[order] > -np.inf]:
        node, words = int(beam["node"][i]), []
        tokens = tuple(out[trace(nodes, node, False, out) :].tolist())
        if names:
            words = out[trace(nodes, node, True, out) :].tolist() + [w for w in (int(ends[i]),) if w >= 0]
        spelt = tuple(names[word] for word in words)
        found.append(Hypothesis(tokens, float(scores[i]), float(beam["total"][i]), spelt))
    return found
