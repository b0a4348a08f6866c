"""The certificate of a dual point against search over all pairs and all intercepts, and the layout of variables."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from panlearn.svm.dual_problem import DualProblem, certify, coefficients, is_unbounded, table_of
from tests.oracles import dual_problem as oracle

MACHINES = ("svc", "svr", "one class", "nu-svc", "nu-svr")


def machine(name, n=12, seed=0, C=1.0):
    """A Gram matrix and one of the five problems on it."""
    rng = np.random.default_rng(seed)
    X, ones = rng.normal(size=(n, 2)), np.ones(n)
    K = np.exp(-0.5 * ((X[:, None] - X[None]) ** 2).sum(axis=2))
    y, row, twice = np.where(np.arange(n) % 2, 1.0, -1.0), np.arange(n), np.tile(np.arange(n), 2)
    signs = np.repeat([1.0, -1.0], n)
    target = np.sin(X[:, 0]) + 0.1 * rng.normal(size=n)
    half = np.full(n, 0.5 * C)
    problems = {
        "svc": DualProblem(row, y, -y, C * ones, 0 * ones),
        "svr": DualProblem(twice, signs, 0.1 - signs * signs * np.tile(target, 2), C * np.ones(2 * n), np.zeros(2 * n)),
        "one class": DualProblem(row, ones, 0 * ones, C * ones, half),
        "nu-svc": DualProblem(row, y, 0 * ones, C * ones, half, by_sign=True),
        "nu-svr": DualProblem(
            twice, signs, -np.tile(target, 2), C * np.ones(2 * n), np.tile(half / 2, 2), by_sign=True
        ),
    }
    if name == "svr":
        offset = np.where(signs > 0, 0.1, -0.1) - np.tile(target, 2)
        return K, problems["svr"]._replace(offset=offset)
    return K, problems[name]


def some_feasible(problem, seed):
    """A point inside the bounds with the sums of the start: the start, moved along random pairs."""
    rng, alpha = np.random.default_rng(seed), problem.start.copy()
    for _ in range(60):
        i, j = rng.integers(len(alpha), size=2)
        if i == j or (problem.by_sign and problem.sign[i] != problem.sign[j]):
            continue
        room_i = problem.upper[i] - alpha[i] if problem.sign[i] > 0 else alpha[i]
        room_j = alpha[j] if problem.sign[j] > 0 else problem.upper[j] - alpha[j]
        step = min(room_i, room_j) * rng.choice([0.3, 1.0])
        alpha[i] += problem.sign[i] * step
        alpha[j] -= problem.sign[j] * step
    return np.clip(alpha, 0, problem.upper)


@settings(deadline=None, max_examples=40)
@given(st.sampled_from(MACHINES), st.integers(0, 10_000))
def test_matches_oracle(name, seed):
    K, problem = machine(name, seed=seed)
    alpha = some_feasible(problem, seed)
    products = K @ coefficients(problem, alpha, len(K))
    fit = certify(problem, alpha, products)
    assert np.isclose(fit.objective, oracle.objective(K, problem, alpha))
    assert np.isclose(fit.violation, oracle.violation(problem, alpha, products))
    assert np.isclose(fit.gap, oracle.gap(problem, alpha, products), atol=1e-9)
    best = oracle.objective(K, problem, oracle.solve(K, problem, sweeps=30))
    assert fit.gap >= fit.objective - best - 1e-9  # the gap bounds the distance from the optimum


@pytest.mark.parametrize("name", MACHINES)
def test_optimality(name):
    """At the optimum nothing is violated, primal and dual meet, and free variables sit on the threshold."""
    K, problem = machine(name)
    alpha = oracle.solve(K, problem)
    products = K @ coefficients(problem, alpha, len(K))
    fit = certify(problem, alpha, products)
    assert fit.violation <= 1e-6
    assert abs(fit.gap) <= 1e-5
    free = (alpha > 1e-6) & (alpha < problem.upper - 1e-6)
    level = -fit.intercept + problem.sign * fit.rho_by_sign
    f = products[problem.row] + problem.offset
    np.testing.assert_allclose(f[free], level[free], atol=1e-5)


@pytest.mark.parametrize("name", MACHINES)
def test_table_keeps_the_problem(name):
    K, problem = machine(name)
    alpha = some_feasible(problem, 3)
    table = table_of(problem._replace(start=alpha), len(K))
    assert table.alpha.shape == (1 if name in ("svc", "one class") else 2, len(K))
    np.testing.assert_array_equal(table.alpha.reshape(-1)[table.place], alpha)
    np.testing.assert_array_equal(table.sign.reshape(-1)[table.place], problem.sign)
    np.testing.assert_allclose(table.beta, coefficients(problem, alpha, len(K)))
    products = K @ table.beta
    assert np.isclose(table.thresholds(products)[1], oracle.violation(problem, alpha, products))


def test_edge_cases():
    none = np.empty(0)
    nothing = DualProblem(np.empty(0, dtype=int), none, none, none, none)
    fit = certify(nothing, np.empty(0), np.zeros(3))
    assert (fit.violation, fit.gap, fit.objective, fit.intercept) == (0, 0, 0, 0)
    y = np.ones(4)  # one class: b alone satisfies it, w = 0
    fit = certify(DualProblem(np.arange(4), y, -y, y, 0 * y), 0 * y, np.zeros(4))
    assert (fit.violation, fit.gap, fit.intercept) == (0, 0, 1)
    one_sided = DualProblem(np.arange(4), y, 0 * y, y, 0 * y, by_sign=True)  # no variable of the other sign
    assert certify(one_sided, 0 * y, np.zeros(4)).violation == 0


def test_hulls_that_touch_have_no_hard_margin():
    """Identical points of opposite classes: sum alpha grows, w stays 0."""
    y = np.array([1.0, -1.0])
    problem = DualProblem(np.arange(2), y, -y, np.full(2, np.inf), np.full(2, 1e6))
    assert is_unbounded(table_of(problem, 2), np.zeros(2), 1.0)
    apart = np.array([[1.0, 0.0], [0.0, 1.0]])
    table = table_of(problem._replace(start=np.ones(2)), 2)
    assert not is_unbounded(table, apart @ table.beta, 1.0)
