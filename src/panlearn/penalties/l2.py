"""L2 penalty 1/2 alpha |w|^2: shrinks every weight in proportion to its size [hoerl1970].

Its gradient is alpha w, its curvature alpha everywhere; with it a convex loss has exactly one minimiser.
Course notes: 002 (L1/L2), 001 §7.2.2.
"""

from typing import NamedTuple

import numpy as np


class L2(NamedTuple):
    """The penalty 1/2 alpha |w|^2."""

    alpha: float  # strength, at least 0

    def value(self, w: np.ndarray) -> float:
        """1/2 alpha |w|^2."""
        return 0.5 * self.alpha * float(np.vdot(w, w))

    def gradient(self, w: np.ndarray) -> np.ndarray:
        """Derivative alpha w."""
        return self.alpha * w
