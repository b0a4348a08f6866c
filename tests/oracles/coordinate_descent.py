"""Coordinate descent by its definition: each coordinate in turn goes to the minimum of its parabola plus penalty."""

import numpy as np


def soft_threshold(z, t, positive=False):
    """S(z, t)."""
    if positive:
        return max(z - t, 0.0)
    return np.sign(z) * max(abs(z) - t, 0.0)


def sweeps(G, b, w, l1, l2, positive=False, count=1):
    """The point after so many sweeps over all coordinates."""
    w = w.copy()
    for _ in range(count):
        for j in range(len(w)):
            others = sum(G[j, k] * w[k] for k in range(len(w)) if k != j)
            if G[j, j] + l2[j] > 0:
                w[j] = soft_threshold(b[j] - others, l1[j], positive) / (G[j, j] + l2[j])
    return w
