"""Scores: what each one rewards, and which ones suit a task.

| task | metrics, the first is the default |
|---|---|
| binary | accuracy, balanced accuracy, ROC AUC, log loss, Brier score |
| multiclass | accuracy, macro F1, balanced accuracy, log loss |
| regression | R², RMSE, MAE |
| counts | Poisson deviance, RMSE, MAE |

Accuracy and balanced accuracy judge the label; ROC AUC the order of the forecasts; log loss and the Brier score
[brier1950] the probabilities themselves, and are best (in expectation) for the true ones. The mean Poisson deviance,
2 mean(y log(y / m) - y + m), is the same for counts. A method without probabilities has no value (nan) where they are
needed. All are scikit-learn's functions.
"""

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
from sklearn import metrics

from panlearn.core.errors import DataError
from panlearn.evaluation.tasks import Target

SMALLEST_MEAN = 1e-6  # a forecast of no events at all makes the Poisson deviance infinite


class Output(NamedTuple):
    """What a fitted method says of some rows."""

    prediction: np.ndarray  # (n,) labels or amounts
    probability: np.ndarray | None  # (n, classes)
    decision: np.ndarray | None  # (n,) grows with the second class, for ROC AUC; binary only


class Metric(NamedTuple):
    """A score with what is needed to compute and to read it."""

    name: str  # as in `--metric`
    title: str
    greater_is_better: bool
    value: Callable[[np.ndarray, Output, tuple[str, ...]], float]  # of true values, output, classes


def metrics_of(task: str) -> tuple[Metric, ...]:
    """Metrics of a task, the default one first.

    Parameters
    ----------
    task : {"binary", "multiclass", "regression", "counts"}
        The task.

    Returns
    -------
    tuple of Metric
        The metrics.

    Examples
    --------
    >>> [metric.name for metric in metrics_of("regression")]
    ['r2', 'rmse', 'mae']
    """
    return BY_TASK[task]


def choose_metric(task: str, name: str | None) -> Metric:
    """Find a metric of a task by name; the default one without a name.

    Parameters
    ----------
    task : str
        The task.
    name : str or None
        As "roc_auc"; case, blanks and hyphens do not matter.

    Returns
    -------
    Metric
        The metric.

    Raises
    ------
    DataError
        If the task has no metric of this name.

    Examples
    --------
    >>> choose_metric("binary", "ROC AUC").greater_is_better
    True
    """
    if name is None:
        return BY_TASK[task][0]
    plain = name.lower().replace(" ", "_").replace("-", "_")
    for metric in BY_TASK[task]:
        if metric.name == plain:
            return metric
    known = ", ".join(metric.name for metric in BY_TASK[task])
    raise DataError(f"no metric {name!r} for the task {task}: choose among {known}")


def score(target: np.ndarray, output: Output, classes: tuple[str, ...], chosen: tuple[Metric, ...]) -> dict[str, float]:
    """Compute metrics on some rows.

    Parameters
    ----------
    target : ndarray of shape (n,)
        True labels or amounts.
    output : Output
        What the method says.
    classes : tuple of str
        All labels, in the order of the columns of the probabilities.
    chosen : tuple of Metric
        The metrics.

    Returns
    -------
    dict of str to float
        Value by name; nan where it cannot be computed.
    """
    return {metric.name: metric.value(target, output, classes) for metric in chosen}


