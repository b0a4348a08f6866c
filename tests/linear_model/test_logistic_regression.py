"""Logistic and softmax regression: gradient, peers, both Newton routes, separable data."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import sparse
from sklearn.datasets import load_breast_cancer, load_digits, load_iris
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import LogisticRegression as Peer
from sklearn.preprocessing import StandardScaler

import panlearn
from panlearn.core.blocks import FileRows
from panlearn.linear_model import LogisticRegression
from tests.oracles import cross_entropy as oracle


def data(classes=2, n=120, p=4, seed=0):
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(n, p))
    scores = X @ rng.normal(size=(p, classes)) + rng.gumbel(size=(n, classes))
    y = scores.argmax(axis=1)
    y[:classes] = range(classes)
    return X, y


def parameters(model):
    """(p + 1, k), intercepts last."""
    return np.vstack([model.coef_.T, model.intercept_])


@pytest.mark.parametrize("classes", [2, 3])
@pytest.mark.parametrize("solver", ["newton-cholesky", "newton-cg"])
def test_matches_oracle(classes, solver):
    """The objective is the definition's, and its gradient by differences vanishes at the solution."""
    X, y = data(classes, n=40, p=2)
    weight = np.random.default_rng(1).random(40) + 0.1
    model = LogisticRegression(C=0.5, tol=1e-9, solver=solver).fit(X, y, weight)
    alpha, theta = 1 / (0.5 * weight.sum()), parameters(model)
    assert np.isclose(model.objective_, oracle.objective(theta, X, y, weight, alpha), rtol=1e-10)
    assert np.abs(oracle.gradient(theta, X, y, weight, alpha)).max() < 1e-7
    expected = [oracle.probabilities(row @ theta[:-1] + theta[-1]) for row in X]
    np.testing.assert_allclose(model.predict_proba(X), expected, rtol=1e-10)


@pytest.mark.parametrize("load", [load_iris, load_breast_cancer, load_digits])
@pytest.mark.parametrize("C", [0.01, 1.0])
def test_matches_peer(load, C):
    X, y = load(return_X_y=True)
    X, y = StandardScaler().fit_transform(X)[:400], y[:400]
    theirs = Peer(C=C, tol=1e-8, max_iter=5000).fit(X, y)
    for solver in ("newton-cholesky", "newton-cg", "auto"):
        ours = LogisticRegression(C=C, tol=1e-8, solver=solver).fit(X, y)
        np.testing.assert_allclose(ours.coef_, theirs.coef_, atol=3e-4)
        np.testing.assert_allclose(ours.predict_proba(X), theirs.predict_proba(X), atol=1e-5)
        assert (ours.coef_.shape, ours.intercept_.shape) == (theirs.coef_.shape, theirs.intercept_.shape)


@pytest.mark.parametrize("weight", [None, "balanced", {0: 1.0, 1: 5.0, 2: 0.5}])
def test_class_weights_match_peer(weight):
    X, y = data(3)
    ours = LogisticRegression(class_weight=weight, tol=1e-9).fit(X, y)
    theirs = Peer(class_weight=weight, tol=1e-9, max_iter=5000).fit(X, y)
    np.testing.assert_allclose(ours.coef_, theirs.coef_, atol=1e-5)


@pytest.mark.parametrize("classes", [2, 3])
@pytest.mark.parametrize("l1_ratio", [0.5, 1.0])
@pytest.mark.parametrize("shape", [(120, 4), (60, 300)])
def test_l1_matches_peer(classes, l1_ratio, shape):
    X, y = data(classes, *shape)
    theirs = Peer(C=0.2, l1_ratio=l1_ratio, solver="saga", tol=1e-8, max_iter=50_000, random_state=0).fit(X, y)
    for Z in (X, sparse.csr_array(X)):
        ours = LogisticRegression(C=0.2, l1_ratio=l1_ratio, tol=1e-9).fit(Z, y)
        np.testing.assert_allclose(ours.coef_, theirs.coef_, atol=1e-5)
        np.testing.assert_array_equal(ours.coef_ == 0, theirs.coef_ == 0)
        assert ours.dual_gap_ < 1e-5
        assert "duality gap" in ours.certificate_


@pytest.mark.parametrize("classes", [2, 3])
def test_l1_optimality(classes):
    """Where a weight is 0 the gradient is at most the penalty, elsewhere it is exactly that, with the other sign."""
    X, y = data(classes, n=200, p=10)
    model = LogisticRegression(C=0.1, l1_ratio=1, tol=1e-9).fit(X, y)
    p = model.predict_proba(X)
    gradient = (p - np.eye(classes)[y])[:, 1 if classes == 2 else slice(None)].T @ X
    w = model.coef_
    assert 0 < np.count_nonzero(w) < w.size
    assert (np.abs(np.atleast_2d(gradient)[w == 0]) <= 10 + 1e-6).all()
    np.testing.assert_allclose(np.atleast_2d(gradient)[w != 0], -10 * np.sign(w[w != 0]), atol=1e-6)
    assert (LogisticRegression(C=1e-3, l1_ratio=1).fit(X, y).coef_ == 0).all()  # above the largest useful strength
    tiny = LogisticRegression(C=1e-3, l1_ratio=1, tol=1e-9).fit(X, y)
    np.testing.assert_allclose(tiny.predict_proba(X)[0], np.bincount(y) / len(y), atol=1e-7)


