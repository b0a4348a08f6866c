"""What comes back through time: the gradient in the state of a recurrent network, step by step."""

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, MaxNLocator

from panlearn.plot.labels import format_number
from panlearn.plot.style import ACCENT, INK, MUTED, QUIET, SECOND, house_style, new_axes

if TYPE_CHECKING:
    from panlearn.diagnostics.gradient_through_time import GradientThroughTime

LOOKS = ((SECOND, "--"), (QUIET, "-"), (INK, ":"), (ACCENT, "-"), (MUTED, "-."), (ACCENT, "--"))
FLOOR = 1e-30  # what underflowed is drawn here rather than not at all
LOST = 1e-3  # a thousandth is called lost


@house_style()
def plot_gradient_through_time(
    found: "GradientThroughTime | Mapping[str, GradientThroughTime]", *, state: str = "h", floor: float = 1e-12
) -> Figure:
    """Draw what is left of the gradient of the last step, by the number of steps that it has come back.

    How to read it: at the left the step that the loss looks at, 1 by definition; to the right the past, on a
    logarithmic scale. A straight fall is a product of factors below 1: what lies to the right of where it crosses the
    thin line, a thousandth, cannot be learnt from. A straight rise is an exploding gradient. A level line hears of the
    whole sequence [pascanu2013].

    Parameters
    ----------
    found : GradientThroughTime, or mapping of str to GradientThroughTime
        What `panlearn.diagnostics.gradient_through_time` returns; of several layers by name, at most six lines.
    state : "h" or "c"
        Which state; "c" is the cell of an LSTM.
    floor : float
        Lower end of the picture, if a line goes below it.

    Returns
    -------
    matplotlib.figure.Figure
        The picture.

    Raises
    ------
    ValueError
        If there is no such state, or more than six.

    References
    ----------
    [bengio1994], [pascanu2013], notes 002, 003 §2.1.4

    Examples
    --------
    >>> from types import SimpleNamespace as Record
    >>> halving = Record(name="layer 0", state="h", back=0.5 ** np.arange(20))
    >>> figure = plot_gradient_through_time({"RNN": Record(states=[halving])})
    >>> figure.axes[0].lines[0].get_ydata()[:3]
    array([1.  , 0.5 , 0.25])
    """
    named = found if isinstance(found, Mapping) else {"": found}
    lines: dict[str, np.ndarray] = {}
    for name, each in named.items():
        states = [one for one in each.states if one.state == state and np.isfinite(one.back).any()]
        for one in states:
            lines[f"{name}, {one.name}".strip(", ") if len(states) > 1 else name or one.name] = one.back
    if not 1 <= len(lines) <= len(LOOKS):
        raise ValueError(f"found must hold 1 to {len(LOOKS)} states {state!r} with a gradient, got {len(lines)}")
    figure, axes = new_axes(6.4 if len(lines) > 1 else 5.0, 3.5)
    for (name, back), (colour, line) in zip(lines.items(), LOOKS):
        share = back / back[np.isfinite(back)][0]
        shown = np.where(np.isfinite(share), np.maximum(share, FLOOR), np.nan)
        axes.plot(np.arange(len(back)), shown, line, color=colour, linewidth=1.8, label=name)
    axes.axhline(LOST, color=MUTED, linewidth=0.8)
    axes.set_yscale("log")
    low, high = axes.get_ylim()
    axes.set_ylim(max(low, floor), high)
    axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: format_number(value)))
    axes.xaxis.set_major_locator(MaxNLocator(integer=True, min_n_ticks=1))
    axes.tick_params(which="minor", length=0)
    axes.set_title(f"|dL/d{state}|, as a share of the last step's")
    axes.set_xlabel("steps back")
    if len(lines) > 1:
        axes.legend(loc="upper left", bbox_to_anchor=(1.0, 1.0), fontsize=8.5)
    return figure
