"""Kernels of `forest_storage`: links of trees in depth-first order, and sums from the leaves upwards."""

import numpy as np

from panlearn.core.jit import kernel


@kernel
def depth_first(leaf, sizes):
    """Children of each node, numbered within its tree, if the nodes are in depth-first order; -1 at leaves."""
    left, right = np.full(leaf.size, -1, np.int32), np.full(leaf.size, -1, np.int32)
    open_nodes, start = np.empty(leaf.size, np.int64), 0  # inner nodes whose right child is still to come
    for size in sizes:
        depth = 0
        for i in range(start, start + size):
            if i > start and leaf[i - 1] and depth > 0:
                depth -= 1
                right[open_nodes[depth]] = i - start
            if not leaf[i]:
                left[i] = i + 1 - start
                open_nodes[depth] = i
                depth += 1
        start += size
    return left, right


@kernel
def sum_up(left, right, sizes, values):
    """Add to the rows of inner nodes those of their children."""
    end = left.size
    for t in range(sizes.size - 1, -1, -1):
        start = end - sizes[t]
        for i in range(end - 1, start - 1, -1):
            if left[i] >= 0:
                for j in range(values.shape[1]):
                    values[i, j] = values[start + left[i], j] + values[start + right[i], j]
        end = start
