"""ROC and precision-recall curves: how well the probabilities put the positive rows first."""

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import ArrayLike
from sklearn.metrics import average_precision_score, precision_recall_curve, roc_auc_score, roc_curve

from panlearn.plot.labels import format_number
from panlearn.plot.style import ACCENT, MUTED, annotate, house_style, new_axes

POINTS = 500


@house_style()
def plot_roc(positive: ArrayLike, score: ArrayLike) -> Figure:
    """Draw the receiver operating characteristic: true positives against false positives at every threshold.

    How to read it: the nearer the curve to the upper left corner, the better; the diagonal is guessing. The area is
    the probability that a positive row is ranked above a negative one. It does not depend on how rare positives are,
    which hides trouble when they are rare: see the precision-recall curve [fawcett2006].

    Parameters
    ----------
    positive : array_like of shape (n,)
        1 or True for rows of the positive class; both classes must occur.
    score : array_like of shape (n,)
        Probability or any score that grows with it; rows that are not finite are left out.

    Returns
    -------
    matplotlib.figure.Figure
        The picture.

    References
    ----------
    [fawcett2006]

    Examples
    --------
    >>> figure = plot_roc([0, 0, 1, 1], [0.1, 0.4, 0.35, 0.8])
    >>> figure.axes[0].texts[0].get_text()
    'area 0.75'
    """
    truth, score = _two_classes(positive, score)
    false_rate, true_rate = _thin(*roc_curve(truth, score)[:2])
    figure, axes = _unit_square("false positive rate", "true positive rate")
    axes.plot([0, 1], [0, 1], color=MUTED, linewidth=1.2, linestyle=(0, (4, 3)))
    axes.plot(false_rate, true_rate, color=ACCENT)
    axes.fill_between(false_rate, true_rate, color=ACCENT, alpha=0.08, linewidth=0)
    annotate(axes, f"area {format_number(float(roc_auc_score(truth, score)))}")
    return figure


@house_style()
def plot_precision_recall(positive: ArrayLike, score: ArrayLike) -> Figure:
    """Draw precision (right among those called positive) against recall (found among the positive).

    How to read it: each point is a threshold; the dashed line is guessing, at the share of positive rows. When
    positives are rare this picture shows what the ROC curve hides [davis2006].

    Parameters
    ----------
    positive : array_like of shape (n,)
        1 or True for rows of the positive class; both classes must occur.
    score : array_like of shape (n,)
        Probability or any score that grows with it; rows that are not finite are left out.

    Returns
    -------
    matplotlib.figure.Figure
        The picture.

    References
    ----------
    [davis2006]

    Examples
    --------
    >>> figure = plot_precision_recall([0, 0, 1, 1], [0.1, 0.4, 0.35, 0.8])
    >>> figure.axes[0].texts[0].get_text()
    'average precision 0.833'
    """
    truth, score = _two_classes(positive, score)
    recall, precision = _thin(*precision_recall_curve(truth, score)[1::-1])
    figure, axes = _unit_square("recall", "precision")
    axes.axhline(truth.mean(), color=MUTED, linewidth=1.2, linestyle=(0, (4, 3)))
    axes.step(recall, precision, where="post", color=ACCENT)
    axes.fill_between(recall, precision, step="post", color=ACCENT, alpha=0.08, linewidth=0)
    annotate(axes, f"average precision {format_number(float(average_precision_score(truth, score)))}", x=0.03)
    return figure


def _two_classes(positive: ArrayLike, score: ArrayLike) -> tuple[np.ndarray, np.ndarray]:
    truth, score = np.asarray(positive).astype(bool), np.asarray(score, dtype=float)
    finite = np.isfinite(score)
    truth, score = truth[finite], score[finite]
    if truth.size == 0 or truth.all() or not truth.any():
        raise ValueError(f"positive must hold both classes, got {int(truth.sum())} positive of {truth.size} rows")
    return truth, score


def _thin(x: np.ndarray, y: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """At most `POINTS` points of a curve, evenly along its length: more cannot be seen and make the file heavy."""
    length = np.concatenate([[0.0], np.cumsum(np.hypot(np.diff(x), np.diff(y)))])
    keep = np.unique(np.searchsorted(length, np.linspace(0, length[-1], POINTS)).clip(max=len(x) - 1))
    return x[keep], y[keep]


def _unit_square(x_label: str, title: str) -> tuple[Figure, Axes]:
    figure, axes = new_axes(width=5.0, height=4.2)
    axes.set(xlim=(-0.01, 1.01), ylim=(-0.01, 1.02))
    axes.set_xlabel(x_label)
    axes.set_title(title)
    return figure, axes
