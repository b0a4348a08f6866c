"""Predictions of a number: how far off they are, and whether the error has a pattern."""

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import ArrayLike

from panlearn.plot.labels import format_number
from panlearn.plot.style import ACCENT, INK, MUTED, SECOND, annotate, house_style, new_axes
from panlearn.plot.svg import RASTER_FROM

SLICES = 12  # groups of equal size along the prediction, for the running median


@house_style()
def plot_predictions(target: ArrayLike, prediction: ArrayLike, *, name: str = "target") -> Figure:
    """Draw the true value of each row against the value predicted for it.

    How to read it: a perfect model puts every point on the dashed diagonal. Points above it were predicted too low.
    A cloud flatter than the diagonal shows predictions drawn towards the mean. Prediction is the horizontal axis, since
    given the prediction the errors average zero, and given the truth they do not [pineiro2008].

    Parameters
    ----------
    target, prediction : array_like of shape (n,)
        True and predicted numbers; rows that are not finite are left out.
    name : str
        What is predicted.

    Returns
    -------
    matplotlib.figure.Figure
        The picture.

    References
    ----------
    [pineiro2008]

    Examples
    --------
    >>> figure = plot_predictions([1.0, 2.0, 3.0], [1.1, 1.9, 3.0], name="price")
    >>> figure.axes[0].get_title(loc="left")
    'true price'
    """
    true, guess = _known(target, prediction)
    figure, axes = new_axes(width=5.0, height=4.2)
    low, high = _frame(np.concatenate([true, guess]))
    axes.plot([low, high], [low, high], color=MUTED, linewidth=1.2, linestyle=(0, (4, 3)), zorder=3)
    _scatter(axes, guess, true)
    axes.set(xlim=(low, high), ylim=(low, high), aspect="equal")
    _finish(axes, f"predicted {name}", f"true {name}")
    return figure


@house_style()
def plot_residuals(target: ArrayLike, prediction: ArrayLike, *, name: str = "target") -> Figure:
    """Draw the error of each row (true value - prediction) against its prediction.

    How to read it: the band should be level and of even width around zero. The orange line is the median error of
    twelve equal groups of rows, its shade holds the middle 80 %: a bent line is a shape the model missed, a band that
    opens like a funnel is noise that grows with the prediction (a log target may help) [anscombe1973].

    Parameters
    ----------
    target, prediction : array_like of shape (n,)
        True and predicted numbers; rows that are not finite are left out.
    name : str
        What is predicted.

    Returns
    -------
    matplotlib.figure.Figure
        The picture.

    References
    ----------
    [anscombe1973]

    Examples
    --------
    >>> figure = plot_residuals([1.0, 2.0, 3.0], [1.1, 1.9, 3.0], name="price")
    >>> figure.axes[0].get_xlabel()
    'predicted price'
    """
    true, guess = _known(target, prediction)
    error = true - guess
    figure, axes = new_axes(width=5.0, height=4.2)
    _scatter(axes, guess, error)
    axes.axhline(0, color=MUTED, linewidth=1.2, linestyle=(0, (4, 3)), zorder=3)
    if true.size >= 5 * SLICES:
        _running_quantiles(axes, guess, error)
    axes.set(xlim=_frame(guess), ylim=_frame(error))
    annotate(axes, f"mean {format_number(error.mean())},  s.d. {format_number(error.std())}", y=0.04)
    _finish(axes, f"predicted {name}", f"error: true − predicted {name}")
    return figure


def _known(target: ArrayLike, prediction: ArrayLike) -> tuple[np.ndarray, np.ndarray]:
    true, guess = np.asarray(target, dtype=float), np.asarray(prediction, dtype=float)
    finite = np.isfinite(true) & np.isfinite(guess)
    if not finite.any():
        raise ValueError("target and prediction must share at least one finite row, got none")
    return true[finite], guess[finite]


def _frame(values: np.ndarray) -> tuple[float, float]:
    """Limits that show all but the most extreme thousandth of many values, with a margin."""
    low, high = np.quantile(values, [0.0005, 0.9995]) if values.size > RASTER_FROM else (values.min(), values.max())
    margin = 0.04 * (high - low) or max(abs(high) * 0.1, 0.5)
    return float(low - margin), float(high + margin)


def _scatter(axes: Axes, x: np.ndarray, y: np.ndarray) -> None:
    """Points whose size and opacity fall with their number; a bitmap where SVG marks would be too many."""
    alpha = float(np.clip(28 / np.sqrt(x.size), 0.08, 0.6))
    size = float(np.clip(5000 / x.size, 4, 16))
    axes.scatter(x, y, s=size, color=ACCENT, alpha=alpha, linewidths=0, rasterized=x.size > RASTER_FROM)
    if x.size > RASTER_FROM:
        axes.annotate(
            f"{format_number(x.size, 0)} rows",
            (1, 1),
            xycoords="axes fraction",
            xytext=(0, 8),
            textcoords="offset points",
            ha="right",
            color=MUTED,
        )


def _running_quantiles(axes: Axes, x: np.ndarray, y: np.ndarray) -> None:
    groups = np.array_split(np.argsort(x, kind="stable"), SLICES)
    middle = [np.median(x[rows]) for rows in groups]
    low, median, high = np.array([np.quantile(y[rows], [0.1, 0.5, 0.9]) for rows in groups]).T
    axes.fill_between(middle, low, high, color=SECOND, alpha=0.18, linewidth=0, zorder=4)
    axes.plot(middle, median, color=SECOND, zorder=5)


def _finish(axes: Axes, x_label: str, title: str) -> None:
    axes.set_xlabel(_short(x_label))
    axes.set_title(_short(title), color=INK)
    axes.locator_params(nbins=6)


def _short(text: str) -> str:
    return text if len(text) <= 48 else text[:47] + "…"
