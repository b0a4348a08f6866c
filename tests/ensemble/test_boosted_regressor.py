"""Predictions of boosted regressors."""

import numpy as np

from panlearn.ensemble import (
    GradientBoostingRegressor,
    HistGradientBoostingRegressor,
)

RNG = np.random.default_rng(0)
X = RNG.normal(size=(300, 3))
Y = X[:, 0] * X[:, 1] + X[:, 2] + RNG.normal(size=300) * 0.2


def test_inverse_links():
    y = np.exp(Y)
    for loss in ("poisson", "gamma", "tweedie"):
        for model in (HistGradientBoostingRegressor(loss=loss, max_iter=5), GradientBoostingRegressor(loss=loss)):
            model.fit(X, y)
            np.testing.assert_allclose(model.predict(X), np.exp(model._raw_predict(X)[:, 0]))
