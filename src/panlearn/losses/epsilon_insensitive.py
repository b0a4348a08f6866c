"""Losses that ignore residuals up to epsilon: max(0, |z - y| - epsilon), and its square [vapnik1995].

Support vector regression: only the rows outside a tube of half-width epsilon around the prediction push it.
"""

from typing import Any, NamedTuple

import numpy as np


class EpsilonInsensitive(NamedTuple):
    """max(0, |z - y| - epsilon), with epsilon = `parameter` >= 0."""

    parameter: float
    code = 2

    def values(self, z: Any, y: Any) -> np.ndarray:
        """Loss of each raw prediction."""
        return np.maximum(0.0, np.abs(z - y) - self.parameter)

    def slopes(self, z: Any, y: Any) -> np.ndarray:
        """Derivatives in z, 0 inside the tube and on its edge."""
        r = z - y
        return np.where(np.abs(r) > self.parameter, np.sign(r), 0.0)


class SquaredEpsilonInsensitive(NamedTuple):
    """max(0, |z - y| - epsilon)^2, with epsilon = `parameter` >= 0."""

    parameter: float
    code = 3

    def values(self, z: Any, y: Any) -> np.ndarray:
        """Loss of each raw prediction."""
        return np.maximum(0.0, np.abs(z - y) - self.parameter) ** 2

    def slopes(self, z: Any, y: Any) -> np.ndarray:
        """Derivatives in z."""
        r = z - y
        return 2.0 * np.sign(r) * np.maximum(0.0, np.abs(r) - self.parameter)

    def derivatives(self, z: np.ndarray, y: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Loss, first and (generalised) second derivative in z of each row."""
        r = z - y
        over = np.maximum(0.0, np.abs(r) - self.parameter)
        return over * over, 2.0 * np.sign(r) * over, 2.0 * (over > 0.0)
