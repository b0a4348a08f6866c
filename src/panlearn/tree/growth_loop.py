"""The loop that grows a tree; it returns when its budget is spent, and goes on when called again.

- Depth first: a stack of children to open. Nodes are numbered in preorder, left before right.
- Best first: a heap of opened nodes by the decrease of impurity that their question brings; the best one gets its two
  children, until the number of leaves is reached. The rest become leaves [friedman2000].

It also returns when the arrays of nodes or of categories might not hold two more nodes.
"""

import numpy as np

from panlearn.core.jit import EXACT, kernel
from panlearn.tree.growth_nodes import (
    CONSTANTS,
    COUNT,
    CUT,
    DEPTH,
    FEATURE,
    FIRST,
    GAIN,
    IMPURITY,
    LOWER,
    MIDDLE,
    MISSING_LEFT,
    PENDING,
    SAMPLES,
    STOP,
    THRESHOLD,
    UPPER,
    VALUE,
    WAITING,
    WEIGHT,
    WORDS,
    WORDS_AT,
    ask,
    inherit,
)
from panlearn.tree.inner_kernel import inner_kernel
from panlearn.tree.split_scan import Limits
from panlearn.tree.split_search import find_split
from panlearn.tree.split_statistic import gain, load, write
from panlearn.tree.tree_structure import NO_FEATURE

EPSILON = 10 * np.finfo(np.float64).eps  # an impurity or a decrease below this part of the root's impurity is rounding


@kernel(fastmath=EXACT)
def grow(stat, columns, work, categories, chance, leaves, rules, nodes, budget):
    """Open nodes until none is left to open or the budget (rows x features) is spent; `leaves` is None: depth first."""
    progress, words = nodes.progress, 2 if categories is None else 2 * (categories.words.shape[1] + 1)
    while budget > 0 and progress[COUNT] + 2 <= nodes.whole.shape[0] and progress[WORDS] + words <= nodes.words.size:
        if leaves is not None and progress[PENDING] == 0 and progress[WAITING]:
            _expand_best(nodes, leaves)
        if progress[PENDING] == 0:
            if leaves is None or progress[WAITING] == 0:
                break
            continue
        progress[PENDING] -= 1
        child, node = nodes.pending[progress[PENDING], 0], progress[COUNT]
        progress[COUNT] += 1
        whole, real = nodes.whole[node], nodes.real[node]
        inherit(columns, nodes, node, child >> 1, child & 1)
        start, m = whole[FIRST], whole[STOP] - whole[FIRST]
        weight, impurity, pure = load(stat, work.rows[0], start, m, work)
        budget -= m
        whole[SAMPLES], real[IMPURITY], real[WEIGHT] = m, impurity, weight
        write(stat, real[VALUE:], real[LOWER], real[UPPER])
        large = whole[DEPTH] < rules.max_depth and m >= max(rules.min_samples_split, 2 * rules.min_samples_leaf)
        rounding = EPSILON * nodes.real[0, IMPURITY]
        if not pure and impurity > rounding and large and weight >= 2.0 * rules.min_weight_leaf:
            limits = Limits(rules.min_samples_leaf, rules.min_weight_leaf, weight, real[LOWER], real[UPPER])
            part, most = (start, m, whole[CONSTANTS]), rules.max_features
            best, whole[CONSTANTS], visited = find_split(stat, columns, work, categories, chance, most, part, limits)
            budget -= m * visited
            decrease = gain(stat, best.score) / rules.weight if best.feature >= 0 else -1.0
            if decrease >= 0.0 and decrease + rounding >= rules.min_impurity_decrease:
                real[GAIN], real[MIDDLE] = decrease, best.middle
                ask(columns, work, categories, nodes, node, best)
        if leaves is not None:
            _push(nodes, node)
        elif whole[CUT] < whole[STOP]:
            _add_children(nodes, node)


@inner_kernel(inline=True)
def _add_children(nodes, node):
    """Put both children on the stack, so that the left one is opened first."""
    top = nodes.progress[PENDING]
    nodes.pending[top, 0], nodes.pending[top + 1, 0] = 2 * node + 1, 2 * node
    nodes.progress[PENDING] = top + 2


@inner_kernel
def _expand_best(nodes, leaves):
    """Give the best node its children, or turn all that wait into leaves if there are enough."""
    progress = nodes.progress
    if (progress[COUNT] + 1) // 2 < leaves:
        node = _pop(nodes)
        if nodes.whole[node, CUT] < nodes.whole[node, STOP]:
            _add_children(nodes, node)
        return
    for k in range(progress[WAITING]):
        whole = nodes.whole[nodes.pending[k, 1]]
        whole[FEATURE], whole[MISSING_LEFT], whole[WORDS_AT] = NO_FEATURE, 0, -1
        nodes.real[nodes.pending[k, 1], THRESHOLD] = NO_FEATURE
    progress[WAITING] = 0


@inner_kernel
def _push(nodes, node):
    """Add a node to the heap of gains."""
    heap, at = nodes.pending[:, 1], nodes.progress[WAITING]
    nodes.progress[WAITING] += 1
    while at and nodes.real[heap[(at - 1) // 2], GAIN] < nodes.real[node, GAIN]:
        heap[at] = heap[(at - 1) // 2]
        at = (at - 1) // 2
    heap[at] = node


@inner_kernel
def _pop(nodes):
    """Take the node with the largest gain off the heap."""
    heap = nodes.pending[:, 1]
    nodes.progress[WAITING] -= 1
    size, top, at = nodes.progress[WAITING], heap[0], 0
    last = heap[size]
    while 2 * at + 1 < size:
        child = 2 * at + 1
        if child + 1 < size and nodes.real[heap[child + 1], GAIN] >= nodes.real[heap[child], GAIN]:
            child += 1
        if nodes.real[heap[child], GAIN] <= nodes.real[last, GAIN]:
            break
        heap[at] = heap[child]
        at = child
    heap[at] = last
    return top
