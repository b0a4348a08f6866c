"""The biplot: rows as points and columns as arrows, in the plane of two principal components."""

from collections.abc import Sequence

import numpy as np
from matplotlib.figure import Figure
from numpy.typing import ArrayLike

from panlearn.plot.labels import fit_label
from panlearn.plot.style import ACCENT, INK, MUTED, QUIET, SECOND, SURFACE, house_style, new_axes

SHAPES = ("o", "^", "s", "D", "v", "P", "X", "*", "<", ">")
COLOURS = (ACCENT, SECOND, QUIET, MUTED, INK)
REACH = 0.9  # length of the longest arrow, in units of the farthest point


@house_style()
def plot_biplot(
    scores: ArrayLike,
    components: ArrayLike,
    *,
    names: Sequence[str] | None = None,
    labels: ArrayLike | None = None,
    ratios: ArrayLike | None = None,
    arrows: int = 8,
) -> Figure:
    """Draw rows and columns of a table in the plane of its first two principal components.

    How to read it: points that are close are rows that are alike. An arrow points to where its column is large; arrows
    in one direction are columns that move together, opposite ones move against each other, at right angles they are
    uncorrelated, as far as the plane shows the data [gabriel1971].

    Parameters
    ----------
    scores : array_like of shape (n, >= 2)
        Projections, as `transform` returns them.
    components : array_like of shape (>= 2, p)
        Principal axes, as `components_`.
    names : sequence of str, optional
        Names of the p columns.
    labels : array_like of shape (n,), optional
        A class of each row, shown by colour and shape.
    ratios : array_like of shape (>= 2,), optional
        Shares of variance, written on the axes.
    arrows : int
        Most arrows; those of the columns with the longest ones.

    Returns
    -------
    matplotlib.figure.Figure
        The picture.

    Raises
    ------
    ValueError
        If there are fewer than two components, or the lengths differ.

    References
    ----------
    [gabriel1971], note 001 §10.2

    Examples
    --------
    >>> figure = plot_biplot([[1, 0], [-1, 0.2]], [[0.8, 0.6], [-0.6, 0.8]], names=["height", "weight"])
    >>> sorted(text.get_text() for text in figure.axes[0].texts if text.get_text())
    ['height', 'weight']
    """
    scores, components = np.asarray(scores, dtype=float), np.asarray(components, dtype=float)
    _check(scores, components, names, labels)
    scores, loadings = scores[:, :2], components[:2].T
    figure, axes = new_axes(5.6, 4.6)
    groups = [(None, np.ones(len(scores), bool))]
    if labels is not None:
        classes = np.asarray(labels)
        groups = [(value, classes == value) for value in np.unique(classes)]
    size = np.clip(1200 / np.sqrt(max(1, len(scores))) / 4, 4, 30)
    for at, (value, rows) in enumerate(groups):
        axes.scatter(
            *scores[rows].T,
            s=size,
            marker=SHAPES[at % len(SHAPES)],
            color=COLOURS[at % len(COLOURS)],
            alpha=0.55,
            linewidth=0,
            label=None if value is None else str(value),
        )
    lengths = np.linalg.norm(loadings, axis=1)
    longest = np.argsort(-lengths, kind="stable")[:arrows]
    stretch = REACH * np.abs(scores).max() / (lengths.max() or 1.0)
    for j in longest[lengths[longest] > 0]:
        tip = loadings[j] * stretch
        axes.annotate("", tip, (0, 0), arrowprops={"arrowstyle": "-|>", "color": INK, "linewidth": 1.1})
        axes.annotate(
            fit_label(str(names[j] if names is not None else f"x{j}"), lines=1),
            tip,
            xytext=(4 * np.sign(tip[0]), 4 * np.sign(tip[1])),
            textcoords="offset points",
            ha="left" if tip[0] >= 0 else "right",
            va="bottom" if tip[1] >= 0 else "top",
            color=INK,
            fontsize=8.5,
            bbox={"facecolor": SURFACE, "edgecolor": "none", "alpha": 0.75, "pad": 1},
        )
    written = [f" ({100 * share:.3g} %)" for share in np.asarray(ratios, float)[:2]] if ratios is not None else ["", ""]
    axes.set(xlabel=f"component 1{written[0]}", ylabel=f"component 2{written[1]}")
    axes.margins(0.12)
    if labels is not None:
        axes.legend(fontsize=8.5, loc="best")
    return figure


def _check(scores: np.ndarray, components: np.ndarray, names: Sequence[str] | None, labels: ArrayLike | None) -> None:
    if scores.ndim != 2 or components.ndim != 2 or scores.shape[1] < 2 or len(components) < 2:
        raise ValueError(f"a biplot needs two components, got scores {scores.shape} and components {components.shape}")
    if names is not None and len(names) != components.shape[1]:
        raise ValueError(f"names must hold one name for each of the {components.shape[1]} columns, got {len(names)}")
    if labels is not None and len(np.asarray(labels)) != len(scores):
        raise ValueError(f"labels must hold one for each of the {len(scores)} rows, got {len(np.asarray(labels))}")
