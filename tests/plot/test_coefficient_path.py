"""The regularisation path."""

import itertools

import numpy as np
import pytest

from panlearn.plot import plot_coefficient_path


def test_lines_are_the_paths_from_strong_to_weak():
    axes = plot_coefficient_path([0.1, 1.0, 0.5], [[3.0, 0.0, 1.0], [-1.0, 0.0, 0.0]]).axes[0]
    np.testing.assert_array_equal(axes.lines[0].get_xdata(), [1.0, 0.5, 0.1])
    np.testing.assert_array_equal(axes.lines[0].get_ydata(), [0.0, 1.0, 3.0])
    np.testing.assert_array_equal(axes.lines[1].get_ydata(), [0.0, 0.0, -1.0])
    assert axes.get_xlim() == (1.0, 0.1)


def test_only_the_largest_weights_are_named_and_names_do_not_touch():
    coefs = np.column_stack([np.zeros(20), np.full(20, 1.0) + np.arange(20) * 1e-6])
    figure = plot_coefficient_path([1.0, 0.1], coefs, names=[f"x{j}" for j in range(20)])
    figure.draw_without_rendering()
    texts = figure.axes[0].texts
    assert {t.get_text() for t in texts} == {f"x{j}" for j in range(14, 20)}
    boxes = sorted((t.get_window_extent() for t in texts), key=lambda box: box.y0)
    assert all(low.y1 <= high.y0 + 2 for low, high in itertools.pairwise(boxes))


def test_chosen_strength_is_marked():
    axes = plot_coefficient_path([1.0, 0.1], [[0.0, 1.0]], chosen=0.3).axes[0]
    assert axes.texts[-1].get_text() == "chosen: 0.3"


@pytest.mark.parametrize(
    ("alphas", "coefs", "names", "message"),
    [
        ([1.0, 0.0], [[0.0, 1.0]], None, "alphas must be positive"),
        ([1.0], [[0.0, 1.0]], None, r"shape \(p, 1\)"),
        ([1.0, 0.5], [[0.0, 1.0]], ["a", "b"], "one name"),
    ],
)
def test_bad_input_is_said(alphas, coefs, names, message):
    with pytest.raises(ValueError, match=message):
        plot_coefficient_path(alphas, coefs, names=names)
