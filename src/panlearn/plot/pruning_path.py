"""The path of cost-complexity pruning: what a leaf costs, and what is left of the tree."""

import numpy as np
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter
from numpy.typing import ArrayLike

from panlearn.plot.labels import format_number
from panlearn.plot.style import ACCENT, INK, MUTED, QUIET, SECOND, fix_ticks, house_style


@house_style()
def plot_pruning_path(
    alphas: ArrayLike,
    leaves: ArrayLike,
    train: ArrayLike,
    test: ArrayLike,
    *,
    metric: str = "accuracy",
    chosen: float | None = None,
) -> Figure:
    r"""Draw the scores and the number of leaves against the price alpha of a leaf.

    How to read it: at the left the full tree, at the right its root alone. On the training rows each leaf helps; on
    others the score is best somewhere between, and there the tree is small. The path minimises note 000 (4.10),
    C(T) + alpha \|T\|, for every alpha [breiman1984].

    Parameters
    ----------
    alphas : array_like of shape (m,)
        Prices, in ascending order.
    leaves : array_like of shape (m,)
        Leaves of the pruned trees.
    train, test : array_like of shape (m,)
        Their scores on training and on held-out rows.
    metric : str
        Name of the score.
    chosen : float, optional
        A price to mark.

    Returns
    -------
    matplotlib.figure.Figure
        The picture.

    Raises
    ------
    ValueError
        If the lengths differ, or there is no price.

    References
    ----------
    [breiman1984], note 000 §4.5

    Examples
    --------
    >>> figure = plot_pruning_path([0.0, 0.1, 0.3], [9, 3, 1], [1.0, 0.9, 0.6], [0.7, 0.8, 0.6], chosen=0.1)
    >>> [axes.get_title(loc="left") for axes in figure.axes]
    ['accuracy', 'leaves']
    """
    alphas, leaves, train, test = (np.asarray(a, dtype=float).ravel() for a in (alphas, leaves, train, test))
    sizes = {alphas.size, leaves.size, train.size, test.size}
    if len(sizes) > 1 or not alphas.size:
        raise ValueError(f"alphas, leaves, train and test must have one length of at least 1, got {sorted(sizes)}")
    figure = Figure(figsize=(5.0, 4.4), layout="constrained")
    upper, lower = figure.subplots(2, 1, sharex=True, height_ratios=[3, 2])
    for axes in (upper, lower):
        fix_ticks(axes)
    positive = alphas[alphas > 0]
    log = positive.size > 1 and positive.max() > 20 * positive.min()
    x = np.maximum(alphas, positive.min() / 2) if log else alphas  # the full tree, alpha = 0, at the left end
    upper.step(x, train, "--", where="post", color=SECOND, label="training rows", linewidth=1.6)
    upper.step(x, test, "-", where="post", color=ACCENT, label="held-out rows")
    lower.step(x, leaves, where="post", color=QUIET)
    if leaves.max() > 30:
        lower.set_yscale("log")
        lower.yaxis.set_major_formatter(FuncFormatter(lambda value, _: format_number(value)))
    if log:
        upper.set_xscale("log")
        lower.xaxis.set_major_formatter(FuncFormatter(lambda value, _: format_number(value)))
    for axes in (upper, lower):
        axes.tick_params(which="minor", length=0)
        if chosen is not None:
            axes.axvline(max(chosen, float(x.min())), color=MUTED, linestyle=":", linewidth=1.2)
    if chosen is not None:
        at = int(np.flatnonzero(alphas <= chosen * (1 + 1e-9))[-1])
        lower.annotate(
            f"{leaves[at]:.0f} leaves, alpha = {format_number(chosen)}",
            (max(chosen, float(x.min())), 1),
            xycoords=("data", "axes fraction"),
            xytext=(5, -3) if x[at] < np.sqrt(x.min() * x.max() if log else np.inf) else (-5, -3),
            textcoords="offset points",
            ha="left" if x[at] < np.sqrt(x.min() * x.max() if log else np.inf) else "right",
            va="top",
            color=INK,
            fontsize=8.5,
        )
    upper.set_title(metric)
    upper.legend(loc="best", fontsize=8.5)
    lower.set_title("leaves")
    lower.set_xlabel("price of a leaf, alpha")
    return figure
