r"""Columns as ranks: every column is sorted once, and no node ever compares numbers again.

The code of a value is its rank among the distinct values of its column, so that x_ij <= x_kj exactly if
code_ij <= code_kj: a threshold between two neighbouring codes is any number between their values, and the midpoint is
taken. Codes are small whole numbers, which a node sorts by counting (`panlearn.tree.split_keys`). A missing value has
the code after the last. Sorting costs O(n log n) a column, once for all nodes and all trees of a forest.

With `max_bins` the ranks of a column are merged to that many bins of about equally many rows: fewer questions,
less to count, and thresholds that are no longer exact.
"""

from typing import Any, NamedTuple

import numpy as np
from scipy.sparse import issparse

from panlearn.core.threads import map_chunks

SORTING = 60.0  # elementary operations a value
WIDE = 65_535  # more codes than this do not fit in 16 bits


class OrderedColumns(NamedTuple):
    """Training rows as ranks, column by column."""

    codes: np.ndarray  # (p, n) uint16 or uint32: rank among the distinct values; missing: n_codes[j]
    n_codes: np.ndarray  # (p,) int32 number of distinct values (of categories), without the missing one
    values: np.ndarray  # values of all codes, column after column; of a bin: its lowest value
    highest: np.ndarray  # the highest value of each code: equal to `values` where nothing is binned
    start: np.ndarray  # (p + 1,) int64: column j's values are start[j] to start[j + 1]
    has_missing: np.ndarray  # (p,) bool
    n_categories: np.ndarray  # (p,) int32; 0: numeric


def order_columns(X: Any, *, n_categories: Any = None, max_bins: int | None = None) -> OrderedColumns:
    """Replace the values of each column by their ranks.

    Parameters
    ----------
    X : ndarray or sparse matrix of shape (n, p)
        Numbers; NaN is missing. Categorical columns hold codes 0, 1, ….
    n_categories : array-like of int, optional
        Number of categories of each column, 0 for a numeric one.
    max_bins : int, optional
        Merge the ranks of a numeric column to at most so many bins.

    Returns
    -------
    OrderedColumns
        Codes and the values behind them.
    """
    from panlearn.tree.column_ranks import rank_column

    n, p = X.shape
    if issparse(X):
        X = X.tocsc()
    kinds = np.zeros(p, dtype=np.int32) if n_categories is None else np.asarray(n_categories, dtype=np.int32)
    narrow = max(n, int(kinds.max(initial=0))) < WIDE
    codes = np.empty((p, n), dtype=np.uint16 if narrow else np.uint32)
    found: list[Any] = [None] * p

    def rank(start: int, stop: int) -> None:
        for j in range(start, stop):
            column = X[:, [j]].toarray()[:, 0] if issparse(X) else np.ascontiguousarray(X[:, j])
            found[j] = rank_column(column, codes[j], int(kinds[j]), max_bins or 0)

    map_chunks(rank, p, work=SORTING * n * p)
    lowest, highest, missing = zip(*found) if found else ((), (), ())
    n_codes = np.array([len(v) for v in lowest], dtype=np.int32)
    if not narrow and (n_codes < WIDE).all():
        codes = codes.astype(np.uint16)
    values = np.concatenate([*lowest, np.empty(0)])
    return OrderedColumns(
        codes=codes,
        n_codes=n_codes,
        values=values,
        highest=values if max_bins is None else np.concatenate([*highest, np.empty(0)]),
        start=np.concatenate([[0], np.cumsum(n_codes, dtype=np.int64)]),
        has_missing=np.array(missing, dtype=bool),
        n_categories=kinds,
    )
