"""Where the codes of the bins lie in memory: by row for histograms, by column for dividing the rows of a leaf.

The histogram of a leaf reads all columns of its rows, in ascending order but with gaps: with the codes of a row side by
side that is one or two cache lines a row. Dividing the rows of a leaf reads one column. Both as uint8, so the two
together are a quarter of X in float64.

A value is looked up by eight halvings of the table of upper bounds, without a branch: the processor works on several
rows at once. Cost: 3 ns a value.
"""

from typing import NamedTuple

import numpy as np

from panlearn.core.jit import kernel
from panlearn.core.threads import map_chunks
from panlearn.ensemble.gradient_boosting.binning import BinMap

CODES = 256  # places of a column in a histogram
BLOCK = 512  # rows whose values stay in the cache while column after column is looked up


class BinnedRows(NamedTuple):
    """A table of codes, twice."""

    by_row: np.ndarray  # (n, p) uint8
    by_column: np.ndarray  # (p, n) uint8
    frequency: np.ndarray  # (p, 256) int64, rows of each code
    upper: np.ndarray  # (p, 256) float64, largest value of the bin of each code; of a categorical column the category
    ends: np.ndarray  # (p, 256) bool, last code of a bin
    has_missing: np.ndarray  # (p,) bool
    bins: BinMap


class _Lookup(NamedTuple):
    """Tables of the kernels, one row a column."""

    upper: np.ndarray  # (p, 256) float64, largest value of a bin, inf beyond; ascending categories
    first: np.ndarray  # (p, 256) uint8, first code of a bin
    copies: np.ndarray  # (p, 256) uint8
    spread: np.ndarray  # (p,) bool, has a bin with several codes
    category: np.ndarray  # (p,) bool
    missing: np.ndarray  # (p,) uint8, code of missing values


def apply_bins(bins: BinMap, X: np.ndarray) -> BinnedRows:
    """Codes of the rows of X.

    Parameters
    ----------
    bins : BinMap
        From `learn_bins`.
    X : ndarray of shape (n, p)
        Values, float32 or float64, in any memory order. A category that has no bin counts as missing.

    Returns
    -------
    BinnedRows
    """
    n, p = X.shape
    table = _lookup(bins)
    by_row, by_column = np.empty((n, p), np.uint8), np.empty((p, n), np.uint8)

    def task(a: int, b: int) -> np.ndarray:
        count = np.zeros((p, CODES), np.int64)
        encode(X[a:b], a, table, by_row[a:b], by_column[:, a:b], count)
        return count

    counts = map_chunks(task, n, work=10.0 * n * p, align=BLOCK)
    count = np.sum(counts, axis=0)
    upper, ends = _tables_of_codes(bins)
    return BinnedRows(by_row, by_column, count, upper, ends, count[np.arange(p), bins.n_codes] > 0, bins)


def _tables_of_codes(bins: BinMap) -> tuple[np.ndarray, np.ndarray]:
    """Of each code the upper bound of its bin, and whether it is the bin's last."""
    p = bins.n_codes.size
    column, copies = np.repeat(np.arange(p), np.diff(bins.start)), bins.copies.astype(np.int64)
    upper, ends = np.full((p, CODES), np.inf), np.zeros((p, CODES), bool)
    ends[column, bins.first_code + copies - 1] = True
    code = np.arange(copies.sum()) - np.repeat((np.cumsum(copies) - copies) - bins.first_code, copies)
    upper[np.repeat(column, copies), code] = np.repeat(bins.upper, copies)
    return upper, ends


def _lookup(bins: BinMap) -> _Lookup:
    p = bins.n_codes.size
    sizes = np.diff(bins.start)
    column = np.repeat(np.arange(p), sizes)
    place = np.arange(bins.upper.size) - bins.start[column]
    table = _Lookup(
        np.full((p, CODES), np.inf),
        np.zeros((p, CODES), np.uint8),
        np.ones((p, CODES), np.uint8),
        np.zeros(p, bool),
        bins.n_categories > 0,
        bins.n_codes.astype(np.uint8),
    )
    table.upper[column, place] = bins.upper
    table.first[column, place] = bins.first_code
    table.copies[column, place] = bins.copies
    np.logical_or.at(table.spread, column, bins.copies > 1)
    return table


@kernel
def encode(X, offset, table, by_row, by_column, count):
    """Codes of the rows of X; `offset` is the number of the first. Fills by_row and by_column, adds to `count`."""
    n, p = X.shape
    for start in range(0, n, BLOCK):
        stop = min(start + BLOCK, n)
        for j in range(p):
            upper, tally, codes = table.upper[j], count[j], by_column[j]
            for i in range(np.uint64(start), np.uint64(stop)):
                codes[i] = _bin_of(upper, np.float64(X[i, j]))
            if table.category[j] or table.spread[j]:
                _translate(X, offset, table, j, codes, start, stop)
            else:
                missing = table.missing[j]
                for i in range(np.uint64(start), np.uint64(stop)):
                    x = X[i, j]
                    codes[i] = missing if x != x else codes[i]
            for i in range(np.uint64(start), np.uint64(stop)):
                by_row[i, j] = codes[i]
                tally[np.uint64(codes[i])] += 1


@kernel(inline=True)
def _bin_of(upper, x):
    """Number of the uppers below x, at most 255: eight halvings."""
    at = np.uint64(0)
    at += np.uint64(128) * np.uint64(upper[at + np.uint64(127)] < x)
    at += np.uint64(64) * np.uint64(upper[at + np.uint64(63)] < x)
    at += np.uint64(32) * np.uint64(upper[at + np.uint64(31)] < x)
    at += np.uint64(16) * np.uint64(upper[at + np.uint64(15)] < x)
    at += np.uint64(8) * np.uint64(upper[at + np.uint64(7)] < x)
    at += np.uint64(4) * np.uint64(upper[at + np.uint64(3)] < x)
    at += np.uint64(2) * np.uint64(upper[at + np.uint64(1)] < x)
    at += np.uint64(upper[at] < x)
    return np.uint8(at)


@kernel
def _translate(X, offset, table, j, codes, start, stop):
    """From bins to codes in a column of categories or of bins that have several codes; changes `codes`."""
    upper, first, copies, missing = table.upper[j], table.first[j], table.copies[j], table.missing[j]
    category = table.category[j]
    for i in range(start, stop):
        x, b = np.float64(X[i, j]), codes[i]
        if x != x or (category and upper[b] != x):
            codes[i] = missing
        elif copies[b] > 1:  # any rule that spreads the rows evenly and depends on nothing but their number
            mixed = (np.uint64(offset + i) * np.uint64(2654435761)) & np.uint64(0xFFFFFFFF)
            codes[i] = first[b] + np.uint8((mixed * np.uint64(copies[b])) >> np.uint64(32))
        else:
            codes[i] = first[b]
