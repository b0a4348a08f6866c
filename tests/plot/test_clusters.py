"""Clusters and the way of their centres."""

import numpy as np
import pytest

from panlearn.plot.clusters import plot_clusters


def test_rows_ways_and_inertia_are_drawn():
    X = np.array([[0.0, 0.0], [0.0, 1.0], [5.0, 5.0]])
    path = [X[:2], [[0.0, 0.5], [5.0, 5.0]]]
    figure = plot_clusters(X, [0, 0, 1], path=path, inertia=[9.0, 0.5], names=("a", "b"))
    plane, fall = figure.axes
    np.testing.assert_array_equal(plane.collections[0].get_offsets(), X[:2])
    np.testing.assert_array_equal(plane.lines[1].get_xydata(), [[0.0, 0.0], [0.0, 0.5]])
    np.testing.assert_array_equal(fall.lines[0].get_ydata(), [9.0, 0.5])
    assert plane.get_xlabel() == "a"
    assert len(plot_clusters(X, [0, 0, 1]).axes) == 1


def test_two_columns_are_needed():
    with pytest.raises(ValueError, match="shape"):
        plot_clusters(np.ones((3, 3)), [0, 0, 1])
