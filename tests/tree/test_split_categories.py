import numpy as np
import pytest

from panlearn.tree.growth import grow_tree
from panlearn.tree.growth_settings import GrowthSettings
from panlearn.tree.ordered_columns import order_columns
from tests.oracles.decision_tree import best_decrease, check_tree


def problem(levels, n=80, classes=0, seed=0, missing=0.0):
    rng = np.random.default_rng(seed)
    X = np.column_stack([rng.integers(0, levels, n), rng.normal(size=n)]).astype(float)
    X[rng.random(n) < missing, 0] = np.nan
    score = rng.normal(size=levels)[np.nan_to_num(X[:, 0]).astype(int)] + rng.normal(size=n)
    y = np.digitize(score, np.quantile(score, np.arange(1, classes) / classes)) if classes else score
    return X, y.reshape(-1, 1), [classes or 1]


def grown(X, y, criterion, n_classes, levels, **rules):
    columns = order_columns(X, n_categories=[levels, 0])
    return grow_tree(columns, y, None, GrowthSettings(criterion, **rules), n_classes=n_classes, seed=0)


@pytest.mark.parametrize("missing", [0.0, 0.2])
@pytest.mark.parametrize(
    ("criterion", "classes"), [("squared_error", 0), ("gini", 2), ("entropy", 2), ("gini", 4), ("entropy", 3)]
)
def test_subsets_are_the_best_of_all(criterion, classes, missing):
    levels = 6
    if missing and classes < 3:
        pytest.skip("missing values join an end of the order, as for numbers")
    for seed in range(3):
        X, y, n_classes = problem(levels, classes=classes, seed=seed, missing=missing)
        tree = grown(X, y, criterion, n_classes, levels, max_depth=3, min_samples_leaf=3)
        check_tree(tree, criterion, X, y, np.ones(len(X)), max_depth=3, n_categories=[levels, 0], min_samples_leaf=3)


def test_many_levels_of_many_classes_come_close():
    X, y, n_classes = problem(10, 300, classes=4)
    tree = grown(X, y, "gini", n_classes, 10)
    share = tree.weighted_n_node_samples[[tree.children_left[0], tree.children_right[0]]] / 300
    decrease = tree.impurity[0] - share @ tree.impurity[[tree.children_left[0], tree.children_right[0]]]
    best, _ = best_decrease("gini", X, y, np.ones(300), n_categories=[10, 0])
    assert decrease >= 0.95 * best


def test_subset_is_stored_as_bits():
    X = np.repeat(np.arange(40.0), 5)[:, None]
    left = np.isin(X[:, 0], [0, 3, 35, 39])
    columns = order_columns(X, n_categories=[40])
    tree = grow_tree(columns, left.astype(float), None, GrowthSettings("squared_error"), n_classes=[1], seed=0)
    assert tree.node_count == 3
    assert np.isnan(tree.threshold[0])
    assert tree.category_words[0] == 2
    bits = np.unpackbits(tree.category_words[1:3].view(np.uint8), bitorder="little")
    members = {*np.flatnonzero(bits[:40])}
    assert members == {0, 3, 35, 39} or members == {*range(40)} - {0, 3, 35, 39}
    np.testing.assert_array_equal(tree.predict(X)[:, 0], left)


def test_levels_absent_from_a_node_go_with_the_larger_side():
    X = np.array([[0.0]] * 3 + [[1.0]] * 7)
    columns = order_columns(X, n_categories=[5])
    tree = grow_tree(columns, X[:, 0].copy(), None, GrowthSettings("squared_error"), n_classes=[1], seed=0)
    np.testing.assert_array_equal(tree.predict(np.array([[4.0], [np.nan], [99.0]]))[:, 0], [1.0, 1.0, 1.0])


def test_ten_thousand_levels():
    rng = np.random.default_rng(0)
    X = rng.integers(0, 10_000, (20_000, 1)).astype(float)
    effect = rng.normal(size=10_000)
    y = effect[X[:, 0].astype(int)]
    columns = order_columns(X, n_categories=[10_000])
    tree = grow_tree(columns, y, None, GrowthSettings("squared_error", max_depth=1), n_classes=[1], seed=0)
    order = np.argsort(y)
    cumulated = np.cumsum(y[order] - y.mean())[:-1]
    best = np.max(cumulated**2 / (np.arange(1, 20_000) * np.arange(19_999, 0, -1)))
    mass = tree.impurity * tree.n_node_samples / 20_000
    np.testing.assert_allclose(mass[0] - mass[1] - mass[2], best, rtol=1e-9)


def test_random_subsets_leave_no_side_empty():
    X, y, n_classes = problem(6, 200, missing=0.1)
    for seed in range(5):
        columns = order_columns(X, n_categories=[6, 0])
        settings = GrowthSettings("squared_error", splitter="random", max_features=1)
        tree = grow_tree(columns, y, None, settings, n_classes=n_classes, seed=seed)
        assert tree.n_node_samples.min() >= 1
        counts = np.bincount(tree.apply(X), minlength=tree.node_count)
        np.testing.assert_array_equal(counts[tree.children_left < 0], tree.n_node_samples[tree.children_left < 0])
