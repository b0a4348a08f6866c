"""Scatter matrices: right for any offset, weights and split of the rows."""

import numpy as np
import pytest
import scipy.sparse as sp
from hypothesis import given
from hypothesis import strategies as st

from panlearn.core.blocks import ArrayRows
from panlearn.decomposition.scatter import merge, scatter_of, spread_of
from tests.oracles.principal_components import scatter


def rows(n: int, p: int, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    return rng.normal(size=(n, p)) + rng.normal(size=p), rng.integers(0, 4, n) + 0.5


@given(st.integers(1, 40), st.integers(1, 6), st.integers(0, 99))
def test_matches_the_loop(n, p, seed):
    X, weight = rows(n, p, seed)
    mean, matrix = scatter(X, weight)
    found = scatter_of(ArrayRows(X, None, weight))
    np.testing.assert_allclose(found.mean, mean, rtol=1e-10, atol=1e-12)
    np.testing.assert_allclose(found.matrix, matrix, rtol=1e-9, atol=1e-11)
    assert found.weight == weight.sum()
    spread = spread_of(ArrayRows(X, None, weight))
    np.testing.assert_allclose(spread.squares, np.diagonal(matrix), rtol=1e-9, atol=1e-11)


def test_an_offset_a_billion_times_the_spread_costs_few_digits():
    X, _ = rows(3000, 4)
    near, far = (scatter_of(ArrayRows(X + offset)).matrix for offset in (0.0, 2.0**30))
    np.testing.assert_allclose(far, near, rtol=1e-5, atol=1e-3)


def test_sparse_rows_are_dense_rows():
    X = sp.random_array((200, 9), density=0.2, format="csr", rng=np.random.default_rng(0))
    weight = np.arange(200.0)
    for w in (None, weight):
        a, b = scatter_of(ArrayRows(X, None, w)), scatter_of(ArrayRows(X.toarray(), None, w))
        np.testing.assert_allclose(a.matrix, b.matrix, atol=1e-10)
        np.testing.assert_allclose(a.mean, b.mean, atol=1e-14)


@given(st.integers(1, 59))
def test_merged_parts_are_the_whole(cut):
    X, weight = rows(60, 5)
    parts = [scatter_of(ArrayRows(X[s], None, weight[s])) for s in (slice(cut), slice(cut, None))]
    whole, found = scatter_of(ArrayRows(X, None, weight)), merge(*parts)
    np.testing.assert_allclose(found.matrix, whole.matrix, rtol=1e-9, atol=1e-10)
    np.testing.assert_allclose(found.mean, whole.mean, atol=1e-12)


@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_what_is_not_finite_shows(bad):
    X, _ = rows(30, 3)
    X[4, 1] = bad
    assert not np.isfinite(np.trace(scatter_of(ArrayRows(X)).matrix))
    assert not np.isfinite(spread_of(ArrayRows(X)).squares.sum())
