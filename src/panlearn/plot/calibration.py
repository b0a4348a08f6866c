"""Calibration: whether "70 % sure" comes true in 70 of 100 cases."""

import numpy as np
from matplotlib.figure import Figure
from numpy.typing import ArrayLike

from panlearn.plot.labels import format_number
from panlearn.plot.style import ACCENT, MUTED, annotate, fix_ticks, house_style

BINS = 10


@house_style()
def plot_calibration(outcome: ArrayLike, probability: ArrayLike, *, event: str = "the event") -> Figure:
    """Draw how often an event happened against the probability that was forecast for it, above a histogram.

    How to read it: on the diagonal, forecasts mean what they say; below it they are too sure, above it too modest. A
    whisker is a 95 % interval of the frequency [wilson1927]: a point whose whisker reaches the diagonal is no
    evidence of a fault. The histogram shows where the forecasts lie; groups hold equal numbers of rows, so that each
    point rests on the same evidence. For several classes pass, as the event, that the most probable label was right
    (top-label reliability) [guo2017]. The error is the mean distance from the diagonal; the Brier score is
    the mean squared error of the forecasts [brier1950].

    Parameters
    ----------
    outcome : array_like of shape (n,)
        1 or True where the event happened.
    probability : array_like of shape (n,)
        Forecast of the event, in [0, 1]; rows that are not finite are left out.
    event : str
        What was forecast, for the axis.

    Returns
    -------
    matplotlib.figure.Figure
        The picture.

    Raises
    ------
    ValueError
        If there is no row with a finite probability.

    References
    ----------
    [brier1950], [guo2017], [wilson1927]

    Examples
    --------
    >>> figure = plot_calibration([0, 1, 1, 1], [0.25, 0.75, 0.75, 0.75], event="rain")
    >>> figure.axes[0].get_title(loc="left")
    'share of rows where rain'
    """
    happened, forecast = np.asarray(outcome, dtype=float), np.asarray(probability, dtype=float)
    finite = np.isfinite(forecast)
    happened, forecast = happened[finite], forecast[finite]
    if forecast.size == 0:
        raise ValueError("probability must hold at least one finite value, got none")
    figure = Figure(figsize=(5.0, 4.4), layout="constrained")
    top, bottom = figure.subplots(2, 1, sharex=True, gridspec_kw={"height_ratios": [4, 1]})
    fix_ticks(top)
    fix_ticks(bottom)
    mean, frequency, count = group_forecasts(happened, forecast)
    low, high = wilson_interval(frequency, count)
    top.plot([0, 1], [0, 1], color=MUTED, linewidth=1.2, linestyle=(0, (4, 3)))
    top.vlines(mean, low, high, color=ACCENT, linewidth=1.4, alpha=0.6)
    top.plot(mean, frequency, "o-", color=ACCENT, markersize=6)
    top.set(xlim=(-0.02, 1.02), ylim=(-0.03, 1.03))
    top.set_title(f"share of rows where {event}"[:60])
    error = float(np.average(np.abs(mean - frequency), weights=count))
    brier = float(np.mean((forecast - happened) ** 2))
    annotate(top, f"calibration error {format_number(error)}\nBrier score {format_number(brier)}")
    bottom.hist(forecast, bins=np.linspace(0, 1, 21).tolist(), color=ACCENT, alpha=0.45)
    bottom.set_title("rows")
    bottom.set_xlabel("forecast probability")
    bottom.locator_params(axis="y", nbins=2)
    return figure


def group_forecasts(happened: np.ndarray, forecast: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Split the rows into at most `BINS` groups of equal size; equal forecasts stay together.

    Returns
    -------
    mean, frequency, count : ndarray of shape (groups,)
        Mean forecast, share of rows where the event happened, number of rows.
    """
    edges = np.unique(np.quantile(forecast, np.linspace(0, 1, BINS + 1)))
    group = np.searchsorted(edges[1:-1], forecast, side="left")
    size = max(len(edges) - 1, 1)
    count = np.bincount(group, minlength=size)
    used = count > 0
    mean = np.bincount(group, forecast, size)[used] / count[used]
    return mean, np.bincount(group, happened, size)[used] / count[used], count[used]


def wilson_interval(frequency: np.ndarray, count: np.ndarray, z: float = 1.96) -> tuple[np.ndarray, np.ndarray]:
    """Return the ends of the score interval of a proportion [wilson1927]; z = 1.96 holds 95 %.

    Examples
    --------
    >>> low, high = wilson_interval(np.array([0.0]), np.array([10]))
    >>> round(float(low[0]), 3), round(float(high[0]), 3)  # 0 of 10 does not prove "never"
    (0.0, 0.278)
    """
    shrunk = (frequency + z**2 / (2 * count)) / (1 + z**2 / count)
    half = z / (1 + z**2 / count) * np.sqrt(frequency * (1 - frequency) / count + z**2 / (4 * count**2))
    return np.clip(shrunk - half, 0, 1), np.clip(shrunk + half, 0, 1)
