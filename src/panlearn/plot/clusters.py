"""Clusters of rows in two dimensions, and the way of their centres."""

from collections.abc import Sequence

import numpy as np
from matplotlib.figure import Figure
from numpy.typing import ArrayLike

from panlearn.plot.style import ACCENT, INK, QUIET, SECOND, SURFACE, fix_ticks, house_style

MARKS = "osD^vP*X<>"  # a shape for each cluster: colours alone do not tell ten apart
TONES = (ACCENT, SECOND, QUIET)


@house_style()
def plot_clusters(
    X: ArrayLike,
    labels: ArrayLike,
    *,
    path: Sequence[ArrayLike] | None = None,
    inertia: ArrayLike | None = None,
    names: Sequence[str] = ("", ""),
) -> Figure:
    r"""Draw rows by cluster, the way of the centres through the iterations, and the inertia on that way.

    How to read it: each shape is a cluster; a line leads from where a centre started to where it stopped, the large
    mark. The inertia falls in every iteration, at first fast [lloyd1982]; where it is flat, nothing moves any more.

    Parameters
    ----------
    X : array_like of shape (n, 2)
        Rows.
    labels : array_like of shape (n,)
        Cluster of each row.
    path : sequence of array_like of shape (k, 2), optional
        Centres at the start and after each iteration.
    inertia : array_like of shape (T,), optional
        Inertia in the iterations; drawn in a second panel.
    names : sequence of str
        Names of the two columns.

    Returns
    -------
    matplotlib.figure.Figure
        The picture.

    Raises
    ------
    ValueError
        If X has not two columns, or the lengths differ.

    References
    ----------
    [lloyd1982], note 001 §10.1

    Examples
    --------
    >>> figure = plot_clusters([[0, 0], [0, 1], [5, 5]], [0, 0, 1], path=[[[0, 0], [0, 1]], [[0, 0.5], [5, 5]]])
    >>> len(figure.axes[0].collections)  # rows of two clusters
    2
    """
    X, labels = np.asarray(X, dtype=float), np.asarray(labels).ravel()
    if X.ndim != 2 or X.shape[1] != 2 or len(X) != len(labels):
        raise ValueError(f"X must have shape (n, 2) and labels shape (n,), got {X.shape} and {labels.shape}")
    panels = 1 if inertia is None else 2
    figure = Figure(figsize=(5.0 if panels == 1 else 8.0, 3.9), layout="constrained")
    plane, *rest = figure.subplots(1, panels, squeeze=False, width_ratios=[3, 2][:panels])[0]
    fix_ticks(plane)
    for j, label in enumerate(np.unique(labels)):
        rows = X[labels == label]
        tone, mark = TONES[j % len(TONES)], MARKS[j % len(MARKS)]
        plane.scatter(*rows.T, s=14, marker=mark, color=tone, alpha=0.6, linewidths=0, label=f"cluster {label}")
    if path is not None:
        ways = np.array([np.asarray(centres, dtype=float) for centres in path])  # (T + 1, k, 2)
        for way in ways.transpose(1, 0, 2):
            plane.plot(*way.T, "-", color=SURFACE, linewidth=3.2)
            plane.plot(*way.T, ".-", color=INK, linewidth=1.2, markersize=4)
            plane.plot(*way[-1], "X", color=INK, markersize=10, markeredgecolor=SURFACE)
    plane.set_xlabel(names[0])
    plane.set_ylabel(names[1])
    plane.set_title("rows and centres" if path is not None else "rows")
    for axes in rest:
        fix_ticks(axes)
        values = np.asarray(inertia, dtype=float).ravel()
        axes.plot(np.arange(1, values.size + 1), values, ".-", color=ACCENT)
        axes.set_ylim(bottom=0)
        axes.set_title("inertia")
        axes.set_xlabel("iteration")
        axes.locator_params(axis="x", integer=True)
    return figure
