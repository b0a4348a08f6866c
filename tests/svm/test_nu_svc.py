"""nu-SVC: the definition, LIBSVM, the meaning of nu, feasibility."""

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import sparse
from sklearn import datasets
from sklearn import svm as peers
from sklearn.exceptions import ConvergenceWarning

from panlearn.svm import SVC, NuSVC
from panlearn.svm.nu_svc import filled
from tests.oracles import support_vector_machine as oracle

Peer: Any = peers.NuSVC


def data(n=40, p=3, seed=0, classes=2):
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(n, p))
    score = X[:, 0] + 0.1 * rng.normal(size=n)
    return X, np.digitize(score, np.quantile(score, np.linspace(0, 1, classes + 1)[1:-1]))


@pytest.mark.parametrize("kernel", ["linear", "rbf", "laplacian"])
def test_matches_oracle(kernel):
    X, y = data(24)
    weight = np.random.default_rng(1).uniform(0.5, 2, size=24)
    model = NuSVC(nu=0.4, kernel=kernel, gamma=0.4, tol=1e-7).fit(X, y, weight)
    K, sign = oracle.gram(kernel, X, X, 0.4), np.where(y > 0, 1.0, -1.0)
    alpha, value = oracle.classify_nu(K, sign, weight, 0.4)
    np.testing.assert_allclose(model.objective_, value, rtol=1e-5)
    expected, found = K @ (alpha * sign), model.decision_function(X) - model.intercept_
    np.testing.assert_allclose(found / np.abs(found).max(), expected / np.abs(expected).max(), atol=1e-3)


@pytest.mark.parametrize("kernel", ["linear", "poly", "rbf"])
@pytest.mark.parametrize("classes", [2, 4])
def test_matches_peer(kernel, classes):
    X, y = data(200, 4, classes=classes)
    params = {"kernel": kernel, "nu": 0.5, "tol": 1e-5, "gamma": 0.1, "decision_function_shape": "ovo"}
    ours, theirs = NuSVC(**params).fit(X, y), Peer(**params).fit(X, y)
    np.testing.assert_allclose(ours.decision_function(X), theirs.decision_function(X), rtol=1e-2, atol=1e-2)
    np.testing.assert_array_equal(ours.support_, theirs.support_)
    np.testing.assert_array_equal(ours.predict(X), theirs.predict(X))


def test_optimality():
    """It is SVC with C = 1 / rho, and its KKT conditions hold."""
    X, y = data(200)
    model = NuSVC(nu=0.5, gamma=0.3, tol=1e-8).fit(X, y)
    C = np.abs(model.dual_coef_).max()
    same = SVC(C=C, gamma=0.3, tol=1e-8).fit(X, y)
    np.testing.assert_allclose(model.decision_function(X), same.decision_function(X), atol=1e-5)
    assert model.kkt_violation_[0] <= 1e-8
    assert 0 <= model.duality_gap_[0] < 1e-5


@settings(max_examples=6)
@given(st.integers(0, 30))
def test_invariances(seed):
    X, y = data(60, seed=seed)
    rng, fit = np.random.default_rng(seed), NuSVC(nu=0.3, gamma=0.3, tol=1e-8)
    T, order = rng.normal(size=(20, 3)), rng.permutation(60)
    base = fit.fit(X, y).decision_function(T)
    np.testing.assert_allclose(fit.fit(X[order], y[order]).decision_function(T), base, atol=1e-4)
    np.testing.assert_allclose(fit.fit(X, 1 - y).decision_function(T), -base, atol=1e-4)
    np.testing.assert_allclose(fit.fit(sparse.csr_array(X), y).decision_function(T), base, atol=1e-4)
    times = rng.integers(1, 3, 60)
    repeated = fit.fit(np.repeat(X, times, axis=0), np.repeat(y, times)).decision_function(T)
    np.testing.assert_allclose(fit.fit(X, y, times).decision_function(T), repeated, atol=1e-4)


@pytest.mark.parametrize("nu", [0.1, 0.3, 0.6])
def test_nu_bounds_errors_and_support(nu):
    X, y = data(300)
    model = NuSVC(nu=nu, tol=1e-7).fit(X, y)
    margin = model.decision_function(X) * np.where(y > 0, 1, -1)
    assert np.mean(margin < 1 - 1e-4) <= nu <= len(model.support_) / 300


def test_edge_cases():
    X, y = datasets.load_iris(return_X_y=True)
    few = np.r_[0:50, 50:55]
    with pytest.raises(ValueError, match=r"specified nu is infeasible: nu=0.5 is above 0.1818"):
        NuSVC().fit(X[few], y[few])
    balanced = NuSVC(class_weight="balanced").fit(X[few], y[few])
    assert balanced.score(X[few], y[few]) == 1
    for nu in (0.0, 1.1):
        with pytest.raises(ValueError, match="The 'nu' parameter of NuSVC"):
            NuSVC(nu=nu).fit(X, y)
    with pytest.raises(ValueError, match="same class, for which every specified nu is infeasible"):
        NuSVC().fit(X[:100], y[:100], y[:100])
    with pytest.warns(ConvergenceWarning, match="raise nu"):  # no kernel tells equal points apart
        same = NuSVC().fit(np.ones((4, 2)), [0, 0, 1, 1])
    assert np.isfinite(same.decision_function(np.ones((1, 2)))).all()
    probable = NuSVC(probability=True, random_state=0).fit(X, y).predict_proba(X)
    np.testing.assert_allclose(probable.sum(axis=1), 1)


def test_filled():
    np.testing.assert_array_equal(filled(np.array([1.0, 0.0, 2.0, 3.0]), 2.5), [1.0, 0.0, 1.5, 0.0])


def test_reproducible():
    X, y = data(200, classes=3)
    np.testing.assert_array_equal(NuSVC(nu=0.3).fit(X, y).dual_coef_, NuSVC(nu=0.3).fit(X, y).dual_coef_)
