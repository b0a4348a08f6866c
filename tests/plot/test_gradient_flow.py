"""Gradients by layer and by time step, as given."""

from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from panlearn.plot import plot_gradient_flow

Record: Any = SimpleNamespace  # stands for the tuples of panlearn.diagnostics, which need torch


def layers(*signals):
    return [Record(name=str(i), n_parameters=4, signal=signal) for i, signal in enumerate(signals)]


def test_lines_hold_the_signals():
    quiet = Record(name="relu", n_parameters=0, signal=9.0)
    flows = {"a": Record(layers=[*layers(1e-3, 1e-2), quiet], steps=()), "b": Record(layers=layers(1.0, 2.0), steps=())}
    (axes,) = plot_gradient_flow(flows).axes
    np.testing.assert_array_equal(axes.lines[0].get_ydata(), [1e-3, 1e-2])
    np.testing.assert_array_equal(axes.lines[1].get_ydata(), [1.0, 2.0])
    assert axes.get_yscale() == "log"
    legend = axes.get_legend()
    assert legend is not None
    assert [text.get_text() for text in legend.get_texts()] == ["a", "b"]


def test_time_steps_have_a_panel():
    step = Record(name="layer", state="h", signal=np.array([1e-9, 1e-5, 0.1]))
    (axes,) = plot_gradient_flow(Record(layers=layers(1.0, 1.0), steps=(step,))).axes
    np.testing.assert_array_equal(axes.lines[0].get_ydata(), step.signal)
    both = plot_gradient_flow(Record(layers=layers(1.0, 1.0, 1.0, 1.0), steps=(step, step)))
    assert [axes.get_xlabel() for axes in both.axes] == ["layer, first to last", "time step, first to last"]


def test_what_underflowed_is_drawn_at_the_floor():
    (axes,) = plot_gradient_flow(Record(layers=layers(0.0, np.nan, 1.0), steps=())).axes
    np.testing.assert_array_equal(axes.lines[0].get_ydata(), [1e-30, np.nan, 1.0])


@pytest.mark.parametrize("flows", [{}, {str(i): Record(layers=layers(1, 1), steps=()) for i in range(6)}])
def test_one_to_five_networks(flows):
    with pytest.raises(ValueError, match="1 to 5"):
        plot_gradient_flow(flows)


def test_nothing_to_draw_is_said():
    with pytest.raises(ValueError, match="nothing to draw"):
        plot_gradient_flow(Record(layers=layers(1.0), steps=()))
