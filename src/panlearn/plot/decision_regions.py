"""Decision regions of a classifier in the plane: boundary, margins, support vectors, slack [cortes1995]."""

import itertools
from collections.abc import Callable
from copy import deepcopy
from typing import Any, NamedTuple

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import ArrayLike
from scipy.sparse import issparse
from sklearn.base import is_outlier_detector, is_regressor
from sklearn.utils.validation import check_is_fitted

from panlearn.plot.labels import fit_label, format_number
from panlearn.plot.style import ACCENT, INK, MUTED, QUIET, SECOND, SURFACE, fix_ticks, house_style, new_axes
from panlearn.plot.svg import RASTER_FROM

LOOKS = ((ACCENT, "o"), (SECOND, "s"), (QUIET, "^"), (INK, "D"), (MUTED, "v"))
MAX_CLASSES = 2 * len(LOOKS)  # each look once full and once hollow
ROOM = 0.08  # free space around the rows, in widths of the picture
VISIBLE_SLACK = 0.01  # a support vector on the margin misses it by the solver's tolerance
AFFINE = 1e-3  # f of a linear machine leaves its plane by rounding only, in float32 at worst by this share


class Plane(NamedTuple):
    """What is drawn: the rows, and the machine as a function of two coordinates."""

    points: np.ndarray  # (n, 2)
    labels: np.ndarray  # (n,)
    classes: list[Any]  # at most MAX_CLASSES labels
    names: list[str]  # what the legend calls them
    score: Callable[[np.ndarray], np.ndarray] | None  # f of a machine of two classes, positive for the second
    leads: Callable[[np.ndarray], np.ndarray]  # (m, 2) -> (K, m): for each class a field, positive in its region
    axis_names: tuple[str, str]


@house_style()
def plot_decision_regions(
    estimator: Any,
    X: Any,
    y: ArrayLike | None = None,
    *,
    ax: Axes | None = None,
    margins: bool = True,
    support_vectors: bool = True,
    slack: bool = False,
    resolution: int = 200,
) -> Figure:
    """Draw which class a fitted classifier predicts at each point of the plane of its two features.

    How to read it: the solid line is the decision boundary, the dashed lines are the margins f = ±1 of a machine of
    two classes, 2/‖w‖ apart if it is linear; with a hard margin no row lies between them. Rings mark the support
    vectors: the other rows could be taken away without moving the boundary. With `slack`, a line leads from each row on
    the wrong side of its margin back to it, ξ/‖w‖ long. Such a row is a support vector, but no more of one than α = C
    allows [cortes1995].

    Parameters
    ----------
    estimator : estimator
        Fitted classifier or outlier detector with two features, also at the end of a pipeline or in a finished search.
    X : array_like or data frame of shape (n, 2)
        Rows to draw; a data frame names the axes. Support vectors behind a scaler are ringed if these are the rows of
        `fit`.
    y : array_like of shape (n,), optional
        Their labels; rows with a label that is none of the classes, as -1 for "no label", become small dots. Without
        them, rows look as they are predicted.
    ax : matplotlib.axes.Axes, optional
        Where to draw, without a legend; by default a new figure.
    margins : bool
        Draw f = ±1, where there are two classes and a `decision_function`; of a logistic regression these are odds of
        e to 1.
    support_vectors : bool
        Ring the support vectors, where the machine has some.
    slack : bool
        Draw the slack of each row; for linear machines of two classes. Both axes then have one scale.
    resolution : int
        Points of the grid along each axis.

    Returns
    -------
    matplotlib.figure.Figure
        The picture.

    Raises
    ------
    TypeError
        If the estimator is a regressor.
    ValueError
        If there are other than two features, more than ten classes, y that fits neither X nor the classes, or slack is
        asked of a machine that is not linear or has more than two classes.

    References
    ----------
    [cortes1995], note 000 §2.1, §2.5

    Examples
    --------
    >>> from panlearn.svm import SVC
    >>> X, y = [[0, 0], [0, 1], [2, 0], [2, 1]], ["a", "a", "b", "b"]
    >>> figure = plot_decision_regions(SVC(kernel="linear", C=10).fit(X, y), X, y)
    >>> [text.get_text() for text in figure.legends[0].get_texts()]
    ['a', 'b', 'f = 0', 'f = ±1', 'support vector']
    """
    if resolution < 2:
        raise ValueError(f"resolution must be at least 2, got {resolution}")
    machine = getattr(estimator, "best_estimator_", estimator)
    plane = _plane(machine, X, y)
    figure, axes = new_axes(5.0, 4.2) if ax is None else (ax.get_figure(root=True), ax)
    assert isinstance(figure, Figure)
    fix_ticks(axes)
    _draw_rows(axes, plane)
    xi, feet = _slack(plane) if slack else (np.zeros(0), plane.points)
    frame = _frame(np.vstack([plane.points, feet]), resolution)
    _draw_regions(axes, plane, frame, margins=margins and not is_outlier_detector(machine))
    if slack:
        _draw_slack(axes, plane.points, feet, xi)
    if support_vectors:
        _ring_support_vectors(axes, machine, X, plane.points)
    if ax is None:
        figure.legend(loc="outside lower center", ncols=3, fontsize=8.5, handletextpad=0.5, columnspacing=1.5)
    return figure


