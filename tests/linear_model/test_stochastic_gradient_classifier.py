"""SGDClassifier: the loop over rows, scikit-learn's trajectory, probabilities, several classes."""

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import sparse
from sklearn import linear_model as peers
from sklearn.datasets import load_iris
from sklearn.preprocessing import StandardScaler

import panlearn
from panlearn.linear_model import LogisticRegression, SGDClassifier
from tests.oracles import stochastic_gradient as oracle

Peer: Any = peers.SGDClassifier

# These two leave the range where rounding stays small under the rate "optimal", whose first steps are long.
CALM = [name for name in SGDClassifier.loss_functions if name not in ("squared_hinge", "modified_huber")]
RATE = {"learning_rate": "invscaling", "eta0": 0.05}


def data(classes=2, n=200, p=4, seed=0):
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(n, p))
    return X, (X @ rng.normal(size=(p, classes)) + rng.normal(size=(n, classes))).argmax(axis=1)


@pytest.mark.parametrize("loss", list(SGDClassifier.loss_functions))
def test_matches_oracle(loss):
    X, y = data(n=50)
    weight = np.random.default_rng(1).random(50)
    model = SGDClassifier(loss, alpha=0.01, shuffle=False, max_iter=3, tol=None, class_weight={0: 1, 1: 3.0}, **RATE)
    model.fit(X, y, sample_weight=weight)
    both = weight * np.where(y, 3.0, 1.0)
    w, b, *_, curve = oracle.descend(
        X, 2.0 * y - 1, 3, name=loss, l1=0.0, l2=0.01, rate=lambda t: 0.05 / t**0.5, weight=both
    )
    np.testing.assert_allclose(model.coef_[0], w, rtol=1e-9)
    np.testing.assert_allclose(model.intercept_, b, rtol=1e-9)
    np.testing.assert_allclose(model.loss_curve_, curve, rtol=1e-9)


@pytest.mark.parametrize("classes", [2, 4])
@pytest.mark.parametrize("form", [np.asarray, sparse.csr_array])
@pytest.mark.parametrize(
    "settings",
    [
        {},
        {"loss": "log_loss", "penalty": "l1", **RATE},
        {"loss": "perceptron"},
        {"loss": "modified_huber", **RATE},
        {"loss": "squared_hinge", **RATE},
        {"loss": "epsilon_insensitive"},
        {"class_weight": "balanced", "penalty": "elasticnet"},
        {"average": 300},
        {"learning_rate": "pa1", "penalty": None},
        {"learning_rate": "adaptive", "eta0": 0.1},
        {"early_stopping": True, "penalty": None},
    ],
)
def test_matches_peer(classes, form, settings):
    """The same seed gives scikit-learn's steps: equal weights and equal stops, to rounding."""
    X, y = data(classes)
    X[np.abs(X) < 0.5] = 0
    ours, theirs = (kind(random_state=3, **settings).fit(form(X), y) for kind in (SGDClassifier, Peer))
    np.testing.assert_allclose(ours.coef_, theirs.coef_, rtol=1e-7, atol=1e-9)
    np.testing.assert_allclose(ours.intercept_, theirs.intercept_, rtol=1e-7, atol=1e-9)
    assert (ours.n_iter_, ours.t_) == (theirs.n_iter_, theirs.t_)
    assert (ours.predict(form(X)) == theirs.predict(form(X))).all()
    if hasattr(theirs, "predict_proba"):
        np.testing.assert_allclose(ours.predict_proba(form(X)), theirs.predict_proba(form(X)), rtol=1e-6, atol=1e-12)


def test_optimality():
    """Batch descent on the logistic loss ends where Newton's method does."""
    X, y = data(n=500)
    descent = SGDClassifier(
        "log_loss", alpha=0.1, batch_size="full", optimizer="nag", learning_rate="constant", eta0=0.5, max_iter=300,
        tol=None,
    )  # fmt: skip
    exact = LogisticRegression(C=1 / (0.1 * 500), tol=1e-10).fit(X, y)
    np.testing.assert_allclose(descent.fit(X, y).coef_, exact.coef_, rtol=1e-6)
    np.testing.assert_allclose(descent.predict_proba(X), exact.predict_proba(X), rtol=1e-6)


