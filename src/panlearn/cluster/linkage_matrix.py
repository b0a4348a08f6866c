"""Reducible linkages on a matrix of distances, in rows that are brought up to date when they are read.

Where centroids do not say all, the distances of a new cluster follow from those of its parts [lance1967]:

    complete   d(a u b, c) = max(d(a, c), d(b, c))
    average    d(a u b, c) = (|a| d(a, c) + |b| d(b, c)) / (|a| + |b|)
    weighted   d(a u b, c) = (d(a, c) + d(b, c)) / 2
    ward       d2(a u b, c) = ((|a|+|c|) d2(a, c) + (|b|+|c|) d2(b, c) - |c| d2(a, b)) / (|a|+|b|+|c|), d2 = d^2

A new cluster needs a row and a column. The row is one pass over memory in order; the column touches every row of the
matrix, a cache line and a page each, and that is where the time of the usual implementations goes. Here no column is
written: merges go into a log, and a row is brought up to date from the log when it is next read, while it is in cache.
A row is read a few times in its life, so each merge is applied to each row once: n^2/2 updates, all within cache.
When many slots are empty, rows are packed in place. Cost: O(n^2) time, n^2 numbers of memory.
"""

from typing import NamedTuple

import numpy as np

from panlearn.cluster.nearest_neighbour_chain import (
    ALIVE,
    BATCH,
    CHAIN,
    FOUND,
    SHRINK,
    State,
    advance,
    record,
    turn_back,
)
from panlearn.cluster.points import Coordinates, fetch, least, squared_distances
from panlearn.core.jit import EXACT, kernel
from panlearn.core.threads import map_chunks, scratch

COMPLETE, AVERAGE, WEIGHTED, WARD = 0, 1, 2, 3
CODES = {"complete": COMPLETE, "average": AVERAGE, "weighted": WEIGHTED, "ward": WARD}
STRIP = 512  # distances searched at a time


class Rows(NamedTuple):
    """The matrix and the log; all arrays are changed in place."""

    D: np.ndarray  # (n, n) distances; inf at empty slots and on the diagonal
    row: np.ndarray  # (slots,) row of D that belongs to a slot
    stamp: np.ndarray  # (slots,) merges that the row knows of
    drop: np.ndarray  # (n,) the log: slot that was emptied,
    keep: np.ndarray  # (n,) slot of the new cluster,
    first: np.ndarray  # (n,) size of the first,
    second: np.ndarray  # (n,) and of the second part,
    between: np.ndarray  # (n,) distance of the parts
    method: int


@kernel(fastmath=EXACT, inline=True)
def updated(method, x, y, a, b, c, between):
    """Distance of the merger of two clusters of sizes a, b from one of size c, by their distances x, y from it."""
    if method == COMPLETE:
        return max(x, y)
    if method == AVERAGE:
        return (a * x + b * y) / (a + b)
    if method == WEIGHTED:
        return 0.5 * (x + y)
    return max(((a + c) * x + (b + c) * y - c * between) / (a + b + c), 0.0)


@kernel(fastmath=EXACT)
def refresh(rows, slot, size, merges):
    """Apply to a row the merges that it does not know."""
    line = rows.D[rows.row[slot]]
    for t in range(rows.stamp[slot], merges):
        a, b = rows.drop[t], rows.keep[t]
        x, y = line[a], line[b]
        line[b] = updated(rows.method, x, y, rows.first[t], rows.second[t], size, rows.between[t])
        line[a] = np.inf
    rows.stamp[slot] = merges
    return line


@kernel(fastmath=EXACT)
def nearest_row(rows, slots, state, merges, low):
    """Nearest neighbour of each of these slots; the first of equals."""
    width = state.size.size
    bits = low.view(np.int64)
    for p in slots:
        line = refresh(rows, p, state.size[p], merges)
        best, where = np.inf, -1
        for start in range(0, width, STRIP):
            bits[0] = least(line[start:], min(STRIP, width - start))
            if low[0] < best:
                best, where = low[0], start
        while line[where] != best:
            where += 1
        state.nearest[p], state.gap[p] = where, best


@kernel(fastmath=EXACT)
def merge_rows(rows, state, drop, keep, merges):
    """Row of each new cluster, from rows that are brought up to date; `size` is that of before the merges."""
    size, width = state.size, state.size.size
    for i in range(drop.size):
        a, b = drop[i], keep[i]
        x, y = refresh(rows, a, size[a], merges), refresh(rows, b, size[b], merges)
        p, q, between = size[a], size[b], state.gap[a]
        if rows.method == AVERAGE:
            share = p / (p + q)
            for t in range(width):
                y[t] = share * x[t] + (1.0 - share) * y[t]
        else:
            for t in range(width):
                y[t] = updated(rows.method, x[t], y[t], p, q, size[t], between)
        y[a], y[b] = np.inf, np.inf


