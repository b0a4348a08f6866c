"""Boosted trees: against growth by brute force, and facts about them."""

import threading

import numpy as np
import pytest
from hypothesis import given, settings, strategies
from sklearn.ensemble import HistGradientBoostingRegressor

import panlearn
from panlearn.ensemble.gradient_boosting import tree_growth
from panlearn.ensemble.gradient_boosting.bin_layout import apply_bins
from panlearn.ensemble.gradient_boosting.binning import learn_bins
from panlearn.ensemble.gradient_boosting.gradients import quantise
from panlearn.ensemble.gradient_boosting.tree_growth import BoostingGrowth, grow_boosted_tree
from tests.oracles import boosted_tree as oracle


def problem(seed, n=300, p=4, missing=0.0, constant=False):
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(n, p))
    X[:, 0] = np.round(X[:, 0])
    g = X[:, 0] + np.sin(2 * X[:, 1]) + rng.normal(size=n)
    X[rng.random(X.shape) < missing] = np.nan
    return X, g, None if constant else rng.uniform(0.1, 1.0, n)


def grown(X, g, h, growth, rows=None, max_bins=255, n_categories=None, seed=0):
    binned = apply_bins(learn_bins(X, max_bins=max_bins, n_categories=n_categories), X)
    return grow_boosted_tree(binned, quantise(g, h, binned), growth, rows=rows, seed=seed)


def cuts_of(X, max_bins):
    bins = learn_bins(X, max_bins=max_bins)
    return [bins.upper[bins.bins(j)][:-1] for j in range(X.shape[1])]


def walk(tree, X):
    node = np.zeros(len(X), np.int64)
    for _ in range(len(tree.feature)):
        inner = tree.feature[node] >= 0
        x = X[np.arange(len(X)), np.where(inner, tree.feature[node], 0)]
        left = np.where(np.isnan(x), tree.missing_go_to_left[node], x <= tree.threshold[node])
        node = np.where(inner, np.where(left, tree.children_left[node], tree.children_right[node]), node)
    return node


GROWTHS = {
    "plain": BoostingGrowth(max_leaves=8, min_samples_leaf=5),
    "penalties": BoostingGrowth(max_leaves=12, min_samples_leaf=1, l1=2.0, l2=3.0, min_gain=1.0),
    "depth": BoostingGrowth(max_leaves=None, max_depth=3, min_samples_leaf=3),
    "level by level": BoostingGrowth(max_leaves=6, leaf_wise=False, min_samples_leaf=5),
    "monotone": BoostingGrowth(max_leaves=10, min_samples_leaf=5, monotonic_cst=np.array([-1, 1, 0, 0])),
    "curvature": BoostingGrowth(max_leaves=10, min_samples_leaf=1, min_sum_hessian=15.0),
}


@pytest.mark.parametrize("growth", GROWTHS.values(), ids=GROWTHS)
@pytest.mark.parametrize("constant", [False, True])
@pytest.mark.parametrize("missing", [0.0, 0.2])
def test_matches_oracle(growth, constant, missing):
    X, g, h = problem(3, missing=missing, constant=constant)
    leaves, splits = oracle.grow(X, cuts_of(X, 20), g, np.ones(len(g)) if h is None else h, growth)
    found = grown(X, g, h, growth, max_bins=20)
    inner = found.tree.feature >= 0
    assert inner.sum() == len(splits)
    np.testing.assert_allclose(np.sort(-found.tree.impurity[inner]), np.sort([s[0] for s in splits]), rtol=1e-3)
    ours = {tuple(found.order[a:b]) for a, b in zip(found.starts[:-1], found.starts[1:], strict=True)}
    assert ours == {tuple(rows) for rows, *_ in leaves}
    values = {tuple(rows): value for rows, value, *_ in leaves}
    for leaf, a, b in zip(found.leaves, found.starts[:-1], found.starts[1:], strict=True):
        assert found.tree.value[leaf, 0, 0] == pytest.approx(values[tuple(found.order[a:b])], rel=2e-3, abs=1e-3)


