"""Kernels of the search for neighbours: tiles of distances go through heaps, the survivors are measured exactly.

A row's heap holds the m nearest points seen so far, the farthest at its root: a distance that is no smaller than the
root's costs one comparison, and 32 of them cost a few vector instructions. Of m ln(n/m) distances on average the
heap takes notice, whatever n. Equal distances are ordered by index, so that the order of the tiles plays no part.
"""

import numpy as np

from panlearn.core.jit import kernel

LANES = 32  # distances that are compared at once


@kernel(inline=True)
def precedes(u, i, v, j):
    """Whether point i at u comes before point j at v."""
    return u < v or (u == v and i < j)


@kernel
def replace_root(u, i, values, ids):
    """Put point i at u in the place of the heap's farthest point; updates values and ids."""
    size, at = np.uint64(values.size), np.uint64(0)
    while True:
        child = np.uint64(2) * at + np.uint64(1)
        if child >= size:
            break
        other = child + np.uint64(1)
        if other < size and precedes(values[child], ids[child], values[other], ids[other]):
            child = other
        if not precedes(u, i, values[child], ids[child]):
            break
        values[at], ids[at] = values[child], ids[child]
        at = child
    values[at], ids[at] = u, i


@kernel(inline=True)
def offer(u, i, j, values, ids, roots):
    """Show point j, at u from point i, to the heap of i; updates values, ids and roots."""
    if precedes(u, j, values[i, 0], ids[i, 0]):
        replace_root(u, j, values[i], ids[i])
        roots[i] = values[i, 0]


@kernel(inline=True)
def any_below(tile, own, others):
    """Whether one of `LANES` distances is at most the root of its row or of its column."""
    hit = np.int32(0)
    for q in range(LANES):
        u = tile[np.uint64(q)]
        hit |= np.int32(u <= own) | np.int32(u <= others[np.uint64(q)])
    return hit != 0


@kernel
def offer_tile(tile, first_row, first_column, diagonal, values, ids, roots):
    """Show each distance of a tile to the heaps of its row and of its column; updates values, ids and roots.

    Of a tile on the diagonal the part above it is read: no point is its own neighbour.
    """
    others = roots[first_column : first_column + tile.shape[1]]
    for r in range(tile.shape[0]):
        i, row = first_row + r, tile[r]
        start = r + 1 if diagonal else 0
        for left in range(start - start % LANES, row.size, LANES):
            right = min(left + LANES, row.size)
            if right == left + LANES and not any_below(row[left:right], roots[i], others[left:right]):
                continue
            for q in range(max(left, start), right):
                u = row[np.uint64(q)]
                if u <= roots[i]:
                    offer(u, i, first_column + q, values, ids, roots)
                if u <= others[np.uint64(q)]:
                    offer(u, first_column + q, i, values, ids, roots)


@kernel
def offer_rows(tile, rows, first_column, values, ids):
    """Show each distance of a tile to the heap of its row alone; updates values and ids."""
    for r in range(tile.shape[0]):
        row = tile[r]
        for q in range(row.size):
            j = first_column + q
            if precedes(row[np.uint64(q)], j, values[r, 0], ids[r, 0]) and j != rows[r]:
                replace_root(row[np.uint64(q)], j, values[r], ids[r])


@kernel
def add_mismatches(tile, codes, first_row, first_column, price):
    """Add `price` to a tile for each category in which two points differ; updates tile."""
    for r in range(tile.shape[0]):
        row = tile[r]
        for c in range(codes.shape[0]):
            own, others = codes[c, first_row + r], codes[c, first_column : first_column + row.size]
            for q in range(row.size):
                row[np.uint64(q)] += price * np.float32(others[np.uint64(q)] != own)


@kernel
def measure(X, codes, price, rows, ids, names, k, found, squares, start, stop):
    """Sort the candidates of rows start to stop by exact distance and name; writes the first k to found and squares."""
    order, near = np.empty(ids.shape[1], np.int64), np.empty(ids.shape[1])
    for r in range(start, stop):
        x, i = X[rows[r]], rows[r]
        for c in range(ids.shape[1]):
            j, total = ids[r, c], 0.0
            y = X[j]
            for f in range(x.size):
                total += (x[np.uint64(f)] - y[np.uint64(f)]) ** 2
            for f in range(codes.shape[0]):
                total += price if codes[f, i] != codes[f, j] else 0.0
            at = c
            while at > 0 and precedes(total, names[j], near[at - 1], names[order[at - 1]]):
                near[at], order[at] = near[at - 1], order[at - 1]
                at -= 1
            near[at], order[at] = total, j
        for c in range(k):
            found[r, c], squares[r, c] = order[c], near[c]
