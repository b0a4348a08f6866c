"""Trajectories: the way an optimiser takes over the contours of a function of two variables."""

from collections.abc import Callable, Mapping

import numpy as np
from matplotlib.figure import Figure
from numpy.typing import ArrayLike

from panlearn.plot.style import ACCENT, GRID, INK, MUTED, QUIET, SECOND, house_style, new_axes

STYLES = ((ACCENT, "-", "o"), (SECOND, "-", "s"), (QUIET, "-", "^"), (INK, "--", "o"), (MUTED, ":", "s"))
RESOLUTION = 201  # points of the grid along each axis


@house_style()
def plot_trajectories(
    function: Callable[[np.ndarray], float],
    trajectories: Mapping[str, ArrayLike],
    *,
    xlim: tuple[float, float],
    ylim: tuple[float, float],
    levels: int = 14,
) -> Figure:
    """Draw the points that optimisers visit on the contours of a function.

    How to read it: each mark is a point, the line between two marks a step. Steps across the contours descend; a
    zigzag says that the learning rate is too large for the steep direction, a crowd of marks that it is too small for
    the flat one. Near a saddle point the marks crowd because the gradient vanishes there too.

    Parameters
    ----------
    function : callable
        Maps an array (2,) to a number.
    trajectories : mapping of str to array_like of shape (steps, 2)
        Points by the name of the optimiser, at most five; points outside the picture are cut off.
    xlim, ylim : tuple of float
        The part of the plane to show.
    levels : int
        Contours, at equal shares of the grid's points between them.

    Returns
    -------
    matplotlib.figure.Figure
        The picture.

    Raises
    ------
    ValueError
        If there are no trajectories or more than five, or one does not hold points of the plane.

    Examples
    --------
    >>> figure = plot_trajectories(lambda x: x @ x, {"SGD": [[2, 0], [1, 0]]}, xlim=(-3, 3), ylim=(-3, 3))
    >>> [text.get_text() for text in figure.axes[0].get_legend().get_texts()]
    ['SGD']
    """
    if not 1 <= len(trajectories) <= len(STYLES):
        raise ValueError(f"trajectories must hold 1 to {len(STYLES)} entries, got {len(trajectories)}")
    across, up = np.linspace(*xlim, RESOLUTION), np.linspace(*ylim, RESOLUTION)
    values = np.array([[float(function(np.array([x, y]))) for x in across] for y in up])
    figure, axes = new_axes(5.2, 3.6)
    edges = np.unique(np.quantile(values[np.isfinite(values)], np.linspace(0, 1, levels + 2)[1:-1]))
    axes.grid(visible=False)
    axes.contour(across, up, values, levels=edges, colors=GRID, linewidths=0.9, linestyles="solid")
    for (name, points), (colour, line, mark) in zip(trajectories.items(), STYLES, strict=False):
        points = np.asarray(points, dtype=float)
        if points.ndim != 2 or points.shape[1] != 2:
            raise ValueError(f"trajectory {name!r} must have the shape (steps, 2), got {points.shape}")
        axes.plot(*points.T, line, color=colour, marker=mark, markersize=3, linewidth=1.2, label=name)
    axes.plot(*np.asarray(next(iter(trajectories.values())), dtype=float)[0], "o", color=INK, markersize=6)
    axes.set(xlim=xlim, ylim=ylim, xlabel="w₁", ylabel="w₂")
    axes.legend(loc="best", fontsize=8)
    return figure
