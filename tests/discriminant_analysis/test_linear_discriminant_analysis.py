"""Linear discriminant analysis: Bayes' rule, scikit-learn, the sigmoid of the notes, batches, bad data."""

import pickle
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import sparse
from scipy.special import expit
from sklearn import datasets
from sklearn import discriminant_analysis as peers
from sklearn.covariance import OAS
from sklearn.linear_model import LogisticRegression
from sklearn.preprocessing import StandardScaler

import panlearn
from panlearn.core.blocks import FileRows
from panlearn.discriminant_analysis import LinearDiscriminantAnalysis
from tests.oracles import gaussian_classes as oracle

Peer: Any = peers.LinearDiscriminantAnalysis
SOLVERS = ["svd", "lsqr", "eigen"]


def data(n=90, p=4, K=3, seed=0):
    rng = np.random.default_rng(seed)
    y = np.arange(n) % K
    return rng.normal(size=(n, p)) @ rng.normal(size=(p, p)) + rng.normal(size=(K, p))[y] * 2, y


@pytest.mark.parametrize("solver", SOLVERS)
def test_matches_oracle(solver):
    X, y = data()
    w = np.random.default_rng(1).uniform(0.5, 2, 90)
    total, mean, scatter = oracle.class_sums(X, y, w, 3)
    shared = scatter.sum(axis=0) / total.sum()
    model = LinearDiscriminantAnalysis(solver=solver).fit(X, y, w)
    expected = oracle.log_posteriors(X, mean, [shared] * 3, total / total.sum())
    np.testing.assert_allclose(model.predict_log_proba(X), expected, atol=1e-9)


@pytest.mark.parametrize("solver", SOLVERS)
@pytest.mark.parametrize("priors", [None, [0.2, 0.3, 0.5]])
@pytest.mark.parametrize("more", [{}, {"shrinkage": 0.3}, {"shrinkage": "auto"}, {"covariance_estimator": OAS()}])
def test_matches_peer(solver, priors, more):
    if solver == "svd" and more:
        pytest.skip("scikit-learn's svd does not shrink: see test_svd_shrinks_as_the_others_do")
    X, y = datasets.load_wine(return_X_y=True)
    ours, theirs = (
        cls(solver=solver, priors=priors, store_covariance=True, **more).fit(X, y)
        for cls in (LinearDiscriminantAnalysis, Peer)
    )
    for name in ("coef_", "intercept_", "means_", "priors_", "covariance_"):
        np.testing.assert_allclose(getattr(ours, name), getattr(theirs, name), rtol=1e-7, atol=1e-10, err_msg=name)
    np.testing.assert_allclose(ours.predict_proba(X), theirs.predict_proba(X), atol=1e-10)
    if solver != "lsqr":
        np.testing.assert_allclose(ours.explained_variance_ratio_, theirs.explained_variance_ratio_, atol=1e-10)
        np.testing.assert_allclose(np.abs(ours.transform(X)), np.abs(theirs.transform(X)), rtol=1e-7, atol=1e-8)


@pytest.mark.parametrize("shrinkage", [0.3, "auto", "oas"])
def test_svd_shrinks_as_the_others_do(shrinkage):
    X, y = data()
    first, second, third = (LinearDiscriminantAnalysis(solver=s, shrinkage=shrinkage).fit(X, y) for s in SOLVERS)
    for other in (second, third):
        np.testing.assert_allclose(other.predict_log_proba(X), first.predict_log_proba(X), atol=1e-8)


def test_a_shared_covariance_gives_the_sigmoid_of_a_linear_function():
    """Note 001 §4.1, §4.2: P(1 | x) = sigma(w'x + b), with w = S^-1 (m_1 - m_0) written out from the densities."""
    X, y = data(K=2)
    total, mean, scatter = oracle.class_sums(X, y, np.ones(90), 2)
    S, prior = scatter.sum(axis=0) / 90, total / 90
    w = np.linalg.solve(S, mean[1] - mean[0])
    b = np.log(prior[1] / prior[0]) - 0.5 * (mean[1] + mean[0]) @ w
    bayes = np.exp(oracle.log_posteriors(X, mean, [S, S], prior))[:, 1]
    np.testing.assert_allclose(expit(X @ w + b), bayes, atol=1e-12)
    model = LinearDiscriminantAnalysis().fit(X, y)
    np.testing.assert_allclose(model.coef_[0], w, rtol=1e-9)
    np.testing.assert_allclose(model.intercept_[0], b, rtol=1e-9)
    np.testing.assert_allclose(model.predict_proba(X)[:, 1], bayes, atol=1e-12)


