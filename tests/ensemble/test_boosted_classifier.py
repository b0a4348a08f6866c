"""Predictions of boosted classifiers."""

import numpy as np

from panlearn.ensemble import (
    GradientBoostingClassifier,
    HistGradientBoostingClassifier,
)

RNG = np.random.default_rng(0)
X = RNG.normal(size=(300, 3))
Y = X[:, 0] * X[:, 1] + X[:, 2] + RNG.normal(size=300) * 0.2


def test_classes_are_the_likeliest():
    y = np.array(["a", "b", "c"])[np.digitize(Y, [-0.5, 0.5])]
    for model in (HistGradientBoostingClassifier(max_iter=5), GradientBoostingClassifier(n_estimators=5)):
        model.fit(X, y)
        p = model.predict_proba(X)
        np.testing.assert_array_equal(model.predict(X), model.classes_[p.argmax(axis=1)])
        np.testing.assert_array_equal(model.decision_function(X).argmax(axis=1), p.argmax(axis=1))
        model.fit(X, y == "a")
        z = model.decision_function(X)
        assert z.shape == (300,)
        np.testing.assert_allclose(model.predict_proba(X)[:, 1], 1 / (1 + np.exp(-z)))
