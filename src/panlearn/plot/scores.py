"""The score of each method on each fold: whether a lead is larger than the luck of the split."""

from collections.abc import Collection, Mapping

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import ArrayLike

from panlearn.plot.labels import format_number, name_rows, score_decimals
from panlearn.plot.style import ACCENT, INK, MUTED, QUIET, house_style, new_axes

MAX_METHODS = 40  # rows of a picture that is still read at a glance


@house_style()
def plot_score_distribution(
    scores: Mapping[str, ArrayLike],
    *,
    metric: str = "score",
    greater_is_better: bool = True,
    baselines: Collection[str] = (),
) -> Figure:
    """Draw one row a method: a dot for each fold, a bar from mean - s.d. to mean + s.d., the mean written beside it.

    How to read it: methods are sorted, the best on top; the dashed line is the best mean. Two methods whose dots
    overlap widely cannot be told apart by these folds. The standard deviation over folds is the spread of single
    folds and not the error of their mean; folds share training rows, so their scores are not independent
    [nadeau2003]. A method far off the scale is drawn as an arrow at the edge.

    Parameters
    ----------
    scores : mapping of str to array_like of shape (folds,)
        Scores by method; nan where a fold was not run. Methods without a score are left out.
    metric : str
        Name of the score, for the axis.
    greater_is_better : bool
        False for errors, where the smallest mean comes first.
    baselines : collection of str
        Names drawn in grey: the methods to beat.

    Returns
    -------
    matplotlib.figure.Figure
        The picture.

    Raises
    ------
    ValueError
        If no method has a finite score.

    References
    ----------
    [nadeau2003]

    Examples
    --------
    >>> figure = plot_score_distribution({"worse": [0.7, 0.8], "better": [0.9, 0.8]}, metric="accuracy")
    >>> [text.get_text() for text in figure.axes[0].texts]
    ['0.850', '0.750', 'better', 'worse']
    """
    finite = {name: _finite(values) for name, values in scores.items()}
    order = [name for name, values in finite.items() if values.size]
    if not order:
        raise ValueError("scores must hold a finite score of at least one method, got none: compare a method first")
    order.sort(key=lambda name: finite[name].mean(), reverse=greater_is_better)
    shown = order[:MAX_METHODS]
    figure, axes = new_axes(width=6.0, height=0.75 + 0.34 * len(shown))
    low, high = _visible_range([finite[name] for name in shown])
    decimals = score_decimals(float(np.median([finite[name].std() for name in shown])))
    axes.axvline(np.clip(finite[shown[0]].mean(), low, high), color=MUTED, linewidth=1, linestyle=(0, (4, 3)), zorder=1)
    for row, name in enumerate(shown):
        _draw_method(axes, row, finite[name], (low, high), QUIET if name in baselines else ACCENT, decimals)
    margin = 0.03 * (high - low)
    axes.set_xlim(low - margin, high + margin)
    name_rows(axes, shown)
    axes.set_xlabel(metric if greater_is_better else f"{metric} (smaller is better)")
    if len(order) > len(shown):
        axes.set_title(f"The {len(shown)} best of {len(order)} methods")
    return figure


def _finite(values: ArrayLike) -> np.ndarray:
    values = np.asarray(values, dtype=float).ravel()
    return values[np.isfinite(values)]


def _visible_range(scores: list[np.ndarray]) -> tuple[float, float]:
    """Range of the scores, without the methods so far behind that they would squeeze the rest into a line."""
    better = np.concatenate(scores[: max(2, (len(scores) + 1) // 2)])
    reach = 4 * max(np.ptp(better), 1e-3 * np.abs(better).max(), 1e-9)
    near = [values for values in scores if better.min() - reach <= values.mean() <= better.max() + reach]
    low, high = np.concatenate(near).min(), np.concatenate(near).max()
    return (low, high) if high > low else (low - reach / 8, high + reach / 8)


def _draw_method(
    axes: Axes, row: int, values: np.ndarray, visible: tuple[float, float], colour: str, decimals: int
) -> None:
    """Dots, bar and mean of one method in its row."""
    mean, spread = values.mean(), values.std(ddof=1) if values.size > 1 else 0.0
    low, high = visible
    off_scale = not low <= mean <= high
    if not off_scale:
        axes.plot(
            [mean - spread, mean + spread], [row, row], color=colour, linewidth=5, alpha=0.25, solid_capstyle="butt"
        )
        axes.plot([mean, mean], [row - 0.27, row + 0.27], color=INK, linewidth=2, solid_capstyle="butt")
        axes.plot(values, np.full(values.size, row), "o", color=colour, markersize=5, alpha=0.75, markeredgewidth=0)
    else:
        marker, edge = ("<", low) if mean < low else (">", high)
        axes.plot(edge, row, marker, color=colour, markersize=7, markeredgewidth=0)
    axes.annotate(
        format_number(mean, None if off_scale else decimals),
        (1, row),
        xycoords=("axes fraction", "data"),
        xytext=(8, 0),
        textcoords="offset points",
        va="center",
        color=INK,
    )
