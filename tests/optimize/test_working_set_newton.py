"""Working sets: the same minimum as over all columns at once, dense and sparse, by either way to Newton's step."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import sparse
from sklearn.linear_model import LogisticRegression as Peer

from panlearn.core.blocks import ArrayRows
from panlearn.linear_model.cross_entropy_objective import CrossEntropyObjective
from panlearn.losses import BinaryCrossEntropy
from panlearn.optimize import working_set_newton as module
from panlearn.optimize.column_store import ColumnStore
from panlearn.optimize.proximal_newton import proximal_newton
from panlearn.optimize.working_set_newton import raw_predictions, working_set, working_set_newton
from panlearn.penalties import L2
from tests.oracles import proximal_newton as oracle

LOSS = BinaryCrossEntropy()


def data(n=80, p=300, seed=0, density=1.0):
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(n, p))
    X[rng.random(X.shape) > density] = 0
    y = (X[:, :3] @ [2.0, -2.0, 1.0] + rng.logistic(size=n) > 0).astype(float)
    y[:2] = 0, 1
    return X, y


def solve(X, y, strength=0.05, l2=0.0, weight=None, intercept=True, **more):
    n, p = X.shape
    share = np.full(n, 1 / n) if weight is None else weight / weight.sum()
    settings = {"tol": 1e-9, "max_iter": 300, **more}
    penalty = np.full(p, strength), np.full(p, l2)
    return working_set_newton(X, y, share, LOSS, *penalty, intercept=intercept, **settings)


def test_matches_oracle():
    X, y = data(n=30, p=8)
    weight = np.random.default_rng(1).random(30) + 0.2
    found = solve(X, y, 0.08, 0.02, weight)
    l1 = np.append(np.full(8, 0.08), 0.0)
    slow = oracle.minimise(lambda t: oracle.logistic_gradient(X, y, weight, 0.02, t), np.zeros(9), l1, step=0.3)
    np.testing.assert_allclose(found.x, slow, atol=1e-7)
    np.testing.assert_array_equal(found.x == 0, slow == 0)


def test_matches_peer():
    X, y = data()
    theirs = Peer(C=1 / (80 * 0.05), l1_ratio=1, solver="saga", tol=1e-10, max_iter=100_000).fit(X, y)
    found = solve(X, y)
    np.testing.assert_allclose(found.x[:-1], theirs.coef_[0], atol=1e-6)
    np.testing.assert_allclose(found.x[-1], theirs.intercept_[0], atol=1e-6)


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 100), st.booleans(), st.booleans(), st.sampled_from([0.0, 0.03]), st.sampled_from([0.01, 0.1]))
def test_equals_the_solution_over_all_columns(seed, intercept, positive, l2, strength):
    X, y = data(n=40, p=150, seed=seed, density=0.3)
    f = CrossEntropyObjective(ArrayRows(X, y.astype(int)), LOSS, L2(l2), len(y), intercept)
    l1 = np.append(np.full(150, strength), 0.0)
    for Z in (X, sparse.csr_array(X)):
        found = solve(Z, y, strength, l2, intercept=intercept, positive=positive)
        assert found.converged
        free = np.arange(151) == 150
        whole = proximal_newton(f, np.zeros(151), l1, positive=positive, free=free, tol=1e-10, max_iter=100)
        np.testing.assert_allclose(found.value, whole.value, rtol=1e-10)
        np.testing.assert_allclose(found.x, whole.x, atol=1e-5)


@pytest.mark.parametrize("formed", [0, 10_000])
@pytest.mark.parametrize("matrix", [np.array, np.asfortranarray, sparse.csr_array, sparse.csc_matrix])
def test_optimality(formed, matrix, monkeypatch):
    monkeypatch.setattr(module, "FORMED", formed)
    monkeypatch.setattr(module, "FIRST", 20)
    X, y = data(density=0.2)
    found = solve(matrix(X), y, 0.02)
    p = 1 / (1 + np.exp(-(X @ found.x[:-1] + found.x[-1])))
    gradient, w = X.T @ (p - y) / len(y), found.x[:-1]
    assert abs((p - y).mean()) < 1e-12  # the intercept is exact
    assert (np.abs(gradient[w == 0]) <= 0.02 + 1e-9).all()
    np.testing.assert_allclose(gradient[w != 0], -0.02 * np.sign(w[w != 0]), atol=1e-9)
    assert found.gradient_norm <= 1e-9
    assert (np.diff(found.trace) <= 1e-12).all()


def test_invariances():
    X, y = data()
    whole = solve(X, y).x
    order = np.random.default_rng(0).permutation(300)
    np.testing.assert_allclose(solve(X[:, order], y).x[:-1], whole[:-1][order], atol=1e-7)
    times = np.random.default_rng(0).integers(1, 4, 80)
    repeated = solve(np.repeat(X, times, axis=0), np.repeat(y, times)).x
    np.testing.assert_allclose(solve(X, y, weight=times.astype(float)).x, repeated, atol=1e-7)
    offset = np.linspace(-1, 1, 80)
    shifted = solve(X, y, offset=offset + 0.5).x
    expected = solve(X, y, offset=offset).x
    np.testing.assert_allclose(shifted, expected - np.eye(301)[-1] * 0.5, atol=1e-7)
    np.testing.assert_allclose(solve(X, 1 - y).x, -whole, atol=1e-7)


def test_edge_cases():
    X, y = data()
    none = solve(X, y, 10.0)  # above the strength at which every weight is 0: only the intercept is left
    assert (none.x[:-1] == 0).all()
    np.testing.assert_allclose(none.x[-1], np.log(y.mean() / (1 - y.mean())), atol=1e-8)
    empty = np.column_stack([X, np.zeros(80), np.ones(80), X[:, 0]])
    found = solve(empty, y)
    assert (found.x[300:302] == 0).all()
    np.testing.assert_allclose(found.value, solve(X, y).value, atol=1e-9)
    assert solve(X, y, start=found.x[:301]).n_iter < solve(X, y).n_iter  # warm
    stopped = solve(X, y, max_iter=1)
    assert (stopped.converged, stopped.n_iter) == (False, 1)
    broken = X.copy()
    broken[3, 4] = np.nan
    with np.errstate(invalid="ignore"):
        assert not solve(broken, y).converged
    store = ColumnStore(X)
    np.testing.assert_array_equal(solve(store, y).x, solve(store, y).x)
    assert working_set(np.array([1.0, 5.0, 3.0]), np.array([True, False, False]), 9).tolist() == [0, 1, 2]


def test_raw_predictions():
    X, _ = data(density=0.1)
    x = np.zeros(301)
    x[[3, 8, 300]] = 1.0, -2.0, 0.5
    for Z in (X, sparse.csr_array(X)):
        np.testing.assert_allclose(raw_predictions(ColumnStore(Z), x), X @ x[:-1] + 0.5, rtol=1e-13, atol=1e-13)


@pytest.mark.parametrize("scale", [1e8, 1e-8])
def test_units_do_not_matter(scale):
    X, y = data()
    found = solve(X * scale, y, 0.05 * scale, tol=1e-9 * scale)
    np.testing.assert_allclose(found.x[:-1] * scale, solve(X, y).x[:-1], atol=1e-5)


def test_reproducible():
    X, y = data(density=0.2)
    for Z in (X, sparse.csr_array(X)):
        np.testing.assert_array_equal(solve(Z, y).x, solve(Z, y).x)
