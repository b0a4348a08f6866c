"""Exponential loss of a margin m = s z, s = -1 or 1: exp(-m), which AdaBoost minimises [friedman2000].

    y = 1: exp(-z)        y = 0: exp(z)        minimiser over z: half the log-odds, 1/2 log(p / (1 - p))

It bounds the number of errors from above, as the logistic loss does, but an error costs exponentially in its margin:
outliers and wrong labels pull hard.

Course notes: 000 §4.6.
"""

from typing import NamedTuple

import numpy as np

STEEP = 300.0  # raw predictions are cut here: exp of more squared overflows


class Exponential(NamedTuple):
    """exp(-z) for y = 1, exp(z) for y = 0."""

    def values(self, z: np.ndarray, y: np.ndarray) -> np.ndarray:
        """Loss of each raw prediction."""
        return np.exp(np.clip(np.where(y > 0, -z, z), -STEEP, STEEP))

    def derivatives(self, z: np.ndarray, y: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Loss, first and second derivative in z of each row."""
        e = self.values(z, y)
        return e, np.where(y > 0, -e, e), e
