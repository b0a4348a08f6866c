"""Huber's loss: squared for small residuals, linear for large ones: outliers pull with bounded force [huber1964].

    r = z - y          H(r) = 1/2 r^2                        |r| <= epsilon
                              epsilon (|r| - epsilon / 2)    beyond
    slope              max(-epsilon, min(r, epsilon))

The units of epsilon are those of y: a residual beyond it counts as an outlier.
"""

from typing import Any, NamedTuple

import numpy as np


class Huber(NamedTuple):
    """Squared up to `parameter` (epsilon > 0), linear beyond."""

    parameter: float  # epsilon
    code = 1

    def values(self, z: Any, y: Any) -> np.ndarray:
        """Loss of each raw prediction."""
        r = np.abs(z - y)
        inner = np.minimum(r, self.parameter)
        return inner * (r - 0.5 * inner)

    def slopes(self, z: Any, y: Any) -> np.ndarray:
        """Derivatives in z."""
        return np.clip(z - y, -self.parameter, self.parameter)
