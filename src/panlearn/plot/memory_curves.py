"""Curves of a task that takes memory: the loss while networks learn it, beside what one can do without memory."""

from collections.abc import Mapping

import numpy as np
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter
from numpy.typing import ArrayLike

from panlearn.plot.labels import format_number
from panlearn.plot.style import ACCENT, INK, MUTED, QUIET, SECOND, house_style, new_axes

LOOKS = ((SECOND, "--"), (QUIET, "-"), (INK, ":"), (ACCENT, "-"), (MUTED, "-."), (ACCENT, "--"))


@house_style()
def plot_memory_curves(
    curves: Mapping[str, ArrayLike],
    *,
    steps: ArrayLike | None = None,
    without_memory: float | None = None,
    metric: str = "loss",
    x_label: str = "training step",
) -> Figure:
    """Draw how the loss of several networks falls on a task that cannot be solved without memory.

    How to read it: the dotted line is the best that a network can do which remembers nothing. A curve that stays there
    has not found what to remember; one that falls below it has. It often falls at once after a long level stretch:
    the gradient is small until some of the memory is there.

    Parameters
    ----------
    curves : mapping of str to array_like of shape (m,)
        Losses by the name of the network, at most six; of different lengths where one stopped early.
    steps : array_like of shape (m,), optional
        Training steps at which they were measured; 1, 2, ... by default.
    without_memory : float, optional
        Loss of the best answer without memory.
    metric, x_label : str
        Names of the axes.

    Returns
    -------
    matplotlib.figure.Figure
        The picture; the scale is logarithmic where losses differ more than twentyfold.

    Raises
    ------
    ValueError
        If there are no curves or more than six, or one is empty or longer than `steps`.

    Examples
    --------
    >>> figure = plot_memory_curves({"RNN": [0.17, 0.17], "LSTM": [0.17, 0.001]}, without_memory=0.167)
    >>> figure.axes[0].get_yscale(), [text.get_text() for text in figure.axes[0].get_legend().get_texts()]
    ('log', ['RNN', 'LSTM'])
    """
    if not 1 <= len(curves) <= len(LOOKS):
        raise ValueError(f"curves must hold 1 to {len(LOOKS)} networks, got {len(curves)}")
    values = {name: np.asarray(losses, dtype=float).ravel() for name, losses in curves.items()}
    longest = max(len(losses) for losses in values.values())
    at = np.arange(1, longest + 1) if steps is None else np.asarray(steps, dtype=float).ravel()
    for name, losses in values.items():
        if not np.isfinite(losses).any() or len(losses) > len(at):
            raise ValueError(f"curve {name!r} must hold 1 to {len(at)} losses, some of them finite, got {len(losses)}")
    figure, axes = new_axes(5.4, 3.5)
    for (name, losses), (colour, line) in zip(values.items(), LOOKS):
        axes.plot(at[: len(losses)], losses, line, color=colour, linewidth=1.8, label=name)
        axes.plot(at[len(losses) - 1], losses[-1], "o", color=colour, markersize=3.5)
    known = np.concatenate([losses[np.isfinite(losses)] for losses in values.values()])
    if known.min() > 0 and known.max() > 20 * known.min():
        axes.set_yscale("log")
        axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: format_number(value)))
        axes.tick_params(which="minor", length=0)
    if without_memory is not None:
        axes.axhline(without_memory, color=MUTED, linestyle=":", linewidth=1.2)
        place = {"xytext": (-2, 3), "textcoords": "offset points", "ha": "right", "va": "bottom"}
        axes.annotate("without memory", (1, without_memory), xycoords=axes.get_yaxis_transform(), **place, fontsize=8.5)
    axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: format_number(value, 0)))
    axes.set_title(metric)
    axes.set_xlabel(x_label)
    axes.legend(loc="best", fontsize=8.5)
    return figure
