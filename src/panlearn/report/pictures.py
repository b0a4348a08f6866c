"""Which pictures a report shows: all that the task and the scored folds allow."""

from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np
from markupsafe import Markup

from panlearn.evaluation.comparison import Comparison, Row
from panlearn.plot import (
    figure_svg,
    plot_calibration,
    plot_confusion_matrix,
    plot_importances,
    plot_learning_curve,
    plot_precision_recall,
    plot_predictions,
    plot_residuals,
    plot_roc,
    plot_score_distribution,
)
from panlearn.report.wording import metric_title, scored


class Picture(NamedTuple):
    """One figure of the report."""

    title: str
    caption: str  # how to read it
    svg: Markup
    layout: str  # "", "wide": takes the whole width of the page, "wide dense": small print, scrolls on a telephone


class _Draft(NamedTuple):
    title: str
    caption: str
    figure: Any  # of matplotlib, which only panlearn.plot imports
    layout: str = ""


class _OutOfFold(NamedTuple):
    """Rows that were predicted while held out, of the best method."""

    target: np.ndarray  # (m,) text for classes, numbers otherwise
    prediction: np.ndarray  # (m,)
    probability: np.ndarray | None  # (m, classes)


def pictures(comparison: Comparison) -> list[Picture]:
    """Draw the pictures of a comparison; a comparison in which nothing ran has none."""
    rows = scored(comparison)
    if not rows:
        return []
    drafts = [
        _scores(comparison, rows),
        *_quality(comparison, rows[0]),
        *_learning(comparison),
        *_importances(comparison),
    ]
    return [
        Picture(d.title, d.caption, Markup(figure_svg(d.figure, label=d.title, prefix=f"picture{index}")), d.layout)
        for index, d in enumerate(drafts)
    ]


def _scores(comparison: Comparison, rows: list[Row]) -> _Draft:
    figure = plot_score_distribution(
        {row.name: row.scores[comparison.metric] for row in rows},
        metric=metric_title(comparison, comparison.metric),
        greater_is_better=comparison.greater_is_better,
        baselines={row.name for row in rows if row.source != "panlearn"},
    )
    caption = (
        "A dot is a fold, the upright line the mean, the bar one standard deviation to each side; grey methods are "
        "baselines. Methods whose dots overlap widely cannot be told apart by these folds."
    )
    return _Draft("Scores over folds", caption, figure, layout="wide")


def _quality(comparison: Comparison, best: Row) -> Iterator[_Draft]:
    """Pictures of the best method's held-out predictions."""
    data = comparison.data
    held_out = _out_of_fold(comparison, best)
    if held_out.target.size == 0:
        return
    if data.classes:
        figure = plot_confusion_matrix(held_out.target, held_out.prediction, classes=data.classes)
        caption = (
            "Each line is a true class: the shade is the share of its rows that got the label below. The diagonal is "
            "right, everything beside it is a confusion."
        )
        yield _Draft(
            f"Confusions of {best.name}", caption, figure, layout="wide dense" if len(data.classes) > 8 else ""
        )
        if held_out.probability is not None:
            yield from _probabilities(comparison, best, held_out)
        return
    caption = "On the dashed line a prediction is exact; above it the truth was higher than predicted."
    figure = plot_predictions(held_out.target, held_out.prediction, name=data.target)
    yield _Draft(f"Predictions of {best.name}", caption, figure)
    caption = (
        "The orange line is the median error along the prediction, its shade the middle 80 % of rows. A bend is "
        "a shape the model missed; a funnel is noise that grows with the prediction."
    )
    figure = plot_residuals(held_out.target, held_out.prediction, name=data.target)
    yield _Draft(f"Errors of {best.name}", caption, figure)


def _probabilities(comparison: Comparison, best: Row, held_out: _OutOfFold) -> Iterator[_Draft]:
    classes = np.asarray(comparison.data.classes)
    assert held_out.probability is not None
    known = np.isfinite(held_out.probability).all(axis=1)
    target, probability = held_out.target[known], held_out.probability[known]
    if target.size == 0 or probability.shape[1] != len(classes):
        return
    if len(classes) == 2:
        positive, score = target == classes[1], probability[:, 1]
        event = f"{comparison.data.target} = {classes[1]}"
    else:
        positive, score = target == classes[probability.argmax(axis=1)], probability.max(axis=1)
        event = "the likeliest label is right"
    caption = (
        "On the diagonal, “70 % sure” comes true in 70 of 100 cases; below it the method is too sure. Whiskers are "
        "95 % intervals; the histogram shows how often each probability was given."
    )
    yield _Draft(f"Calibration of {best.name}", caption, plot_calibration(positive, score, event=event))
    if len(classes) == 2 and 0 < positive.sum() < positive.size:
        caption = f"Every threshold on the probability that {event}. The dashed line is guessing."
        yield _Draft(f"ROC curve of {best.name}", caption, plot_roc(positive, score))
        caption = "Of the rows called positive, how many are; of the positive rows, how many are found."
        yield _Draft(f"Precision and recall of {best.name}", caption, plot_precision_recall(positive, score))


def _learning(comparison: Comparison) -> Iterator[_Draft]:
    curve = comparison.learning_curve
    if not curve or not np.isfinite(np.asarray(curve["test"], dtype=float)).any():
        return
    metric = metric_title(comparison, comparison.metric)
    figure = plot_learning_curve(curve["rows"], curve["train"], curve["test"], metric=metric)
    caption = (
        "Mean and one standard deviation over folds. A gap that is still closing at the right says that more rows "
        "would help; curves that have met say that they would not."
    )
    yield _Draft("Learning curve", caption, figure)


def _importances(comparison: Comparison) -> Iterator[_Draft]:
    if not any(np.isfinite(np.asarray(falls, dtype=float)).any() for falls in comparison.importances.values()):
        return
    figure = plot_importances(comparison.importances, metric=metric_title(comparison, comparison.metric))
    caption = (
        "How far the score falls when the values of one column are shuffled; a dot is one shuffle. Columns that say "
        "the same share their importance."
    )
    yield _Draft("Importance of the columns", caption, figure)


def _out_of_fold(comparison: Comparison, best: Row) -> _OutOfFold:
    target, prediction = np.asarray(comparison.target), np.asarray(best.prediction)
    if comparison.data.classes:
        missing = np.array([value != value or value == "" for value in prediction.tolist()], dtype=bool)
        target, prediction = target.astype(str), prediction.astype(str)
    else:
        target, prediction = target.astype(float), prediction.astype(float)
        missing = ~np.isfinite(prediction)
    use = (np.asarray(comparison.folds) >= 0) & ~missing
    probability = None if best.probability is None else np.asarray(best.probability, dtype=float)[use]
    return _OutOfFold(target[use], prediction[use], probability)
