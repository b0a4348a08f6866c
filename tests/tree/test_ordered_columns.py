import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.sparse import csc_matrix

from panlearn.tree.ordered_columns import order_columns

finite = st.one_of(st.floats(-1e300, 1e300), st.sampled_from([0.0, -0.0, np.nan, 5e-324, 1.0]))


@given(st.lists(st.lists(finite, min_size=3, max_size=3), min_size=1, max_size=40))
@settings(deadline=None)
def test_codes_are_ranks_among_distinct_values(rows):
    X = np.array(rows)
    columns = order_columns(X)
    for j, x in enumerate(X.T):
        values = np.unique(x[~np.isnan(x)] + 0.0)
        kept = columns.values[columns.start[j] : columns.start[j + 1]]
        np.testing.assert_array_equal(kept, values)
        np.testing.assert_array_equal(columns.codes[j], np.searchsorted(values, x) if len(values) else 0)
        assert columns.has_missing[j] == np.isnan(x).any()


def test_sparse_and_float32_as_dense():
    X = np.random.default_rng(0).normal(size=(300, 5)) * (np.random.default_rng(1).random((300, 5)) < 0.2)
    dense, sparse = order_columns(X), order_columns(csc_matrix(X))
    for a, b in zip(dense, sparse):
        np.testing.assert_array_equal(a, b)
    assert order_columns(X.astype(np.float32)).values.dtype == np.float64


@pytest.mark.parametrize("n", [300, 70_000])
def test_width_of_codes(n):
    X = np.column_stack([np.arange(n) * 1.0, np.arange(n) % 3])
    assert order_columns(X).codes.dtype == (np.uint32 if n > 65_535 else np.uint16)
    assert order_columns(X[:, 1:]).codes.dtype == np.uint16


def test_categories_keep_their_codes():
    X = np.array([[2.0], [np.nan], [0.0], [2.0]])
    columns = order_columns(X, n_categories=[5])
    np.testing.assert_array_equal(columns.codes, [[2, 5, 0, 2]])
    assert columns.n_codes[0] == 5


def test_bins_hold_equal_numbers_of_rows_and_whole_values():
    rng = np.random.default_rng(0)
    X = np.column_stack(
        [rng.normal(size=10_000), rng.integers(0, 10, 10_000), np.round(rng.exponential(size=10_000), 1)]
    )
    X[:50, 0] = np.nan
    columns, exact = order_columns(X, max_bins=16), order_columns(X)
    np.testing.assert_array_equal(columns.n_codes[:2], [16, 10])
    counts = np.bincount(columns.codes[0])[:16]
    assert counts.max() - counts.min() <= 2
    for j in range(3):
        x, lowest = X[:, j], columns.values[columns.start[j] : columns.start[j + 1]]
        highest, known = columns.highest[columns.start[j] : columns.start[j + 1]], ~np.isnan(X[:, j])
        assert (lowest[columns.codes[j][known]] <= x[known]).all()
        assert (highest[columns.codes[j][known]] >= x[known]).all()
        assert (lowest[1:] > highest[:-1]).all()
    np.testing.assert_array_equal(columns.codes[1], exact.codes[1])
