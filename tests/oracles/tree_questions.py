"""The best question of a node by trying every one of them, straight from the definitions."""

from itertools import combinations

import numpy as np


def impurity(y, weight, criterion):
    """Of the targets (n, outputs), the mean over the outputs."""
    return float(np.mean([_impurity(column, weight, criterion) for column in y.T]))


def _impurity(y, weight, criterion):
    share = weight / weight.sum()
    if criterion in ("gini", "entropy", "log_loss"):
        p = np.array([share[y == k].sum() for k in np.unique(y)])
        return 1 - (p**2).sum() if criterion == "gini" else -(p * np.log2(p)).sum()
    if criterion == "absolute_error":
        return min(share @ np.abs(y - value) for value in y)  # a row's value is a median
    mean = share @ y
    if criterion == "poisson":
        positive = y > 0
        return share[positive] @ (y[positive] * np.log(y[positive] / mean)) if mean > 0 else np.inf
    return share @ (y - mean) ** 2


def partitions(x, categorical):
    """Every way to send rows left that a question about this column allows."""
    missing = np.isnan(x)
    values = np.unique(x[~missing])
    if categorical:
        chosen = (values[list(c)] for size in range(1, len(values)) for c in combinations(range(len(values)), size))
        sides = [np.isin(x, c) for c in chosen]
    else:
        sides = [x <= value for value in values[:-1]]
    yield from sides
    if missing.any():
        yield from (side | missing for side in sides)
        if len(values):
            yield ~missing


def best_decrease(X, y, weight, criterion, categorical=(), min_samples_leaf=1):
    """Largest weighted decrease of impurity over all questions; 0 if none is allowed."""
    best, total, here = 0.0, weight.sum(), impurity(y, weight, criterion)
    for j in range(X.shape[1]):
        for left in partitions(X[:, j], j in categorical):
            if min(left.sum(), (~left).sum()) < min_samples_leaf:
                continue
            shares = [weight[side].sum() / total for side in (left, ~left)]
            parts = [impurity(y[side], weight[side], criterion) for side in (left, ~left)]
            best = max(best, here - shares[0] * parts[0] - shares[1] * parts[1])
    return best
