"""Small problems for conditional random fields, and the probability of each path by enumeration."""

from itertools import pairwise, product

import numpy as np

from panlearn.sequence.attribute_encoder import Encoded
from panlearn.sequence.crf_features import state_features, transitions
from panlearn.sequence.crf_objective import CRFProblem


def crf_problem(seed, *, s=12, attributes=30, labels=3, longest=4, values=True, weighted=False, **which):
    """Random sequences, some of them empty, of tokens with up to five attributes."""
    rng = np.random.default_rng(seed)
    lengths = rng.integers(0, longest + 1, s)
    lengths[0] = longest
    offsets = np.concatenate([[0], np.cumsum(lengths)]).astype(np.int64)
    n = int(offsets[-1])
    counts = rng.integers(0, 6, n)
    indptr = np.concatenate([[0], np.cumsum(counts)]).astype(np.int64)
    indices = np.concatenate([np.empty(0, int), *(rng.choice(attributes, k, replace=False) for k in counts)])
    amounts = rng.uniform(0.5, 1.5, indptr[-1]) if values else None
    encoded = Encoded(indptr, indices.astype(np.int32), amounts, offsets, attributes)
    tags = rng.integers(0, labels, n).astype(np.int32)
    weight = rng.uniform(0.0, 2.0, s) if weighted else None
    features = state_features(encoded, tags, labels, weight=weight, **which)
    steps = transitions(tags, offsets, labels, weight=weight, **which)
    return CRFProblem(encoded, tags, labels, features, steps, weight)


def token_scores(problem, w):
    """Scores (n, L) of the labels at each token."""
    encoded, features = problem.encoded, problem.features
    out = np.zeros((len(problem.tags), problem.n_labels))
    for t in range(len(out)):
        for e in range(encoded.indptr[t], encoded.indptr[t + 1]):
            v = 1.0 if encoded.values is None else encoded.values[e]
            for k in range(features.indptr[encoded.indices[e]], features.indptr[encoded.indices[e] + 1]):
                out[t, features.labels[k]] += v * w[k]
    return out


def log_likelihood(problem, w):
    """Σ c log p(y | x), every path of every sequence scored."""
    scores, L = token_scores(problem, w), problem.n_labels
    T, total = w[len(problem.features.labels) :].reshape(L, L), 0.0
    for s, (a, b) in enumerate(pairwise(problem.encoded.offsets)):
        if b == a:
            continue

        def path_score(path, a=a):
            return sum(scores[a + t, y] for t, y in enumerate(path)) + sum(T[i, j] for i, j in pairwise(path))

        every = np.array([path_score(path) for path in product(range(L), repeat=b - a)])
        weight = 1.0 if problem.weight is None else problem.weight[s]
        total += weight * (path_score(problem.tags[a:b]) - np.logaddexp.reduce(every))
    return total
