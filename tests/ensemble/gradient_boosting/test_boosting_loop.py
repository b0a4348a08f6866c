"""The loop over rounds."""

import numpy as np

from panlearn.ensemble import (
    GradientBoostingRegressor,
    HistGradientBoostingClassifier,
    HistGradientBoostingRegressor,
)

RNG = np.random.default_rng(0)
X = RNG.normal(size=(300, 3))
Y = X[:, 0] * X[:, 1] + X[:, 2] + RNG.normal(size=300) * 0.2


def test_raw_predictions_are_kept_up_without_predicting_anew():
    """Rows left out by a sample walk the new tree only; in the end all is as if predicted."""
    for model in (
        HistGradientBoostingRegressor(max_iter=10, row_sampling="goss", early_stopping=True, validation_fraction=None),
        HistGradientBoostingRegressor(max_iter=10, dart=0.3, early_stopping=True, validation_fraction=None),
    ):
        model.set_params(random_state=0).fit(X, Y)
        loss = 0.5 * np.mean((Y - model.predict(X)) ** 2)
        np.testing.assert_allclose(-loss, model.train_score_[-1], rtol=1e-10)
    sampled = GradientBoostingRegressor(subsample=0.5, n_estimators=10, random_state=0).fit(X, Y)
    rng, scores = np.random.RandomState(0), []
    for t, raw in enumerate(sampled.staged_predict(X)):
        from panlearn.ensemble.gradient_boosting.row_sampling import draw_fraction

        sample = draw_fraction(300, 0.5, rng)
        rng.randint(2**31 - 1)
        scores.append(np.mean((Y - raw)[sample.left_out] ** 2))
        assert np.isclose(scores[t], sampled.oob_scores_[t], rtol=1e-9)


def test_the_trees_of_a_round_come_from_the_same_predictions():
    """Relabelling the classes permutes the trees."""
    y = np.digitize(Y, [-0.5, 0.5])
    one = HistGradientBoostingClassifier(max_iter=5).fit(X, y).decision_function(X)
    two = HistGradientBoostingClassifier(max_iter=5).fit(X, 2 - y).decision_function(X)
    np.testing.assert_allclose(one, two[:, ::-1], rtol=1e-6, atol=1e-7)
