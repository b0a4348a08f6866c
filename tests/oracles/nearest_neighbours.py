"""Neighbours, graphs and votes as their definitions say, by loops over pairs."""

import numpy as np


def distance(x, y, metric="euclidean"):
    if metric == "cosine":
        return 1 - (x @ y) / np.sqrt((x @ x) * (y @ y))
    return np.sqrt(((x - y) ** 2).sum())


def nearest(X, k, metric="euclidean", codes=None, price=0.0):
    """Indices and distances of the k nearest others, equal distances by index."""
    found, lengths = [], []
    for i in range(len(X)):
        pairs = []
        for j in range(len(X)):
            if j != i:
                d = distance(X[i], X[j], metric)
                if codes is not None:
                    d = np.sqrt(d**2 + price * (codes[i] != codes[j]).sum())
                pairs.append((d, j))
        pairs.sort()
        found.append([j for _, j in pairs[:k]])
        lengths.append([d for d, _ in pairs[:k]])
    return np.array(found), np.array(lengths)


def graph(X, mode, k=None, radius=None):
    """Whether two points are joined."""
    n = len(X)
    joined = np.zeros((n, n), bool)
    if mode == "epsilon":
        for i in range(n):
            for j in range(n):
                joined[i, j] = i != j and distance(X[i], X[j]) <= radius
        return joined
    near = nearest(X, k)[0]
    for i in range(n):
        joined[i, near[i]] = True
    return joined | joined.T if mode == "knn" else joined & joined.T


def classify(X, y, new, k):
    """The label most of the k nearest bear, the smallest of those tied."""
    labels = []
    for x in new:
        order = np.argsort([distance(x, other) for other in X], kind="stable")[:k]
        labels.append(np.bincount(y[order]).argmax())
    return np.array(labels)


def regress(X, y, new, k):
    """The mean of the k nearest."""
    return np.array([y[np.argsort([distance(x, other) for other in X], kind="stable")[:k]].mean() for x in new])
