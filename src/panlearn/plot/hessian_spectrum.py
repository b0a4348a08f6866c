"""The spectrum of a Hessian: how many directions bend up, down, or not at all."""

from typing import TYPE_CHECKING

import numpy as np
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter

from panlearn.plot.labels import format_number
from panlearn.plot.style import ACCENT, MUTED, QUIET, SECOND, house_style, new_axes

if TYPE_CHECKING:
    from panlearn.diagnostics.hessian_spectrum import HessianSpectrum

POINTS = 600
LOWEST = 1e-6  # of the highest density: what is drawn


@house_style()
def plot_hessian_spectrum(spectrum: "HessianSpectrum", *, width: float | None = None) -> Figure:
    """Draw the density of the eigenvalues of a Hessian, the outermost as ticks.

    How to read it: on a logarithmic scale, because most eigenvalues of a network lie near 0 (directions the data do not
    care about) and a few far to the right (about one a class). What lies left of 0 leads down: at a minimum nothing
    does. The rightmost tick lambda bounds the learning rate of gradient descent by 2 / lambda [ghorbani2019].

    Parameters
    ----------
    spectrum : HessianSpectrum
        What `panlearn.diagnostics.hessian_spectrum` returns.
    width : float, optional
        Standard deviation of the bell in place of each eigenvalue; a hundredth of their range by default.

    Returns
    -------
    matplotlib.figure.Figure
        The picture.

    Raises
    ------
    ValueError
        If the width is not positive.

    References
    ----------
    [ghorbani2019], note 001 §7.3

    Examples
    --------
    >>> import numpy as np
    >>> from types import SimpleNamespace as Record
    >>> values = np.array([-1.0, 0.0, 0.0, 2.0])
    >>> bell = lambda grid, width: np.exp(-0.5 * ((grid[:, None] - values) / width) ** 2).mean(1)
    >>> spectrum = Record(eigenvalues=values, nodes=values, weights=np.full(4, 0.25), density=bell, n_parameters=4)
    >>> plot_hessian_spectrum(spectrum).axes[0].get_title(loc="left")
    'eigenvalues −1 to 2; 25% below 0'
    """
    low, high = float(spectrum.nodes[0]), float(spectrum.nodes[-1])
    reach = max(high - low, 1e-3 * max(abs(low), abs(high)), 1e-12)
    width = 0.01 * reach if width is None else width
    if not width > 0:
        raise ValueError(f"width must be positive, got {width}")
    grid = np.linspace(low - 6 * width, high + 6 * width, POINTS)
    density = spectrum.density(grid, width)
    figure, axes = new_axes(5.6, 3.4)
    floor = LOWEST * float(density.max())
    for side, colour in ((grid <= 0, SECOND), (grid >= 0, ACCENT)):
        shown = np.where(side, np.maximum(density, floor), np.nan)
        axes.plot(grid, shown, color=colour, linewidth=1.5)
        axes.fill_between(grid, floor, shown, where=side, color=colour, alpha=0.15, linewidth=0)
    ends = spectrum.eigenvalues
    few = ends if len(ends) <= 60 else np.r_[ends[:30], ends[-30:]]
    axes.plot(few, np.full(len(few), floor), "|", color=QUIET, markersize=9, markeredgewidth=1.1, clip_on=False)
    axes.axvline(0, color=MUTED, linewidth=0.9, linestyle=":")
    axes.set_yscale("log")
    axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: format_number(value)))
    axes.set_ylim(floor, 3 * float(density.max()))
    axes.tick_params(which="minor", length=0)
    below = float(spectrum.weights[spectrum.nodes < -1e-3 * max(abs(low), abs(high))].sum())
    axes.set_title(
        f"eigenvalues {format_number(float(ends[0]))} to {format_number(float(ends[-1]))}; {below:.0%} below 0"
    )
    axes.set(xlabel="eigenvalue of the Hessian", ylabel="density")
    return figure
