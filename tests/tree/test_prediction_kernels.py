"""The two ways through a tree end in the same leaf; the layout is breadth-first with siblings side by side."""

import numpy as np

from panlearn.tree.prediction import CATEGORY, MISSING_RIGHT, pack_trees
from panlearn.tree.prediction_kernels import LANES, goes_right, leaves_by_tests, leaves_by_walk, lowest_bit, transpose
from tests.oracles import forest as oracle


def test_tests_and_walk_agree():
    rng = np.random.default_rng(0)
    packed = pack_trees([oracle.random_tree(rng, m, 3, n_categories=4) for m in (2, 17, 64)])
    X = rng.normal(size=(LANES, 3))
    X[:, 2] = rng.integers(0, 40, LANES)
    X[rng.random(X.shape) < 0.2] = np.nan
    columns, alive = np.zeros((3, LANES)), np.empty(LANES, np.uint64)
    one, two = np.empty(LANES, np.int32), np.empty(LANES, np.int32)
    missing = transpose(X, 0, LANES, columns)
    assert missing
    for t in range(3):
        leaves_by_tests(packed, t, columns, missing, alive, one)
        leaves_by_walk(packed, t, X, 0, LANES, missing, two)
        np.testing.assert_array_equal(one, two)


def test_layout():
    """Children of the nodes in order take the places 1, 2, 3, …; leaves are numbered from left to right."""
    packed = pack_trees([oracle.random_tree(np.random.default_rng(1), 20, 3)])
    inner = packed.nodes["feature"] >= 0
    np.testing.assert_array_equal(packed.nodes["left"][inner], np.arange(1, 39, 2))
    assert sorted(~packed.nodes["feature"][~inner]) == list(range(20))
    assert np.isinf(packed.nodes["threshold"][~inner]).all()
    np.testing.assert_array_equal(packed.nodes["left"][~inner], np.flatnonzero(~inner))
    assert packed.nodes.itemsize == 16


def test_questions():
    words = np.array([1, 0b101], np.uint32)
    assert [goes_right(x, 0.0, CATEGORY, words) for x in (0.0, 1.0, 2.0)] == [False, True, False]
    assert goes_right(np.nan, 5.0, MISSING_RIGHT, words)
    assert goes_right(40.0, 0.0, CATEGORY | MISSING_RIGHT, words)  # no such code: counts as missing
    assert not goes_right(np.nan, 5.0, 0, words)
    assert not goes_right(5.0, 5.0, MISSING_RIGHT, words)


def test_lowest_bit():
    from numba import njit

    assert njit(lambda word: lowest_bit(word))(np.uint64(0b101000)) == 3  # type: ignore[call-arg]
