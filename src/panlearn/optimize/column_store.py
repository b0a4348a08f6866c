"""Columns of a matrix that is stored by rows, copied when they are first asked for.

A working set asks for a few of many columns, again and again. Turning the whole matrix around costs as much as a dozen
passes over it; copying the columns of a working set costs one, and they are kept for the next set and the next penalty.
"""

from functools import cached_property
from typing import Any

import numpy as np
from scipy.sparse import issparse

from panlearn.core.products import SparseProducts
from panlearn.core.threads import map_chunks


class ColumnStore:
    """Columns on demand, and X'u over all of them.

    Parameters
    ----------
    X : ndarray or sparse matrix of shape (n, p)
        The matrix.
    """

    def __init__(self, X: Any) -> None:
        self.shape, self.X = X.shape, X
        self._where, self._count = np.full(X.shape[1], -1, dtype=np.int32), 0
        self._products = None
        if issparse(X):
            from panlearn.core.design import Columns

            self._products = SparseProducts(X)
            self._held: Any = Columns(np.empty(0), np.empty(0, np.uint32), np.zeros(1, np.uint64))
        else:
            self._held = np.empty((X.shape[0], 0), order="F")

    def pull(self, u: np.ndarray) -> np.ndarray:
        """X'u, (p,)."""
        if self._products is not None:
            return self._products.back(u[:, None])[:, 0]
        X = self.X
        parts = map_chunks(lambda a, b: X[:, a:b].T @ u, X.shape[1], work=2.0 * X.size)
        return np.concatenate(parts)

    @property
    def sparse(self) -> bool:
        """Whether X is sparse: then copying columns costs a pass over X, however few they are."""
        return self._products is not None

    @cached_property
    def _entries(self) -> np.ndarray:
        from panlearn.optimize.weighted_columns import count

        out = np.zeros(self.shape[1], dtype=np.int64)
        count(self._products.rows.indices, out)  # type: ignore[union-attr]
        return out

    def columns(self, chosen: np.ndarray, likely: np.ndarray | None = None) -> tuple[Any, np.ndarray]:
        """What kernels read columns from, and where in it the chosen ones are.

        Parameters
        ----------
        chosen : ndarray of shape (k,)
            Indices of columns, each once.
        likely : ndarray, optional
            Columns to copy along if any must be copied, the chosen ones among them.

        Returns
        -------
        held : Fortran-ordered ndarray or Columns
            All columns copied so far.
        at : ndarray of shape (k,)
            Places of the chosen ones.
        """
        missing = chosen[self._where[chosen] < 0]
        if len(missing):
            missing = missing if likely is None else likely[self._where[likely] < 0]
            self._where[missing] = np.arange(self._count, self._count + len(missing))
            self._copy(missing)
            self._count += len(missing)
        return self._held, self._where[chosen].astype(np.intp)

    def _copy(self, missing: np.ndarray) -> None:
        if self._products is None:
            free = self._held.shape[1] - self._count
            if free < len(missing):
                grown = np.empty((self.shape[0], max(2 * self._count, self._count + len(missing))), order="F")
                grown[:, : self._count] = self._held[:, : self._count]
                self._held = grown
            self._held[:, self._count : self._count + len(missing)] = self.X[:, missing]
            return
        from panlearn.optimize.weighted_columns import gather

        mark = np.full(self.shape[1], -1, dtype=np.int32)
        mark[missing] = np.arange(len(missing), dtype=np.int32)
        ends = np.cumsum(self._entries[missing], dtype=np.int64)
        cursor, size = ends - self._entries[missing], int(ends[-1])
        data, rows = np.empty(size), np.empty(size, np.uint32)
        gather(*self._products.rows, mark, cursor, data, rows)
        old, shift = self._held, self._held.indptr[-1]
        self._held = type(old)(
            np.concatenate([old.data, data]),
            np.concatenate([old.indices, rows]),
            np.concatenate([old.indptr, shift + ends.astype(np.uint64)]),
        )
