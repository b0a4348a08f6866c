"""The learning curve, whether more rows would help; the validation curve, whether another setting would."""

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, NullFormatter
from numpy.typing import ArrayLike

from panlearn.plot.labels import format_number
from panlearn.plot.style import ACCENT, MUTED, SECOND, SURFACE, house_style, new_axes


@house_style()
def plot_learning_curve(rows: ArrayLike, train: ArrayLike, test: ArrayLike, *, metric: str = "score") -> Figure:
    """Draw the score on training rows and on held-out rows against the number of training rows.

    How to read it: the line is the mean over folds, the band one standard deviation to each side. A gap between the
    curves that is still closing at the right end says that more rows would help (variance); two curves that meet at a
    poor score say that they would not, and that the model is too simple (bias) [hastie2009].

    Parameters
    ----------
    rows : array_like of shape (m,)
        Numbers of training rows.
    train, test : array_like of shape (m, folds)
        Scores; nan where a fold was not run.
    metric : str
        Name of the score.

    Returns
    -------
    matplotlib.figure.Figure
        The picture.

    Raises
    ------
    ValueError
        If there is no size at which a score is known.

    References
    ----------
    [hastie2009] section 7.2

    Examples
    --------
    >>> figure = plot_learning_curve([10, 20, 80], [[1.0], [0.9], [0.8]], [[0.2], [0.5], [0.7]], metric="accuracy")
    >>> figure.axes[0].get_xscale()
    'log'
    """
    rows = np.asarray(rows, dtype=float)
    figure, axes = new_axes()
    drawn = [
        _draw_curve(axes, rows, train, "training rows", SECOND, "--"),
        _draw_curve(axes, rows, test, "held-out rows", ACCENT, "-"),
    ]
    if not any(drawn):
        raise ValueError("train and test must hold a finite score for at least one size, got none")
    if rows.size > 1 and rows.max() >= 6 * rows.min() > 0:
        axes.set_xscale("log")
        axes.set_xticks(_apart(rows))
        axes.xaxis.set_minor_formatter(NullFormatter())
        axes.tick_params(axis="x", which="minor", length=0)
    axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: format_number(value, 0)))
    axes.set_xlabel("training rows")
    axes.set_title(metric)
    axes.legend(loc="best")
    return figure


@house_style()
def plot_validation_curve(
    values: ArrayLike,
    train: ArrayLike,
    test: ArrayLike,
    *,
    parameter: str = "parameter",
    metric: str = "score",
    log: bool = False,
) -> Figure:
    """Draw the score on training rows and on held-out rows against the values of a parameter.

    How to read it: where both curves are poor the model is too simple (bias); where the training curve is good and the
    other is not it is too free (variance). The dotted line is the value with the best mean on held-out rows, which
    flatters a little: it is the best of several [hastie2009].

    Parameters
    ----------
    values : array_like of shape (m,)
        Values of the parameter: numbers, or names.
    train, test : array_like of shape (m, folds)
        Scores, as `validation_curve` returns them; nan where a fold was not run.
    parameter : str
        Name of the parameter.
    metric : str
        Name of the score.
    log : bool
        Whether the values are drawn on a logarithmic axis.

    Returns
    -------
    matplotlib.figure.Figure
        The picture.

    Raises
    ------
    ValueError
        If there is no value at which a held-out score is known.

    References
    ----------
    [hastie2009] section 7.2

    Examples
    --------
    >>> figure = plot_validation_curve([1, 3, 9], [[0.6], [0.8], [1.0]], [[0.5], [0.7], [0.4]], parameter="depth")
    >>> float(figure.axes[0].lines[-1].get_xdata()[0])  # the best depth
    3.0
    """
    names = np.asarray(values)
    numbers = names.dtype.kind in "iuf"
    x = names.astype(float) if numbers else np.arange(names.size, dtype=float)
    figure, axes = new_axes()
    _draw_curve(axes, x, train, "training rows", SECOND, "--")
    if not _draw_curve(axes, x, test, "held-out rows", ACCENT, "-"):
        raise ValueError("test must hold a finite score for at least one value, got none")
    found, mean = (np.asarray(data, dtype=float) for data in axes.lines[-1].get_data())
    axes.axvline(found[mean.argmax()], color=MUTED, linestyle=":", linewidth=1.2)
    if log:
        axes.set_xscale("log")
    if numbers:
        axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: format_number(value)))
    else:
        axes.set_xticks(x, [str(name) for name in names])
    axes.set_xlabel(parameter)
    axes.set_title(metric)
    axes.legend(loc="best", frameon=True, facecolor=SURFACE, edgecolor="none")  # hides the dotted line behind it
    return figure


def _draw_curve(axes: Axes, rows: np.ndarray, scores: ArrayLike, label: str, colour: str, line: str) -> bool:
    """Draw mean and band; return whether there was anything to draw."""
    scores = np.asarray(scores, dtype=float).reshape(rows.size, -1)
    known = np.isfinite(scores)
    use = known.any(axis=1)
    if not use.any():
        return False
    count = known[use].sum(axis=1)
    values = np.where(known, scores, 0)[use]
    mean = values.sum(axis=1) / count
    deviation = np.where(known[use], values - mean[:, None], 0)
    spread = np.sqrt((deviation**2).sum(axis=1) / np.maximum(count - 1, 1))
    axes.fill_between(rows[use], mean - spread, mean + spread, color=colour, alpha=0.15, linewidth=0)
    axes.plot(rows[use], mean, line, color=colour, label=label, marker="o", markersize=4.5)
    return True


def _apart(rows: np.ndarray) -> list[float]:
    """Those of the sizes whose labels do not touch on a logarithmic axis."""
    kept: list[float] = [float(rows.max())]
    room = (rows.max() / rows.min()) ** (1 / 6)
    for size in np.sort(rows)[::-1]:
        if kept[-1] / size >= room:
            kept.append(float(size))
    return kept[::-1]
