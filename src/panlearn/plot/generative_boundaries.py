"""Boundaries of generative and discriminative classifiers on the same rows [ng2001]."""

from collections.abc import Mapping
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Ellipse
from numpy.typing import ArrayLike
from sklearn.pipeline import Pipeline

from panlearn.plot.decision_regions import LOOKS, last_step, plot_decision_regions
from panlearn.plot.labels import format_number
from panlearn.plot.style import fix_ticks, house_style

COLUMNS = 2
RADII = (1.0, 2.0)  # standard deviations


@house_style()
def plot_generative_boundaries(
    X: Any, y: ArrayLike, models: Mapping[str, Any] | None = None, *, resolution: int = 160
) -> Figure:
    """Draw what several classifiers make of the same two features, a panel each.

    How to read it: the ellipses are the densities that a generative classifier assumes, at one and two standard
    deviations; its boundary is where two of them are equally probable. With one covariance for all classes (linear
    discriminant) that is a straight line, as that of logistic regression, which assumes no density and has no ellipses.
    With a covariance a class it is a conic; naive Bayes keeps the ellipses parallel to the axes. The title
    gives the share of these rows that the model labels rightly.

    Parameters
    ----------
    X : array_like or data frame of shape (n, 2)
        Two features.
    y : array_like of shape (n,)
        Labels.
    models : mapping of str to estimator, optional
        Fitted classifiers by the titles of their panels; by default linear and quadratic discriminant, Gaussian naive
        Bayes and logistic regression, fitted here.
    resolution : int
        Points of the grid along each axis.

    Returns
    -------
    matplotlib.figure.Figure
        The picture.

    Raises
    ------
    ValueError
        If there is no model, or as `plot_decision_regions` raises.

    References
    ----------
    [ng2001], [hastie2009, 4.4.5], note 001 §4.1-4.3

    Examples
    --------
    >>> X, y = np.random.default_rng(0).normal(size=(60, 2)), np.arange(60) % 2
    >>> figure = plot_generative_boundaries(X + y[:, None], y, resolution=40)
    >>> [len(axes.patches) for axes in figure.axes]  # two ellipses a class; none where no density is assumed
    [4, 4, 4, 0]
    """
    if models is None:
        models = _standard(X, y)
    if not models:
        raise ValueError("models must hold at least one fitted classifier, got none")
    rows = -(-len(models) // COLUMNS)
    figure = Figure(figsize=(3.6 * min(len(models), COLUMNS), 3.0 * rows + 0.4), layout="constrained")
    panels = figure.subplots(rows, min(len(models), COLUMNS), squeeze=False, sharex=True, sharey=True).ravel()
    for axes, (name, model) in zip(panels, models.items(), strict=False):
        fix_ticks(axes)
        plot_decision_regions(model, X, y, ax=axes, margins=False, support_vectors=False, resolution=resolution)
        limits = axes.axis()
        _draw_densities(axes, model)
        axes.axis(limits)
        axes.set_title(f"{name}: {format_number(100 * float(np.mean(model.predict(X) == np.asarray(y))))} % right")
        axes.label_outer()
    for axes in panels[len(models) :]:
        axes.remove()
    handles, labels = panels[0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside lower center", ncols=4, fontsize=8.5)
    return figure


def _standard(X: Any, y: ArrayLike) -> dict[str, Any]:
    """The four models whose comparison the picture is about."""
    from panlearn.discriminant_analysis import LinearDiscriminantAnalysis, QuadraticDiscriminantAnalysis
    from panlearn.linear_model import LogisticRegression
    from panlearn.naive_bayes import GaussianNB

    models: dict[str, Any] = {
        "Shared covariance (LDA)": LinearDiscriminantAnalysis(store_covariance=True),
        "Covariance a class (QDA)": QuadraticDiscriminantAnalysis(),
        "Gaussian naive Bayes": GaussianNB(),
        "Logistic regression": LogisticRegression(),
    }
    return {name: model.fit(X, y) for name, model in models.items()}


def _draw_densities(axes: Axes, model: Any) -> None:
    """Ellipses of the normal densities of the classes, where the model has some in the coordinates of the picture."""
    if isinstance(model, Pipeline):
        return
    machine = last_step(model)
    for k, (mean, covariance) in enumerate(_densities(machine)):
        value, axis = np.linalg.eigh(covariance)
        angle = float(np.degrees(np.arctan2(axis[1, 1], axis[0, 1])))
        for radius in RADII:
            long, short = 2 * radius * np.sqrt(value[1]), 2 * radius * np.sqrt(value[0])
            colour = LOOKS[k % len(LOOKS)][0]
            line = {"fill": False, "edgecolor": colour, "linewidth": 1.2, "zorder": 4}
            axes.add_patch(Ellipse(tuple(mean), long, short, angle=angle, **line))


def _densities(machine: Any) -> list[tuple[np.ndarray, np.ndarray]]:
    """Mean and covariance of each class."""
    if hasattr(machine, "rotations_"):
        parts = zip(machine.rotations_, machine.scalings_, strict=True)
        return [(m, (r * s) @ r.T) for m, (r, s) in zip(machine.means_, parts, strict=True)]
    if hasattr(machine, "theta_") and hasattr(machine, "var_"):
        return [(m, np.diag(v)) for m, v in zip(machine.theta_, machine.var_, strict=True)]
    if hasattr(machine, "means_") and np.ndim(getattr(machine, "covariance_", 0.0)) == 2:
        return [(m, machine.covariance_) for m in machine.means_]
    return []
