"""Sum of each feature over the rows of each class, and scores that are linear in the features, for any kind of rows.

    N_kj = sum of w_i x_ij over rows i of class k,          z_ik = sum_j x_ij W_kj + b_k

Dense rows go through in blocks that stay in cache, each converted to float64 there; counting is a product with the
indicator of the classes, which is sparse with one entry a row. Large sparse rows are counted by a kernel on threads.
"""

from collections.abc import Callable
from functools import reduce
from typing import Any, NamedTuple

import numpy as np
from scipy.sparse import csr_array, issparse

from panlearn.core.blocks import ArrayRows, RowSource, add, reduce_rows, row_slice
from panlearn.core.threads import GATE, map_chunks, scratch

SPARSE_ROWS = 1 << 16  # rows of a sparse block
BLOCK = 1 << 20  # bytes of a block in prediction
IMPOSSIBLE = 1e8  # stands for infinity in logarithms, since 0 times infinity is no number


class ClassCounts(NamedTuple):
    """Sums over rows; a statistic of `reduce_rows`."""

    classes: np.ndarray  # (K,) total weight
    features: np.ndarray  # (K, p) N
    negative: float  # blocks with an entry below 0


def class_counts(source: RowSource, n_classes: int, indicator_of: Callable[[Any], Any] | None = None) -> ClassCounts:
    """Count.

    Parameters
    ----------
    source : RowSource
        Rows whose y are codes 0 … n_classes - 1.
    n_classes : int
        K.
    indicator_of : callable, optional
        What is counted in place of a block of features, as x > 0.

    Returns
    -------
    ClassCounts
        The sums.

    Examples
    --------
    >>> from panlearn.core.blocks import ArrayRows
    >>> X, y = np.array([[1, 0], [2, 5], [0, 1]]), np.array([0, 0, 1])
    >>> class_counts(ArrayRows(X, y), 2).features
    array([[3., 5.],
           [0., 1.]])
    """

    def statistic(X: Any, y: np.ndarray, weight: np.ndarray | None) -> ClassCounts:
        X = X if indicator_of is None else indicator_of(X)
        weight = np.ones(len(y)) if weight is None else weight
        count = _sparse_sums if issparse(X) else _dense_sums
        totals = np.bincount(y, weight, minlength=n_classes)
        low = X.data.min(initial=0) if issparse(X) else X.min(initial=0)
        return ClassCounts(totals, count(X, y, weight, n_classes), float(low < 0))

    with np.errstate(invalid="ignore", over="ignore"):
        if isinstance(source, ArrayRows) and issparse(source.rows.X):
            return _sum_of_views(statistic, *source.rows)
        rows = max(4 * n_classes, (1 << 20) // (8 * source.n_features))
        return reduce_rows(statistic, source, work=8.0 * source.n_features, rows=rows)


def linear_scores(
    X: Any, weights: np.ndarray, offset: np.ndarray, indicator_of: Callable[[Any], Any] | None = None
) -> np.ndarray:
    """X W' + b in blocks, (n, K).

    Parameters
    ----------
    X : ndarray or CSR of shape (n, p)
        Rows of any numeric type.
    weights : ndarray of shape (K, p)
        W.
    offset : ndarray of shape (K,)
        b.
    indicator_of : callable, optional
        As for `class_counts`.

    Returns
    -------
    ndarray of shape (n, K)
        The scores.
    """
    (n, p), columns = X.shape, np.ascontiguousarray(np.clip(weights, -IMPOSSIBLE, IMPOSSIBLE).T)
    offset = np.maximum(offset, -IMPOSSIBLE)
    out = np.empty((n, len(weights)))
    rows = SPARSE_ROWS if issparse(X) else max(64, BLOCK // (8 * p))

    def part(start: int, stop: int) -> None:
        for a in range(start, stop, rows):
            block = row_slice(X, a, min(a + rows, stop))
            block = block if indicator_of is None else indicator_of(block)
            if issparse(block):
                out[a : a + block.shape[0]] = block @ columns
            else:
                np.matmul(_as_float(block), columns, out=out[a : a + len(block)])
            out[a : a + block.shape[0]] += offset

    entries = X.nnz if issparse(X) else n * p
    map_chunks(part, n, work=2.0 * entries * len(weights), align=rows if n > 2 * rows else 1)
    return out


def _sum_of_views(statistic: Callable[..., ClassCounts], X: Any, y: np.ndarray, weight: Any) -> ClassCounts:
    """`reduce_rows` for sparse rows in memory: a slice of them would be a copy, which costs more than counting."""

    def part(start: int, stop: int) -> ClassCounts:
        return statistic(row_slice(X, start, stop), y[start:stop], None if weight is None else weight[start:stop])

    parts = map_chunks(part, X.shape[0], work=8.0 * X.nnz)
    return reduce(add, parts)


def _dense_sums(X: np.ndarray, y: np.ndarray, weight: np.ndarray, n_classes: int) -> np.ndarray:
    return np.asarray(_indicator(y, weight, n_classes).T @ _as_float(X))


def _sparse_sums(X: Any, y: np.ndarray, weight: np.ndarray, n_classes: int) -> np.ndarray:
    if 8.0 * X.nnz < GATE:
        return np.asarray((X.T @ _indicator(y, weight, n_classes).toarray()).T)
    from panlearn.naive_bayes.count_kernels import add_entries  # compiles or loads a kernel: not before it is needed

    out = np.zeros((n_classes, X.shape[1]))
    data = X.data if X.dtype == np.float64 else X.data.astype(np.float64)
    indices = X.indices.astype(np.int32, copy=False).view(np.uint32)
    add_entries(data, indices, X.indptr.astype(np.uint64), y.astype(np.uint32), weight, out)
    return out


def _indicator(y: np.ndarray, weight: np.ndarray, n_classes: int) -> Any:
    """Weights in the column of their class, (m, K) sparse."""
    m = len(y)
    return csr_array((weight, y.astype(np.int32, copy=False), np.arange(m + 1, dtype=np.int32)), shape=(m, n_classes))


def _as_float(X: np.ndarray) -> np.ndarray:
    if X.dtype == np.float64:
        return X
    out = scratch("as float", X.shape)
    np.copyto(out, X)
    return out
