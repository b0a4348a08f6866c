r"""Rows with missing values in pieces: C4.5 sends them down every branch [quinlan1993], ch. 3.

A row whose value is missing goes to branch b with the fraction W_b / sum_c W_c, W being the training weight of a
branch. Its end is then a set of (node, fraction) whose fractions add up to 1; its class probabilities are the mean of
those of the nodes. A category that has no branch at a node ends there, and gets the node's own classes.

Cost: the depth of the tree a row; with m missing values on the way of a row, as many as the branches there multiply to.
"""

from typing import NamedTuple

import numpy as np

from panlearn.core.jit import EXACT, kernel
from panlearn.tree.tree_routing import branch_of, in_subset
from panlearn.tree.tree_structure import Tree

NOWHERE, EVERYWHERE = -1, -2
LEFT, RIGHT, FEATURE, BRANCHES, SUBSET, MISSING_LEFT = range(6)


class Routes(NamedTuple):
    """The part of a tree that routes rows: few arrays, because each costs compiling time in every kernel."""

    nodes: np.ndarray  # (nodes, 6) int64: first and last child, feature, start in branches, in words, missing left
    numbers: np.ndarray  # (nodes, 2) threshold, training weight
    branches: np.ndarray  # int32
    words: np.ndarray  # uint32
    fractional: bool  # a missing value goes down all branches


def routes_of(tree: Tree, *, fractional: bool) -> Routes:
    """The routes through a tree.

    Parameters
    ----------
    tree : Tree
        A tree of any kind.
    fractional : bool
        Whether a missing value goes down all branches.

    Returns
    -------
    Routes
        A copy of what routing needs.
    """
    links = (tree.children_left, tree.children_right, tree.feature, tree.branch_start, tree.category_start)
    nodes = np.column_stack([*links, tree.missing_go_to_left]).astype(np.int64)
    numbers = np.column_stack([tree.threshold, tree.weighted_n_node_samples])
    return Routes(nodes, numbers, np.array(tree.branches), np.array(tree.category_words), fractional)


@kernel
def child_of(routes, node, x):
    """The child that x goes to; NOWHERE without a branch for it, EVERYWHERE for a fraction down each."""
    if routes.fractional and x != x:
        return np.int64(EVERYWHERE)
    link = routes.nodes[node]
    if link[BRANCHES] >= 0:
        return np.int64(branch_of(routes.branches, link[BRANCHES], x))
    if link[SUBSET] >= 0:
        side = in_subset(routes.words, link[SUBSET], x)
    else:
        side = -1 if x != x else np.int64(x <= routes.numbers[node, 0])
    left = link[MISSING_LEFT] != 0 if side < 0 else side == 1
    return link[LEFT] if left else link[RIGHT]


@kernel
def next_branch(routes, node, child):
    """The branch after `child`, NOWHERE after the last; those of a multiway node have consecutive numbers."""
    link = routes.nodes[node]
    if child == link[RIGHT]:
        return np.int64(NOWHERE)
    return child + 1 if link[BRANCHES] >= 0 else link[RIGHT]


@kernel(fastmath=EXACT)
def ends(routes, X, start, node):
    """End of each row, in place: node (EVERYWHERE: several); returns (row, node) of those with several, and fractions.

    Rows are numbered from `start`.
    """
    several, fraction, count = np.empty((64, 2), np.int64), np.empty(64), 0
    stack, shares = np.empty(len(routes.nodes), np.int64), np.empty(len(routes.nodes))
    for i in range(len(X)):
        stack[0], shares[0], depth, node[i] = 0, 1.0, 1, EVERYWHERE
        while depth:
            depth -= 1
            t, share = stack[depth], shares[depth]
            child = t
            while child >= 0 and routes.nodes[child, LEFT] >= 0:
                t, child = child, child_of(routes, child, np.float64(X[i, routes.nodes[child, FEATURE]]))
            if child == EVERYWHERE:
                depth = push_branches(routes, t, share, stack, shares, depth)
                continue
            t = child if child >= 0 else t  # no branch for the category: it ends at the node
            if share == 1.0 and depth == 0:
                node[i] = t
                break
            if count == len(fraction):
                several, fraction = longer(several, fraction)
            several[count, 0], several[count, 1], fraction[count] = start + i, t, share
            count += 1
    return several[:count], fraction[:count]


@kernel(fastmath=EXACT)
def push_branches(routes, node, share, stack, shares, depth):
    """Push all branches of a node with their parts of a share; in place: stack, shares; returns the new depth."""
    total, child = 0.0, routes.nodes[node, LEFT]
    while child >= 0:
        total += routes.numbers[child, 1]
        child = next_branch(routes, node, child)
    child = routes.nodes[node, LEFT]
    while child >= 0:
        stack[depth], shares[depth] = child, share * (routes.numbers[child, 1] / total)
        depth += 1
        child = next_branch(routes, node, child)
    return depth


@kernel
def longer(several, fraction):
    """Copies of twice the length."""
    n = len(fraction)
    more, parts = np.empty((2 * n, 2), np.int64), np.empty(2 * n)
    for i in range(n):
        more[i, 0], more[i, 1], parts[i] = several[i, 0], several[i, 1], fraction[i]
    return more, parts
