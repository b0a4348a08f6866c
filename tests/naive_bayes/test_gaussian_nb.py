"""Gaussian naive Bayes: densities written out, scikit-learn, invariances, bad data."""

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
from panlearn.naive_bayes import GaussianNB
from panlearn.naive_bayes.gaussian_nb import normal_log_densities
from tests.oracles import naive_bayes as oracle

Peer: Any = peers.GaussianNB


def data(n=60, p=4, K=3, seed=0):
    rng = np.random.default_rng(seed)
    y = np.arange(n) % K
    return rng.normal(size=(n, p)) * [1, 10, 0.1, 5][:p] + y[:, None] + 3, y


def test_matches_oracle():
    X, y = data()
    w = np.random.default_rng(1).uniform(0.5, 2, 60)
    mean = np.array([np.average(X[y == k], axis=0, weights=w[y == k]) for k in range(3)])
    variance = np.array([np.average((X[y == k] - mean[k]) ** 2, axis=0, weights=w[y == k]) for k in range(3)])
    priors = [w[y == k].sum() / w.sum() for k in range(3)]
    expected = oracle.joint(X, lambda j, k, v: oracle.normal(mean[k, j], variance[k, j], v), priors)
    model = GaussianNB(var_smoothing=0.0).fit(X, y, w)
    np.testing.assert_allclose(model.predict_joint_log_proba(X), expected)


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
@pytest.mark.parametrize("priors", [None, [0.2, 0.3, 0.5]])
def test_matches_peer(dtype, priors):
    X, y = data()
    ours, theirs = (cls(priors=priors).fit(X.astype(dtype), y) for cls in (GaussianNB, Peer))
    for name in ("theta_", "var_", "class_count_", "class_prior_", "epsilon_"):
        np.testing.assert_allclose(getattr(ours, name), getattr(theirs, name), rtol=1e-4, err_msg=name)
        assert np.asarray(getattr(ours, name)).dtype == np.asarray(getattr(theirs, name)).dtype or name == "epsilon_"
    np.testing.assert_allclose(ours.predict_proba(X.astype(dtype)), theirs.predict_proba(X.astype(dtype)), atol=1e-3)


def test_one_variance_for_all_classes_gives_the_sigmoid_of_a_linear_function():
    """Note 001 §4.2: with shared variances the log-odds are w'x + b."""
    X, y = data(K=2)
    X[y == 1] = X[y == 0] + [1.0, 2.0, 0.1, -3.0]  # equal spread
    model = GaussianNB().fit(X, y)
    w = (model.theta_[1] - model.theta_[0]) / model.var_[0]
    odds = np.diff(model.predict_joint_log_proba(X), axis=1).ravel()
    np.testing.assert_allclose(odds - odds[0], (X - X[0]) @ w, atol=1e-8)


def test_optimality():
    """Means and variances maximise the likelihood of the rows and their labels."""
    X, y = data()
    model, rng = GaussianNB(var_smoothing=0.0).fit(X, y), np.random.default_rng(0)
    offset = -0.5 * np.log(2 * np.pi * model.var_).sum(axis=1)
    best = normal_log_densities(X, model.theta_, model.var_, offset)[np.arange(60), y].sum()
    for _ in range(50):
        mean = model.theta_ + 0.05 * rng.normal(size=(3, 4)) * np.sqrt(model.var_)
        variance = model.var_ * np.exp(0.1 * rng.normal(size=(3, 4)))
        offset = -0.5 * np.log(2 * np.pi * variance).sum(axis=1)
        assert normal_log_densities(X, mean, variance, offset)[np.arange(60), y].sum() < best


@settings(max_examples=15)
@given(st.integers(0, 1000))
def test_invariances(seed):
    X, y = data(seed=seed)
    rng, new = np.random.default_rng(seed), GaussianNB(var_smoothing=0.0)
    base = new.fit(X, y).predict_proba(X)
    order, units = rng.permutation(60), 10.0 ** rng.integers(-6, 6, 4)
    np.testing.assert_allclose(new.fit(X[order], y[order]).predict_proba(X), base, atol=1e-10)
    np.testing.assert_allclose(new.fit(X, 2 - y).predict_proba(X)[:, ::-1], base, atol=1e-10)
    np.testing.assert_allclose(new.fit(X * units + units, y).predict_proba(X * units + units), base, atol=1e-8)


def test_batches_with_far_means_keep_their_digits():
    """The smoothing of a batch is not subtracted from that of another: the variances are those of one fit."""
    X, y = data()
    X[:30] += 1e6
    parts: Any = GaussianNB()
    for rows in np.split(np.arange(60), 6):
        parts.partial_fit(X[rows], y[rows], classes=[0, 1, 2])
    np.testing.assert_allclose(parts.var_, GaussianNB().fit(X, y).var_, rtol=1e-9)


def test_edge_cases(tmp_path):
    X, y = data()
    assert GaussianNB().fit(X[:1], y[:1]).predict(X[:1]) == y[:1]  # one row
    same = GaussianNB().fit(np.ones((6, 2)), [0, 1] * 3)  # duplicates only
    np.testing.assert_allclose(same.predict_proba(np.ones((1, 2))), 0.5)
    assert np.isfinite(same.predict_proba([[2.0, 1.0]])).all()
    for scale in (1e-120, 1e120):
        np.testing.assert_allclose(GaussianNB().fit(X * scale, y).predict(X * scale), GaussianNB().fit(X, y).predict(X))
    far = GaussianNB().fit(X, y).predict_proba(X * 1e200)
    assert np.isfinite(far).all()
    weighted = GaussianNB().fit(X, y, (y > 0).astype(float))
    assert set(weighted.predict(X)) == {1, 2}  # a class without weight
    path = tmp_path / "rows.csv"
    frame = pd.DataFrame(X, columns=list("abcd"))
    frame.assign(kind=y).to_csv(path, index=False)
    streamed = GaussianNB().fit(FileRows(path, target="kind", chunk_rows=13))
    np.testing.assert_allclose(streamed.predict_proba(frame), GaussianNB().fit(X, y).predict_proba(X), atol=1e-10)
    for bad in (np.nan, np.inf):
        with pytest.raises(ValueError, match=r"NaN|infinity"):
            GaussianNB().fit(np.where(X[3, 2] == X, bad, X), y)


def test_reproducible(tmp_path):
    X, y = data()
    model = GaussianNB().fit(X, y)
    np.testing.assert_array_equal(model.var_, GaussianNB().fit(X, y).var_)
    path = panlearn.save(model, tmp_path / "m.panlearn")
    for copy in (pickle.loads(pickle.dumps(model)), panlearn.load(path)):
        np.testing.assert_array_equal(copy.predict_proba(X), model.predict_proba(X))
        copy.partial_fit(X, y)
