"""Losses that ignore small residuals."""

import numpy as np

from panlearn.losses.epsilon_insensitive import EpsilonInsensitive, SquaredEpsilonInsensitive


def test_nothing_inside_the_tube():
    inside = np.linspace(-0.5, 0.5, 11)
    for loss in (EpsilonInsensitive(0.5), SquaredEpsilonInsensitive(0.5)):
        assert not loss.values(inside, 0.0).any()
        assert not loss.slopes(inside, 0.0).any()


def test_outside_it():
    np.testing.assert_allclose(EpsilonInsensitive(0.5).values(np.array([2.0, -2.0]), 0.0), 1.5)
    np.testing.assert_allclose(EpsilonInsensitive(0.5).slopes(np.array([2.0, -2.0]), 0.0), [1, -1])
    np.testing.assert_allclose(SquaredEpsilonInsensitive(0.5).values(np.array([2.0, -2.0]), 0.0), 2.25)
    np.testing.assert_allclose(SquaredEpsilonInsensitive(0.5).slopes(np.array([2.0, -2.0]), 0.0), [3, -3])
