"""Hamerly's bound [hamerly2010]: one number a row proves that it keeps its centre.

For a row with label a, u >= |x - c_a| and v <= |x - c| for every other centre. When the centres move, u grows by the
way of c_a and v shrinks by the longest way of the others. The label stays while

    u < max(v, h_a),        h_a = half the distance from c_a to the nearest other centre

The rows that fail are packed into tiles of 256, columns x rows. Their distances to all centres then come as
centres x rows, so that products, sums and the search for the smallest two run along the rows, eight at a time.
"""

from typing import NamedTuple

import numpy as np

from panlearn.cluster.bound_kernels import (
    TIGHTER,
    WIDER,
    F,
    error,
    keep,
    own_distance,
    smallest_two,
)
from panlearn.core.jit import kernel

BLOCK, TILE = 4096, 256  # rows between two packings; rows of a tile


class Work(NamedTuple):
    """Memory of one thread."""

    row: np.ndarray  # (BLOCK,) int64, rows that failed the test
    packed: np.ndarray  # (columns of `factor`, TILE) float32
    product: np.ndarray  # (k rounded up to a multiple of 2, TILE) float32
    smallest: np.ndarray  # (TILE,) float32
    second: np.ndarray  # (TILE,) float32
    nearest: np.ndarray  # (TILE,) int32
    norm: np.ndarray  # (TILE,) float32


def work_for(k: int, p: int, start: np.ndarray) -> Work:
    """Memory for one thread."""
    return Work(
        np.empty(BLOCK, np.int64),
        np.zeros((-(-p // 4) * 4, TILE), F),
        np.empty((k + k % 2, TILE), F),
        np.empty(TILE, F),
        np.empty(TILE, F),
        np.empty(TILE, np.int32),
        np.empty(TILE, F),
    )


@kernel
def select(rows, bounds, centres, moves, work, start, stop):
    """List the rows that fail the test, and move the bounds of all; returns how many there are."""
    m, row, lower = 0, work.row, bounds.lower
    for i in range(start, stop):
        a = bounds.label[i]
        if a < 0:
            row[m] = i
            m += 1
            continue
        u, v = (bounds.upper[i] + moves.way[a]) * WIDER, (lower[i, 0] - moves.drift[a, 0]) * TIGHTER
        bounds.upper[i], lower[i, 0] = u, v
        row[m] = i
        m += u >= max(v, moves.apart[a, 0])  # without a branch: which rows fail is not predictable
    if m == 0 or bounds.label[row[0]] < 0:
        return m
    left = 0
    for s in range(m):
        i = row[s]
        a = bounds.label[i]
        u, _ = own_distance(rows, centres, i, a)
        bounds.upper[i] = u
        row[left] = i
        left += u >= max(lower[i, 0], moves.apart[a, 0])
    return left


@kernel
def pack(rows, work, t, m):
    """Copy m listed rows from the t-th on, as columns x rows."""
    for i in range(m):
        r = work.row[t + i]
        work.norm[i] = rows.norm[r]
        for j in range(rows.single.shape[1]):
            work.packed[j, i] = rows.single[r, j]


@kernel
def products(factor, square, packed, m, out):
    """|c|^2 - 2 c.x as centres x rows: four columns of two centres at a time, which keeps the multipliers busy."""
    k, p = factor.shape
    for c in range(0, k, 2):
        for i in range(m):
            out[c, i] = square[c]
        for i in range(m):
            out[c + 1, i] = square[c + 1]
        for q in range(0, p, 4):
            a0, a1, a2, a3 = factor[c, q], factor[c, q + 1], factor[c, q + 2], factor[c, q + 3]
            b0, b1, b2, b3 = factor[c + 1, q], factor[c + 1, q + 1], factor[c + 1, q + 2], factor[c + 1, q + 3]
            for i in range(m):
                x0, x1, x2, x3 = packed[q, i], packed[q + 1, i], packed[q + 2, i], packed[q + 3, i]
                out[c, i] += a0 * x0 + a1 * x1 + a2 * x2 + a3 * x3
                out[c + 1, i] += b0 * x0 + b1 * x1 + b2 * x2 + b3 * x3


@kernel
def settle(rows, bounds, centres, found, work, t, m):
    """Decide the labels of a tile and set the bounds, but for the rows in doubt."""
    for i in range(m):
        r, norm = work.row[t + i], work.norm[i]
        square, e = norm * norm, error(norm, centres.largest, rows.single.shape[1])
        best, second = max(work.smallest[i] + square, F(0)), max(work.second[i] + square, F(0))
        if second - best <= F(2) * e:
            found.doubtful[found.number[1]] = r
            found.number[1] += 1
        else:
            keep(bounds, centres.group, found, r, work.nearest[i], best, second, e)


@kernel
def step(rows, bounds, centres, moves, found, work, start, stop):
    """One assignment of the rows start..stop; returns how many distances were measured."""
    measured = 0
    for block in range(start, stop, BLOCK):
        listed = select(rows, bounds, centres, moves, work, block, min(block + BLOCK, stop))
        measured += listed * len(centres.exact)
        for t in range(0, listed, TILE):
            m = min(TILE, listed - t)
            pack(rows, work, t, m)
            products(centres.factor, centres.square, work.packed, m, work.product)
            smallest_two(work.product, 0, m, work.smallest, work.second, work.nearest)
            settle(rows, bounds, centres, found, work, t, m)
    return measured
