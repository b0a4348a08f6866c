"""Classical gradient boosting for classes."""

from typing import Any

import numpy as np
import pytest
import sklearn.base
import sklearn.ensemble as peer
from scipy.special import expit
from sklearn.dummy import DummyClassifier

import panlearn
from panlearn.ensemble import GradientBoostingClassifier
from tests.oracles.gradient_boosting import Settings, grow

clone: Any = sklearn.base.clone


def data(n=200, p=4, classes=2, seed=0):
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(n, p)).astype(np.float32).astype(float)
    z = X[:, 0] * X[:, 1] + X[:, 2] + rng.normal(size=n) * 0.3
    return X, np.digitize(z, np.quantile(z, np.arange(1, classes) / classes))


def test_matches_oracle():
    """Friedman's LogitBoost-like rule, written out: a tree on y - p, a Newton step in each leaf."""
    X, y = data(120, 3)
    raw = np.full(120, np.log(y.mean() / (1 - y.mean())))
    for _ in range(4):
        p = expit(raw)
        root = grow(X, p - y, np.ones(120), Settings(max_leaves=99, max_depth=2, min_rows=1))
        stack = [root]
        while stack:
            node = stack.pop()
            if node.children is not None:
                stack.extend(node.children)
                continue
            rows = node.rows
            raw[rows] += 0.1 * (y - p)[rows].sum() / (p * (1 - p))[rows].sum()
    model = GradientBoostingClassifier(n_estimators=4, max_depth=2).fit(X, y)
    np.testing.assert_allclose(model.decision_function(X), raw, rtol=1e-9)


@pytest.mark.parametrize(("classes", "loss"), [(2, "log_loss"), (2, "exponential"), (3, "log_loss")])
@pytest.mark.parametrize("weighted", [False, True])
def test_matches_peer(classes, loss, weighted):
    X, y = data(classes=classes)
    weight = np.random.default_rng(1).uniform(0.5, 2.0, 200) if weighted else None
    kw = {"n_estimators": 8, "loss": loss, "random_state": 0}
    if loss == "exponential" and not weighted:  # else a node of 11 rows is divided alike by two features: a tie
        kw["min_samples_leaf"] = 10
    ours = GradientBoostingClassifier(**kw).fit(X, y, weight)
    theirs = peer.GradientBoostingClassifier(**kw).fit(X, y, weight)
    np.testing.assert_allclose(ours.predict_proba(X), theirs.predict_proba(X), atol=1e-6)
    np.testing.assert_allclose(ours.train_score_, theirs.train_score_, rtol=1e-5)
    assert ours.estimators_.shape == theirs.estimators_.shape
    assert ours.apply(X).shape == theirs.apply(X).shape


@pytest.mark.parametrize(("classes", "loss"), [(2, "log_loss"), (2, "exponential"), (3, "log_loss")])
def test_optimality(classes, loss):
    X, y = data(classes=classes)
    model = GradientBoostingClassifier(loss=loss, n_estimators=40).fit(X, y)
    assert (np.diff(model.train_score_) <= 1e-9).all()


def test_invariances():
    X, y = data()
    model = GradientBoostingClassifier(n_estimators=10)
    first = model.fit(X, y).decision_function(X)
    np.testing.assert_allclose(model.fit(X, 1 - y).decision_function(X), -first, rtol=1e-8, atol=1e-9)
    np.testing.assert_allclose(model.fit(np.exp(X), y).decision_function(np.exp(X)), first, rtol=1e-9)
    repeats = np.random.default_rng(0).integers(1, 4, len(y))
    weighted = clone(model).fit(X, y, repeats.astype(float)).decision_function(X)
    repeated = clone(model).fit(np.repeat(X, repeats, axis=0), np.repeat(y, repeats)).decision_function(X)
    np.testing.assert_allclose(weighted, repeated, rtol=1e-8, atol=1e-9)


def test_edge_cases():
    X, y = data(60)
    with pytest.raises(ValueError, match="y contains 1 class after sample_weight trimmed"):
        GradientBoostingClassifier().fit(X, np.zeros(60))
    with pytest.raises(ValueError, match="y contains 1 class after sample_weight trimmed"):
        GradientBoostingClassifier().fit(X, y, (y == 0).astype(float))
    with pytest.raises(ValueError, match="only suitable for a binary classification"):
        GradientBoostingClassifier(loss="exponential").fit(X, np.arange(60) % 3)
    with pytest.raises(ValueError, match="implementing 'fit' and 'predict_proba'"):
        GradientBoostingClassifier(init="mean").fit(X, y)
    steep = GradientBoostingClassifier(learning_rate=50.0, n_estimators=20).fit(X, y)
    assert np.isfinite(steep.predict_proba(X)).all()
    started = GradientBoostingClassifier(init=DummyClassifier(), n_estimators=3).fit(X, y)
    plain = GradientBoostingClassifier(n_estimators=3).fit(X, y)
    np.testing.assert_allclose(started.predict_proba(X), plain.predict_proba(X))


def test_stages():
    X, y = data(classes=3)
    model = GradientBoostingClassifier(n_estimators=5).fit(X, np.array(["a", "b", "c"])[y])
    np.testing.assert_array_equal(list(model.staged_predict(X))[-1], model.predict(X))
    np.testing.assert_allclose(list(model.staged_predict_proba(X))[-1], model.predict_proba(X))
    assert model.feature_importances_.sum() == pytest.approx(1.0)


def test_reproducible():
    X, y = data(classes=3)
    model = GradientBoostingClassifier(n_estimators=5, subsample=0.5, random_state=3)
    first = model.fit(X, y).predict_proba(X)
    np.testing.assert_array_equal(clone(model).fit(X, y).predict_proba(X), first)
    with panlearn.threads(1):
        np.testing.assert_array_equal(clone(model).fit(X, y).predict_proba(X), first)
