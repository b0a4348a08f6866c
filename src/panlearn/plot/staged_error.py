"""The error of boosting, round by round."""

from collections.abc import Mapping

import numpy as np
from matplotlib.figure import Figure
from numpy.typing import ArrayLike

from panlearn.plot.labels import format_number
from panlearn.plot.style import ACCENT, INK, MUTED, QUIET, SECOND, house_style, new_axes


@house_style()
def plot_staged_error(
    curves: Mapping[str, ArrayLike], *, metric: str = "error", best: str | None = None, first: int = 1
) -> Figure:
    """Draw an error after each round of boosting.

    How to read it: on the training rows it keeps falling; on others it falls, levels off, and may rise again: then the
    later rounds learn noise. A smaller learning rate moves the best round to the right and often lower.

    Parameters
    ----------
    curves : mapping of str to array_like of shape (rounds,)
        Errors by the name of the rows they are measured on, or of the setting.
    metric : str
        Name of the error.
    best : str, optional
        The curve whose least error is marked; the last one by default.
    first : int
        Number of the first round.

    Returns
    -------
    matplotlib.figure.Figure
        The picture.

    Raises
    ------
    ValueError
        If no curve holds a finite number, or `best` names none.

    References
    ----------
    [freund1997], [friedman2001]

    Examples
    --------
    >>> figure = plot_staged_error({"training rows": [0.3, 0.2, 0.1], "held-out rows": [0.3, 0.25, 0.28]})
    >>> figure.axes[0].get_title(loc="left")
    'error, at best 0.250 in round 2'
    """
    shown = {name: np.asarray(curve, dtype=float).ravel() for name, curve in curves.items()}
    shown = {name: curve for name, curve in shown.items() if np.isfinite(curve).any()}
    if not shown:
        raise ValueError("curves must hold at least one with a finite error, got none")
    best = list(shown)[-1] if best is None else best
    if best not in shown:
        raise ValueError(f"best must be one of {list(shown)}, got {best!r}")
    figure, axes = new_axes(5.4, 3.5)
    others = iter([(SECOND, "--"), (QUIET, "-."), (MUTED, ":"), (INK, (0, (5, 1)))])
    for name, curve in shown.items():
        colour, line = (ACCENT, "-") if name == best else next(others, (QUIET, "-"))
        axes.plot(np.arange(first, first + curve.size), curve, linestyle=line, color=colour, label=name, linewidth=1.8)
    at = int(np.nanargmin(shown[best]))
    least = float(shown[best][at])
    axes.plot(first + at, least, "o", color=ACCENT, markersize=6)
    text = format_number(least, 3) if least < 100 else format_number(least)
    axes.set_xlabel("round")
    axes.set_title(f"{metric}, at best {text} in round {first + at}")
    axes.legend(loc="best", fontsize=8.5)
    return figure
