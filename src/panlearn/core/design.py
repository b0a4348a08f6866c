"""Columns and rows of a design matrix, dense or sparse, by one name each.

Coordinate descent asks for columns, gradients ask for rows. A kernel that is written with `column_dot` and
`add_column` serves a dense array and a `Columns` (CSC) alike: Numba picks the body by the type of its argument, so no
method has a sparse twin. Sparse rows (CSR) come with the three products that first- and second-order methods spend
their time in; each reads a row once.

| kernel                              | does                                                  |
|-------------------------------------|-------------------------------------------------------|
| `column_dot(X, j, r)`               | x_j . r                                               |
| `column_square(X, j, h)`            | sum_i h_i x_ij^2                                      |
| `add_column(X, j, a, r)`            | r += a x_j                                            |
| `dot(X, v, out, start, stop)`       | out_i = x_i . v for rows start..stop                  |
| `add_rows(X, u, out, start, stop)`  | out += sum_i u_i x_i                                  |
| `add_curvature(X, h, v, c, out, …)` | out += sum_i h_i (x_i . v + c) x_i, returns the sum of h_i (x_i . v + c) |
"""

from typing import Any, NamedTuple

import numpy as np
from numba import types
from numba.extending import overload

from panlearn.core.jit import kernel


class Columns(NamedTuple):
    """A sparse matrix by columns (CSC)."""

    data: np.ndarray  # (nnz,)
    indices: np.ndarray  # (nnz,) row of each entry
    indptr: np.ndarray  # (p + 1,)


class SparseRows(NamedTuple):
    """A sparse matrix by rows (CSR)."""

    data: np.ndarray  # (nnz,)
    indices: np.ndarray  # (nnz,) column of each entry
    indptr: np.ndarray  # (n + 1,)


def columns(X: Any) -> Any:
    """The form of X whose columns kernels can read: itself in Fortran order, or `Columns`."""
    if isinstance(X, np.ndarray):
        return np.asfortranarray(X)
    X = _without_duplicates(X.tocsc())
    return Columns(X.data, *_unsigned(X))


def sparse_rows(X: Any, dtype: type = np.float64) -> SparseRows:
    """The rows of a SciPy matrix."""
    X = _without_duplicates(X.tocsr())
    return SparseRows(X.data.astype(dtype, copy=False), *_unsigned(X))


def _without_duplicates(X: Any) -> Any:
    if X.has_canonical_format:
        return X
    X = X.copy()  # the caller's matrix stays as it is
    X.sum_duplicates()  # two entries of one cell would be squared one by one
    return X


def _unsigned(X: Any) -> tuple[np.ndarray, np.ndarray]:
    # Numba tests every signed index for being negative (Python's "from the end"): that halves the speed here
    return X.indices.astype(np.int32, copy=False).view(np.uint32), X.indptr.astype(np.uint64)


def _column_dot(X, j, r):
    """Only its overloads are called."""


@overload(_column_dot, inline="always")
def _column_dot_of(X, j, r):
    if isinstance(X, types.Array):

        def dense(X, j, r):
            total = 0.0
            for i in range(X.shape[0]):
                total += X[i, j] * r[i]
            return total

        return dense

    def sparse(X, j, r):
        total = 0.0
        for k in range(X.indptr[j], X.indptr[j + 1]):
            total += X.data[k] * r[X.indices[k]]
        return total

    return sparse


def _column_square(X, j, h):
    """Only its overloads are called."""


@overload(_column_square, inline="always")
def _column_square_of(X, j, h):
    if isinstance(X, types.Array):

        def dense(X, j, h):
            total = 0.0
            for i in range(X.shape[0]):
                total += h[i] * X[i, j] * X[i, j]
            return total

        return dense

    def sparse(X, j, h):
        total = 0.0
        for k in range(X.indptr[j], X.indptr[j + 1]):
            total += h[X.indices[k]] * X.data[k] * X.data[k]
        return total

    return sparse


def add_row(X, i, a, w) -> Any:
    """Add a times row i to w, in place; for use inside kernels, with i of type uint64."""


@overload(add_row)
def _add_row_of(X, i, a, w):
    if isinstance(X, types.Array):

        def dense(X, i, a, w):
            for j in range(X.shape[1]):
                w[j] += a * X[i, j]

        return dense

    def sparse(X, i, a, w):
        for k in range(X.indptr[i], X.indptr[i + np.uint64(1)]):
            w[X.indices[k]] += a * X.data[k]

    return sparse


def _add_column(X, j, a, r):
    """Only its overloads are called."""


@overload(_add_column, inline="always")
def _add_column_of(X, j, a, r):
    if isinstance(X, types.Array):

        def dense(X, j, a, r):
            for i in range(X.shape[0]):
                r[i] += a * X[i, j]

        return dense

    def sparse(X, j, a, r):
        for k in range(X.indptr[j], X.indptr[j + 1]):
            r[X.indices[k]] += a * X.data[k]

    return sparse


@kernel(inline=True)
def column_dot(X, j, r):
    """x_j . r."""
    return _column_dot(X, j, r)


@kernel(inline=True)
def column_square(X, j, h):
    """Sum of h_i x_ij^2."""
    return _column_square(X, j, h)


@kernel(inline=True)
def add_column(X, j, a, r):
    """Add a times column j to r, in place."""
    _add_column(X, j, a, r)


@kernel
def dot(X, v, out, start, stop):
    """out[i] = x_i . v for rows start to stop."""
    data, indices, indptr = X
    for i in range(np.uint64(start), np.uint64(stop)):
        total = 0.0
        for k in range(indptr[i], indptr[i + np.uint64(1)]):
            total += data[k] * v[indices[k]]
        out[i] = total


@kernel
def add_rows(X, u, out, start, stop):
    """Add u_i x_i of rows start to stop to out, in place."""
    data, indices, indptr = X
    for i in range(np.uint64(start), np.uint64(stop)):
        a = u[i]
        for k in range(indptr[i], indptr[i + np.uint64(1)]):
            out[indices[k]] += a * data[k]


@kernel
def add_curvature(X, h, v, constant, out, start, stop):
    """Add h_i (x_i . v + constant) x_i of rows start to stop to out, in place; returns the sum of the factors."""
    data, indices, indptr = X
    total = 0.0
    for i in range(np.uint64(start), np.uint64(stop)):
        first, last = indptr[i], indptr[i + np.uint64(1)]
        q = constant
        for k in range(first, last):
            q += data[k] * v[indices[k]]
        q *= h[i]
        total += q
        for k in range(first, last):
            out[indices[k]] += q * data[k]
    return total
