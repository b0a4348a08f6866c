"""Classical gradient boosting for numbers."""

from typing import Any

import numpy as np
import pytest
import sklearn.base
import sklearn.ensemble as peer
from scipy import sparse
from sklearn.linear_model import LinearRegression

import panlearn
from panlearn.ensemble import GradientBoostingRegressor
from tests.oracles.gradient_boosting import Settings, boost

clone: Any = sklearn.base.clone


def data(n=200, p=4, seed=0):
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(n, p)).astype(np.float32).astype(float)  # scikit-learn rounds to float32
    return X, X[:, 0] * X[:, 1] + X[:, 2] + rng.normal(size=n) * 0.3


def test_matches_oracle():
    X, y = data(100, 3)
    raw, _ = boost(
        X,
        y,
        lambda raw, y: (raw - y, np.ones(len(y))),
        5,
        0.3,
        y.mean(),
        Settings(max_leaves=999, max_depth=2, min_rows=1),
    )
    model = GradientBoostingRegressor(n_estimators=5, learning_rate=0.3, max_depth=2).fit(X, y)
    np.testing.assert_allclose(model.predict(X), raw, rtol=1e-9)


@pytest.mark.parametrize(
    "settings",
    [
        {},
        {"min_samples_split": 30, "max_depth": 5},
        {"min_impurity_decrease": 0.01},
        {"ccp_alpha": 0.01},
        {"max_leaf_nodes": 6, "max_depth": None},
        {"min_weight_fraction_leaf": 0.1},
        {"min_samples_leaf": 12},
    ],
    ids=str,
)
def test_matches_peer(settings):
    """With at most 255 distinct values the splits are the exact ones: the fit is scikit-learn's."""
    X, y = data()
    ours = GradientBoostingRegressor(n_estimators=8, random_state=0, **settings).fit(X, y)
    theirs = peer.GradientBoostingRegressor(n_estimators=8, random_state=0, **settings).fit(X, y)
    np.testing.assert_allclose(ours.predict(X), theirs.predict(X), rtol=1e-6, atol=1e-8)
    np.testing.assert_allclose(ours.train_score_, theirs.train_score_, rtol=1e-6)
    if "min_samples_leaf" in settings:  # single rows are cut off by many features alike: a tie
        np.testing.assert_allclose(ours.feature_importances_, theirs.feature_importances_, atol=1e-8)
    assert [t.tree_.n_leaves for t in ours.estimators_[:, 0]] == [t.tree_.n_leaves for t in theirs.estimators_[:, 0]]


def test_rows_drawn_are_the_peers():
    """Stumps of large leaves: the same rows are seen; thresholds lie between values of all rows, not of those seen."""
    X, y = data(1000)
    kw = {"n_estimators": 20, "subsample": 0.5, "random_state": 0, "max_depth": 1, "min_samples_leaf": 50}
    ours, theirs = GradientBoostingRegressor(**kw).fit(X, y), peer.GradientBoostingRegressor(**kw).fit(X, y)
    np.testing.assert_allclose(ours.oob_scores_, theirs.oob_scores_, rtol=0.02)
    np.testing.assert_allclose(ours.train_score_, theirs.train_score_, rtol=0.02)
    assert ours.oob_improvement_.shape == (20,)
    assert ours.oob_score_ == ours.oob_scores_[-1]


@pytest.mark.parametrize("loss", ["squared_error", "absolute_error", "quantile", "poisson", "gamma", "tweedie"])
def test_optimality(loss):
    X, y = data()
    model = GradientBoostingRegressor(loss=loss, n_estimators=40).fit(X, np.abs(y) + 0.1)
    assert (np.diff(model.train_score_) <= 1e-9).all()
    assert model.train_score_[-1] < model.train_score_[0]


def test_huber_lies_between_mean_and_median():
    rng = np.random.default_rng(0)
    X = np.repeat(np.arange(10.0), 100)[:, None]
    y = X[:, 0] + rng.exponential(1.0, 1000)
    median, huber, mean = (
        GradientBoostingRegressor(loss=loss).fit(X, y).predict(X)
        for loss in ("absolute_error", "huber", "squared_error")
    )
    assert (median <= huber + 1e-9).all()
    assert (huber <= mean + 1e-9).all()


def test_one_round_is_a_tree_of_the_residuals():
    X, y = data()
    tree = panlearn.tree.DecisionTreeRegressor(max_depth=3).fit(X, y - y.mean())
    model = GradientBoostingRegressor(n_estimators=1, learning_rate=1.0).fit(X, y)
    np.testing.assert_allclose(model.predict(X), y.mean() + tree.predict(X))
    np.testing.assert_allclose(model.estimators_[0, 0].predict(X), tree.predict(X))


def test_invariances():
    X, y = data()
    model = GradientBoostingRegressor(n_estimators=10)
    first = model.fit(X, y).predict(X)
    np.testing.assert_allclose(model.fit(np.exp(X), y).predict(np.exp(X)), first, rtol=1e-9)
    np.testing.assert_allclose(model.fit(X, 1e8 * y).predict(X), 1e8 * first, rtol=1e-8)
    repeats = np.random.default_rng(0).integers(1, 4, len(y))
    weighted = clone(model).fit(X, y, repeats.astype(float)).predict(X)
    repeated = clone(model).fit(np.repeat(X, repeats, axis=0), np.repeat(y, repeats)).predict(X)
    np.testing.assert_allclose(weighted, repeated, rtol=1e-8, atol=1e-9)