def _plane(machine: Any, X: Any, y: ArrayLike | None) -> Plane:
    """Check what is to be drawn."""
    check_is_fitted(machine)
    if is_regressor(machine):
        kind = type(machine).__name__
        raise TypeError(
            f"plot_decision_regions draws classifiers and outlier detectors, got {kind}: see plot_residuals"
        )
    points = _dense(X).astype(float)
    seen = getattr(machine, "n_features_in_", 2)
    if points.ndim != 2 or (points.shape[1], seen) != (2, 2):
        raise ValueError(
            f"plot_decision_regions draws the plane of two features, got X of shape {points.shape} and a machine of "
            f"{seen} features: fit it on two columns, as X[:, [0, 1]]"
        )
    outliers = is_outlier_detector(machine)
    classes = [1, -1] if outliers else np.asarray(machine.classes_).tolist()
    if len(classes) > MAX_CLASSES:
        raise ValueError(f"at most {MAX_CLASSES} classes can be told apart, got {len(classes)}")
    labels = np.asarray(machine.predict(X) if y is None else y).ravel()
    if len(labels) != len(points) or not np.isin(labels, classes).any():
        raise ValueError(
            f"y must hold a label for each of the {len(points)} rows, some of them among the classes {classes}; got "
            f"{len(labels)} labels, the first {labels[:5].tolist()}"
        )
    like, sign = _like(X), -1.0 if outliers else 1.0
    binary = len(classes) == 2 and hasattr(machine, "decision_function")
    score = (lambda rows: sign * np.ravel(machine.decision_function(like(rows)))) if binary else None
    columns = getattr(X, "columns", ("x₁", "x₂"))
    return Plane(
        points=points,
        labels=labels,
        classes=classes,
        names=["inlier", "outlier"] if outliers else [str(label) for label in classes],
        score=score,
        leads=(lambda rows: np.outer([-1, 1], score(rows))) if score else lambda rows: _leads(machine, like(rows)),
        axis_names=(fit_label(str(columns[0]), lines=1), fit_label(str(columns[1]), lines=1)),
    )


def _dense(X: Any) -> np.ndarray:
    """Rows as an array."""
    return X.toarray() if issparse(X) else np.asarray(X)


def _like(X: Any) -> Callable[[np.ndarray], Any]:
    """Rows as what X is: a data frame keeps its column names, with which the machine was fitted."""
    if not hasattr(X, "columns"):
        return lambda rows: rows
    return lambda rows: type(X)(dict(zip(X.columns, rows.T, strict=True)))