@pytest.mark.parametrize("constant", [False, True])
def test_first_tree_is_scikit_learns(constant):
    """Their distinct values are fewer than bins, so that both have the same thresholds to choose from."""
    rng = np.random.default_rng(1)
    X = rng.integers(0, 100, (3000, 5)).astype(float)
    y = X[:, 0] / 30 + np.sin(X[:, 1] / 10) + rng.normal(size=3000)
    weight = None if constant else rng.integers(1, 4, 3000).astype(float)
    peer = HistGradientBoostingRegressor(max_iter=1, learning_rate=1.0, early_stopping=False)  # type: ignore[arg-type]
    peer.fit(X, y, sample_weight=weight)
    w = np.ones(3000) if weight is None else weight
    start = np.average(y, weights=weight)
    found = grown(X, (start - y) * w, weight, BoostingGrowth())
    nodes = peer._predictors[0][0].nodes
    assert len(found.tree.feature) == len(nodes)
    np.testing.assert_allclose(
        start + found.tree.value[walk(found.tree, X), 0, 0], peer.predict(X), rtol=1e-5, atol=1e-6
    )


def test_rows_of_leaves_are_those_that_the_thresholds_send_there():
    X, g, h = problem(0, n=2000, missing=0.1)
    found = grown(X, g, h, BoostingGrowth())
    at = walk(found.tree, X)
    for leaf, a, b in zip(found.leaves, found.starts[:-1], found.starts[1:], strict=True):
        np.testing.assert_array_equal(found.order[a:b], np.flatnonzero(at == leaf))
        assert found.tree.n_node_samples[leaf] == b - a >= 20
    inner = found.tree.feature >= 0
    left, right = found.tree.children_left[inner], found.tree.children_right[inner]
    np.testing.assert_array_equal(
        found.tree.n_node_samples[inner], found.tree.n_node_samples[left] + found.tree.n_node_samples[right]
    )


def test_some_rows():
    X, g, h = problem(0, n=2000)
    assert h is not None
    rows = np.flatnonzero(np.arange(2000) % 3 > 0)
    part, whole = grown(X, g, h, BoostingGrowth(), rows=rows), grown(X[rows], g[rows], h[rows], BoostingGrowth())
    assert set(part.order) == set(rows)
    assert part.tree.n_node_samples[0] == whole.tree.n_node_samples[0] == len(rows)


def test_more_leaves_than_first_reserved(monkeypatch):
    X, g, h = problem(5, n=3000, p=6)
    growth = BoostingGrowth(max_leaves=None, min_samples_leaf=2)
    whole = grown(X, g, h, growth)
    monkeypatch.setattr(tree_growth, "NODES", 64)
    part = grown(X, g, h, growth)
    assert len(whole.tree.feature) > 1000
    for a, b in zip(whole.tree[:9], part.tree[:9], strict=True):
        np.testing.assert_array_equal(a, b)


@pytest.mark.parametrize("leaf_wise", [True, False])
def test_few_histograms_are_kept(monkeypatch, leaf_wise):
    X, g, h = problem(5, n=3000, p=6)
    growth = BoostingGrowth(max_leaves=40, leaf_wise=leaf_wise)
    whole = grown(X, g, h, growth)
    monkeypatch.setattr(tree_growth, "POOL", 3 * 6 * 256)
    part = grown(X, g, h, growth)
    for a, b in zip(whole.tree[:9], part.tree[:9], strict=True):
        np.testing.assert_array_equal(a, b)


@pytest.mark.parametrize("categories", [3, 30, 400])
def test_categories(categories):
    rng = np.random.default_rng(0)
    code = rng.integers(0, categories, 20_000)
    effect = rng.normal(size=categories)
    X = np.column_stack([code.astype(float), rng.normal(size=20_000)])
    g = effect[code] + 0.1 * rng.normal(size=20_000)
    found = grown(X, g, None, BoostingGrowth(max_leaves=2), n_categories=np.array([categories, 0]))
    tree = found.tree
    assert tree.feature[0] == 0
    assert np.isnan(tree.threshold[0])
    start = tree.category_start[0]
    words = tree.category_words[start + 1 : start + 1 + tree.category_words[start]]
    goes_left = np.unpackbits(words.view(np.uint8), bitorder="little")[:categories].astype(bool)
    rows = found.order[: found.starts[1]] if found.leaves[0] == tree.children_left[0] else None
    assert rows is not None
    np.testing.assert_array_equal(np.sort(rows), np.flatnonzero(goes_left[code]))
    left, right = effect[goes_left], effect[~goes_left]
    if categories < 255:  # rarer ones have no bin of their own
        assert left.max() < right.min() + 0.1 or right.max() < left.min() + 0.1


def test_interaction_groups():
    X, g, h = problem(0, n=3000)
    g = g + 2 * X[:, 2] * X[:, 1]
    found = grown(X, g, h, BoostingGrowth(interaction_groups=[[0, 1], [2, 3]])).tree
    groups = {0: 0, 1: 0, 2: 1, 3: 1}

    def check(node, group):
        if found.feature[node] >= 0:
            assert group in (None, groups[int(found.feature[node])])
            for child in (found.children_left[node], found.children_right[node]):
                check(child, groups[int(found.feature[node])])

    check(0, None)
    assert (found.feature >= 0).sum() > 10


