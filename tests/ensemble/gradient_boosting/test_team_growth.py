"""What a team must not change: the leaves cover the rows, whatever its size; its kernel is asked directly."""

import numpy as np
import pytest

import panlearn
from panlearn.ensemble.gradient_boosting.bin_layout import apply_bins
from panlearn.ensemble.gradient_boosting.binning import learn_bins
from panlearn.ensemble.gradient_boosting.gradients import quantise
from panlearn.ensemble.gradient_boosting.team_growth import gather_leaves
from panlearn.ensemble.gradient_boosting.tree_growth import BoostingGrowth, grow_boosted_trees


@pytest.mark.parametrize("size", [1, 2, 5])
@pytest.mark.parametrize("constant", [False, True])
def test_leaves_cover_the_rows(size, constant):
    rng = np.random.default_rng(0)
    X = rng.normal(size=(40_000, 15))
    X[rng.random(X.shape) < 0.1] = np.nan
    h = None if constant else rng.uniform(size=40_000)
    binned = apply_bins(learn_bins(X), X)
    targets = [np.nan_to_num(X[:, j] * X[:, 5]) + rng.normal(size=40_000) for j in range(3)]
    gradients = [quantise(g, h, binned) for g in targets]
    with panlearn.threads(size):
        trees = grow_boosted_trees(binned, gradients, BoostingGrowth(leaf_wise=size != 2), seeds=[0, 1, 2])
    for grown in trees:
        np.testing.assert_array_equal(np.sort(grown.order), np.arange(40_000))
        np.testing.assert_array_equal(np.diff(grown.starts), grown.tree.n_node_samples[grown.leaves])
        assert len(grown.leaves) == 31


def test_rows_of_leaves_are_gathered_from_both_arrays():
    nodes = np.zeros(3, [(name, "i8") for name in ("left", "right", "start", "stop", "side")])
    nodes["left"], nodes["right"] = [1, -1, -1], [2, -1, -1]
    nodes["start"], nodes["stop"], nodes["side"] = [0, 0, 2], [5, 2, 5], [0, 1, 0]
    order, leaves = np.array([[0, 0, 2, 3, 4], [8, 9, 0, 0, 0]], np.int32), np.empty(2, np.int64)
    gather_leaves(nodes, order, leaves)
    np.testing.assert_array_equal(order[0], [8, 9, 2, 3, 4])
    np.testing.assert_array_equal(leaves, [1, 2])
