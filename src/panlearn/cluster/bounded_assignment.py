"""The nearest centre by bounds: the E step of k-means that measures few distances, for many rows.

Between two iterations most rows stay with their centre, and two numbers a row prove it: see
`panlearn.cluster.hamerly_kernels` and `panlearn.cluster.yinyang_kernels`. Few columns: one bound for all centres
[hamerly2010]. Many columns or centres: one for each group of about ten near centres [ding2015], which costs one
comparison a group and saves the products with the groups that are far away. Very few of both: no bounds at all
(`panlearn.cluster.dense_kernels`).

Memory: a float32 copy of the rows, and 12 + 4 (groups) bytes a row.
"""

from typing import Any

import numpy as np

from panlearn.cluster.bound_kernels import (
    TIGHTER,
    WIDER,
    Bounds,
    Centres,
    Found,
    Moves,
    Rows,
    Singles,
    resolve,
    squared_distances,
    transfer,
)
from panlearn.cluster.centred_rows import CentredRows
from panlearn.cluster.lloyd import Assignment, Sums
from panlearn.cluster.plain_assignment import PlainAssignment
from panlearn.core.threads import map_chunks

F = np.float32
GROUP, LEAST = 10, 2000  # centres in a group; least product of columns and centres for which groups pay
DENSE = 128  # largest product of columns and centres for which bounds do not pay


