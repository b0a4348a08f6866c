"""From a list of merges to SciPy's linkage matrix, and from the matrix to clusters.

The algorithms of this area report a merge as *any member of one cluster, any member of the other, height*, in whatever
order they found it. Sorted by height (stable: equal heights keep the order in which they were found), a union-find
structure replaces the members by the numbers of their clusters: row t of the matrix Z is

    Z[t] = (smaller cluster, larger cluster, height, members),    the new cluster is number n + t.

The same pass over *all* edges of a graph, leaving out those within a cluster, is Kruskal's minimum spanning tree, hence
single linkage. Cutting: the n - k first merges give k clusters; those below a height give the clusters at that height.
Cost: O(n log n) to sort, nearly O(n) after it. Cutting needs heights that do not fall, which centroid and median
linkage do not promise: there the k clusters are still those after n - k merges.
"""

from typing import NamedTuple

import numpy as np

from panlearn.core.jit import kernel

SMALL = 200  # points up to which plain Python walks a tree


class Merges(NamedTuple):
    """Merges in the order in which they were found."""

    left: np.ndarray  # (m,) a member of one cluster
    right: np.ndarray  # (m,) a member of the other
    height: np.ndarray  # (m,) their distance


@kernel(inline=True)
def root_of(parent, i):
    """The representative of i; halves the path on the way."""
    while parent[i] != i:
        parent[i] = parent[parent[i]]
        i = parent[i]
    return i


@kernel
def join_members(left, right, height, order, n):
    """Linkage matrix of the merges in this order; edges within a cluster are passed over."""
    Z = np.empty((n - 1, 4))
    parent, number, size = np.arange(n), np.arange(n), np.ones(n, np.int64)
    t = 0
    for e in order:
        a, b = root_of(parent, left[e]), root_of(parent, right[e])
        if a == b:
            continue
        if size[a] < size[b]:
            a, b = b, a
        parent[b] = a
        size[a] += size[b]
        Z[t, 0], Z[t, 1] = min(number[a], number[b]), max(number[a], number[b])
        Z[t, 2], Z[t, 3] = height[e], size[a]
        number[a] = n + t
        t += 1
        if t == n - 1:
            break
    return Z[:t]


def linkage_matrix(merges: Merges, n: int, *, ascending: bool = True) -> np.ndarray:
    """Merges of n points as SciPy's linkage matrix, in ascending order of height or as they were found."""
    order = np.argsort(merges.height, kind="stable") if ascending else np.arange(n - 1)
    return join_members(merges.left, merges.right, merges.height, order, n)


@kernel
def descend(children, n, stop):
    """The cluster of each point after `stop` merges, by the number of its node."""
    owner = np.arange(n + stop)
    for t in range(stop - 1, -1, -1):  # a parent is settled before its children are reached
        for side in range(2):
            owner[children[t, side]] = owner[n + t]
    return owner[:n]


def cut_tree(children: np.ndarray, n: int, n_clusters: int) -> np.ndarray:
    """Labels 0 ... k - 1 of the k clusters after n - k merges.

    Parameters
    ----------
    children : ndarray of shape (m, 2)
        The two clusters of each merge.
    n : int
        Number of points.
    n_clusters : int
        Number of clusters k, at least n - m.

    Returns
    -------
    ndarray of shape (n,)
        Labels, numbered as scikit-learn numbers them.
    """
    walk = descend if n > SMALL else descend.py_func  # tiny trees need no compiling
    nodes = walk(np.ascontiguousarray(children, dtype=np.int64), n, n - n_clusters)
    clusters, labels = np.unique(nodes, return_inverse=True)
    if len(children) < n - 1:  # the tree stops at the clusters asked for
        return labels.astype(np.intp)
    rank = np.empty(len(clusters), dtype=np.intp)
    rank[split_order(children, n, n_clusters, clusters)] = np.arange(len(clusters))
    return rank[labels]


@kernel
def count_members(children, n):
    """Points of each merged cluster."""
    size = np.ones(n + len(children), np.int64)
    for t in range(len(children)):
        size[n + t] = size[children[t, 0]] + size[children[t, 1]]
    return size[n:]


def members_of(children: np.ndarray, n: int) -> np.ndarray:
    """Points of each merged cluster of a tree over n points."""
    count = count_members if n > SMALL else count_members.py_func
    return count(np.ascontiguousarray(children, dtype=np.int64), n)


def split_order(children: np.ndarray, n: int, n_clusters: int, clusters: np.ndarray) -> np.ndarray:
    """Positions of the clusters in the order in which a heap holds them that splits the highest one each time.

    It is the order of scikit-learn's labels; a changed import should not renumber a user's clusters.
    """
    from heapq import heappush, heappushpop

    if n_clusters == 1:
        return np.zeros(1, dtype=np.intp)
    heap = [-(n + len(children) - 1)]
    for _ in range(n_clusters - 1):
        first, second = children[-heap[0] - n]
        heappush(heap, -int(first))
        heappushpop(heap, -int(second))
    return np.searchsorted(clusters, -np.asarray(heap))
