"""Best-subset logistic regression: all subsets tried, proofs, selection of the size, separable classes."""

import pickle

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import sparse
from sklearn.datasets import load_breast_cancer
from sklearn.linear_model import LogisticRegression as Peer
from sklearn.preprocessing import StandardScaler

from panlearn.linear_model import L0LogisticRegression
from tests.oracles.best_subset import logistic, smallest


def data(n=80, p=6, seed=0, noise=1.0):
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(n, p)) + rng.normal(size=(n, 1))
    return X, (X[:, 0] - X[:, 1] + noise * rng.normal(size=n) > 0).astype(int)


@settings(max_examples=10)
@given(st.integers(0, 10_000), st.integers(1, 4), st.sampled_from([0.01, 0.3]))
def test_matches_oracle(seed, k, l2):
    X, y = data(40, 5, seed, noise=2.0)
    exact = smallest(lambda c: logistic(X, y, c, l2), 5, k)[0]
    for nodes in (0, 1000):
        assert L0LogisticRegression(k, l2=l2, max_nodes=nodes).fit(X, y).objective_ == pytest.approx(exact, abs=1e-7)
    alpha = 0.02
    best = min(smallest(lambda c: logistic(X, y, c, l2), 5, size)[0] + alpha * size for size in range(6))
    assert L0LogisticRegression(alpha=alpha, l2=l2).fit(X, y).objective_ == pytest.approx(best, abs=1e-7)


def test_matches_peer():
    """On its support the fit is scikit-learn's, labels and class weights included."""
    X, y = load_breast_cancer(return_X_y=True)
    X, names, n = StandardScaler().fit_transform(X), np.array(["bad", "good"])[y], len(y)
    model = L0LogisticRegression(3, l2=0.01, class_weight="balanced").fit(X, names)
    peer = Peer(C=1 / (0.01 * n), class_weight="balanced", tol=1e-10).fit(X[:, model.support_], names)
    np.testing.assert_allclose(model.coef_[:, model.support_], peer.coef_, rtol=1e-5)
    np.testing.assert_allclose(model.predict_proba(X), peer.predict_proba(X[:, model.support_]), atol=1e-6)
    assert (model.predict(X) == peer.predict(X[:, model.support_])).all()
    assert model.classes_.tolist() == ["bad", "good"]


def test_optimality():
    """On the support the gradient vanishes; the proof says that no other three columns are better."""
    X, y = data(150, 10, noise=2.0)
    model = L0LogisticRegression(3, l2=0.05).fit(X, y)
    residual = model.predict_proba(X)[:, 1] - y
    gradient = X.T @ residual / len(y) + 0.05 * model.coef_[0]
    assert np.abs(gradient[model.support_]).max() < 1e-8
    assert abs(residual.sum()) < 1e-6
    assert model.gradient_norm_ <= 1e-9
    assert model.certificate_ == "3 of 10 columns, proven the best subset of this size"
    assert model.optimality_gap_ == pytest.approx(0.0, abs=1e-7)
    cut = L0LogisticRegression(3, l2=0.05, max_nodes=12).fit(X, y)
    assert cut.lower_bound_ <= model.objective_ + 1e-9
    wide = L0LogisticRegression(2).fit(*data(60, 40))
    assert wide.optimality_gap_ is None
    assert wide.certificate_ == "2 of 40 columns, no swap of one column lowers the objective"


@settings(max_examples=6)
@given(st.integers(0, 10_000))
def test_invariances(seed):
    X, y = data(50, 6, seed, noise=2.0)
    rng = np.random.default_rng(seed)
    order, times = rng.permutation(50), rng.integers(1, 4, 50)

    def coef(*rows):
        return L0LogisticRegression(2, l2=0.01).fit(*rows).coef_

    np.testing.assert_allclose(coef(X[order], y[order]), coef(X, y), atol=1e-7)
    np.testing.assert_allclose(coef(X, 1 - y), -coef(X, y), atol=1e-7)
    repeated = coef(np.repeat(X, times, axis=0), np.repeat(y, times))
    np.testing.assert_allclose(coef(X, y, times), repeated, atol=1e-7)
    np.testing.assert_allclose(coef(sparse.csr_array(X), y), coef(X, y), atol=1e-7)


@pytest.mark.parametrize("criterion", ["cv", "aic", "bic", "ebic"])
def test_criteria_find_the_columns(criterion):
    X, y = data(300, 8, noise=1.0)
    model = L0LogisticRegression(criterion=criterion).fit(X, y)
    assert {0, 1} <= set(model.support_.tolist())
    assert model.path_.sizes[int(np.argmin(model.path_.scores))] == len(model.support_)


def test_edge_cases():
    X, y = data()
    with pytest.raises(ValueError, match="one class"):
        L0LogisticRegression().fit(X, np.ones(80))
    with pytest.raises(ValueError, match="Only binary classification"):
        L0LogisticRegression().fit(X, np.arange(80) % 3)
    with pytest.raises(ValueError, match="NaN"):
        L0LogisticRegression().fit(np.where(X > 2, np.nan, X), y)
    separable = L0LogisticRegression(1).fit(X, X[:, 4] > 0)
    assert separable.support_.tolist() == [4]
    assert np.isfinite(separable.coef_).all()
    assert (separable.predict(X) == (X[:, 4] > 0)).all()
    none = L0LogisticRegression(0).fit(X, y)
    np.testing.assert_allclose(none.predict_proba(X)[:, 1], y.mean(), atol=1e-8)
    assert len(L0LogisticRegression(alpha=10.0).fit(X, y).support_) == 0
    flat = L0LogisticRegression(3).fit(np.column_stack([np.full(80, 5.0), X[:, 0], X]), y)
    assert 0 not in flat.support_
    two = L0LogisticRegression().fit(X[:2], [0, 1])
    assert np.isfinite(two.predict_proba(X)).all()


def test_reproducible():
    X, y = data(100, 30)
    table = pd.DataFrame(X.astype(np.float32), columns=[f"x{j}" for j in range(30)])
    first, second = (L0LogisticRegression(3).fit(table, y) for _ in range(2))
    assert (first.coef_ == second.coef_).all()
    assert first.coef_.dtype == np.float32
    np.testing.assert_array_equal(pickle.loads(pickle.dumps(first)).predict(table), first.predict(table))
