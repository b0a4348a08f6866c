"""Growing a tree by a team of threads: every thread runs `grow`, takes its share, and meets the others.

    the first thread       decides which leaf is split                              | meet
    all, by rows           count the rows that go left in their part                | meet
    all, by rows           write their part of the children's rows                  | meet
    all, by rows, columns  make the smaller child's histogram                       | meet
    all, by columns        parent - smaller = larger; best split of both children   | meet

Sums are sums of integers, so that neither the size of the team nor who is faster changes the tree.
"""

import numpy as np

from panlearn.core.jit import kernel
from panlearn.core.team import join, meet
from panlearn.ensemble.gradient_boosting.category_split import best_subset
from panlearn.ensemble.gradient_boosting.growth_state import FINISHED, ROOT
from panlearn.ensemble.gradient_boosting.growth_steps import (
    choose,
    choose_columns,
    make_children,
    plan,
    plant,
    settle,
    sum_root,
)
from panlearn.ensemble.gradient_boosting.histogram import build_share, complete, shared_by_rows
from panlearn.ensemble.gradient_boosting.numeric_split import ROOM, best_threshold
from panlearn.ensemble.gradient_boosting.row_partition import count_left, divide


@kernel
def grow(  # noqa: C901
    by_row, by_column, packed, columns, groups, rules, state, nodes, members, stacks, jobs, found, order, hist, partial,
    lefts, team, wanted,
):  # fmt: skip
    """Grow until no leaf can be split, the tree is full, or its arrays are (then state.full is 1: call again).

    The arguments are those of `growth_state.Growing`, the team, and its wanted size.
    """
    rank, size = join(team, wanted)
    if rank < 0:
        return
    rule, now, room, slots = rules[0], state[0], np.empty(ROOM), hist.shape[0] - 2
    if rank == 0 and now.full == 0:
        plant(now, rule, nodes, jobs, stacks, slots, order.shape[1])
        for q in range(groups.shape[0]):
            members[0, q] = True
        choose_columns(rule, jobs[0].node, found[0], columns, groups, members[0])
    elif rank == 0:
        now.full = 0
        next_split(rule, now, nodes, columns, groups, members, stacks, jobs, found, slots)
    meet(team, size)
    while now.current != FINISHED:
        node, counted = now.current, jobs[0].build + jobs[1].build  # read before the first thread goes on
        if node != ROOT:
            _divide_rows(by_column, now, nodes[node], order, lefts, team, rank, size)
        if counted != 0:
            build_children(by_row, packed, nodes, jobs, order, hist, partial, rank, size)
            meet(team, size)
            if node == ROOT:
                if rank == 0:
                    sum_root(nodes[0], rule, hist[jobs[0].slot], partial, _helpers(nodes, jobs, 0, size))
                meet(team, size)
            search_children(rule, now, nodes, columns, jobs, found, hist, partial, room, rank, size)
            meet(team, size)
        if rank == 0:
            settle(now, rule, nodes, jobs, stacks, found, columns, hist, slots)
            next_split(rule, now, nodes, columns, groups, members, stacks, jobs, found, slots)
        meet(team, size)


@kernel
def next_split(rule, now, nodes, columns, groups, members, stacks, jobs, found, slots):
    """Choose the next leaf, and say what is done for its children."""
    choose(now, rule, nodes, stacks, columns)
    if now.current == FINISHED:
        return
    parent = nodes[now.current]
    make_children(parent, nodes[parent.left], nodes[parent.right], rule, columns[parent.feature].monotone)
    plan(now, rule, nodes, jobs, stacks, slots)
    for side in range(2):
        child = jobs[side].node
        for q in range(groups.shape[0]):
            members[child, q] = members[now.current, q] and groups[q, parent.feature]
        if jobs[side].scan != 0:
            choose_columns(rule, child, found[side], columns, groups, members[child])


@kernel
def _divide_rows(by_column, now, own, order, lefts, team, rank, size):
    """Write one thread's part of the rows of a node to its children."""
    m = own.stop - own.start
    a, b = own.start + m * rank // size, own.start + m * (rank + 1) // size
    rows, codes, left = order[own.side, a:b], by_column[own.feature], own.start
    if size > 1:
        lefts[8 * rank] = count_left(codes, now.goes_left, rows)
        meet(team, size)
        for t in range(rank):
            left += lefts[8 * t]
    right = own.start + own.left_rows + (a - left)  # a - left: the earlier rows that do not go left
    divide(codes, now.goes_left, rows, order[1 - own.side], left, right)
    meet(team, size)


@kernel
def build_children(by_row, packed, nodes, jobs, order, hist, partial, rank, size):
    """Make one thread's part of the histograms."""
    for side in range(2):
        if jobs[side].build != 0:
            own = nodes[jobs[side].node]
            by_rows = _helpers(nodes, jobs, side, size) > 0
            target = partial[rank - 1] if by_rows and rank > 0 else hist[jobs[side].slot]
            build_share(by_row, packed, order[own.side, own.start : own.stop], target, rank, size, by_rows)


@kernel
def _helpers(nodes, jobs, side, size):
    """Threads that add up a part of the rows of one child, beside the first; 0 where they share the columns."""
    if jobs[1].build != 0:  # the room for parts is for one histogram
        return 0
    return size - 1 if shared_by_rows(nodes[jobs[side].node].rows) else 0


@kernel
def search_children(rule, now, nodes, columns, jobs, found, hist, partial, room, rank, size):
    """Find the best splits of one thread's columns, for both children."""
    p = columns.size
    parent = hist[jobs[1].slot]  # where it is not built, the larger child takes over its parent's
    for f in range(p * rank // size, p * (rank + 1) // size):
        column = columns[f]
        for side in range(2):
            job = jobs[side]
            if job.build != 0:
                subtract = side == 0 and now.subtract != 0
                complete(hist[job.slot], partial, parent, f, _helpers(nodes, jobs, side, size), subtract)
        for side in range(2):
            job = jobs[side]
            if job.scan != 0 and found[side, f].tried != 0:
                sums = hist[job.slot, f << 8 : (f << 8) + 256]
                if column.is_category != 0:
                    best_subset(sums, column, nodes[job.node], rule, found[side, f])
                else:
                    sign = 2 if column.monotone == 0 and rule.bounded != 0 else column.monotone
                    best_threshold(sums, column, sign, nodes[job.node], rule, room, found[side, f])


@kernel
def gather_leaves(nodes, order, leaves):
    """Bring the rows of all leaves into order[0]; `leaves` gets the leaves in the order of their rows."""
    count, top = 0, 1
    stack = np.zeros(2 * leaves.size + 1, np.int64)
    while top > 0:
        top -= 1
        own = nodes[stack[top]]
        if own.left >= 0:
            stack[top + 1] = own.left
            stack[top] = own.right
            top += 2
            continue
        if own.side == 1:
            for i in range(np.uint64(own.start), np.uint64(own.stop)):
                order[0, i] = order[1, i]
        leaves[count] = stack[top]
        count += 1
