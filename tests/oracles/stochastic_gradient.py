"""Stochastic gradient descent as it is defined: a loop over the rows, all weights in hand [bottou2010]."""

import math

import numpy as np


def loss(name, z, y, epsilon):
    """Value and slope of a loss, from its definition."""
    r, m = z - y, y * z
    if name == "squared_error":
        return r * r / 2, r
    if name == "huber":
        return (r * r / 2, r) if abs(r) <= epsilon else (epsilon * (abs(r) - epsilon / 2), math.copysign(epsilon, r))
    if name == "epsilon_insensitive":
        return (0.0, 0.0) if abs(r) <= epsilon else (abs(r) - epsilon, math.copysign(1.0, r))
    if name == "squared_epsilon_insensitive":
        out = max(0.0, abs(r) - epsilon)
        return out * out, math.copysign(2 * out, r)
    if name in ("hinge", "perceptron"):
        t = 1.0 if name == "hinge" else 0.0
        return (t - m, -y) if m <= t else (0.0, 0.0)
    if name == "squared_hinge":
        return max(0.0, 1 - m) ** 2, -2 * y * max(0.0, 1 - m)
    if name == "modified_huber":
        return (-4 * m, -4 * y) if m < -1 else (max(0.0, 1 - m) ** 2, -2 * y * max(0.0, 1 - m))
    return math.log1p(math.exp(-m)), -y / (1 + math.exp(m))


def descend(X, y, epochs, *, name, l1, l2, rate, epsilon=0.1, weight=None, start=1, decay=1.0):
    """Rows in their order; returns w, b, the averages of both from step `start` on, and the mean objectives."""
    n, p = X.shape
    w, b, u, q, t = np.zeros(p), 0.0, 0.0, np.zeros(p), 1
    mean_w, mean_b, seen, curve = np.zeros(p), 0.0, 0, []
    for _ in range(epochs):
        total = 0.0
        for i in range(n):
            value, slope = loss(name, X[i] @ w + b, y[i], epsilon)
            total += value + l2 / 2 * (w @ w) + l1 * np.abs(w).sum()
            eta = rate(t)
            step = -eta * slope * (1.0 if weight is None else weight[i])
            w = max(0.0, 1 - eta * l2) * w + step * X[i]
            b += decay * step
            u += eta * l1
            for j in np.flatnonzero(X[i]):  # the cumulative penalty, paid by the columns of the row [tsuruoka2009]
                before = w[j]
                w[j] = max(0.0, before - (u + q[j])) if before > 0 else min(0.0, before + (u - q[j]))
                q[j] += w[j] - before
            if t >= start:
                seen += 1
                mean_w, mean_b = mean_w + (w - mean_w) / seen, mean_b + (b - mean_b) / seen
            t += 1
        curve.append(total / n)
    return w, b, mean_w, mean_b, curve
