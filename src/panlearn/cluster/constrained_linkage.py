"""Agglomeration along the edges of a graph: only neighbouring clusters may merge.

All edges wait in a heap by the distance of the clusters they join. The shortest is taken, unless one of its clusters is
gone; the two merge, and the new cluster inherits the edges of both. Its distances follow from theirs [lance1967]: where
only one of the two had an edge, its distance stands. Ward's come from the means and sizes. Each cluster keeps a linked
list of its edges, in which those to clusters that are gone are passed over.
Cost: O(m log m) for m edges while clusters have few neighbours; the lists grow where one cluster borders on many.
Heights can fall: a cluster may become near to another only after the edge between them has come about.
"""

from typing import NamedTuple

import numpy as np

from panlearn.cluster.connectivity import Edges
from panlearn.core.jit import EXACT, kernel

COMPLETE, AVERAGE, WEIGHTED, WARD = 0, 1, 2, 3
CODES = {"complete": COMPLETE, "average": AVERAGE, "weighted": WEIGHTED, "ward": WARD}
MERGES = 2000  # of one call: Ctrl-C waits no longer
POOL, HEAP, NODES = 0, 1, 2  # places in `Graph.totals`


class Graph(NamedTuple):
    """Clusters and edges; all arrays are changed in place."""

    head: np.ndarray  # (2n - 1,) first edge of a cluster's list; -1 for none
    size: np.ndarray  # (2n - 1,) members; 0 for a cluster that is gone, or not there yet
    mean: np.ndarray  # (2n - 1, p)
    other: np.ndarray  # (room,) cluster at the other end of an edge of a list
    weight: np.ndarray  # (room,) distance to it
    after: np.ndarray  # (room,) the next edge of the list; -1 for none
    key: np.ndarray  # (room,) the heap: distances,
    ends: np.ndarray  # (room, 2) and the two clusters
    children: np.ndarray  # (n - 1, 2)
    height: np.ndarray  # (n - 1,)
    totals: np.ndarray  # (3,) edges in lists, edges in the heap, clusters ever
    method: int


