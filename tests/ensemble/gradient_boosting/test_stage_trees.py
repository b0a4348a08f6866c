"""Trees of classical boosting as estimators."""

import numpy as np

from panlearn.ensemble import (
    GradientBoostingRegressor,
)

RNG = np.random.default_rng(0)
X = RNG.normal(size=(300, 3))
Y = X[:, 0] * X[:, 1] + X[:, 2] + RNG.normal(size=300) * 0.2


def test_the_trees_add_up_to_the_prediction():
    model = GradientBoostingRegressor(n_estimators=5, learning_rate=0.3).fit(X, Y)
    total = Y.mean() + 0.3 * sum(tree.predict(X) for tree in model.estimators_[:, 0])
    np.testing.assert_allclose(model.predict(X), total)


def test_each_keeps_the_limits_it_was_grown_with():
    model = GradientBoostingRegressor(n_estimators=2, max_depth=1, warm_start=True).fit(X, Y)
    model.set_params(n_estimators=4, max_depth=2).fit(X, Y)
    assert [tree.max_depth for tree in model.estimators_[:, 0]] == [1, 1, 2, 2]
    assert [tree.get_depth() for tree in model.estimators_[:, 0]] == [1, 1, 2, 2]
