r"""Bins: what a histogram of gradients counts instead of values [ke2017].

A numeric column is cut at its quantiles into at most `max_bins` bins of about equally many rows; where it has no more
distinct values than that, each value is a bin of its own. Cuts are the midpoints between neighbouring values. A split
can then only fall on a cut, so that a search costs one addition for each row and a scan of the bins, instead of a sort.
Of a categorical column the `max_bins` most frequent categories are a bin each; rarer ones count as missing. Missing
values have a bin of their own, the last one.

A bin of very many rows is spread over several *codes*, the smallest numbers that are stored: a histogram packs three
sums into 64 bits (`histogram.py`), and the fewer rows a code can have, the more bits are left for each of them.

Cost: sorting at most 200,000 rows of each column. When it fails: what matters happens inside one bin, as with a few
distant values among many equal ones; `max_bins` is then too small.

Course notes: 000 §4.2.
"""

from typing import NamedTuple

import numpy as np

from panlearn.core.threads import map_chunks

SAMPLE = 200_000  # rows from which the cuts are learnt
MOST = 255  # codes of a column, beside that of missing values
SPREAD = 4096  # rows above which a bin is given several codes
TOGETHER = 8  # columns copied at a time: a cache line of a row


class BinMap(NamedTuple):
    """From values to codes; arrays of all columns one after the other, column j from start[j] to start[j + 1]."""

    start: np.ndarray  # (p + 1,) int64
    upper: np.ndarray  # float64, largest value of a bin, the last inf; of a categorical column the category
    first_code: np.ndarray  # uint8, a bin's first code
    copies: np.ndarray  # uint8, number of its codes
    n_codes: np.ndarray  # (p,) int64; also the code of missing values
    n_categories: np.ndarray  # (p,) int64; 0: numeric

    def bins(self, j: int) -> slice:
        """Place of column j's bins."""
        return slice(int(self.start[j]), int(self.start[j + 1]))


def learn_bins(
    X: np.ndarray,
    *,
    max_bins: int = MOST,
    n_categories: np.ndarray | None = None,
    sample_weight: np.ndarray | None = None,
    seed: int = 0,
) -> BinMap:
    """Choose the bins of every column.

    Parameters
    ----------
    X : ndarray of shape (n, p)
        Values, float32 or float64; NaN is missing. A categorical column holds codes 0, 1, ...
    max_bins : int
        Most bins of a column, 2 to 255, beside that of missing values.
    n_categories : ndarray of shape (p,), optional
        Number of categories of a column, 0 where it is numeric; all numeric by default.
    sample_weight : ndarray of shape (n,), optional
        Rows of weight 0 do not count.
    seed : int
        Chooses the rows, where there are more than 200,000.

    Returns
    -------
    BinMap
    """
    n, p = X.shape
    levels = np.zeros(p, np.int64) if n_categories is None else np.asarray(n_categories, np.int64)
    rows = None if sample_weight is None or np.all(sample_weight) else np.flatnonzero(sample_weight)
    if (n if rows is None else rows.size) > SAMPLE:
        chosen = np.random.default_rng(seed).choice(n if rows is None else rows.size, SAMPLE, replace=False)
        rows = np.sort(chosen if rows is None else rows[chosen])
    share = n / max(n if rows is None else rows.size, 1)

    def task(a: int, b: int) -> list[tuple]:
        found = []
        for j in range(a, b, TOGETHER):
            part = X[:, j : min(b, j + TOGETHER)]
            block = np.ascontiguousarray((part if rows is None else part[rows]).T)
            found += [_column(column, int(levels[j + k]), max_bins, share) for k, column in enumerate(block)]
        return found

    count = n if rows is None else rows.size
    columns = [c for part in map_chunks(task, p, work=20.0 * count * p, align=TOGETHER) for c in part]
    sizes = [len(upper) for upper, _, _ in columns]
    upper, first, copies = (np.concatenate([c[k] for c in columns]) if columns else np.empty(0) for k in range(3))
    n_codes = np.array([int(copies.sum()) for _, _, copies in columns], np.int64)
    start = np.concatenate([[0], np.cumsum(sizes)]).astype(np.int64)
    return BinMap(start, upper, first.astype(np.uint8), copies.astype(np.uint8), n_codes, levels)


def _column(values: np.ndarray, levels: int, max_bins: int, share: float) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Uppers, first codes and numbers of codes of one column's bins."""
    values = np.sort(values)  # missing values last
    values = values[: np.searchsorted(values, np.nan)]
    if levels:
        upper, counts = _frequent(values, max_bins)
    else:
        cuts = _cuts(values, max_bins)
        upper = np.append(cuts, np.inf)
        counts = np.diff(np.searchsorted(values, cuts, side="right"), prepend=0, append=values.size)
    copies = _copies(counts * share)
    return upper, np.cumsum(copies) - copies, copies


def _cuts(values: np.ndarray, max_bins: int) -> np.ndarray:
    """Cuts between the bins of sorted values."""
    if values.size == 0:
        return np.empty(0)
    new = np.flatnonzero(values[1:] != values[:-1])  # last places of the distinct values, without the largest
    if new.size >= max_bins:
        at = np.arange(1, max_bins) * (values.size - 1) / max_bins  # quantiles
        low, high = values[np.floor(at).astype(np.int64)], values[np.ceil(at).astype(np.int64)]
    else:
        low, high = values[new], values[new + 1]
    cuts = np.unique(_middle(low.astype(np.float64), high.astype(np.float64)))
    return cuts[cuts < values[-1]]


def _middle(low: np.ndarray, high: np.ndarray) -> np.ndarray:
    """Midpoints, below `high` also where the two are neighbouring numbers or infinite."""
    with np.errstate(invalid="ignore"):
        middle = 0.5 * low + 0.5 * high
    return np.where((middle >= low) & (middle < high), middle, low)


def _frequent(values: np.ndarray, max_bins: int) -> tuple[np.ndarray, np.ndarray]:
    """The most frequent categories, in the order of their codes, and how many rows have them."""
    codes, counts = np.unique(values, return_counts=True)
    kept = np.sort(np.argsort(-counts, kind="stable")[:max_bins])
    if kept.size == 0:
        return np.zeros(1), np.zeros(1, np.int64)
    return codes[kept].astype(np.float64), counts[kept]


def _copies(counts: np.ndarray) -> np.ndarray:
    """Number of codes of each bin, such that no code has many more than `SPREAD` rows, as far as codes reach."""
    copies = np.ones(counts.size, np.int64)
    if counts.max(initial=0) <= SPREAD:
        return copies
    low, high = 0.0, float(counts.max())
    for _ in range(40):  # the least number of rows of a code for which the codes are enough
        limit = 0.5 * (low + high)
        if np.maximum(np.ceil(counts / limit), 1).sum() <= MOST:
            high = limit
        else:
            low = limit
    return np.maximum(np.ceil(counts / max(high, SPREAD)), 1).astype(np.int64)
