r"""C4.5's pruning with subtree raising: each node stays, becomes a leaf, or takes the place of its largest branch.

The rows that reach a node are needed: raising sends those of the other branches down the largest one, where they count
as errors or not. The nodes are visited from the bottom up, depth first; the rows of the nodes on the way lie one after
the other on a stack (`Arena`), each part a copy, with the fractions of rows whose value is missing [quinlan1993].

Cost: rows times depth for the visit, and again rows times depth for each level on which a branch is tried.
"""

from typing import NamedTuple

import numpy as np

from panlearn.core.jit import EXACT, kernel
from panlearn.tree.error_bound import predicted_errors
from panlearn.tree.fractional_routing import EVERYWHERE, FEATURE, LEFT, Routes, child_of, next_branch

SLACK = 0.1  # errors by which a leaf or a raised branch may be worse than the subtree
CONTENT, IS_LEAF, ROWS, LENGTH = range(4)  # columns of Places.nodes
BELOW, KNOWN, ERRORS = range(3)  # columns of Places.numbers
PLACE, START, END, CHILD, FROM, FIRST = range(6)  # columns of Places.frames


class Cases(NamedTuple):
    """Training rows, and how errors are predicted."""

    X: np.ndarray  # (n, p) float64, column after column in memory
    y: np.ndarray  # (n,) int64 class codes
    confidence: float
    z2: float  # square of the normal deviate
    raising: bool


class Places(NamedTuple):
    """What is known of each place of the tree, and scratch."""

    nodes: np.ndarray  # (nodes, 4) int64: node whose question it asks, 1 if a leaf, rows, rows its parent sends it
    numbers: np.ndarray  # (nodes, 3) predicted errors of the branches so far, known weight its parent sends it, errors
    counts: np.ndarray  # (nodes, classes) weight by class
    frames: np.ndarray  # (2 nodes + 2, 6) int64: place, first row, end, next child, its first row, first known row
    local: np.ndarray  # (classes,) counts of the part at hand
    rows: np.ndarray  # (n, 2) int64 row, child
    weight: np.ndarray  # (n,)


class Arena(NamedTuple):
    """Rows of the nodes on the way, one part after the other."""

    rows: np.ndarray  # int64
    weight: np.ndarray  # float64


def pruned_places(routes: Routes, cases: Cases, weight: np.ndarray, leaf: np.ndarray, classes: int) -> Places:
    """Prune from the bottom up.

    Parameters
    ----------
    routes : Routes
        The grown tree.
    cases : Cases
        Its training rows.
    weight : ndarray of shape (n,)
        Their weights; rows of weight 0 do not count.
    leaf : ndarray of shape (nodes,)
        Which nodes are leaves.
    classes : int
        Number of classes.

    Returns
    -------
    Places
        What is a leaf, what takes whose place, and the weights by class.
    """
    nodes, n, rows = len(leaf), len(weight), np.flatnonzero(weight > 0)
    places = Places(
        np.column_stack([np.arange(nodes), leaf, np.zeros((nodes, 2), dtype=np.int64)]).astype(np.int64),
        np.zeros((nodes, 3)),
        np.zeros((nodes, classes)),
        np.empty((2 * nodes + 2, 6), dtype=np.int64),
        np.empty(classes),
        np.empty((n, 2), dtype=np.int64),
        np.empty(n),
    )
    raise_and_cut(routes, cases, Arena(rows, weight[rows].astype(np.float64)), places)
    return places


