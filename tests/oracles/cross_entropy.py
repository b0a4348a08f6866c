"""Cross-entropy and its derivatives row by row, from the definition with plain sums."""

import math

import numpy as np


def probabilities(z):
    """Softmax of one row; for a single number, the probabilities of class 0 and 1."""
    z = [0.0, *z] if len(z) == 1 else list(z)
    top = max(z)
    e = [math.exp(v - top) for v in z]
    return [v / sum(e) for v in e]


def loss(z, y):
    """-log p_y of one row, in extended precision through the largest term."""
    z = [0.0, *z] if len(z) == 1 else list(z)
    top = max(z)
    return math.log(sum(math.exp(v - top) for v in z)) + top - z[y]


def objective(theta, X, y, weight, alpha):
    """Mean loss plus 1/2 alpha |W|^2; theta is (p + 1, k), intercepts last."""
    total = 0.0
    for i in range(len(y)):
        z = [sum(X[i, j] * theta[j, k] for j in range(X.shape[1])) + theta[-1, k] for k in range(theta.shape[1])]
        total += weight[i] * loss(z, y[i])
    return total / sum(weight) + 0.5 * alpha * float((theta[:-1] ** 2).sum())


def gradient(theta, X, y, weight, alpha, step=1e-6):
    """Central differences of the objective."""
    out = np.zeros_like(theta)
    for index in np.ndindex(*theta.shape):
        up, down = theta.copy(), theta.copy()
        up[index] += step
        down[index] -= step
        rise = objective(up, X, y, weight, alpha) - objective(down, X, y, weight, alpha)
        out[index] = rise / (2 * step)
    return out
