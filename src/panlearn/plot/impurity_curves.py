"""Entropy, Gini index and error of a node with two classes."""

import numpy as np
from matplotlib.figure import Figure

from panlearn.plot.style import ACCENT, MUTED, QUIET, SECOND, annotate, house_style, new_axes


@house_style()
def plot_impurity_curves() -> Figure:
    """Draw how impure a node is, against the share of one of its two classes.

    How to read it: all are 0 for a pure node and largest for an even mixture. Half the entropy and the Gini index
    hardly differ, as note 000 §4.2 says; both are curved, so that a split which makes one side purer always helps,
    while the error, straight on either side, may see no gain in it [breiman1984].

    Returns
    -------
    matplotlib.figure.Figure
        The picture.

    References
    ----------
    [breiman1984], note 000 §4.2

    Examples
    --------
    >>> axes = plot_impurity_curves().axes[0]
    >>> {line.get_label(): round(float(line.get_ydata().max()), 2) for line in axes.lines}
    {'entropy, bits': 1.0, 'half the entropy': 0.5, 'Gini index': 0.5, 'error': 0.5}
    """
    share = np.linspace(0, 1, 401)
    entropy, gini = entropy_of(share), 2 * share * (1 - share)
    figure, axes = new_axes(5.2, 3.6)
    axes.plot(share, entropy, color=QUIET, linewidth=1.4, label="entropy, bits")
    axes.plot(share, entropy / 2, color=ACCENT, label="half the entropy")
    axes.plot(share, gini, color=SECOND, linestyle="--", label="Gini index")
    axes.plot(share, np.minimum(share, 1 - share), color=MUTED, linestyle=":", label="error")
    axes.set(
        xlabel="share of the first class",
        ylabel="impurity",
        ylim=(0, 1.36),
        yticks=np.arange(0, 1.01, 0.2),
        xlim=(0, 1),
    )
    axes.legend(loc="upper right", fontsize=8)
    apart = np.abs(entropy / 2 - gini).max()
    annotate(axes, f"half the entropy and Gini\nare at most {apart:.3f} apart", x=0.03, y=0.96)
    return figure


def entropy_of(share: np.ndarray) -> np.ndarray:
    """Entropy of two classes in bits, note 000 (4.1).

    Parameters
    ----------
    share : ndarray
        Shares of the first class.

    Returns
    -------
    ndarray
        0 where a class is alone.

    Examples
    --------
    >>> import numpy as np
    >>> entropy_of(np.array([0.0, 0.5, 0.25])).round(3)
    array([0.   , 1.   , 0.811])
    """
    both = np.stack([share, 1 - share])
    logs = np.log2(both, out=np.zeros_like(both), where=both > 0)
    return -(both * logs).sum(axis=0)