@kernel(fastmath=EXACT)
def raise_and_cut(routes, cases, arena, places):
    """Prune from the bottom up; in place: places. The rows of the root fill the arena."""
    frames, nodes, numbers, root = places.frames, places.nodes, places.numbers, np.int64(0)  # typed: one signature
    keep = root == 0
    depth = root + (enter(routes, cases, arena, places, root, root, len(arena.rows), root, keep) < 0.0)
    while depth:
        t, s, e, c = (
            frames[depth - 1, PLACE],
            frames[depth - 1, START],
            frames[depth - 1, END],
            frames[depth - 1, CHILD],
        )
        if c >= 0:
            arena, end = part_of(routes, arena, places, depth - 1)
            found = enter(routes, cases, arena, places, c, e, end, depth, keep)
            if found < 0.0:
                depth += 1
            else:
                numbers[t, BELOW] += found
            continue
        as_leaf, as_branch, largest = leaf_errors(cases, places.counts[t]), np.inf, c
        if cases.raising:
            largest = largest_branch(routes, places, nodes[t, CONTENT])
            as_branch, arena = branch_errors(routes, cases, arena, places, largest, s, e, depth)
        numbers[t, ERRORS] = numbers[t, BELOW]
        if as_leaf <= numbers[t, BELOW] + SLACK and as_leaf <= as_branch + SLACK:
            nodes[t, IS_LEAF], numbers[t, ERRORS] = 1, as_leaf
        elif as_branch <= numbers[t, BELOW] + SLACK:
            nodes[t, CONTENT], nodes[t, IS_LEAF] = nodes[largest, CONTENT], nodes[largest, IS_LEAF]
            if enter(routes, cases, arena, places, t, s, e, depth - 1, keep) < 0.0:
                continue  # its branches are pruned again, with more rows than before
        depth -= 1
        if depth:
            numbers[frames[depth - 1, PLACE], BELOW] += numbers[t, ERRORS]


@kernel(fastmath=EXACT)
def largest_branch(routes, places, node):
    """The branch with the largest weight."""
    most, largest, c = -1.0, node, routes.nodes[node, LEFT]
    while c >= 0:
        weight = 0.0
        for k in range(places.counts.shape[1]):
            weight += places.counts[c, k]
        if weight > most:
            most, largest = weight, c
        c = next_branch(routes, node, c)
    return largest


@kernel(fastmath=EXACT)
def branch_errors(routes, cases, arena, places, c, s, e, base):
    """Predicted errors if the rows s to e all went down place c."""
    total, depth, child, end, frames, keep = 0.0, base, c, e, places.frames, base < 0
    while True:
        found = enter(routes, cases, arena, places, child, s, end, depth, keep)
        if found < 0.0:
            total += places.local[0]
            depth += 1
        else:
            total += found
        while depth > base and frames[depth - 1, CHILD] < 0:
            depth -= 1
        if depth == base:
            return total, arena
        s, child = frames[depth - 1, END], frames[depth - 1, CHILD]
        arena, end = part_of(routes, arena, places, depth - 1)


@kernel(fastmath=EXACT)
def enter(routes, cases, arena, places, t, s, e, depth, keep):
    """Count the classes of rows s to e at place t. A leaf: its predicted errors. Else: -1, and a frame at `depth`.

    Rows whose category has no branch end here; their predicted errors are left in `places.local[0]`, or with `keep` in
    column BELOW, which then starts from there.
    """
    local, classes = places.local, len(places.local)
    for k in range(classes):
        local[k] = 0.0
    for i in range(s, e):
        local[cases.y[arena.rows[i]]] += arena.weight[i]
    if keep:
        for k in range(classes):
            places.counts[t, k] = local[k]
        places.nodes[t, ROWS] = e - s
    if places.nodes[t, IS_LEAF]:
        found = leaf_errors(cases, local)
        if keep:
            places.numbers[t, ERRORS] = found
        return found
    node, majority = places.nodes[t, CONTENT], np.int64(0)
    for k in range(classes):
        if local[k] > local[majority]:
            majority = k
    missing, lost = sort_by_child(routes, cases, arena, places, node, majority, s, e)
    frame = places.frames[depth]
    frame[PLACE], frame[START], frame[END], frame[CHILD] = t, s, e, routes.nodes[node, LEFT]
    frame[FROM], frame[FIRST] = s + missing, s + missing
    local[0] = lost
    if keep:
        places.numbers[t, BELOW] = lost
    return -1.0


