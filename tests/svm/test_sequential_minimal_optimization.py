"""SMO on a little Gram matrix: the optimum of the oracle, monotone steps, bounds hit exactly."""

import numpy as np
import pytest

from panlearn.svm.dual_problem import coefficients, table_of
from panlearn.svm.sequential_minimal_optimization import argmax, descend_table, make_ordered
from tests.oracles import dual_problem as oracle
from tests.svm.test_dual_problem import MACHINES, machine


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("name", MACHINES)
def test_matches_oracle(name, dtype):
    K, problem = machine(name, n=15, C=0.7)
    table = table_of(problem, len(K))
    f = K @ table.beta + table.offset
    tol = 1e-5 if dtype == np.float32 else 1e-12
    steps, left = descend_table(K.astype(dtype), f - table.thresholds(f[0] * 0)[0], table, tol, 10_000)
    alpha = table.alpha.reshape(-1)[table.place]
    assert 0 < steps < 10_000
    assert left <= tol
    best = oracle.objective(K, problem, oracle.solve(K, problem))
    assert np.isclose(oracle.objective(K, problem, alpha), best, rtol=1e-8 if dtype == np.float64 else 1e-4)
    assert oracle.violation(problem, alpha, K @ coefficients(problem, alpha, len(K))) <= 5 * tol
    assert ((alpha >= 0) & (alpha <= problem.upper)).all()
    for sign in (1.0, -1.0) if problem.by_sign else ():
        mine = problem.sign == sign
        assert np.isclose(alpha[mine].sum(), problem.start[mine].sum())
    assert np.isclose(problem.sign @ alpha, problem.sign @ problem.start, atol=1e-10)


@pytest.mark.parametrize("name", MACHINES)
def test_each_step_lowers_the_objective(name):
    K, problem = machine(name, n=20)
    table, before = table_of(problem, len(K)), np.inf
    for _ in range(30):
        f = K @ table.beta + table.offset
        descend_table(K, f - table.thresholds(K @ table.beta)[0], table, 1e-10, 1)
        now = oracle.objective(K, problem, table.alpha.reshape(-1)[table.place])
        assert now <= before + 1e-13  # rounding
        before = now


def test_one_step_takes_the_pair_of_largest_gain():
    """Second-order selection: of all pairs with the worst i, the one that lowers the objective most."""
    K, problem = machine("svc", n=20)
    table = table_of(problem, 20)
    f = table.offset.copy()
    descend_table(K, f, table, 1e-10, 1)
    i = int(np.argmin(np.where(problem.sign > 0, problem.offset, np.inf)))
    moved = np.flatnonzero(table.alpha[0])
    assert len(moved) == 2
    assert i in moved
    j = moved[moved != i][0]
    gains = {
        k: (problem.offset[k] - problem.offset[i]) ** 2 / (K[i, i] + K[k, k] - 2 * K[i, k])
        for k in range(20)
        if problem.sign[k] < 0
    }
    assert np.isclose(gains[j], max(gains.values()))


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("n", [1, 63, 64, 65, 500])
def test_argmax_of_bits(dtype, n):
    rng, ints = np.random.default_rng(n), np.int32 if dtype == np.float32 else np.int64
    for values in (rng.normal(size=n), -rng.random(n), rng.random(n) * 1e-300, np.full(n, -np.inf), np.zeros(n)):
        values = values.astype(dtype)
        bits = values.copy().view(ints)
        make_ordered(bits)
        assert values[argmax(bits)] == values.max()


def test_edge_cases():
    """Nothing can move; identical points; a matrix that is not positive semi-definite."""
    K, problem = machine("svc", n=6)
    table = table_of(problem._replace(upper=np.zeros(6)), 6)
    assert descend_table(K, table.offset, table, 1e-6, 100) == (0, 0.0)
    table = table_of(problem, 6)
    steps, left = descend_table(np.ones((6, 6)), table.offset, table, 1e-6, 100)
    assert left <= 1e-6
    assert steps == 3
    np.testing.assert_array_equal(table.alpha, 1.0)
    table = table_of(problem, 6)
    steps, left = descend_table(-K, table.offset, table, 1e-6, 100)
    assert left <= 1e-6
    assert {*table.alpha.ravel()} == {0.0, 1.0} or steps < 100


def test_reproducible():
    K, problem = machine("svr", n=40)
    tables = [table_of(problem, 40) for _ in range(2)]
    for table in tables:
        descend_table(K, K @ table.beta + table.offset, table, 1e-6, 1000)
    np.testing.assert_array_equal(tables[0].alpha, tables[1].alpha)
