"""The bootstrap estimates: against the textbook's loop, against the peer's definition, and where they mislead."""

import warnings
from typing import Any

import numpy as np
import pytest
from sklearn.datasets import load_breast_cancer, load_diabetes, load_iris
from sklearn.ensemble import RandomForestClassifier
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.tree import DecisionTreeClassifier

from panlearn.core.errors import DataError
from panlearn.evaluation import Bootstrap, bootstrap_score
from panlearn.evaluation.bootstrap import draw_seeds
from panlearn.evaluation.bootstrap_score import relative_overfitting
from panlearn.linear_model import LinearRegression, Perceptron, Ridge
from tests.oracles.bootstrap_error import point632

IRIS = load_iris(return_X_y=True)
DIABETES: Any = load_diabetes(return_X_y=True)


def numbers(found):
    return np.array([value for value in found if np.isscalar(value)])


@pytest.mark.parametrize("use_weights", [True, False])
def test_matches_oracle(use_weights):
    """The definitions, sample by sample and row by row."""
    X, y = IRIS
    n, B = len(y), 25
    model = DecisionTreeClassifier(max_depth=2, random_state=0)
    found = bootstrap_score(model, X, y, n_splits=B, random_state=3, use_weights=use_weights)
    losses, out = np.zeros((B, n)), np.zeros((B, n), dtype=bool)
    for b, (train, test) in enumerate(Bootstrap(B, stratified=True, random_state=3).split(X, y)):
        losses[b] = model.fit(X[train], y[train]).predict(X) != y
        out[b, test] = True
    rows = [losses[out[:, i], i].mean() for i in range(n) if out[:, i].any()]
    predicted = model.fit(X, y).predict(X)
    gamma = np.mean([[a != b for a in y] for b in predicted])
    plain632, plus, R = point632(np.mean(predicted != y), float(np.mean(rows)), float(gamma))
    assert found.plain == pytest.approx(1 - losses.mean())
    assert found.out_of_bag == pytest.approx(1 - np.mean(rows))
    assert found.apparent == pytest.approx(np.mean(predicted == y))
    assert found.no_information == pytest.approx(1 - gamma)
    assert found.point632 == pytest.approx(1 - plain632)
    assert found.point632_plus == found.score == pytest.approx(1 - plus)
    assert found.overfitting == pytest.approx(R)
    assert found.never_drawn == pytest.approx(out.mean())
    np.testing.assert_allclose(found.samples, [1 - losses[b, out[b]].mean() for b in range(B)])


def test_about_368_in_1000_are_never_drawn():
    X, y = DIABETES
    assert bootstrap_score(LinearRegression(), X, y, n_splits=100, random_state=0).never_drawn == pytest.approx(
        np.exp(-1), abs=0.005
    )


def test_example_of_the_paper():
    """Labels that say nothing, and the rule of one nearest neighbour: err = 0, Err1 = 0.5; .632 says 0.316."""
    rng = np.random.default_rng(0)
    X, y = rng.normal(size=(200, 5)), rng.permutation(np.repeat([0, 1], 100))
    found = bootstrap_score(KNeighborsClassifier(1), X, y, n_splits=50, random_state=0)
    assert found.apparent == 1
    assert found.no_information == pytest.approx(0.5)
    assert 1 - found.point632 == pytest.approx(0.316, abs=0.04)
    assert found.overfitting > 0.9
    assert abs(found.point632_plus - 0.5) < 2 * found.standard_error
    assert abs(found.point632 - 0.5) > 3 * found.standard_error
    assert found.plain > found.out_of_bag


@pytest.mark.parametrize("scoring", ["r2", "neg_mean_squared_error", "neg_root_mean_squared_error"])
def test_scores_of_one_loss_agree(scoring):
    X, y = DIABETES
    found = bootstrap_score(LinearRegression(), X, y, n_splits=20, random_state=0, scoring=scoring)
    mse = -bootstrap_score(
        LinearRegression(), X, y, n_splits=20, random_state=0, scoring="neg_mean_squared_error"
    ).score
    expected = {"r2": 1 - mse / y.var(), "neg_root_mean_squared_error": -np.sqrt(mse)}.get(scoring, -mse)
    assert found.score == pytest.approx(expected)
    assert LinearRegression().fit(X, y).score(X, y) == pytest.approx(found.apparent) or scoring != "r2"


