"""Interpolated Kneser-Ney estimates of n-grams from counts; the formulas are those of `panlearn.decode.ngram_model`.

The highest order counts occurrences, and so do n-grams that begin a sentence, which nothing precedes; all others count
the different words before them. Orders are interpolated from below: the single words with the uniform distribution, in
which "<unk>" has its share. Stored as back-off tables: p~ is the interpolated probability, b = d N(h .) / c(h .).
"""

import math
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from typing import Any

from panlearn.core.errors import DataError

BEGIN, END, UNKNOWN = "<s>", "</s>", "<unk>"
Grams = dict[tuple, tuple[float, float]]  # n-gram -> ln p~, ln b


def kneser_ney(sentences: Iterable[Sequence[Any]], order: int) -> Grams:
    """Estimate all n-grams up to an order.

    Parameters
    ----------
    sentences : iterable of sequences
        Words.
    order : int
        Longest n-gram, at least 1.

    Returns
    -------
    dict
        From n-gram to ln p~ and ln b.

    Raises
    ------
    DataError
        If the order is not a whole number of at least 1, or there is no sentence.
    """
    if isinstance(order, bool) or not isinstance(order, int) or order < 1:
        raise DataError(f"order must be a whole number of at least 1, got {order!r}.")
    counts = _counts(sentences, order)
    vocabulary = {gram[0] for gram in counts[1]} | {END, UNKNOWN}
    lower: dict[tuple, float] = {(): 1 / len(vocabulary)}  # p of the order below, for every history
    back_off: dict[tuple, float] = {}
    found: dict[tuple, float] = {}
    for n in range(1, order + 1):
        totals, kinds = _of_histories(counts[n])
        discount = _discount(counts[n])
        level: dict[tuple, float] = {}
        for gram, count in counts[n].items():
            history = gram[:-1]
            rest = lower[gram[1:]] if n > 1 else lower[()]
            level[gram] = (count - discount + discount * kinds[history] * rest) / totals[history]
        for history, total in totals.items():
            back_off[history] = discount * kinds[history] / total
        if n == 1:
            for word in vocabulary:
                level.setdefault((word,), back_off.get((), 1.0) * lower[()])
        found |= level
        lower = level
    found.setdefault((BEGIN,), 0.0)
    return {
        gram: (math.log(p) if p > 0 else -math.inf, math.log(back_off[gram]) if gram in back_off else 0.0)
        for gram, p in found.items()
    }


def _counts(sentences: Iterable[Sequence[Any]], order: int) -> list[Counter]:
    """What n-grams of each order count for: [unused, 1-grams, ..., n-grams]."""
    raw = [Counter() for _ in range(order + 1)]
    n_sentences = 0
    for sentence in sentences:
        words = (BEGIN, *sentence, END)
        n_sentences += 1
        for n in range(1, order + 1):
            raw[n].update(words[i : i + n] for i in range(len(words) - n + 1))
    if not n_sentences:
        raise DataError("a language model is estimated from sentences: there is none.")
    raw[1].pop((BEGIN,), None)  # nobody predicts a beginning
    counts = [*raw]
    for n in range(1, order):
        before = Counter(gram[1:] for gram in raw[n + 1])
        counts[n] = Counter({gram: raw[n][gram] if gram[0] == BEGIN else before[gram] for gram in raw[n]})
    return counts


def _of_histories(counts: Counter) -> tuple[dict, dict]:
    """Sum of the counts after each history, and how many different words follow."""
    totals: dict[tuple, float] = defaultdict(float)
    kinds: dict[tuple, int] = defaultdict(int)
    for gram, count in counts.items():
        totals[gram[:-1]] += count
        kinds[gram[:-1]] += 1
    return totals, kinds


def _discount(counts: Counter) -> float:
    """What is taken from each count; 1/2 where counts are too few to say."""
    of = Counter(counts.values())
    return of[1] / (of[1] + 2 * of[2]) if of[1] and of[2] else 0.5
