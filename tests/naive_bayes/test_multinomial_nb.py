"""Multinomial naive Bayes: counts by hand, scikit-learn, invariances, bad data."""

import pickle
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import sparse
from sklearn import naive_bayes as peers

import panlearn
from panlearn.core.blocks import FileRows
from panlearn.naive_bayes import MultinomialNB
from tests.oracles import naive_bayes as oracle

Peer: Any = peers.MultinomialNB


def data(n=60, p=5, K=3, seed=0):
    rng = np.random.default_rng(seed)
    y = np.arange(n) % K
    return rng.poisson(rng.uniform(0.2, 3, (K, p))[y]), y


def test_matches_oracle():
    X, y = data()
    w = np.random.default_rng(1).uniform(0.5, 2, 60)
    theta = oracle.counts(X, y, w, 3) + 1.0
    theta /= theta.sum(axis=1, keepdims=True)
    priors = [w[y == k].sum() / w.sum() for k in range(3)]
    expected = oracle.joint(X, lambda j, k, v: v * np.log(theta[k, j]), priors)
    np.testing.assert_allclose(MultinomialNB().fit(X, y, w).predict_joint_log_proba(X), expected)


@pytest.mark.parametrize("kind", [np.asarray, sparse.csr_array, lambda X: X.astype(np.float32)])
@pytest.mark.parametrize("weighted", [False, True])
def test_matches_peer(kind, weighted):
    X, y = data()
    w = np.random.default_rng(1).uniform(0.5, 2, 60) if weighted else None
    ours, theirs = MultinomialNB().fit(kind(X), y, w), Peer().fit(kind(X), y, w)
    for name in ("feature_count_", "feature_log_prob_", "class_count_", "class_log_prior_"):
        np.testing.assert_allclose(getattr(ours, name), getattr(theirs, name), rtol=1e-5, err_msg=name)
    np.testing.assert_allclose(ours.predict_proba(kind(X)), theirs.predict_proba(kind(X)), atol=1e-5)
    np.testing.assert_array_equal(ours.predict(kind(X)), theirs.predict(kind(X)))


def test_optimality():
    """Without smoothing the shares maximise the likelihood of the counts."""
    X, y = data()
    model = MultinomialNB(alpha=1e-12).fit(X, y)
    rng = np.random.default_rng(0)
    for k in range(3):
        counts, best = X[y == k].sum(axis=0), np.exp(model.feature_log_prob_[k])
        for _ in range(50):
            other = best * np.exp(0.1 * rng.normal(size=5))
            assert counts @ np.log(other / other.sum()) <= counts @ np.log(best) + 1e-9


@settings(max_examples=15)
@given(st.integers(0, 1000))
def test_invariances(seed):
    X, y = data(seed=seed)
    rng = np.random.default_rng(seed)
    base = MultinomialNB().fit(X, y).predict_proba(X)
    order, columns = rng.permutation(60), rng.permutation(5)
    np.testing.assert_allclose(MultinomialNB().fit(X[order], y[order]).predict_proba(X), base, atol=1e-12)
    np.testing.assert_allclose(MultinomialNB().fit(X, 2 - y).predict_proba(X)[:, ::-1], base, atol=1e-12)
    np.testing.assert_allclose(MultinomialNB().fit(X[:, columns], y).predict_proba(X[:, columns]), base, atol=1e-12)
    dense_sparse = MultinomialNB().fit(sparse.csr_array(X), y).predict_proba(sparse.csc_array(X))
    np.testing.assert_allclose(dense_sparse, base, atol=1e-12)


def test_edge_cases(tmp_path):
    X, y = data()
    assert MultinomialNB().fit(X[:1], y[:1]).predict(X[:1]) == y[:1]  # one row
    one = MultinomialNB().fit(X[:, :1], y)
    np.testing.assert_allclose(one.predict_proba(X[:, :1]), Peer().fit(X[:, :1], y).predict_proba(X[:, :1]))
    nothing = MultinomialNB().fit(np.zeros((6, 2)), [0, 1] * 3)
    np.testing.assert_allclose(nothing.predict_proba(np.zeros((1, 2))), 0.5)
    path = tmp_path / "rows.csv"
    np.savetxt(path, np.column_stack([X, y]), delimiter=",", header="a,b,c,d,e,y", comments="")
    streamed = MultinomialNB().fit(FileRows(path, target="y", chunk_rows=13))
    np.testing.assert_array_equal(streamed.feature_count_, MultinomialNB().fit(X, y).feature_count_)
    huge = MultinomialNB().fit(X * 1e12, y)
    assert np.isfinite(huge.predict_proba(X * 1e12)).all()


def test_reproducible(tmp_path):
    X, y = data()
    model = MultinomialNB().fit(X, y)
    np.testing.assert_array_equal(model.feature_log_prob_, MultinomialNB().fit(X, y).feature_log_prob_)
    path = panlearn.save(model, tmp_path / "m.panlearn")
    for copy in (pickle.loads(pickle.dumps(model)), panlearn.load(path)):
        np.testing.assert_array_equal(copy.predict_proba(X), model.predict_proba(X))
        copy.partial_fit(X, y)
