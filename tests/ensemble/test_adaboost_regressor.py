"""AdaBoost for regression: scikit-learn's draws and trees, weights, bad data."""

import pickle

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn import ensemble as peers
from sklearn.linear_model import LinearRegression

from panlearn.ensemble import AdaBoostRegressor
from tests.oracles import adaboost as oracle


def data(n=500, p=4, seed=0):
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(n, p)).astype(np.float32).astype(float)
    return X, X[:, 0] * X[:, 1] + np.sin(2 * X[:, 2]) + 0.1 * rng.normal(size=n)


def test_matches_oracle():
    """The prediction is the weighted median of the copies."""
    X, y = data(100)
    model = AdaBoostRegressor(n_estimators=7, random_state=0).fit(X, y)
    each = np.array([copy.predict(X) for copy in model])
    slow = [oracle.weighted_median(row, model.estimator_weights_) for row in each.T]
    np.testing.assert_array_equal(model.predict(X), slow)
    np.testing.assert_array_equal(list(model.staged_predict(X))[-1], slow)


@pytest.mark.parametrize("loss", ["linear", "square", "exponential"])
def test_matches_peer(loss):
    """The same draws and trees as the peer's, until two columns split a node equally well; any other base."""
    X, y = data()
    for base, rounds in ((None, 4), (LinearRegression(), 6)):
        ours = AdaBoostRegressor(base, n_estimators=rounds, loss=loss, random_state=0).fit(X, y)
        theirs = peers.AdaBoostRegressor(base, n_estimators=rounds, loss=loss, random_state=0).fit(X, y)
        np.testing.assert_allclose(ours.estimator_errors_, theirs.estimator_errors_, rtol=1e-6)
        np.testing.assert_allclose(ours.predict(X), theirs.predict(X), atol=1e-6)


def test_optimality():
    """Every copy that counts has a weighted error below one half, and a vote log((1 - e) / e)."""
    model = AdaBoostRegressor(random_state=0).fit(*data())
    error, vote = model.estimator_errors_[: len(model)], model.estimator_weights_[: len(model)]
    assert (error < 0.5).all()
    np.testing.assert_allclose(vote, np.log((1 - error) / error))


@settings(max_examples=4)
@given(st.integers(0, 20))
def test_invariances(seed):
    X, y = data(150, 3, seed)
    fit = AdaBoostRegressor(n_estimators=5, random_state=seed)
    base = fit.fit(X, y).predict(X)
    np.testing.assert_allclose(fit.fit(X, 2 * y + 4).predict(X), 2 * base + 4, atol=1e-9)
    np.testing.assert_allclose(fit.fit(4 * X, y).predict(4 * X), base, atol=1e-9)


def test_edge_cases():
    X, y = data(60)
    flat = AdaBoostRegressor().fit(X, np.ones(60))
    assert (len(flat), flat.estimator_errors_[0]) == (1, 0)
    np.testing.assert_array_equal(flat.predict(X), 1.0)
    bad = AdaBoostRegressor(random_state=0).fit(np.ones((4, 1)), [0.0, 1.0, 0.0, 1.0])
    assert np.isfinite(bad.predict([[1.0]])).all()
    with pytest.raises(ValueError, match="loss"):
        AdaBoostRegressor(loss="cubic").fit(X, y)
    weight = np.where(np.arange(60) < 30, 0.0, 1.0)
    model = AdaBoostRegressor(n_estimators=5, random_state=0).fit(X, np.where(weight > 0, y, 1e6), weight)
    assert np.abs(model.predict(X)).max() < 1e3
    assert AdaBoostRegressor().fit([[1.0]], [2.0]).predict([[5.0]]) == 2


def test_reproducible():
    X, y = data(100)
    model = AdaBoostRegressor(n_estimators=5, random_state=3).fit(X, y)
    np.testing.assert_array_equal(
        AdaBoostRegressor(n_estimators=5, random_state=3).fit(X, y).predict(X), model.predict(X)
    )
    np.testing.assert_array_equal(pickle.loads(pickle.dumps(model)).predict(X), model.predict(X))
