"""Permutation importances: which columns the model leans on."""

from collections.abc import Mapping

import numpy as np
from matplotlib.figure import Figure
from numpy.typing import ArrayLike

from panlearn.plot.labels import format_number, name_rows, score_decimals
from panlearn.plot.style import ACCENT, INK, MUTED, house_style, new_axes

MAX_COLUMNS = 20


@house_style()
def plot_importances(importances: Mapping[str, ArrayLike], *, metric: str = "score") -> Figure:
    """Draw how far the score falls when the values of one column are shuffled.

    How to read it: the bar is the mean over repeats, the dots are the repeats. Bars near zero, or dots on both sides
    of it, mark columns the model does without. Columns that say the same share their importance, so each may look
    useless although the pair is not [breiman2001] [strobl2008].

    Parameters
    ----------
    importances : mapping of str to array_like of shape (repeats,)
        Fall of the score by column; the largest means are shown.
    metric : str
        Name of the score.

    Returns
    -------
    matplotlib.figure.Figure
        The picture.

    Raises
    ------
    ValueError
        If there is no column.

    References
    ----------
    [breiman2001], [strobl2008]

    Examples
    --------
    >>> figure = plot_importances({"noise": [0.0, 0.01], "signal": [0.3, 0.2]}, metric="r2")
    >>> [text.get_text() for text in figure.axes[0].texts]
    ['0.250', '0.005', 'signal', 'noise']
    """
    falls = {name: np.asarray(values, dtype=float).ravel() for name, values in importances.items()}
    falls = {name: values[np.isfinite(values)] for name, values in falls.items()}
    order = sorted((name for name in falls if falls[name].size), key=lambda name: -falls[name].mean())
    if not order:
        raise ValueError("importances must hold at least one column with a finite value, got none")
    shown = order[:MAX_COLUMNS]
    means = np.array([falls[name].mean() for name in shown])
    decimals = score_decimals(float(np.abs(means).max()) / 10)
    figure, axes = new_axes(width=5.0, height=max(1.6, 0.85 + 0.3 * len(shown)))
    axes.barh(range(len(shown)), means, height=0.62, color=ACCENT, alpha=0.35)
    for row, name in enumerate(shown):
        axes.plot(falls[name], np.full(falls[name].size, row), "o", color=ACCENT, markersize=4, markeredgewidth=0)
        axes.annotate(
            format_number(means[row], decimals),
            (1, row),
            xycoords=("axes fraction", "data"),
            xytext=(6, 0),
            textcoords="offset points",
            va="center",
            color=INK,
        )
    axes.axvline(0, color=MUTED, linewidth=1)
    name_rows(axes, shown)
    axes.set_xlabel(f"fall of {metric} when the column is shuffled")
    if len(order) > len(shown):
        axes.set_title(f"The {len(shown)} largest of {len(order)} columns")
    return figure