@kernel
def push(graph, key, a, b):
    """Add an edge to the heap."""
    i = graph.totals[HEAP]
    graph.totals[HEAP] += 1
    while i > 0 and graph.key[(i - 1) // 2] > key:
        up = (i - 1) // 2
        graph.key[i], graph.ends[i, 0], graph.ends[i, 1] = graph.key[up], graph.ends[up, 0], graph.ends[up, 1]
        i = up
    graph.key[i], graph.ends[i, 0], graph.ends[i, 1] = key, a, b


@kernel
def pop(graph):
    """Remove the first edge of the heap."""
    graph.totals[HEAP] -= 1
    last = graph.totals[HEAP]
    key, a, b, i = graph.key[last], graph.ends[last, 0], graph.ends[last, 1], 0
    while 2 * i + 1 < last:
        low = 2 * i + 1
        if low + 1 < last and graph.key[low + 1] < graph.key[low]:
            low += 1
        if graph.key[low] >= key:
            break
        graph.key[i], graph.ends[i, 0], graph.ends[i, 1] = graph.key[low], graph.ends[low, 0], graph.ends[low, 1]
        i = low
    graph.key[i], graph.ends[i, 0], graph.ends[i, 1] = key, a, b


@kernel
def add_to_list(graph, cluster, other, weight):
    """Put an edge at the head of a cluster's list."""
    t = graph.totals[POOL]
    graph.other[t], graph.weight[t], graph.after[t] = other, weight, graph.head[cluster]
    graph.head[cluster] = t
    graph.totals[POOL] += 1


@kernel(fastmath=EXACT)
def growth(graph, a, b):
    """Ward's delta: what a merger adds to the squared error."""
    total = 0.0
    for q in range(graph.mean.shape[1]):
        difference = graph.mean[a, q] - graph.mean[b, q]
        total += difference * difference
    return total * (graph.size[a] * graph.size[b] / (graph.size[a] + graph.size[b]))


@kernel
def fill(graph, first, second, distance):
    """Enter the edges of the points."""
    for e in range(first.size):
        a, b = first[e], second[e]
        d = growth(graph, a, b) if graph.method == WARD else distance[e]
        add_to_list(graph, a, b, d)
        add_to_list(graph, b, a, d)
        push(graph, d, a, b)


@kernel(fastmath=EXACT)
def neighbours(graph, a, b, found, weight, place):
    """The clusters next to a or b with their distances from the merger; how many there are."""
    count, p, q = 0, graph.size[a], graph.size[b]
    t = graph.head[a]
    while t >= 0:
        c = graph.other[t]
        if graph.size[c] > 0.0 and c != b:
            place[c], found[count], weight[count] = count, c, graph.weight[t]
            count += 1
        t = graph.after[t]
    t, own = graph.head[b], count
    while t >= 0:
        c, w = graph.other[t], graph.weight[t]
        t = graph.after[t]
        if graph.size[c] == 0.0 or c == a:
            continue
        i = place[c]
        if i >= own or found[i] != c:
            found[count], weight[count] = c, w
            count += 1
        elif graph.method == COMPLETE:
            weight[i] = max(weight[i], w)
        elif graph.method == AVERAGE:
            weight[i] = (p * weight[i] + q * w) / (p + q)
        else:
            weight[i] = 0.5 * (weight[i] + w)
    return count


@kernel
def merge_along_edges(graph, merges, target, found, weight, place):
    """Merge along the shortest edges until there are `target` clusters ever; False if there is no room."""
    while merges > 0 and graph.totals[NODES] < target:
        a, b = graph.ends[0, 0], graph.ends[0, 1]
        if graph.size[a] == 0.0 or graph.size[b] == 0.0:
            pop(graph)
            continue
        count, new = neighbours(graph, a, b, found, weight, place), graph.totals[NODES]
        if max(graph.totals[POOL] + 2 * count, graph.totals[HEAP] + count) > graph.key.size:
            return False
        t = new - (graph.head.size + 1) // 2
        graph.children[t, 0], graph.children[t, 1], graph.height[t] = min(a, b), max(a, b), graph.key[0]
        pop(graph)
        graph.size[new] = graph.size[a] + graph.size[b]
        for q in range(graph.mean.shape[1]):
            graph.mean[new, q] = graph.mean[a, q] + graph.size[b] / graph.size[new] * (
                graph.mean[b, q] - graph.mean[a, q]
            )
        graph.size[a], graph.size[b] = 0.0, 0.0
        for i in range(count):
            d = growth(graph, new, found[i]) if graph.method == WARD else weight[i]
            add_to_list(graph, new, found[i], d)
            add_to_list(graph, found[i], new, d)
            push(graph, d, new, found[i])
        graph.totals[NODES] += 1
        merges -= 1
    return True


def constrained_linkage(X: np.ndarray, edges: Edges, method: str, n_clusters: int = 1) -> tuple[np.ndarray, np.ndarray]:
    """Merge along the edges of a connected graph until `n_clusters` are left.

    Parameters
    ----------
    X : ndarray of shape (n, p)
        Points; only Ward's method looks at them.
    edges : Edges
        The graph.
    method : {"complete", "average", "weighted", "ward"}
        Distance of clusters.
    n_clusters : int
        Clusters to stop at.

    Returns
    -------
    children : ndarray of shape (n - n_clusters, 2)
        The clusters of each merge, in order; the merge t makes cluster n + t.
    heights : ndarray of shape (n - n_clusters,)
        Their distances.
    """
    n, m = len(X), len(edges.first)
    mean = np.zeros((2 * n - 1, X.shape[1] if method == "ward" else 0))
    mean[:n] = X[:, : mean.shape[1]]
    size = np.zeros(2 * n - 1)
    size[:n] = 1.0
    graph = Graph(
        np.full(2 * n - 1, -1),
        size,
        mean,
        *_room(4 * m + n),
        children=np.empty((n - 1, 2), np.int64),
        height=np.empty(n - 1),
        totals=np.array([0, 0, n]),
        method=CODES[method],
    )
    fill(graph, edges.first, edges.second, edges.distance)
    found, weight, place = np.zeros(n, np.int64), np.empty(n), np.zeros(2 * n - 1, np.int64)
    while graph.totals[NODES] < 2 * n - n_clusters:
        if not merge_along_edges(graph, MERGES, 2 * n - n_clusters, found, weight, place):
            graph = _larger(graph)
    merges = n - n_clusters
    heights = np.sqrt(2.0 * graph.height[:merges]) if method == "ward" else graph.height[:merges]
    return graph.children[:merges], heights


def _room(size: int) -> tuple[np.ndarray, ...]:
    whole = np.empty(size, np.int64), np.empty(size), np.empty(size, np.int64)
    return *whole, np.empty(size), np.empty((size, 2), np.int64)


def _larger(graph: Graph) -> Graph:
    """The same graph with twice the room."""
    old = graph.other, graph.weight, graph.after, graph.key, graph.ends
    new = _room(2 * len(graph.key))
    for a, b in zip(old, new, strict=True):
        b[: len(a)] = a
    return graph._replace(other=new[0], weight=new[1], after=new[2], key=new[3], ends=new[4])
