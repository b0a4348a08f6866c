"""The decisions while a tree grows, taken by the first thread of the team: which leaf is split, and what is to be done.

A leaf's histogram is kept while the leaf is open. When it is split, the larger child takes it over (the parent's less
the smaller child's), and the smaller gets a free one. Where none is free, it is not kept, and both children of such a
leaf are counted. Leaves that cannot be split, for their size, depth, or because the tree is full, are not counted.
"""

import numpy as np

from panlearn.core.jit import kernel
from panlearn.ensemble.gradient_boosting.growth_state import BEST_FIRST, DEPTH_FIRST, FINISHED, ROOT
from panlearn.ensemble.gradient_boosting.numeric_split import leaf_value

OPEN, FREE = 0, 1  # rows of `stacks`


@kernel
def plant(state, rules, nodes, jobs, stacks, slots, m):
    """Make the root, to be counted."""
    state.n_nodes = state.n_leaves = 1
    state.n_open, state.n_free, state.subtract, state.current = 0, slots - 1, 0, ROOT
    for k in range(slots):
        stacks[FREE, k] = slots - 1 - k
    root = nodes[0]
    root.feature = root.left = root.right = root.slot = -1
    root.code = root.missing_left = root.start = root.side = root.depth = 0
    root.stop = root.rows = m
    root.gain, root.lower, root.upper = 0.0, -np.inf, np.inf
    jobs[0].node, jobs[0].slot, jobs[0].build = 0, 0, 1
    jobs[0].scan = _can_split(root, state, rules)
    jobs[1].build, jobs[1].scan, jobs[1].slot = 0, 0, -1


@kernel
def sum_root(root, rules, hist, partial, helpers):
    """Sums of the root, from the histogram of the first column, and its value."""
    root.g = root.h = 0
    for k in range(256):
        value = hist[k]
        for t in range(helpers):
            value += partial[t, k]
        root.g += value >> rules.g_shift
        root.h += (value >> rules.h_shift) & rules.h_mask
    root.value = leaf_value(np.float64(root.g), np.float64(root.h), root, rules)


@kernel
def settle(state, rules, nodes, jobs, stacks, found, columns, hist, slots):
    """Look through what the search found for the two children, and open those that can be split."""
    for side in range(2):
        job, f = jobs[side], np.int64(-1)
        if job.slot < 0:
            continue
        if job.scan != 0:
            best = rules.min_gain
            for j in range(found.shape[1]):
                if found[side, j].tried != 0 and found[side, j].gain > best:
                    best, f = found[side, j].gain, np.int64(j)
        if f >= 0:
            _note_split(nodes[job.node], found[side, f], f, columns[f], rules, hist[job.slot])
            stacks[OPEN, state.n_open] = job.node
            state.n_open += 1
        if f >= 0 and job.slot < slots:
            nodes[job.node].slot = job.slot
        elif job.slot < slots:
            stacks[FREE, state.n_free] = job.slot
            state.n_free += 1


@kernel
def _note_split(node, split, f, column, rules, hist):
    """Note a node's best split and the sums that go left."""
    node.gain, node.feature, node.code, node.missing_left = split.gain, f, split.code, split.missing_left
    for k in range(split.subset.size):
        node.subset[k] = split.subset[k]
    node.left_g = node.left_h = node.left_rows = 0
    for code in range(column.n_codes + 1):
        if goes_left(node, column, code):
            value = hist[(f << 8) + code]
            node.left_g += value >> rules.g_shift
            node.left_h += (value >> rules.h_shift) & rules.h_mask
            node.left_rows += value & rules.c_mask
    if column.has_missing == 0 and column.is_category == 0:  # nothing is known: with the most
        node.missing_left = 2 * node.left_rows > node.rows


@kernel
def goes_left(node, column, code):
    """Whether a code goes left at a node."""
    if column.is_category != 0:
        return (node.subset[code >> 5] >> np.uint32(code & 31)) & np.uint32(1) != 0
    return node.missing_left != 0 if code >= column.n_codes else code <= node.code


