"""The L2 penalty: its gradient is that of its value."""

import numpy as np

from panlearn.penalties import L2


def test_gradient_is_that_of_the_value():
    w, step = np.array([[1.0, -2.0], [0.0, 3.0]]), 1e-6
    direction = np.array([[0.3, 0.1], [-0.5, 0.2]])
    penalty = L2(0.7)
    slope = (penalty.value(w + step * direction) - penalty.value(w - step * direction)) / (2 * step)
    assert np.isclose(np.vdot(penalty.gradient(w), direction), slope)
    assert penalty.value(w) == 0.5 * 0.7 * 14.0
