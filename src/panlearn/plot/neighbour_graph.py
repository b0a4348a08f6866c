"""Graphs of neighbours on the same points, a panel each: who is joined, and what falls apart [luxburg2007]."""

from collections.abc import Mapping
from typing import Any

import numpy as np
from matplotlib.collections import LineCollection
from matplotlib.figure import Figure
from numpy.typing import ArrayLike
from scipy.sparse import triu
from scipy.sparse.csgraph import connected_components

from panlearn.plot.labels import fit_label
from panlearn.plot.style import ACCENT, MUTED, SECOND, house_style

THIN, THICK = 0.3, 1.8  # line widths, in points, of the lightest and the heaviest edge
EVEN = 0.7  # of all edges, where they weigh the same


@house_style()
def plot_neighbor_graphs(X: ArrayLike, graphs: Mapping[str, Any], *, columns: int = 3) -> Figure:
    r"""Draw graphs on points of the plane, a panel each.

    How to read it: a line is an edge, thicker for more weight; points without any edge are ringed. A label spreads
    along edges only, so each component needs a label of its own. The k nearest join the outlier and both clusters;
    the mutual graph leaves the outlier alone; a ball that suits the dense cluster tears the sparse one.

    Parameters
    ----------
    X : array_like of shape (n, 2)
        Points.
    graphs : mapping of str to sparse matrix of shape (n, n)
        Symmetric weights by the title of their panel.
    columns : int
        Panels in a line.

    Returns
    -------
    matplotlib.figure.Figure
        The picture.

    Raises
    ------
    ValueError
        If there is no graph, X has not two columns, or a graph has another number of points.

    References
    ----------
    [luxburg2007], note 001 §9.4

    Examples
    --------
    >>> from panlearn.neighbors import neighbors_graph
    >>> X = [[0.0, 0.0], [1.0, 0.0], [5.0, 0.0]]
    >>> ball = neighbors_graph(X, radius=2, mode="epsilon")
    >>> graphs = {"two nearest": neighbors_graph(X, n_neighbors=2), "ball": ball}
    >>> [axes.get_title(loc="left") for axes in plot_neighbor_graphs(X, graphs).axes]
    ['two nearest\n3 edges, 1 component', 'ball\n1 edge, 2 components']
    """
    X = np.asarray(X, dtype=float)
    if X.ndim != 2 or X.shape[1] != 2 or not graphs:
        raise ValueError(f"X must have two columns, and graphs at least one graph. Got shape {X.shape}, {len(graphs)}.")
    if wrong := [name for name, graph in graphs.items() if graph.shape != (len(X), len(X))]:
        raise ValueError(f"graph {wrong[0]!r} has another number of points than X, which has {len(X)}")
    columns = max(1, min(columns, len(graphs)))
    lines = -(-len(graphs) // columns)
    figure = Figure(figsize=(2.4 * columns, 2.6 * lines), layout="constrained")
    panels = figure.subplots(lines, columns, squeeze=False).ravel()
    for axes, (name, graph) in zip(panels, graphs.items(), strict=False):
        edges: Any = triu(graph, 1).tocoo()
        uneven = np.unique(edges.data).size > 1
        widths = THIN + (THICK - THIN) * edges.data / edges.data.max() if uneven else EVEN
        ends = list(np.stack([X[edges.row], X[edges.col]], axis=1))
        axes.add_collection(LineCollection(ends, linewidths=widths, colors=MUTED))
        alone = np.bincount(np.r_[edges.row, edges.col], minlength=len(X)) == 0
        axes.plot(*X[~alone].T, "o", color=ACCENT, markersize=3)
        axes.plot(*X[alone].T, "o", color=SECOND, markersize=6, markerfacecolor="none", markeredgewidth=1.4)
        parts = connected_components(graph, directed=False, return_labels=False)
        counts = f"{_many(len(edges.data), 'edge')}, {_many(int(parts), 'component')}"
        axes.set_title("\n".join([fit_label(name, cells=34, lines=1), counts]))
        axes.set(xticks=[], yticks=[])
        axes.set_aspect("equal", adjustable="datalim")
    for axes in panels[len(graphs) :]:
        axes.remove()
    return figure


def _many(count: int, noun: str) -> str:
    return f"{count} {noun}{'s' * (count != 1)}"
