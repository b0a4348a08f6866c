"""The perceptron: its rule, scikit-learn's weights, and the theorem on its errors."""

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn import linear_model as peers
from sklearn.exceptions import ConvergenceWarning

from panlearn.linear_model import Perceptron
from tests.linear_model.test_stochastic_gradient_classifier import data
from tests.oracles import stochastic_gradient as oracle

Peer: Any = peers.Perceptron


def test_matches_oracle():
    X, y = data(n=60)
    model = Perceptron(shuffle=False, max_iter=5, tol=None, eta0=0.5).fit(X, y)
    w, b, *_ = oracle.descend(X, 2.0 * y - 1, 5, name="perceptron", l1=0.0, l2=0.0, rate=lambda t: 0.5)
    np.testing.assert_allclose(model.coef_[0], w, atol=1e-12)
    np.testing.assert_allclose(model.intercept_, b, atol=1e-12)


@pytest.mark.parametrize("classes", [2, 3])
@pytest.mark.parametrize("penalty", [None, "l2", "l1", "elasticnet"])
def test_matches_peer(classes, penalty):
    X, y = data(classes)
    ours, theirs = (kind(penalty=penalty).fit(X, y) for kind in (Perceptron, Peer))
    np.testing.assert_allclose(ours.coef_, theirs.coef_, rtol=1e-9, atol=1e-12)
    assert ours.n_iter_ == theirs.n_iter_


def test_optimality():
    """Separable classes: all rows right after at most (R / gamma)^2 errors [novikoff1962]."""
    rng = np.random.default_rng(0)
    X, direction = rng.normal(size=(400, 3)), np.array([0.6, -0.8, 0.0])
    X = X[np.abs(X @ direction) > 0.2]
    y = X @ direction > 0
    bound = ((X**2).sum(axis=1).max() / 0.2**2).item()
    w, errors = np.zeros(3), 0
    model = Perceptron(fit_intercept=False, shuffle=False, tol=None, max_iter=200).fit(X, y)
    for _ in range(200):
        for x, sign in zip(X, 2 * y - 1, strict=True):
            if sign * (x @ w) <= 0:
                w, errors = w + sign * x, errors + 1
    assert errors <= bound
    np.testing.assert_allclose(model.coef_[0], w, atol=1e-9)
    assert model.score(X, y) == 1
    assert model.loss_curve_[-1] == 0


@settings(max_examples=15)
@given(st.integers(0, 50), st.floats(1e-3, 1e3))
def test_invariances(seed, rate):
    """The size of the steps only sets the scale of the weights."""
    X, y = data(n=50, seed=seed)
    unit = Perceptron(max_iter=4, tol=None).fit(X, y)
    other = Perceptron(max_iter=4, tol=None, eta0=rate).fit(X, y)
    np.testing.assert_allclose(other.coef_, rate * unit.coef_, rtol=1e-6, atol=1e-9 * rate)


def test_edge_cases():
    X, y = data()
    with pytest.raises(ValueError, match="only one class"):
        Perceptron().fit(X, np.zeros(len(y)))
    with pytest.warns(ConvergenceWarning, match="increasing max_iter"):
        Perceptron(max_iter=1).fit(X, y)
    assert not hasattr(Perceptron(), "predict_proba")
    assert Perceptron().fit(X * 1e8, y).score(X * 1e8, y) > 0.5
    assert Perceptron().fit(X * 1e-8, y).score(X * 1e-8, y) > 0.5
    assert Perceptron().partial_fit(X, y, classes=[0, 1]).t_ == len(y) + 1


def test_reproducible():
    X, y = data(3)
    np.testing.assert_array_equal(Perceptron().fit(X, y).coef_, Perceptron().fit(X, y).coef_)
