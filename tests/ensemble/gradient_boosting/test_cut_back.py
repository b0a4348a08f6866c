"""Impurities and further limits of classical trees."""

import numpy as np

from panlearn.ensemble import (
    GradientBoostingRegressor,
)

RNG = np.random.default_rng(0)
X = RNG.normal(size=(300, 3))
Y = X[:, 0] * X[:, 1] + X[:, 2] + RNG.normal(size=300) * 0.2


def test_impurities_are_those_of_a_decision_tree():
    model = GradientBoostingRegressor(n_estimators=1, min_samples_leaf=10).fit(X, Y)
    tree = model.estimators_[0, 0].tree_
    path = tree.decision_path(X).toarray().astype(bool)
    residual = Y - Y.mean()
    for node in range(tree.node_count):
        np.testing.assert_allclose(tree.impurity[node], residual[path[:, node]].var(), atol=1e-12)
        assert tree.weighted_n_node_samples[node] == path[:, node].sum()


def test_limits_hold():
    model = GradientBoostingRegressor(max_depth=6, min_samples_split=50, n_estimators=3).fit(X, Y)
    for tree in (estimator.tree_ for estimator in model.estimators_[:, 0]):
        assert (tree.n_node_samples[tree.children_left >= 0] >= 50).all()
    big = GradientBoostingRegressor(min_impurity_decrease=1e9, n_estimators=2).fit(X, Y)
    assert all(stage[0].node_count == 1 for stage in big._trees)
    pruned = GradientBoostingRegressor(ccp_alpha=0.02, n_estimators=3).fit(X, Y)
    assert sum(stage[0].n_leaves for stage in pruned._trees) < 24
