"""Rows for k-means: centred, and scaled by a power of two so that squares neither overflow nor vanish.

Distances do not change when the mean is taken away, but their rounding does: |c|^2 - 2 x.c cancels where the data lie
far from 0. Sparse rows keep their zeros and are only scaled. The rows themselves stay as they are; large dense ones get
a copy in single precision, for which alone the products are taken.
"""

from functools import cached_property
from typing import Any

import numpy as np
from scipy.sparse import issparse
from sklearn.utils import assert_all_finite

from panlearn.core.threads import map_chunks

KERNELS = 200_000  # products of rows, centres and columns in one E step from which compiled kernels pay


class CentredRows:
    """Rows, weights, and how to come from the units of X to those of the computation.

    Parameters
    ----------
    X : ndarray or CSR matrix of shape (n, p)
        Rows, float64 or float32.
    weight : ndarray of shape (n,), optional
        Weights.

    Raises
    ------
    ValueError
        If X has NaN or infinite entries.
    """

    def __init__(self, X: Any, weight: np.ndarray | None = None) -> None:
        values = X.data if issparse(X) else X
        low, high = (float(values.min()), float(values.max())) if values.size else (0.0, 0.0)
        if not np.isfinite(low + high) and not (np.isfinite(low) and np.isfinite(high)):
            assert_all_finite(X, input_name="X")
        if issparse(X):
            low, high = min(low, 0.0), max(high, 0.0)
        _, exponent = np.frexp(0.5 * high - 0.5 * low)
        self.scale = float(np.ldexp(1.0, -int(np.clip(exponent, -1000, 1000))))
        self.X, self.weight = X, np.empty(0) if weight is None else np.asarray(weight, np.float64)
        self.mean = np.zeros(X.shape[1]) if issparse(X) else self._mean()

    def _mean(self) -> np.ndarray:
        def part(start: int, stop: int) -> np.ndarray:
            return np.ones(stop - start, self.X.dtype) @ self.X[start:stop]

        n = len(self.X)
        total = np.zeros(self.X.shape[1])
        for found in map_chunks(part, n, work=float(self.X.size)):
            total += found
        return total / n

    @cached_property
    def single(self) -> tuple[np.ndarray, np.ndarray]:
        """The scaled rows in single precision, and their lengths."""
        from panlearn.cluster.bound_kernels import prepare

        n, p = self.X.shape
        single, norm = np.empty((n, p), np.float32), np.empty(n, np.float32)

        def part(start: int, stop: int) -> float:
            return prepare(self.X, self.mean, self.scale, single, norm, start, stop)

        self._square = sum(map_chunks(part, n, work=4.0 * self.X.size))
        return single, norm

    @cached_property
    def scaled(self) -> Any:
        """The scaled rows in double precision, for data that are small or sparse."""
        if issparse(self.X):
            return (self.X.astype(np.float64) * self.scale).tocsr()
        return (self.X - self.mean) * self.scale

    def take(self, indices: np.ndarray) -> "CentredRows":
        """Some of the rows, in the same units."""
        part = object.__new__(CentredRows)
        part.X, part.mean, part.scale = self.X[indices], self.mean, self.scale
        part.weight = self.weight[indices] if self.weight.size else self.weight
        return part

    def row(self, i: int) -> np.ndarray:
        """One scaled row."""
        return self.rows(np.array([i]))[0]

    def rows(self, indices: np.ndarray) -> np.ndarray:
        """Scaled rows as a dense array."""
        picked: Any = self.X[indices]
        return self.scaled_centres(picked.toarray() if issparse(picked) else picked)

    def scaled_centres(self, centres: np.ndarray) -> np.ndarray:
        """From the units of X."""
        return (centres.astype(np.float64) - self.mean) * self.scale

    def centres(self, scaled: np.ndarray) -> np.ndarray:
        """Back to the units and the type of X."""
        return (scaled / self.scale + self.mean).astype(self.X.dtype)

    def uses_kernels(self, k: int) -> bool:
        """Whether an E step is large enough for compiled kernels, and dense."""
        return not issparse(self.X) and float(self.X.size) * k >= KERNELS

    @property
    def variance(self) -> float:
        """Mean over the columns of the variance, in scaled units."""
        n, p = self.X.shape
        if "single" in vars(self):
            return self._square / (n * p)
        if issparse(self.X):
            from sklearn.utils.sparsefuncs import mean_variance_axis

            variances: Any = mean_variance_axis(self.scaled, axis=0)
            return float(np.mean(variances[1]))
        return float(np.mean(np.square(self.scaled)))
