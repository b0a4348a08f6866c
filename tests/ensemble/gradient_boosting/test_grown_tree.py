"""A grown tree in the units of the data."""

import numpy as np
import pytest

from panlearn.ensemble.gradient_boosting.bin_layout import apply_bins
from panlearn.ensemble.gradient_boosting.binning import learn_bins
from panlearn.ensemble.gradient_boosting.gradients import quantise
from panlearn.ensemble.gradient_boosting.grown_tree import add_leaf_values
from panlearn.ensemble.gradient_boosting.tree_growth import BoostingGrowth, grow_boosted_tree
from panlearn.tree.tree_structure import LEAF, NO_FEATURE


def grown(n=3000, constant=False, scale=1.0):
    rng = np.random.default_rng(0)
    X = rng.normal(size=(n, 3))
    g, h = (X[:, 0] + rng.normal(size=n)) * scale, None if constant else rng.uniform(1e-6, 1, n) ** 8
    binned = apply_bins(learn_bins(X), X)
    return g, h, grow_boosted_tree(binned, quantise(g, h, binned), BoostingGrowth(l2=0.5))


@pytest.mark.parametrize("constant", [False, True])
def test_leaf_values_are_newton_steps(constant):
    """Exact also where curvatures are far smaller than the largest one."""
    g, h, found = grown(constant=constant)
    h = np.ones(len(g)) if h is None else h
    for leaf, a, b in zip(found.leaves, found.starts[:-1], found.starts[1:], strict=True):
        rows = found.order[a:b]
        assert found.tree.value[leaf, 0, 0] == pytest.approx(-g[rows].sum() / (h[rows].sum() + 0.5), rel=1e-9)


def test_nodes():
    _, h, found = grown()
    assert h is not None
    tree = found.tree
    leaf = tree.children_left == LEAF
    np.testing.assert_array_equal(np.flatnonzero(leaf), np.sort(found.leaves))
    assert (tree.feature[leaf] == NO_FEATURE).all()
    assert (tree.impurity[leaf] == 0).all()
    assert (tree.impurity[~leaf] < 0).all()
    assert (np.flatnonzero(~leaf) < tree.children_left[~leaf]).all()
    assert (tree.children_right == tree.children_left + 1)[~leaf].all()
    assert tree.weighted_n_node_samples[0] == pytest.approx(h.sum(), rel=1e-3)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_leaf_values_are_added(dtype):
    _, _, found = grown()
    raw = np.ones(3000, dtype)
    add_leaf_values(raw, found, 0.5)
    for leaf, a, b in zip(found.leaves, found.starts[:-1], found.starts[1:], strict=True):
        np.testing.assert_allclose(raw[found.order[a:b]], 1 + 0.5 * found.tree.value[leaf, 0, 0], rtol=1e-6)