@kernel
def choose(state, rules, nodes, stacks, columns):
    """Pick the leaf to split, and make its children."""
    state.current = FINISHED
    if state.n_open == 0 or state.n_leaves >= rules.max_leaves:
        return
    if state.n_nodes + 2 > nodes.size:
        state.full = 1
        return
    at = state.n_open - 1 if rules.order == DEPTH_FIRST else 0
    if rules.order != DEPTH_FIRST:
        for k in range(1, state.n_open):
            a, b = stacks[OPEN, k], stacks[OPEN, at]
            more = nodes[a].gain - nodes[b].gain if rules.order == BEST_FIRST else 0.0
            if more > 0.0 or (more == 0.0 and a < b):
                at = k
    node = stacks[OPEN, at]
    state.n_open -= 1
    stacks[OPEN, at] = stacks[OPEN, state.n_open]
    state.current = node
    parent = nodes[node]
    for code in range(256):
        state.goes_left[code] = goes_left(parent, columns[parent.feature], code)
    parent.left, parent.right = state.n_nodes, state.n_nodes + 1
    state.n_nodes += 2
    state.n_leaves += 1


@kernel
def make_children(parent, left, right, rules, sign):
    """Fill in the children's rows, sums, values and bounds; `sign` is the constraint on the column asked."""
    for side in range(2):
        child = right if side == 1 else left
        child.feature = child.left = child.right = child.slot = -1
        child.code = child.missing_left = 0
        child.gain, child.lower, child.upper = 0.0, parent.lower, parent.upper
        child.side, child.depth = 1 - parent.side, parent.depth + 1
        child.g = parent.g - parent.left_g if side == 1 else parent.left_g
        child.h = parent.h - parent.left_h if side == 1 else parent.left_h
        child.rows = parent.rows - parent.left_rows if side == 1 else parent.left_rows
        child.start = parent.start + parent.left_rows if side == 1 else parent.start
        child.stop = child.start + child.rows
        child.value = leaf_value(np.float64(child.g), np.float64(child.h), child, rules)
    if sign != 0:
        middle = 0.5 * (left.value + right.value)
        lower, upper = (left, right) if sign > 0 else (right, left)
        lower.upper, upper.lower = middle, middle


@kernel
def plan(state, rules, nodes, jobs, stacks, slots):
    """Which children are counted and searched, and where their histograms go."""
    parent = nodes[state.current]
    left_smaller = nodes[parent.left].rows < nodes[parent.right].rows
    small, large = jobs[0], jobs[1]
    small.node = parent.left if left_smaller else parent.right
    large.node = parent.right if left_smaller else parent.left
    small.scan = _can_split(nodes[small.node], state, rules)
    large.scan = _can_split(nodes[large.node], state, rules)
    state.subtract = parent.slot >= 0 and large.scan != 0
    small.build = small.scan != 0 or state.subtract != 0
    large.build = large.scan != 0 and parent.slot < 0
    small.slot, large.slot = -1, parent.slot
    parent.slot = -1
    for side in range(2):
        if jobs[side].build != 0:
            if state.n_free == 0:
                jobs[side].slot = slots + side
            else:
                state.n_free -= 1
                jobs[side].slot = stacks[FREE, state.n_free]


@kernel
def _can_split(node, state, rules):
    enough = node.rows >= 2 * rules.min_rows and node.rows > 1
    return np.int64(enough and node.depth < rules.max_depth and state.n_leaves < rules.max_leaves)


@kernel
def choose_columns(rules, node, found, columns, groups, members):
    """Columns that may be tried at a node: those of the tree, of its groups, and of these a random part."""
    total = np.int64(0)
    for j in range(columns.size):
        allowed = columns[j].allowed != 0
        if allowed and groups.shape[0] > 0:
            allowed = False
            for q in range(groups.shape[0]):
                allowed = allowed or (members[q] and groups[q, j])
        found[j].tried = allowed
        total += allowed
    if rules.node_fraction >= 1.0:
        return
    wanted = max(1, np.int64(np.ceil(rules.node_fraction * total)))
    word = np.uint64(rules.seed) * np.uint64(0x9E3779B97F4A7C15) + np.uint64(node + 1) * np.uint64(0xBF58476D1CE4E5B9)
    for j in range(columns.size):
        if found[j].tried != 0:
            word += np.uint64(0x9E3779B97F4A7C15)  # splitmix64: the column is taken with probability wanted / total
            z = (word ^ (word >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
            z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
            z = (z ^ (z >> np.uint64(31))) >> np.uint64(11)
            taken = np.float64(z) * 2.0**-53 * total < wanted
            found[j].tried = taken
            wanted -= taken
            total -= 1
