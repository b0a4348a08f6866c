"""Pinball loss: its minimiser is a quantile as that of the squared error is the mean [koenker1978].

    r = y - z,      rho(r) = q r   for r >= 0,      (q - 1) r   for r < 0

An observation above the prediction costs q per unit, one below it 1 - q: the two balance when a share q of the
observations lies below. q = 1/2 is half the absolute error, whose minimiser is the median.
"""

from typing import Any, NamedTuple

import numpy as np


class Pinball(NamedTuple):
    """The loss of the quantile q = `parameter`, in (0, 1), one for all rows or one for each."""

    parameter: float | np.ndarray

    def values(self, z: Any, y: Any) -> np.ndarray:
        """Loss of each raw prediction."""
        r = y - z
        return np.maximum(self.parameter * r, (self.parameter - 1.0) * r)

    def slopes(self, z: Any, y: Any) -> np.ndarray:
        """Derivatives in z; that of an observation at the prediction itself is -q."""
        return np.where(y >= z, -self.parameter, 1.0 - self.parameter)
