"""Ward's linkage on points: centroids and sizes say all, so memory is O(n d).

The merger of a and b raises the sum of squares within clusters by

    delta(a, b) = |a| |b| / (|a| + |b|) |c_a - c_b|^2 ,    height of the merge = sqrt(2 delta)       [ward1963]

so a question "who is nearest?" goes over the centroids, and none of the n^2 distances is kept: the matrix costs more to
read than the distances cost to compute. The first answer comes from the tile of the cluster itself, where its
neighbours are; other tiles are looked at only if they may hold a nearer one (`centroid_tiles`).
Cost: about 3 n questions of (alive clusters) x d multiply-adds at most, far fewer in few dimensions.
"""

import numpy as np

from panlearn.cluster.centroid_tiles import make_tiles, may_be_nearer, move_centroid, spatial_order
from panlearn.cluster.nearest_neighbour_chain import ALIVE, CHAIN, SHRINK, State, advance, record, turn_back
from panlearn.cluster.points import TILE, Coordinates, fetch, least, squared_distances
from panlearn.core.jit import EXACT, kernel
from panlearn.core.threads import scratch


@kernel(fastmath=EXACT)
def look_in_tile(tiles, tile, p, state, point, out):
    """Compare the nearest neighbour of p with all of a tile; of equals the one in the lowest slot stays."""
    start, stop = tile * TILE, min(tile * TILE + TILE, state.size.size)
    squared_distances(tiles.C, point, start, stop, out)
    if start <= p < stop:
        out[p - start] = np.inf
    s, sizes = state.size[p], state.size[start:stop]
    for t in range(stop - start):
        other = max(sizes[t], 1.0)  # an empty slot is infinitely far, and stays so
        out[t] *= s * other / (s + other)
    bits = out.view(np.int64)
    bits[TILE] = least(out, stop - start)
    best = out[TILE]
    if best < state.gap[p] or (best == state.gap[p] and start < state.nearest[p]):
        t = 0
        while out[t] != best:
            t += 1
        state.nearest[p], state.gap[p] = start + t, best


@kernel(fastmath=EXACT)
def ask_centroids(tiles, slots, state, points, out, sums):
    """Nearest neighbour and delta of each of these slots."""
    for i, p in enumerate(slots):
        state.gap[p], state.nearest[p] = np.inf, state.size.size
        fetch(tiles.C, p, points[i])
        look_in_tile(tiles, p // TILE, p, state, points[i], out)
    for tile in range(tiles.smallest.size):
        for i, p in enumerate(slots):
            if tile == p // TILE:
                continue
            norm = 2.0 * tiles.half[p]
            if state.gap[p] == np.inf or may_be_nearer(tiles, tile, points[i], norm, state.size[p], state.gap[p], sums):
                look_in_tile(tiles, tile, p, state, points[i], out)


@kernel
def merge_centroids(tiles, state, drop, keep):
    """Merge pairs; the mean moves to `keep`."""
    for i in range(drop.size):
        a, b = drop[i], keep[i]
        size = state.size[a] + state.size[b]
        move_centroid(tiles, a, b, state.size[a] / size, size)
        record(state, a, b, np.sqrt(2.0 * state.gap[a]))


@kernel
def follow_centroids(tiles, state, questions, points, out, sums):
    """Merge along the chain; so many questions at most."""
    one, two = np.empty(1, np.int64), np.empty(1, np.int64)
    while state.totals[ALIVE] > max(1.0, SHRINK * state.size.size):
        if advance(state):
            state.totals[CHAIN] -= 2
            one[0], two[0] = state.chain[state.totals[CHAIN]], state.chain[state.totals[CHAIN] + 1]
            merge_centroids(tiles, state, one, two)
            continue
        if questions == 0:
            return
        questions -= 1
        one[0] = state.chain[state.totals[CHAIN] - 1]
        ask_centroids(tiles, one, state, points, out, sums)
        turn_back(state, one[0])


class Centroids:
    """Points as clusters of one; `order` says which point is in which slot."""

    def __init__(self, points: Coordinates) -> None:
        self.order = spatial_order(points.C)
        C = np.ascontiguousarray(points.C[:, self.order])
        self.tiles = make_tiles(C, np.ones(C.shape[1]))
        self.cost = float(len(C))

    def ask(self, state: State, slots: np.ndarray) -> None:
        """Set `nearest` and `gap` of these slots."""
        ask_centroids(self.tiles, slots, state, *self._room(len(slots)))

    def merge(self, state: State, drop: np.ndarray, keep: np.ndarray) -> None:
        """Merge pairs of clusters."""
        merge_centroids(self.tiles, state, drop, keep)

    def follow(self, state: State, questions: int) -> None:
        """Merge along the chain."""
        follow_centroids(self.tiles, state, questions, *self._room(1))

    def move(self, state: State, slots: np.ndarray) -> None:
        """Move the clusters of these slots together."""
        self.tiles = make_tiles(np.ascontiguousarray(self.tiles.C[:, slots]), state.size[slots])

    def _room(self, questions: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        points = scratch("linkage points", (questions, len(self.tiles.C)))
        return points, scratch("linkage tile", (TILE + 1,)), scratch("linkage sums", (TILE,), np.float32)
