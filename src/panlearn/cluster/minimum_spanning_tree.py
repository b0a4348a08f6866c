"""Single linkage as the minimum spanning tree of the points, in O(n d) memory.

Cutting the tree's edges above a height leaves the clusters of single linkage at that height [gower1969]. Prim's method
grows the tree from one point: of the points outside it keeps the squared distance to the tree, takes the nearest in,
and lowers the others' distances by one pass over their coordinates. Cost: n^2 d / 2 multiply-adds.
"""

import numpy as np

from panlearn.cluster.merge_tree import Merges
from panlearn.cluster.points import TILE, Coordinates, fetch, least, squared_distances
from panlearn.core.jit import EXACT, kernel

SHRINK = 0.7  # share of points outside the tree below which they move together
BATCH = 5e8  # operations of one call: Ctrl-C waits no longer


@kernel(fastmath=EXACT)
def grow(C, best, source, ids, edges, point, tip, steps, out):
    """Take `steps` points into the tree; `point` is the one taken in last, number `tip`."""
    width, bits = best.size, out.view(np.int64)
    for step in range(steps):
        low, where = np.inf, 0
        for start in range(0, width, TILE):
            stop = min(start + TILE, width)
            squared_distances(C, point, start, stop, out)
            for t in range(stop - start):
                nearer = out[t] < best[start + t]
                best[start + t] = out[t] if nearer else best[start + t]
                source[start + t] = tip if nearer else source[start + t]
            bits[TILE] = least(best[start:], stop - start)
            if out[TILE] < low:
                low, where = out[TILE], start
        while best[where] != low:
            where += 1
        tip = ids[where]
        edges[step, 0], edges[step, 1], edges[step, 2] = source[where], tip, low
        fetch(C, where, point)
        best[where], C[0, where], ids[where] = np.inf, np.inf, -1
    return tip


def minimum_spanning_tree(points: Coordinates) -> Merges:
    """The n - 1 edges of a minimum spanning tree, with their lengths.

    Parameters
    ----------
    points : Coordinates
        The points; changed in place.

    Returns
    -------
    Merges
        The edges in the order in which they were found.
    """
    C, scale = points
    n = C.shape[1]
    found = np.empty((n - 1, 3))
    best, source, ids = np.full(n, np.inf), np.zeros(n, np.int64), np.arange(n)
    out, point = np.empty(TILE + 1), C[:, 0].copy()
    C[0, 0], ids[0], tip, done = np.inf, -1, 0, 0
    while done < n - 1:
        left = n - 1 - done
        if left < SHRINK * len(ids):
            outside = np.flatnonzero(ids >= 0)
            C, best, source, ids = np.ascontiguousarray(C[:, outside]), best[outside], source[outside], ids[outside]
        shrunk = len(ids) - int(SHRINK * len(ids)) + 1
        steps = min(left, shrunk, max(1, int(BATCH / C.size)))
        tip = grow(C, best, source, ids, found[done:], point, tip, steps, out)
        done += steps
    return Merges(found[:, 0].astype(np.int64), found[:, 1].astype(np.int64), np.sqrt(found[:, 2]) * scale)
