"""Coordinate descent on columns under row weights, and the sums over rows that it starts from.

    min_d  1/2 sum_i h_i (x_i'd + c)^2 - sum_i u_i (x_i'd + c) + sum_j (l1_j |w_j + d_j| + l2_j/2 (w_j + d_j)^2)

is Newton's model of a sum over rows: h are its second derivatives, -u its first, c is the step of the intercept. The
best c for given d is (sum u)/(sum h) less the weighted mean of x_i'd. With it the columns are centred by their weighted
means m_j, but only in formulas, so that sparse columns stay sparse. Changing d_j by t subtracts t h_i x_ij from u_i.

`X` is a Fortran-ordered array or `Columns`; `at` (k,) says which of its columns are meant, all else counts 0..k-1.
"""

import numpy as np
from numba import types
from numba.extending import overload

from panlearn.core.design import add_column, column_dot, column_square
from panlearn.core.jit import kernel
from panlearn.optimize.coordinate_descent import soft_threshold


def _subtract_weighted(X, j, a, h, u):
    """Only its overloads are called."""


@overload(_subtract_weighted, inline="always")
def _subtract_weighted_of(X, j, a, h, u):
    if isinstance(X, types.Array):

        def dense(X, j, a, h, u):
            for i in range(X.shape[0]):
                u[i] -= a * h[i] * X[i, j]

        return dense

    def sparse(X, j, a, h, u):
        for k in range(X.indptr[j], X.indptr[j + 1]):
            u[X.indices[k]] -= a * h[X.indices[k]] * X.data[k]

    return sparse


@kernel
def pull(X, at, u, out, start, stop):
    """out[k] = x_at[k] . u for k from start to stop."""
    for k in range(start, stop):
        out[k] = column_dot(X, at[k], u)


@kernel
def moments(X, at, h, total, mean, square, start, stop):
    """Weighted means of columns start to stop and squares about them; total = sum h, or 0 for means of 0."""
    for k in range(start, stop):
        mean[k] = column_dot(X, at[k], h) / total if total > 0.0 else 0.0
        square[k] = max(column_square(X, at[k], h) - total * mean[k] * mean[k], 0.0)


@kernel
def combine(X, at, w, z):
    """Add X w to z, in place."""
    for k in range(w.size):
        if w[k] != 0.0:
            add_column(X, at[k], w[k], z)


@kernel
def descend_weighted(X, at, active, h, u, s, w, mean, square, total, l1, l2, positive, tol, share, max_sweeps):
    """Sweep over the active columns, and then over those that still move; whether the first sweep found all at rest.

    Columns rest if none changes its gradient by more than tol. One that moves by less than a share of it, or not at
    all, waits for the next call: most are at 0 and stay there, and of the others a few move much longer than the rest.
    Changes w, (k,), u, (n,), and s, (1,), the sum of u, in place. The other arrays of columns are (k,).
    """
    queue, waiting = active.copy(), active.size
    for sweep in range(max_sweeps):
        largest, kept = 0.0, 0
        for at_queue in range(waiting):
            k = queue[at_queue]
            curvature = square[k] + l2[k]
            if curvature <= 0.0:  # a constant column without a penalty: any weight would do
                continue
            old = w[k]
            towards = column_dot(X, at[k], u) - mean[k] * s[0] + square[k] * old
            new = soft_threshold(towards, l1[k], positive) / curvature
            step = new - old
            if step != 0.0:
                w[k] = new
                largest = max(largest, abs(step) * curvature)
                _subtract_weighted(X, at[k], step, h, u)
                s[0] -= step * mean[k] * total
                if abs(step) * curvature > share * tol:
                    queue[kept] = k
                    kept += 1
        if largest <= tol:
            return sweep == 0
        waiting = kept
    return False


@kernel
def count(indices, out):
    """Add the number of times that each index occurs to out, in place."""
    for e in range(indices.size):
        out[indices[e]] += 1


@kernel
def gather(data, indices, indptr, mark, cursor, out, rows):
    """Copy the marked columns of sparse rows: entry (i, j) goes to out[cursor[mark[j]]], rows likewise."""
    for i in range(indptr.size - 1):
        for e in range(indptr[i], indptr[i + 1]):
            k = mark[indices[e]]
            if k >= 0:
                c = cursor[k]
                out[c] = data[e]
                rows[c] = np.uint32(i)
                cursor[k] = c + 1