@pytest.mark.parametrize("classes", [2, 4])
def test_optimality(classes):
    """The residuals are orthogonal to every column up to the penalty, and sum to zero in each class."""
    X, y = data(classes, n=400)
    model = LogisticRegression(tol=1e-9).fit(X, y)
    p = model.predict_proba(X)
    residual = p - np.eye(classes)[y]
    penalty = model.coef_ if classes > 2 else np.vstack([-model.coef_, model.coef_])
    assert np.abs(residual.T @ X + penalty).max() < 1e-6
    assert np.abs(residual.sum(axis=0)).max() < 1e-6
    assert model.gradient_norm_ <= 1e-9
    if classes > 2:  # the over-parameterised directions are fixed by the penalty, and by convention for the intercept
        np.testing.assert_allclose(model.coef_.sum(axis=0), 0, atol=1e-6)
        np.testing.assert_allclose(model.intercept_.sum(), 0, atol=1e-12)


@settings(max_examples=15)
@given(st.integers(0, 50))
def test_invariances(seed):
    X, y = data(3, seed=seed)
    rng = np.random.default_rng(seed)

    def fit(*args):
        return LogisticRegression(tol=1e-9).fit(*args)

    model, order, relabel = fit(X, y), rng.permutation(len(y)), np.array([2, 0, 1])
    np.testing.assert_allclose(fit(X[order], y[order]).coef_, model.coef_, atol=1e-6)
    np.testing.assert_allclose(fit(X, relabel[y]).predict_proba(X)[:, relabel], model.predict_proba(X), atol=1e-6)
    times = rng.integers(1, 4, len(y))
    repeated = fit(np.repeat(X, times, axis=0), np.repeat(y, times))
    np.testing.assert_allclose(fit(X, y, times).coef_, repeated.coef_, atol=1e-6)
    np.testing.assert_allclose(fit(X, y != 0).coef_, -fit(X, y == 0).coef_, atol=1e-6)


@pytest.mark.parametrize("classes", [2, 3])
def test_routes_agree_dense_and_sparse(classes):
    X, y = data(classes, n=3000, p=30)
    X[np.random.default_rng(0).random(X.shape) < 0.7] = 0
    expected = LogisticRegression(tol=1e-9, solver="newton-cholesky").fit(X, y)
    big = sparse.vstack([sparse.csr_array(X)] * 30, format="csr")  # large enough for the kernels
    for Z, t, C in (
        (X, y, 1.0),
        (sparse.csr_array(X), y, 1.0),
        (sparse.coo_array(X), y, 1.0),
        (big, np.tile(y, 30), 1 / 30),
    ):
        for solver in ("auto", "newton-cg"):
            model = LogisticRegression(C=C, tol=1e-9, solver=solver).fit(Z, t)
            np.testing.assert_allclose(model.coef_, expected.coef_, atol=1e-5)
    no_intercept = LogisticRegression(fit_intercept=False, tol=1e-9)
    dense, other = no_intercept.fit(X, y).coef_, no_intercept.set_params(solver="newton-cg").fit(sparse.csr_array(X), y)
    np.testing.assert_allclose(other.coef_, dense, atol=1e-5)
    assert (other.intercept_ == 0).all()


def test_wide_data():
    X, y = data(5, n=60, p=800)
    ours, theirs = LogisticRegression(tol=1e-7).fit(X, y), Peer(tol=1e-7, max_iter=5000).fit(X, y)
    np.testing.assert_allclose(ours.coef_, theirs.coef_, atol=1e-5)


def test_subsampled_start_does_not_change_the_answer():
    X, y = data(2, n=40_000, p=60)
    ours, theirs = LogisticRegression(tol=1e-8).fit(X, y), Peer(tol=1e-9, max_iter=1000).fit(X, y)
    np.testing.assert_allclose(ours.coef_, theirs.coef_, atol=1e-5)


def test_separable_classes_are_reported():
    X, y = np.arange(10.0)[:, None], np.arange(10) > 4
    with pytest.warns(ConvergenceWarning, match="separates the classes"):
        model = LogisticRegression(C=np.inf, tol=1e-6).fit(X, y)
    assert np.isfinite(model.coef_).all()
    assert (model.predict(X) == y).all()
    penalised = LogisticRegression().fit(X, y)  # the default penalty makes the answer finite
    assert penalised.gradient_norm_ < 1e-4


