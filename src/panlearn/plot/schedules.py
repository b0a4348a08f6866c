"""Learning rates over the passes, one panel a schedule."""

from collections.abc import Mapping

import numpy as np
from matplotlib.figure import Figure
from numpy.typing import ArrayLike

from panlearn.plot.style import ACCENT, MUTED, fix_ticks, house_style

COLUMNS = 3


@house_style()
def plot_schedules(factors: Mapping[str, ArrayLike], max_epochs: float) -> Figure:
    """Draw the factor on the learning rate against the passes over the data, for several schedules.

    How to read it: all panels have the same axes; the area under a curve is the way the parameters can go.

    Parameters
    ----------
    factors : mapping of str to array_like of shape (steps,)
        Name of each schedule, and its factor at each step, evenly spaced over the passes.
    max_epochs : float
        Passes.

    Returns
    -------
    matplotlib.figure.Figure
        The picture.

    Raises
    ------
    ValueError
        If there is no schedule, or one has no step.

    References
    ----------
    [loshchilov2017], note 001 §3.1

    Examples
    --------
    >>> figure = plot_schedules({"constant": [1.0, 1.0], "falling": [1.0, 0.5]}, max_epochs=2)
    >>> [axes.get_title(loc="left") for axes in figure.axes]
    ['constant', 'falling']
    """
    curves = {name: np.asarray(values, dtype=float).ravel() for name, values in factors.items()}
    if not curves or not all(curve.size for curve in curves.values()):
        raise ValueError("factors must hold at least one schedule, each with at least one step")
    columns = min(COLUMNS, len(curves))
    rows = -(-len(curves) // columns)
    figure = Figure(figsize=(2.1 * columns + 0.5, 1.35 * rows + 0.5), layout="constrained")
    panels = figure.subplots(rows, columns, sharex=True, sharey=True, squeeze=False)
    for axes, (name, curve) in zip(panels.flat, curves.items(), strict=False):
        fix_ticks(axes)
        axes.plot(np.linspace(0, max_epochs, curve.size, endpoint=False), curve, color=ACCENT, drawstyle="steps-post")
        axes.set_title(name)
        axes.set_ylim(-0.05, 1.1)
    for axes in panels.flat[len(curves) :]:
        axes.remove()
    for place, axes in enumerate(panels.flat[: len(curves)]):
        if place + columns >= len(curves):  # nothing below it
            axes.tick_params(labelbottom=True)
            axes.set_xlabel("passes over the data")
    figure.supylabel("factor on the learning rate", fontsize=9.5, color=MUTED)
    return figure
