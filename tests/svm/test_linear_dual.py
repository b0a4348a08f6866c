"""The dual with a linear kernel by the interior-point method: LIBSVM, optimality, support sets, degenerate data."""

import numpy as np
import pytest
from scipy import sparse
from sklearn import svm as peers

from panlearn.svm.dual_problem import DualProblem
from panlearn.svm.linear_dual import SignedRows, linear_dual_pays, solve_linear_dual


def data(n=300, p=5, seed=0):
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(n, p)) + 1
    z = (X - 1) @ rng.normal(size=p) + 0.5 * rng.normal(size=n)
    return X, np.where(z > 0.3, 1.0, -1.0), z


def classification(y, C):
    n = len(y)
    return DualProblem(np.arange(n), y, -y, np.zeros(n) + C, np.zeros(n))


def regression(y, C, epsilon):
    n = len(y)
    row, ones = np.tile(np.arange(n), 2), np.ones(n)
    return DualProblem(
        row, np.append(ones, -ones), np.append(epsilon - y, -epsilon - y), np.full(2 * n, C), np.zeros(2 * n)
    )


def filled(n, total):
    return np.clip(total - np.arange(n), 0.0, 1.0)


def test_signed_rows_are_the_matrix():
    rng = np.random.default_rng(0)
    Z, row, sign = rng.normal(size=(6, 3)), rng.integers(0, 6, 9), rng.choice([-1.0, 1.0], 9)
    for by_sign in (False, True):
        B = np.column_stack([sign[:, None] * Z[row], np.ones(9)])[:, : 3 + by_sign]
        rows, h = SignedRows(Z, row, sign, by_sign), rng.random(9)
        theta = rng.normal(size=3 + by_sign)
        np.testing.assert_allclose(rows.forward(theta), B @ theta)
        np.testing.assert_allclose(rows.back(h), B.T @ h)
        np.testing.assert_allclose(rows.gram(h), B.T @ (h[:, None] * B))
        np.testing.assert_allclose(rows.select(np.array([2, 0])), B[[2, 0]])


@pytest.mark.parametrize("C", [1e-3, 1.0, 100.0])
def test_matches_peer(C):
    X, y, z = data()
    fit = solve_linear_dual(X, classification(y, C), tol=1e-6)
    peer = peers.SVC(kernel="linear", C=C, tol=1e-6).fit(X, y)
    np.testing.assert_array_equal(np.flatnonzero(fit.alpha), np.sort(peer.support_))
    np.testing.assert_allclose(fit.products + fit.intercept, peer.decision_function(X), atol=1e-4 if C < 100 else 5e-3)
    fit = solve_linear_dual(X, regression(z, C, 0.2), tol=1e-6)
    peer = peers.SVR(kernel="linear", C=C, epsilon=0.2, tol=1e-6).fit(X, z)
    np.testing.assert_allclose(fit.products + fit.intercept, peer.predict(X), atol=1e-4 if C < 100 else 5e-3)
    np.testing.assert_array_equal(np.flatnonzero(fit.beta), peer.support_)


@pytest.mark.parametrize("nu", [0.05, 0.3, 0.9])
def test_one_class_matches_peer(nu):
    X, _, _ = data()
    n = len(X)
    problem = DualProblem(np.arange(n), np.ones(n), np.zeros(n), np.ones(n), filled(n, nu * n))
    fit = solve_linear_dual(X, problem, tol=1e-6)
    peer = peers.OneClassSVM(kernel="linear", nu=nu, tol=1e-9).fit(X)
    assert np.isclose(fit.alpha.sum(), nu * n, rtol=1e-12)
    np.testing.assert_allclose(X.T @ fit.beta, peer.coef_[0], rtol=1e-5)


def test_nu_machines_match_peer():
    X, y, z = data()
    n = len(X)
    start = np.zeros(n)
    for sign in (-1, 1):
        start[y == sign] = filled(int((y == sign).sum()), 0.35 * n / 2)
    fit = solve_linear_dual(X, DualProblem(np.arange(n), y, np.zeros(n), np.ones(n), start, True), tol=1e-7)
    peer = peers.NuSVC(kernel="linear", nu=0.35, tol=1e-8).fit(X, y)
    np.testing.assert_allclose(X.T @ fit.beta / fit.rho_by_sign, peer.coef_[0], rtol=1e-4)
    row, ones = np.tile(np.arange(n), 2), np.ones(n)
    half = filled(n, 0.4 * n / 2)
    problem = DualProblem(row, np.append(ones, -ones), np.append(-z, -z), np.ones(2 * n), np.append(half, half), True)
    fit = solve_linear_dual(X, problem, tol=1e-7)
    peer = peers.NuSVR(kernel="linear", nu=0.4, tol=1e-8).fit(X, z)
    np.testing.assert_allclose(fit.products + fit.intercept, peer.predict(X), atol=1e-4)


