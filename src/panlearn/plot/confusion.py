"""The confusion matrix: which classes are taken for which."""

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle
from numpy.typing import ArrayLike

from panlearn.plot.labels import display_cells, fit_label, format_number, reserve_wide_glyphs
from panlearn.plot.style import ACCENT, INK, ON_ACCENT, house_style, new_axes

MAX_CLASSES = 24  # more are merged: no reader compares 600 cells
COUNTS_UP_TO = 8  # classes; counts are written below the shares
SHARES_UP_TO = 14


@house_style()
def plot_confusion_matrix(target: ArrayLike, prediction: ArrayLike, *, classes: Sequence[str] | None = None) -> Figure:
    r"""Draw how the rows of each true class (one line) were labelled (one column).

    How to read it: a cell is shaded by its share of the line, so that rare classes are seen as well as frequent ones;
    the diagonal holds the recall of each class. Small matrices also show the number of rows. Of more than
    `MAX_CLASSES` classes, the most frequent keep their own line and the rest are merged as "others".

    Parameters
    ----------
    target, prediction : array_like of shape (n,)
        True and predicted labels, compared as text.
    classes : sequence of str or None
        Labels in the order to show; None takes the sorted labels found.

    Returns
    -------
    matplotlib.figure.Figure
        The picture.

    Raises
    ------
    ValueError
        If there is no row.

    References
    ----------
    [fawcett2006] section 2

    Examples
    --------
    >>> figure = plot_confusion_matrix(["cat", "cat", "dog"], ["cat", "dog", "dog"])
    >>> [text.get_text() for text in figure.axes[0].texts]
    ['50%\n1', '50%\n1', '0%\n0', '100%\n1']
    """
    true, guess = np.asarray(target).astype(str), np.asarray(prediction).astype(str)
    if true.size == 0:
        raise ValueError("target must hold at least one row, got none")
    found = sorted(set(true) | set(guess))
    names = found if classes is None else [*classes, *(name for name in found if name not in set(classes))]
    kept = _most_frequent(true, names)
    counts = _count(true, guess, kept, merge=len(kept) < len(names))
    labels = kept if len(kept) == len(names) else [*kept, f"others ({len(names) - len(kept)})"]
    share = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
    side = float(np.clip(1.9 + 0.42 * len(labels), 3.3, 6.6))
    figure, axes = new_axes(width=max(side + 0.9, 5.0), height=side)
    _shade(axes, share)
    _write(axes, share, counts)
    _name_sides(axes, [fit_label(name, cells=16, lines=1) for name in labels])
    if len(kept) < len(names):
        axes.set_title(f"The {len(kept)} most frequent of {len(names)} classes")
    return figure


def _most_frequent(true: np.ndarray, names: list[str]) -> list[str]:
    if len(names) <= MAX_CLASSES:
        return names
    values, frequency = np.unique(true, return_counts=True)
    rank = dict(zip(values.tolist(), frequency.tolist(), strict=True))
    top = set(sorted(names, key=lambda name: -rank.get(name, 0))[:MAX_CLASSES])
    return [name for name in names if name in top]


def _count(true: np.ndarray, guess: np.ndarray, kept: list[str], *, merge: bool) -> np.ndarray:
    """Counts by true and predicted class; with `merge` the last line and column hold all other classes."""
    size = len(kept) + merge
    code = {name: index for index, name in enumerate(kept)}
    flat = [code.get(t, len(kept)) * size + code.get(g, len(kept)) for t, g in zip(true, guess, strict=True)]
    return np.bincount(flat, minlength=size * size).reshape(size, size)


def _shade(axes: Axes, share: np.ndarray) -> None:
    for line, column in zip(*np.nonzero(share), strict=True):
        corner = (column - 0.48, line - 0.48)
        axes.add_patch(Rectangle(corner, 0.96, 0.96, facecolor=ACCENT, alpha=0.06 + 0.94 * share[line, column]))
    size = len(share)
    axes.set(xlim=(-0.5, size - 0.5), ylim=(size - 0.5, -0.5), aspect="equal")
    axes.grid(visible=False)
    for spine in axes.spines.values():
        spine.set_visible(False)


def _write(axes: Axes, share: np.ndarray, counts: np.ndarray) -> None:
    size = len(share)
    if size > SHARES_UP_TO:
        return
    with_counts = size <= COUNTS_UP_TO
    for line, column in np.ndindex(share.shape):
        if not with_counts and counts[line, column] == 0:
            continue
        text = f"{share[line, column]:.0%}"
        if with_counts:
            text += f"\n{format_number(int(counts[line, column]), 0)}"
        colour = ON_ACCENT if share[line, column] > 0.55 else INK
        axes.text(column, line, text, ha="center", va="center", color=colour, fontsize=9 if with_counts else 7.5)


def _name_sides(axes: Axes, labels: list[str]) -> None:
    small = 9.5 if len(labels) <= SHARES_UP_TO else 7.5
    axes.set_yticks(range(len(labels)), labels, color=INK, fontsize=small)
    turned = max(map(display_cells, labels)) * len(labels) > 42
    axes.set_xticks(range(len(labels)), labels, color=INK, fontsize=small)
    if turned:
        for text in axes.get_xticklabels():
            text.set(rotation=45, ha="right", rotation_mode="anchor")
    axes.tick_params(length=0)
    axes.set_xlabel("predicted class")
    axes.set_ylabel("true class", rotation_mode="anchor")
    reserve_wide_glyphs(axes, labels)
