"""The model that classical boosting starts from."""

import numpy as np
import pytest
from sklearn.linear_model import LinearRegression, LogisticRegression
from sklearn.pipeline import make_pipeline

from panlearn.ensemble import (
    GradientBoostingClassifier,
    GradientBoostingRegressor,
)

RNG = np.random.default_rng(0)
X = RNG.normal(size=(300, 3))
Y = X[:, 0] * X[:, 1] + X[:, 2] + RNG.normal(size=300) * 0.2


def test_the_start_is_the_initial_model():
    line = LinearRegression().fit(X, Y)
    model = GradientBoostingRegressor(init=LinearRegression(), n_estimators=1, learning_rate=0.0).fit(X, Y)
    np.testing.assert_allclose(model.predict(X), line.predict(X))
    y = (Y > 0).astype(int)
    logistic = LogisticRegression().fit(X, y)
    for loss in ("log_loss", "exponential"):
        classes = GradientBoostingClassifier(init=LogisticRegression(), loss=loss, n_estimators=1, learning_rate=0.0)
        np.testing.assert_allclose(classes.fit(X, y).predict_proba(X), logistic.predict_proba(X))
    three = np.digitize(Y, [-0.5, 0.5])
    many = GradientBoostingClassifier(init=LogisticRegression(), n_estimators=1, learning_rate=0.0).fit(X, three)
    np.testing.assert_allclose(many.predict_proba(X), LogisticRegression().fit(X, three).predict_proba(X))


def test_an_initial_model_without_weights_is_refused():
    with pytest.raises(ValueError, match="does not support sample weights"):
        GradientBoostingRegressor(init=make_pipeline(LinearRegression())).fit(X, Y, np.ones(300))
