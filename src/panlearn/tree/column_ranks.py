"""Ranks of one column: sort it, number its distinct values, and merge them to bins if asked.

Both zeros are one value, and NaN, which the sort leaves at the end, gets the code after the last.
"""

import numpy as np

from panlearn.core.jit import kernel


def rank_column(column: np.ndarray, codes: np.ndarray, n_categories: int, max_bins: int) -> tuple:
    """Write the codes of a column; returns the lowest and the highest value of each code, and whether any is missing.

    Parameters
    ----------
    column : ndarray of shape (n,)
        Values, NaN where missing; codes if `n_categories` is positive.
    codes : ndarray of shape (n,)
        Filled with the ranks.
    n_categories : int
        0 for a numeric column.
    max_bins : int
        0 for exact ranks.

    Returns
    -------
    tuple
        lowest (k,), highest (k,), has_missing.
    """
    if n_categories:
        gone = np.isnan(column)
        codes[:] = np.where(gone, n_categories, column)
        levels = np.arange(n_categories, dtype=np.float64)
        return levels, levels, bool(gone.any())
    order = np.argsort(column)
    present = len(column) - int(np.isnan(column[order[-1:]]).any() and np.isnan(column).sum())
    values = np.empty(present)
    k = number_distinct(column, order, present, codes, values)
    lowest = highest = values[:k].copy()
    if 0 < max_bins < k:
        lowest, highest = _merge(codes, order[:present], lowest, max_bins)
    codes[order[present:]] = len(lowest)
    return lowest, highest, present < len(column)


@kernel
def number_distinct(column, order, present, codes, values):
    """Number the distinct values in ascending order; returns how many there are."""
    k = -1
    last = np.nan
    for i in range(present):
        row = order[i]
        x = np.float64(column[row])
        if x != last:
            k += 1
            values[k] = x
            last = x
        codes[row] = k
    return k + 1


def _merge(codes: np.ndarray, order: np.ndarray, values: np.ndarray, max_bins: int) -> tuple[np.ndarray, np.ndarray]:
    """Merge ranks to bins of about equally many rows: cut before the value that holds each quantile."""
    k, sorted_codes = len(values), codes[order]
    cuts = np.unique(sorted_codes[np.arange(1, max_bins) * len(order) // max_bins])
    first = np.concatenate([[0], cuts[cuts > 0]]).astype(np.int64)  # lowest rank of each bin
    bin_of = np.cumsum(np.isin(np.arange(k), first)) - 1
    codes[order] = bin_of[sorted_codes]
    return values[first], values[np.concatenate([first[1:] - 1, [k - 1]])]
