"""Codes of values."""

import numpy as np
import pytest
from hypothesis import given, settings, strategies

from panlearn.ensemble.gradient_boosting.bin_layout import apply_bins
from panlearn.ensemble.gradient_boosting.binning import learn_bins


def check(X, bins):
    binned = apply_bins(bins, X)
    np.testing.assert_array_equal(binned.by_row, binned.by_column.T)
    for j in range(X.shape[1]):
        upper, x = bins.upper[bins.bins(j)], X[:, j].astype(np.float64)
        missing = np.isnan(x)
        codes = binned.by_column[j].astype(np.int64)
        assert (codes[missing] == bins.n_codes[j]).all()
        expected = np.searchsorted(upper, x[~missing])
        of_code = np.repeat(np.arange(upper.size), bins.copies[bins.bins(j)])
        np.testing.assert_array_equal(of_code[codes[~missing]], expected)
        np.testing.assert_array_equal(binned.upper[j, codes[~missing]], upper[expected])
        np.testing.assert_array_equal(binned.frequency[j], np.bincount(codes, minlength=256))
        assert binned.has_missing[j] == missing.any()
        assert binned.ends[j].sum() == upper.size
    return binned


@given(
    n=strategies.integers(1, 700),
    p=strategies.integers(1, 20),
    max_bins=strategies.sampled_from([2, 7, 255]),
    dtype=strategies.sampled_from([np.float32, np.float64]),
    order=strategies.sampled_from("CF"),
    seed=strategies.integers(0, 99),
)
@settings(deadline=None, max_examples=25)
def test_matches_search(n, p, max_bins, dtype, order, seed):
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(n, p))
    X[:, 0] = np.round(X[:, 0])
    X[rng.random(X.shape) < 0.1] = np.nan
    X = np.array(X, dtype=dtype, order=order)
    bins = learn_bins(X, max_bins=max_bins)
    check(X, bins)
    check(np.array(rng.normal(size=(9, p)) * 3, dtype=dtype), bins)  # other rows


def test_full_bins_are_spread_evenly():
    rng = np.random.default_rng(0)
    X = np.column_stack([rng.random(100_000) < 0.5, np.zeros(100_000)]).astype(float)
    binned = check(X, learn_bins(X))
    assert binned.frequency.max() < 1.2 * 4096


def test_values_on_a_cut_belong_below():
    X = np.array([[0.0], [1.0], [2.0]])
    bins = learn_bins(X)
    codes = apply_bins(bins, np.array([[0.5], [np.nextafter(0.5, 1)], [-np.inf], [np.inf]])).by_column[0]
    np.testing.assert_array_equal(codes, [0, 1, 0, 2])


@pytest.mark.parametrize("levels", [3, 1000])
def test_categories(levels):
    rng = np.random.default_rng(0)
    X = rng.integers(0, levels, (20_000, 1)).astype(float)
    bins = learn_bins(X, n_categories=np.array([levels]))
    values = np.append(np.arange(levels), [np.nan, levels + 5])[:, None]
    binned = apply_bins(bins, values)
    known = np.isin(values[:, 0], bins.upper)
    codes = binned.by_column[0]
    assert (codes[~known] == bins.n_codes[0]).all()
    np.testing.assert_array_equal(binned.upper[0, codes[known]], values[known, 0])
