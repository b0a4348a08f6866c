"""One sequence at a time: its best path, and what changes between that path and the true one.

Algorithms that learn from one sequence after another (`crf_mistakes`, `crf_sgd`) need the scores, the best path or the
marginals of that sequence at the present weights. These kernels work on one sequence with arrays made once.

The difference of the features of two paths, Φ(x, y) − Φ(x, ŷ), is summed in a dense vector, of which only the touched
weights are read and set back, and handed out as a list of weights with their amounts.
"""

from typing import NamedTuple

import numpy as np

from panlearn.core.jit import kernel
from panlearn.sequence.crf_features import values_of


class Sentences(NamedTuple):
    """A `CRFProblem` as arrays, for kernels."""

    indptr: np.ndarray  # (n + 1,) attributes of the tokens
    indices: np.ndarray
    values: np.ndarray  # empty if all are 1
    offsets: np.ndarray  # (s + 1,) tokens of the sequences
    tags: np.ndarray  # (n,)
    first: np.ndarray  # (A + 1,) weights of the attributes
    labels: np.ndarray  # (K,)
    allowed: np.ndarray  # (L, L) bool
    weight: np.ndarray  # (s,)


class Work(NamedTuple):
    """Arrays for one sequence of at most T tokens."""

    scores: np.ndarray  # (T, L)
    ahead: np.ndarray  # (T, L)
    back: np.ndarray  # (T, L) int32
    path: np.ndarray  # (T,) int32
    delta: np.ndarray  # (K + L²,) zeros
    touched: np.ndarray  # int64: weights of the difference of two paths
    amount: np.ndarray  # and how much of each


def sentences_of(problem) -> Sentences:
    """Arrays of a problem."""
    encoded, n = problem.encoded, len(problem.encoded.offsets) - 1
    weight = np.ones(n) if problem.weight is None else np.asarray(problem.weight, dtype=np.float64)
    features, values = problem.features, values_of(encoded)
    return Sentences(
        encoded.indptr,
        encoded.indices,
        values,
        encoded.offsets,
        problem.tags,
        features.indptr,
        features.labels,
        problem.transitions.allowed,
        weight,
    )


def work_of(data: Sentences) -> Work:
    """Arrays that are large enough for each of the sequences."""
    longest, L = int(np.diff(data.offsets).max(initial=1)), len(data.allowed)
    entries = int((data.indptr[data.offsets[1:]] - data.indptr[data.offsets[:-1]]).max(initial=0))
    square = (longest, L)
    touched = np.empty(2 * (entries + longest), np.int64)  # a token has two labels, and two ways in
    n_weights = len(data.labels) + L * L
    path, back = np.empty(longest, np.int32), np.empty(square, np.int32)
    return Work(np.empty(square), np.empty(square), back, path, np.zeros(n_weights), touched, np.empty(len(touched)))


@kernel
def sentence_scores(data, s, w, scale, out):
    """Scores of the labels at the tokens of sequence s, without transitions, by the weights scale * w."""
    start, stop = data.offsets[s], data.offsets[s + 1]
    unit = data.values.size == 0
    for t in range(start, stop):
        row = out[t - start]
        row[:] = 0.0
        for e in range(data.indptr[t], data.indptr[t + 1]):
            v = scale if unit else scale * data.values[e]
            for k in range(data.first[data.indices[e]], data.first[data.indices[e] + 1]):
                row[data.labels[k]] += v * w[k]


@kernel
def best_path(length, transitions, work):
    """Viterbi's path of a sequence whose scores are in `work`, of least labels among equals; returns its score."""
    L = transitions.shape[0]
    ahead, back, path = work.ahead, work.back, work.path
    ahead[0] = work.scores[0]
    for t in range(1, length):
        best, came = ahead[t], back[t]
        best[:] = -np.inf
        for i in range(L):
            x = ahead[t - 1, i]
            for j in range(L):
                y = x + transitions[i, j]
                came[j] = i if y > best[j] else came[j]
                best[j] = max(y, best[j])
        for j in range(L):
            best[j] += work.scores[t, j]
    last = np.argmax(ahead[length - 1])
    top = ahead[length - 1, last]
    for t in range(length - 1, -1, -1):
        path[t] = last
        if t:
            last = back[t, last]
    return top


@kernel
def path_score(data, s, w, scale, work):
    """Score of the true path of sequence s by the weights scale * w, whose scores are in `work`."""
    start, stop, L = data.offsets[s], data.offsets[s + 1], data.allowed.shape[0]
    total = 0.0
    for t in range(start, stop):
        total += work.scores[t - start, data.tags[t]]
        if t > start:
            total += scale * w[data.labels.size + data.tags[t - 1] * L + data.tags[t]]
    return total


@kernel
def difference(data, s, work):
    """List the features of the true path less those of the found one in work.touched, amount; returns how many."""
    start, stop, L = data.offsets[s], data.offsets[s + 1], data.allowed.shape[0]
    n = 0
    for t in range(start, stop):
        true, found = data.tags[t], work.path[t - start]
        if true != found:
            n = _states(data, t, true, found, n, work)
        if t > start:
            before, guess = data.tags[t - 1], work.path[t - start - 1]
            if (true != found or before != guess) and data.allowed[before, true]:
                n = _touch(data.labels.size + before * L + true, 1.0, n, work)
            if (true != found or before != guess) and data.allowed[guess, found]:
                n = _touch(data.labels.size + guess * L + found, -1.0, n, work)
    distinct = 0
    for k in work.touched[:n]:
        if work.delta[k] != 0.0:  # a weight listed twice is zero the second time, as one whose changes cancel
            work.touched[distinct], work.amount[distinct] = k, work.delta[k]
            work.delta[k] = 0.0
            distinct += 1
    return distinct


@kernel
def _states(data, t, true, found, n, work):
    """Count the attributes of token t for one label and against the other."""
    for e in range(data.indptr[t], data.indptr[t + 1]):
        v, a = data.values[e] if data.values.size else 1.0, data.indices[e]
        for k in range(data.first[a], data.first[a + 1]):
            if data.labels[k] == true or data.labels[k] == found:
                n = _touch(k, v if data.labels[k] == true else -v, n, work)
    return n


@kernel
def _touch(k, amount, n, work):
    work.delta[k] += amount
    work.touched[n] = k
    return n + 1
