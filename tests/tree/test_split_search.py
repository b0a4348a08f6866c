import numpy as np

from panlearn.tree.growth import grow_tree
from panlearn.tree.growth_settings import GrowthSettings
from panlearn.tree.ordered_columns import order_columns


def root(X, y, seed, **rules):
    settings = GrowthSettings("squared_error", max_depth=1, **rules)
    return grow_tree(order_columns(X), y, None, settings, n_classes=[1], seed=seed)


def test_features_are_drawn_evenly():
    X = np.random.default_rng(0).normal(size=(30, 5))
    seeds = np.random.default_rng(1).integers(1, 2**31, 500)
    features = [root(X, X[:, 0], int(seed), max_features=1).feature[0] for seed in seeds]
    counts = np.bincount(features, minlength=5)
    assert counts.min() > 60
    assert counts.max() < 140


def test_constant_features_do_not_count():
    X = np.zeros((30, 6))
    X[:, 4] = np.arange(30)
    for seed in range(1, 20):
        assert root(X, X[:, 4], seed, max_features=1).feature[0] == 4


def test_random_thresholds_are_even_between_the_extremes():
    X = np.concatenate([np.linspace(2.0, 2.1, 50), [6.0]])[:, None]
    y = np.random.default_rng(0).normal(size=51)
    seeds = np.random.default_rng(1).integers(1, 2**31, 400)
    found = np.array([root(X, y, int(s), splitter="random").threshold[0] for s in seeds])
    assert found.min() >= 2.0
    assert found.max() < 6.0
    quarters = np.histogram(found, bins=4, range=(2.0, 6.0))[0]
    assert quarters.min() > 65
