"""AdaBoost for classification: the definition, scikit-learn, the exponential loss, bad data."""

import pickle
import warnings

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import sparse
from sklearn import ensemble as peers
from sklearn.datasets import load_breast_cancer, load_digits, load_iris
from sklearn.dummy import DummyClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.neighbors import KNeighborsClassifier

import panlearn
from panlearn.ensemble import AdaBoostClassifier
from panlearn.tree import DecisionTreeClassifier
from tests.oracles import adaboost as oracle


def data(n=300, p=4, classes=2, seed=0):
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(n, p)).astype(np.float32).astype(float)
    score = (X**2).sum(axis=1) + 0.5 * rng.normal(size=n)
    return X, np.digitize(score, np.quantile(score, np.linspace(0, 1, classes + 1)[1:-1]))


@pytest.mark.parametrize("classes", [2, 4])
def test_matches_oracle(classes):
    X, y = data(60, 3, classes)
    weight = np.random.default_rng(1).integers(0, 4, 60).astype(float)
    model = AdaBoostClassifier(n_estimators=8, learning_rate=0.7).fit(X, y, weight)
    found = oracle.boost(X, y, weight, classes, 8, 0.7)
    assert [stump.tree_.feature[0] for stump in model] == [column for column, *_ in found]
    np.testing.assert_allclose([stump.tree_.threshold[0] for stump in model], [t for _, t, *_ in found])
    np.testing.assert_allclose(model.estimator_errors_, [error for *_, error, _ in found], rtol=1e-10)
    np.testing.assert_allclose(model.estimator_weights_, [vote for *_, vote in found], rtol=1e-10)


@pytest.mark.parametrize("load", [load_breast_cancer, load_digits])
def test_matches_peer(load):
    """The same stumps, votes, decision function and probabilities, over all stages."""
    X, y = load(return_X_y=True)
    ours = AdaBoostClassifier(n_estimators=30, random_state=0).fit(X, y)
    theirs = peers.AdaBoostClassifier(n_estimators=30, random_state=0).fit(X, y)
    np.testing.assert_allclose(ours.estimator_weights_, theirs.estimator_weights_, rtol=1e-8)
    np.testing.assert_allclose(ours.decision_function(X), theirs.decision_function(X), atol=1e-9)
    np.testing.assert_allclose(ours.predict_proba(X), theirs.predict_proba(X), atol=1e-9)
    np.testing.assert_allclose(ours.feature_importances_, theirs.feature_importances_, atol=1e-9)
    for mine, other in zip(ours.staged_decision_function(X), theirs.staged_decision_function(X), strict=True):
        np.testing.assert_allclose(mine, other, atol=1e-9)
    assert [e.random_state for e in ours] == [e.random_state for e in theirs]
    np.testing.assert_allclose(list(ours.staged_score(X, y))[-1], ours.score(X, y))


def test_large_columns_are_searched_exactly():
    """More values than bins: the best threshold is found inside a bin, as by the peer."""
    X, y = data(4000, 3, 3)
    ours = AdaBoostClassifier(n_estimators=60, random_state=0).fit(X, y)
    theirs = peers.AdaBoostClassifier(n_estimators=60, random_state=0).fit(X, y)
    np.testing.assert_allclose([e.tree_.threshold[0] for e in ours], [e.tree_.threshold[0] for e in theirs], rtol=1e-6)
    np.testing.assert_allclose(ours.estimator_errors_, theirs.estimator_errors_, rtol=1e-9)


def test_any_base():
    """Bases that are no stumps go round by round, as with the peer."""
    X, y = data(300, 4, 3)
    for base in (LogisticRegression(), DecisionTreeClassifier(max_depth=2, random_state=0)):
        ours = AdaBoostClassifier(base, n_estimators=5, random_state=0).fit(X, y)
        if isinstance(base, LogisticRegression):
            theirs = peers.AdaBoostClassifier(base, n_estimators=5, random_state=0).fit(X, y)
            np.testing.assert_allclose(ours.decision_function(X), theirs.decision_function(X), atol=1e-10)
        slow = sum(
            vote * np.where(np.equal.outer(e.predict(X), ours.classes_), 1, -0.5)
            for e, vote in zip(ours, ours.estimator_weights_, strict=False)
        )
        np.testing.assert_allclose(ours.decision_function(X), slow / ours.estimator_weights_.sum(), atol=1e-10)


