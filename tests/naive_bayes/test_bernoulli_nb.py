"""Bernoulli naive Bayes: counts by hand, scikit-learn, invariances, bad data."""

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
from panlearn.naive_bayes import BernoulliNB
from tests.oracles import naive_bayes as oracle

Peer: Any = peers.BernoulliNB


def data(n=60, p=5, K=3, seed=0):
    rng = np.random.default_rng(seed)
    y = np.arange(n) % K
    return rng.poisson(rng.uniform(0.2, 3, (K, p))[y]), y


def test_matches_oracle():
    X, y = data()
    w = np.random.default_rng(1).uniform(0.5, 2, 60)
    for threshold in (0.0, 1.0):
        there = threshold < X
        total = np.array([w[y == k].sum() for k in range(3)])
        theta = (oracle.counts(there, y, w, 3) + 1) / (total[:, None] + 2)
        expected = oracle.joint(
            there.astype(float), lambda j, k, v, t=theta: np.log(t[k, j] if v else 1 - t[k, j]), total / w.sum()
        )
        model = BernoulliNB(binarize=threshold).fit(X, y, w)
        np.testing.assert_allclose(model.predict_joint_log_proba(X), expected)
        np.testing.assert_allclose(BernoulliNB(binarize=None).fit(there, y, w).predict_joint_log_proba(there), expected)


@pytest.mark.parametrize("kind", [np.asarray, sparse.csr_array, lambda X: X.astype(np.float32)])
@pytest.mark.parametrize("weighted", [False, True])
def test_matches_peer(kind, weighted):
    X, y = data()
    w = np.random.default_rng(1).uniform(0.5, 2, 60) if weighted else None
    ours, theirs = BernoulliNB().fit(kind(X), y, w), Peer().fit(kind(X), y, w)
    for name in ("feature_count_", "feature_log_prob_", "class_count_", "class_log_prior_"):
        np.testing.assert_allclose(getattr(ours, name), getattr(theirs, name), rtol=1e-5, err_msg=name)
    np.testing.assert_allclose(ours.predict_proba(kind(X)), theirs.predict_proba(kind(X)), atol=1e-5)
    np.testing.assert_array_equal(ours.predict(kind(X)), theirs.predict(kind(X)))


def test_optimality():
    """Without smoothing the shares maximise the likelihood of what is there and what is not."""
    X, y = data()
    model = BernoulliNB(alpha=1e-12).fit(X, y)
    there = X > 0
    for k in range(3):
        share, best = there[y == k].mean(axis=0), np.exp(model.feature_log_prob_[k])
        for change in (0.9, 0.99, 1.01):
            other = np.clip(change * best, 1e-9, 1 - 1e-9)
            gain = share * np.log(other / best) + (1 - share) * np.log((1 - other) / np.maximum(1 - best, 1e-9))
            assert (gain <= 1e-9).all()


@settings(max_examples=15)
@given(st.integers(0, 1000))
def test_invariances(seed):
    X, y = data(seed=seed)
    rng = np.random.default_rng(seed)
    base = BernoulliNB().fit(X, y).predict_proba(X)
    order, columns = rng.permutation(60), rng.permutation(5)
    np.testing.assert_allclose(BernoulliNB().fit(X[order], y[order]).predict_proba(X), base, atol=1e-12)
    np.testing.assert_allclose(BernoulliNB().fit(X, 2 - y).predict_proba(X)[:, ::-1], base, atol=1e-12)
    np.testing.assert_allclose(BernoulliNB().fit(X[:, columns], y).predict_proba(X[:, columns]), base, atol=1e-12)
    dense_sparse = BernoulliNB().fit(sparse.csr_array(X), y).predict_proba(sparse.csc_array(X))
    np.testing.assert_allclose(dense_sparse, base, atol=1e-12)


def test_edge_cases(tmp_path):
    X, y = data()
    assert BernoulliNB().fit(X[:1], y[:1]).predict(X[:1]) == y[:1]  # one row
    one = BernoulliNB().fit(X[:, :1], y)
    np.testing.assert_allclose(one.predict_proba(X[:, :1]), Peer().fit(X[:, :1], y).predict_proba(X[:, :1]))
    nothing = BernoulliNB().fit(np.zeros((6, 2)), [0, 1] * 3)
    np.testing.assert_allclose(nothing.predict_proba(np.zeros((1, 2))), 0.5)
    path = tmp_path / "rows.csv"
    np.savetxt(path, np.column_stack([X, y]), delimiter=",", header="a,b,c,d,e,y", comments="")
    streamed = BernoulliNB().fit(FileRows(path, target="y", chunk_rows=13))
    np.testing.assert_array_equal(streamed.feature_count_, BernoulliNB().fit(X, y).feature_count_)
    huge = BernoulliNB().fit(X * 1e12, y)
    assert np.isfinite(huge.predict_proba(X * 1e12)).all()


def test_reproducible(tmp_path):
    X, y = data()
    model = BernoulliNB().fit(X, y)
    np.testing.assert_array_equal(model.feature_log_prob_, BernoulliNB().fit(X, y).feature_log_prob_)
    path = panlearn.save(model, tmp_path / "m.panlearn")
    for copy in (pickle.loads(pickle.dumps(model)), panlearn.load(path)):
        np.testing.assert_array_equal(copy.predict_proba(X), model.predict_proba(X))
        copy.partial_fit(X, y)
