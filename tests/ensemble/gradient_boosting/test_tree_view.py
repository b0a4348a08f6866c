"""Trees as scikit-learn's attribute shows them."""

import numpy as np

from panlearn.ensemble import (
    HistGradientBoostingClassifier,
    HistGradientBoostingRegressor,
)

RNG = np.random.default_rng(0)
X = RNG.normal(size=(300, 3))
Y = X[:, 0] * X[:, 1] + X[:, 2] + RNG.normal(size=300) * 0.2


def test_a_walk_over_the_records_gives_the_prediction():
    model = HistGradientBoostingRegressor(max_iter=3).fit(X, Y)
    raw = np.full(20, Y.mean())
    for stage in model._predictors:
        nodes = stage[0].nodes
        for i in range(20):
            at = nodes[0]
            while not at["is_leaf"]:
                at = nodes[at["left"] if X[i, at["feature_idx"]] <= at["num_threshold"] else at["right"]]
            raw[i] += at["value"]
        assert stage[0].get_n_leaf_nodes() == nodes["is_leaf"].sum()
        assert stage[0].get_max_depth() == nodes["depth"].max()
    np.testing.assert_allclose(model.predict(X[:20]), raw)


def test_sets_of_categories():
    codes = RNG.integers(0, 6, 2000)
    kw = {"max_iter": 1, "max_depth": 1, "categorical_features": [0]}
    model = HistGradientBoostingClassifier(**kw).fit(codes[:, None].astype(float), codes % 2)
    words = model._predictors[0][0].raw_left_cat_bitsets
    assert words.shape == (1, 8)
    assert words[0, 0] in (0b010101, 0b101010)
