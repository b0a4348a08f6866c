"""Coupling: the programme is solved, also where the pairs contradict each other."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from panlearn.svm.one_vs_one import pairs_of
from panlearn.svm.pairwise_coupling import couple
from tests.oracles import support_vector_machine as oracle


@settings(max_examples=6)
@given(st.integers(0, 30), st.integers(3, 6))
def test_coupling_solves_its_programme(seed, classes):
    rng = np.random.default_rng(seed)
    r = np.zeros((classes, classes))
    pairs = pairs_of(classes)
    first = rng.uniform(0.02, 0.98, size=(1, len(pairs)))
    for p, (i, j) in enumerate(pairs):
        r[i, j], r[j, i] = first[0, p], 1 - first[0, p]
    np.testing.assert_allclose(couple(first, classes)[0], oracle.coupling(r), atol=1e-4)


def test_coupling_at_the_ends():
    sure = couple(np.array([[1.0, 1.0, 1.0], [0.0, 0.0, 0.0], [1.0, 0.0, 1.0]]), 3)
    np.testing.assert_allclose(sure[:2], [[1, 0, 0], [0, 0, 1]], atol=1e-5)
    np.testing.assert_allclose(sure[2], 1 / 3, atol=1e-5)  # a circle
    np.testing.assert_allclose(sure.sum(axis=1), 1)
    assert couple(np.empty((0, 3)), 3).shape == (0, 3)
    np.testing.assert_array_equal(couple(np.array([[0.25]]), 2), [[0.25, 0.75]])
