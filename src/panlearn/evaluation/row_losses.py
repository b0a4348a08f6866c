r"""Scores that are a mean of a loss of each row, or a function of such a mean; their no-information value.

| scoring | loss Q of a row | score |
|---|---|---|
| accuracy | y ≠ ŷ | 1 - mean |
| neg_log_loss | -log of the probability given to y | -mean |
| neg_mean_squared_error | (y - ŷ)² | -mean |
| neg_root_mean_squared_error | (y - ŷ)² | -√mean |
| r2 | (y - ŷ)² | 1 - mean / var(y) |
| neg_mean_absolute_error | \|y - ŷ\| | -mean |

The no-information value of [efron1997] is the loss that would be expected if y said nothing about x: the mean of
Q(yᵢ, ŷⱼ) over all n² pairs of rows. For each of these losses it takes one pass, or one sort.
"""

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from panlearn.core.errors import DataError

TINY = np.finfo(np.float64).eps  # log(0) guard, scikit-learn's: a probability of 0 for what happened costs 36 nats


class RowLoss(NamedTuple):
    """A loss of each row, and the score it stands for."""

    name: str  # scikit-learn's, "neg_mean_squared_error"
    loss: Callable[[np.ndarray, np.ndarray], np.ndarray]  # y (n,) and output (n,) or (n, K) to (n,)
    no_information: Callable[[np.ndarray, np.ndarray, np.ndarray], float]  # y, output, weights with sum 1
    score: Callable[[float, float], float]  # mean loss, variance of y
    slope: Callable[[float, float], float]  # |d score / d loss|, for standard errors
    labels: bool = False  # y holds codes of classes, and so does the output, or probabilities
    probabilities: bool = False


def output_of(model: Any, X: Any, loss: RowLoss, classes: np.ndarray) -> np.ndarray:
    """What the loss needs of a fitted model: amounts, codes of classes, or probabilities (n, K).

    Raises
    ------
    DataError
        If the model gives no probabilities and the loss needs them, or a prediction is not finite.
    """
    if loss.probabilities:
        if not hasattr(model, "predict_proba"):
            raise DataError(
                f"scoring={loss.name!r} needs probabilities, but {type(model).__name__} has no predict_proba: "
                "use scoring='accuracy', or calibrate it with sklearn.calibration.CalibratedClassifierCV."
            )
        known = np.asarray(model.predict_proba(X), dtype=np.float64)
        output = np.zeros((len(known), classes.size))  # a class that the sample lacks has probability 0
        output[:, np.searchsorted(classes, model.classes_)] = known
    elif loss.labels:
        return np.searchsorted(classes, np.asarray(model.predict(X)).ravel())
    else:
        output = np.asarray(model.predict(X), dtype=np.float64)
    if not np.isfinite(output).all():
        raise DataError(f"{type(model).__name__} predicts values that are not finite: scale the features.")
    return output if loss.probabilities else output.ravel()


def _missed(y: np.ndarray, output: np.ndarray) -> np.ndarray:
    return (y != output).astype(np.float64)


def _surprise(y: np.ndarray, output: np.ndarray) -> np.ndarray:
    return -np.log(np.maximum(output[np.arange(y.size), y], TINY))


def _square(y: np.ndarray, output: np.ndarray) -> np.ndarray:
    return (y - output) ** 2


def _distance(y: np.ndarray, output: np.ndarray) -> np.ndarray:
    return np.abs(y - output)


def _missed_at_random(y: np.ndarray, output: np.ndarray, weight: np.ndarray) -> float:
    size = int(max(y.max(), output.max())) + 1
    shares = [np.bincount(code, weight, minlength=size) for code in (y, output)]
    return float(1 - shares[0] @ shares[1])  # sum of p_k (1 - q_k), [efron1997] eq. 27


def _surprise_at_random(y: np.ndarray, output: np.ndarray, weight: np.ndarray) -> float:
    shares = np.bincount(y, weight, minlength=output.shape[1])
    return float(-shares @ (weight @ np.log(np.maximum(output, TINY))))


def _square_at_random(y: np.ndarray, output: np.ndarray, weight: np.ndarray) -> float:
    means = weight @ y, weight @ output
    return float(weight @ (y - means[0]) ** 2 + weight @ (output - means[1]) ** 2 + (means[0] - means[1]) ** 2)


def _distance_at_random(y: np.ndarray, output: np.ndarray, weight: np.ndarray) -> float:
    """E|Y - F| = ∫ G (1 - H) + H (1 - G) for independent Y and F with distribution functions G and H."""
    values = np.concatenate([y, output])
    order = np.argsort(values)
    none = np.zeros_like(weight)
    G, H = (np.cumsum(np.concatenate(part)[order])[:-1] for part in ((weight, none), (none, weight)))
    return float(np.diff(values[order]) @ (G * (1 - H) + H * (1 - G)))


def _one(mean: float, variance: float) -> float:
    return 1.0


def _negative(mean: float, variance: float) -> float:
    return 0.0 - mean  # not -0.0


ROW_LOSSES = {
    loss.name: loss
    for loss in (
        RowLoss("accuracy", _missed, _missed_at_random, lambda mean, _: 1 - mean, _one, labels=True),
        RowLoss("neg_log_loss", _surprise, _surprise_at_random, _negative, _one, labels=True, probabilities=True),
        RowLoss("neg_mean_squared_error", _square, _square_at_random, _negative, _one),
        RowLoss(
            "neg_root_mean_squared_error",
            _square,
            _square_at_random,
            lambda mean, _: -float(np.sqrt(mean)),
            lambda mean, _: 0.5 / float(np.sqrt(mean)) if mean > 0 else 0.0,
        ),
        RowLoss("r2", _square, _square_at_random, lambda mean, var: 1 - mean / var, lambda _, var: 1 / var),
        RowLoss("neg_mean_absolute_error", _distance, _distance_at_random, _negative, _one),
    )
}