@pytest.mark.parametrize("C", [1e-8, 1e-2, 1.0, 1e4])
def test_optimality(C):
    """The conditions hold on all rows, the sums hold, and few alphas are between their bounds."""
    X, y, z = data(3000, 8)
    for problem in (classification(y, C), regression(z, C, 0.1)):
        fit = solve_linear_dual(X, problem, tol=1e-3)
        assert fit.violation <= 1e-3
        assert fit.gap <= 1e-5 * abs(fit.objective)
        assert abs(problem.sign @ fit.alpha) <= 1e-9 * C * len(y)
        assert ((fit.alpha >= 0) & (fit.alpha <= problem.upper)).all()
        assert ((fit.alpha > 0) & (fit.alpha < problem.upper)).sum() <= 9
        np.testing.assert_allclose(fit.products, X @ (X.T @ fit.beta), atol=1e-7 * max(1.0, C))


def test_hard_margin():
    X, y, _ = data()
    w = np.arange(1.0, 6.0)
    y = np.where(X @ w > 15, 1.0, -1.0)
    fit = solve_linear_dual(X, classification(y, np.inf), tol=1e-6)
    margins = y * (fit.products + fit.intercept)
    assert np.isclose(margins.min(), 1, atol=1e-6)
    assert (fit.alpha > 0).sum() <= 6
    y[0] = -y[0]  # no hyperplane separates any more: the dual has no minimum
    bad = solve_linear_dual(X, classification(y, np.inf), tol=1e-6)
    assert np.isfinite(bad.alpha).all()
    assert bad.violation > 1e-6


def test_invariances():
    X, y, _ = data()
    base = solve_linear_dual(X, classification(y, 1.0), tol=1e-8)
    order = np.random.default_rng(0).permutation(300)
    moved = solve_linear_dual(X[order], classification(y[order], 1.0), tol=1e-8)
    np.testing.assert_allclose(moved.alpha, base.alpha[order], atol=1e-6)
    far = solve_linear_dual(X + 1e6, classification(y, 1.0), tol=1e-8)
    np.testing.assert_allclose(far.alpha, base.alpha, atol=1e-4)
    for scale in (1e-6, 1e6):
        scaled = solve_linear_dual(X * scale, classification(y, 1 / scale**2), tol=1e-8)
        np.testing.assert_allclose(scaled.alpha * scale**2, base.alpha, atol=1e-6)
    weights = np.random.default_rng(1).integers(0, 3, 300)
    repeated = solve_linear_dual(np.repeat(X, weights, axis=0), classification(np.repeat(y, weights), 1.0), tol=1e-8)
    weighted = solve_linear_dual(X, classification(y, weights.astype(float)), tol=1e-8)
    assert np.isclose(weighted.objective, repeated.objective, rtol=1e-9)
    assert not weighted.alpha[weights == 0].any()
    np.testing.assert_array_equal(
        solve_linear_dual(sparse.csr_array(X), classification(y, 1.0), tol=1e-8).alpha, base.alpha
    )


def test_edge_cases():
    X, y, _ = data(100, 3)
    for features in (np.zeros((100, 3)), np.ones((100, 3)), np.repeat(X[:1], 100, axis=0)):  # identical points
        fit = solve_linear_dual(features, classification(y, 1.0), tol=1e-3)
        assert fit.violation <= 1e-3
        assert abs(y @ fit.alpha) < 1e-9
    twins = solve_linear_dual(np.vstack([X, X]), classification(np.append(y, -y), 1.0), tol=1e-3)
    np.testing.assert_allclose(X.T @ twins.beta[:100] + X.T @ twins.beta[100:], 0, atol=1e-9)
    doubled = solve_linear_dual(np.column_stack([X, X, np.ones(100)]), classification(y, 1.0), tol=1e-6)
    single = solve_linear_dual(np.sqrt(2) * X, classification(y, 1.0), tol=1e-6)
    assert np.isclose(doubled.objective, single.objective, rtol=1e-8)
    assert solve_linear_dual(X, regression(np.full(100, 4.0), 1.0, 0.1), tol=1e-3).violation <= 1e-3
    grid = solve_linear_dual(np.round(X), classification(y, 1.0), tol=1e-6)  # many rows on the margin
    assert grid.violation <= 1e-6
    assert ((grid.alpha > 0) & (grid.alpha < 1)).sum() <= 4
    two = solve_linear_dual(X[[y.argmax(), y.argmin()]], classification(np.array([1.0, -1.0]), 1.0), tol=1e-6)
    assert np.isclose(two.alpha[0], two.alpha[1])
    short = solve_linear_dual(X, classification(y, 1.0), tol=1e-9, max_iter=2)
    assert short.n_iter == 2
    assert short.violation > 1e-9


def test_where_it_pays():
    problem = classification(np.ones(5), 1.0)
    assert linear_dual_pays(np.zeros((10_000, 20)), problem)
    assert not linear_dual_pays(np.zeros((50, 20)), problem)
    assert not linear_dual_pays(np.zeros((1000, 900)), problem)
    assert not linear_dual_pays(sparse.csr_array((100_000, 50_000)), problem)


def test_reproducible():
    X, y, _ = data(5000, 8)
    first, second = (solve_linear_dual(X, classification(y, 1.0), tol=1e-3) for _ in range(2))
    np.testing.assert_array_equal(first.alpha, second.alpha)
