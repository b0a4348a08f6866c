"""SAMME on stumps by the definition: every threshold of every column, weights normalised in each round."""

from itertools import pairwise

import numpy as np


def gini(weight, y, k):
    total = weight.sum()
    return 0.0 if total <= 0 else total * (1 - sum((weight[y == c].sum() / total) ** 2 for c in range(k)))


def stump(X, y, weight, k):
    """Column, threshold and classes of the sides of the stump of least Gini impurity; the first of equal ones."""
    best = (np.inf, -1, np.nan, 0, 0)
    for j in range(X.shape[1]):
        values = np.unique(X[weight > 0, j])
        for low, high in pairwise(values):
            left = X[:, j] <= (low + high) / 2
            cost = gini(weight[left], y[left], k) + gini(weight[~left], y[~left], k)
            if cost < best[0] - 1e-12:
                sides = [int(np.argmax([weight[s & (y == c)].sum() for c in range(k)])) for s in (left, ~left)]
                best = (cost, j, (low + high) / 2, *sides)
    return best[1:]


def boost(X, y, weight, k, rounds, learning_rate=1.0):
    """Rounds as (column, threshold, error, vote)."""
    weight, found = weight / weight.sum(), []
    for _ in range(rounds):
        column, threshold, left, right = stump(X, y, weight, k)
        wrong = np.where(X[:, column] <= threshold, left, right) != y
        error = weight[wrong].sum()
        vote = learning_rate * (np.log((1 - error) / error) + np.log(k - 1))
        found.append((column, threshold, error, vote))
        weight = weight * np.exp(vote * wrong)
        weight /= weight.sum()
    return found


def weighted_median(values, weights):
    order = np.argsort(values)
    below = np.cumsum(weights[order])
    return values[order][np.flatnonzero(below >= below[-1] / 2)[0]]
