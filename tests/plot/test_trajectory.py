"""Trajectories of optimisers."""

import numpy as np
import pytest

from panlearn.plot import plot_trajectories


def test_points_are_drawn_as_given():
    points = {"a": [[2.0, 1.0], [1.0, 0.5]], "b": np.array([[2.0, 1.0], [0.0, 0.0], [-1.0, 0.0]])}
    axes = plot_trajectories(lambda x: float(x @ x), points, xlim=(-3, 3), ylim=(-2, 2)).axes[0]
    for line, expected in zip(axes.lines, points.values(), strict=False):
        np.testing.assert_array_equal(line.get_xydata(), expected)
    assert axes.get_xlim() == (-3, 3)
    assert axes.get_ylim() == (-2, 2)


def test_values_that_are_not_finite_leave_the_rest_of_the_contours():
    def function(x):
        return float("nan") if x[0] > 0 else float(x @ x)

    figure = plot_trajectories(function, {"a": [[-1.0, 0.0]]}, xlim=(-1, 1), ylim=(-1, 1))
    figure.draw_without_rendering()
    assert figure.axes[0].collections


@pytest.mark.parametrize("points", [{}, {str(i): [[0, 0]] for i in range(6)}, {"a": [1.0, 2.0]}])
def test_bad_input_is_said(points):
    with pytest.raises(ValueError, match="trajector"):
        plot_trajectories(lambda x: float(x @ x), points, xlim=(-1, 1), ylim=(-1, 1))
