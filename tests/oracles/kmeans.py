"""Lloyd's iteration written out [lloyd1982]: every distance, row by row, in double precision."""

import numpy as np


def nearest(X, centres):
    """Index of the nearest centre, the first of equals, and its squared distance."""
    distances = np.array([[((x - c) ** 2).sum() for c in centres] for x in X])
    return distances.argmin(axis=1), distances.min(axis=1)


def lloyd(X, centres, weight=None, max_iter=300):
    """Centres and labels at the fixed point, the inertia after each iteration; for starts without empty clusters."""
    weight = np.ones(len(X)) if weight is None else weight
    label, trace = np.full(len(X), -1), []
    for _ in range(max_iter):
        found, distances = nearest(X, centres)
        trace.append(float(weight @ distances))
        if (found == label).all():
            break
        label = found
        centres = np.array([np.average(X[label == j], axis=0, weights=weight[label == j]) for j in range(len(centres))])
    return centres, label, trace


def best_inertia(X, k):
    """Least inertia of any labelling, by trying them all."""
    least = np.inf
    for code in range(k ** len(X)):
        label = np.array([code // k**i % k for i in range(len(X))])
        groups = [X[label == j] for j in range(k) if (label == j).any()]
        least = min(least, sum(((g - g.mean(axis=0)) ** 2).sum() for g in groups))
    return least