def _leads(machine: Any, rows: Any) -> np.ndarray:
    """For each class by how much it leads, (K, m): smooth where that agrees with the predictions, else 1 or -1."""
    predicted = np.asarray(machine.predict(rows))
    lead = np.where(predicted == np.asarray(machine.classes_)[:, None], 1.0, -1.0)
    smooth = _smooth_leads(machine, rows)
    if smooth.shape == lead.shape and np.mean((smooth > 0) == (lead > 0)) > 0.99:
        return smooth
    return lead


def _smooth_leads(machine: Any, rows: Any) -> np.ndarray:
    """The least lead of each class over the others, from the scores of classes or of pairs of classes."""
    count = len(machine.classes_)
    if hasattr(last_step(machine), "decision_function_shape"):
        machine = deepcopy(machine)
        last_step(machine).set_params(decision_function_shape="ovo")
    if not hasattr(machine, "decision_function") and not hasattr(machine, "predict_proba"):
        return np.empty(0)
    scores = (machine.decision_function if hasattr(machine, "decision_function") else machine.predict_proba)(rows).T
    pairs = list(itertools.combinations(range(count), 2))
    if len(scores) == len(pairs) and hasattr(last_step(machine), "decision_function_shape"):
        duels = dict(zip(pairs, scores, strict=True))
    else:
        duels = {(i, j): scores[i] - scores[j] for i, j in pairs}
    return np.array(
        [np.min([f if k == i else -f for (i, j), f in duels.items() if k in (i, j)], 0) for k in range(count)]
    )


def _frame(drawn: np.ndarray, resolution: int) -> np.ndarray:
    """Coordinates of the grid along both axes, (resolution, 2), with free space around what is drawn."""
    low, high = drawn.min(axis=0), drawn.max(axis=0)
    room = ROOM * (high - low) + 0.5 * (high == low)
    return np.linspace(low - room, high + room, resolution)


def _draw_regions(axes: Axes, plane: Plane, frame: np.ndarray, *, margins: bool) -> None:
    """Shade the regions and draw the lines f = 0 and, on request, f = ±1."""
    across, up = frame.T
    grid = np.column_stack([part.ravel() for part in np.meshgrid(across, up)])
    fields = plane.leads(grid).reshape(-1, len(up), len(across))
    axes.grid(visible=False)
    for field, (colour, _) in zip(fields, 2 * LOOKS, strict=False):
        if field.max() > 0:
            axes.contourf(across, up, field, levels=[0, 1.01 * field.max()], colors=[colour], alpha=0.16)
    for field in fields[len(fields) == 2 :]:  # two classes share one line
        if field.min() < 0 < field.max():
            axes.contour(across, up, field, levels=[0], colors=INK, linewidths=1.2)
    axes.plot([], [], color=INK, linewidth=1.2, label="f = 0" if plane.score else "boundary")
    if margins and plane.score and np.abs(fields[1]).max() > 1:
        dashes = (0, (4, 3))
        axes.contour(across, up, fields[1], levels=[-1, 1], colors=MUTED, linewidths=1.0, linestyles=[dashes])
        axes.plot([], [], color=MUTED, linewidth=1.0, linestyle=dashes, label="f = ±1")
    axes.set(xlabel=plane.axis_names[0], ylabel=plane.axis_names[1])
    axes.set(xlim=(across[0], across[-1]), ylim=(up[0], up[-1]))


def _draw_rows(axes: Axes, plane: Plane) -> None:
    """A mark for each row, one look a class; rows without a label are dots."""
    many = len(plane.points) > RASTER_FROM
    known = np.isin(plane.labels, plane.classes)
    size = float(np.clip(60 / np.sqrt(known.sum()), 3.2, 6.0))
    if not known.all():
        axes.plot(*plane.points[~known].T, ".", color=QUIET, markersize=3, zorder=2, rasterized=many, label="no label")
    for k, label in enumerate(plane.classes):
        colour, mark = LOOKS[k % len(LOOKS)]
        hollow = k >= len(LOOKS)
        axes.plot(
            *plane.points[plane.labels == label].T,
            mark,
            markerfacecolor=SURFACE if hollow else colour,
            markeredgecolor=colour if hollow else SURFACE,
            markeredgewidth=1.0 if hollow else 0.4,
            markersize=size,
            zorder=3,
            rasterized=many,
            label=fit_label(plane.names[k], cells=24, lines=1),
        )


