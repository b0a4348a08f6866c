"""Sums and maxima over all N^T paths of a chain, one by one."""

import itertools

import numpy as np


def scored_paths(scores, transitions, start, end):
    """Every path with its score, in logarithms, in the order of the states."""
    T, N = scores.shape
    for path in itertools.product(range(N), repeat=T):
        score = start[path[0]] + end[path[-1]] + sum(scores[t, y] for t, y in enumerate(path))
        yield path, score + sum(transitions[i, j] for i, j in itertools.pairwise(path))


def posterior(scores, transitions, start, end):
    """log Z, marginals (T, N) and expected transitions (N, N)."""
    T, N = scores.shape
    ways = list(scored_paths(scores, transitions, start, end))
    log_z = np.logaddexp.reduce([score for _, score in ways])
    marginals, pairs = np.zeros((T, N)), np.zeros((N, N))
    for path, score in ways:
        share = np.exp(score - log_z) if log_z > -np.inf else 0.0
        for t, y in enumerate(path):
            marginals[t, y] += share
        for i, j in itertools.pairwise(path):
            pairs[i, j] += share
    return log_z, marginals, pairs


def best_paths(scores, transitions, start, end, k):
    """The k best allowed paths with their scores, best first."""
    ways = [way for way in scored_paths(scores, transitions, start, end) if way[1] > -np.inf]
    return sorted(ways, key=lambda way: -way[1])[:k]
