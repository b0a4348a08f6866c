"""Rows of a design matrix of numeric columns, categorical columns as codes, and a constant [X | one-hot | 1].

The one-hot columns exist only in the formulas: `level_sums` does their products. Parameters are in *full coding*: the
numeric columns, every level of every categorical column, the constant. What is dropped (a reference level, the
constant) and the order of the coefficients are the business of `encoding`.
"""

from itertools import accumulate, pairwise
from typing import Any

import numpy as np
import scipy.sparse as sp
from sklearn.utils import assert_all_finite

from panlearn.core.products import products_of
from panlearn.core.threads import scratch

CHUNK = 64  # neighbouring rows that `thinned` keeps together: whole cache lines whichever way the array lies


class DesignRows:
    """A block of rows, or all of them.

    Parameters
    ----------
    numeric : ndarray or CSR of shape (n, d)
        Numeric columns.
    codes : ndarray of shape (n, k), uint32, Fortran order
        Categorical columns.
    levels : tuple of int
        Number of levels of each.
    offset : ndarray of shape (n,), optional
        Added to the linear predictor.
    """

    def __init__(self, numeric: Any, codes: np.ndarray, levels: tuple[int, ...], offset: np.ndarray | None) -> None:
        self.numeric, self.codes, self.levels, self.offset = numeric, codes, levels, offset
        self.shape = (numeric.shape[0], numeric.shape[1] + len(levels) + 1)  # of what is stored
        self.size = numeric.shape[1] + sum(levels) + 1
        if levels:  # compiles or loads kernels: not before they are needed
            from panlearn.linear_model.generalized_linear_model import level_sums

            self.kernels = level_sums

    def __getitem__(self, rows: slice) -> "DesignRows":
        """A block."""
        offset = None if self.offset is None else self.offset[rows]
        return DesignRows(self.numeric[rows], self.codes[rows], self.levels, offset)

    def select(self, rows: np.ndarray) -> "DesignRows":
        """The rows with these indices, copied."""
        offset = None if self.offset is None else self.offset[rows]
        return DesignRows(self.numeric[rows], np.asfortranarray(self.codes[rows]), self.levels, offset)

    @property
    def groups(self) -> list[slice]:
        """Parameters of each categorical column."""
        edges = [*accumulate(self.levels, initial=self.numeric.shape[1])]
        return [slice(a, b) for a, b in pairwise(edges)]

    @property
    def columns(self) -> list[np.ndarray]:
        """Codes, one contiguous array for each categorical column."""
        return [np.ascontiguousarray(self.codes[:, k]) for k in range(len(self.levels))]

    def forward(self, full: np.ndarray) -> np.ndarray:
        """Linear predictor, (n,), offset included."""
        d = self.numeric.shape[1]
        z = np.asarray(self.numeric @ full[:d], dtype=np.float64) + full[-1]
        self.add_levels(full, z)
        return z if self.offset is None else z + self.offset

    def back(self, u: np.ndarray) -> np.ndarray:
        """Products of all columns with u, (size,)."""
        out = np.zeros(self.size)
        out[: self.numeric.shape[1]] = self.numeric.T @ u
        self.sum_levels(u, out)
        return out

    def squares(self, h: np.ndarray) -> np.ndarray:
        """Sums of h_i x_ij^2, (size,)."""
        out = np.zeros(self.size)
        out[: self.numeric.shape[1]] = products_of(self.numeric).squares(h[:, None])[:, 0]
        self.sum_levels(h, out)
        return out

    def add_levels(self, full: np.ndarray, z: np.ndarray) -> None:
        """Add the coefficients of each row's levels to z, in place."""
        for codes, group in zip(self.columns, self.groups):
            self.kernels.add_levels(codes, full[group], z)

    def sum_levels(self, u: np.ndarray, out: np.ndarray) -> None:
        """Set the products of one-hot columns and constant with u, in place."""
        for codes, group in zip(self.columns, self.groups):
            self.kernels.sum_levels(codes, u, out[group])
        out[-1] = u.sum()

    def gram(self, h: np.ndarray, dtype: type) -> np.ndarray:
        """Sum of h_i x_i x_i', (size, size), h at least 0; factors rounded to dtype, sums in float64."""
        d, out = self.numeric.shape[1], np.zeros((self.size, self.size))
        root = np.sqrt(h)
        Z = scratch("weighted rows", (len(h), d + 1), dtype)
        np.multiply(self.numeric, root[:, None], out=Z[:, :d], casting="same_kind")
        Z[:, d] = root
        if not self.levels:
            return (Z.T @ Z).astype(np.float64, copy=False)
        border = np.append(np.arange(d), self.size - 1)  # numeric columns and the constant
        out[np.ix_(border, border)] = Z.T @ Z
        columns = self.columns
        for k, (codes, group) in enumerate(zip(columns, self.groups)):
            sums = np.zeros((self.levels[k], d + 1), dtype)
            self.kernels.sum_rows(codes, root.astype(dtype, copy=False), Z, sums)
            out[group, border] = sums
            out[border, group] = sums.T
            np.fill_diagonal(out[group, group], sums[:, -1])
            for others, other in zip(columns[:k], self.groups[:k]):
                pairs = np.zeros((self.levels[k], other.stop - other.start))
                self.kernels.count_pairs(codes, others, h, pairs)
                out[group, other], out[other, group] = pairs, pairs.T
        return out

    def densified(self) -> "DesignRows":
        """The rows with numeric columns as an array."""
        if isinstance(self.numeric, np.ndarray):
            return self
        return DesignRows(self.numeric.toarray(), self.codes, self.levels, self.offset)

    def thinned(self, step: int) -> "DesignRows":
        """`CHUNK` neighbouring rows of every `step * CHUNK`, copied; the numeric columns are an array."""
        offset = None if self.offset is None else thinned(self.offset, step)
        return DesignRows(
            thinned(self.numeric, step), np.asfortranarray(thinned(self.codes, step)), self.levels, offset
        )

    def one_hot(self) -> Any:
        """The columns without the constant: the numeric ones as they are if there are no others, else CSC."""
        if not self.levels:
            return self.numeric
        n = self.shape[0]
        parts = [
            sp.csr_array((np.ones(n), codes.astype(np.int32), np.arange(n + 1, dtype=np.int32)), shape=(n, count))
            for codes, count in zip(self.columns, self.levels)
        ]
        return sp.hstack([sp.csr_array(self.numeric), *parts], format="csc")

    def require_finite(self) -> None:
        """Raise scikit-learn's error if a number is NaN or infinite."""
        assert_all_finite(self.numeric, input_name="X")
        if self.offset is not None:
            assert_all_finite(self.offset, input_name="offset")


def thinned(array: np.ndarray, step: int) -> np.ndarray:
    """`CHUNK` neighbouring rows of every `step * CHUNK`, copied."""
    whole = len(array) // (step * CHUNK)
    parts = array[: whole * step * CHUNK].reshape(whole, step * CHUNK, *array.shape[1:])[:, :CHUNK]
    return parts.reshape(whole * CHUNK, *array.shape[1:])
