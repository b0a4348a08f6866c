"""Few columns and few centres: all distances of each row, without bounds.

Where ten centres in four columns are forty products, a bound costs as much to move and to test as the distances that it
saves. Rows are packed into tiles, columns x rows, as in `panlearn.cluster.hamerly_kernels`, and each tile is measured
against all centres; a row comes back only if its label changed or single precision cannot tell its best two apart.
"""

from panlearn.cluster.bound_kernels import F, error, relabel, smallest_two
from panlearn.cluster.hamerly_kernels import TILE, products, work_for
from panlearn.core.jit import kernel

__all__ = ["step", "work_for"]


@kernel
def step(rows, bounds, centres, moves, found, work, start, stop):
    """One assignment of the rows start..stop; returns how many distances were measured."""
    p, label = rows.single.shape[1], bounds.label
    for t in range(start, stop, TILE):
        m = min(TILE, stop - t)
        for i in range(m):
            for j in range(p):
                work.packed[j, i] = rows.single[t + i, j]
        products(centres.factor, centres.square, work.packed, m, work.product)
        smallest_two(work.product, 0, m, work.smallest, work.second, work.nearest)
        for i in range(m):
            e = error(rows.norm[t + i], centres.largest, p)
            work.second[i] = work.second[i] - work.smallest[i] - F(2) * e
        for i in range(m):
            if work.second[i] <= 0:
                found.doubtful[found.number[1]] = t + i
                found.number[1] += 1
            elif work.nearest[i] != label[t + i]:
                relabel(bounds, found, t + i, work.nearest[i])
    return (stop - start) * len(centres.exact)
