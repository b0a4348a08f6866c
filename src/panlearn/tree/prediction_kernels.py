"""Kernels of `prediction`: lay a tree out, walk it with eight rows side by side, or put all its questions to all rows.

A question sends a row to the right where x > t, and a missing value where the node says: to the left that is the same
comparison, false for NaN; to the right it is its complement, not (x <= t). Without NaN the two agree, so a block of
rows without NaN takes the fast way whatever the tree does with missing values.
"""

import numpy as np
from llvmlite import ir
from numba.extending import intrinsic

from panlearn.core.jit import kernel
from panlearn.tree.prediction import CATEGORY, GROUP, MISSING_RIGHT
from panlearn.tree.tree_routing import in_subset

BLOCK = 2048  # rows that go through all trees together: half a megabyte, and a deep tree is loaded once for them
LANES = 128  # rows whose questions are put together; their columns stay in the first-level cache
FEW = 16  # rows below which the layout by columns does not pay
ALL = np.uint64(2**64 - 1)
ONE, ZERO = np.uint64(1), np.uint64(0)
SIDE = 8  # rows that walk side by side


@intrinsic
def lowest_bit(context, word):
    """Position of the lowest bit that is set; 64 if none is."""

    def generate(_, builder, __, args):
        return builder.cttz(args[0], ir.Constant(ir.IntType(1), 0))

    return word(word), generate


@kernel
def pack_tree(tree, t, first_word, packed):
    """Write tree t of packed: nodes, kind, node_of_leaf, tests."""
    left, right = tree.children_left, tree.children_right
    n, root, q = len(left), packed.root[t], packed.test[t]
    leaves, at = np.ones(n, np.int32), np.zeros(n, np.int32)  # leaves below a node, and the first of them
    for i in range(n - 1, -1, -1):
        if left[i] >= 0:
            leaves[i] = leaves[left[i]] + leaves[right[i]]
    queue, end = np.zeros(n, np.int32), 1
    for i in range(n):
        o = queue[i]
        node, kind = packed.nodes[root + i], 0
        if left[o] < 0:
            node.threshold, node.feature, node.left = np.inf, ~at[o], root + i
            packed.node_of_leaf[packed.leaf[t] + at[o]] = o
        else:
            kind = 0 if tree.missing_go_to_left[o] else MISSING_RIGHT
            threshold = tree.threshold[o]
            if tree.category_start[o] >= 0:
                kind, threshold = kind | CATEGORY, float(first_word + tree.category_start[o])
            node.threshold, node.feature, node.left = threshold, tree.feature[o], root + end
            queue[end], queue[end + 1], end = left[o], right[o], end + 2
            at[left[o]], at[right[o]] = at[o], at[o] + leaves[left[o]]
            if q < packed.test[t + 1]:
                test = packed.tests[q]
                struck = ((ONE << np.uint64(leaves[left[o]])) - ONE) << np.uint64(at[o])
                test.alive, test.threshold, test.feature, test.kind = ~struck, threshold, tree.feature[o], kind
                q += 1
        packed.kind[root + i] = kind
    while q < packed.test[t + 1]:
        test = packed.tests[q]
        test.alive, test.threshold, test.feature, test.kind = ALL, np.inf, 0, 0
        q += 1


@kernel
def goes_right(x, threshold, kind, words):
    """Answer of one row to any binary question."""
    if x != x:
        return (kind & MISSING_RIGHT) != 0
    if kind & CATEGORY:
        side = in_subset(words, np.int64(threshold), np.float64(x))
        return (kind & MISSING_RIGHT) != 0 if side < 0 else side == 0
    return x > threshold


@kernel
def walk_singly(packed, t, X, start, stop, found, at_found):
    """Write found from at_found on: leaves of tree t."""
    nodes, kind, words = packed.nodes, packed.kind, packed.words  # here: each access counts references
    root = packed.root[t]
    for i in range(start, stop):
        at = root
        feature = nodes[at].feature
        while feature >= 0:
            right = goes_right(X[i, feature], nodes[at].threshold, kind[at], words)
            at = nodes[at].left + np.int64(right)
            feature = nodes[at].feature
        found[at_found + i - start] = ~feature


@kernel
def walk_alone(nodes, root, X, i):
    """Leaf of row i."""
    at, feature = root, nodes[root].feature
    while feature >= 0:
        at = nodes[at].left + np.int64(X[i, feature] > nodes[at].threshold)
        feature = nodes[at].feature
    return ~feature


@kernel
def walk(nodes, root, X, i, found, o):
    """Write found from o on: leaves of rows i to i + 7."""
    a = b = c = d = e = f = g = h = np.int32(root)
    while True:
        na, nb, nc, nd, ne, nf, ng, nh = nodes[a], nodes[b], nodes[c], nodes[d], nodes[e], nodes[f], nodes[g], nodes[h]
        ja, jb, jc, jd, je, jf, jg, jh = (
            na.feature,
            nb.feature,
            nc.feature,
            nd.feature,
            ne.feature,
            nf.feature,
            ng.feature,
            nh.feature,
        )
        if (ja & jb & jc & jd & je & jf & jg & jh) < 0:  # all signs are set: every row is at a leaf
            break
        a = na.left + np.int32(X[i, max(ja, 0)] > na.threshold)
        b = nb.left + np.int32(X[i + 1, max(jb, 0)] > nb.threshold)
        c = nc.left + np.int32(X[i + 2, max(jc, 0)] > nc.threshold)
        d = nd.left + np.int32(X[i + 3, max(jd, 0)] > nd.threshold)
        e = ne.left + np.int32(X[i + 4, max(je, 0)] > ne.threshold)
        f = nf.left + np.int32(X[i + 5, max(jf, 0)] > nf.threshold)
        g = ng.left + np.int32(X[i + 6, max(jg, 0)] > ng.threshold)
        h = nh.left + np.int32(X[i + 7, max(jh, 0)] > nh.threshold)
    found[o], found[o + 1], found[o + 2], found[o + 3] = ~ja, ~jb, ~jc, ~jd
    found[o + 4], found[o + 5], found[o + 6], found[o + 7] = ~je, ~jf, ~jg, ~jh


