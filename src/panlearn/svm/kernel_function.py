"""Kernel functions: inner products k(x, z) = phi(x)'phi(z) in a feature space that is never formed [scholkopf2002].

    linear      x'z
    poly        (gamma x'z + c)^degree
    rbf         exp(-gamma |x - z|^2)
    laplacian   exp(-gamma |x - z|_1)
    sigmoid     tanh(gamma x'z + c)        not positive semi-definite in general

All but the Laplacian kernel are functions of x'z: a tile of a kernel matrix is one matrix product and one pass over the
result while it is in the cache. For rbf, points are moved to their mean, which leaves distances as they are but lets
|x|^2 + |z|^2 - 2 x'z lose fewer digits, and scaled so that the pass is 2^(x'z - |x|^2/2 - |z|^2/2). Sparse rows meet a
dense panel of the other side, feature by feature; no large sparse matrix is ever made dense.

Cost: n m p operations for n x m values, in float32 at twice the speed of float64.

When it fails: a large gamma makes rbf and laplacian the identity matrix (every point is its own only neighbour), a
small one a constant.

Course notes: 000 §2.4 (the common kernels).
"""

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
from scipy.sparse import issparse

from panlearn.core.errors import DataError
from panlearn.core.threads import map_chunks, scratch, single_threaded_blas

LOG2E = 1.4426950408889634
ROWS, COLUMNS = 256, 512  # of a tile: 512 kB in float32, a quarter of a core's L2 cache
EXPONENTIAL = ("rbf", "laplacian")
SMALL = 4000  # values, fewer than which NumPy computes without loading a compiled kernel first


class KernelFunction(NamedTuple):
    """A kernel with its parameters."""

    name: str  # "linear", "poly", "rbf", "laplacian", "sigmoid", "precomputed" or "callable"
    gamma: float = 1.0
    degree: float = 3.0
    coef0: float = 0.0
    function: Callable[[Any, Any], Any] | None = None  # of "callable": (A, B) -> (len A, len B)


class Points(NamedTuple):
    """Points as the tiles of a kernel want them."""

    rows: Any  # (n, p) ndarray or CSR, moved and scaled
    half: np.ndarray  # (n,) half the squared norms of the rows for rbf, sums of absolute values for laplacian

    def __getitem__(self, chosen: Any) -> "Points":  # type: ignore[override]
        return Points(self.rows[chosen], self.half[chosen])


class Frame(NamedTuple):
    """Origin and unit of the points, the same for both sides of a kernel matrix."""

    kernel: KernelFunction
    centre: np.ndarray | None  # (p,) origin, None for 0
    unit: float
    dtype: Any

    def place(self, X: Any) -> Points:
        """The points in this frame."""
        if issparse(X):
            rows: Any = X.tocsr().astype(self.dtype, copy=True)
            rows.data *= self.unit
        else:
            moved = (
                X if self.centre is None else X - self.centre
            )  # in float64: float32 keeps the digits of what is left
            rows = np.ascontiguousarray(moved if self.unit == 1.0 else moved * self.unit, dtype=self.dtype)
        half = np.zeros(X.shape[0])
        if self.kernel.name == "rbf":
            half = squared_norms(rows) / 2
        elif self.kernel.name == "laplacian":
            half = np.asarray(abs(rows).sum(axis=1), dtype=np.float64).ravel()
        return Points(rows, half.astype(self.dtype))


def frame_of(kernel: KernelFunction, A: Any, B: Any, dtype: Any) -> Frame:
    """The frame in which tiles of `kernel` between points of A and of B are cheap and exact."""
    if kernel.name == "rbf":
        dense = not (issparse(A) or issparse(B)) and len(B)
        centre = B.mean(axis=0, dtype=np.float64) if dense else None
        return Frame(kernel, centre, float(np.sqrt(2 * LOG2E * kernel.gamma)), dtype)
    return Frame(kernel, None, LOG2E * kernel.gamma if kernel.name == "laplacian" else 1.0, dtype)


def kernel_matrix(kernel: KernelFunction, A: Any, B: Any, *, dtype: Any = np.float64) -> np.ndarray:
    """Kernel values between the rows of A and those of B.

    Parameters
    ----------
    kernel : KernelFunction
        The kernel. For "precomputed", A already holds the values; B names the columns asked for (None: all).
    A, B : ndarray or CSR of shape (n, p) and (m, p)
        Points.
    dtype : dtype
        float32 or float64, of the arithmetic and of the result.

    Returns
    -------
    ndarray of shape (n, m)
        The values.

    Raises
    ------
    ValueError
        If a callable kernel returns something of another shape.

    Examples
    --------
    >>> import numpy as np
    >>> from panlearn.svm.kernel_function import KernelFunction, kernel_matrix
    >>> X = np.array([[0.0], [1.0], [2.0]])
    >>> kernel_matrix(KernelFunction("rbf", gamma=np.log(2)), X, X).round(4)
    array([[1.    , 0.5   , 0.0625],
           [0.5   , 1.    , 0.5   ],
           [0.0625, 0.5   , 1.    ]])
    """
    if kernel.name in ("precomputed", "callable"):
        return _given(kernel, A, B, dtype)
    frame = frame_of(kernel, A, B, dtype)
    right = frame.place(B)
    left = right if A is B else frame.place(A)
    out = np.empty((A.shape[0], B.shape[0]), dtype=dtype)
    fill(frame, left, right, out, np.arange(len(out)))
    if A is B and kernel.name in ("rbf", "laplacian"):
        np.fill_diagonal(out, 1.0)
    return out


