"""Distances to the nearest centre so far, for greedy k-means++ on many dense rows."""

import numpy as np

from panlearn.cluster.bound_kernels import Rows
from panlearn.cluster.centred_rows import CentredRows
from panlearn.cluster.seeding_kernels import BLOCK, add_centre, gains
from panlearn.core.threads import map_chunks

F = np.float32
SLACK = 1 - 1e-5  # on |c - s|^2 / 4: the rounding of the distances that it is compared with


class PrunedDistances:
    """Squared distances to the nearest centre so far; the triangle inequality says which can change.

    Parameters
    ----------
    data : CentredRows
        Dense rows and weights.
    k : int
        Number of centres there will be.
    trials : int
        Candidates for each.
    """

    def __init__(self, data: CentredRows, k: int, trials: int) -> None:
        n, p = data.X.shape
        self.data, self.count = data, 0
        self.rows = Rows(data.X, data.mean, data.scale, *data.single, data.weight)
        self.nearest, self.label = np.empty(n, F), np.zeros(n, np.int32)
        self.totals, self.centres = np.zeros(-(-n // BLOCK)), np.empty((k, p))
        self.memory: dict[int, tuple[np.ndarray, np.ndarray]] = {}
        self.trials, self.work = trials, float(n) * (2.0 + p)

    def start(self, first: int) -> None:
        """Make a row the first centre."""
        self._add(self.data.row(first), np.zeros(0, F))

    def draw(self, shares: np.ndarray) -> np.ndarray:
        """Rows at which the running sum of the weighted distances passes these shares of the whole."""
        ends = np.cumsum(self.totals)
        picked, n = np.empty(len(shares), np.int64), self.nearest.size
        for t, target in enumerate(shares * ends[-1]):
            block = min(int(np.searchsorted(ends, target)), len(ends) - 1)
            a, b = block * BLOCK, min((block + 1) * BLOCK, n)
            distance = self.nearest[a:b].astype(np.float64)
            if self.data.weight.size:
                distance *= self.data.weight[a:b]
            before = ends[block - 1] if block else 0.0
            picked[t] = a + min(int(np.searchsorted(np.cumsum(distance), target - before)), b - a - 1)
        return picked

    def keep_best(self, candidates: np.ndarray) -> int:
        """Add the candidate that leaves the least potential; returns which of them."""
        C, seen = self.data.rows(candidates), self.centres[: self.count]
        square = np.einsum("ij,ij->i", C, C)
        apart = np.einsum("ij,ij->i", seen, seen)[:, None] + square - 2.0 * (seen @ C.T)
        quarter = (np.maximum(apart, 0.0) * (SLACK / 4)).astype(F)
        least, factor, short = quarter.min(axis=1), (-2.0 * C).astype(F), square.astype(F)

        def part(start: int, stop: int) -> np.ndarray:
            if start not in self.memory:
                self.memory[start] = np.empty(BLOCK + 1, np.int64), np.empty((self.trials, BLOCK), F)
            gain = np.zeros(len(C))
            gains(self.rows, self.nearest, self.label, least, factor, short, *self.memory[start], gain, start, stop)
            return gain

        gain = sum(map_chunks(part, self.nearest.size, work=self.work, align=BLOCK))
        best = int(np.argmax(gain))
        self._add(C[best], np.ascontiguousarray(quarter[:, best]))
        return best

    def _add(self, x: np.ndarray, quarter: np.ndarray) -> None:
        def part(start: int, stop: int) -> None:
            add_centre(self.rows, self.nearest, self.label, quarter, x, self.count, self.totals, start, stop)

        map_chunks(part, self.nearest.size, work=self.work, align=BLOCK)
        self.centres[self.count] = x
        self.count += 1
