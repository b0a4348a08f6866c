"""Rounds of blocks: the optimum of SMO on the whole matrix with any cache; rounding cannot fake a verdict."""

import numpy as np
import pytest

from panlearn.svm import block_working_set
from panlearn.svm.block_working_set import Rounds, add_rows, gather, solve_blocks
from panlearn.svm.dual_problem import certify, table_of
from panlearn.svm.dual_solver import solve_gram
from panlearn.svm.kernel_cache import ComputedRows, GivenRows, KernelCache
from panlearn.svm.kernel_function import KernelFunction, kernel_matrix
from tests.oracles import dual_problem as oracle
from tests.svm.test_dual_problem import MACHINES, machine

RBF = KernelFunction("rbf", 0.5)


@pytest.fixture
def small_blocks(monkeypatch):
    monkeypatch.setattr(block_working_set, "BLOCK", 16)


def points(n, seed=0):
    return np.random.default_rng(seed).normal(size=(n, 2))  # those of `machine`


@pytest.mark.parametrize("name", MACHINES)
def test_matches_the_whole_matrix(name, small_blocks):
    K, problem = machine(name, n=150)
    whole, table = table_of(problem, 150), table_of(problem, 150)
    solve_gram(K, whole, tol=1e-8, max_iter=10**6)
    source = ComputedRows(RBF, points(150), np.float32)
    found = solve_blocks(source, table, tol=1e-5, max_iter=10**6, cache_bytes=1e6)
    alpha, best = (t.alpha.reshape(-1)[t.place] for t in (table, whole))
    assert np.isclose(oracle.objective(K, problem, alpha), oracle.objective(K, problem, best), rtol=1e-6, atol=1e-4)
    assert oracle.violation(problem, alpha, K @ table.beta) <= 1e-5 * 1.1
    np.testing.assert_allclose(found.products, K @ table.beta, atol=1e-4)
    assert not found.stalled
    assert found.trace[-1] <= 1e-5


def test_the_cache_may_be_small(small_blocks):
    K, problem = machine("svc", n=150)
    for cache_bytes in (0.0, 4 * 150 * 70):
        table = table_of(problem, 150)
        solve_blocks(
            ComputedRows(RBF, points(150), np.float32), table, tol=1e-4, max_iter=10**6, cache_bytes=cache_bytes
        )
        assert oracle.violation(problem, table.alpha[0], K @ table.beta) <= 1.1e-4


def test_rounding_cannot_fake_the_verdict(small_blocks):
    """Rows with errors of 1e-3, and a tolerance of 1e-7: float64 at the end finds what they hide."""
    K, problem = machine("svc", n=150)

    class Coarse(GivenRows):
        def fill(self, rows, out, slots):
            super().fill(rows, out, slots)
            out[slots] = np.round(out[slots], 3)

    table = table_of(problem, 150)
    found = solve_blocks(Coarse(KernelFunction("precomputed"), K), table, tol=1e-7, max_iter=10**6, cache_bytes=1e6)
    left = oracle.violation(problem, table.alpha[0], K @ table.beta)
    assert np.isclose(found.trace[-1], left, rtol=1e-3, atol=1e-10)
    assert found.stalled or left <= 1e-7


def test_a_warm_start_saves_rounds(small_blocks):
    _, problem = machine("svc", n=150)
    source, first = ComputedRows(RBF, points(150), np.float32), table_of(problem, 150)
    cold = solve_blocks(source, first, tol=1e-6, max_iter=10**6, cache_bytes=1e6)
    again = table_of(problem._replace(start=first.alpha[0]), 150)
    warm = solve_blocks(source, again, tol=1e-5, max_iter=10**6, cache_bytes=1e6)
    assert warm.n_iter == 0 < cold.n_iter
    np.testing.assert_array_equal(again.alpha, first.alpha)


def test_limits(small_blocks):
    _, problem = machine("svc", n=150)
    table = table_of(problem, 150)
    found = solve_blocks(ComputedRows(RBF, points(150), np.float32), table, tol=1e-9, max_iter=7, cache_bytes=1e6)
    assert found.n_iter == 7
    assert found.trace[-1] > 1e-9


def test_an_indefinite_kernel_ends(small_blocks):
    """Each pair jumps to a bound; the rounds end at a local optimum."""
    X = points(200)
    kernel = KernelFunction("sigmoid", -2.0, 3, -1.0)
    _, problem = machine("svc", n=200)
    table = table_of(problem, 200)
    solve_blocks(ComputedRows(kernel, X, np.float32), table, tol=1e-3, max_iter=10**6, cache_bytes=1e6)
    fit = certify(problem, table.alpha[0], kernel_matrix(kernel, X, X) @ table.beta)
    assert fit.violation <= 1e-3


def test_blocks_keep_half_and_take_the_worst(small_blocks):
    _, problem = machine("svc", n=150)
    table = table_of(problem, 150)
    state = Rounds(table, KernelCache(ComputedRows(RBF, points(150), np.float32), 150, np.float32), 1e-3)
    violation = state.look()
    state.round(16, violation, 1000)
    last = state.block
    state.look()
    rows = state.choose(16)
    assert len({*rows}) == 16
    np.testing.assert_array_equal(rows[:8], last[8:])
    others = np.setdiff1d(np.arange(150), last[8:])
    assert others[np.argmin(state.above[0][others])] in rows
    assert others[np.argmax(state.below[0][others])] in rows


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_kernels(dtype):
    rng = np.random.default_rng(0)
    matrix, slots, change = rng.normal(size=(9, 2300)).astype(dtype), np.array([8, 1, 5, 0, 3, 2]), rng.normal(size=6)
    products = rng.normal(size=2300)
    true = products.copy()
    true[100:2200] += change @ matrix[slots, 100:2200].astype(np.float64)
    add_rows(products, matrix, slots, change.astype(dtype), 100, 2200)
    np.testing.assert_allclose(products, true, atol=1e-5 if dtype == np.float32 else 1e-12)
    out = np.empty((6, 3), dtype=dtype)
    gather(matrix, slots, np.array([7, 2, 2000]), out)
    np.testing.assert_array_equal(out, matrix[slots][:, [7, 2, 2000]])
