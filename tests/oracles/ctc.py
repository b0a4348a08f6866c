"""Connectionist temporal classification by enumeration of all paths [graves2006], edits, n-grams by rule."""

import itertools
import math
from collections import defaultdict
from functools import cache


def collapse(path, blank):
    """String that a path spells."""
    return tuple(token for token, _ in itertools.groupby(path) if token != blank)


def paths(log_probs):
    """All paths with their log-probabilities."""
    for path in itertools.product(range(len(log_probs[0])), repeat=len(log_probs)):
        yield path, sum(float(frame[token]) for frame, token in zip(log_probs, path))


def string_probabilities(log_probs, blank=0):
    """Probability of every string."""
    total = defaultdict(float)
    for path, score in paths(log_probs):
        total[collapse(path, blank)] += math.exp(score)
    return {string: p for string, p in total.items() if p > 0}


def best_alignment(log_probs, tokens, blank=0):
    """Log-probability of the best path of a string; -inf if it has none."""
    return max((score for path, score in paths(log_probs) if collapse(path, blank) == tuple(tokens)), default=-math.inf)


def edit_distance(a, b):
    """Fewest edits between two sequences."""

    @cache
    def d(i, j):
        if i == 0 or j == 0:
            return i + j
        return min(d(i - 1, j - 1) + (a[i - 1] != b[j - 1]), d(i, j - 1) + 1, d(i - 1, j) + 1)

    return d(len(a), len(b))


def back_off(grams, history, word):
    """Log-probability of a word after a history, by the rule of back-off models; grams: tuple -> (ln p, ln b)."""
    if (*history, word) in grams:
        return grams[(*history, word)][0]
    if not history:
        return -math.inf
    return grams.get(tuple(history), (0.0, 0.0))[1] + back_off(grams, history[1:], word)


def segmentations(tokens, spellings, separator=None):
    """All ways to read tokens as words of a lexicon: word -> spelling."""
    if separator is not None:
        words = [
            tuple(group) for is_space, group in itertools.groupby(tokens, lambda t: t == separator) if not is_space
        ]
        choices = [[word for word, spelt in spellings if tuple(spelt) == group] for group in words]
        return [tuple(choice) for choice in itertools.product(*choices)]
    if not tokens:
        return [()]
    found = []
    for word, spelt in spellings:
        if tuple(tokens[: len(spelt)]) == tuple(spelt):
            found += [(word, *rest) for rest in segmentations(tokens[len(spelt) :], spellings)]
    return found
