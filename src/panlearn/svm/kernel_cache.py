"""Rows of a kernel matrix, computed as they are asked for and kept within a number of bytes.

The row that has gone unused for longest makes way for a new one (LRU). Rows are kept for all columns: those of settled
variables too, whose products are looked at in each round.
"""

from typing import Any

import numpy as np


class KernelCache:
    """The rows last used, in float32 or float64.

    Parameters
    ----------
    source : ComputedRows or GivenRows
        Where rows come from.
    size : int
        Most rows kept.
    dtype : dtype
        Type in which they are kept.
    """

    def __init__(self, source: Any, size: int, dtype: Any) -> None:
        self.source, n = source, source.n
        self.matrix = np.empty((min(size, n), n), dtype=dtype)
        self.slot = np.full(n, -1)  # of each row, -1: not here
        self.owner = np.full(len(self.matrix), -1)
        self.stamp = np.zeros(len(self.matrix), dtype=np.int64)
        self.clock = self.computed = 0

    def rows(self, wanted: np.ndarray) -> np.ndarray:
        """Slots of `matrix` that hold the wanted rows, which are different and fit; valid until the next call."""
        self.clock += 1
        slots = self.slot[wanted]
        here = slots >= 0
        self.stamp[slots[here]] = self.clock
        missing = wanted[~here]
        if len(missing):
            oldest = np.argpartition(self.stamp, len(missing) - 1)[: len(missing)]
            oldest.sort()
            self.slot[self.owner[oldest][self.owner[oldest] >= 0]] = -1
            self.owner[oldest], self.slot[missing], self.stamp[oldest] = missing, oldest, self.clock
            self.source.fill(missing, self.matrix, oldest)
            self.computed += len(missing)
        return self.slot[wanted]
