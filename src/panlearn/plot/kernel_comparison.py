"""Several machines on the same rows, a panel each: what a kernel does to the boundary [boser1992]."""

from collections.abc import Mapping
from typing import Any

from matplotlib.figure import Figure
from numpy.typing import ArrayLike

from panlearn.plot.decision_regions import last_step, plot_decision_regions
from panlearn.plot.labels import fit_label
from panlearn.plot.style import house_style


@house_style()
def plot_kernel_comparison(
    estimators: Mapping[str, Any], X: Any, y: ArrayLike | None = None, *, columns: int = 3, resolution: int = 150
) -> Figure:
    r"""Draw the decision regions of several machines on the same rows, a panel each.

    How to read it: as `plot_decision_regions`; the title counts the support vectors. A kernel whose boundary bends
    around single rows, with most rows as support vectors, is too narrow; one that is straight where the classes are
    not, too stiff.

    Parameters
    ----------
    estimators : mapping of str to estimator
        Fitted machines by the title of their panel.
    X : array_like or data frame of shape (n, 2)
        Rows to draw.
    y : array_like of shape (n,), optional
        Their labels.
    columns : int
        Panels in a line.
    resolution : int
        Points of the grid along each axis.

    Returns
    -------
    matplotlib.figure.Figure
        The picture.

    Raises
    ------
    ValueError
        If there is no machine; otherwise as `plot_decision_regions`.

    References
    ----------
    [boser1992], note 000 §2.4

    Examples
    --------
    >>> from panlearn.svm import SVC
    >>> X, y = [[0, 0], [1, 1], [0, 1], [1, 0]], [0, 0, 1, 1]  # no line separates these
    >>> machines = {kernel: SVC(kernel=kernel, C=1000).fit(X, y) for kernel in ("linear", "rbf")}
    >>> [axes.get_title(loc="left") for axes in plot_kernel_comparison(machines, X, y).axes]
    ['linear\n4 support vectors', 'rbf\n4 support vectors']
    """
    if not estimators:
        raise ValueError("estimators must hold at least one machine, got none")
    columns = max(1, min(columns, len(estimators)))
    lines = -(-len(estimators) // columns)
    figure = Figure(figsize=(2.15 * columns, 2.35 * lines), layout="constrained")
    panels = figure.subplots(lines, columns, squeeze=False).ravel()
    for axes, (name, estimator) in zip(panels, estimators.items(), strict=False):
        plot_decision_regions(estimator, X, y, ax=axes, resolution=resolution)
        machine = last_step(getattr(estimator, "best_estimator_", estimator))
        count = f"{len(machine.support_)} support vectors" if hasattr(machine, "support_") else ""
        axes.set_title("\n".join([fit_label(name, cells=30, lines=1), count]).strip())
        axes.set(xlabel="", ylabel="", xticks=[], yticks=[])
    for axes in panels[len(estimators) :]:
        axes.remove()
    return figure
