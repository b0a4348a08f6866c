"""Centroids in tiles of neighbours, with two cheap ways to see that a tile holds nothing nearer.

A question "is any centroid y of the tile, of size r, nearer to x, of size s, than delta?" asks for

    |x - y|^2 < delta (1/s + 1/r)

1. the box around the tile: its distance from x bounds all of them from below. Tiles are made by splitting the points at
   medians, so boxes are small where the data have few dimensions or clusters.
2. in float32, |y|^2/2 - x'y - (delta/2) (1/r) <= (delta/s - |x|^2)/2 + error: one multiply-add a coordinate, eight at a
   time, with a bound of the rounding error. It never says no where float64 would say yes.

Only tiles that pass both are computed from differences in float64: a few of some hundreds.
"""

from typing import NamedTuple

import numpy as np

from panlearn.cluster.points import TILE
from panlearn.core.jit import kernel

ROUNDING = 2.0**-22  # of float32 arithmetic, twice the unit: inputs are rounded as well


class Tiles(NamedTuple):
    """Centroids by slot; arrays are changed in place."""

    C: np.ndarray  # (d padded, slots); inf in the first coordinate of an empty slot
    F: np.ndarray  # (d padded, slots) the same in float32, finite
    half: np.ndarray  # (slots,) |y|^2 / 2 in float32; inf for an empty slot
    inverse: np.ndarray  # (slots,) 1 / size in float32
    low: np.ndarray  # (tiles, d padded) the boxes, never too small
    high: np.ndarray  # (tiles, d padded)
    smallest: np.ndarray  # (tiles,) at most the least size
    radius: np.ndarray  # (tiles,) at least the largest |y|


def spatial_order(C: np.ndarray) -> np.ndarray:
    """An order of the columns in which each `TILE` of them are neighbours: halves along the widest coordinate."""
    order = np.arange(C.shape[1])
    parts = [(0, len(order))]
    while parts:
        start, stop = parts.pop()
        if stop - start <= TILE:
            continue
        inside = C[:, order[start:stop]]
        widest = int(np.argmax(inside.max(axis=1) - inside.min(axis=1)))
        middle = TILE * (-(-(stop - start) // TILE) // 2)
        order[start:stop] = order[start:stop][np.argpartition(inside[widest], middle)]
        parts += [(start, start + middle), (start + middle, stop)]
    return order


def make_tiles(C: np.ndarray, size: np.ndarray) -> Tiles:
    """Tiles of centroids, none of them empty."""
    starts = np.arange(0, C.shape[1], TILE)
    low, high = (extreme.reduceat(C, starts, axis=1).T.copy() for extreme in (np.minimum, np.maximum))
    norm = np.einsum("dn,dn->n", C, C)
    radius, smallest = np.sqrt(np.maximum.reduceat(norm, starts)), np.minimum.reduceat(size, starts)
    single = np.float32
    return Tiles(C, C.astype(single), (norm / 2).astype(single), (1 / size).astype(single), low, high, smallest, radius)


@kernel
def outside_box(tiles, tile, point):
    """Squared distance of a point from the box of a tile."""
    total = 0.0
    for q in range(point.size):
        apart = max(max(tiles.low[tile, q] - point[q], point[q] - tiles.high[tile, q]), 0.0)
        total += apart * apart
    return total


@kernel
def may_be_nearer(tiles, tile, point, norm, size, delta, sums):
    """Whether a centroid of the tile may be within delta of a point; `norm` is its |x|^2, `sums` room in float32."""
    start, stop = tile * TILE, min(tile * TILE + TILE, tiles.half.size)
    smallest, radius = tiles.smallest[tile], tiles.radius[tile]
    if outside_box(tiles, tile, point) * (1.0 - 1e-9) > delta * (1.0 / size + 1.0 / smallest):
        return False
    scale = radius * radius + norm + delta / smallest
    limit = np.float32(0.5 * (delta / size - norm) + ROUNDING * (point.size + 8) * scale)
    half, inverse, slope = tiles.half[start:stop], tiles.inverse[start:stop], np.float32(0.5 * delta)
    for t in range(stop - start):
        sums[t] = half[t] - limit - slope * inverse[t]
    for q in range(0, point.size, 4):
        a, b = np.float32(point[q]), np.float32(point[q + 1])
        c, d = np.float32(point[q + 2]), np.float32(point[q + 3])
        u, v, w, x = (
            tiles.F[q, start:stop],
            tiles.F[q + 1, start:stop],
            tiles.F[q + 2, start:stop],
            tiles.F[q + 3, start:stop],
        )
        for t in range(stop - start):
            sums[t] -= (a * u[t] + b * v[t]) + (c * w[t] + d * x[t])
    signs, negative = sums.view(np.int32), np.int32(0)
    for t in range(stop - start):
        negative |= signs[t]
    return negative < 0


@kernel
def move_centroid(tiles, drop, keep, share, size):
    """Move the centroid of `keep` towards that of `drop`, which becomes empty; `size` is that of both."""
    tile, norm = keep // TILE, 0.0
    for q in range(tiles.C.shape[0]):
        x = tiles.C[q, keep] + share * (tiles.C[q, drop] - tiles.C[q, keep])
        tiles.C[q, keep], tiles.F[q, keep] = x, x
        tiles.low[tile, q], tiles.high[tile, q] = min(tiles.low[tile, q], x), max(tiles.high[tile, q], x)
        norm += x * x
    tiles.half[keep], tiles.inverse[keep] = 0.5 * norm, 1.0 / size
    tiles.radius[tile] = max(tiles.radius[tile], np.sqrt(norm))
    tiles.C[0, drop], tiles.half[drop], tiles.inverse[drop] = np.inf, np.inf, 0.0
