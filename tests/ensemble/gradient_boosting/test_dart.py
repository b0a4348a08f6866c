"""Dropout of trees."""

import numpy as np

from panlearn.ensemble import HistGradientBoostingRegressor
from panlearn.ensemble.gradient_boosting.dart import draw_dropped
from panlearn.ensemble.gradient_boosting.tree_sums import sum_trees


def test_weights_of_the_new_tree_and_of_the_dropped_ones_make_one():
    rng = np.random.RandomState(0)
    for n in range(1, 20):
        dropped = draw_dropped(n, 0.3, rng)
        assert 1 <= len(dropped.rounds) <= n
        assert dropped.new * (len(dropped.rounds) + 1) == 1.0
        assert abs(dropped.kept + dropped.new - 1.0) < 1e-12


def test_nothing_is_dropped_at_rate_zero_or_in_the_first_round():
    rng = np.random.RandomState(0)
    for dropped in (draw_dropped(5, 0.0, rng), draw_dropped(0, 0.9, rng)):
        assert len(dropped.rounds) == 0
        assert (dropped.new, dropped.kept) == (1.0, 1.0)


def test_a_fitted_model_is_the_sum_it_was_trained_as():
    """Raw predictions kept through drops and returns are those of the trees with their final scales."""
    rng = np.random.default_rng(0)
    X = rng.normal(size=(300, 3))
    y = X[:, 0] * X[:, 1] + rng.normal(size=300) * 0.1
    model = HistGradientBoostingRegressor(max_iter=15, dart=0.3, early_stopping=True, random_state=0).fit(X, y)
    assert len(set(model._scales)) > 1
    expected = model._start + sum_trees(model._trees, model._scales, X)[:, 0]
    np.testing.assert_allclose(model.predict(X), expected)
    validation = model.validation_score_[-1]
    assert np.isfinite(validation)
    assert validation > model.validation_score_[0]
