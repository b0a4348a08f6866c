"""The interior-point method for quantile regression."""

import numpy as np
import pytest
from scipy.optimize import linprog

from panlearn.optimize.frisch_newton import Rows, solve


def problem(n, p, seed=0):
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(n, p))
    return X, X @ rng.normal(size=p) + rng.standard_t(2, size=n)


def test_rows_are_the_matrix():
    X, _ = problem(12, 3)
    share, l1, h = np.arange(1.0, 13), np.array([1.0, 2.0, 3.0]), np.random.default_rng(1).random(15)
    for intercept in (True, False):
        A = np.zeros((15, 4))
        A[:12, :3], A[:12, 3], A[12:, :3] = X * share[:, None], share * intercept, np.diag(l1)
        rows = Rows(X, share, l1, intercept)
        np.testing.assert_allclose(rows.forward(np.arange(4.0)), A @ np.arange(4.0))
        np.testing.assert_allclose(rows.back(h), A.T @ h)
        np.testing.assert_allclose(rows.select(np.array([14, 0, 12, 5])), A[[14, 0, 12, 5]])
        gram = A.T @ (h[:, None] * A)
        gram[3, 3] += not intercept
        np.testing.assert_allclose(rows.gram(h), gram)


@pytest.mark.parametrize("q", [0.05, 0.5, 0.8])
def test_optimality(q):
    """The linear programme has the same value, the gap bounds the distance, and p + 1 rows lie on the plane."""
    X, y = problem(200, 4)
    n = len(y)
    found = solve(Rows(X, np.ones(n), np.zeros(4), True), y, np.full(n, q))
    A = np.column_stack([X, np.ones(n)])
    plane = np.hstack([A, -A, np.eye(n), -np.eye(n)])
    cost = np.concatenate([np.zeros(10), np.full(n, q), np.full(n, 1 - q)])
    exact = linprog(cost, A_eq=plane, b_eq=y).fun
    assert found.converged
    assert np.isclose(found.value, exact, rtol=1e-12)
    assert 0 <= found.gap <= 1e-9 * found.value
    assert (np.abs(y - A @ found.theta) < 1e-10).sum() == 5


def test_few_steps():
    X, y = problem(5000, 5)
    assert solve(Rows(X, np.ones(5000), np.zeros(5), True), y, np.full(5000, 0.3)).n_iter <= 30


def test_edge_cases():
    X, y = problem(30, 2)
    ones = np.ones(30)
    line = solve(Rows(X, ones, np.zeros(2), True), X @ [1.0, 2.0] + 3, 0.4 * ones)  # a perfect fit
    np.testing.assert_allclose(line.theta, [1, 2, 3], atol=1e-12)
    assert not solve(Rows(X, ones, np.zeros(2), True), 0 * y, 0.4 * ones).theta.any()
    twice = np.column_stack([X, X[:, 0], np.full(30, 5.0)])  # dependent columns
    found = solve(Rows(twice, ones, np.zeros(4), True), y, 0.4 * ones)
    assert np.isclose(found.value, solve(Rows(X, ones, np.zeros(2), True), y, 0.4 * ones).value, rtol=1e-8)
    assert not solve(Rows(X, ones, np.zeros(2), True), y, 0.4 * ones, max_iter=1).converged