def test_parts_of_the_columns():
    X, g, h = problem(0, n=3000, p=20)
    used = [set(grown(X, g, h, BoostingGrowth(tree_fraction=0.25), seed=s).tree.feature) - {-2} for s in range(5)]
    assert all(len(u) <= 5 for u in used)
    assert len(set.union(*used)) > 5
    one, two, other = (grown(X, g, h, BoostingGrowth(node_fraction=0.3), seed=s).tree.feature for s in (1, 1, 2))
    np.testing.assert_array_equal(one, two)
    assert len(one) != len(other) or (one != other).any()


@given(
    n=strategies.integers(1, 60),
    scale=strategies.sampled_from([1e-30, 1e-3, 1.0, 1e30]),
    seed=strategies.integers(0, 1000),
)
@settings(deadline=None, max_examples=25)
def test_invariances(n, scale, seed):
    """The tree does not change with the scale of the gradients, and sees only the order of the values."""
    X, g, h = problem(seed, n=n, missing=0.1)
    growth = BoostingGrowth(min_samples_leaf=2, min_sum_hessian=0.0)
    one, two = grown(X, g, h, growth), grown(np.exp(X), g * scale, h, growth)
    np.testing.assert_array_equal(one.tree.feature, two.tree.feature)
    np.testing.assert_array_equal(one.order, two.order)
    np.testing.assert_allclose(one.tree.value * scale, two.tree.value, rtol=1e-4, atol=1e-6 * scale)


def test_edge_cases():
    growth = BoostingGrowth()
    for X in (np.full((50, 3), np.nan), np.ones((50, 3)), np.zeros((1, 1))):
        n = len(X)
        found = grown(X, np.arange(n) - 5.0, None, growth)
        assert len(found.tree.feature) == 1
        assert found.tree.value[0, 0, 0] == pytest.approx(5.0 - (n - 1) / 2)
    X, g, h = problem(0)
    assert len(grown(X, np.zeros(300), h, growth).tree.feature) == 1
    assert len(grown(X, g, np.zeros(300), growth).tree.feature) == 1
    half = np.where(np.arange(300) % 2, 1.0, 0.0)
    assert np.isfinite(grown(X, g * half, h * half, BoostingGrowth(min_samples_leaf=1)).tree.value).all()
    split = grown(np.where(X > 0, np.inf, -np.inf), X[:, 1], None, growth)
    assert split.tree.feature[0] == 1
    missing = np.where(X > 0, np.nan, 1.0)
    assert grown(missing, X[:, 2], None, growth).tree.feature[0] == 2


def large(n=60_000, p=20):
    rng = np.random.default_rng(0)
    X = rng.normal(size=(n, p)).astype(np.float32)
    X[:, 3] = np.round(X[:, 3])
    g = X[:, 0] + np.sin(2 * X[:, 1]) + X[:, 3] + rng.normal(size=n)
    binned = apply_bins(learn_bins(X), X)
    return binned, quantise(g, rng.uniform(0.1, 1, n), binned)


@pytest.mark.parametrize("size", [2, 3, 7])
def test_reproducible(size):
    """Bit for bit the same for any number of threads, also more than there are cores."""
    binned, gradients = large()
    with panlearn.threads(1):
        one = grow_boosted_tree(binned, gradients, BoostingGrowth())
    with panlearn.threads(size):
        many = [grow_boosted_tree(binned, gradients, BoostingGrowth()) for _ in range(3)]
    for other in many:
        for a, b in zip((*one.tree, *one[1:]), (*other.tree, *other[1:]), strict=True):
            np.testing.assert_array_equal(a, b)


def test_two_fits_at_once():
    binned, gradients = large()
    with panlearn.threads(1):
        expected = grow_boosted_tree(binned, gradients, BoostingGrowth()).tree
    trees = []

    def fit():
        with panlearn.threads(3):
            trees.extend(grow_boosted_tree(binned, gradients, BoostingGrowth()).tree for _ in range(3))

    fits = [threading.Thread(target=fit) for _ in range(3)]
    for thread in fits:
        thread.start()
    for thread in fits:
        thread.join(timeout=120)
    assert len(trees) == 9
    for tree in trees:
        np.testing.assert_array_equal(tree.value, expected.value)