@kernel
def transpose(X, start, stop, columns):
    """Write columns (p, LANES); returns whether a value is missing."""
    missing = False
    for i in range(stop - start):
        for j in range(X.shape[1]):
            x = X[start + i, j]
            missing |= x != x
            columns[j, i] = x
    return missing


@kernel
def put_all(packed, t, columns, alive):
    """Write alive: the leaves of tree t that each row may still reach."""
    for i in range(LANES):
        alive[i] = ALL
    tests = packed.tests
    for q in range(packed.test[t], packed.test[t + 1], GROUP):
        t0, t1, t2, t3 = tests[q], tests[q + 1], tests[q + 2], tests[q + 3]
        c0, c1, c2, c3 = columns[t0.feature], columns[t1.feature], columns[t2.feature], columns[t3.feature]
        h0, h1, h2, h3 = t0.threshold, t1.threshold, t2.threshold, t3.threshold
        m0, m1, m2, m3 = t0.alive, t1.alive, t2.alive, t3.alive
        for i in range(LANES):
            low = (m0 if c0[i] > h0 else ALL) & (m1 if c1[i] > h1 else ALL)
            high = (m2 if c2[i] > h2 else ALL) & (m3 if c3[i] > h3 else ALL)
            alive[i] &= low & high


@kernel
def put_any(packed, t, columns, alive):
    """The same where values are missing or questions are about categories."""
    for i in range(LANES):
        alive[i] = ALL
    tests, words = packed.tests, packed.words
    for q in range(packed.test[t], packed.test[t + 1]):
        test = tests[q]
        column, threshold, over = columns[test.feature], test.threshold, test.alive
        if test.kind & CATEGORY:
            for i in range(LANES):
                if goes_right(column[i], threshold, test.kind, words):
                    alive[i] &= over
        elif test.kind:
            for i in range(LANES):
                alive[i] &= ALL if column[i] <= threshold else over
        else:
            for i in range(LANES):
                alive[i] &= over if column[i] > threshold else ALL


@kernel
def leaves_by_tests(packed, t, columns, missing, alive, found):
    """Write found (LANES,)."""
    if missing or not packed.plain[t]:
        put_any(packed, t, columns, alive)
    else:
        put_all(packed, t, columns, alive)
    for i in range(LANES):
        found[i] = np.int32(lowest_bit(alive[i]))  # type: ignore[call-arg]


@kernel
def leaves_by_walk(packed, t, X, start, stop, missing, found):
    """Write found (stop - start,)."""
    nodes, root, i = packed.nodes, packed.root[t], start
    if not missing and packed.plain[t]:
        while i + SIDE <= stop:
            walk(nodes, root, X, i, found, i - start)
            i += SIDE
        while i < stop:
            found[i - start] = walk_alone(nodes, root, X, i)
            i += 1
    walk_singly(packed, t, X, i, stop, found, i - start)


@kernel
def any_missing(X, start, stop):
    """Whether a value of the rows is NaN."""
    missing = False
    for i in range(start, stop):
        for j in range(X.shape[1]):
            missing |= X[i, j] != X[i, j]
    return missing


@kernel
def add_values(packed, t, found, start, stop, out):
    """Add tree t's values of the leaves found to rows of out."""
    values, first, column, k = packed.values, packed.leaf[t], packed.column[t], packed.values.shape[1]
    if k == 1:
        for i in range(stop - start):
            out[start + i, column] += values[first + found[i], 0]
    else:
        for i in range(stop - start):
            for j in range(k):
                out[start + i, column + j] += values[first + found[i], j]


@kernel
def sum_rows(packed, X, start, stop, first, last, out):
    """Add to rows start to stop of out."""
    found, few = np.empty(BLOCK, np.int32), stop - start < FEW or packed.test[first] == packed.test[last]
    alive, columns = np.empty(LANES, np.uint64), np.empty((1 if few else X.shape[1], LANES), X.dtype)
    columns[:] = 0
    for a in range(start, stop, BLOCK):
        b, missing = min(a + BLOCK, stop), False
        if few:
            missing = any_missing(X, a, b)
        else:
            for c in range(a, b, LANES):
                d = min(c + LANES, b)
                gaps = transpose(X, c, d, columns)
                missing |= gaps
                for t in range(first, last):
                    if packed.test[t] < packed.test[t + 1]:
                        leaves_by_tests(packed, t, columns, gaps, alive, found)
                        add_values(packed, t, found, c, d, out)
        for t in range(first, last):
            if few or packed.test[t] == packed.test[t + 1]:
                leaves_by_walk(packed, t, X, a, b, missing, found)
                add_values(packed, t, found, a, b, out)


@kernel
def apply_rows(packed, X, start, stop, out):
    """Write rows start to stop of out (n, trees): the leaves' nodes."""
    found = np.empty(BLOCK, np.int32)
    for a in range(start, stop, BLOCK):
        b = min(a + BLOCK, stop)
        missing = any_missing(X, a, b)
        for t in range(len(packed.column)):
            leaves_by_walk(packed, t, X, a, b, missing, found)
            number, first = packed.node_of_leaf, packed.leaf[t]
            for i in range(b - a):
                out[a + i, t] = number[first + found[i]]