def last_step(machine: Any) -> Any:
    """The machine itself, at the end of a pipeline if it is in one."""
    return machine[-1] if hasattr(machine, "steps") else machine


def _ring_support_vectors(axes: Axes, machine: Any, X: Any, points: np.ndarray) -> None:
    """Ring the support vectors; those of a pipeline where X are the rows it was fitted on."""
    last = last_step(machine)
    vectors = _dense(getattr(last, "support_vectors_", np.empty((0, 2))))
    if last is not machine and len(vectors):
        rows = np.asarray(last.support_)
        fitted = rows.max() < len(points) and np.allclose(machine[:-1].transform(X)[rows], vectors, rtol=1e-5)
        vectors = points[rows] if fitted else vectors[:0]
    if len(vectors):
        ring = {"markerfacecolor": "none", "markeredgecolor": INK, "markeredgewidth": 0.7, "markersize": 8}
        axes.plot(*vectors.T, "o", **ring, zorder=4, label="support vector", rasterized=len(vectors) > RASTER_FROM)


def _slack(plane: Plane) -> tuple[np.ndarray, np.ndarray]:
    """Slack ξ of each row, (n,), and the point of its margin y f = 1 that is nearest to it, (n, 2)."""
    weight, bias = _linear_machine(plane)
    sign = np.where(plane.labels == plane.classes[1], 1.0, -1.0)
    known = np.isin(plane.labels, plane.classes)
    xi = np.where(known, np.maximum(0, 1 - sign * (plane.points @ weight + bias)), 0)
    return xi, plane.points + (sign * xi)[:, None] * weight / (weight @ weight)


def _draw_slack(axes: Axes, points: np.ndarray, feet: np.ndarray, xi: np.ndarray) -> None:
    """A line from each row on the wrong side of its margin to its foot on it; the longest says its slack."""
    late = np.flatnonzero(xi > VISIBLE_SLACK)
    axes.set_aspect("equal")
    label = "slack: ξ/‖w‖ long"
    for i in late:
        ends = np.column_stack([points[i], feet[i]])
        axes.plot(*ends, color=INK, linewidth=1.1, linestyle=(0, (1, 1.2)), zorder=2.5, label=label)
        label = None
    if late.size:
        worst = late[xi[late].argmax()]
        middle = (points[worst] + feet[worst]) / 2
        axes.annotate(
            f"ξ = {format_number(float(xi[worst]))}",
            (middle[0], middle[1]),
            xytext=(4, 5),
            textcoords="offset points",
            color=INK,
            bbox={"facecolor": SURFACE, "edgecolor": "none", "alpha": 0.7, "pad": 1},
        )


def _linear_machine(plane: Plane) -> tuple[np.ndarray, float]:
    """Weights w and b of f(x) = w'x + b in the coordinates of the picture, behind a scaler too."""
    if plane.score is not None:
        centre, step = plane.points.mean(axis=0), np.ptp(plane.points, axis=0) + (np.ptp(plane.points, axis=0) == 0)
        value, right, above = plane.score(centre + np.vstack([np.zeros(2), np.diag(step)]))
        weight = np.array([right - value, above - value]) / step
        bias = float(value - weight @ centre)
        there = plane.score(plane.points)
        if weight.any() and np.abs(there - plane.points @ weight - bias).max() <= AFFINE * np.abs(there).max():
            return weight, bias
    raise ValueError("slack=True needs a linear machine of two classes, as SVC(kernel='linear') or LinearSVC")
