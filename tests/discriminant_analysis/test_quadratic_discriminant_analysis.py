"""Quadratic discriminant analysis: densities written out, scikit-learn, batches, bad data."""

import pickle
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import sparse
from sklearn import datasets
from sklearn import discriminant_analysis as peers
from sklearn.covariance import OAS
from sklearn.exceptions import NotFittedError

import panlearn
from panlearn.core.blocks import FileRows
from panlearn.discriminant_analysis import LinearDiscriminantAnalysis, QuadraticDiscriminantAnalysis
from tests.oracles import gaussian_classes as oracle

Peer: Any = peers.QuadraticDiscriminantAnalysis


def data(n=90, p=3, K=3, seed=0):
    rng = np.random.default_rng(seed)
    y = np.arange(n) % K
    return np.einsum("ij,ijk->ik", rng.normal(size=(n, p)), rng.normal(size=(K, p, p))[y]) + y[:, None], y


@pytest.mark.parametrize("solver", ["svd", "eigen"])
def test_matches_oracle(solver):
    X, y = data()
    w = np.random.default_rng(1).uniform(0.5, 2, 90)
    total, mean, scatter = oracle.class_sums(X, y, w, 3)
    expected = oracle.log_posteriors(X, mean, scatter / total[:, None, None], total / total.sum())
    model = QuadraticDiscriminantAnalysis(solver=solver).fit(X, y, w)
    np.testing.assert_allclose(model.predict_log_proba(X), expected, atol=1e-9)


@pytest.mark.parametrize("priors", [None, [0.2, 0.3, 0.5]])
@pytest.mark.parametrize(
    "more",
    [
        {},
        {"reg_param": 0.2},
        {"solver": "eigen"},
        {"solver": "eigen", "shrinkage": 0.3},
        {"solver": "eigen", "shrinkage": "auto"},
        {"solver": "eigen", "covariance_estimator": OAS()},
    ],
)
def test_matches_peer(priors, more):
    X, y = datasets.load_wine(return_X_y=True)
    ours, theirs = (
        cls(priors=priors, store_covariance=True, tol=1e-6, **more).fit(X, y)
        for cls in (QuadraticDiscriminantAnalysis, Peer)
    )
    np.testing.assert_allclose(ours.decision_function(X), theirs.decision_function(X), rtol=1e-8, atol=1e-7)
    np.testing.assert_allclose(ours.predict_proba(X), theirs.predict_proba(X), atol=1e-9)
    for name in ("means_", "priors_", "scalings_", "covariance_"):
        if not more.get("reg_param") or name != "covariance_":  # scikit-learn leaves the share out of its own diagonal
            np.testing.assert_allclose(getattr(ours, name), getattr(theirs, name), rtol=1e-6, atol=1e-9, err_msg=name)
    np.testing.assert_array_equal(ours.predict(X), theirs.predict(X))


def test_optimality():
    """Mean and covariance maximise the likelihood: any change lowers it."""
    X, y = data()
    model = QuadraticDiscriminantAnalysis(store_covariance=True).fit(X, y)

    def log_likelihood(mean, covariance):
        away = X[y == 0] - mean
        return -np.linalg.slogdet(covariance)[1] - np.mean(
            np.einsum("ij,ij->i", away @ np.linalg.inv(covariance), away)
        )

    best, rng = log_likelihood(model.means_[0], model.covariance_[0]), np.random.default_rng(0)
    for _ in range(50):
        change = 0.05 * rng.normal(size=(3, 3))
        assert log_likelihood(model.means_[0] + change[0], model.covariance_[0]) < best
        assert (
            log_likelihood(model.means_[0], (np.eye(3) + change) @ model.covariance_[0] @ (np.eye(3) + change).T) < best
        )


def test_full_shrinkage_to_one_shape_is_linear():
    """Classes of equal covariance matrices have straight boundaries: the linear rule."""
    X, y = data(60, 2, 2)
    rows = X[y == 0]
    X, y = np.vstack([rows, rows + np.array([1.0, 2.0])]), np.repeat([0, 1], len(rows))
    np.testing.assert_allclose(
        QuadraticDiscriminantAnalysis().fit(X, y).predict_proba(X),
        LinearDiscriminantAnalysis().fit(X, y).predict_proba(X),
        atol=1e-10,
    )


@settings(max_examples=10)
@given(st.integers(0, 100))
def test_invariances(seed):
    X, y = data(60, 2, 2, seed)
    rng, new = np.random.default_rng(seed), QuadraticDiscriminantAnalysis(tol=1e-12)
    base = new.fit(X, y).predict_proba(X)
    order, times = rng.permutation(60), rng.integers(1, 3, 60)
    np.testing.assert_allclose(new.fit(X[order], y[order]).predict_proba(X), base, atol=1e-8)
    np.testing.assert_allclose(new.fit(X, 1 - y).predict_proba(X)[:, ::-1], base, atol=1e-8)
    np.testing.assert_allclose(new.fit(sparse.csr_array(X), y).predict_proba(sparse.csr_array(X)), base, atol=1e-6)
    np.testing.assert_allclose(new.fit(X * [1e-9, 1e9] + 4, y).predict_proba(X * [1e-9, 1e9] + 4), base, atol=1e-5)
    weighted = new.fit(X, y, times).predict_proba(X)
    np.testing.assert_allclose(
        new.fit(np.repeat(X, times, 0), np.repeat(y, times)).predict_proba(X), weighted, atol=1e-8
    )


