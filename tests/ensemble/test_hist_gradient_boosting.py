"""What both histogram estimators share."""

import numpy as np

from panlearn.ensemble import (
    HistGradientBoostingRegressor,
)

RNG = np.random.default_rng(0)
X = RNG.normal(size=(300, 3))
Y = X[:, 0] * X[:, 1] + X[:, 2] + RNG.normal(size=300) * 0.2


def test_early_stopping_is_on_from_ten_thousand_rows():
    Z, z = np.tile(X, (34, 1)), np.tile(Y, 34)
    assert HistGradientBoostingRegressor(max_iter=2).fit(Z, z).do_early_stopping_
    small = HistGradientBoostingRegressor(max_iter=2).fit(X, Y)
    assert not small.do_early_stopping_
    assert len(small.train_score_) == 0
    assert HistGradientBoostingRegressor(max_iter=2).fit(X, Y, X_val=X, y_val=Y).do_early_stopping_


def test_limits_of_trees_hold():
    model = HistGradientBoostingRegressor(max_iter=4, max_leaf_nodes=5, max_depth=3, min_samples_leaf=30).fit(X, Y)
    for stage in model._trees:
        tree = stage[0]
        assert tree.n_leaves <= 5
        assert tree.max_depth <= 3
        assert tree.n_node_samples.min() >= 30