def kernel_diagonal(kernel: KernelFunction, A: Any) -> np.ndarray:
    """k(x, x) of each row in float64, (n,)."""
    if kernel.name == "precomputed":
        return np.asarray(A.diagonal(), dtype=np.float64)
    if kernel.name == "callable":
        return np.array([_given(kernel, A[i : i + 1], A[i : i + 1], np.float64)[0, 0] for i in range(A.shape[0])])
    if kernel.name in ("rbf", "laplacian"):
        return np.ones(A.shape[0])
    square = squared_norms(A)[:, None]
    return _finish(kernel, square, np.zeros(len(square)), np.zeros(1))[:, 0]


def kernel_times(kernel: KernelFunction, A: Any, B: Any, coef: np.ndarray, *, dtype: Any = np.float64) -> np.ndarray:
    """K(A, B) coef without the whole of K: the decision values of machines that share their vectors.

    Parameters
    ----------
    kernel : KernelFunction
        The kernel; see `kernel_matrix` for "precomputed".
    A, B : ndarray or CSR of shape (n, p) and (m, p)
        Points.
    coef : ndarray of shape (m, k)
        Coefficients of k machines.
    dtype : dtype
        float32 or float64, of the arithmetic on kernel values; sums are kept in float64.

    Returns
    -------
    ndarray of shape (n, k)
        The products, in float64.

    Examples
    --------
    >>> import numpy as np
    >>> from panlearn.svm.kernel_function import KernelFunction, kernel_times
    >>> X = np.array([[0.0], [1.0], [2.0]])
    >>> kernel_times(KernelFunction("linear"), X, X, np.ones((3, 1))).ravel()
    array([0., 3., 6.])
    """
    if kernel.name in ("precomputed", "callable"):
        return _given(kernel, A, B, np.float64) @ coef
    frame = frame_of(kernel, A, B, dtype)
    return times(frame, frame.place(A), frame.place(B), coef)


def times(frame: Frame, left: Points, right: Points, coef: np.ndarray) -> np.ndarray:
    """K coef in float64 between placed points, (n, k)."""
    (n, m), weights = (len(left.half), len(right.half)), coef.astype(frame.dtype)
    out = np.zeros((n, coef.shape[1]))
    groups = [(_ready(right[b : b + ROWS], left), weights[b : b + ROWS]) for b in range(0, m, ROWS)]

    def part(start: int, stop: int) -> None:
        for a in range(start, stop, COLUMNS):
            end = min(a + COLUMNS, stop)
            for near, weight in groups:
                out[a:end] += _tile(frame, near, left, a, end).T @ weight

    with single_threaded_blas():
        map_chunks(part, n, work=_work(left, right), align=COLUMNS)
    return out


def fill(frame: Frame, left: Points, right: Points, out: np.ndarray, slots: np.ndarray) -> None:
    """Write the kernel values of left_i with all of `right` into out[slots[i]]."""
    groups = [(_ready(left[a : a + ROWS], right), slots[a : a + ROWS]) for a in range(0, len(slots), ROWS)]

    def part(start: int, stop: int) -> None:
        for near, places in groups:
            for b in range(start, stop, COLUMNS):
                _tile(frame, near, right, b, min(b + COLUMNS, stop), out, places)

    with single_threaded_blas():  # products of tiles are too small for two threads
        map_chunks(part, len(right.half), work=_work(left, right), align=COLUMNS)


def squared_norms(A: Any) -> np.ndarray:
    """|x|^2 of each row in float64, (n,)."""
    if issparse(A):
        return np.asarray(A.multiply(A).sum(axis=1), dtype=np.float64).ravel()
    return np.einsum("ij,ij->i", A, A, dtype=np.float64)


def _work(left: Points, right: Points) -> float:
    """Elementary operations of all kernel values."""
    rows = right.rows
    each = rows.nnz / max(1, rows.shape[0]) if issparse(rows) else rows.shape[1]
    return len(left.half) * len(right.half) * (20.0 + each)


class _Near(NamedTuple):
    """A few points, ready to meet many."""

    rows: np.ndarray  # (r, p), or for sparse others (features used, r)
    place: np.ndarray | None  # (p,) for sparse others: where each feature is in `rows`, -1 where all r have 0
    half: np.ndarray  # (r,)


