"""A point for each pruning."""

import itertools
from typing import Any

import pytest

from panlearn.plot import plot_pruning_comparison


def test_points_and_names():
    trees = {"none": (900, 0.19), "pessimistic": (120, 0.150), "reduced error": (125, 0.151), "depth": (8, 0.2)}
    figure = plot_pruning_comparison(trees)
    axes: Any
    (axes,) = figure.axes
    assert [(line.get_xdata()[0], line.get_ydata()[0]) for line in axes.lines] == [
        (leaves, 100 * error) for leaves, error in trees.values()
    ]
    figure.draw_without_rendering()
    boxes = [text.get_window_extent() for text in axes.texts]
    assert not [1 for a, b in itertools.combinations(boxes, 2) if a.overlaps(b)]
    with pytest.raises(ValueError, match="at least one"):
        plot_pruning_comparison({})
