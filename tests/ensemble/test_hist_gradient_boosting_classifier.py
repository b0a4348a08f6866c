"""Histogram gradient boosting for classes."""

from typing import Any

import numpy as np
import pandas as pd
import pytest
import sklearn.base
import sklearn.ensemble as peer
from scipy.special import expit
from sklearn._loss import HalfBinomialLoss

import panlearn
from panlearn.ensemble import HistGradientBoostingClassifier
from tests.oracles.gradient_boosting import Settings, boost

clone: Any = sklearn.base.clone


def data(n=300, p=4, classes=2, seed=0):
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(n, p))
    z = X[:, 0] * X[:, 1] + X[:, 2] + rng.normal(size=n) * 0.3
    return X, np.digitize(z, np.quantile(z, np.arange(1, classes) / classes))


def test_matches_oracle():
    X, y = data(150, 3)
    X[np.random.default_rng(1).uniform(size=X.shape) < 0.1] = np.nan

    def derivatives(raw, y):
        p = expit(raw)
        return p - y, p * (1 - p)

    start = float(np.log(y.mean() / (1 - y.mean())))
    raw, _ = boost(X, y, derivatives, 5, 0.3, start, Settings(max_leaves=6, min_rows=4, l2=0.5))
    model = HistGradientBoostingClassifier(
        max_iter=5, learning_rate=0.3, max_leaf_nodes=6, min_samples_leaf=4, l2_regularization=0.5
    ).fit(X, y)
    np.testing.assert_allclose(model.decision_function(X), raw, rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("classes", [2, 3])
@pytest.mark.parametrize("weighted", [False, True])
def test_matches_peer(classes, weighted):
    X, y = data(250, classes=classes)
    weight = np.random.default_rng(3).uniform(0.5, 2.0, 250) if weighted else None
    kw: Any = {"max_iter": 12, "max_leaf_nodes": 7, "min_samples_leaf": 8}
    ours = HistGradientBoostingClassifier(**kw).fit(X, y, weight)
    theirs = peer.HistGradientBoostingClassifier(**kw).fit(X, y, weight)
    np.testing.assert_allclose(ours.predict_proba(X), theirs.predict_proba(X), atol=1e-4)
    assert ours.n_trees_per_iteration_ == theirs.n_trees_per_iteration_


@pytest.mark.parametrize("classes", [2, 4])
def test_optimality(classes):
    X, y = data(400, classes=classes)
    model = HistGradientBoostingClassifier(
        max_iter=40, early_stopping=True, validation_fraction=None, tol=0.0, min_samples_leaf=5
    ).fit(X, y)
    assert (np.diff(model.train_score_) >= -1e-9).all()
    p = model.predict_proba(X)
    np.testing.assert_allclose(p.sum(axis=1), 1.0)
    assert -np.log(p[np.arange(400), y]).mean() == pytest.approx(-model.train_score_[-1])


def test_invariances():
    X, y = data(200)
    model = HistGradientBoostingClassifier(max_iter=10, min_samples_leaf=5)
    first = model.fit(X, y).decision_function(X)
    np.testing.assert_allclose(model.fit(X, 1 - y).decision_function(X), -first, rtol=1e-5, atol=1e-6)
    order = np.random.default_rng(2).permutation(200)
    np.testing.assert_allclose(model.fit(X[order], y[order]).decision_function(X), first, rtol=1e-5, atol=1e-6)
    labels = np.array(["no", "yes"])[y]
    np.testing.assert_array_equal(model.fit(X, labels).predict(X) == "yes", first > 0)
    repeats = np.random.default_rng(1).integers(1, 4, 200)
    model.set_params(min_samples_leaf=1, max_leaf_nodes=6)
    weighted = clone(model).fit(X, y, repeats.astype(float)).decision_function(X)
    repeated = clone(model).fit(np.repeat(X, repeats, axis=0), np.repeat(y, repeats)).decision_function(X)
    np.testing.assert_allclose(weighted, repeated, rtol=1e-4, atol=1e-4)


def test_class_weights_are_row_weights():
    X, y = data(300, classes=3)
    names = np.array(["a", "b", "c"])[y]
    model = HistGradientBoostingClassifier(max_iter=5, class_weight={"a": 1.0, "b": 2.0, "c": 5.0}).fit(X, names)
    rows = HistGradientBoostingClassifier(max_iter=5).fit(X, names, np.array([1.0, 2.0, 5.0])[y])
    np.testing.assert_allclose(model.predict_proba(X), rows.predict_proba(X), rtol=1e-10)
    rare = y == 0
    rare[60:] = False
    balanced = HistGradientBoostingClassifier(max_iter=1, class_weight="balanced").fit(X, rare)
    np.testing.assert_allclose(balanced._start, 0.0, atol=1e-12)


def test_custom_objectives():
    X, y = data(300)

    def objective(y, raw):
        p = expit(raw)
        return p - y, p * (1 - p)

    ours = HistGradientBoostingClassifier(loss=objective, max_iter=60).fit(X, y)
    assert ours.score(X, y) > 0.9
    as_object = HistGradientBoostingClassifier(loss=HalfBinomialLoss(), max_iter=10).fit(X, y)
    named = HistGradientBoostingClassifier(max_iter=10).fit(X, y)
    np.testing.assert_allclose(as_object.predict_proba(X), named.predict_proba(X), rtol=1e-5, atol=1e-6)


def test_monotone_constraints_hold_for_probabilities():
    X, y = data(400, 3)
    model = HistGradientBoostingClassifier(monotonic_cst=[0, 0, 1]).fit(X, y)
    for row in X[:20]:
        rows = np.tile(row, (40, 1))
        rows[:, 2] = np.linspace(-3, 3, 40)
        assert (np.diff(model.predict_proba(rows)[:, 1]) >= -1e-12).all()
    with pytest.raises(ValueError, match="not supported for multiclass"):
        HistGradientBoostingClassifier(monotonic_cst=[0, 0, 1]).fit(X, np.arange(400) % 3)


def test_edge_cases():
    X, y = data(60)
    one_class = HistGradientBoostingClassifier().fit(X, np.full(60, "only"))
    assert set(one_class.predict(X)) == {"only"}
    np.testing.assert_allclose(one_class.predict_proba(X), np.ones((60, 1)))
    one_row = HistGradientBoostingClassifier().fit(X[:1], [7])
    assert one_row.predict(X[:1]).tolist() == [7]
    steep = HistGradientBoostingClassifier(learning_rate=100.0, max_iter=10, min_samples_leaf=2).fit(X, y)
    assert np.isfinite(steep.predict_proba(X)).all()
    missing = np.full((60, 2), np.nan)
    np.testing.assert_allclose(HistGradientBoostingClassifier().fit(missing, y).predict_proba(missing)[:, 1], y.mean())
    with pytest.raises(ValueError, match="previously unseen labels"):
        HistGradientBoostingClassifier().fit(X, y, X_val=X, y_val=np.where(y == 1, 5, y))
    with pytest.raises(ValueError, match="X_val is provided, but y_val was not"):
        HistGradientBoostingClassifier().fit(X, y, X_val=X)
    with pytest.raises(ValueError, match="Categorical features cannot have monotonic"):
        HistGradientBoostingClassifier(categorical_features=[0], monotonic_cst=[1, 0, 0, 0]).fit(np.abs(X).round(), y)
    for bad, message in (
        ([0, 1], "sequence of tuples or lists"),
        ([{0, 9}], "integer indices in"),
        ([{0.5}], "integer"),
    ):
        with pytest.raises(ValueError, match=message):
            HistGradientBoostingClassifier(interaction_cst=bad).fit(X, y)


def test_stages_and_frames():
    X, y = data(200, classes=3)
    frame = pd.DataFrame(X, columns=list("abcd"))
    model = HistGradientBoostingClassifier(max_iter=6).fit(frame, y)
    for staged, method in (
        (model.staged_predict, model.predict),
        (model.staged_predict_proba, model.predict_proba),
        (model.staged_decision_function, model.decision_function),
    ):
        stages = list(staged(frame))
        assert len(stages) == 6
        np.testing.assert_allclose(stages[-1], method(frame))
    np.testing.assert_allclose(model.predict_log_proba(frame), np.log(model.predict_proba(frame)))


def test_reproducible():
    X, y = data(400, classes=3)
    model = HistGradientBoostingClassifier(max_iter=5, max_features=0.5, early_stopping=True, random_state=1)
    first = model.fit(X, y).predict_proba(X)
    np.testing.assert_array_equal(clone(model).fit(X, y).predict_proba(X), first)
    with panlearn.threads(1):
        np.testing.assert_array_equal(clone(model).fit(X, y).predict_proba(X), first)
