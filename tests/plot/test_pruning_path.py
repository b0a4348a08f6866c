"""The pruning path."""

import numpy as np
import pytest

from panlearn.plot import plot_pruning_path


def test_curves_hold_the_values():
    figure = plot_pruning_path([0.0, 0.001, 0.1], [90, 7, 1], [1.0, 0.9, 0.5], [0.7, 0.8, 0.5], chosen=0.001)
    upper, lower = figure.axes
    np.testing.assert_array_equal(upper.lines[1].get_ydata(), [0.7, 0.8, 0.5])
    np.testing.assert_array_equal(lower.lines[0].get_ydata(), [90, 7, 1])
    assert (upper.get_xscale(), lower.get_yscale()) == ("log", "log")
    assert lower.texts[0].get_text() == "7 leaves, alpha = 0.001"
    assert plot_pruning_path([0.0], [1], [0.5], [0.5]).axes[0].get_xscale() == "linear"


def test_lengths_must_agree():
    with pytest.raises(ValueError, match="one length"):
        plot_pruning_path([0.0, 1.0], [1], [1.0], [1.0])
