"""The scree plot: how much variance each principal component has, and all up to it together."""

import numpy as np
from matplotlib.figure import Figure
from numpy.typing import ArrayLike

from panlearn.plot.style import ACCENT, INK, MUTED, QUIET, SECOND, fix_ticks, house_style


@house_style()
def plot_scree(ratios: ArrayLike, *, chosen: int | None = None) -> Figure:
    """Draw the shares of variance of principal components, one by one and added up.

    How to read it: a cliff, then rubble. Components before the bend carry structure, those after it share noise
    evenly [cattell1966]. The upper picture says what a number of components keeps; one minus it is the mean squared
    error of the reconstruction, as a share of the variance (note 001 §10.2.2).

    Parameters
    ----------
    ratios : array_like of shape (k,)
        Shares, as `explained_variance_ratio_`.
    chosen : int, optional
        A number of components to mark.

    Returns
    -------
    matplotlib.figure.Figure
        The picture.

    Raises
    ------
    ValueError
        If there is no share, one is not in [0, 1], or `chosen` is not in 1 ... k.

    References
    ----------
    [cattell1966], note 001 §10.2

    Examples
    --------
    >>> figure = plot_scree([0.6, 0.3, 0.06, 0.04], chosen=2)
    >>> figure.axes[0].texts[0].get_text()
    '2 components: 90 %'
    """
    ratios = np.asarray(ratios, dtype=float).ravel()
    if not ratios.size or not ((ratios >= 0) & (ratios <= 1 + 1e-9)).all():
        raise ValueError(f"ratios must hold at least one share, all in [0, 1], got {ratios}")
    if chosen is not None and not 1 <= chosen <= ratios.size:
        raise ValueError(f"chosen must be in the range [1, {ratios.size}], got {chosen}")
    figure = Figure(figsize=(5.0, 4.4), layout="constrained")
    upper, lower = figure.subplots(2, 1, sharex=True, height_ratios=[2, 3])
    for axes in (upper, lower):
        fix_ticks(axes)
    number, together = np.arange(1, ratios.size + 1), 100 * np.cumsum(ratios)
    style = "o-" if ratios.size <= 40 else "-"
    upper.plot(number, together, style, color=SECOND, markersize=3.5, linewidth=1.4)
    upper.set_ylim(0, 104)
    upper.set_title("% of the variance, this and all before")
    kept = number <= (chosen or ratios.size)
    lower.bar(number[kept], 100 * ratios[kept], color=ACCENT, width=0.8)
    lower.bar(number[~kept], 100 * ratios[~kept], color=QUIET, width=0.8)
    lower.set_title("% of the variance, each")
    lower.set_xlabel("component")
    lower.set_xlim(0.3, ratios.size + 0.7)
    lower.locator_params(axis="x", integer=True)
    if chosen is not None:
        upper.plot([chosen, chosen], [0, together[chosen - 1]], color=MUTED, linestyle=":", linewidth=1.2)
        right = chosen > ratios.size / 2
        upper.annotate(
            f"{chosen} component{'s' if chosen > 1 else ''}: {together[chosen - 1]:.3g} %",
            (chosen, 8),
            xytext=(-5 if right else 5, 0),
            textcoords="offset points",
            ha="right" if right else "left",
            color=INK,
            fontsize=8.5,
        )
    return figure
