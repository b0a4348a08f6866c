"""Gradients by the steps they have come, as given."""

from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from panlearn.plot import plot_gradient_through_time

Record: Any = SimpleNamespace  # stands for the tuples of panlearn.diagnostics, which need torch


def state(*back, name="layer 0", kind="h"):
    return Record(name=name, state=kind, back=np.array(back))


def test_lines_are_shares_of_the_last_step():
    (axes,) = plot_gradient_through_time(
        {"a": Record(states=[state(2.0, 1.0)]), "b": Record(states=[state(1.0, 3.0)])}
    ).axes
    np.testing.assert_array_equal(axes.lines[0].get_ydata(), [1.0, 0.5])
    np.testing.assert_array_equal(axes.lines[1].get_ydata(), [1.0, 3.0])
    legend = axes.get_legend()
    assert legend is not None
    assert [text.get_text() for text in legend.get_texts()] == ["a", "b"]
    assert axes.get_yscale() == "log"


def test_layers_of_one_network_have_a_line_each_and_the_cell_is_asked_for():
    found = Record(states=[state(1.0, 0.5), state(1.0, 0.9, kind="c"), state(1.0, 0.25, name="layer 1")])
    (axes,) = plot_gradient_through_time(found).axes
    legend = axes.get_legend()
    assert legend is not None
    assert [text.get_text() for text in legend.get_texts()] == ["layer 0", "layer 1"]
    (cell,) = plot_gradient_through_time(found, state="c").axes
    np.testing.assert_array_equal(cell.lines[0].get_ydata(), [1.0, 0.9])
    assert cell.get_legend() is None


def test_what_underflowed_and_what_is_unknown():
    (axes,) = plot_gradient_through_time(Record(states=[state(1.0, 0.0, np.nan)])).axes
    np.testing.assert_array_equal(axes.lines[0].get_ydata(), [1.0, 1e-30, np.nan])
    assert axes.get_ylim()[0] == pytest.approx(1e-12)


SEVEN = [state(1.0, name=str(i)) for i in range(7)]


@pytest.mark.parametrize("states", [[], [state(np.nan)], [state(1.0, kind="c")], SEVEN])
def test_one_to_six_states(states):
    with pytest.raises(ValueError, match="1 to 6"):
        plot_gradient_through_time(Record(states=states))
