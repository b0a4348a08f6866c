"""Permutation importances."""

import numpy as np
import pytest

from panlearn.plot import plot_importances
from panlearn.plot.importances import MAX_COLUMNS


def test_bars_are_sorted_means():
    axes = plot_importances({"a": [0.1, 0.3], "b": [0.5, 0.5], "c": [-0.1, 0.0]}).axes[0]
    np.testing.assert_allclose([bar.get_width() for bar in axes.containers[0]], [0.5, 0.2, -0.05])


def test_many_columns_say_what_is_left_out():
    axes = plot_importances({f"c{i}": [1.0 / (i + 1)] for i in range(500)}).axes[0]
    assert len(axes.patches) == MAX_COLUMNS
    assert axes.get_title(loc="left") == f"The {MAX_COLUMNS} largest of 500 columns"


def test_all_zero_importances_are_drawn():
    figure = plot_importances({"a": [0.0, 0.0]})
    figure.draw_without_rendering()
    assert [bar.get_window_extent().width for bar in figure.axes[0].patches] == [0.0]
    low, high = figure.axes[0].get_xlim()
    assert low <= 0.0 < high


def test_no_column_is_said():
    with pytest.raises(ValueError, match="at least one column"):
        plot_importances({"a": [np.nan]})