def test_any_score_of_scikit_learn():
    """A score that is no mean over rows; for accuracy the two ways nearly agree."""
    X, y = load_breast_cancer(return_X_y=True)
    model = DecisionTreeClassifier(max_depth=3, random_state=0)
    area = bootstrap_score(model, X, y, n_splits=20, random_state=0, scoring="roc_auc")
    assert area.out_of_bag == pytest.approx(np.mean(area.samples))
    assert area.no_information == pytest.approx(0.5, abs=0.05)
    assert area.out_of_bag < area.point632_plus <= area.point632 < area.apparent

    def accuracy(model, X, y):
        return np.mean(model.predict(X) == y)

    by_row = bootstrap_score(model, X, y, n_splits=20, random_state=0)
    by_sample = bootstrap_score(model, X, y, n_splits=20, random_state=0, scoring=accuracy)
    for name in ("plain", "apparent"):
        assert getattr(by_row, name) == pytest.approx(getattr(by_sample, name))
    assert by_row.score == pytest.approx(by_sample.score, abs=0.005)
    assert by_row.standard_error == pytest.approx(by_sample.standard_error, rel=0.6)


def test_matches_peer():
    """Mlxtend's .632 has 0.368 of the score on each *sample*, whose copies flatter neighbours a little."""
    X, y = IRIS
    model = KNeighborsClassifier(3)
    theirs = []
    for train, test in Bootstrap(100, random_state=0).split(X):
        fitted = model.fit(X[train], y[train])
        theirs.append(0.368 * fitted.score(X[train], y[train]) + 0.632 * fitted.score(X[test], y[test]))
    ours = bootstrap_score(model, X, y, n_splits=100, random_state=0, method=".632", stratified=False)
    assert 0 < np.mean(theirs) - ours.score < 0.02


def test_reproducible():
    """Neither the number of processes nor the order matters, and a forest without a seed gets one."""
    X, y = IRIS
    forest = RandomForestClassifier(5)
    first = bootstrap_score(forest, X, y, n_splits=6, random_state=1)
    np.testing.assert_array_equal(numbers(first), numbers(bootstrap_score(forest, X, y, n_splits=6, random_state=1)))
    spread = bootstrap_score(forest, X, y, n_splits=6, random_state=1, n_jobs=2)
    np.testing.assert_array_equal(numbers(first), numbers(spread))
    np.testing.assert_array_equal(first.samples, spread.samples)
    assert forest.random_state is None
    assert np.array_equal(draw_seeds(1, 6), draw_seeds(np.random.RandomState(1), 6))


def test_invariances():
    X, y = IRIS
    model = DecisionTreeClassifier(max_depth=2, random_state=0)
    found = numbers(bootstrap_score(model, X, y, n_splits=8, random_state=0))
    named = np.array(["setosa", "versicolor", "virginica"])[y]
    np.testing.assert_allclose(numbers(bootstrap_score(model, X, named, n_splits=8, random_state=0)), found)
    np.testing.assert_allclose(
        numbers(bootstrap_score(model, X.tolist(), y.tolist(), n_splits=8, random_state=0)), found
    )
    weighted = bootstrap_score(model, X, y, n_splits=8, random_state=0, sample_weight=np.full(150, 3.0))
    np.testing.assert_allclose(numbers(weighted), found)
    single = bootstrap_score(model, X, y, n_splits=8, random_state=0, stratified=False)
    grouped = bootstrap_score(model, X, y, n_splits=8, random_state=0, groups=np.arange(150))
    np.testing.assert_allclose(numbers(grouped), numbers(single))


def test_weights_of_zero_leave_rows_out_of_the_score():
    rng = np.random.default_rng(0)
    X, y = rng.normal(size=(80, 2)), rng.normal(size=80)
    spoiled, weight = y.copy(), np.ones(80)
    spoiled[:5], weight[:5] = 1e6, 0
    found = bootstrap_score(Ridge(), X, spoiled, n_splits=30, random_state=0, sample_weight=weight)
    assert -1 < found.score < 0.5


def test_a_group_is_never_on_both_sides():
    """Ten copies of each of 30 rows with labels that say nothing: only groups see through the copies."""
    rng = np.random.default_rng(0)
    X, y = np.repeat(rng.normal(size=(30, 4)), 10, axis=0), np.repeat(rng.permutation(np.repeat([0, 1], 15)), 10)
    groups = np.repeat(np.arange(30), 10)
    model = DecisionTreeClassifier(random_state=0)
    assert bootstrap_score(model, X, y, n_splits=30, random_state=0).out_of_bag > 0.95
    honest = bootstrap_score(model, X, y, n_splits=30, random_state=0, groups=groups, method="out_of_bag")
    assert abs(honest.score - 0.5) < 3 * honest.standard_error
    assert honest.standard_error > 0.05