@settings(max_examples=15)
@given(st.integers(0, 50), st.sampled_from(CALM))
def test_invariances(seed, loss):
    """Swapped labels swap the sign, one of several classes is that class against the rest, sparse = dense."""
    X, y = data(3, n=60, seed=seed)
    fit = SGDClassifier(loss, random_state=0, max_iter=4, tol=None, fit_intercept=False, **RATE)
    if loss not in ("perceptron", "hinge"):
        np.testing.assert_allclose(fit.fit(X, y != 0).coef_, -fit.fit(X, y == 0).coef_, rtol=1e-7, atol=1e-12)
    order = SGDClassifier(loss, shuffle=False, max_iter=4, tol=None, **RATE)
    np.testing.assert_allclose(order.fit(X, y).coef_[1], order.fit(X, y == 1).coef_[0], rtol=1e-9)
    dense = fit.fit(X, y).coef_
    np.testing.assert_allclose(fit.fit(sparse.csr_array(X), y).coef_, dense, rtol=1e-9)
    full = SGDClassifier(loss, batch_size="full", max_iter=4, tol=None, **RATE)
    times = np.random.default_rng(seed).integers(1, 4, 60)
    repeated = full.fit(np.repeat(X, times, axis=0), np.repeat(y, times)).coef_
    np.testing.assert_allclose(full.fit(X, y, sample_weight=times / times.mean()).coef_, repeated, atol=1e-9)


def test_batches_fit_all_classes_at_once():
    X, y = load_iris(return_X_y=True)
    X = StandardScaler().fit_transform(X)
    for optimizer in ("sgd", "adam"):
        model = SGDClassifier(
            "log_loss", optimizer=optimizer, batch_size=16, learning_rate="adaptive", eta0=0.1, random_state=0
        ).fit(X, y)
        assert model.score(X, y) > 0.88
        assert model.coef_.shape == (3, 4)


def test_probabilities():
    X, y = data(3)
    for loss in ("log_loss", "modified_huber"):
        model = SGDClassifier(loss, random_state=0, **RATE).fit(X, y)
        p = model.predict_proba(np.vstack([X, 100 * X]))
        np.testing.assert_allclose(p.sum(axis=1), 1)
        assert (p >= 0).all()
    logistic = SGDClassifier("log_loss", random_state=0, **RATE).fit(X, y)
    np.testing.assert_allclose(np.exp(logistic.predict_log_proba(X)), logistic.predict_proba(X))
    assert not hasattr(SGDClassifier("hinge"), "predict_proba")


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
def test_edge_cases():
    X, y = data()
    with pytest.raises(ValueError, match="only one class"):
        SGDClassifier().fit(X, np.ones(len(y)))
    with pytest.raises(ValueError, match="Unknown label type"):
        SGDClassifier().fit(X, np.linspace(0, 1, len(y)))
    with pytest.raises(ValueError, match="no label that is not in classes"):
        SGDClassifier().partial_fit(X, y, classes=[0, 7])
    with pytest.raises(ValueError, match="class_weight 'balanced' is not supported"):
        SGDClassifier(class_weight="balanced").partial_fit(X, y, classes=[0, 1])
    with pytest.raises(AttributeError, match="has no attribute 'predict_proba'"):
        _ = SGDClassifier().predict_proba
    text = SGDClassifier(random_state=0).fit(X, np.where(y, "yes", "no"))
    assert set(text.predict(X)) == {"no", "yes"}
    two = SGDClassifier(random_state=0).fit([[0.0], [1.0]], [0, 1])
    assert two.predict([[0.0], [1.0]]).tolist() == [0, 1]
    assert np.isfinite(SGDClassifier().fit(*data(3, 20, 100)).coef_).all()
    assert not SGDClassifier(penalty="l1", alpha=1e3, random_state=0).fit(X, y).coef_.any()
    assert np.isfinite(SGDClassifier(alpha=0, learning_rate="constant").fit(X * 1e8, y).coef_).all()
    columns = SGDClassifier(random_state=0).fit(np.column_stack([X, X[:, 0], np.zeros(len(y))]), y).coef_[0]
    assert np.isclose(columns[0], columns[4])
    assert columns[5] == 0


def test_partial_fit_sees_classes_that_come_later():
    X, y = data(3, n=300)
    model = SGDClassifier("log_loss", random_state=0, **RATE).partial_fit(X[y < 2], y[y < 2], classes=[0, 1, 2])
    for _ in range(20):
        model.partial_fit(X, y)
    assert model.score(X, y) > 0.6
    assert len(model.loss_curve_) == 21


def test_reproducible():
    X, y = data(3, n=5000, p=300)
    with panlearn.threads(2):
        first, second = (SGDClassifier(max_iter=3, tol=None, random_state=1).fit(X, y).coef_ for _ in range(2))
    np.testing.assert_array_equal(first, second)
    with panlearn.threads(1):
        np.testing.assert_array_equal(SGDClassifier(max_iter=3, tol=None, random_state=1).fit(X, y).coef_, first)
