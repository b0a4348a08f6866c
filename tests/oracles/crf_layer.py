"""A chain of tags by enumeration: every tagging is scored."""

from itertools import pairwise, product
from typing import NamedTuple

import numpy as np
from scipy.special import logsumexp


class Answer(NamedTuple):
    paths: list[tuple[int, ...]]  # all taggings, best first
    log_p: np.ndarray  # their log-probabilities
    log_z: float
    marginals: np.ndarray  # (t, L)
    pairs: np.ndarray  # (L, L)
    entropy: float


def score(path, emissions, start, transitions, end) -> float:
    if not path:
        return 0.0
    total = start[path[0]] + end[path[-1]]
    for t, tag in enumerate(path):
        total += emissions[t][tag]
    for a, b in pairwise(path):
        total += transitions[a][b]
    return float(total)


def enumerated(emissions, start, transitions, end) -> Answer:
    """Of one sequence, (t, L), and its potentials."""
    t, n_tags = emissions.shape
    paths = list(product(range(n_tags), repeat=t))
    scores = np.array([score(path, emissions, start, transitions, end) for path in paths])
    log_z = float(np.asarray(logsumexp(scores)))
    log_p = scores - log_z
    order = np.argsort(-log_p, kind="stable")
    marginals, pairs = np.zeros((t, n_tags)), np.zeros((n_tags, n_tags))
    for path, p in zip(paths, np.exp(log_p)):
        for k, tag in enumerate(path):
            marginals[k, tag] += p
        for a, b in pairwise(path):
            pairs[a, b] += p
    seen = log_p[np.isfinite(log_p)]
    entropy = float(-(np.exp(seen) * seen).sum())
    return Answer([paths[k] for k in order], log_p[order], log_z, marginals, pairs, entropy)
