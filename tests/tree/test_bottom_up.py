"""Sums and minima along the branches of a tree."""

import numpy as np

from panlearn.tree.bottom_up import add_upwards, cut_where_cheaper, first_above, reached

PARENT = np.array([-1, 0, 0, 1, 1, 2, 2])


def test_sums():
    sums = np.array([[0.0], [0], [0], [1], [2], [4], [8]])
    add_upwards(PARENT, sums)
    assert sums[:, 0].tolist() == [15, 3, 12, 1, 2, 4, 8]


def test_cutting():
    as_leaf, ending = np.array([9.0, 3, 11, 1, 2, 4, 8]), np.array([0.0, 0, 0, 1, 2, 4, 8])
    leaf = np.array([False, False, False, True, True, True, True])
    least = cut_where_cheaper(PARENT, as_leaf, ending, leaf, 0.0)
    assert leaf.tolist() == [True, True, True, True, True, True, True]  # 9 <= 3 + 11
    assert least[:3].tolist() == [9, 3, 11]
    leaf[:3], dear = False, as_leaf + np.array([90.0, 0, 2, 0, 0, 0, 0])
    cut_where_cheaper(PARENT, dear, ending, leaf, 0.0)
    assert leaf[:3].tolist() == [False, True, False]
    leaf[:3] = False
    cut_where_cheaper(PARENT, dear, ending, leaf, 1.0)
    assert leaf[:3].tolist() == [False, True, True]


def test_first_above():
    assert first_above(PARENT, np.array([5.0, 3, 7, 0, 0, 0, 0])).tolist() == [np.inf, 5, 5, 3, 3, 5, 5]


def test_reached():
    left, right = np.array([1, 3, 5, -1, -1, -1, -1]), np.array([2, 4, 6, -1, -1, -1, -1])
    leaf, content = left < 0, np.arange(7)
    start = np.full(7, -1)
    assert reached(left, right, start, leaf, content).all()
    content[0] = 2  # the root asks what node 2 asks, and has its children
    assert np.flatnonzero(reached(left, right, start, leaf, content)).tolist() == [0, 5, 6]
