"""Losses by step, as given."""

import numpy as np
import pytest

from panlearn.plot import plot_memory_curves


def test_lines_hold_the_losses_and_end_where_training_did():
    (axes,) = plot_memory_curves({"RNN": [3.0, 2.9, 2.8], "GRU": [3.0, 2.0]}, steps=[10, 20, 30]).axes
    np.testing.assert_array_equal(axes.lines[0].get_xydata(), [[10, 3.0], [20, 2.9], [30, 2.8]])
    np.testing.assert_array_equal(axes.lines[2].get_xydata(), [[10, 3.0], [20, 2.0]])
    np.testing.assert_array_equal(axes.lines[3].get_xydata(), [[20, 2.0]])
    assert axes.get_yscale() == "linear"


def test_the_answer_without_memory_is_marked():
    (axes,) = plot_memory_curves({"LSTM": [0.17, 0.001]}, without_memory=0.167, metric="squared error").axes
    np.testing.assert_array_equal(axes.lines[-1].get_ydata(), [0.167, 0.167])
    assert [text.get_text() for text in axes.texts] == ["without memory"]
    assert axes.get_yscale() == "log"
    assert axes.get_title(loc="left") == "squared error"


@pytest.mark.parametrize("curves", [{}, {str(i): [1.0] for i in range(7)}])
def test_one_to_six_networks(curves):
    with pytest.raises(ValueError, match="1 to 6"):
        plot_memory_curves(curves)


@pytest.mark.parametrize("losses", [[], [np.nan], [1.0, 2.0, 3.0]])
def test_a_curve_that_cannot_be_drawn_is_named(losses):
    with pytest.raises(ValueError, match="'bad' must hold 1 to 2 losses"):
        plot_memory_curves({"bad": losses}, steps=[1, 2])
