"""L0 penalty alpha |w|_0: a price for each weight that is not zero, whatever its size [hazimeh2020].

It is what L1 stands in for: it selects without shrinking. But it is not convex, not even continuous, so that a loss
plus this penalty has many local minima.

    prox:  argmin_w  c/2 (w - z)^2 + alpha [w != 0]  =  z if c/2 z^2 > alpha, else 0      (hard threshold)

Coordinate descent with this threshold stops where no single weight can change for the better: on the support
|w_j| >= sqrt(2 alpha / c_j). Course notes: 000 §3.4.
"""

from typing import NamedTuple

import numpy as np


class L0(NamedTuple):
    """The penalty alpha times the number of weights that are not zero."""

    alpha: float  # price of a weight, at least 0

    def value(self, w: np.ndarray) -> float:
        """Alpha times the number of weights that are not zero."""
        return self.alpha * float(np.count_nonzero(w))

    def prox(self, z: np.ndarray, curvature: np.ndarray | float = 1.0) -> np.ndarray:
        """Minimiser of curvature/2 (w - z)^2 + value(w), coordinate by coordinate."""
        return np.where(0.5 * curvature * z * z > self.alpha, z, 0.0)
