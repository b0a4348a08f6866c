"""A Markov chain as a graph: who follows whom, and how often [rabiner1989]."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Circle, FancyArrowPatch
from matplotlib.path import Path
from numpy.typing import ArrayLike

from panlearn.plot.labels import fit_label, format_number
from panlearn.plot.style import ACCENT, INK, QUIET, SECOND, SURFACE, house_style, new_axes

MAX_STATES = 16  # more cannot be told apart on one circle
NEVER = 1e-6  # what learning leaves of a transition that does not occur
MAX_NUMBERS = 16  # the heaviest arrows carry their probability
THIN, THICK = 0.5, 5.0  # widths of arrows, in points, for the probabilities 0 and 1
BEND = 0.16  # of an arrow, in parts of its length: there and back do not lie on each other


@house_style()
def plot_transition_graph(
    transmat: ArrayLike,
    *,
    start: ArrayLike | None = None,
    share: ArrayLike | None = None,
    names: Sequence[str] | None = None,
    smallest: float = 0.01,
) -> Figure:
    """Draw the states of a chain on a circle, and an arrow for each transition.

    How to read it: the wider an arrow, the more probable the transition; all that leave a state, its loop with them,
    sum to one. A chain that stays in a state with probability a stays 1 / (1 - a) steps on average. Dashed arrows
    from outside are the states a sequence begins with. A left-right model has no arrow back.

    Parameters
    ----------
    transmat : array_like of shape (n, n)
        Probability of column j after row i: `transmat_` of a hidden Markov model.
    start : array_like of shape (n,), optional
        Probabilities of the first state: `startprob_`.
    share : array_like of shape (n,), optional
        Share of the time spent in each state, written into it and shading it: `get_stationary_distribution()`.
    names : sequence of str, optional
        Names of the states; by default their numbers.
    smallest : float
        Arrows below this probability are left out, and counted in the title.

    Returns
    -------
    matplotlib.figure.Figure
        The picture.

    Raises
    ------
    ValueError
        If the matrix is not square, has negative numbers or rows that sum to more than one, or has more than 16
        states; or if another argument has another length.

    References
    ----------
    [rabiner1989], note 004 §11

    Examples
    --------
    >>> figure = plot_transition_graph([[0.9, 0.1], [0.3, 0.7]], names=["dry", "wet"])
    >>> [text.get_text() for text in figure.axes[0].texts]
    ['dry', 'wet', '0.9', '0.1', '0.3', '0.7']
    """
    A = np.asarray(transmat, dtype=float)
    n = len(A) if A.ndim == 2 else 0
    _check(A, n, {"start": start, "share": share, "names": names})
    angles = np.pi / 2 - 2 * np.pi * np.arange(n) / n if n != 2 else np.array([np.pi, 0.0])
    places = np.column_stack([np.cos(angles), np.sin(angles)]) if n > 1 else np.zeros((1, 2))
    radius = min(0.26, 1.1 / n)
    figure, axes = new_axes(5.0, 2.8 if n < 3 else 4.6)
    axes.set(xticks=[], yticks=[], aspect="equal")
    axes.spines[:].set_visible(False)
    shades = np.full(n, 0.12) if share is None else 0.06 + 0.6 * np.asarray(share, dtype=float)
    labels = [str(i) for i in range(n)] if names is None else [fit_label(name, cells=11, lines=1) for name in names]
    for i, (x, y) in enumerate(places):
        axes.add_patch(Circle((x, y), radius, facecolor=SURFACE, edgecolor="none", zorder=3))
        axes.add_patch(Circle((x, y), radius, facecolor=ACCENT, alpha=shades[i], edgecolor="none", zorder=4))
        axes.add_patch(Circle((x, y), radius, fill=False, edgecolor=ACCENT, linewidth=1.2, zorder=5))
        text = labels[i] if share is None else f"{labels[i]}\n{np.asarray(share)[i]:.0%}"
        axes.text(x, y, text, ha="center", va="center", color=INK, fontsize=9 if n <= 8 else 7.5, zorder=6)
    drawn = np.argwhere((A > 0) & (smallest <= A))
    numbered = np.sort(A[A > 0])[::-1][:MAX_NUMBERS].min(initial=1.0)
    for i, j in drawn:
        p = float(A[i, j])
        number = format_number(p, 2).rstrip("0").rstrip(".") if p >= numbered else ""
        if i == j:
            _loop(axes, places[i], float(angles[i]), radius, p, number)
        else:
            _arrow(axes, places[i], places[j], radius, p, number)
    for i in np.flatnonzero(np.zeros(n) if start is None else np.asarray(start) >= smallest):
        _entry(axes, places[i], float(angles[i]), radius, float(np.asarray(start)[i]))
    reach = 1 + 2.9 * radius if n > 1 else 0.9
    axes.set(xlim=(-reach, reach), ylim=(-0.75, 0.75) if n < 3 else (-reach, reach))
    if hidden := sum(NEVER < p < smallest for p in A.ravel().tolist()):
        axes.set_title(f"{hidden} arrow{'s' * (hidden != 1)} below {format_number(smallest)} left out")
    return figure


def _check(A: np.ndarray, n: int, others: dict[str, Any]) -> None:
    if A.shape != (n, n) or not 1 <= n <= MAX_STATES:
        raise ValueError(f"transmat must be a square matrix of 1 to {MAX_STATES} states, got shape {A.shape}")
    if not np.all(A >= 0) or np.any(A.sum(axis=1) > 1 + 1e-6):
        raise ValueError("transmat must hold probabilities: none negative or NaN, no row with a sum above 1")
    for name, given in others.items():
        if given is not None and len(given) != n:
            raise ValueError(f"{name} must have {n} entries, one a state, got {len(given)}")


def _width(p: float) -> float:
    return THIN + (THICK - THIN) * p


def _tip(p: float) -> dict[str, Any]:
    """Look of an arrow of probability p."""
    return {"arrowstyle": "-|>", "mutation_scale": 7 + 1.6 * _width(p), "linewidth": _width(p), "zorder": 2}


def _number(axes: Axes, place: np.ndarray, text: str) -> None:
    patch = {"facecolor": SURFACE, "edgecolor": "none", "alpha": 0.85, "pad": 0.8}
    axes.text(place[0], place[1], text, ha="center", va="center", color=INK, fontsize=8, zorder=7, bbox=patch)


def _arrow(axes: Axes, a: np.ndarray, b: np.ndarray, radius: float, p: float, number: str) -> None:
    """From state to state, bent to the left of its direction."""
    way = b - a
    bend = (a + b) / 2 + BEND * np.array([-way[1], way[0]])
    ends = [c + 1.06 * radius * (bend - c) / np.linalg.norm(bend - c) for c in (a, b)]
    curve = Path([ends[0], bend, ends[1]], [Path.MOVETO, Path.CURVE3, Path.CURVE3])
    axes.add_patch(FancyArrowPatch(path=curve, color=ACCENT, alpha=0.25 + 0.75 * p, **_tip(p)))
    if number:
        _number(axes, 0.36 * ends[0] + 0.48 * bend + 0.16 * ends[1], number)  # at 2/5 of the way: pairs do not meet


def _loop(axes: Axes, at: np.ndarray, angle: float, radius: float, p: float, number: str) -> None:
    """From a state to itself, on the outer side of the circle of states."""
    out = np.array([[np.cos(a), np.sin(a)] for a in (angle - 0.45, angle - 0.75, angle + 0.75, angle + 0.45)])
    points = at + radius * out * np.array([1.06, 2.6, 2.6, 1.06])[:, None]
    curve = Path(points, [Path.MOVETO, Path.CURVE4, Path.CURVE4, Path.CURVE4])
    axes.add_patch(FancyArrowPatch(path=curve, color=QUIET, **_tip(p)))
    if number:
        _number(axes, at + 2.25 * radius * np.array([np.cos(angle), np.sin(angle)]), number)


def _entry(axes: Axes, at: np.ndarray, angle: float, radius: float, p: float) -> None:
    """From outside into the first state of a sequence."""
    side = np.array([np.cos(angle - 1.25), np.sin(angle - 1.25)])
    ends = [tuple(at + f * radius * side) for f in (2.3, 1.06)]
    look = {**_tip(p), "linewidth": 1.2, "mutation_scale": 9, "shrinkA": 0, "shrinkB": 0}
    axes.add_patch(FancyArrowPatch(*ends, color=SECOND, linestyle=(0, (2, 1.5)), **look))
    _number(axes, at + 2.6 * radius * side, f"start {p:.2f}".rstrip("0").rstrip("."))
