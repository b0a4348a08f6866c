"""The picture of a search for a learning rate."""

import numpy as np
import pytest

from panlearn.plot import plot_learning_rate_finder


def test_curves_hold_the_values():
    rates, losses = np.array([1e-3, 1e-2, 1e-1, 1.0]), np.array([2.0, 1.0, 3.0, 500.0])
    figure = plot_learning_rate_finder(rates, losses, np.array([2.0, 1.5, 2.0, 60.0]), 1e-2)
    (axes,) = figure.axes
    np.testing.assert_array_equal(axes.lines[0].get_ydata(), losses)
    np.testing.assert_array_equal(axes.lines[1].get_xdata(), rates)
    np.testing.assert_array_equal(np.asarray(axes.lines[2].get_xydata()), [[1e-2, 1.5]])
    assert axes.get_title(loc="left") == "loss; falls fastest at 0.01"
    assert axes.get_ylim()[1] < 450  # one exploded batch does not flatten the curve
    assert len(plot_learning_rate_finder([1.0], [2.0], [2.0]).axes[0].lines) == 2


def test_wrong_input():
    with pytest.raises(ValueError, match="one length"):
        plot_learning_rate_finder([1.0, 2.0], [1.0], [1.0])
    with pytest.raises(ValueError, match="positive"):
        plot_learning_rate_finder([0.0, 2.0], [1.0, 1.0], [1.0, 1.0])
