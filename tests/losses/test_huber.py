"""Huber's loss."""

import numpy as np

from panlearn.losses.huber import Huber


def test_squared_inside_linear_outside_and_smooth_between():
    loss, z = Huber(1.5), np.array([0.0, 1.0, 1.5, 4.0])
    np.testing.assert_allclose(loss.values(z, 0.0), [0, 0.5, 1.125, 1.5 * 4 - 1.125])
    np.testing.assert_allclose(loss.slopes(z, 0.0), [0, 1, 1.5, 1.5])
    np.testing.assert_allclose(loss.values(-z, 0.0), loss.values(z, 0.0))


def test_slopes_are_derivatives():
    loss, z, h = Huber(0.7), np.linspace(-3, 3, 50), 1e-6
    np.testing.assert_allclose(
        loss.slopes(z, 0.2), (loss.values(z + h, 0.2) - loss.values(z - h, 0.2)) / (2 * h), atol=1e-6
    )
