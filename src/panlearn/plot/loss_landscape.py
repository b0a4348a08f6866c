"""A slice of a loss: a line, or a plane as contours."""

from typing import TYPE_CHECKING

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from panlearn.plot.labels import format_number
from panlearn.plot.style import ACCENT, INK, MUTED, SECOND, house_style, new_axes

if TYPE_CHECKING:
    from panlearn.diagnostics.loss_landscape import LossLandscape


@house_style()
def plot_loss_landscape(landscape: "LossLandscape", *, levels: int = 14, ax: Axes | None = None) -> Figure:
    """Draw the loss on a line or a plane through the parameters of a network.

    How to read it: the mark is the network, 1 on an axis a change as large as its weights. Wide, round contours belong
    to a network that small changes leave alone, narrow and crowded ones to one that needs a small learning rate. Each
    contour encloses as many points as the next: differences of the loss between them grow outwards [li2018].

    Parameters
    ----------
    landscape : LossLandscape
        What `panlearn.diagnostics.loss_landscape` returns.
    levels : int
        Contours of a plane.
    ax : matplotlib.axes.Axes, optional
        Where to draw, to put several beside each other.

    Returns
    -------
    matplotlib.figure.Figure
        The picture.

    Raises
    ------
    ValueError
        If no loss is finite.

    References
    ----------
    [li2018], note 001 §7.3

    Examples
    --------
    >>> import numpy as np
    >>> from types import SimpleNamespace as Record
    >>> steps = np.linspace(-1, 1, 5)
    >>> line = Record(across=steps, up=np.empty(0), losses=steps**2, centre=0.0)
    >>> plot_loss_landscape(line).axes[0].lines[0].get_ydata()
    array([1.  , 0.25, 0.  , 0.25, 1.  ])
    """
    if not np.isfinite(landscape.losses).any():
        raise ValueError("landscape must hold at least one finite loss, got none: take a smaller extent")
    figure, axes = new_axes(4.6, 3.8 if landscape.losses.ndim == 2 else 3.2) if ax is None else (ax.get_figure(), ax)
    assert isinstance(figure, Figure)  # axes of a figure
    if landscape.losses.ndim == 1:
        axes.plot(landscape.across, landscape.losses, color=ACCENT)
        axes.plot(0, landscape.centre, "o", color=SECOND, markersize=6)
        axes.set(xlabel="step", title="loss")
        return figure
    _draw_plane(axes, landscape, levels)
    return figure


def _draw_plane(axes: Axes, landscape: "LossLandscape", levels: int) -> None:
    """Contours at equal shares of the points, darker where the loss is low."""
    values = np.where(np.isfinite(landscape.losses), landscape.losses, np.nan)
    edges = np.unique(np.nanquantile(values, np.linspace(0, 1, levels + 2)[1:-1]))
    axes.grid(visible=False)
    filled = np.nan_to_num(values, nan=float(np.nanmax(values)))
    for edge in edges:  # each layer a little darker: what is low is dark
        axes.contourf(
            landscape.across, landscape.up, filled, levels=[filled.min() - 1, edge], colors=[ACCENT], alpha=0.06
        )
    lines = axes.contour(
        landscape.across, landscape.up, filled, levels=edges, colors=MUTED, linewidths=0.7, linestyles="solid"
    )
    lines.set_alpha(0.7)
    axes.clabel(lines, levels=edges[:: max(1, len(edges) // 4)], fmt=format_number, fontsize=7.5, colors=INK)
    axes.plot(0, 0, "o", color=SECOND, markersize=6)
    axes.locator_params(nbins=6)
    axes.set_title(f"loss; {format_number(landscape.centre)} at the mark")
    axes.set(xlabel="step along the first direction", ylabel="along the second")
