"""Least squares by gradient descent on all rows, one number at a time."""

import numpy as np


def linear_regression(W, b, X, Y, rate, steps):
    """Weights after some steps on the mean over rows and targets of (Wx + b - y)^2 / 2, from W (k, p) and b (k,)."""
    W, b = np.array(W, dtype=float), np.array(b, dtype=float)
    n, (k, p) = len(X), W.shape
    for _ in range(steps):
        dW, db = np.zeros_like(W), np.zeros_like(b)
        for i in range(n):
            for t in range(k):
                error = (sum(W[t, j] * X[i, j] for j in range(p)) + b[t] - Y[i, t]) / (n * k)
                db[t] += error
                for j in range(p):
                    dW[t, j] += error * X[i, j]
        W -= rate * dW
        b -= rate * db
    return W, b
