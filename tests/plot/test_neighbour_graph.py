"""A panel for each graph: edges, components, points that are alone."""

from typing import Any

import numpy as np
import pytest

from panlearn.neighbors import neighbors_graph
from panlearn.plot import figure_svg, plot_neighbor_graphs

X = np.array([[0.0, 0.0], [1.0, 0.0], [0.0, 1.0], [9.0, 9.0]])


def test_edges_components_and_lone_points():
    ball = neighbors_graph(X, radius=1.0, mode="epsilon")
    figure = plot_neighbor_graphs(X, {"all": neighbors_graph(X, n_neighbors=3), "ball": ball}, columns=1)
    assert [axes.get_title(loc="left") for axes in figure.axes] == [
        "all\n6 edges, 1 component",
        "ball\n2 edges, 2 components",
    ]
    lines: Any = figure.axes[1].collections[0]
    np.testing.assert_array_equal(lines.get_segments(), [[[0, 0], [1, 0]], [[0, 0], [0, 1]]])
    np.testing.assert_array_equal(figure.axes[1].lines[1].get_xydata(), [[9, 9]])


def test_heavier_edges_are_thicker():
    W = neighbors_graph([[0.0, 0.0], [1.0, 0.0], [3.0, 0.0]], n_neighbors=2, weights="rbf", gamma=0.2)
    figure = plot_neighbor_graphs([[0.0, 0.0], [1.0, 0.0], [3.0, 0.0]], {"rbf": W})
    lines: Any = figure.axes[0].collections[0]
    assert list(np.argsort(lines.get_linewidths())) == [1, 2, 0]  # edges 0-1, 0-2, 1-2
    even: Any = plot_neighbor_graphs(X, {"ball": neighbors_graph(X, n_neighbors=3)}).axes[0].collections[0]
    assert 0 < np.max(even.get_linewidths()) < np.max(lines.get_linewidths())


def test_no_edges_at_all():
    empty = neighbors_graph(X, radius=0.0, mode="epsilon")
    figure = plot_neighbor_graphs(X, {"none": empty})
    assert figure.axes[0].get_title(loc="left") == "none\n0 edges, 4 components"
    assert "<svg" in str(figure_svg(figure))


@pytest.mark.parametrize(("points", "message"), [(X[:, :1], "two columns"), (X[:3], "another number of points")])
def test_what_does_not_fit(points, message):
    with pytest.raises(ValueError, match=message):
        plot_neighbor_graphs(points, {"all": neighbors_graph(X, n_neighbors=2)})