def test_optimality():
    """The exponential loss of the certificate is that of the votes, and bounds the training error."""
    X, y = data()
    model = AdaBoostClassifier(n_estimators=40).fit(X, y)
    margin = np.where(y == 1, 1, -1) * model.decision_function(X) * model.estimator_weights_.sum() / 4
    assert float(model.certificate_.split()[2]) == pytest.approx(np.exp(-margin).mean(), rel=1e-2)
    assert 1 - model.score(X, y) <= np.exp(-margin).mean()


@settings(max_examples=5)
@given(st.integers(0, 50))
def test_invariances(seed):
    X, y = data(120, 3, 2, seed)
    rng, fit = np.random.default_rng(seed), AdaBoostClassifier(n_estimators=12)
    base = fit.fit(X, y).decision_function(X)
    order, times = rng.permutation(120), rng.integers(1, 4, 120)
    np.testing.assert_allclose(fit.fit(X[order], y[order]).decision_function(X), base, atol=1e-9)
    np.testing.assert_allclose(fit.fit(X * [1, 1e-3, 1e6], y).decision_function(X * [1, 1e-3, 1e6]), base, atol=1e-9)
    np.testing.assert_allclose(fit.fit(sparse.csr_array(X), y).decision_function(sparse.csr_array(X)), base, atol=1e-9)
    repeated = fit.fit(np.repeat(X, times, axis=0), np.repeat(y, times)).decision_function(X)
    np.testing.assert_allclose(fit.fit(X, y, times).decision_function(X), repeated, atol=1e-9)


def test_edge_cases():
    X, y = data(60)
    alone = AdaBoostClassifier().fit(X, np.ones(60))
    assert (alone.predict(X) == 1).all()
    np.testing.assert_array_equal(alone.predict_proba(X), np.ones((60, 1)))
    perfect = AdaBoostClassifier().fit(X[:, :1], X[:, 0] > 0)
    assert (len(perfect), perfect.estimator_errors_[0], perfect.estimator_weights_[0]) == (1, 0, 1)
    with pytest.raises(ValueError, match="worse than random"):
        AdaBoostClassifier().fit(np.ones((4, 2)), [0, 1, 0, 1])
    assert AdaBoostClassifier().fit(np.ones((5, 2)), [0, 1, 0, 0, 1]).predict([[1, 1]]) == 0
    with pytest.raises(ValueError, match="doesn't support sample_weight"):
        AdaBoostClassifier(KNeighborsClassifier()).fit(X, y)
    with pytest.raises(ValueError, match="must be an estimator with fit and predict"):
        AdaBoostClassifier("tree").fit(X, y)
    with pytest.raises(ValueError, match="non-zero"):
        AdaBoostClassifier().fit(X, y, np.zeros(60))
    with pytest.raises(ValueError, match="NaN"):
        AdaBoostClassifier().fit(np.where(X > 2, np.nan, X), y)
    with pytest.raises(ValueError, match="infinity"):
        AdaBoostClassifier().fit(np.where(X > 1, np.inf, X), y)
    with pytest.warns(UserWarning, match="infinite values"):
        AdaBoostClassifier(n_estimators=30, learning_rate=400.0).fit(*data(200, 2))
    huge = AdaBoostClassifier(n_estimators=5).fit(X * 1e300, y)
    np.testing.assert_array_equal(huge.predict(X * 1e300), AdaBoostClassifier(n_estimators=5).fit(X, y).predict(X))
    shaped = AdaBoostClassifier(DummyClassifier(strategy="most_frequent")).fit(np.ones((5, 2, 2)), [0, 0, 1, 0, 1])
    assert (shaped.predict(np.ones((1, 2, 2))) == 0).all()


def test_reproducible(tmp_path):
    X, y = load_iris(return_X_y=True)
    model = AdaBoostClassifier(n_estimators=10, random_state=3).fit(X, y)
    with panlearn.threads(1), warnings.catch_warnings():
        again = AdaBoostClassifier(n_estimators=10, random_state=3).fit(X, y)
    for copy in (
        again,
        pickle.loads(pickle.dumps(model)),
        panlearn.load(panlearn.save(model, tmp_path / "m.panlearn")),
    ):
        np.testing.assert_array_equal(copy.decision_function(X), model.decision_function(X))
