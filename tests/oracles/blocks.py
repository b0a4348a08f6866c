"""Weighted Gram matrix, cross products and sums, one row at a time."""

import numpy as np


def moments(X, y, weight):
    p = X.shape[1]
    gram, cross, sums, total = np.zeros((p, p)), np.zeros(p), np.zeros(p), 0.0
    for x, target, w in zip(X, y, weight, strict=True):
        gram += w * np.outer(x, x)
        cross += w * target * x
        sums += w * x
        total += w
    return gram, cross, sums, total
