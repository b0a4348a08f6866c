"""Kernel of `quantile_forest`: weights of the training targets for a row, and their quantiles."""

import numpy as np

from panlearn.core.jit import kernel

SLACK = 1e-6  # weights are shares in float32: a level is reached within their rounding


@kernel
def find_quantiles(members, leaves, levels, out):
    """Write out (rows, levels); levels ascend."""
    rank, share, start, tree, target = members.rank, members.weight, members.start, members.tree, members.target
    weight = np.zeros(target.size)
    for i in range(leaves.shape[0]):
        low, high = target.size - 1, 0
        for t in range(tree.size):
            at = tree[t] + leaves[i, t]
            for m in range(start[at], start[at + 1]):
                weight[rank[m]] += share[m]
                low, high = min(low, np.int64(rank[m])), max(high, np.int64(rank[m]))
        total, q = 0.0, 0
        for r in range(low, high + 1):
            total += weight[r] / tree.size
            while q < levels.size and weight[r] > 0.0 and total >= levels[q] - SLACK:
                out[i, q] = target[r]
                q += 1
            weight[r] = 0.0
        while q < levels.size:
            out[i, q] = target[high]
            q += 1