def test_edge_cases():
    X, y = data()
    with pytest.raises(ValueError, match="only one class"):
        LogisticRegression().fit(X, np.ones(len(y)))
    with pytest.raises(ValueError, match="Unknown label type"):
        LogisticRegression().fit(X, np.linspace(0, 1, len(y)))
    for bad in (np.nan, np.inf):
        broken = np.where(X[3, 1] == X, bad, X)
        for solver in ("newton-cholesky", "newton-cg"):
            with pytest.raises(ValueError, match=r"contains (NaN|infinity)"):
                LogisticRegression(solver=solver).fit(broken, y)
    with pytest.raises(ValueError, match="'C' parameter of LogisticRegression"):
        LogisticRegression(C=0).fit(X, y)
    with pytest.raises(ValueError, match="'l1_ratio' parameter of LogisticRegression"):
        LogisticRegression(l1_ratio=1.5).fit(X, y)
    with pytest.warns(ConvergenceWarning, match=r"gradient norm is .* Raise max_iter"):
        LogisticRegression(max_iter=1, tol=1e-12).fit(X, y)
    constant = LogisticRegression(tol=1e-9).fit(np.column_stack([X, np.full(len(y), 7.0), X[:, 0]]), y)
    assert abs(constant.coef_[0, 4]) < 1e-5
    assert np.isclose(constant.coef_[0, 0], constant.coef_[0, 5])
    text = LogisticRegression().fit(X, np.where(y, "yes", "no"))
    assert text.classes_.tolist() == ["no", "yes"]
    assert set(text.predict(X)) == {"no", "yes"}
    two = LogisticRegression().fit([[0.0], [1.0]], [0, 1])
    assert two.predict([[0.0], [1.0]]).tolist() == [0, 1]
    empty_class = LogisticRegression().fit(X, np.arange(len(y)) % 3, (np.arange(len(y)) % 3 < 2).astype(float))
    assert empty_class.predict_proba(X)[:, 2].max() < 1e-2


@pytest.mark.parametrize("scale", [1e8, 1e-8])
def test_units_do_not_matter_to_l1(scale):
    X, y = data(n=400, p=30)
    model = LogisticRegression(C=1 / scale, l1_ratio=1, tol=1e-9 * scale).fit(X * scale, y)
    expected = LogisticRegression(l1_ratio=1, tol=1e-9).fit(X, y).coef_
    np.testing.assert_allclose(model.coef_ * scale, expected, atol=1e-4)


@pytest.mark.parametrize("scale", [1e8, 1e-8, 1e25])
def test_units_do_not_matter(scale):
    X, y = data(n=400)
    model = LogisticRegression(C=1 / scale**2, tol=1e-9 * scale).fit(X * scale, y)
    np.testing.assert_allclose(model.coef_ * scale, LogisticRegression(tol=1e-9).fit(X, y).coef_, rtol=1e-3)


def test_tails_are_exact():
    model = LogisticRegression().fit([[0.0], [1.0]], [0, 1])
    far = np.array([[-1e4], [1e4]])
    log_p = model.predict_log_proba(far)
    assert np.isfinite(log_p).all()
    np.testing.assert_allclose(log_p.max(axis=1), 0, atol=1e-12)
    np.testing.assert_allclose(log_p[0, 1], model.decision_function(far)[0], rtol=1e-12)


@pytest.mark.parametrize("l1_ratio", [0.0, 1.0])
def test_warm_start(l1_ratio):
    X, y = data(3, n=400)
    model = LogisticRegression(warm_start=True, tol=1e-8, l1_ratio=l1_ratio).fit(X, y)
    before = model.coef_
    assert model.fit(X, y).n_iter_[0] == 1
    np.testing.assert_allclose(model.sparsify().fit(X, y).coef_, before, atol=1e-6)


def test_reproducible():
    X, y = data(n=30_000, p=10)
    with panlearn.threads(2):
        first, second = (LogisticRegression().fit(X, y).coef_ for _ in range(2))
    np.testing.assert_array_equal(first, second)


def test_data_types(tmp_path):
    X, y = data()
    single = LogisticRegression().fit(X.astype(np.float32), y)
    assert single.coef_.dtype == single.predict_proba(X.astype(np.float32)).dtype == np.float32
    table = pd.DataFrame(X, columns=list("abcd")).assign(y=np.where(y, "b", "a"))
    table.to_csv(tmp_path / "t.csv", index=False)
    streamed = LogisticRegression(tol=1e-9).fit(FileRows(tmp_path / "t.csv", target="y", chunk_rows=33))
    np.testing.assert_allclose(streamed.coef_, LogisticRegression(tol=1e-9).fit(X, y).coef_, atol=1e-6)
    assert (
        streamed.predict(table[list("abcd")]).tolist()
        == np.where(LogisticRegression(tol=1e-9).fit(X, y).predict(X), "b", "a").tolist()
    )
