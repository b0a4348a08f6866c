"""Rounds of blocks: the optimum of SMO on the whole matrix with any cache; rounding cannot fake a verdict."""

import numpy as np
import pytest

from panlearn.svm import block_working_set
from panlearn.svm.block_working_set import Block, Rounds, add_rows, gather, mirror, solve_blocks
from panlearn.svm.dual_problem import certify, table_of
from panlearn.svm.dual_solver import solve_gram
from panlearn.svm.kernel_cache import KernelCache
from panlearn.svm.kernel_function import KernelFunction, kernel_matrix
from panlearn.svm.kernel_rows import ComputedRows, GivenRows
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


def test_a_full_block_keeps_half_and_takes_the_worst(small_blocks):
    _, problem = machine("svc", n=150)
    table = table_of(problem, 150)
    state = Rounds(table, KernelCache(ComputedRows(RBF, points(150), np.float32), 150, np.float32), 1e-3, False)
    state.round(16, state.look(), 1000)
    before = state.block.rows.copy()
    state.look()
    new = state.choose(16)
    assert len(new) == 8
    others = np.setdiff1d(np.arange(150), before)
    assert others[np.argmin(state.above[0][others])] in new
    assert others[np.argmax(state.below[0][others])] in new
    state.round(16, 1.0, 1000)
    assert {*new} <= {*state.block.rows}
    assert len({*state.block.rows} & {*before}) == 8


def test_settled_rows_make_way_first_then_the_oldest():
    block, settled = Block(np.float64), np.zeros(30, dtype=bool)
    np.testing.assert_array_equal(block.seat(np.array([1, 2, 3, 4]), 6, None), [0, 1, 2, 3])
    settled[[2, 9]] = True
    block.seat(np.array([5, 6]), 6, settled)
    assert {*block.rows.tolist()} == {1, 3, 4, 5, 6}  # the place of 2, and one more
    block.seat(np.array([7, 8, 9]), 6, settled)
    assert {5, 6, 7, 8, 9} < {*block.rows.tolist()}  # two of the oldest have gone
    assert len(block.rows) == len({*block.rows.tolist()}) == 6


@pytest.mark.parametrize("shrinking", [True, False])
def test_blocks_grow_where_rounds_are_many(small_blocks, monkeypatch, shrinking):
    """A large C: the answer is the same, with blocks that double or not."""
    K, problem = machine("svc", n=300, C=100.0)
    objectives, source = [], ComputedRows(RBF, points(300), np.float32)
    for grow in (2, 10**9):
        monkeypatch.setattr(block_working_set, "GROW", grow)
        table = table_of(problem, 300)
        solve_blocks(source, table, tol=1e-4, max_iter=10**7, cache_bytes=1e7, shrinking=shrinking)
        assert oracle.violation(problem, table.alpha[0], K @ table.beta) <= 1.1e-4
        objectives.append(oracle.objective(K, problem, table.alpha[0]))
    assert np.isclose(*objectives, rtol=1e-5)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_kernels(dtype):
    rng = np.random.default_rng(0)
    matrix, slots, change = rng.normal(size=(9, 2300)).astype(dtype), np.array([8, 1, 5, 0, 3, 2]), rng.normal(size=6)
    products = rng.normal(size=2300)
    true = products.copy()
    true[100:2200] += change @ matrix[slots, 100:2200].astype(np.float64)
    add_rows(products, matrix, slots, change.astype(dtype), 100, 2200)
    np.testing.assert_allclose(products, true, atol=1e-5 if dtype == np.float32 else 1e-12)
    whole = rng.normal(size=(9, 9)).astype(dtype)
    whole += whole.T
    rows, places = np.array([8, 1, 5, 0]), np.array([0, 2])
    gram = whole[rows][:, rows]
    true = gram.copy()
    gram[places], gram[:, places] = -1.0, -1.0
    gather(gram, places, whole, rows, rows, np.argsort(rows))
    mirror(gram, places, 0, 4)
    np.testing.assert_array_equal(gram, true)
