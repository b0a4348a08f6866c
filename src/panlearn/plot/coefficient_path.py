"""The regularisation path: every weight against the strength of the penalty."""

import itertools
from collections.abc import Sequence

import numpy as np
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter
from numpy.typing import ArrayLike

from panlearn.plot.labels import fit_label, format_number
from panlearn.plot.style import ACCENT, INK, MUTED, QUIET, house_style, new_axes

NAMED = 6  # weights that get a name
APART = 0.055  # least distance of two names, in heights of the picture


@house_style()
def plot_coefficient_path(
    alphas: ArrayLike, coefs: ArrayLike, *, names: Sequence[str] | None = None, chosen: float | None = None
) -> Figure:
    """Draw the weights of a model against the strength of its penalty, from strong on the left to weak on the right.

    How to read it: a weight that leaves zero early explains much by itself. With an L1 penalty weights enter one after
    another; with an L2 penalty all are there from the start. A weight that changes sign on the way takes over from a
    correlated one [hastie2009].

    Parameters
    ----------
    alphas : array_like of shape (m,)
        Strengths, all positive.
    coefs : array_like of shape (p, m)
        Weights, as `lasso_path` returns them.
    names : sequence of str, optional
        Names of the p weights; the largest at the weak end are written beside their lines.
    chosen : float, optional
        The strength that was chosen, marked by a line.

    Returns
    -------
    matplotlib.figure.Figure
        The picture.

    Raises
    ------
    ValueError
        If the shapes do not agree, or a strength is not positive.

    References
    ----------
    [hastie2009] section 3.4

    Examples
    --------
    >>> figure = plot_coefficient_path([1.0, 0.1], [[0.0, 2.0], [0.0, 0.0]], names=["age", "noise"])
    >>> [text.get_text() for text in figure.axes[0].texts]  # a weight that stays 0 needs no name
    ['age']
    """
    alphas, coefs = np.asarray(alphas, dtype=float), np.asarray(coefs, dtype=float)
    if coefs.ndim != 2 or alphas.shape != coefs.shape[1:]:
        raise ValueError(f"coefs must have the shape (p, {alphas.size}) for {alphas.size} alphas, got {coefs.shape}")
    if not (alphas > 0).all():
        raise ValueError(f"alphas must be positive, got {alphas.min()}")
    if names is not None and len(names) != len(coefs):
        raise ValueError(f"names must hold one name for each of the {len(coefs)} weights, got {len(names)}")
    order = np.argsort(-alphas)
    alphas, coefs = alphas[order], coefs[:, order]
    last = np.abs(coefs[:, -1])
    named = [j for j in np.argsort(-last)[:NAMED] if last[j] > 0]
    figure, axes = new_axes(6.0, 3.6)
    for j, path in enumerate(coefs):
        strong = j in named
        axes.semilogx(alphas, path, color=ACCENT if strong else QUIET, linewidth=1.6 if strong else 0.8)
    axes.set_xlim(alphas[0], alphas[-1])
    axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: format_number(value)))
    axes.tick_params(axis="x", which="minor", length=0)
    axes.set(xlabel="alpha (weaker to the right)", ylabel="weight")
    if names is not None:
        low, high = axes.get_ylim()
        heights = _spread((coefs[named, -1] - low) / (high - low))
        for j, height in zip(named, heights, strict=True):
            axes.annotate(
                fit_label(str(names[j]), lines=1),
                (1, height),
                xycoords="axes fraction",
                xytext=(5, 0),
                textcoords="offset points",
                va="center",
                color=INK,
                fontsize=8.5,
            )
    if chosen is not None:
        axes.axvline(chosen, color=MUTED, linestyle="--", linewidth=1.0)
        axes.annotate(
            f"chosen: {format_number(chosen)}",
            (chosen, 1),
            xycoords=("data", "axes fraction"),
            xytext=(4, -2),
            textcoords="offset points",
            va="top",
            color=MUTED,
            fontsize=8.5,
        )
    return figure


def _spread(heights: np.ndarray) -> np.ndarray:
    """The heights moved apart from below until no two names touch."""
    order, out = np.argsort(heights), heights.copy()
    for below, above in itertools.pairwise(order):
        out[above] = max(out[above], out[below] + APART)
    return out
