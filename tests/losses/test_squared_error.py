"""Squared error."""

import numpy as np

from panlearn.losses.squared_error import SquaredError


def test_its_minimiser_is_the_mean():
    y = np.array([1.0, 2.0, 9.0])
    assert SquaredError().slopes(np.full(3, y.mean()), y).sum() == 0
    np.testing.assert_array_equal(SquaredError().values(y + 2, y), 2.0)
