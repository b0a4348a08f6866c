"""Bounds: never above the error of the best subset, and equal to it where a proof is claimed."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from panlearn.optimize.subset_bounds import dual_bound, leaps, prove
from panlearn.optimize.unit_columns import GramBlock, UnitColumns
from tests.oracles.best_subset import least_squares, smallest


def problem(seed, n=20, p=7, ridge=0.0):
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(n, p)) + rng.choice([0.0, 1.0]) * rng.normal(size=(n, 1))
    y = X[:, :3].sum(axis=1) + rng.choice([0.5, 3.0]) * rng.normal(size=n)
    return X, y, UnitColumns(X, y, None, True, ridge * n)


@settings(max_examples=40)
@given(st.integers(0, 10_000), st.integers(1, 6), st.booleans())
def test_leaps_and_bounds_is_exact(seed, k, warm):
    """From a bad incumbent it finds the best subset, from the best it proves it."""
    X, y, data = problem(seed)
    exact, columns = smallest(lambda c: least_squares(X, y, c), 7, k)
    exact *= 2 * len(y)
    G = GramBlock(data, np.arange(7)).G
    found = leaps(G, data.cross, data.square, k, exact if warm else data.square, max_nodes=10_000)
    assert found.error == pytest.approx(exact, rel=1e-7)
    assert found.lower == found.error
    assert (None if found.columns is None else set(found.columns.tolist())) == (None if warm else set(columns))


@settings(max_examples=20)
@given(st.integers(0, 10_000), st.integers(0, 60))
def test_an_unfinished_proof_is_a_bound(seed, nodes):
    X, y, data = problem(seed, n=40, p=9)
    exact = 2 * len(y) * smallest(lambda c: least_squares(X, y, c), 9, 4)[0]
    found = leaps(GramBlock(data, np.arange(9)).G, data.cross, data.square, 4, data.square, max_nodes=nodes)
    assert found.nodes <= nodes
    assert found.lower <= exact * (1 + 1e-9) <= found.error * (1 + 2e-9)


@settings(max_examples=30)
@given(st.integers(0, 10_000), st.integers(1, 6), st.sampled_from([0.05, 0.5, 5.0]))
def test_duality_bounds_and_fixes_rightly(seed, k, ridge):
    """The best subset holds every column that is fixed in, and none that is fixed out."""
    X, y, data = problem(seed, n=6, p=8, ridge=ridge)
    exact, columns = smallest(lambda c: least_squares(X, y, c, ridge), 8, k)
    exact *= 2 * len(y)
    start = data.residual(np.array(columns), data.refined(np.array(columns)))
    lower, status = dual_bound(data, k, 1.01 * exact, start)
    assert lower <= exact * (1 + 1e-9)
    if lower < exact * (1 - 1e-6):
        assert all(status[j] != 0 for j in columns)
        assert set(np.flatnonzero(status == 1)) <= set(columns)


@settings(max_examples=30)
@given(st.integers(0, 10_000), st.integers(0, 7), st.sampled_from([0.0, 0.3]))
def test_prove(seed, k, ridge):
    """Whatever is said of subsets of k columns, also with p > n, is true; a better subset is reported."""
    X, y, data = problem(seed, n=int(np.random.default_rng(seed).integers(3, 20)), ridge=ridge)
    exact = 2 * len(y) * smallest(lambda c: least_squares(X, y, c, ridge), 7, k)[0]
    bound = prove(data, k, 1.2 * exact + 1e-3, data.y, 1000)
    assert bound is not None  # few enough subsets to try all
    assert bound.lower <= exact + 1e-7 * data.square + (k == 0) * 1e-3
    if bound.columns is not None:
        assert bound.error == pytest.approx(exact, rel=1e-6)


def test_a_strong_signal_is_proven_by_duality():
    rng = np.random.default_rng(0)
    X = rng.normal(size=(200, 800))
    y = X[:, :4] @ [2.0, -2.0, 2.0, 2.0] + 0.1 * rng.normal(size=200)
    data, best = UnitColumns(X, y, None, True, 100.0), np.arange(4)
    w = data.refined(best)
    error = data.square - float(data.cross[best] @ w)
    bound = prove(data, 4, error, data.residual(best, w), 1000)
    assert bound is not None
    assert bound.lower == error