def output_of(model: Any, X: Any, target: Target) -> Output:
    """Ask a fitted model for all it can say of some rows.

    Parameters
    ----------
    model : estimator
        Fitted on labels or amounts; it may have seen fewer classes than there are.
    X : matrix or table
        The rows.
    target : Target
        Task and classes.

    Returns
    -------
    Output
        Predictions; probabilities in the order of `target.classes`, 0 for classes the model has not seen.

    Raises
    ------
    ValueError
        If a prediction is not finite.
    """
    prediction = np.asarray(model.predict(X))
    if not target.classes:
        prediction = prediction.astype(np.float64).reshape(len(prediction))
        if not np.isfinite(prediction).all():
            raise ValueError("it predicts values that are not finite")
        return Output(prediction, None, None)
    if hasattr(model, "predict_proba"):
        seen = [target.classes.index(str(label)) for label in model.classes_]
        probability = np.zeros((len(prediction), len(target.classes)))
        probability[:, seen] = model.predict_proba(X)
        if not np.isfinite(probability).all():
            raise ValueError("it gives probabilities that are not finite")
        return Output(prediction.astype(str), probability, probability[:, 1] if target.task == "binary" else None)
    decision = model.decision_function(X) if target.task == "binary" and hasattr(model, "decision_function") else None
    return Output(prediction.astype(str), None, decision)


def _of_label(function: Callable[..., float], **options: Any) -> Callable[[np.ndarray, Output, tuple[str, ...]], float]:
    return lambda y, output, classes: float(function(y, output.prediction, **options))


def _roc_auc(y: np.ndarray, output: Output, classes: tuple[str, ...]) -> float:
    if output.decision is None or len(np.unique(y)) < 2:
        return np.nan
    return float(metrics.roc_auc_score(y == classes[1], output.decision))


def _log_loss(y: np.ndarray, output: Output, classes: tuple[str, ...]) -> float:
    """Mean of -log P(true class); by hand, since scikit-learn wants the classes in the order of their texts."""
    if output.probability is None:
        return np.nan
    given = output.probability[np.arange(len(y)), _codes(y, classes)]
    return float(-np.log(np.clip(given, np.finfo(np.float64).eps, 1.0)).mean())


def _brier(y: np.ndarray, output: Output, classes: tuple[str, ...]) -> float:
    if output.probability is None:
        return np.nan
    return float(np.mean((output.probability[:, 1] - (y == classes[1])) ** 2))


def _codes(y: np.ndarray, classes: tuple[str, ...]) -> np.ndarray:
    position = {label: code for code, label in enumerate(classes)}
    return np.array([position[label] for label in y.tolist()])


def _balanced_accuracy(y: np.ndarray, output: Output, classes: tuple[str, ...]) -> float:
    """Mean recall of the classes that occur; by hand, since scikit-learn warns of a predicted class that does not."""
    return float(np.mean([np.mean(output.prediction[y == label] == label) for label in np.unique(y)]))


def _poisson_deviance(y: np.ndarray, output: Output, classes: tuple[str, ...]) -> float:
    return float(metrics.mean_poisson_deviance(y, np.maximum(output.prediction, SMALLEST_MEAN)))


ACCURACY = Metric("accuracy", "accuracy", True, _of_label(metrics.accuracy_score))
BALANCED = Metric("balanced_accuracy", "balanced accuracy", True, _balanced_accuracy)
LOG_LOSS = Metric("log_loss", "log loss", False, _log_loss)
RMSE = Metric("rmse", "RMSE", False, _of_label(metrics.root_mean_squared_error))
MAE = Metric("mae", "MAE", False, _of_label(metrics.mean_absolute_error))
BY_TASK: dict[str, tuple[Metric, ...]] = {
    "binary": (
        ACCURACY,
        BALANCED,
        Metric("roc_auc", "ROC AUC", True, _roc_auc),
        LOG_LOSS,
        Metric("brier", "Brier score", False, _brier),
    ),
    "multiclass": (
        ACCURACY,
        Metric("macro_f1", "macro F1", True, _of_label(metrics.f1_score, average="macro", zero_division=0)),
        BALANCED,
        LOG_LOSS,
    ),
    "regression": (Metric("r2", "R²", True, _of_label(metrics.r2_score)), RMSE, MAE),
    "counts": (Metric("poisson_deviance", "Poisson deviance", False, _poisson_deviance), RMSE, MAE),
}