def _ready(near: Points, others: Points) -> _Near:
    A = near.rows
    if not issparse(others.rows):
        return _Near(np.ascontiguousarray(A.toarray() if issparse(A) else A), None, near.half)
    place = np.full(A.shape[1], -1, dtype=np.int32)
    used = np.unique(A.indices) if issparse(A) else np.arange(A.shape[1])
    place[used] = np.arange(len(used), dtype=np.int32)
    return _Near(np.ascontiguousarray((A[:, used].toarray() if issparse(A) else A).T), place, near.half)


def _tile(
    frame: Frame, near: _Near, others: Points, start: int, stop: int, out: Any = None, slots: Any = None
) -> np.ndarray:
    """Kernel values between a few points and others[start:stop], (r, stop - start).

    Written to out[slots, start:stop] if `out` is given; else valid until the thread's next call.
    """
    kernel, half, B = frame.kernel, others.half[start:stop], others.rows
    if near.place is not None:  # the rows of the others run over the panel: the tile comes out transposed
        tile = scratch("kernel tile", (stop - start, len(near.half)), frame.dtype)
        _meet_panel(kernel.name, near, B, start, tile)
        tile = _finish(kernel, tile, half, near.half).T
    else:
        tile = scratch("kernel tile", (len(near.half), stop - start), frame.dtype)
        if kernel.name == "laplacian":
            from panlearn.svm.kernel_tiles import manhattan

            manhattan(near.rows, np.ascontiguousarray(B[start:stop].T), tile)
        else:
            np.dot(near.rows, B[start:stop].T, out=tile)
        if out is not None and kernel.name in EXPONENTIAL and tile.size >= SMALL:  # in one pass
            return _gauss(kernel.name, tile, near.half, half, out, slots, start)
        tile = _finish(kernel, tile, near.half, half)
    if out is not None:
        out[slots, start:stop] = tile
    return tile


def _meet_panel(name: str, near: _Near, B: Any, start: int, tile: np.ndarray) -> None:
    from panlearn.svm.kernel_tiles import sparse_manhattan, sparse_products

    if name == "laplacian":
        sparse_manhattan(B.indptr, B.indices, B.data, near.place, near.rows, near.half, start, tile)
    else:
        sparse_products(B.indptr, B.indices, B.data, near.place, near.rows, start, tile)


def _finish(kernel: KernelFunction, tile: np.ndarray, left: np.ndarray, right: np.ndarray) -> np.ndarray:
    """From products to kernel values, which may be in the tile's own memory or not."""
    if kernel.name in EXPONENTIAL:
        # not in place: LLVM's check that the two arrays lie apart decides whether the loop runs as SIMD code
        values = scratch("kernel values", tile.shape, tile.dtype.type)
        return _gauss(kernel.name, tile, left, right, values, np.arange(len(tile)), 0)
    if kernel.name in ("poly", "sigmoid"):
        tile *= kernel.gamma
        tile += kernel.coef0
        if kernel.name == "sigmoid":
            np.tanh(tile, out=tile)
        else:
            _power(tile, kernel.degree)
    return tile


def _gauss(
    name: str, tile: np.ndarray, left: np.ndarray, right: np.ndarray, out: np.ndarray, slots: np.ndarray, start: int
) -> np.ndarray:
    """2^(tile - left - right), at most 1, into out[slots, start:]; returns out."""
    if name == "laplacian":  # the tile holds distances already
        left, right = np.zeros_like(left), np.zeros_like(right)
    if tile.size < SMALL:
        tile -= left[:, None]
        tile -= right
        np.minimum(tile, 0.0, out=tile)
        out[slots, start : start + tile.shape[1]] = np.exp2(tile, out=tile)
        return out
    from panlearn.svm.kernel_tiles import gauss_double, gauss_single

    (gauss_single if tile.dtype == np.float32 else gauss_double)(tile, left, right, out, slots, start)
    return out


def _power(tile: np.ndarray, degree: float) -> None:
    """Small whole powers by products: a tenth of the time of `pow`."""
    if degree in (2.0, 3.0, 4.0):
        base = tile if degree == 2 else tile.copy()
        np.multiply(tile, tile, out=tile)
        if degree == 3:
            tile *= base
        elif degree == 4:
            tile *= tile
    else:
        np.power(tile, degree, out=tile)


def _given(kernel: KernelFunction, A: Any, B: Any, dtype: Any) -> np.ndarray:
    """Kernel values that someone else computes."""
    if kernel.name == "precomputed":
        chosen = A if B is None else A[:, B]
        return np.asarray(chosen.toarray() if issparse(chosen) else chosen, dtype=dtype)
    values = kernel.function(A, B)  # type: ignore[misc]
    values = np.asarray(values.toarray() if issparse(values) else values, dtype=dtype)
    if values.shape != (A.shape[0], B.shape[0]):
        raise DataError(
            f"a kernel function must return an array of shape (len(A), len(B)) = {(A.shape[0], B.shape[0])}. "
            f"Got {values.shape} instead."
        )
    return values
