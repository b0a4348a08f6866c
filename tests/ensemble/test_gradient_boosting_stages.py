"""What both classical estimators share."""

import numpy as np

from panlearn.ensemble import (
    GradientBoostingClassifier,
    GradientBoostingRegressor,
)

RNG = np.random.default_rng(0)
X = RNG.normal(size=(300, 3))
Y = X[:, 0] * X[:, 1] + X[:, 2] + RNG.normal(size=300) * 0.2


def test_shares_of_rows_and_features():
    model = GradientBoostingRegressor(min_samples_leaf=0.1, max_features="sqrt", n_estimators=3).fit(X, Y)
    assert model.max_features_ == 1
    assert min(stage[0].n_node_samples.min() for stage in model._trees) >= 30
    weight = RNG.uniform(0.5, 2, 300)
    heavy = GradientBoostingRegressor(min_weight_fraction_leaf=0.2, n_estimators=3).fit(X, Y, weight)
    for stage in heavy._trees:
        leaves = stage[0].apply(X)
        assert np.bincount(leaves, weight)[np.unique(leaves)].min() >= 0.2 * weight.sum() - 1e-6


def test_importances_are_shares():
    model = GradientBoostingClassifier(n_estimators=5).fit(X, Y > 0)
    np.testing.assert_allclose(model.feature_importances_.sum(), 1.0)
