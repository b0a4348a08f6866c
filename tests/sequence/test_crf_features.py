"""Which weights a CRF has: counted in plain Python."""

from collections import defaultdict
from itertools import pairwise

import numpy as np
import pytest

from panlearn.sequence.crf_features import state_features, transitions, values_of
from tests.oracles.crf_problem import crf_problem


def counted(problem):
    """Counts of (attribute, label) and of (label, label), weighted."""
    states, steps = defaultdict(float), defaultdict(float)
    encoded, tags = problem.encoded, problem.tags.tolist()
    for s, (a, b) in enumerate(pairwise(encoded.offsets)):
        c = 1.0 if problem.weight is None else problem.weight[s]
        for t in range(a, b):
            for e in range(encoded.indptr[t], encoded.indptr[t + 1]):
                v = 1.0 if encoded.values is None else encoded.values[e]
                states[int(encoded.indices[e]), tags[t]] += c * v
        for pair in pairwise(tags[a:b]):
            steps[pair] += c
    return states, steps


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("values", [False, True])
def test_counts(values, weighted):
    problem = crf_problem(0, values=values, weighted=weighted)
    states, steps = counted(problem)
    features = problem.features
    attribute = np.repeat(np.arange(30), np.diff(features.indptr))
    pairs = list(zip(attribute.tolist(), features.labels.tolist(), strict=True))
    assert pairs == sorted(states)
    np.testing.assert_allclose(features.counts, [states[pair] for pair in pairs])
    for i, j in np.ndindex(3, 3):
        assert problem.transitions.allowed[i, j] == ((i, j) in steps)
        assert problem.transitions.counts[i, j] == pytest.approx(steps[i, j])


def test_all_pairs():
    problem = crf_problem(1, all_pairs=True)
    assert np.diff(problem.features.indptr).tolist() == [3] * 30
    assert problem.transitions.allowed.all()
    assert problem.features.counts.sum() == pytest.approx(values_of(problem.encoded).sum())


def test_min_frequency():
    whole, some = crf_problem(2), crf_problem(2, min_frequency=2.0)
    assert 0 < len(some.features.labels) < len(whole.features.labels)
    assert some.features.counts.tolist() == [c for c in whole.features.counts if c >= 2.0]
    assert (some.transitions.allowed == (whole.transitions.counts >= 2.0)).all()


def test_edge_cases():
    problem = crf_problem(3)
    nothing = problem.encoded._replace(
        indptr=np.zeros(1, np.int64), indices=np.empty(0, np.int32), values=None, offsets=np.zeros(3, np.int64)
    )
    empty = np.empty(0, np.int32)
    assert len(state_features(nothing, empty, 2).labels) == 0
    assert not transitions(empty, nothing.offsets, 2).allowed.any()
    single = transitions(np.array([0, 1, 1], np.int32), np.array([0, 1, 2, 3]), 2)
    assert not single.counts.any()  # sequences of one token have no transition