@kernel
def log_merges(rows, state, drop, keep, squared):
    """Write the merges into the log."""
    for i in range(drop.size):
        a, b, t = drop[i], keep[i], state.totals[FOUND]
        rows.drop[t], rows.keep[t] = a, b
        rows.first[t], rows.second[t], rows.between[t] = state.size[a], state.size[b], state.gap[a]
        record(state, a, b, np.sqrt(state.gap[a]) if squared else state.gap[a])


@kernel
def follow_rows(rows, state, questions, low):
    """Merge along the chain; so many questions at most."""
    one, two = np.empty(1, np.int64), np.empty(1, np.int64)
    while state.totals[ALIVE] > max(1.0, SHRINK * state.size.size):
        if advance(state):
            state.totals[CHAIN] -= 2
            one[0], two[0] = state.chain[state.totals[CHAIN]], state.chain[state.totals[CHAIN] + 1]
            merge_rows(rows, state, one, two, state.totals[FOUND])
            log_merges(rows, state, one, two, rows.method == WARD)
            continue
        if questions == 0:
            return
        questions -= 1
        one[0] = state.chain[state.totals[CHAIN] - 1]
        nearest_row(rows, one, state, state.totals[FOUND], low)
        turn_back(state, one[0])


@kernel
def pack_rows(rows, slots, size, start, stop, merges):
    """Bring rows up to date and move what is left of them together."""
    for i in range(start, stop):
        line = refresh(rows, slots[i], size[slots[i]], merges)
        for t in range(slots.size):
            line[t] = line[slots[t]]


class DistanceRows:
    """The rows of a matrix of distances, which is overwritten."""

    def __init__(self, D: np.ndarray, method: str) -> None:
        n = len(D)
        if method == "ward":
            np.square(D, out=D)
        np.fill_diagonal(D, np.inf)
        whole, real = [np.zeros(n, np.int64) for _ in range(3)], [np.zeros(n) for _ in range(3)]
        self.rows = Rows(D, np.arange(n), *whole, *real, method=CODES[method])
        self.cost, self.order = 3.0, np.arange(n)

    def ask(self, state: State, slots: np.ndarray) -> None:
        """Set `nearest` and `gap` of these slots."""
        nearest_row(self.rows, slots, state, state.totals[FOUND], scratch("rows", (1,)))

    def merge(self, state: State, drop: np.ndarray, keep: np.ndarray) -> None:
        """Merge pairs of clusters; each writes its own row."""
        merges, work = int(state.totals[FOUND]), 4.0 * len(drop) * len(state.size)
        map_chunks(lambda a, b: merge_rows(self.rows, state, drop[a:b], keep[a:b], merges), len(drop), work=work)
        self.rows.stamp[keep] = merges
        log_merges(self.rows, state, drop, keep, self.rows.method == WARD)

    def follow(self, state: State, questions: int) -> None:
        """Merge along the chain."""
        follow_rows(self.rows, state, questions, scratch("rows", (1,)))

    def move(self, state: State, slots: np.ndarray) -> None:
        """Move the clusters of these slots together."""
        rows, merges, n = self.rows, int(state.totals[FOUND]), len(slots)
        map_chunks(lambda a, b: pack_rows(rows, slots, state.size, a, b, merges), n, work=3.0 * n * n)
        stamp = np.full(n, merges)
        self.rows = rows._replace(row=rows.row[slots], stamp=stamp)


@kernel(fastmath=EXACT)
def euclidean_distances(C, scale, D, start, stop, point):
    """Distances of some points from all, into their rows of D."""
    width = C.shape[1]
    for p in range(start, stop):
        fetch(C, p, point)
        for low in range(0, width, STRIP):
            high = min(low + STRIP, width)
            line = D[p, low:high]
            squared_distances(C, point, low, high, line)
            for t in range(high - low):
                line[t] = scale * np.sqrt(line[t])


def euclidean_rows(points: Coordinates) -> np.ndarray:
    """Matrix of the Euclidean distances of points."""
    C, scale = points
    n = C.shape[1]
    D = np.empty((n, n))

    def part(a: int, b: int) -> None:
        euclidean_distances(C, scale, D, a, b, scratch("distances", (len(C),)))

    batch = max(1, int(BATCH / C.size))
    for start in range(0, n, batch):
        count = min(batch, n - start)
        map_chunks(lambda a, b, start=start: part(start + a, start + b), count, work=float(count * C.size))
    return D
