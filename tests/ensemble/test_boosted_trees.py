"""What all boosted models share."""

import numpy as np

from panlearn.ensemble import (
    GradientBoostingRegressor,
    HistGradientBoostingRegressor,
)

RNG = np.random.default_rng(0)
X = RNG.normal(size=(300, 3))
Y = X[:, 0] * X[:, 1] + X[:, 2] + RNG.normal(size=300) * 0.2


def test_stages_end_at_the_prediction_and_are_copies():
    for model in (HistGradientBoostingRegressor(max_iter=5), GradientBoostingRegressor(n_estimators=5)):
        stages = list(model.fit(X, Y)._staged_raw_predict(X))
        assert len(stages) == 5
        np.testing.assert_allclose(stages[-1], model._raw_predict(X))
        stages[0][:] = 0.0
        assert (stages[1] != 0).any()


def test_shapley_values_add_up():
    model = HistGradientBoostingRegressor(max_iter=5).fit(X, Y)
    values = model.shap_values(X[:10])
    rest = model._raw_predict(X[:10])[:, 0] - values.sum(axis=1)
    np.testing.assert_allclose(rest, rest[0])