class BoundedAssignment(Assignment):
    """Rows with bounds on their distances.

    Parameters
    ----------
    data : CentredRows
        Dense rows, with their copy in single precision.
    k : int
        Number of centres.
    groups : int, optional
        Number of groups of centres; chosen by the shape by default.
    """

    def __init__(self, data: CentredRows, k: int, groups: int | None = None) -> None:
        n, p = data.X.shape
        self.data, self.k, self.p = data, k, p
        self.groups = groups or (max(1, k // GROUP) if k * p >= LEAST else 1)
        single, norm = data.single
        self.rows = Rows(data.X, data.mean, data.scale, single, norm, data.weight)
        self.singles = Singles(single, norm)
        self.bounds = Bounds(np.full(n, -1, np.int32), np.empty(n, F), np.zeros((n, self.groups), F))
        self.order = np.empty(0, np.int32)  # (k,) the caller's index of each sorted centre
        self.inner = Sums(np.zeros((k, p)), np.zeros(k), np.zeros(k, np.int64))
        self.memory: dict[int, tuple[Sums, Found, Any]] = {}
        self.measured: list[float] = []  # share of the distances that each pass computed

    def _sort(self, centres: np.ndarray) -> None:
        """Group the centres, by a k-means of their own."""
        member = np.zeros(self.k, np.int32)
        if self.groups > 1:
            some = np.linspace(0, self.k - 1, self.groups).astype(int)
            pick, rows = centres[some], PlainAssignment(centres)
            for _ in range(5):
                rows.assign(pick)
                total, weight, _ = rows.sums
                pick = np.where(weight[:, None] > 0, total / np.maximum(weight, 1)[:, None], pick)
            member = rows.label
        self.order = np.argsort(member, kind="stable").astype(np.int32)
        used, self.group = np.unique(member[self.order], return_inverse=True)
        self.group = self.group.astype(np.int32)
        self.groups = len(used)
        self.bounds = self.bounds._replace(lower=np.zeros((len(self.bounds.label), self.groups), F))
        self.kernels = _kernels(self.groups, self.k * self.p)
        self.start = np.searchsorted(self.group, np.arange(self.groups + 1)).astype(np.int32)
        self.last = centres[self.order]

    def assign(self, centres: np.ndarray) -> int:
        """Give each row its nearest centre and sum the rows; returns how many changed."""
        if not self.order.size:
            self._sort(centres)
        C = centres[self.order]
        square = np.einsum("ij,ij->i", C, C)
        largest: Any = F(np.sqrt(square.max())) * WIDER
        factor = np.zeros((self.k + self.k % 2, -(-self.p // 4) * 4), F)
        factor[: self.k, : self.p] = -2.0 * C
        short = np.full(len(factor), np.finfo(F).max)
        short[: self.k] = square
        parts = Centres(C, C.astype(F), factor, short, largest, self.group, self.start, self.order)
        moves = self._moves(C, square)
        self.last = C

        def part(start: int, stop: int) -> tuple[Sums, int, int]:
            sums, found, work = self._memory(start, stop)
            measured = self.kernels.step(self.singles, self.bounds, parts, moves, found, work, start, stop)
            if found.number[1]:
                resolve(self.rows, self.bounds, parts, found, np.empty(self.p))
            transfer(self.rows, sums, self.bounds.label, found)
            return sums, int(found.number[0]), measured

        n, total, measured = len(self.bounds.label), 0, 0
        for sums, changed, pairs in map_chunks(part, n, work=n * (10.0 + 2.0 * self.p)):
            for whole, add in zip(self.inner, sums, strict=True):
                whole += add
            total, measured = total + changed, measured + pairs
        self.measured.append(measured / (n * self.k))
        self.inner.weight[self.inner.size == 0] = 0.0  # what rounding has left of the weights
        self.inner.total[self.inner.size == 0] = 0.0
        return total

    def _memory(self, start: int, stop: int) -> tuple[Sums, Found, Any]:
        """What the thread of a chunk writes to; kept, as new pages each time would cost milliseconds."""
        if start not in self.memory:
            m = stop - start
            sums = Sums(np.empty((self.k, self.p)), np.empty(self.k), np.empty(self.k, np.int64))
            found = Found(np.empty(m, np.int64), np.empty(m, np.int32), np.empty(m, np.int64), np.empty(2, np.int64))
            self.memory[start] = sums, found, self.kernels.work_for(self.k, self.p, self.start)
        sums, found, work = self.memory[start]
        for array in (*sums, found.number):
            array.fill(0)
        return sums, found, work

    def _moves(self, C: np.ndarray, square: np.ndarray) -> Moves:
        """How far the centres went since the last call, and how far apart they are."""
        way = np.sqrt(np.square(C - self.last).sum(axis=1))
        k, starts = self.k, self.start[:-1]
        largest = np.maximum.reduceat(way, starts)
        drift = np.tile(largest, (k, 1))
        apart = square[:, None] + square - 2.0 * (C @ C.T)
        apart -= 1e-14 * (square[:, None] + square)  # the rounding of the product
        np.fill_diagonal(apart, np.inf)
        for g, (a, b) in enumerate(zip(starts, self.start[1:], strict=True)):
            top = a + int(np.argmax(way[a:b]))
            drift[top, g] = max(np.delete(way[a:b], top - a), default=0.0)
        half = 0.5 * np.sqrt(np.maximum(np.minimum.reduceat(apart, starts, axis=1), 0.0))
        return Moves((way * float(WIDER)).astype(F), (drift * float(WIDER)).astype(F), half.astype(F) * TIGHTER)

    @property
    def label(self) -> np.ndarray:  # type: ignore[override]
        """Nearest centre, as the caller counts."""
        return self.order[self.bounds.label]

    @property
    def sums(self) -> Sums:  # type: ignore[override]
        """Sums of the clusters, as the caller counts."""
        back = np.argsort(self.order)
        return Sums(*(part[back] for part in self.inner))

    def distances(self, centres: np.ndarray) -> np.ndarray:
        """Squared distance of each row of positive weight to its centre, 0 for the others."""
        square = np.empty(len(self.bounds.label))
        self._distances(centres, square)
        return square * (self.data.weight > 0) if self.data.weight.size else square

    def _distances(self, centres: np.ndarray, out: np.ndarray) -> float:
        label = self.label

        def part(start: int, stop: int) -> float:
            return squared_distances(self.rows, centres, label, out, start, stop)

        return sum(map_chunks(part, len(label), work=2.0 * self.data.X.size))

    def row(self, i: int) -> tuple[np.ndarray, float]:
        """One row and its weight."""
        return self.data.row(i), float(self.data.weight[i]) if self.data.weight.size else 1.0

    def inertia(self, centres: np.ndarray) -> float:
        """Weighted sum of the squared distances to the centres of the labels."""
        return self._distances(centres, np.empty(0))


def _kernels(groups: int, products: int) -> Any:
    if groups > 1:
        from panlearn.cluster import yinyang_kernels as found
    elif products <= DENSE:
        from panlearn.cluster import dense_kernels as found
    else:
        from panlearn.cluster import hamerly_kernels as found
    return found
