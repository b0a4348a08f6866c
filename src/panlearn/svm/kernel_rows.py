"""Where the rows of a kernel matrix come from: a formula, a matrix that is there already, or a function."""

from functools import cached_property
from typing import Any

import numpy as np
from scipy.sparse import issparse

from panlearn.core.errors import DataError
from panlearn.svm.kernel_function import (
    EXPONENTIAL,
    KernelFunction,
    fill,
    frame_of,
    kernel_diagonal,
    kernel_matrix,
    kernel_times,
    times,
)

COARSE = 5000.0  # 2^-24 of it, times the three roundings of an exponent, is a thousandth
LARGE = 1e30
NOT_FINITE = "a kernel value is NaN or infinite; scale the features, or mend the kernel function."


class ComputedRows:
    """Rows of the kernel matrix of X with itself, by tiles.

    Parameters
    ----------
    kernel : KernelFunction
        A kernel with a formula.
    X : ndarray or CSR of shape (n, p)
        Points.
    dtype : dtype
        float32 or float64.
    """

    def __init__(self, kernel: KernelFunction, X: Any, dtype: Any) -> None:
        self.n, self.frame, self.exact, self.X = X.shape[0], frame_of(kernel, X, X, dtype), kernel, X
        self.points = self.columns = self.frame.place(X)

    @property
    def is_coarse(self) -> bool:
        """Whether float32 changes kernel values by more than a thousandth, or cannot hold them."""
        kernel, half = self.frame.kernel, self.points.half
        if kernel.name in EXPONENTIAL:  # the exponent is a difference of numbers as large as `half`
            return not half.max(initial=0.0) < COARSE
        return not self.largest < LARGE

    @cached_property
    def largest(self) -> float:
        """The largest k(x, x)."""
        with np.errstate(over="ignore"):
            return float(np.abs(kernel_diagonal(self.frame.kernel, self.X)).max(initial=0.0))

    def fill(self, rows: np.ndarray, out: np.ndarray, slots: np.ndarray) -> None:
        """Write the rows, at the columns in use, into out[slots]."""
        fill(self.frame, self.points[rows], self.columns, out, slots)

    def products(self, rows: np.ndarray, support: np.ndarray, beta: np.ndarray) -> np.ndarray:
        """The sum over `support` of beta_s k(x_r, x_s) in float64 at some rows."""
        if not len(support):
            return np.zeros(len(rows))
        return kernel_times(self.exact, self.X[rows], self.X[support], beta[:, None])[:, 0]

    def rough_products(self, support: np.ndarray, beta: np.ndarray) -> np.ndarray:
        """The same at all rows, from kernel values in the precision of the cache."""
        if not len(support):
            return np.zeros(self.n)
        return times(self.frame, self.points, self.points[support], beta[:, None])[:, 0]


class GivenRows:
    """Rows of a kernel matrix that is there already, or that a function computes.

    Parameters
    ----------
    kernel : KernelFunction
        "precomputed" or "callable".
    X : ndarray or CSR
        The matrix, or the points that the function takes.
    """

    def __init__(self, kernel: KernelFunction, X: Any) -> None:
        self.n, self.kernel, self.X = X.shape[0], kernel, X

    @property
    def is_coarse(self) -> bool:
        """Whether float32 cannot hold the values, as far as they are known."""
        return self.kernel.name == "precomputed" and not self.largest < LARGE

    @cached_property
    def largest(self) -> float:
        """The largest k(x, x)."""
        return float(np.abs(kernel_diagonal(self.kernel, self.X)).max(initial=0.0))

    def fill(self, rows: np.ndarray, out: np.ndarray, slots: np.ndarray) -> None:
        """Write the rows into out[slots]."""
        values = self._values(rows)
        if not np.isfinite(values).all():
            raise DataError(NOT_FINITE)
        out[slots] = values

    def products(self, rows: np.ndarray, support: np.ndarray, beta: np.ndarray) -> np.ndarray:
        """The sum over `support` of beta_s k(x_r, x_s) at some rows."""
        if self.kernel.name == "precomputed":
            return self._values(rows)[:, support] @ beta
        return np.asarray(kernel_matrix(self.kernel, self.X[rows], self.X[support]) @ beta)

    def rough_products(self, support: np.ndarray, beta: np.ndarray) -> np.ndarray:
        """The same at all rows."""
        return self.products(np.arange(self.n), support, beta)

    def _values(self, rows: np.ndarray) -> np.ndarray:
        if self.kernel.name == "precomputed":
            values = self.X[rows]
            return values.toarray() if issparse(values) else values
        return kernel_matrix(self.kernel, self.X[rows], self.X)


def source_of(kernel: KernelFunction, X: Any, dtype: Any) -> ComputedRows | GivenRows:
    """Where the rows of this kernel come from."""
    return GivenRows(kernel, X) if kernel.name in ("precomputed", "callable") else ComputedRows(kernel, X, dtype)
