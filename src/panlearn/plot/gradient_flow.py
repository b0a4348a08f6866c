"""Gradients on their way back through a network: by layer, and by time step."""

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, MaxNLocator

from panlearn.plot.labels import format_number
from panlearn.plot.style import ACCENT, INK, MUTED, QUIET, SECOND, fix_ticks, house_style

if TYPE_CHECKING:
    from panlearn.diagnostics.gradient_flow import GradientFlow

LOOKS = ((ACCENT, "o", "-"), (SECOND, "s", "--"), (INK, "^", "-"), (QUIET, "D", "--"), (MUTED, "v", ":"))
FLOOR = 1e-30  # a gradient that underflowed is drawn here rather than not at all


@house_style()
def plot_gradient_flow(flows: "GradientFlow | Mapping[str, GradientFlow]") -> Figure:
    """Draw how large gradients are from the first layer to the last, and through time.

    How to read it: the pass back goes from right to left, on a logarithmic scale. A level line says that every layer
    (every step) hears of the loss alike. A straight fall to the left is a product of factors below 1, a vanishing
    gradient, and a straight rise an exploding one; in a recurrent network it says how far back it can learn
    [pascanu2013]. A mark is the length of the gradient in a layer's outputs, or in the state of a time step.

    Parameters
    ----------
    flows : GradientFlow, or mapping of str to GradientFlow
        What `panlearn.diagnostics.gradient_flow` returns; of several networks by name, at most five.

    Returns
    -------
    matplotlib.figure.Figure
        One panel by layer, and one by time step for recurrent layers.

    Raises
    ------
    ValueError
        If there is none, there are more than five, or nothing in them can be drawn.

    References
    ----------
    [pascanu2013], notes 001 §8.4, 004 §3

    Examples
    --------
    >>> from types import SimpleNamespace as Record
    >>> layers = [Record(name=name, n_parameters=9, signal=g) for name, g in (("0", 1e-4), ("2", 1e-2))]
    >>> figure = plot_gradient_flow({"logistic": Record(layers=layers, steps=())})
    >>> figure.axes[0].lines[0].get_ydata()
    array([0.0001, 0.01  ])
    """
    named = flows if isinstance(flows, Mapping) else {"": flows}
    if not 1 <= len(named) <= len(LOOKS):
        raise ValueError(f"flows must hold 1 to {len(LOOKS)} networks, got {len(named)}")
    by_layer = {name: [layer for layer in flow.layers if layer.n_parameters] for name, flow in named.items()}
    by_layer = {name: layers for name, layers in by_layer.items() if len(layers) > 1}
    by_step = {
        f"{name}, {step.state}".strip(", ") if len(flow.steps) > 1 else name or step.state: step.signal
        for name, flow in named.items()
        for step in flow.steps
    }
    recurrent = len(by_step) > 0
    deep = not recurrent or any(len(layers) > 3 for layers in by_layer.values())
    panels = int(deep and len(by_layer) > 0) + int(recurrent)
    if not panels:
        raise ValueError("flows hold neither two layers with parameters nor a recurrent layer: nothing to draw")
    figure = Figure(figsize=(5.0 if panels == 1 else 8.2, 3.4), layout="constrained")
    axes = list(np.atleast_1d(figure.subplots(1, panels)))
    if deep and by_layer:
        _draw_layers(axes[0], by_layer)
    if recurrent:
        _draw_steps(axes[-1], by_step)
    return figure


def _draw_layers(axes: Axes, by_layer: Mapping[str, list]) -> None:
    """Gradient in the outputs of each layer."""
    for (name, layers), look in zip(by_layer.items(), LOOKS):
        _line(axes, [layer.signal for layer in layers], name, look)
    axes.set_title("gradient in the outputs of a layer, |dL/dz|")
    axes.set_xlabel("layer, first to last")
    _finish(axes)


def _draw_steps(axes: Axes, by_step: Mapping[str, np.ndarray]) -> None:
    """Gradient in the state of each time step."""
    for index, (name, signal) in enumerate(by_step.items()):
        _line(axes, signal, name, LOOKS[index % len(LOOKS)])
    axes.set_title("gradient in the state of a time step, |dL/dh|")
    axes.set_xlabel("time step, first to last")
    _finish(axes)


def _line(axes: Axes, values: object, name: str, look: tuple[str, str, str]) -> None:
    colour, mark, line = look
    y = np.asarray(values, dtype=float)
    shown = np.where(np.isfinite(y), np.maximum(y, FLOOR), np.nan)
    size = 4 if y.size <= 40 else 0
    axes.plot(
        np.arange(1, y.size + 1), shown, line, marker=mark, markersize=size, color=colour, linewidth=1.5, label=name
    )


def _finish(axes: Axes) -> None:
    fix_ticks(axes)
    axes.set_yscale("log")
    axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: format_number(value)))
    axes.xaxis.set_major_locator(MaxNLocator(integer=True, min_n_ticks=1))
    longest = max(len(line.get_xdata()) for line in axes.lines)  # pyright: ignore[reportArgumentType]
    axes.set_xlim(0.5 if longest <= 40 else 0, longest + (0.5 if longest <= 40 else 1))
    axes.tick_params(which="minor", length=0)
    if any(line.get_label() and not str(line.get_label()).startswith("_") for line in axes.lines):
        axes.legend(loc="best", fontsize=8.5)
