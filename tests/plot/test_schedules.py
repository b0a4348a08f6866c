"""The picture of learning-rate schedules."""

import numpy as np
import pytest

from panlearn.plot import plot_schedules


def test_a_panel_each_on_the_same_axes():
    curves = {f"schedule {k}": np.linspace(1, k / 5, 10) for k in range(4)}
    figure = plot_schedules(curves, max_epochs=5)
    assert [axes.get_title(loc="left") for axes in figure.axes] == list(curves)
    for axes, curve in zip(figure.axes, curves.values()):
        np.testing.assert_array_equal(axes.lines[0].get_ydata(), curve)
        np.testing.assert_allclose(np.asarray(axes.lines[0].get_xdata()), np.arange(10) / 2)
        assert axes.get_ylim() == (-0.05, 1.1)


def test_nothing_to_draw():
    with pytest.raises(ValueError, match="at least one schedule"):
        plot_schedules({}, 5)
    with pytest.raises(ValueError, match="at least one step"):
        plot_schedules({"none": []}, 5)
