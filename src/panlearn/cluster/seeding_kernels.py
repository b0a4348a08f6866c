"""Kernels of greedy k-means++ on many dense rows: what each candidate would gain, and the new nearest distances.

A candidate c can be nearer to a row x than its nearest centre s so far only if

    |c - s|^2 < 4 |x - s|^2

by the triangle inequality. As the centres grow more, ever fewer rows pass this test for any of the candidates.
"""

from panlearn.cluster.bound_kernels import F, products_in_place
from panlearn.core.jit import kernel

BLOCK = 1024  # rows packed at a time, and rows whose distances are summed for the draws


@kernel
def gains(rows, nearest, label, least, factor, square, index, product, gain, start, stop):
    """Add to `gain` what each candidate takes from the potential; `least`: |c - s|^2 / 4 of the nearest candidate."""
    for block in range(start, stop, BLOCK):
        m = 0
        for i in range(block, min(block + BLOCK, stop)):
            index[m] = i
            m += nearest[i] > least[label[i]]
        products_in_place(rows.single, index, m, factor, square, product)
        for s in range(m):
            i = index[s]
            norm = rows.norm[i]
            w = F(rows.weight[i]) if rows.weight.size else F(1)
            for c in range(len(gain)):
                d = max(product[c, s] + norm * norm, F(0))
                gain[c] += w * max(nearest[i] - d, F(0))


@kernel
def add_centre(rows, nearest, label, quarter, x, c, totals, start, stop):
    """Make x the centre with index c: new distances, labels, and weighted sums of the distances by block."""
    for block in range(start, stop, BLOCK):
        end, touched = min(block + BLOCK, stop), False
        for i in range(block, end):
            if c > 0 and nearest[i] <= quarter[label[i]]:
                continue
            s = 0.0
            for j in range(len(x)):
                d = (rows.X[i, j] - rows.mean[j]) * rows.scale - x[j]
                s += d * d
            if c == 0 or s < nearest[i]:
                nearest[i], label[i], touched = F(s), c, True
        if touched:
            total = 0.0
            for i in range(block, end):
                total += nearest[i] * (rows.weight[i] if rows.weight.size else 1.0)
            totals[block // BLOCK] = total
