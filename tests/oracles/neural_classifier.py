"""Softmax regression by gradient descent on all rows, one number at a time."""

import math

import numpy as np


def softmax_regression(W, b, X, y, weight, rate, steps):
    """Weights after some steps on the weighted mean of -log softmax(Wx + b)_y, from W (K, p) and b (K,)."""
    W, b = np.array(W, dtype=float), np.array(b, dtype=float)
    n, (K, p) = len(X), W.shape
    for _ in range(steps):
        dW, db = np.zeros_like(W), np.zeros_like(b)
        for i in range(n):
            z = [sum(W[k, j] * X[i, j] for j in range(p)) + b[k] for k in range(K)]
            top = max(z)
            total = sum(math.exp(value - top) for value in z)
            for k in range(K):
                error = weight[i] / sum(weight) * (math.exp(z[k] - top) / total - (y[i] == k))
                db[k] += error
                for j in range(p):
                    dW[k, j] += error * X[i, j]
        W -= rate * dW
        b -= rate * db
    return W, b
