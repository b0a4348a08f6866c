"""Packed gradients: the fields come back, and no sum over a code runs over."""

import numpy as np
import pytest

from panlearn.ensemble.gradient_boosting.bin_layout import apply_bins
from panlearn.ensemble.gradient_boosting.binning import learn_bins
from panlearn.ensemble.gradient_boosting.gradients import field_sizes, largest_size, quantise


def fields(total, gradients):
    a, b = gradients.count_bits, gradients.hessian_bits
    return (
        (total >> (a + b)) * gradients.unit_g,
        ((total >> a) & ((1 << b) - 1)) * gradients.unit_h,
        total & ((1 << a) - 1),
    )


@pytest.mark.parametrize("scale", [1e-200, 1.0, 1e200])
@pytest.mark.parametrize("constant", [False, True])
def test_sums_of_each_code_come_back(scale, constant):
    rng = np.random.default_rng(0)
    X = np.column_stack([rng.normal(size=30_000), rng.random(30_000) < 0.9]).astype(float)
    g, h = rng.standard_t(3, size=30_000) * scale, rng.uniform(0, 1, 30_000)
    binned = apply_bins(learn_bins(X), X)
    gradients = quantise(g, None if constant else h, binned)
    bound = 1e-6 if constant else 2e-3
    for codes in binned.by_column:
        total = np.zeros(256, np.int64)
        np.add.at(total, codes, gradients.packed)
        sum_g, sum_h, count = fields(total, gradients)
        np.testing.assert_array_equal(count, np.bincount(codes, minlength=256))
        np.testing.assert_allclose(sum_g, np.bincount(codes, g, 256), rtol=0, atol=bound * scale * 100)
        if not constant:
            np.testing.assert_allclose(sum_h, np.bincount(codes, h, 256), rtol=bound, atol=0.01)


@pytest.mark.parametrize("n", [1, 1000, 10**6, 10**9])
@pytest.mark.parametrize("h", [None, 0.25])
def test_fields_have_room(n, h):
    fullest = max(1, n // 200)
    (unit_g, unit_h), (a, b) = field_sizes(n, fullest, 1.0, h)
    assert fullest < 2**a
    assert fullest * (1.0 / unit_g) < 2.0 ** (63 - a - b)
    assert n * (1.0 / unit_g) < 2.0**62
    if h is not None:
        assert fullest * (h / unit_h) < 2.0**b


def test_zeros_have_units():
    X = np.ones((5, 1))
    gradients = quantise(np.zeros(5), np.zeros(5), apply_bins(learn_bins(X), X))
    assert gradients.unit_g == gradients.unit_h == 1.0
    np.testing.assert_array_equal(gradients.packed, np.ones(5))


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("n", [0, 1, 7, 8, 100])
def test_largest_size(n, dtype):
    x = np.random.default_rng(n).normal(size=n).astype(dtype)
    assert largest_size(x) == np.abs(x).max(initial=0)