def test_batches_and_files(tmp_path):
    X, y = data()
    whole = QuadraticDiscriminantAnalysis().fit(X, y)
    parts: Any = QuadraticDiscriminantAnalysis()
    for rows in np.split(np.arange(90), 9):
        parts.partial_fit(X[rows], y[rows], classes=[0, 1, 2])
        if parts.certificate_.startswith("not fitted yet"):
            with pytest.raises(NotFittedError):
                parts.predict(X)
    np.testing.assert_allclose(parts.predict_proba(X), whole.predict_proba(X), atol=1e-9)
    path = tmp_path / "rows.csv"
    frame = pd.DataFrame(X, columns=list("abc"))
    frame.assign(kind=y).to_csv(path, index=False)
    for shrinkage in (None, "auto"):
        streamed = QuadraticDiscriminantAnalysis(shrinkage=shrinkage).fit(FileRows(path, target="kind", chunk_rows=20))
        both = QuadraticDiscriminantAnalysis(shrinkage=shrinkage).fit(X, y)
        np.testing.assert_allclose(streamed.predict_proba(frame), both.predict_proba(X), atol=1e-8)


@pytest.mark.parametrize("shrinkage", [0.2, "auto", "oas"])
def test_shrinkage_with_either_solver(shrinkage):
    X, y = data(12, 5, 2)
    one, other = (QuadraticDiscriminantAnalysis(solver=s, shrinkage=shrinkage).fit(X, y) for s in ("svd", "eigen"))
    np.testing.assert_allclose(one.predict_proba(X), other.predict_proba(X), atol=1e-10)


def test_edge_cases():
    X, y = data()
    single = QuadraticDiscriminantAnalysis().fit(X.astype(np.float32), y)
    assert single.predict_proba(X.astype(np.float32)).dtype == np.float32
    np.testing.assert_allclose(
        single.predict_proba(X), QuadraticDiscriminantAnalysis().fit(X, y).predict_proba(X), atol=1e-3
    )
    one = QuadraticDiscriminantAnalysis().fit(X[:, :1], y)
    np.testing.assert_allclose(one.predict_proba(X[:, :1]), Peer().fit(X[:, :1], y).predict_proba(X[:, :1]), atol=1e-10)
    small = X * 1e-9  # scikit-learn refuses units in which every variance is below tol
    np.testing.assert_allclose(
        QuadraticDiscriminantAnalysis().fit(small, y).predict_proba(small),
        QuadraticDiscriminantAnalysis().fit(X, y).predict_proba(X),
        atol=1e-8,
    )
    near = np.column_stack([X[:, 0] * 1e6, X[:, 0] * 1e6 + X[:, 1]])  # nearly collinear: the rows are asked
    np.testing.assert_allclose(
        QuadraticDiscriminantAnalysis().fit(near, y).predict_proba(near),
        QuadraticDiscriminantAnalysis().fit(X[:, :2], y).predict_proba(X[:, :2]),
        atol=1e-6,
    )


def test_bad_data():
    X, y = data()
    for rows, labels, kind, text in (
        (X, np.zeros(90), ValueError, "one class"),
        (X[:4], [0, 0, 0, 1], ValueError, "only 1 sample in class 1"),
        (X[:8], [0, 0, 0, 0, 0, 1, 1, 1], np.linalg.LinAlgError, "When using `solver='svd'`"),
        (np.column_stack([X, X[:, 0]]), y, np.linalg.LinAlgError, "not full rank. Increase the value of `reg_param`"),
        (np.where(X[4, 2] == X, np.nan, X), y, ValueError, "NaN"),
    ):
        with pytest.raises(kind, match=text):
            QuadraticDiscriminantAnalysis().fit(rows, labels)
    with pytest.raises(NotFittedError):
        QuadraticDiscriminantAnalysis().predict(X)


def test_reproducible(tmp_path):
    X, y = data()
    model = QuadraticDiscriminantAnalysis().fit(X, y)
    np.testing.assert_array_equal(model.predict_proba(X), QuadraticDiscriminantAnalysis().fit(X, y).predict_proba(X))
    path = panlearn.save(model, tmp_path / "m.panlearn")
    for copy in (pickle.loads(pickle.dumps(model)), panlearn.load(path)):
        np.testing.assert_array_equal(copy.predict_proba(X), model.predict_proba(X))
        copy.partial_fit(X, y)
