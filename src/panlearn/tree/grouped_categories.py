r"""Groups of categories: C4.5's search for a multiway split with fewer branches [quinlan1993], ch. 7.

Many categories make many small branches. From a branch for each category on, the two branches whose union has the
largest gain ratio are merged, as long as the ratio grows and more than two are left: uniting branches loses gain and
saves split information. The search is greedy. Cost: the cube of the number of categories, at most GROUPS; more
categories keep a branch each.
"""

from panlearn.core.jit import EXACT, kernel
from panlearn.tree.multiway_split import GROUP, GROUPS, PRESENT, TIE, TOTAL, node_bits, times_log


@kernel(fastmath=EXACT)
def merge_groups(cells, marks, n_present, fewest, whole):
    """Gain and split information of the best groups found, and their number (0: not enough rows); in place.

    Up to GROUPS categories occur, at least 3. The weights of the groups stand in the rows of `cells` after the codes.
    """
    K, first, n, mixed = cells.shape[1] - 1, len(cells) - 2 - GROUPS, n_present, 0.0
    split = times_log(whole) - times_log(whole - cells[TOTAL, K])
    for i in range(n):
        marks[GROUP, marks[PRESENT, i]] = i
        for k in range(K + 1):
            cells[first + i, k] = cells[marks[PRESENT, i], k]
        mixed += node_bits(cells, first + i)
        split -= times_log(cells[first + i, K])
    bits = node_bits(cells, len(cells) + TOTAL)
    while n > 2:
        a, b, new_mixed, new_split = best_union(cells, first, n, bits, mixed, split)
        if (bits - new_mixed) / new_split <= (bits - mixed) / split + TIE:
            break
        n, mixed, split = n - 1, new_mixed, new_split
        for k in range(K + 1):
            cells[first + a, k] += cells[first + b, k]
            cells[first + b, k] = cells[first + n, k]
        rename(marks, n_present, a, b, n)
    enough = 0
    for g in range(n):
        if cells[first + g, K] >= fewest:
            enough += 1
    return (bits - mixed) / whole, split / whole, n if enough > 1 else 0


@kernel
def rename(marks, n_present, a, b, last):
    """Group b is part of group a now, and the last group is group b; in place: marks."""
    for i in range(n_present):
        code = marks[PRESENT, i]
        if marks[GROUP, code] == b:
            marks[GROUP, code] = a
        elif marks[GROUP, code] == last:
            marks[GROUP, code] = b


@kernel(fastmath=EXACT)
def best_union(cells, first, n, bits, mixed, split):
    """The two of the n groups whose union has the largest gain ratio, with the new weighted entropy and split."""
    K = cells.shape[1] - 1
    best, left, right, best_mixed, best_split = -1.0, 0, 1, mixed, split
    for a in range(n):
        for b in range(a + 1, n):
            u, v = first + a, first + b
            own = times_log(cells[u, K] + cells[v, K])
            new_split = split + times_log(cells[u, K]) + times_log(cells[v, K]) - own
            new_mixed = mixed + own - node_bits(cells, u) - node_bits(cells, v)
            for k in range(K):
                new_mixed -= times_log(cells[u, k] + cells[v, k])
            ratio = (bits - new_mixed) / new_split
            if ratio > best:
                best, left, right, best_mixed, best_split = ratio, a, b, new_mixed, new_split
    return left, right, best_mixed, best_split