def test_relative_overfitting_stays_between_0_and_1():
    for losses in ((0.9, 0.1, 0.5), (0.1, 0.2, 0.5), (0.5, 0.5, 0.5), (0.4, 0.3, 0.2), (0.0, 0.0, 0.0)):
        assert 0 <= relative_overfitting(*losses) <= 1


def test_a_sample_without_a_score_is_left_out():
    """Three rows of the rarer class: some samples leave none of them out, and have no area under the curve."""
    rng = np.random.default_rng(0)
    X, y = rng.normal(size=(40, 2)), np.repeat([0, 1], [37, 3])
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        found = bootstrap_score(
            DecisionTreeClassifier(random_state=0), X, y, n_splits=40, random_state=0, scoring="roc_auc"
        )
    assert np.isnan(found.samples).any()
    assert np.isfinite(numbers(found)).all()


def test_pipelines_copy_rows():
    X, y = IRIS
    found = bootstrap_score(make_pipeline(StandardScaler(), KNeighborsClassifier(3)), X, y, n_splits=5, random_state=0)
    assert 0.9 < found.score < 1
    with pytest.raises(DataError, match="use_weights=False"):
        bootstrap_score(KNeighborsClassifier(), X, y, use_weights=True)


def test_stops_at_ctrl_c():
    class Interrupted(DecisionTreeClassifier):
        fits = 0

        def fit(self, X, y, sample_weight=None, check_input=True):
            Interrupted.fits += 1
            if Interrupted.fits == 3:
                raise KeyboardInterrupt
            return super().fit(X, y, sample_weight)

    with pytest.raises(KeyboardInterrupt):
        bootstrap_score(Interrupted(), *IRIS, n_splits=100, random_state=0)
    assert Interrupted.fits == 3


def test_edge_cases():
    X, y = IRIS
    tree = DecisionTreeClassifier()
    with pytest.raises(ValueError, match="method must be one of"):
        bootstrap_score(tree, X, y, method="632")
    for wrong in (1, 0, 2.5, True):
        with pytest.raises(ValueError, match="n_splits"):
            bootstrap_score(tree, X, y, n_splits=wrong)  # type: ignore[arg-type]
    with pytest.raises(DataError, match="only one class"):
        bootstrap_score(tree, X[:50], y[:50])
    with pytest.raises(DataError, match="at least 2 rows"):
        bootstrap_score(Ridge(), X[:1], [1.0])
    with pytest.raises(DataError, match="every class has one row"):
        bootstrap_score(tree, X[:2], [0, 1])
    with pytest.raises(DataError, match="one class only: pass stratified=True"):
        bootstrap_score(tree, X[45:53], y[45:53], stratified=False, n_splits=500, random_state=0)
    with pytest.raises(DataError, match="not finite"):
        bootstrap_score(Ridge(), X[:3], [1.0, np.nan, 2.0])
    with pytest.raises(ValueError, match="inconsistent"):
        bootstrap_score(tree, X, y[:5])
    with pytest.raises(DataError, match="constant"):
        bootstrap_score(Ridge(), X, np.ones(150))
    with pytest.raises(DataError, match="too large for its squares"):
        bootstrap_score(Ridge(), X, 1e200 * y)
    with pytest.raises(DataError, match="too small for its squares"):
        bootstrap_score(Ridge(), X, 1e-200 * y)
    with pytest.raises(DataError, match="no predict_proba"):
        bootstrap_score(Perceptron(), X, y, scoring="neg_log_loss", n_splits=2)
    with pytest.raises(DataError, match="goes with the scores"):
        bootstrap_score(tree, X, y, scoring="f1_macro", sample_weight=np.ones(150))
    with pytest.raises(ValueError, match="pass scoring"):
        bootstrap_score(StandardScaler(), X, y)
    for wrong in ("tree", DecisionTreeClassifier, None):
        with pytest.raises(TypeError, match="estimator must be an object"):
            bootstrap_score(wrong, X, y)
    flat = bootstrap_score(Ridge(), X, np.ones(150), scoring="neg_mean_squared_error", n_splits=5, random_state=0)
    assert flat.score == pytest.approx(0)
    assert np.isfinite(numbers(flat)).all()
    rare = bootstrap_score(tree, X[:6], [0, 0, 0, 1, 1, 2], n_splits=10, random_state=0)
    assert np.isfinite(numbers(rare)).all()
