"""The tree of a hierarchical clustering, drawn with its heights."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib.figure import Figure

from panlearn.plot.labels import fit_label, format_number
from panlearn.plot.style import ACCENT, INK, MUTED, QUIET, SECOND, house_style, new_axes

HUES = (ACCENT, SECOND)  # neighbouring clusters alternate


@house_style()
def plot_dendrogram(
    tree: Any,
    *,
    n_clusters: int | None = None,
    labels: Sequence[str] | None = None,
    max_leaves: int = 30,
) -> Figure:
    r"""Draw the merges of a hierarchical clustering as a tree.

    How to read it: a bar joins two clusters at the height of their distance. A horizontal line cuts as many clusters as
    the branches it crosses; a long stretch without a bar is where a cut is clearest. The order from left to right has
    no meaning but that the parts of a cluster stand together.

    Parameters
    ----------
    tree : estimator or array_like of shape (n - 1, 4)
        A fitted estimator with `linkage_matrix_`, or a linkage matrix.
    n_clusters : int, optional
        Number of clusters to colour and to cut at; an estimator brings its own.
    labels : sequence of str, optional
        Names of the n leaves, written where they are drawn one by one.
    max_leaves : int
        Most leaves to draw; of a larger tree the last merges are drawn, and the number of points below each leaf.

    Returns
    -------
    matplotlib.figure.Figure
        The picture.

    Raises
    ------
    ValueError
        If the matrix is not a linkage matrix, or the number of labels is wrong.

    References
    ----------
    [murtagh1983]; course notes 001 §10.1

    Examples
    --------
    >>> from panlearn.cluster import linkage
    >>> figure = plot_dendrogram(linkage([[0.0], [1.0], [5.0], [7.0]], "average"), n_clusters=2)
    >>> [float(line.get_ydata().max()) for line in figure.axes[0].lines[:3]]
    [1.0, 2.0, 5.5]
    """
    own = getattr(tree, "n_clusters_", None)
    Z = np.asarray(getattr(tree, "linkage_matrix_", tree), dtype=float)
    if Z.ndim != 2 or Z.shape[1] != 4 or not len(Z):
        raise ValueError(f"tree must be a linkage matrix of shape (n - 1, 4) with n >= 2, got shape {Z.shape}")
    n = len(Z) + 1
    if labels is not None and len(labels) != n:
        raise ValueError(f"labels must name the {n} leaves, got {len(labels)}")
    k = min(n_clusters or own or 1, n)
    shown = min(n, max(2, max_leaves))
    roots = _roots(Z, shown)
    place = {node: float(i) for i, node in enumerate(roots)}
    cluster = _clusters(Z, k, roots)
    figure, axes = new_axes(5.4, 3.6)
    floor = _floor(Z, shown)
    for t in range(n - shown, n - 1):
        a, b = int(Z[t, 0]), int(Z[t, 1])
        x, y = (place[a], place[b]), Z[t, 2]
        lows = [Z[node - n, 2] if node >= 2 * n - shown else floor for node in (a, b)]
        inside = cluster.get(n + t)
        colour = QUIET if inside is None else HUES[inside % 2]
        axes.plot([x[0], x[0], x[1], x[1]], [lows[0], y, y, lows[1]], color=colour, linewidth=1.5)
        place[n + t] = (x[0] + x[1]) / 2
    if 1 < k < n:
        cut = (Z[n - k, 2] + Z[n - k - 1, 2]) / 2
        axes.axhline(cut, color=MUTED, linestyle=":", linewidth=1.2)
        axes.annotate(
            f"{k} clusters",
            (1, cut),
            xycoords=("axes fraction", "data"),
            xytext=(0, 3),
            textcoords="offset points",
            ha="right",
            va="bottom",
            color=INK,
            fontsize=8.5,
        )
    _name_leaves(axes, Z, roots, labels)
    axes.set_ylim(bottom=floor)
    axes.set_title("height")
    axes.grid(axis="x", visible=False)
    axes.spines["bottom"].set_visible(False)
    return figure


def _roots(Z: np.ndarray, shown: int) -> list[int]:
    """Nodes drawn as leaves, from left to right: what the last merges join."""
    n, order, open_nodes = len(Z) + 1, [], [2 * len(Z)]
    while open_nodes:
        node = open_nodes.pop()
        if node >= 2 * n - shown:
            open_nodes.extend((int(Z[node - n, 1]), int(Z[node - n, 0])))
        else:
            order.append(node)
    return order


def _clusters(Z: np.ndarray, k: int, roots: list[int]) -> dict[int, int]:
    """Which of the k clusters each node lies in, numbered from left to right; nodes above the cut are left out."""
    n = len(Z) + 1
    top = {}
    for node in range(2 * n - 1 - k, -1, -1):
        top.setdefault(node, node)
        if node >= n:
            for child in Z[node - n, :2].astype(int):
                top[child] = top[node]
    number: dict[int, int] = {}
    for root in roots:
        if root in top:
            number.setdefault(top[root], len(number))
    return {node: number[high] for node, high in top.items() if high in number}


def _floor(Z: np.ndarray, shown: int) -> float:
    """Where the height axis starts: at 0, or under the drawn merges if they lie high above it."""
    drawn = Z[len(Z) + 1 - shown :, 2]
    return 0.0 if drawn.min() < 0.5 * drawn.max() else float(drawn.min() - 0.1 * np.ptp(drawn))


def _name_leaves(axes: Any, Z: np.ndarray, roots: list[int], labels: Sequence[str] | None) -> None:
    n = len(Z) + 1
    names = [
        format_number(float(Z[node - n, 3])) if node >= n else fit_label(str(labels[node]), 12) if labels else "1"
        for node in roots
    ]
    long = max(map(len, names), default=0) > 4
    axes.set_xticks(range(len(roots)), names, rotation=90 if long else 0, fontsize=8 if len(roots) <= 30 else 6)
    axes.tick_params(axis="x", length=0)
    if labels is None or len(roots) < n:
        axes.set_xlabel("points below the branch")