def test_more_than_255_values_are_binned():
    X, y = data(3000)
    Z, truth = data(1000, seed=1)
    ours, theirs = GradientBoostingRegressor().fit(X, y), peer.GradientBoostingRegressor().fit(X, y)
    errors = [np.mean((m.predict(Z) - truth) ** 2) for m in (ours, theirs)]
    assert errors[0] < 1.02 * errors[1]


def test_init():
    X, y = data()
    y = y + 5 * X[:, 3]
    started = GradientBoostingRegressor(init=LinearRegression(), n_estimators=5).fit(X, y)
    expected = peer.GradientBoostingRegressor(init=LinearRegression(), n_estimators=5).fit(X, y)
    np.testing.assert_allclose(started.predict(X), expected.predict(X), rtol=1e-5, atol=1e-6)
    zero = GradientBoostingRegressor(init="zero", n_estimators=5).fit(X, y)
    theirs = peer.GradientBoostingRegressor(init="zero", n_estimators=5).fit(X, y)
    np.testing.assert_allclose(zero.predict(X), theirs.predict(X), rtol=1e-8, atol=1e-8)
    with pytest.raises(ValueError, match="must be a str among"):
        GradientBoostingRegressor(init=3).fit(X, y)


def test_warm_start_and_monitor():
    X, y = data()
    whole = GradientBoostingRegressor(n_estimators=12, subsample=0.7, random_state=0).fit(X, y)
    parts = GradientBoostingRegressor(n_estimators=5, subsample=0.7, random_state=0, warm_start=True).fit(X, y)
    parts.set_params(n_estimators=12, max_depth=3).fit(X, y)
    np.testing.assert_allclose(parts.predict(X), whole.predict(X), rtol=1e-9)
    np.testing.assert_allclose(parts.oob_improvement_, whole.oob_improvement_, atol=1e-9)
    with pytest.raises(ValueError, match="must be larger or equal"):
        parts.set_params(n_estimators=3).fit(X, y)
    stopped = GradientBoostingRegressor(n_estimators=20).fit(X, y, monitor=lambda i, model, variables: i == 3)
    assert (stopped.n_estimators_, len(stopped.estimators_), len(stopped.train_score_)) == (4, 4, 4)


def test_early_stopping():
    X, y = data(400)
    kw: Any = {"n_estimators": 300, "n_iter_no_change": 5, "random_state": 0}
    ours, theirs = GradientBoostingRegressor(**kw).fit(X, y), peer.GradientBoostingRegressor(**kw).fit(X, y)
    assert ours.n_estimators_ < 300
    assert abs(ours.n_estimators_ - theirs.n_estimators_) < 30


def test_several_targets_missing_values_and_sparse():
    X, y = data()
    both = GradientBoostingRegressor(n_estimators=5).fit(X, np.column_stack([y, -y]))
    np.testing.assert_allclose(both.predict(X)[:, 1], -both.predict(X)[:, 0], rtol=1e-6, atol=1e-7)
    holes = X.copy()
    holes[::3, 2] = np.nan
    assert GradientBoostingRegressor().fit(holes, y).score(holes, y) > 0.8
    thin = np.where(np.abs(X) > 1, X, 0.0)
    dense = GradientBoostingRegressor(n_estimators=5).fit(thin, y)
    other = GradientBoostingRegressor(n_estimators=5).fit(sparse.csr_array(thin), y)
    np.testing.assert_allclose(other.predict(sparse.csr_array(thin)), dense.predict(thin))
    np.testing.assert_array_equal(other.apply(sparse.csr_array(thin)), dense.apply(thin))
    assert dense.apply(thin).shape == (200, 5)


def test_edge_cases():
    X, y = data(30)
    assert GradientBoostingRegressor().fit(X[:1], y[:1]).predict(X[:1]) == pytest.approx(y[0])
    constant = GradientBoostingRegressor().fit(X, np.ones(30))
    assert (constant.predict(X) == 1.0).all()
    assert (constant.feature_importances_ == 0).all()
    for bad in ({"subsample": 0.0}, {"alpha": 1.0}, {"loss": "cubic"}, {"max_depth": 0}, {"criterion": "gini"}):
        with pytest.raises(ValueError, match=f"The '{next(iter(bad))}' parameter"):
            GradientBoostingRegressor(**bad).fit(X, y)
    with pytest.raises(ValueError, match="infinity"):
        GradientBoostingRegressor().fit(np.where(X > 2, np.inf, X) + np.inf, y)
    with pytest.warns(FutureWarning, match="criterion"):
        GradientBoostingRegressor(criterion="friedman_mse", n_estimators=1).fit(X, y)


def test_saved_models_predict_the_same(tmp_path):
    X, y = data()
    for settings in ({}, {"loss": "huber", "subsample": 0.5}, {"init": "zero", "dart": 0.3}):
        model = GradientBoostingRegressor(n_estimators=5, random_state=0, **settings).fit(X, y)
        again = panlearn.load(panlearn.save(model, tmp_path / "m.panlearn"))
        np.testing.assert_array_equal(again.predict(X), model.predict(X))


def test_reproducible():
    X, y = data()
    model = GradientBoostingRegressor(n_estimators=8, subsample=0.5, max_features=2, random_state=3)
    first = model.fit(X, y).predict(X)
    np.testing.assert_array_equal(clone(model).fit(X, y).predict(X), first)
    with panlearn.threads(1):
        np.testing.assert_array_equal(clone(model).fit(X, y).predict(X), first)
