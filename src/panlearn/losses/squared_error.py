"""Squared error: 1/2 (z - y)^2, whose slope is the residual z - y [gauss1809].

Course notes: 003 §1.2, 001 §2.
"""

from typing import Any, NamedTuple

import numpy as np


class SquaredError(NamedTuple):
    """1/2 (z - y)^2."""

    parameter: float = 0.0  # none
    code = 0  # how `panlearn.losses.pointwise` names it

    def values(self, z: Any, y: Any) -> np.ndarray:
        """Loss of each raw prediction."""
        return 0.5 * (z - y) ** 2

    def slopes(self, z: Any, y: Any) -> np.ndarray:
        """Derivatives in z."""
        return z - y
