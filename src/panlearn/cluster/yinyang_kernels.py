"""Yinyang's bounds [ding2015]: one number for each group of near centres leaves out the groups that are far away.

For a row with label a, u >= |x - c_a| and v_g <= |x - c| for every c in group g but c_a. When the centres move, u grows
by the way of c_a and v_g shrinks by the longest way within the group. No centre of g can be nearer than c_a while

    u < max(v_g, h_ag),        h_ag = half the distance from c_a to the nearest other centre of g

With many columns a distance costs far more than such a comparison. The rows that fail it for a group are measured where
they stand, four rows by two centres at a time, along the columns.
"""

from typing import NamedTuple

import numpy as np

from panlearn.cluster.bound_kernels import (
    TIGHTER,
    WIDER,
    F,
    below,
    error,
    keep,
    own_distance,
    products_in_place,
    smallest_two,
)
from panlearn.core.jit import kernel

BLOCK = 2048  # rows between two looks at the groups


class Work(NamedTuple):
    """Memory of one thread."""

    row: np.ndarray  # (BLOCK,) int64, rows that failed the test
    best: np.ndarray  # (BLOCK,) float32, their smallest squared distance
    next: np.ndarray  # (BLOCK,) float32, the next
    centre: np.ndarray  # (BLOCK,) int32, the centre of the smallest
    member: np.ndarray  # (groups, BLOCK) int32, positions in `row` of those that failed for a group
    members: np.ndarray  # (groups,) int64
    listed: np.ndarray  # (BLOCK,) int64, their rows, one group at a time
    product: np.ndarray  # (centres of the largest group and one more, BLOCK) float32
    smallest: np.ndarray  # (BLOCK,) float32
    second: np.ndarray  # (BLOCK,) float32
    nearest: np.ndarray  # (BLOCK,) int32


def work_for(k: int, p: int, start: np.ndarray) -> Work:
    """Memory for one thread; `start` has the first centre of each group."""
    groups, widest = len(start) - 1, int(np.diff(start).max()) + 1
    return Work(
        np.empty(BLOCK, np.int64),
        np.empty(BLOCK, F),
        np.empty(BLOCK, F),
        np.empty(BLOCK, np.int32),
        np.empty((groups, BLOCK), np.int32),
        np.empty(groups, np.int64),
        np.empty(BLOCK, np.int64),
        np.empty((widest, BLOCK), F),
        np.empty(BLOCK, F),
        np.empty(BLOCK, F),
        np.empty(BLOCK, np.int32),
    )


@kernel
def select(rows, bounds, centres, moves, work, start, stop):
    """List the rows that fail the test and their groups, and move the bounds of all; returns how many there are."""
    m, groups = 0, moves.drift.shape[1]
    work.members[:] = 0
    for i in range(start, stop):
        a, own, u = bounds.label[i], F(np.inf), F(np.inf)
        if a >= 0:
            u, nearest = (bounds.upper[i] + moves.way[a]) * WIDER, F(np.inf)
            for g in range(groups):
                v = (bounds.lower[i, g] - moves.drift[a, g]) * TIGHTER
                bounds.lower[i, g] = v
                nearest = min(nearest, max(v, moves.apart[a, g]))
            bounds.upper[i] = u
            if u < nearest:
                continue
            u, own = own_distance(rows, centres, i, a)
            bounds.upper[i] = u
            if u < nearest:
                continue
        for g in range(groups):
            if a < 0 or u >= max(bounds.lower[i, g], moves.apart[a, g]):
                work.member[g, work.members[g]] = m
                work.members[g] += 1
        work.row[m], work.best[m], work.next[m], work.centre[m] = i, own, F(np.inf), a
        m += 1
    return m


@kernel
def measure(rows, bounds, centres, work, g):
    """Measure the rows that a group's bound has not excluded: its new bounds, and candidates for the nearest centre."""
    first, p, m = centres.start[g], rows.single.shape[1], work.members[g]
    last = centres.start[g + 1]
    for i in range(m):
        work.listed[i] = work.row[work.member[g, i]]
    size = last - first
    products_in_place(
        rows.single, work.listed, m, centres.factor[first:last], centres.square[first:last], work.product[:size]
    )
    if size % 2:
        work.product[size, :m] = np.inf
    smallest_two(work.product[: size + size % 2], first, m, work.smallest, work.second, work.nearest)
    for i in range(m):
        s, c = work.member[g, i], work.nearest[i]
        r = work.row[s]
        square, e = rows.norm[r] * rows.norm[r], error(rows.norm[r], centres.largest, p)
        best, other = max(work.smallest[i] + square, F(0)), max(work.second[i] + square, F(0))
        if c == bounds.label[r]:  # its distance is known better already
            bounds.lower[r, g] = below(other, e)
            work.next[s] = min(work.next[s], other)
            continue
        bounds.lower[r, g] = below(best, e)
        if best < work.best[s]:
            work.next[s] = min(other, work.best[s])
            work.best[s], work.centre[s] = best, c
        else:
            work.next[s] = min(best, work.next[s])


@kernel
def settle(rows, bounds, centres, found, work, m):
    """Decide the labels of the listed rows and set their bounds, but for the rows in doubt."""
    for s in range(m):
        r, c, best, second = work.row[s], work.centre[s], work.best[s], work.next[s]
        e = error(rows.norm[r], centres.largest, rows.single.shape[1])
        if second - best <= F(2) * e:
            found.doubtful[found.number[1]] = r
            found.number[1] += 1
        elif c != bounds.label[r]:
            keep(bounds, centres.group, found, r, c, best, second, e)


@kernel
def step(rows, bounds, centres, moves, found, work, start, stop):
    """One assignment of the rows start..stop; returns how many distances were measured."""
    measured = 0
    for block in range(start, stop, BLOCK):
        m = select(rows, bounds, centres, moves, work, block, min(block + BLOCK, stop))
        for g in range(moves.drift.shape[1]):
            if work.members[g]:
                measure(rows, bounds, centres, work, g)
                measured += work.members[g] * (centres.start[g + 1] - centres.start[g])
        settle(rows, bounds, centres, found, work, m)
    return measured
