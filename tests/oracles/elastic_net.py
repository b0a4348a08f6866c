"""The elastic net by brute force: try every pattern of signs, solve its linear system, keep the best."""

from itertools import product

import numpy as np


def objective(X, y, w, b, l1, l2, share):
    """Sum over the rows of share/2 times the squared error, plus the penalty."""
    total = sum(0.5 * s * (t - b - float(x @ w)) ** 2 for s, t, x in zip(share, y, X))
    return total + sum(a * abs(c) + 0.5 * d * c * c for a, d, c in zip(l1, l2, w) if c != 0)


def elastic_net(X, y, l1, l2, weight=None, intercept=True, positive=False):
    """(coef, intercept) for strengths l1, l2 of shape (p,)."""
    n, p = X.shape
    share = np.full(n, 1 / n) if weight is None else weight / weight.sum()
    best = np.inf, np.zeros(p), 0.0
    for signs in product((0, 1) if positive else (-1, 0, 1), repeat=p):
        s, w = np.array(signs), np.zeros(p)
        S = np.flatnonzero(s)
        Z = np.column_stack([X[:, S], np.ones(n)]) if intercept else X[:, S]
        k = len(S)
        A, c = Z.T @ (share[:, None] * Z), Z.T @ (share * y)
        A[:k, :k] += np.diag(l2[S])
        c[:k] -= l1[S] * s[S]
        theta = np.linalg.lstsq(A, c, rcond=None)[0] if len(c) else c
        w[S] = theta[:k]
        if positive and (w < 0).any():
            continue
        b = float(theta[k]) if intercept else 0.0
        value = objective(X, y, w, b, l1, l2, share)
        if value < best[0] - 1e-15:
            best = value, w, b
    return best[1], best[2]
