"""Columns of categories, numbers or text, as columns of zeros and ones; a missing value has none.

Each column's categories are its distinct values in ascending order. Column j of X becomes len(categories[j]) columns
of a sparse matrix, so a row stores one number for each value that is there.
"""

from typing import Any

import numpy as np
from scipy.sparse import csr_matrix

from panlearn.core.errors import DataError


def missing_in(column: np.ndarray) -> np.ndarray:
    """Where a column holds NaN, None or pandas' NA.

    Examples
    --------
    >>> import numpy as np
    >>> missing_in(np.array(["a", None, float("nan")], dtype=object)).tolist()
    [False, True, True]
    """
    if column.dtype.kind == "f":
        return np.isnan(column)
    if column.dtype.kind != "O":
        return np.zeros(len(column), bool)
    missing = (None, "NAType", "NaTType")
    return np.array([value is None or type(value).__name__ in missing or value != value for value in column], bool)


def find_categories(X: np.ndarray) -> list[np.ndarray]:
    """Distinct values of each column, ascending.

    Raises
    ------
    DataError
        If a column holds values that cannot be compared, as numbers and text, or an infinity.
    """
    found = []
    for j, column in enumerate(X.T):
        try:
            values = np.unique(column[~missing_in(column)])
        except TypeError:
            raise DataError(f"Column {j} of X mixes kinds of values, as numbers and text; use one kind.") from None
        if values.dtype.kind == "O" and values.size and all(isinstance(v, (int, float)) for v in values):
            values = values.astype(float)
        if values.dtype.kind == "f" and not np.isfinite(values).all():
            raise DataError(f"Column {j} of X contains infinity; a category must be a number, a text, or missing.")
        found.append(values)
    return found


def indicators(X: np.ndarray, categories: list[np.ndarray], *, ignore_unknown: bool) -> csr_matrix:
    """One column of zeros and ones for each category.

    Raises
    ------
    DataError
        If a value is not among the categories, and `ignore_unknown` is False.
    """
    codes = np.full(X.shape, -1, np.int64)
    for j, (column, values) in enumerate(zip(X.T, categories, strict=True)):
        there = np.flatnonzero(~missing_in(column))
        seen = column[there]
        if not values.size:
            known = np.zeros(len(there), bool)
        else:
            seen = seen if values.dtype.kind == "O" or seen.dtype.kind != "O" else seen.astype(values.dtype)
            place = np.minimum(np.searchsorted(values, seen), len(values) - 1)
            known = values[place] == seen
            codes[there[known], j] = place[known]
        if not ignore_unknown and not known.all():
            raise DataError(
                f"Column {j} of X holds {seen[~known].tolist()[0]!r}, which was not there in fit. "
                "Set handle_unknown='missing' to leave such values out."
            )
    offsets = np.cumsum([0, *(len(values) for values in categories)])
    there = codes >= 0
    columns: Any = (codes + offsets[:-1])[there]
    starts = np.concatenate([[0], np.cumsum(there.sum(axis=1))])
    return csr_matrix((np.ones(len(columns)), columns, starts), shape=(len(X), offsets[-1]))
