"""Exponential loss."""

import numpy as np

from panlearn.losses.exponential import Exponential


def test_derivatives_are_those_of_the_values():
    rng = np.random.default_rng(0)
    z, y, step = rng.normal(size=50), rng.integers(0, 2, 50), 1e-5
    loss = Exponential()
    value, first, second = loss.derivatives(z, y)
    up, down = loss.values(z + step, y), loss.values(z - step, y)
    np.testing.assert_allclose(first, (up - down) / (2 * step), rtol=1e-8)
    np.testing.assert_allclose(second, (up - 2 * value + down) / step**2, rtol=1e-4)


def test_minimiser_is_half_the_log_odds():
    y = np.repeat([1, 0], [30, 10])
    z = np.linspace(-2, 2, 4001)
    totals = [Exponential().values(np.full(40, c), y).sum() for c in z]
    assert abs(z[int(np.argmin(totals))] - 0.5 * np.log(3)) < 1e-3


def test_bounds_the_number_of_errors_and_never_overflows():
    z, y = np.array([-1e6, -1.0, 0.0, 1.0, 1e6]), np.array([1, 1, 1, 1, 1])
    values = Exponential().values(z, y)
    assert (values >= (z <= 0)).all()
    assert np.isfinite(values**2).all()
