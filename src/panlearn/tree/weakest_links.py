r"""Weakest links: the order in which cost-complexity pruning collapses the nodes of a tree [breiman1984], ch. 3.

R(t) is the risk of node t as a leaf, R(T_t) that of the subtree below it, |T_t| its leaves. Collapsing t raises the
risk by R(t) - R(T_t) and saves |T_t| - 1 leaves, so that it pays from

    alpha_t = (R(t) - R(T_t)) / (|T_t| - 1)

on. The weakest link is the node of least alpha_t; collapsing it changes alpha of its ancestors only. They are kept in
a tournament: a heap-shaped array whose root is the least alpha (the lowest number among equals), in which one change
costs log2(nodes). Cost: (sum of the depths of the nodes) log2(nodes), where looking at all nodes each time costs
nodes^2. Sums are made in the order in which scikit-learn makes them, so that ties fall as they do there.
"""

import numpy as np

from panlearn.core.jit import EXACT, kernel


@kernel(fastmath=EXACT)
def weakest_links(risk, parent, child_start, children):
    """Alpha, total risk and leaves after each collapse, and the node collapsed; the first entry is the whole tree."""
    n = len(risk)
    below, leaves = subtree_risks(risk, parent, child_start)
    size = 1
    while size < n:
        size *= 2
    alpha, winner = np.full(n, np.inf), np.full(2 * size, -1, np.int64)
    for t in range(n):
        if child_start[t + 1] > child_start[t]:
            winner[size + t] = t
            alpha[t] = (risk[t] - below[t]) / max(leaves[t] - 1, 1)
    for i in range(size - 1, 0, -1):
        winner[i] = better(alpha, winner[2 * i], winner[2 * i + 1])
    path, nodes, count = np.zeros((n + 1, 3)), np.full(n + 1, -1, np.int64), 1
    path[0, 1], path[0, 2] = below[0], max(leaves[0], 1)
    stack = np.empty(n, np.int64)
    while winner[1] >= 0:
        weakest = winner[1]
        path[count, 0] = alpha[weakest]
        remove_below(weakest, child_start, children, winner, alpha, stack)
        saved, rise = leaves[weakest] - 1, risk[weakest] - below[weakest]
        leaves[weakest], below[weakest] = 0, risk[weakest]
        t = parent[weakest]
        while t >= 0:
            leaves[t] -= saved
            below[t] += rise
            alpha[t] = (risk[t] - below[t]) / max(leaves[t] - 1, 1)
            play(alpha, winner, size + t)
            t = parent[t]
        path[count, 1], path[count, 2], nodes[count] = below[0], max(leaves[0], 1), weakest
        count += 1
    return path[:count], nodes[:count]


@kernel(fastmath=EXACT)
def subtree_risks(risk, parent, child_start):
    """Sum of the risks of the leaves below each node, and their number (0 at a leaf)."""
    n = len(risk)
    below, leaves = np.zeros(n), np.zeros(n, np.int64)
    for leaf in range(n):
        if child_start[leaf + 1] == child_start[leaf]:
            below[leaf] = risk[leaf]
            t = parent[leaf]
            while t >= 0:
                below[t] += risk[leaf]
                leaves[t] += 1
                t = parent[t]
    return below, leaves


@kernel(inline=True)
def better(alpha, a, b):
    """Of two candidates (-1: none) the one of less alpha, the first in a tie."""
    if a < 0 or b < 0:
        return max(a, b)
    return a if alpha[a] <= alpha[b] else b


@kernel
def play(alpha, winner, i):
    """Play the matches between place i and the root again; in place: winner."""
    i //= 2
    while i >= 1:
        winner[i] = better(alpha, winner[2 * i], winner[2 * i + 1])
        i //= 2


@kernel
def remove_below(node, child_start, children, winner, alpha, stack):
    """Take a node and all below it out of the tournament; in place: winner."""
    size, depth = len(winner) // 2, 1
    stack[0] = node
    while depth:
        depth -= 1
        t = stack[depth]
        if winner[size + t] < 0:
            continue  # a leaf, or gone already
        winner[size + t] = -1
        play(alpha, winner, size + t)
        for c in range(child_start[t], child_start[t + 1]):
            stack[depth] = children[c]
            depth += 1
