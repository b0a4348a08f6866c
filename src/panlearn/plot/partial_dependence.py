"""Partial dependence: the mean prediction while one or two features are held at a value."""

from typing import Any

import numpy as np
from matplotlib.figure import Figure
from sklearn.base import is_classifier
from sklearn.inspection import partial_dependence

from panlearn.plot.labels import fit_label, format_number
from panlearn.plot.style import ACCENT, INK, MUTED, QUIET, house_style, new_axes

LINES = 60  # single rows drawn beside their mean


@house_style()
def plot_partial_dependence(
    estimator: Any, X: Any, features: Any, *, target: Any = None, grid_resolution: int = 60, rows: bool = True
) -> Figure:
    r"""Draw how the mean prediction changes with one feature, or with two.

    For a value v of the features S it is mean_i f(v, x_i without S) [friedman2001].

    How to read it: the strong line is the mean, the thin ones are single rows. Thin lines that run parallel say that
    the feature acts alone; lines that cross, that it acts together with another one, and the mean hides it. The ticks
    at the bottom are the tenths of the data: far from them the model was never tried. For two features the contours
    say the same; straight, parallel ones mean that the effects just add up.

    Parameters
    ----------
    estimator : estimator
        A fitted regressor or classifier.
    X : array-like or frame of shape (n, p)
        Rows to average over.
    features : int, str, or a pair of them
        Which features.
    target : int or label, optional
        The class of a classifier with more than two, or the target.
    grid_resolution : int, default=60
        Values along each axis.
    rows : bool, default=True
        Draw some of the single rows.

    Returns
    -------
    matplotlib.figure.Figure
        The picture.

    Raises
    ------
    ValueError
        If there are not one or two features, or a class is needed.

    References
    ----------
    [friedman2001]

    Examples
    --------
    >>> import numpy as np
    >>> from panlearn.linear_model import LinearRegression
    >>> X = np.random.default_rng(0).normal(size=(50, 2))
    >>> model = LinearRegression().fit(X, X[:, 0])
    >>> axes = plot_partial_dependence(model, X, 0).axes[0]
    >>> axes.get_xlabel(), axes.get_ylabel()
    ('x[0]', 'mean prediction')
    """
    features = [features] if isinstance(features, (str, int, np.integer)) else list(features)
    if len(features) not in (1, 2):
        raise ValueError(f"features must be one or two features, got {len(features)}")
    which = _output(estimator, target)
    kind = "both" if len(features) == 1 and rows else "average"
    found = partial_dependence(estimator, X, features, grid_resolution=grid_resolution, kind=kind)
    names = [_name(X, feature) for feature in features]
    grid, mean = found["grid_values"], np.asarray(found["average"])[which]
    what = "mean probability" if is_classifier(estimator) else "mean prediction"
    if len(features) == 2:
        return _contours(grid, mean, names, what)
    figure, axes = new_axes(5.0, 3.4)
    x = np.asarray(grid[0], dtype=float) if _is_number(grid[0]) else np.arange(len(grid[0]))
    if kind == "both":
        single = np.asarray(found["individual"])[which]
        chosen = np.linspace(0, len(single) - 1, min(LINES, len(single))).astype(int)
        axes.plot(x, single[chosen].T, color=QUIET, linewidth=0.5, alpha=0.35)
    axes.plot(x, mean, color=ACCENT, linewidth=2.4)
    if _is_number(grid[0]):
        tenths = np.nanquantile(_column(X, features[0]).astype(float), np.linspace(0.1, 0.9, 9))
        axes.plot(
            tenths, np.zeros(9), "|", color=MUTED, markersize=9, transform=axes.get_xaxis_transform(), clip_on=False
        )
    else:
        axes.set_xticks(x, [fit_label(str(level), cells=10) for level in grid[0]])
    axes.set(xlabel=names[0], ylabel=what)
    return figure


def _contours(grid: Any, mean: np.ndarray, names: list[str], what: str) -> Figure:
    figure, axes = new_axes(5.0, 3.8)
    axes.grid(visible=False)
    lines = axes.contour(*(np.asarray(g, dtype=float) for g in grid), mean.T, levels=9, colors=ACCENT, linewidths=1.1)
    low, high = float(mean.min()), float(mean.max())
    texts = axes.clabel(lines, fmt=lambda value: format_number(value), fontsize=8)
    for text in texts:
        text.set_color(INK)
    axes.set(xlabel=names[0], ylabel=names[1])
    axes.set_title(f"{what}, from {format_number(low)} to {format_number(high)}")
    return figure


def _output(estimator: Any, target: Any) -> int:
    """Index of the class or target in what `partial_dependence` returns."""
    classes = getattr(estimator, "classes_", None)
    if not is_classifier(estimator) or classes is None or len(classes) < 3:
        return 0 if target is None or is_classifier(estimator) else int(target)
    if target is None or target not in list(classes):
        raise ValueError(f"target must be one of the classes {list(classes)}, got {target!r}")
    return list(classes).index(target)


def _column(X: Any, feature: Any) -> np.ndarray:
    if hasattr(X, "columns"):
        return np.asarray(X[feature] if isinstance(feature, str) else X[X.columns[feature]])
    return np.asarray(X)[:, feature]


def _is_number(values: Any) -> bool:
    return np.asarray(values).dtype.kind in "fiub"


def _name(X: Any, feature: Any) -> str:
    if isinstance(feature, str):
        return feature
    return str(X.columns[feature]) if hasattr(X, "columns") else f"x[{feature}]"
