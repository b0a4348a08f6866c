"""Categorical naive Bayes: counts by hand, scikit-learn, new categories, bad data."""

import pickle
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn import naive_bayes as peers

import panlearn
from panlearn.core.blocks import FileRows
from panlearn.naive_bayes import CategoricalNB
from panlearn.naive_bayes.categorical_nb import category_counts, category_scores
from tests.oracles import naive_bayes as oracle

Peer: Any = peers.CategoricalNB


def data(n=60, p=4, seed=0):
    rng = np.random.default_rng(seed)
    return rng.integers(0, [2, 3, 5, 9][:p], (n, p)), np.arange(n) % 3


def test_matches_oracle():
    X, y = data()
    w = np.random.default_rng(1).uniform(0.5, 2, 60)

    def log_share(j, k, v):
        inside = w[y == k].sum()
        return np.log((w[(y == k) & (X[:, j] == v)].sum() + 0.5) / (inside + 0.5 * (X[:, j].max() + 1)))

    expected = oracle.joint(X, log_share, [w[y == k].sum() / w.sum() for k in range(3)])
    np.testing.assert_allclose(CategoricalNB(alpha=0.5).fit(X, y, w).predict_joint_log_proba(X), expected)


@pytest.mark.parametrize("least", [None, 12, [2, 3, 5, 20]])
@pytest.mark.parametrize("weighted", [False, True])
def test_matches_peer(least, weighted):
    X, y = data()
    w = np.random.default_rng(1).uniform(0.5, 2, 60) if weighted else None
    ours, theirs = (cls(min_categories=least).fit(X, y, w) for cls in (CategoricalNB, Peer))
    np.testing.assert_array_equal(ours.n_categories_, theirs.n_categories_)
    for name in ("category_count_", "feature_log_prob_"):
        for one, other in zip(getattr(ours, name), getattr(theirs, name), strict=True):
            np.testing.assert_allclose(one, other, rtol=1e-12)
    np.testing.assert_allclose(ours.predict_proba(X), theirs.predict_proba(X))


def test_optimality():
    """Without smoothing the shares maximise the likelihood of the categories."""
    X, y = data()
    model, rng = CategoricalNB(alpha=1e-12).fit(X, y), np.random.default_rng(0)
    for counts, log_share in zip(model.category_count_, model.feature_log_prob_, strict=True):
        for _ in range(20):
            other = np.exp(log_share + 0.1 * rng.normal(size=log_share.shape))
            other /= other.sum(axis=1, keepdims=True)
            assert (counts * np.log(other)).sum() <= (counts * log_share).sum() + 1e-9


@settings(max_examples=15)
@given(st.integers(0, 1000))
def test_invariances(seed):
    X, y = data(seed=seed)
    X[0] = [1, 2, 4, 8]
    rng = np.random.default_rng(seed)
    base = CategoricalNB().fit(X, y).predict_proba(X)
    order = rng.permutation(60)
    np.testing.assert_allclose(CategoricalNB().fit(X[order], y[order]).predict_proba(X), base, atol=1e-12)
    np.testing.assert_allclose(CategoricalNB().fit(X, 2 - y).predict_proba(X)[:, ::-1], base, atol=1e-12)
    renamed = np.array([1, 2, 4, 8]) - X  # names of categories do not matter
    np.testing.assert_allclose(CategoricalNB(min_categories=[2, 3, 5, 9]).fit(renamed, y).predict_proba(renamed), base)


def test_large_tables_in_blocks():
    X, y = data(40_000)
    ours, theirs = CategoricalNB().fit(X, y), Peer().fit(X, y)
    np.testing.assert_allclose(ours.predict_joint_log_proba(X), theirs.predict_joint_log_proba(X))


def test_functions():
    np.testing.assert_array_equal(
        category_counts(np.array([0, 2]), np.array([1, 0]), None, (2, 3)), [[0, 0, 1], [1, 0, 0]]
    )
    np.testing.assert_array_equal(category_scores(np.array([[1]]), [np.array([[3.0, 4.0]])], np.array([1.0])), [[5.0]])


def test_edge_cases(tmp_path):
    X, y = data()
    assert CategoricalNB().fit(X[:1], y[:1]).predict(X[:1]) == y[:1]
    with pytest.raises(IndexError, match="Set min_categories, or use MixedNB"):
        CategoricalNB().fit(X, y).predict(X + 5)
    grown: Any = CategoricalNB().partial_fit(X[:, :2], y, classes=[0, 1, 2]).partial_fit(X[:, :2] + 4, y)
    np.testing.assert_array_equal(grown.n_categories_, [6, 7])
    np.testing.assert_allclose(grown.category_count_[0].sum(axis=1), [40, 40, 40])
    for wrong, text in ((1.5, "min_categories"), ([1.5] * 4, "integral"), ([3, 3], "shape")):
        with pytest.raises(ValueError, match=text):
            CategoricalNB(min_categories=wrong).fit(X, y)
    path = tmp_path / "rows.csv"
    frame = pd.DataFrame(X, columns=list("abcd"))
    frame.assign(kind=y).to_csv(path, index=False)
    streamed = CategoricalNB().fit(FileRows(path, target="kind", chunk_rows=13))
    np.testing.assert_allclose(streamed.predict_proba(frame), CategoricalNB().fit(X, y).predict_proba(X))


def test_reproducible(tmp_path):
    X, y = data()
    model = CategoricalNB().fit(X, y)
    path = panlearn.save(model, tmp_path / "m.panlearn")
    for copy in (pickle.loads(pickle.dumps(model)), panlearn.load(path)):
        np.testing.assert_array_equal(copy.predict_proba(X), model.predict_proba(X))
        copy.partial_fit(X, y)
