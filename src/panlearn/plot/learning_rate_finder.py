"""Loss against learning rate: too small, right, too large."""

import numpy as np
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter
from numpy.typing import ArrayLike

from panlearn.plot.labels import format_number
from panlearn.plot.style import ACCENT, QUIET, SECOND, house_style, new_axes


@house_style()
def plot_learning_rate_finder(
    rates: ArrayLike, losses: ArrayLike, smoothed: ArrayLike, suggestion: float | None = None
) -> Figure:
    """Draw what `panlearn.neural_network.learning_rate_finder` found; pass its result as `*found`.

    How to read it: at the left the rate is too small to move anything, at the right so large that the loss explodes.
    A good first choice lies where the curve falls fastest [smith2017]; its minimum is already too far to the right.

    Parameters
    ----------
    rates : array_like of shape (m,)
        Learning rates, positive and ascending.
    losses : array_like of shape (m,)
        Loss of the batch at each.
    smoothed : array_like of shape (m,)
        Their fading mean.
    suggestion : float, optional
        A rate to mark and to name in the title.

    Returns
    -------
    matplotlib.figure.Figure
        The picture.

    Raises
    ------
    ValueError
        If the lengths differ, there is no rate, or one is not positive.

    References
    ----------
    [smith2017]

    Examples
    --------
    >>> figure = plot_learning_rate_finder([1e-3, 1e-2, 1e-1], [2.0, 1.0, 3.0], [2.0, 1.5, 2.0], 1e-2)
    >>> figure.axes[0].get_xscale()
    'log'
    """
    rates, losses, smoothed = (np.asarray(a, dtype=float).ravel() for a in (rates, losses, smoothed))
    sizes = {rates.size, losses.size, smoothed.size}
    if len(sizes) > 1 or not rates.size:
        raise ValueError(f"rates, losses and smoothed must have one length of at least 1, got {sorted(sizes)}")
    if not (rates > 0).all():
        raise ValueError(f"rates must be positive, got {rates.min():.3g}")
    figure, axes = new_axes(5.0, 3.4)
    axes.plot(rates, losses, ".", color=QUIET, markersize=4, label="loss of a batch")
    axes.plot(rates, smoothed, color=ACCENT, label="fading mean")
    axes.set_xscale("log")
    axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: format_number(value)))
    axes.tick_params(which="minor", length=0)
    low, high = float(min(losses.min(), smoothed.min())), float(max(smoothed.max(), np.quantile(losses, 0.9)))
    margin = 0.06 * (high - low) or 1.0
    axes.set_ylim(low - margin, high + margin)  # a batch that explodes at the end would flatten the rest
    if suggestion is not None:
        height = float(np.interp(np.log(suggestion), np.log(rates), smoothed))
        axes.plot([suggestion], [height], "o", color=SECOND, markersize=7)
    axes.set_xlabel("learning rate")
    axes.set_title("loss" if suggestion is None else f"loss; falls fastest at {format_number(suggestion)}")
    axes.legend(loc="best", fontsize=8.5)
    return figure
