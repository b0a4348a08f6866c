"""Lanes do to eight numbers what a scalar operation does to one."""

import numpy as np
import pytest

from panlearn.core.jit import kernel
from panlearn.core.lanes import WIDTH, lanes, largest, load, maximum, store, total, transpose


@kernel
def arithmetic(a, b, c, out):
    x, y = load(a, 0), load(b, 0)
    store(out, 0, x + y)
    store(out, 1, x - y)
    store(out, 2, x * y)
    store(out, 3, x / y)
    store(out, 4, c * x + y)
    store(out, 5, maximum(x, y))
    store(out, 6, lanes(c) - x / c)
    return total(x)


def test_arithmetic():
    rng = np.random.default_rng(0)
    a, b, out = rng.normal(size=WIDTH), rng.normal(size=WIDTH), np.empty((7, WIDTH))
    found = arithmetic(a, b, 3.0, out)
    np.testing.assert_allclose(out, [a + b, a - b, a * b, a / b, 3.0 * a + b, np.maximum(a, b), 3.0 - a / 3.0], 1e-15)
    assert found == pytest.approx(a.sum(), rel=1e-14)


@kernel
def larger(a, b, out):
    store(out, 0, maximum(load(a, 0), load(b, 0)))


def test_maximum_takes_infinities_and_prefers_the_second_where_the_first_is_nan():
    a = np.array([-np.inf, np.inf, 1.0, -np.inf, np.nan, 0.0, -1.0, 2.0])
    b = np.array([-np.inf, 1.0, np.inf, 3.0, 5.0, 0.0, -2.0, 2.0])
    out = np.empty(WIDTH)
    larger(a, b, out)
    np.testing.assert_array_equal(out, [-np.inf, np.inf, np.inf, 3.0, 5.0, 0.0, -1.0, 2.0])


@kernel
def top_of(a):
    return largest(load(a, 0))


def test_largest_wherever_it_is():
    for k in range(WIDTH):
        a = np.full(WIDTH, -np.inf)
        assert top_of(a) == -np.inf
        a[k] = -3.0
        assert top_of(a) == -3.0


@kernel
def turn(a, places, b, spots):
    transpose(a, places, b, spots)


@pytest.mark.parametrize("offset", [0, 3])  # rows need not begin at a multiple of eight
def test_transpose_writes_columns(offset):
    a, b = np.arange(200.0), np.zeros((8, 8))
    places = np.array([0, 17, 8, 40, 100, 60, 61, 150]) + offset
    turn(a, places, b, np.array([0, 8, 16, 24, 32, 40, 48, 56]))
    np.testing.assert_array_equal(b, np.array([a[p : p + 8] for p in places]).T)
