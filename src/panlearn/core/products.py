"""Products with a design matrix, X v and X'u, by the fastest means for its kind.

Dense X goes to BLAS. Large sparse X goes to kernels on threads (`panlearn.core.design`), small sparse X to SciPy, which
needs no compiling.
"""

from functools import cached_property
from typing import Any

import numpy as np
from scipy.sparse import issparse

from panlearn.core.threads import GATE, map_chunks

SQUARED_ROWS = 256


class MatrixProducts:
    """Products with a dense array, or with a sparse matrix small enough for SciPy."""

    def __init__(self, X: Any) -> None:
        self.X = X

    def forward(self, V: np.ndarray) -> np.ndarray:
        """X V, (n, k)."""
        return self.X @ V

    def back(self, U: np.ndarray) -> np.ndarray:
        """X'U, (p, k)."""
        return self.X.T @ U

    def squares(self, H: np.ndarray) -> np.ndarray:
        """Sum of H_ik x_ij^2 over rows, (p, k)."""
        X = self.X
        if issparse(X):
            return X.multiply(X).T @ H
        blocks = [slice(a, a + SQUARED_ROWS) for a in range(0, len(X), SQUARED_ROWS)]  # squares of a few rows at a time
        return sum((np.square(X[rows]).T @ H[rows] for rows in blocks), np.zeros((X.shape[1], H.shape[1])))

    def curvature(self, h: np.ndarray, v: np.ndarray, constant: float) -> tuple[np.ndarray, float]:
        """X' diag(h) (Xv + constant), and the sum of diag(h) (Xv + constant)."""
        u = h * (self.X @ v + constant)
        return self.X.T @ u, float(u.sum())


class SparseProducts:
    """Products with sparse rows: each thread scatters into a vector of its own, the vectors are added in order."""

    def __init__(self, X: Any) -> None:
        from panlearn.core import design  # compiles or loads kernels: not before they are needed

        self.design, self.shape, self.work = design, X.shape, 4.0 * X.nnz
        self.rows, self.sums = design.sparse_rows(X), dict[int, np.ndarray]()

    @cached_property
    def squared(self) -> Any:
        """The rows with their entries squared."""
        return self.rows._replace(data=self.rows.data**2)

    @cached_property
    def rounded(self) -> Any:
        """The rows in float32, a third less to read, unless they come near its range."""
        large = np.abs(self.rows.data).max(initial=0.0) > 1e15
        return self.rows if large else self.rows._replace(data=self.rows.data.astype(np.float32))

    def forward(self, V: np.ndarray) -> np.ndarray:
        """X V, (n, k)."""
        out = np.empty((V.shape[1], self.shape[0]))
        for k, column in enumerate(np.ascontiguousarray(V.T, dtype=np.float64)):

            def part(a: int, b: int, v: np.ndarray = column, target: np.ndarray = out[k]) -> None:
                self.design.dot(self.rows, v, target, a, b)

            map_chunks(part, self.shape[0], work=self.work)
        return out.T

    def back(self, U: np.ndarray) -> np.ndarray:
        """X'U, (p, k)."""
        return np.column_stack([self._scatter(self.rows, u) for u in np.ascontiguousarray(U.T)])

    def squares(self, H: np.ndarray) -> np.ndarray:
        """Sum of H_ik x_ij^2 over rows, (p, k)."""
        return np.column_stack([self._scatter(self.squared, h) for h in np.ascontiguousarray(H.T)])

    def curvature(self, h: np.ndarray, v: np.ndarray, constant: float) -> tuple[np.ndarray, float]:
        """X' diag(h) (Xv + constant), and the sum of diag(h) (Xv + constant), reading each row once.

        X is rounded to float32 here: Newton's method needs the direction, and takes its digits from the gradient.
        """
        v = np.ascontiguousarray(v)

        def part(a: int, b: int) -> tuple[np.ndarray, float]:
            out = self._zeros(a)
            return out, self.design.add_curvature(self.rounded, h, v, constant, out, a, b)

        parts = map_chunks(part, self.shape[0], work=self.work)
        return _sum([out for out, _ in parts]), sum(total for _, total in parts)

    def _zeros(self, start: int) -> np.ndarray:
        # one array for each chunk, kept for the next product: new memory costs as much as the product's arithmetic
        out = self.sums.setdefault(start, np.empty(self.shape[1]))
        out.fill(0.0)
        return out

    def _scatter(self, rows: Any, u: np.ndarray) -> np.ndarray:
        def part(a: int, b: int) -> np.ndarray:
            out = self._zeros(a)
            self.design.add_rows(rows, u, out, a, b)
            return out

        return _sum(map_chunks(part, self.shape[0], work=self.work))


def products_of(X: Any) -> MatrixProducts | SparseProducts:
    """The products for the kind and size of X."""
    return SparseProducts(X) if issparse(X) and 4.0 * X.nnz >= GATE else MatrixProducts(X)


def _sum(parts: list[np.ndarray]) -> np.ndarray:
    total = parts[0].copy()  # the parts are used again
    for part in parts[1:]:
        total += part
    return total
