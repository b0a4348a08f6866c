"""Centroid and median linkage: always merge the two closest centroids, in O(n d) memory.

    centroid   d(a, b) = |c_a - c_b|, the new centroid is the mean of all members
    median     d(a, b) = |c_a - c_b|, the new centroid is halfway                                    [gower1967]

Neither is reducible: a new centroid may be nearer to a third one than the two were, and heights may fall,
so the closest pair of all has to be found each time. Each cluster keeps a lower bound of the distance to its nearest
neighbour [mullner2011]: the distance itself while the neighbour stands. When a neighbour is merged the bound stays
valid, and the distance is found again only if the bound comes up as the least. A new cluster asks all others once, and
lowers their bounds where it is nearer. Cost: a few n questions of (alive clusters) x d, O(n^3 d) at the very worst.
"""

import numpy as np

from panlearn.cluster.merge_tree import Merges
from panlearn.cluster.nearest_neighbour_chain import (
    ALIVE,
    BATCH,
    SHRINK,
    State,
    is_fresh,
    new_state,
    pack_state,
    record,
)
from panlearn.cluster.points import TILE, Coordinates, fetch, least, squared_distances
from panlearn.core.jit import EXACT, kernel
from panlearn.core.threads import map_chunks, scratch


@kernel(fastmath=EXACT)
def ask(C, p, state, lower, out, point):
    """Nearest centroid of p; with `lower`, others learn that p is nearer than what they knew."""
    width, bits = state.size.size, out.view(np.int64)
    best, where = np.inf, -1
    fetch(C, p, point)
    for start in range(0, width, TILE):
        stop = min(start + TILE, width)
        squared_distances(C, point, start, stop, out)
        if start <= p < stop:
            out[p - start] = np.inf
        if lower:
            for t in range(start, stop):
                if out[t - start] < state.gap[t]:
                    state.gap[t], state.nearest[t], state.seen[t] = out[t - start], p, state.version[p]
        bits[TILE] = least(out, stop - start)
        if out[TILE] < best:
            best, t = out[TILE], 0
            while out[t] != best:
                t += 1
            where = start + t
    state.nearest[p], state.gap[p], state.seen[p] = where, best, state.version[where]


@kernel(fastmath=EXACT)
def ask_all(C, state, start, stop, out, point):
    """Nearest centroids of some slots."""
    for p in range(start, stop):
        ask(C, p, state, False, out, point)


@kernel(fastmath=EXACT)
def merge_closest(C, state, halfway, questions, out, point):
    """Merge the closest pair again and again; so many questions at most."""
    bits = out.view(np.int64)
    while questions > 0 and state.totals[ALIVE] > max(1.0, SHRINK * state.size.size):
        questions -= 1
        bits[TILE] = least(state.gap, state.gap.size)
        a = 0
        while state.gap[a] != out[TILE]:
            a += 1
        if not is_fresh(state, a):
            ask(C, a, state, False, out, point)
            continue
        b = state.nearest[a]
        share = 0.5 if halfway else state.size[a] / (state.size[a] + state.size[b])
        for q in range(C.shape[0]):
            C[q, b] += share * (C[q, a] - C[q, b])
        C[0, a] = np.inf
        record(state, a, b, np.sqrt(state.gap[a]))
        state.gap[a] = np.inf
        if state.totals[ALIVE] > 1:
            ask(C, b, state, True, out, point)


def closest_pairs(points: Coordinates, *, halfway: bool) -> Merges:
    """All n - 1 merges of centroid linkage, or of median linkage with `halfway`.

    Parameters
    ----------
    points : Coordinates
        The points; changed in place.
    halfway : bool
        Whether the new centroid lies halfway rather than at the mean.

    Returns
    -------
    Merges
        The merges in their order; heights may fall.
    """
    C = points.C
    state: State = new_state(np.arange(C.shape[1]))

    def part(a: int, b: int) -> None:
        ask_all(C, state, a, b, scratch("pair tile", (TILE + 1,)), scratch("pair point", (len(C),)))

    batch = max(1, int(BATCH / C.size))
    for start in range(0, C.shape[1], batch):
        count = min(batch, C.shape[1] - start)
        map_chunks(lambda a, b, start=start: part(start + a, start + b), count, work=float(count * C.size))
    out, point = np.empty(TILE + 1), np.empty(len(C))
    while state.totals[ALIVE] > 1:
        if state.totals[ALIVE] <= SHRINK * len(state.size):
            slots = np.flatnonzero(state.size)
            state, C = pack_state(state, slots), np.ascontiguousarray(C[:, slots])
        merge_closest(C, state, halfway, max(1, int(BATCH / 2 / C.size)), out, point)
    return Merges(state.left, state.right, state.height * points.scale)
