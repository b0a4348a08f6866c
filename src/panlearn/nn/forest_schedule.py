"""In which order the nodes of trees can be worked on: by height, the leaves first.

    height(v) = 0 for a leaf,   1 + max over children k of height(k)

Nodes of one height do not depend on each other, whichever tree they are of, and all their children are lower. A forest
of N nodes is then worked on in as many steps as its tallest tree is high, each over all the nodes of a height at once.

The heights come from Kahn's order [kahn1962]: a queue of nodes whose children are all done, begun with the leaves. What
never enters the queue stands on a cycle, or above one. A node may have several parents. No recursion: a chain of a
million nodes is a queue like any other. Cost: O(N + E).

Course note: 003 §2.4.
"""

from typing import NamedTuple

import numpy as np

from panlearn.core.jit import kernel


class Schedule(NamedTuple):
    """Nodes and edges in the order of work; the place of a node is its rank in that order."""

    order: np.ndarray  # (N,) node at each place
    places: np.ndarray  # (N,) place of each node
    starts: np.ndarray  # (L + 1,) place at which each height begins; the last is N
    children: np.ndarray  # (E,) place of the lower end of each edge; edges by the place of their upper end
    parents: np.ndarray  # (E,) place of the upper end
    positions: np.ndarray  # (E,) which child of its parent it is: 0, 1, ...
    edge_starts: np.ndarray  # (N + 1,) first edge to the children of each place


@kernel
def grouped(keys, n):
    """Numbers of the entries with key 0, then with key 1, ..., in their own order; and where each key begins."""
    starts = np.zeros(n + 1, np.int64)
    for key in keys:
        starts[key + 1] += 1
    for key in range(n):
        starts[key + 1] += starts[key]
    free, order = starts.copy(), np.empty(len(keys), np.int64)
    for i in range(len(keys)):
        order[free[keys[i]]] = i
        free[keys[i]] += 1
    return order, starts


@kernel
def heights(lower, upper, n):
    """Height of each node, -1 for those on a cycle or above one."""
    order, starts = grouped(lower, n)
    waiting = np.zeros(n, np.int64)  # children that are not done yet
    for v in upper:
        waiting[v] += 1
    height, queue, end = np.full(n, -1), np.empty(n, np.int64), 0
    for v in range(n):
        if waiting[v] == 0:
            height[v] = 0
            queue[end] = v
            end += 1
    least = np.zeros(n, np.int64)
    at = 0
    while at < end:
        v = queue[at]
        at += 1
        for i in range(starts[v], starts[v + 1]):
            p = upper[order[i]]
            least[p] = max(least[p], height[v] + 1)
            waiting[p] -= 1
            if waiting[p] == 0:
                height[p] = least[p]
                queue[end] = p
                end += 1
    return height


@kernel
def arranged(lower, upper, height):
    """Nodes and edges in the order of work: the fields of `Schedule`."""
    n = len(height)
    order, starts = grouped(height, height.max() + 1)
    places = np.empty(n, np.int64)
    for p in range(n):
        places[order[p]] = p
    ends = np.empty(len(upper), np.int64)
    for e in range(len(upper)):
        ends[e] = places[upper[e]]
    edges, edge_starts = grouped(ends, n)
    children, parents, positions = np.empty_like(edges), np.empty_like(edges), np.empty_like(edges)
    for i in range(len(edges)):
        e = edges[i]
        children[i], parents[i] = places[lower[e]], ends[e]
        positions[i] = i - edge_starts[ends[e]]
    return order, places, starts, children, parents, positions, edge_starts


def schedule(lower: np.ndarray, upper: np.ndarray, n: int) -> Schedule:
    """Arrange nodes by height.

    Parameters
    ----------
    lower, upper : ndarray of shape (E,), int64
        Child and parent of each edge; the children of a node keep the order of their edges.
    n : int
        Nodes, at least 1.

    Returns
    -------
    Schedule
        The order of work.

    Raises
    ------
    ValueError
        If the edges form a cycle; the message names a node on it.

    Examples
    --------
    Node 0 stands over 1 and 2, node 2 over 3.

    >>> plan = schedule(np.array([1, 2, 3]), np.array([0, 0, 2]), 4)
    >>> plan.order.tolist(), plan.starts.tolist()
    ([1, 3, 2, 0], [0, 2, 3, 4])
    """
    height = heights(lower, upper, n)
    if len(lower) and height.min() < 0:
        raise ValueError(
            f"node {_on_cycle(lower, upper, height)} is its own ancestor: the edges form a cycle, which has no order "
            "of work."
        )
    return Schedule(*arranged(lower, upper, height))


def _on_cycle(lower: np.ndarray, upper: np.ndarray, height: np.ndarray) -> int:
    """Return a node on a cycle: whoever has no height has a child without one."""
    odd = height[lower] < 0
    below = dict(zip(upper[odd].tolist(), lower[odd].tolist()))
    v, seen = next(iter(below)), set()
    while v not in seen:
        seen.add(v)
        v = below[v]
    return v