def test_many_normal_rows_give_the_weights_of_logistic_regression():
    """Both estimate the same w and b where the assumption holds (note 001 §4.3)."""
    rng = np.random.default_rng(0)
    y = np.arange(40_000) % 2
    X = rng.normal(size=(40_000, 2)) @ [[1.0, 0.5], [0.0, 1.0]] + y[:, None] * [1.0, -0.5]
    generative, discriminative = LinearDiscriminantAnalysis().fit(X, y), LogisticRegression(C=1e6).fit(X, y)
    np.testing.assert_allclose(generative.coef_, discriminative.coef_, atol=0.06)


def test_optimality():
    """Fisher: the first component maximises the ratio of variances between and within the classes."""
    X, y = data()
    model = LinearDiscriminantAnalysis().fit(X, y)
    _, mean, scatter = oracle.class_sums(X, y, np.ones(90), 3)
    within, away = scatter.sum(axis=0) / 90, mean - mean.mean(axis=0)

    def ratio(v):
        return (v @ away.T @ away @ v) / (v @ within @ v)

    best = ratio(model.scalings_[:, 0])
    directions = np.random.default_rng(0).normal(size=(500, 4))
    assert max(map(ratio, directions)) <= best * (1 + 1e-12)
    nearby = model.scalings_[:, 0] * (1 + 1e-3 * directions)
    assert max(map(ratio, nearby)) <= best * (1 + 1e-12)
    Z = model.transform(X)
    spread = sum(np.cov(Z[y == k].T, ddof=0) * 30 for k in range(3)) / 90
    np.testing.assert_allclose(spread, np.eye(2), atol=1e-10)


@settings(max_examples=10)
@given(st.integers(0, 100), st.sampled_from(SOLVERS))
def test_invariances(seed, solver):
    X, y = data(60, 3, 3, seed)
    rng, new = np.random.default_rng(seed), LinearDiscriminantAnalysis(solver=solver)
    base = new.fit(X, y).predict_proba(X)
    order, times = rng.permutation(60), rng.integers(1, 3, 60)
    np.testing.assert_allclose(new.fit(X[order], y[order]).predict_proba(X), base, atol=1e-9)
    np.testing.assert_allclose(new.fit(X, 2 - y).predict_proba(X)[:, ::-1], base, atol=1e-9)
    np.testing.assert_allclose(new.fit(sparse.csr_array(X), y).predict_proba(sparse.csr_array(X)), base, atol=1e-8)
    affine = X @ rng.normal(size=(3, 3)) + 5
    np.testing.assert_allclose(new.fit(affine, y).predict_proba(affine), base, atol=1e-6)
    weighted = new.fit(X, y, times).predict_proba(X)
    np.testing.assert_allclose(
        new.fit(np.repeat(X, times, 0), np.repeat(y, times)).predict_proba(X), weighted, atol=1e-9
    )


@pytest.mark.parametrize("solver", SOLVERS)
@pytest.mark.parametrize("shrinkage", [None, 0.2, "oas"])
def test_batches_give_the_fit(solver, shrinkage):
    X, y = data()
    whole = LinearDiscriminantAnalysis(solver=solver, shrinkage=shrinkage).fit(X, y)
    parts: Any = LinearDiscriminantAnalysis(solver=solver, shrinkage=shrinkage)
    for rows in np.split(np.argsort(y, kind="stable"), 5):  # the first batch has one class
        parts.partial_fit(X[rows], y[rows], classes=[0, 1, 2])
        assert np.isfinite(parts.predict_proba(X)).all()
    np.testing.assert_allclose(parts.predict_proba(X), whole.predict_proba(X), atol=1e-8)
    more = (
        LinearDiscriminantAnalysis(solver=solver, shrinkage=shrinkage).fit(X[:60], y[:60]).partial_fit(X[60:], y[60:])
    )
    np.testing.assert_allclose(more.coef_, whole.coef_, atol=1e-8)


def test_batches_refuse_what_sums_cannot_give():
    X, y = data()
    with pytest.raises(ValueError, match="shrinkage='oas'"):
        LinearDiscriminantAnalysis(shrinkage="auto").partial_fit(X, y, classes=[0, 1, 2])
    model = LinearDiscriminantAnalysis().fit(X, y)
    with pytest.raises(ValueError, match="do not exist in the initial classes"):
        model.partial_fit(X, y + 1)
    with pytest.raises(ValueError, match="start with partial_fit"):
        LinearDiscriminantAnalysis().fit(X[:6, :4].repeat(3, 1), y[:6]).partial_fit(X.repeat(3, 1), y)


def test_files(tmp_path):
    X, y = data()
    names = np.array(["a", "b", "c"])[y]
    path = tmp_path / "rows.csv"
    pd.DataFrame(X, columns=list("pqrs")).assign(kind=names).to_csv(path, index=False)
    for settings_ in ({}, {"solver": "lsqr", "shrinkage": "auto"}, {"solver": "eigen", "shrinkage": "auto"}):
        streamed = LinearDiscriminantAnalysis(**settings_).fit(FileRows(path, target="kind", chunk_rows=20))
        whole = LinearDiscriminantAnalysis(**settings_).fit(X, names)
        np.testing.assert_allclose(streamed.coef_, whole.coef_, atol=1e-8)
        assert streamed.classes_.tolist() == ["a", "b", "c"]


