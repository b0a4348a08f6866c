"""Hierarchical clustering as it is defined: all pairs of clusters compared at every merge [lance1967]."""

import numpy as np


def distances(X):
    return np.sqrt(((X[:, None] - X[None]) ** 2).sum(axis=2))


def between(D, X, a, b, method):
    """Distance of two clusters, from their members alone."""
    if method == "single":
        return D[np.ix_(a, b)].min()
    if method == "complete":
        return D[np.ix_(a, b)].max()
    if method == "average":
        return D[np.ix_(a, b)].mean()
    apart = np.linalg.norm(X[a].mean(axis=0) - X[b].mean(axis=0))
    return apart if method == "centroid" else np.sqrt(2 * len(a) * len(b) / (len(a) + len(b))) * apart


def agglomerate(X, method):
    """Linkage matrix: the closest pair of all, n - 1 times."""
    D, clusters, rows = distances(X), {i: [i] for i in range(len(X))}, []
    for new in range(len(X), 2 * len(X) - 1):
        pairs = [(between(D, X, clusters[a], clusters[b], method), a, b) for a in clusters for b in clusters if a < b]
        height, a, b = min(pairs)
        clusters[new] = clusters.pop(a) + clusters.pop(b)
        rows.append((a, b, height, len(clusters[new])))
    return np.array(rows)


def agglomerate_updated(D, method):
    """The same by the recurrence, for linkages that members alone do not determine."""
    D, size, rows, n = {(i, j): D[i, j] for i in range(len(D)) for j in range(len(D))}, {}, [], len(D)
    size = dict.fromkeys(range(n), 1)
    for new in range(n, 2 * n - 1):
        height, a, b = min((D[i, j], i, j) for i in size for j in size if i < j)
        for c in set(size) - {a, b}:
            x, y = D[a, c], D[b, c]
            if method == "weighted":
                d = (x + y) / 2
            elif method == "median":
                d = np.sqrt(max(x * x / 2 + y * y / 2 - height**2 / 4, 0))
            else:
                p, q, r = size[a], size[b], size[c]
                d = np.sqrt(((p + r) * x * x + (q + r) * y * y - r * height**2) / (p + q + r))
            D[new, c] = D[c, new] = d
        size[new] = size.pop(a) + size.pop(b)
        rows.append((a, b, height, size[new]))
    return np.array(rows)


def splinter(D):
    """DIANA's split, mean distances computed anew at each step."""
    m = len(D)
    stay, left = list(range(m)), []
    while len(stay) > 1:
        gains = []
        for i in stay:
            others = [j for j in stay if j != i]
            away = D[i, left].mean() if left else 0.0
            gains.append(D[i, others].mean() - away)
        best = int(np.argmax(gains))
        if left and gains[best] <= 0:
            break
        left.append(stay.pop(best))
    return sorted(left)
