"""Cross-entropy: minus the log-likelihood of class labels, for two classes and for many [cox1958], [bishop2006] §4.3.

    two classes   z = x'w + b,          p = 1 / (1 + exp(-z)),       loss = log(1 + exp(z)) - y z
    K classes     z_k = x'w_k + b_k,    p = exp(z) / sum exp(z),     loss = log sum exp(z) - z_y

The gradient in z is p - y in both (y one-hot for K classes), the curvature p(1 - p), or diag(p) - pp'. Everything is
computed from exponentials of non-positive numbers, so nothing overflows and no epsilon is needed.

Raw predictions z are arrays (n, k): k = 1 for two classes, k = K for many. Labels y are the integers 0..K-1.

Course notes: 000 §3.3, 001 §4.2-4.5, 002 (softmax; the formula printed there lacks the exponentials' maximum).
"""

from typing import NamedTuple

import numpy as np


class BinaryCrossEntropy(NamedTuple):
    """Two classes, one raw prediction a row."""

    columns: int = 1

    def evaluate(self, z: np.ndarray, y: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Loss of each row, (n,), and probability of class 1, (n, 1), from the same exponentials."""
        e = np.exp(-np.abs(z))
        values = np.log1p(e[:, 0]) + np.maximum(z[:, 0], 0.0) - y * z[:, 0]
        return values, np.where(z >= 0, 1.0, e) / (1.0 + e)

    def values(self, z: np.ndarray, y: np.ndarray) -> np.ndarray:
        """Loss of each row, (n,); z may be (n,) too."""
        z = z.ravel()
        return np.log1p(np.exp(-np.abs(z))) + np.maximum(z, 0.0) - y * z

    def probabilities(self, z: np.ndarray) -> np.ndarray:
        """Probability of class 1, (n, 1): the inverse link."""
        e = np.exp(-np.abs(z))
        return np.where(z >= 0, 1.0, e) / (1.0 + e)

    def residuals(self, p: np.ndarray, y: np.ndarray) -> np.ndarray:
        """Gradient in z, (n, 1)."""
        return p - y[:, None]

    def derivatives(self, z: np.ndarray, y: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Loss, first and second derivative in z of each row, each (n,); here z may be (n,) too."""
        z = z.ravel()
        e = np.exp(-np.abs(z))
        values = np.log1p(e) + np.maximum(z, 0.0) - y * z
        q = 1.0 / (1.0 + e)
        return values, np.where(z >= 0, q, e * q) - y, e * q * q

    def curvature_product(self, p: np.ndarray, q: np.ndarray) -> np.ndarray:
        """Second derivative in z times q, (n, 1)."""
        return p * (1.0 - p) * q


class SoftmaxCrossEntropy(NamedTuple):
    """K classes, K raw predictions a row (one more than needed: adding a constant to all of them changes nothing)."""

    columns: int

    def evaluate(self, z: np.ndarray, y: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Loss of each row, (n,), and class probabilities, (n, K), from the same exponentials."""
        top = z.max(axis=1)
        p = np.exp(z - top[:, None])
        total = p.sum(axis=1)
        values = np.log(total) + top - z[np.arange(len(z)), y]
        p /= total[:, None]
        return values, p

    def values(self, z: np.ndarray, y: np.ndarray) -> np.ndarray:
        """Loss of each row, (n,)."""
        return self.evaluate(z, y)[0]

    def probabilities(self, z: np.ndarray) -> np.ndarray:
        """Class probabilities, (n, K): the inverse link."""
        p = np.exp(z - z.max(axis=1, keepdims=True))
        p /= p.sum(axis=1, keepdims=True)
        return p

    def residuals(self, p: np.ndarray, y: np.ndarray) -> np.ndarray:
        """Gradient in z, (n, K)."""
        r = p.copy()
        r[np.arange(len(r)), y] -= 1.0
        return r

    def curvature_product(self, p: np.ndarray, q: np.ndarray) -> np.ndarray:
        """Second derivative in z times q, (n, K)."""
        pq = p * q
        pq -= p * pq.sum(axis=1, keepdims=True)
        return pq
