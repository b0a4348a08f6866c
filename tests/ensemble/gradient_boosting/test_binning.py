"""Bins: where the cuts are."""

import numpy as np
import pytest
from hypothesis import given, settings, strategies

from panlearn.ensemble.gradient_boosting.binning import learn_bins


def cuts(x, **kwargs):
    bins = learn_bins(np.asarray(x, dtype=np.float64)[:, None], **kwargs)
    assert bins.upper[-1] == np.inf
    return bins.upper[:-1]


def test_few_values_are_a_bin_each():
    np.testing.assert_array_equal(cuts([3, 1, 1, 2, np.nan, 7]), [1.5, 2.5, 5.0])
    assert cuts([np.nan, np.nan]).size == 0
    assert cuts([4.0] * 9).size == 0


@pytest.mark.parametrize("max_bins", [2, 16, 255])
def test_many_values_are_cut_at_quantiles(max_bins):
    x = np.random.default_rng(0).normal(size=10_001)
    found = cuts(x, max_bins=max_bins)
    assert found.size == max_bins - 1
    counts = np.histogram(x, np.concatenate([[-np.inf], found, [np.inf]]))[0]
    assert counts.max() - counts.min() <= 2


def test_neighbouring_numbers_and_infinities():
    low = 1.0
    high = np.nextafter(low, 2)
    assert low <= cuts([low, high])[0] < high
    found = cuts([-np.inf, 0.0, np.inf])
    np.testing.assert_array_equal(found, [-np.inf, 0.0])
    big = np.finfo(float).max
    assert cuts([-big, big])[0] == 0.0


def test_weights_of_zero_do_not_count():
    x = np.arange(10.0)[:, None]
    bins = learn_bins(x, sample_weight=(np.arange(10) < 4).astype(float))
    np.testing.assert_array_equal(bins.upper, [0.5, 1.5, 2.5, np.inf])


def test_the_most_frequent_categories_have_bins():
    rng = np.random.default_rng(0)
    x = rng.permutation(np.repeat(np.arange(10.0), np.arange(1, 11)))[:, None]
    bins = learn_bins(x, max_bins=4, n_categories=np.array([10]))
    np.testing.assert_array_equal(bins.upper, [6, 7, 8, 9])
    empty = learn_bins(np.full((3, 1), np.nan), n_categories=np.array([10]))
    assert empty.n_codes[0] == 1


@given(share=strategies.floats(0.05, 1.0), levels=strategies.integers(1, 255))
@settings(deadline=None, max_examples=20)
def test_full_bins_have_several_codes(share, levels):
    n = 50_000
    x = np.where(np.arange(n) < share * n, 0.0, np.arange(n) % levels)
    bins = learn_bins(x[:, None])
    copies = bins.copies.astype(int)
    assert copies.sum() == bins.n_codes[0] <= 255
    np.testing.assert_array_equal(bins.first_code, np.cumsum(copies) - copies)
    counts = np.unique(x, return_counts=True)[1]
    if levels < 100:
        assert (counts / copies).max() <= max(4096, n / (255 - levels))


def test_small_columns_have_one_code_a_bin():
    bins = learn_bins(np.repeat([0.0, 1.0], 2000)[:, None])
    np.testing.assert_array_equal(bins.copies, [1, 1])


def test_large_samples_are_reproducible():
    x = np.random.default_rng(0).normal(size=(250_000, 2)).astype(np.float32)
    one, two, other = learn_bins(x), learn_bins(x), learn_bins(x, seed=1)
    np.testing.assert_array_equal(one.upper, two.upper)
    assert (one.upper != other.upper).any()
    exact = np.quantile(x[:, 0], np.arange(1, 255) / 255)
    assert np.abs(np.searchsorted(np.sort(x[:, 0]), one.upper[:254]) / 250_000 - np.arange(1, 255) / 255).max() < 0.005
    assert exact.size == 254
