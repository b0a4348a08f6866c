"""The dual solver as a whole: oracle, LIBSVM, invariances, hard margins, bad kernels."""

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import sparse
from sklearn import svm

import panlearn
from panlearn.core.errors import DataError
from panlearn.svm import dual_solver
from panlearn.svm.dual_problem import DualProblem
from panlearn.svm.dual_solver import solve_dual
from panlearn.svm.kernel_function import KernelFunction, kernel_matrix
from tests.oracles import dual_problem as oracle
from tests.svm.test_dual_problem import MACHINES, machine

RBF = KernelFunction("rbf", 0.5)


def classes(n, p=2, seed=0, noise=0.5):
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(n, p))
    return X, np.where(X[:, 0] + np.sin(2 * X[:, -1]) + noise * rng.normal(size=n) > 0, 1.0, -1.0)


def classifier(y, C=1.0):
    n = len(y)
    return DualProblem(np.arange(n), y, -y, np.full(n, float(C)), np.zeros(n))


@pytest.fixture(params=["whole", "blocks"])
def size(request, monkeypatch):
    """Both methods, on problems of the same size."""
    monkeypatch.setattr(dual_solver, "FEW", 10**6 if request.param == "whole" else 0)
    return request.param


@pytest.mark.parametrize("name", MACHINES)
def test_matches_oracle(name, size):
    K, problem = machine(name, n=20)
    fit = solve_dual(RBF, np.random.default_rng(0).normal(size=(20, 2)), problem, tol=1e-6)
    best = oracle.objective(K, problem, oracle.solve(K, problem))
    assert np.isclose(fit.objective, best, rtol=1e-6)
    assert fit.violation <= 1e-6
    assert np.isclose(fit.violation, oracle.violation(problem, fit.alpha, K @ fit.beta), atol=1e-8)
    shared = solve_dual(RBF, None, problem, tol=1e-6, gram=K)
    assert np.isclose(shared.objective, best, rtol=1e-6)


@pytest.mark.parametrize("kernel", ["linear", "poly", "rbf", "sigmoid"])
def test_matches_peer(kernel, size):
    X, y = classes(300)
    gamma: Any = 0.05 if kernel == "sigmoid" else 0.5
    fit = solve_dual(KernelFunction(kernel, gamma, 3, 0.5), X, classifier(y), tol=1e-6)
    peer: Any = svm.SVC(kernel=kernel, gamma=gamma, coef0=0.5, tol=1e-6).fit(X, y)
    beta = np.zeros(300)
    beta[peer.support_] = peer.dual_coef_[0]
    np.testing.assert_allclose(fit.intercept, peer.intercept_[0], atol=1e-4)
    K = kernel_matrix(KernelFunction(kernel, gamma, 3, 0.5), X, X)
    assert np.isclose(fit.objective, 0.5 * beta @ K @ beta - np.abs(beta).sum(), rtol=1e-6)
    np.testing.assert_allclose(K @ fit.beta, K @ beta, atol=1e-3)


@settings(deadline=None, max_examples=15)
@given(st.integers(0, 100), st.sampled_from(["rbf", "laplacian", "linear"]), st.sampled_from([0, 10**6]))
def test_invariances(seed, name, few):
    """Row order, label swap, doubled rows = doubled bounds, sparse = dense, weight 0 = absent, scale and gamma."""
    X, y = classes(60, seed=seed)
    kernel, before = KernelFunction(name, 0.7), dual_solver.FEW
    dual_solver.FEW = few
    try:
        base = solve_dual(kernel, X, classifier(y), tol=1e-7)
        order = np.random.default_rng(seed).permutation(60)
        twice = np.tile(np.arange(60), 2)
        with_more = np.concatenate([X, 9 + X])
        more = classifier(np.concatenate([y, y]))
        scale = {"rbf": 0.7 / 9, "laplacian": 0.7 / 3, "linear": 1.0}[name]
        same = [
            solve_dual(kernel, X[order], classifier(y[order]), tol=1e-7),
            solve_dual(kernel, X, classifier(-y), tol=1e-7),
            solve_dual(kernel, sparse.csr_matrix(X), classifier(y), tol=1e-7),
            solve_dual(kernel, X[twice], classifier(y[twice], 0.5), tol=1e-7),
            solve_dual(kernel, with_more, more._replace(upper=np.repeat([1.0, 0.0], 60)), tol=1e-7),
        ]
        if name != "linear":
            same.append(solve_dual(kernel._replace(gamma=scale), 3 * X, classifier(y), tol=1e-7))
    finally:
        dual_solver.FEW = before
    for fit in same:
        assert np.isclose(fit.objective, base.objective, rtol=1e-7)
    assert np.isclose(same[1].intercept, -base.intercept, atol=1e-5)
    np.testing.assert_allclose(same[0].products, base.products[order], atol=1e-4)


