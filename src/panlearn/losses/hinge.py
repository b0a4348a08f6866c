"""Losses of a margin m = y z, for labels y = -1 or 1: hinge, squared hinge, modified Huber, logistic.

    hinge            max(0, t - m)              t = 1: support vector machine; t = 0: the perceptron's [rosenblatt1958]
    squared hinge    max(0, 1 - m)^2
    modified Huber   max(0, 1 - m)^2 for m >= -1, -4 m below: outliers pull with bounded force [zhang2004]
    logistic         log(1 + exp(-m)): the cross-entropy of two classes

All bound the number of errors from above (up to a factor) and are convex, which the number of errors itself is not.

Course notes: 000 §2 (hinge), 001 §4 (why not the squared error), 000 §3.3 (logistic).
"""

from typing import Any, NamedTuple

import numpy as np
from scipy.special import expit


class Hinge(NamedTuple):
    """max(0, t - y z), with t = `parameter`."""

    parameter: float = 1.0
    code = 4

    def values(self, z: Any, y: Any) -> np.ndarray:
        """Loss of each raw prediction."""
        return np.maximum(0.0, self.parameter - y * z)

    def slopes(self, z: Any, y: Any) -> np.ndarray:
        """Derivatives in z; -y on the edge itself, so that a perceptron moves from zero weights."""
        return np.where(y * z <= self.parameter, -y, 0.0)


class SquaredHinge(NamedTuple):
    """max(0, 1 - y z)^2."""

    parameter: float = 1.0
    code = 5

    def values(self, z: Any, y: Any) -> np.ndarray:
        """Loss of each raw prediction."""
        return np.maximum(0.0, self.parameter - y * z) ** 2

    def slopes(self, z: Any, y: Any) -> np.ndarray:
        """Derivatives in z."""
        return -2.0 * y * np.maximum(0.0, self.parameter - y * z)

    def derivatives(self, z: np.ndarray, y: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Loss, first and (generalised) second derivative in z of each row."""
        short = np.maximum(0.0, self.parameter - y * z)
        return short * short, -2.0 * y * short, 2.0 * (short > 0.0)


class ModifiedHuber(NamedTuple):
    """Squared hinge whose slope is bounded by 4."""

    parameter: float = 0.0  # none
    code = 6

    def values(self, z: Any, y: Any) -> np.ndarray:
        """Loss of each raw prediction."""
        m = y * z
        return np.where(m >= -1.0, np.maximum(0.0, 1.0 - m) ** 2, -4.0 * m)

    def slopes(self, z: Any, y: Any) -> np.ndarray:
        """Derivatives in z."""
        return -y * np.clip(2.0 * (1.0 - y * z), 0.0, 4.0)


class LogLoss(NamedTuple):
    """log(1 + exp(-y z))."""

    parameter: float = 0.0  # none
    code = 7

    def values(self, z: Any, y: Any) -> np.ndarray:
        """Loss of each raw prediction."""
        return np.logaddexp(0.0, -y * z)

    def slopes(self, z: Any, y: Any) -> np.ndarray:
        """Derivatives in z."""
        return -y * expit(-y * z)
