"""Training loss and out-of-bag loss of classical boosting."""

import numpy as np

from panlearn.ensemble import (
    GradientBoostingClassifier,
    GradientBoostingRegressor,
)

RNG = np.random.default_rng(0)
X = RNG.normal(size=(300, 3))
Y = X[:, 0] * X[:, 1] + X[:, 2] + RNG.normal(size=300) * 0.2


def test_scores_are_losses_of_the_stages():
    model = GradientBoostingRegressor(n_estimators=6).fit(X, Y)
    expected = [np.mean((Y - prediction) ** 2) for prediction in model.staged_predict(X)]
    np.testing.assert_allclose(model.train_score_, expected)
    y = (Y > 0).astype(int)
    classes = GradientBoostingClassifier(n_estimators=6).fit(X, y)
    deviance = [-2 * np.log(p[np.arange(300), y]).mean() for p in classes.staged_predict_proba(X)]
    np.testing.assert_allclose(classes.train_score_, deviance)


def test_out_of_bag_from_a_later_round_on():
    model = GradientBoostingRegressor(n_estimators=4, warm_start=True, random_state=0).fit(X, Y)
    assert not hasattr(model, "oob_scores_")
    model.set_params(n_estimators=7, subsample=0.5).fit(X, Y)
    np.testing.assert_array_equal(model.oob_scores_[:4], 0.0)
    assert (model.oob_scores_[4:] > 0).all()
    model.set_params(warm_start=False, subsample=1.0).fit(X, Y)
    assert not hasattr(model, "oob_scores_")
