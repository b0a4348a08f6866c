"""Columns of a least-squares problem with an intercept and row weights, without a changed copy of X.

With shares s_i of the rows (sum 1) and weighted means m of the columns and m_y of the target,

    1/2 sum_i s_i (y_i - b - x_i'w)^2 = 1/2 |t - Zw|^2,      Z = diag(v) (X - 1 m'), t = v (y - m_y), v_i = sqrt(s_i)

at the best intercept b = m_y - m'w. Products with all of Z are products with X and a correction, so X is read where it
lies, in its order and type, dense or sparse. Only the few columns that a solver works on are copied: dense ones
centred, in float64; sparse ones scaled but not centred, the correction then follows from v'v = 1.
"""

import warnings
from functools import cached_property, reduce
from itertools import pairwise
from typing import Any

import numpy as np
from scipy.sparse import csc_array, csr_array, issparse

from panlearn.core.errors import DataError
from panlearn.core.threads import map_chunks, thread_count

TOGETHER = 32  # columns copied together: they stay in the cache while they are centred
STORED = 0.05  # share of stored entries above which sparse columns are worked on as dense ones


class CentredColumns:
    """Z for a matrix X.

    Parameters
    ----------
    X : ndarray or sparse matrix of shape (n, p)
        Features; sparse X by columns (CSC).
    weight : ndarray of shape (n,), optional
        Weights of the rows.
    intercept : bool
        Whether to centre.

    Attributes
    ----------
    mean : ndarray of shape (p,)
        m; zeros without an intercept.
    """

    def __init__(self, X: Any, weight: np.ndarray | None = None, intercept: bool = True) -> None:
        self.X, self.shape, self.weight, self.intercept = X, X.shape, weight, intercept
        self.known: np.ndarray | None = None  # Z'Z, if someone has it
        n, p = self.shape
        self.root: Any = 1.0 / np.sqrt(n) if weight is None else np.sqrt(weight / weight.sum())
        self.sparse = issparse(X)
        self.thin = self.sparse and X.nnz <= STORED * n * p
        self.mean = np.zeros(p)
        if intercept:
            with np.errstate(invalid="ignore", over="ignore"):  # the caller looks for NaN and infinity in the means
                self.mean = self._back((self.root**2 * np.ones(n))[:, None])[:, 0]

    def target(self, y: np.ndarray) -> tuple[np.ndarray, float]:
        """The centred target t, (n,), and its mean."""
        n, y = self.shape[0], y.astype(np.float64)
        shift = float(np.sum(self.root**2 * np.ones(n) * y)) if self.intercept else 0.0
        return self.root * (y - shift), shift

    def pull(self, R: np.ndarray) -> np.ndarray:
        """Z'R for R of shape (n, k), (p, k)."""
        U = R * (self.root if np.ndim(self.root) == 0 else self.root[:, None])
        out = self._back(U)
        if self.intercept:  # columns of R that are centred themselves have sum 0 but for rounding
            out -= self.mean[:, None] * U.sum(axis=0)
        return out

    def take(self, chosen: np.ndarray) -> Any:
        """Columns of Z as a Fortran-ordered array; thinly stored ones as CSC, scaled but not centred."""
        if self.thin:
            Z = csc_array(self.X[:, chosen], dtype=np.float64)
            Z.data = Z.data * (self.root if np.ndim(self.root) == 0 else self.root[Z.indices])
            return Z
        Z = np.empty((self.shape[0], len(chosen)), order="F")

        def part(start: int, stop: int) -> None:
            for a in range(start, stop, TOGETHER):
                those = chosen[a : min(a + TOGETHER, stop)]
                few, out = self.X[:, those], Z[:, a : a + len(those)]
                np.subtract(few.toarray() if self.sparse else few, self.mean[those], out=out)
                out *= self.root if np.ndim(self.root) == 0 else self.root[:, None]

        map_chunks(part, len(chosen), work=4.0 * Z.size)
        return Z

    def accept_gram(self, gram: np.ndarray) -> None:
        """Use a known Gram matrix n Z'Z of a dense X.

        Raises
        ------
        DataError
            If it does not belong to these columns, as far as one of its elements tells.
        """
        n, p = self.shape
        if np.any(np.abs(self.mean) > 1e-8):
            warnings.warn(
                "Gram matrix was provided but X was centered to fit intercept: recomputing Gram matrix.", stacklevel=3
            )
            return
        if gram.shape != (p, p):
            raise DataError(f"Gram matrix passed as precompute must have shape {(p, p)}; got {gram.shape}.")
        j, k = p // 2, min(p // 2 + 1, p - 1)
        Z = self.take(np.array([j, k]))
        expected, tolerance = n * float(Z[:, 0] @ Z[:, 1]), 1e-4 if self.X.dtype == np.float32 else 1e-7
        if not np.isclose(expected, gram[j, k], rtol=tolerance, atol=1e-5):
            raise DataError(
                f"Gram matrix passed in via 'precompute' parameter did not pass validation when a single element was "
                f"checked - please check that it was computed properly. For element ({j},{k}) we computed {expected} "
                f"but the user-supplied value was {gram[j, k]}."
            )
        self.known = gram / n

    def gram(self, Z: Any, chosen: np.ndarray, other: Any, those: np.ndarray) -> np.ndarray:
        """Products of taken columns with taken columns, (k, l)."""
        if self.known is not None:
            return self.known[np.ix_(chosen, those)]
        if not self.thin:
            return _product(Z, other)
        return (Z.T @ other).toarray() - np.outer(self.mean[chosen], self.mean[those])

    def products(self, Z: Any, chosen: np.ndarray, r: np.ndarray) -> np.ndarray:
        """Products of taken columns with a vector, (k,)."""
        return Z.T @ r - self.mean[chosen] * float(np.sum(self.root * r)) if self.thin else Z.T @ r

    def combine(self, Z: Any, chosen: np.ndarray, W: np.ndarray) -> np.ndarray:
        """Sums of taken columns times weights W of shape (k, m), (n, m)."""
        out = Z @ W
        return out - np.outer(self.root * np.ones(len(out)), self.mean[chosen] @ W) if self.thin else out

    def _back(self, U: np.ndarray) -> np.ndarray:
        """X'U."""
        if not self.sparse:
            return _product(self.X, U.astype(self.X.dtype, copy=False)).astype(np.float64, copy=False)
        U = np.ascontiguousarray(U)
        parts = self._parts

        def work(a: int, b: int) -> np.ndarray:
            return np.vstack([parts[i] @ U for i in range(a, b)])

        return np.vstack(map_chunks(work, len(parts), work=2.0 * self.X.nnz * U.shape[1]))

    @cached_property
    def _parts(self) -> list[Any]:
        """X' by rows, in parts with about as many entries, which share their memory with X."""
        X, n = self.X, self.shape[0]
        count = max(1, min(thread_count(), self.shape[1]))
        edges = np.searchsorted(X.indptr, np.linspace(0, X.nnz, count + 1)[1:-1])
        edges = [0, *edges.tolist(), self.shape[1]]
        return [
            csr_array(
                (
                    X.data[X.indptr[a] : X.indptr[b]],
                    X.indices[X.indptr[a] : X.indptr[b]],
                    X.indptr[a : b + 1] - X.indptr[a],
                ),
                shape=(b - a, n),
            )
            for a, b in pairwise(edges)
        ]


def _product(A: np.ndarray, B: np.ndarray) -> np.ndarray:
    """A'B, on threads that take some columns of A each; A'A by some rows each, at half the work."""
    work = 2.0 * A.size * B.shape[1]
    if A is B:
        parts = map_chunks(lambda a, b: A[a:b].T @ A[a:b], len(A), work=work / 2)
        return reduce(np.add, parts)
    if B.shape[1] == 1:  # a vector is quicker than a matrix of one column
        return np.concatenate(map_chunks(lambda a, b: A[:, a:b].T @ B[:, 0], A.shape[1], work=work))[:, None]
    return np.concatenate(map_chunks(lambda a, b: A[:, a:b].T @ B, A.shape[1], work=work))