def test_edge_cases():
    X, y = data()
    holes: Any = sparse.random_array((20, 50), density=0.4, rng=0)
    full = np.random.default_rng(0).normal(size=(20, 50))
    for wide, rows in ((full, full), (holes, holes.toarray())):
        ours, theirs = LinearDiscriminantAnalysis().fit(wide, y[:20]), Peer().fit(rows, y[:20])
        np.testing.assert_allclose(ours.coef_, theirs.coef_, atol=1e-8)  # p > n
    twice = np.column_stack([X, X[:, :2], np.full(90, 7.0)])  # collinear, constant
    model = LinearDiscriminantAnalysis().fit(twice, y)
    np.testing.assert_allclose(model.predict_proba(twice), Peer().fit(X, y).predict_proba(X), atol=1e-8)
    assert model.certificate_.startswith("rank 4 of 7")
    scaled = X * [1e-12, 1e-6, 1e6, 1e12]
    np.testing.assert_allclose(
        LinearDiscriminantAnalysis().fit(scaled, y).predict_proba(scaled), Peer().fit(X, y).predict_proba(X), atol=1e-8
    )
    same = LinearDiscriminantAnalysis().fit(np.ones((6, 2)), [0, 1] * 3)  # duplicates only
    np.testing.assert_allclose(same.predict_proba(np.ones((1, 2))), 0.5)
    one = LinearDiscriminantAnalysis().fit(X[:, :1], y)
    np.testing.assert_allclose(one.coef_, Peer().fit(X[:, :1], y).coef_, rtol=1e-9)
    single = LinearDiscriminantAnalysis().fit(X.astype(np.float32), y)
    assert single.coef_.dtype == single.predict_proba(X.astype(np.float32)).dtype == np.float32
    np.testing.assert_allclose(single.coef_, LinearDiscriminantAnalysis().fit(X, y).coef_, rtol=1e-4)
    assert np.isfinite(LinearDiscriminantAnalysis().fit(X * 1e3, y).predict_log_proba(X * 1e7)).all()


@pytest.mark.parametrize(
    ("change", "text"),
    [
        (lambda X, y: (X, np.zeros(90)), "one class"),
        (lambda X, y: (X[:3], y[:3]), "must be more than the number of classes"),
        (lambda X, y: (np.where(X[4, 2] == X, np.nan, X), y), "NaN"),
        (lambda X, y: (np.where(X[4, 2] == X, np.inf, X), y), "infinity"),
        (lambda X, y: (X, X[:, 0]), "Unknown label type"),
    ],
)
def test_bad_data(change, text):
    with pytest.raises(ValueError, match=text):
        LinearDiscriminantAnalysis().fit(*change(*data()))


def test_bad_settings():
    X, y = data()
    for wrong, text in (
        ({"n_components": 3}, "n_components cannot be larger"),
        ({"priors": [0.5, 0.5]}, "each of the 3 classes"),
        ({"shrinkage": 2.0}, "shrinkage"),
        ({"solver": "eigen", "covariance_estimator": OAS(), "shrinkage": 0.1}, "Only one of the two"),
        ({"covariance_estimator": StandardScaler()}, "does not have a covariance_"),
    ):
        with pytest.raises(ValueError, match=text):
            LinearDiscriminantAnalysis(**wrong).fit(X, y)
    with pytest.raises(ValueError, match="non-zero"):
        LinearDiscriminantAnalysis().fit(X, y, np.zeros(90))
    with pytest.raises(ValueError, match="takes no sample_weight"):
        LinearDiscriminantAnalysis(covariance_estimator=OAS()).fit(X, y, np.ones(90))
    with pytest.raises(np.linalg.LinAlgError, match="singular"):
        LinearDiscriminantAnalysis(solver="eigen").fit(np.ones((90, 2)), y)


def test_reproducible(tmp_path):
    X, y = data()
    frame = pd.DataFrame(X, columns=list("pqrs"))
    model = LinearDiscriminantAnalysis().set_output(transform="pandas").fit(frame, y)
    assert model.transform(frame).columns.tolist() == ["lineardiscriminantanalysis0", "lineardiscriminantanalysis1"]
    again = LinearDiscriminantAnalysis().fit(X, y)
    np.testing.assert_array_equal(model.coef_, again.coef_)
    path = panlearn.save(model, tmp_path / "m.panlearn")
    for copy in (pickle.loads(pickle.dumps(model)), panlearn.load(path)):
        np.testing.assert_array_equal(copy.predict_proba(frame), model.predict_proba(frame))
        copy.partial_fit(frame, y)
