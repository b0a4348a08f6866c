"""Proximal gradient descent with a fixed small step: slow, and obviously right for a convex sum."""

import numpy as np


def minimise(gradient, x, l1, free=None, step=0.1, steps=20_000):
    """Minimiser of f(x) + sum l1_j |x_j| from f's gradient, x >= 0 but for `free` if that is given.

    `step` must be below 1 / the gradient's Lipschitz constant.
    """
    for _ in range(steps):
        moved = x - step * gradient(x)
        x = np.sign(moved) * np.maximum(np.abs(moved) - step * l1, 0.0)
        if free is not None:
            x = np.where(free, x, np.maximum(x, 0.0))
    return x


def logistic_gradient(X, y, weight, l2, theta):
    """Gradient of the weighted mean log-loss plus l2/2 |w|^2, row by row; theta is (w, b)."""
    out = np.append(l2 * theta[:-1], 0.0)
    for row, label, s in zip(X, y, weight / weight.sum(), strict=True):
        p = 1 / (1 + np.exp(-(row @ theta[:-1] + theta[-1])))
        out += s * (p - label) * np.append(row, 1.0)
    return out
