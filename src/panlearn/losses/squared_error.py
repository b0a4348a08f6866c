"""Squared error: 1/2 (z - y)^2, whose slope is the residual z - y [gauss1809].

Course notes: 003 §1.2, 001 §2.
"""

from typing import NamedTuple

import numpy as np


class SquaredError(NamedTuple):
    """1/2 (z - y)^2."""

    parameter: float = 0.0  # none
    code = 0  # how `panlearn.losses.pointwise` names it

    def values(self, z: np.ndarray, y: np.ndarray) -> np.ndarray:
        """Loss of each raw prediction."""
        return 0.5 * (z - y) ** 2

    def slopes(self, z: np.ndarray, y: np.ndarray) -> np.ndarray:
        """Derivatives in z."""
        return z - y