@kernel(fastmath=EXACT)
def sort_by_child(routes, cases, arena, places, node, majority, s, e):
    """Order rows s to e: missing, then child by child, then without a branch; in place: arena, places.

    Returns how many are missing, and the predicted errors of those without a branch, which get the majority's class.
    """
    nodes, numbers, feature, first = places.nodes, places.numbers, routes.nodes[node, FEATURE], s
    missing, weight, errors = 0, 0.0, 0.0
    c = routes.nodes[node, LEFT]
    while c >= 0:
        numbers[c, KNOWN], nodes[c, LENGTH] = 0.0, 0
        c = next_branch(routes, node, c)
    for i in range(s, e):
        row, w = arena.rows[i], arena.weight[i]
        child = child_of(routes, node, cases.X[row, feature])
        places.rows[i - s, 0], places.rows[i - s, 1], places.weight[i - s] = row, child, w
        if child >= 0:
            numbers[child, KNOWN] += w
            nodes[child, LENGTH] += 1
        elif child == EVERYWHERE:
            missing += 1
        else:
            weight += w
            errors += w if cases.y[row] != majority else 0.0
    end = s + missing
    c = routes.nodes[node, LEFT]
    while c >= 0:  # LENGTH is the next free place for a while
        end, nodes[c, LENGTH] = end + nodes[c, LENGTH], end
        c = next_branch(routes, node, c)
    for i in range(e - s):
        child = places.rows[i, 1]
        if child >= 0:
            at = nodes[child, LENGTH]
            nodes[child, LENGTH] += 1
        elif child == EVERYWHERE:
            at, first = first, first + 1
        else:
            at, end = end, end + 1
        arena.rows[at], arena.weight[at] = places.rows[i, 0], places.weight[i]
    before = s + missing
    c = routes.nodes[node, LEFT]
    while c >= 0:
        before, nodes[c, LENGTH] = nodes[c, LENGTH], nodes[c, LENGTH] - before
        c = next_branch(routes, node, c)
    return missing, predicted_errors(weight, errors, cases.confidence, cases.z2)


@kernel(fastmath=EXACT)
def part_of(routes, arena, places, depth):
    """Copy the rows of the next child of a frame, and fractions of those that are missing, behind the frame's rows."""
    frame = places.frames[depth]
    node, s, end, c, known = places.nodes[frame[PLACE], CONTENT], frame[START], frame[END], frame[CHILD], frame[FROM]
    share = share_of(routes, places, node, c)
    missing, length = frame[FIRST] - s, places.nodes[c, LENGTH]
    if end + missing + length > len(arena.rows):
        arena = longer(arena, 2 * (end + missing + length))
    for i in range(known, known + length):
        arena.rows[end], arena.weight[end] = arena.rows[i], arena.weight[i]
        end += 1
    if share > 0.0:
        for i in range(s, s + missing):
            arena.rows[end], arena.weight[end] = arena.rows[i], arena.weight[i] * share
            end += 1
    frame[CHILD], frame[FROM] = next_branch(routes, node, c), known + length
    return arena, end


@kernel(fastmath=EXACT)
def share_of(routes, places, node, child):
    """Share of a branch in the known weight; where all is missing, in the weight the tree was grown on."""
    known, grown, c = 0.0, 0.0, routes.nodes[node, LEFT]
    while c >= 0:
        known += places.numbers[c, KNOWN]
        grown += routes.numbers[c, 1]
        c = next_branch(routes, node, c)
    return places.numbers[child, KNOWN] / known if known > 0.0 else routes.numbers[child, 1] / grown


@kernel
def longer(arena, size):
    """The arena with more room."""
    rows, weight = np.empty(size, np.int64), np.empty(size)
    for i in range(len(arena.rows)):
        rows[i], weight[i] = arena.rows[i], arena.weight[i]
    return Arena(rows, weight)


@kernel(fastmath=EXACT)
def leaf_errors(cases, counts):
    """Predicted errors of a leaf with these counts of the classes."""
    total, largest = 0.0, 0.0
    for k in range(len(counts)):
        total += counts[k]
        largest = max(largest, counts[k])
    return predicted_errors(total, total - largest, cases.confidence, cases.z2)
