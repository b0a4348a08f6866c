"""All ways of pruning on one data set: leaves against error on held-out rows."""

from collections.abc import Mapping

import numpy as np
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, NullFormatter

from panlearn.plot.labels import format_number
from panlearn.plot.style import ACCENT, INK, QUIET, house_style, new_axes


@house_style()
def plot_pruning_comparison(trees: Mapping[str, tuple[float, float]], *, unpruned: str = "none") -> Figure:
    """Draw a point for each way of pruning: how many leaves it leaves, and how often the tree errs.

    How to read it: low and left is good. A pruned tree far to the left of the unpruned one, and no higher, has lost
    nothing but noise.

    Parameters
    ----------
    trees : mapping of str to (leaves, error)
        Size and held-out error by the name of the pruning.
    unpruned : str
        The name of the full tree, drawn apart.

    Returns
    -------
    matplotlib.figure.Figure
        The picture.

    Raises
    ------
    ValueError
        If there is no tree.

    References
    ----------
    [quinlan1987], note 000 §4.5

    Examples
    --------
    >>> figure = plot_pruning_comparison({"none": (900, 0.19), "pessimistic": (120, 0.15)})
    >>> figure.axes[0].get_xscale(), sorted(text.get_text() for text in figure.axes[0].texts)
    ('log', ['none', 'pessimistic'])
    """
    if not trees:
        raise ValueError("trees must hold at least one pruning, got none")
    figure, axes = new_axes(6.0, 3.6)
    points = np.array([trees[name] for name in trees], dtype=float)
    wide = points[:, 0].max() > 5 * points[:, 0].min()
    if wide:
        axes.set_xscale("log")
    for name, (leaves, error) in trees.items():
        axes.plot(leaves, 100 * error, "o", color=QUIET if name == unpruned else ACCENT, markersize=7)
    axes.margins(0.08, 0.15)
    axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: format_number(value)))
    axes.xaxis.set_minor_formatter(NullFormatter())
    axes.tick_params(which="minor", length=0)
    axes.set(xlabel="leaves", ylabel="error on held-out rows, %")
    low, high = axes.get_xlim()
    middle = np.sqrt(low * high) if wide else (low + high) / 2
    for name, height in zip(trees, _apart(points, axes.get_ylim(), wide), strict=True):
        leaves, error = trees[name]
        right = leaves < middle
        axes.annotate(
            name,
            (leaves, 100 * error),
            xytext=(9 if right else -9, height),
            textcoords="offset points",
            ha="left" if right else "right",
            va="center",
            color=INK,
            fontsize=8.5,
        )
    return figure


def _apart(points: np.ndarray, limits: tuple[float, float], wide: bool) -> np.ndarray:
    """Heights of the names above their points, so that those of neighbours do not touch."""
    x = np.log(points[:, 0]) if wide else points[:, 0]
    x = (x - x.min()) / (np.ptp(x) or 1.0)
    y = 200.0 * (100 * points[:, 1] - limits[0]) / (limits[1] - limits[0])  # points of height
    order, placed = np.argsort(y), y.copy()
    for place, i in enumerate(order):
        for j in order[:place]:
            if abs(x[i] - x[j]) < 0.35 and placed[i] < placed[j] + 11:
                placed[i] = placed[j] + 11
    return placed - y
