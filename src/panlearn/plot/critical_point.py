"""A critical point: its curvatures, and the way down from it."""

from typing import TYPE_CHECKING

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from panlearn.plot.labels import format_number
from panlearn.plot.style import ACCENT, MUTED, QUIET, SECOND, fix_ticks, house_style

if TYPE_CHECKING:
    from panlearn.diagnostics.critical_point import CriticalPoint
    from panlearn.diagnostics.loss_landscape import LossLandscape

WIDE = 30.0  # largest curvature relative to the median above which the scale is logarithmic


@house_style()
def plot_critical_point(point: "CriticalPoint", along: "LossLandscape | None" = None) -> Figure:
    """Draw the curvatures at a critical point in order, and the loss along the way down.

    How to read it: a mark below 0 is a direction in which the loss bends down. None at a minimum, all at a maximum,
    some at a saddle, where the slice at the right shows what a small gradient hides: the loss falls to both sides.

    Parameters
    ----------
    point : CriticalPoint
        What `panlearn.diagnostics.critical_point` returns.
    along : LossLandscape, optional
        A line through the point, as `loss_landscape(..., directions=[point.direction])` returns it.

    Returns
    -------
    matplotlib.figure.Figure
        Curvatures, and the slice if there is one.

    Raises
    ------
    ValueError
        If `along` is a plane.

    References
    ----------
    [dauphin2014], note 001 §7.3

    Examples
    --------
    >>> import numpy as np
    >>> from types import SimpleNamespace as Record
    >>> point = Record(verdict="saddle", eigenvalues=np.array([-2.0, 0.0, 1.0]), n_negative=1, n_flat=1, loss=0.5,
    ...                escape_loss=0.1, gradient_norm=0.0, exact=True, direction=np.zeros(3), step=np.ones(3))
    >>> plot_critical_point(point).axes[0].get_title(loc="left")
    'saddle: 1 of 3 directions bend down, 1 flat'
    """
    if along is not None and along.losses.ndim != 1:
        raise ValueError("along must be a line, a loss_landscape with one direction, got a plane")
    figure = Figure(figsize=(4.6 if along is None else 8.0, 3.4), layout="constrained")
    axes = list(np.atleast_1d(figure.subplots(1, 1 if along is None else 2)))
    _draw_curvatures(axes[0], point)
    if along is not None:
        _draw_slice(axes[1], point, along)
    return figure


def _draw_curvatures(axes: Axes, point: "CriticalPoint") -> None:
    """Eigenvalues in order, by sign; those near 0 do not bend."""
    fix_ticks(axes)
    values, p = point.eigenvalues, len(point.direction)
    rank = np.arange(1, len(values) + 1)
    if not point.exact:  # the outermost, at their places in the whole
        lower = len(values) // 2
        rank = np.r_[rank[:lower], p - len(values) + rank[lower:]]
    level = 1e-3 * np.abs(values).max()
    kinds = (values < -level, SECOND, "v"), (np.abs(values) <= level, QUIET, "o"), (values > level, ACCENT, "^")
    for which, colour, mark in kinds:
        axes.plot(rank[which], values[which], mark, color=colour, markersize=4 if len(values) < 200 else 2)
    axes.axhline(0, color=MUTED, linewidth=0.9, linestyle=":")
    axes.xaxis.set_major_locator(MaxNLocator(integer=True, min_n_ticks=1, nbins=6))
    bent = np.abs(values[np.abs(values) > level])
    if bent.size and bent.max() > WIDE * np.median(bent):  # a few large ones would press the others together
        axes.set_yscale("symlog", linthresh=float(np.median(bent)))
        axes.tick_params(axis="y", which="minor", length=0)
    about = "" if point.exact else "about "
    flat = f", {point.n_flat} flat" if point.n_flat else ""
    axes.set_title(f"{point.verdict}: {about}{point.n_negative} of {p} directions bend down{flat}")
    axes.set(xlabel="eigenvalue, in order", ylabel="curvature")


def _draw_slice(axes: Axes, point: "CriticalPoint", along: "LossLandscape") -> None:
    """Loss along a line."""
    fix_ticks(axes)
    axes.plot(along.across, along.losses, color=ACCENT)
    axes.plot(0, point.loss, "o", color=SECOND, markersize=6)
    escape = ""
    if point.escape_loss < point.loss:
        length = format_number(float(np.linalg.norm(point.step)))
        escape = f"; escape step of {length}: {format_number(point.loss)} → {format_number(point.escape_loss)}"
    axes.set_title(f"loss{escape}")
    axes.set_xlabel("step along the direction that bends down most")