def test_optimality(size):
    """Violation, and a gap that closes with the tolerance, down to rounding errors of float64."""
    X, y = classes(400)
    K, problem = kernel_matrix(RBF, X, X), classifier(y, 10)
    for tol in (1e-2, 1e-5, 1e-9):
        fit = solve_dual(RBF, X, problem, tol=tol)
        assert fit.violation <= tol
        f = K @ fit.beta - y
        up = np.where(y > 0, fit.alpha < 10, fit.alpha > 0)
        low = np.where(y > 0, fit.alpha > 0, fit.alpha < 10)
        assert f[low].max() - f[up].min() <= tol * 1.001 + 1e-12
        assert -1e-9 <= fit.gap <= 4000 * tol


def test_hard_margin(size):
    """Two blobs: w is that of the closest points. Overlapping ones: no convergence is claimed."""
    X, y = classes(80, noise=0.0)
    X = X + 3 * y[:, None]
    X[0], X[1], y[:2] = [0.5, 0.0], [-0.5, 0.0], [1.0, -1.0]
    y = np.where(X @ [1.0, 0.3] > 0, 1.0, -1.0)
    X = X[np.abs(X @ [1.0, 0.3]) >= 0.5]
    y = np.where(X @ [1.0, 0.3] > 0, 1.0, -1.0)
    fit = solve_dual(KernelFunction("linear"), X, classifier(y, np.inf), tol=1e-6)
    assert fit.violation <= 1e-6
    margins = y * (X @ (X.T @ fit.beta) + fit.intercept)
    assert margins.min() >= 1 - 1e-5
    assert np.isclose(margins[fit.alpha > 0].max(), 1, atol=1e-5)
    for data, labels in ((classes(80)), (np.ones((4, 1)), np.array([1.0, -1, 1, -1]))):
        stopped = solve_dual(KernelFunction("linear"), data, classifier(labels, np.inf), tol=1e-3)
        assert stopped.violation > 1e-3
        assert np.isfinite(stopped.alpha).all()


def test_edge_cases(size):
    X, y = classes(40)
    same = solve_dual(RBF, np.ones((40, 2)), classifier(y), tol=1e-3)
    assert same.violation <= 1e-3
    assert np.isclose(same.beta.sum(), 0)
    assert solve_dual(RBF, X, classifier(np.ones(40)), tol=1e-3).intercept == 1  # one class
    assert (solve_dual(RBF, X, classifier(y, 0.0), tol=1e-3).alpha == 0).all()
    opposite = solve_dual(RBF, np.repeat(X, 2, axis=0), classifier(np.tile([1.0, -1.0], 40)), tol=1e-3)
    np.testing.assert_allclose(opposite.alpha, 1.0)  # no function tells them apart
    one = solve_dual(RBF, X[:1], classifier(y[:1]), tol=1e-3)
    assert (one.alpha[0], one.violation) == (0, 0)
    assert solve_dual(RBF._replace(gamma=0.0), X, classifier(y), tol=1e-3).violation <= 1e-3
    assert solve_dual(KernelFunction("linear"), X * 1e-8, classifier(y), tol=1e-3).violation <= 1e-3
    stopped = solve_dual(RBF, X, classifier(y), tol=1e-6, max_iter=3)
    assert stopped.n_iter == 3
    assert stopped.violation > 1e-6


def test_bad_kernels(size):
    X, y = classes(40)
    with pytest.raises(DataError, match="NaN or infinite"):
        solve_dual(KernelFunction("poly", 1.0, 3), X * 1e200, classifier(y), tol=1e-3)
    for function, words in ((lambda A, B: A @ B.T * np.nan, "NaN"), (lambda A, B: np.ones(3), "shape")):
        with pytest.raises(DataError, match=words):
            solve_dual(KernelFunction("callable", function=function), X, classifier(y), tol=1e-3)


def test_float64_rows_where_float32_is_too_coarse(size):
    """Points a thousand apart from 0 and a hundredth from each other: float32 cannot tell them apart."""
    rng = np.random.default_rng(0)
    X = np.concatenate([rng.normal(size=(40, 1)), rng.normal(size=(40, 1)) + 3e4])
    y = np.where(X[:, 0] % 1 > 0.5, 1.0, -1.0)
    gamma: Any = 30.0
    fit = solve_dual(KernelFunction("rbf", gamma), X, classifier(y, 10), tol=1e-6)
    peer = svm.SVC(C=10, gamma=gamma, tol=1e-6).fit(X, y)
    assert fit.violation <= 1e-6
    np.testing.assert_allclose(np.abs(fit.beta).sum(), np.abs(peer.dual_coef_).sum(), rtol=1e-5)


def test_reproducible(size):
    X, y = classes(300)
    for threads in (1, 2):
        with panlearn.threads(threads):
            fits = [solve_dual(RBF, X, classifier(y), tol=1e-3) for _ in range(2)]
        np.testing.assert_array_equal(fits[0].alpha, fits[1].alpha)
