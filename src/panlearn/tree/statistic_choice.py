"""Which statistic a criterion, the targets and their weights call for."""

from typing import Any

import numpy as np

from panlearn.tree.split_classes import Classes
from panlearn.tree.split_medians import Medians
from panlearn.tree.split_sums import ENTROPY, GINI, POISSON, SQUARED, Sums
from panlearn.tree.split_vectors import Vectors

KINDS = {"gini": GINI, "entropy": ENTROPY, "log_loss": ENTROPY, "poisson": POISSON}


def choose_statistic(
    criterion: str, y: np.ndarray, weight: np.ndarray, n_classes: np.ndarray, used: int
) -> tuple[Any, int]:
    """The statistic for a tree with `used` rows, and how many numbers describe the target of a category.

    Two classes are one number, the weight of class 1. Squared error is measured from a shift near the mean of the
    targets; whole numbers stay whole, and so exact.
    """
    y = y.reshape(len(y), -1)
    outputs, kind = y.shape[1], KINDS.get(criterion, SQUARED)
    if criterion == "absolute_error":
        return _medians(np.ascontiguousarray(y, dtype=np.float64), weight, used), outputs
    if kind in (GINI, ENTROPY):
        if outputs == 1 and n_classes[0] == 2:
            return _sums(kind, y[:, 0].astype(np.float64), weight, 0.0, used), 1
        return _classes(kind == ENTROPY, y, weight, n_classes, used), outputs * int(n_classes.max())
    shift = np.zeros(outputs) if kind == POISSON else y[weight != 0].mean(axis=0)
    if kind != POISSON and (y == np.rint(y)).all():
        shift = np.rint(shift)
    y = y - shift
    if outputs == 1:
        return _sums(kind, y[:, 0], weight, float(shift[0]), used), 1
    vectors = Vectors(
        poisson=kind == POISSON, y=np.ascontiguousarray(y), weight=weight, shift=shift,
        targets=np.empty((used, outputs)), weights=np.empty(used), total=np.empty(outputs), left=np.empty(outputs),
        node=np.empty(1),
    )  # fmt: skip
    return vectors, outputs


def _sums(kind: int, y: np.ndarray, weight: np.ndarray, shift: float, used: int) -> Sums:
    table = _xlogx_table(weight) if kind == ENTROPY else np.empty(0)
    return Sums(kind, np.stack([weight, y], axis=1), shift, np.empty((used, 2)), np.empty(2), table)


def _xlogx_table(weight: np.ndarray) -> np.ndarray:
    """X log x of 0, 1, ... up to the sum of the weights; empty where they are not small whole numbers."""
    if (weight != np.rint(weight)).any() or weight.min() < 0.0 or weight.sum() >= 16.0 * len(weight) + 64:
        return np.empty(0)
    whole = np.arange(weight.sum() + 1.0)
    return whole * np.log(np.maximum(whole, 1.0))


def _classes(entropy: bool, y: np.ndarray, weight: np.ndarray, n_classes: np.ndarray, used: int) -> Classes:
    table, outputs, most = _xlogx_table(weight) if entropy else np.empty(0), y.shape[1], int(n_classes.max())
    return Classes(
        entropy=entropy, y=np.ascontiguousarray(y, dtype=np.int32), weight=weight,
        n_classes=n_classes.astype(np.int64), table=table, codes=np.empty((used, outputs), dtype=np.int32),
        weights=np.empty(used), total=np.zeros((outputs, most)), left=np.zeros((outputs, most)), node=np.empty(2),
    )  # fmt: skip


def _medians(y: np.ndarray, weight: np.ndarray, used: int) -> Medians:
    n, outputs = y.shape
    ranks = np.empty((outputs, n), dtype=np.uint32)
    for k in range(outputs):
        ranks[k, np.argsort(y[:, k], kind="stable")] = np.arange(n)
    return Medians(
        y=y, weight=weight, y_ranks=ranks, ranks=np.empty((used, outputs), dtype=np.int64), weights=np.empty(used),
        values=np.empty((outputs, used + 1)), trees=np.empty((outputs, used + 1, 4)), node=np.empty(3),
        median=np.empty(outputs),
    )  # fmt: skip
