"""Activation functions and their slopes: where a gradient passes and where it dies."""

from collections.abc import Mapping

import numpy as np
from matplotlib.figure import Figure
from numpy.typing import ArrayLike

from panlearn.plot.style import ACCENT, MUTED, SECOND, fix_ticks, house_style

COLUMNS = 3


@house_style()
def plot_activations(z: ArrayLike, curves: Mapping[str, tuple[ArrayLike, ArrayLike]]) -> Figure:
    """Draw activation functions and their slopes, one panel each on common axes.

    How to read it: the gradient that comes from above is multiplied by the slope. Where the dashed line is near 0 a
    unit learns nothing; where it stays at 1 the gradient passes whole, through any number of layers (notes 001 §7.1.1,
    004 §3).

    Parameters
    ----------
    z : array_like of shape (m,)
        Arguments, in ascending order.
    curves : mapping of str to (values, slopes)
        By name, the values and the slopes at z, (m,) each.

    Returns
    -------
    matplotlib.figure.Figure
        The picture.

    Raises
    ------
    ValueError
        If there is no curve, or one is not as long as z.

    References
    ----------
    [nair2010], note 001 §7.1.1

    Examples
    --------
    >>> z = np.linspace(-2, 2, 5)
    >>> figure = plot_activations(z, {"relu": (np.maximum(z, 0), z > 0), "tanh": (np.tanh(z), 1 - np.tanh(z) ** 2)})
    >>> [axes.get_title(loc="left") for axes in figure.axes]
    ['relu: slope 0 to 1', 'tanh: slope 0.071 to 1']
    """
    z = np.asarray(z, dtype=float)
    pairs = {name: [np.asarray(a, dtype=float) for a in pair] for name, pair in curves.items()}
    if not pairs or any(a.shape != z.shape or z.ndim != 1 for pair in pairs.values() for a in pair):
        raise ValueError(f"each curve needs values and slopes at the {z.size} places of z, and there must be one curve")
    columns = min(COLUMNS, len(pairs))
    rows = -(-len(pairs) // columns)
    figure = Figure(figsize=(2.0 * columns, 1.75 * rows + 0.3), layout="constrained")
    panels = figure.subplots(rows, columns, sharex=True, sharey=True, squeeze=False).ravel()
    for axes, (name, (values, slopes)) in zip(panels, pairs.items(), strict=False):
        fix_ticks(axes)
        axes.plot(z, values, color=ACCENT)
        axes.plot(z, slopes, "--", color=SECOND, linewidth=1.4)
        axes.axhline(0, color=MUTED, linewidth=0.6)
        axes.set_title(f"{name}: slope {slopes.min():.2g} to {slopes.max():.2g}".replace("-", "−"), fontsize=8.5)
        axes.label_outer()
    for axes in panels[max(0, len(pairs) - columns) : len(pairs)]:  # nothing below these
        axes.tick_params(labelbottom=True)
    for axes in panels[len(pairs) :]:
        axes.remove()
    figure.supxlabel("z", fontsize=9.5, color=MUTED)
    figure.legend(panels[0].lines[:2], ["f(z)", "slope f'(z)"], loc="outside upper left", ncols=2, fontsize=8.5)
    return figure
