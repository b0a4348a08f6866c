"""A series and its states."""

from typing import Any

import numpy as np
import pytest

from panlearn.plot import figure_svg, plot_state_path

SERIES = [0.1, -0.2, 0.0, 5.1, np.nan, 4.8]
PATH = [0, 0, 0, 1, 1, 1]


def runs(line):
    """Runs of a line with gaps: (from, to, height)."""
    x, y = np.asarray(line.get_xdata()).reshape(-1, 3), np.asarray(line.get_ydata()).reshape(-1, 3)
    return [(*ends[:2], height) for ends, height in zip(x, y[:, 0], strict=True)]


def test_runs_last_from_half_a_step_before_to_half_a_step_after():
    upper, lower = plot_state_path(SERIES, PATH, means=[0.0, 5.0]).axes
    assert runs(upper.lines[-1]) == [(-0.5, 2.5, 0.0), (2.5, 5.5, 5.0)]
    assert [runs(line) for line in lower.lines] == [[(-0.5, 2.5, 0)], [(2.5, 5.5, 1)]]


def test_frames_have_the_colour_of_their_state():
    upper = plot_state_path(SERIES, PATH).axes[0]
    dots: Any = [line for line in upper.lines if line.get_marker() == "o"]
    assert [list(line.get_xdata()) for line in dots] == [[0, 1, 2], [3, 4, 5]]
    assert dots[0].get_color() != dots[1].get_color()


def test_times_may_be_uneven_and_unknown_truth_is_a_gap():
    figure = plot_state_path([1.0, 2.0, 3.0], [0, 1, 1], times=[0, 1, 9], truth=[0, -1, 0], names=["a", "b", "c"])
    lower = figure.axes[-1]
    assert runs(lower.lines[-1]) == [(-0.5, 0.5, -0.36), (5.0, 13.0, -0.36)]
    assert [text.get_text() for text in lower.texts] == ["a", "b", "c"]


def test_columns_have_panels_and_long_series_stay_small():
    rng = np.random.default_rng(0)
    figure = plot_state_path(rng.normal(size=(20_000, 2)), rng.integers(0, 2, 20_000), means=np.eye(2))
    assert len(figure.axes) == 3
    svg = figure_svg(figure, label="two series")
    assert 'aria-label="two series"' in svg
    assert len(svg) < 2_000_000
    assert "<image" in svg


def test_one_frame_is_enough():
    assert len(plot_state_path([1.0], [0]).axes) == 2


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"series": []}, "at least one frame"),
        ({"series": np.zeros((6, 7))}, "1 to 6 columns"),
        ({"states": [0, 1]}, "6 integers"),
        ({"states": [0.0] * 6}, "6 integers"),
        ({"states": [-1] * 6}, "count from 0"),
        ({"truth": [-2] * 6}, "count from 0"),
        ({"times": [3, 2, 1, 0, 0, 0]}, "ascending"),
        ({"names": ["a"]}, "name each of the 2"),
        ({"means": [1.0]}, "means must have shape"),
        ({"means": np.zeros((2, 2))}, "means must have shape"),
    ],
)
def test_what_does_not_fit_is_refused(change, message):
    arguments = {"series": SERIES, "states": PATH, **change}
    with pytest.raises(ValueError, match=message):
        plot_state_path(**arguments)
