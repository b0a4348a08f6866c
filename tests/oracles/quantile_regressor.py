"""Quantile regression by exhaustion: the optimum is a plane through as many rows as it has parameters [koenker1978]."""

from itertools import combinations

import numpy as np


def objective(theta, X, y, weight, q, alpha):
    """Mean pinball loss plus alpha |w|_1, intercept last."""
    r = y - X @ theta[:-1] - theta[-1]
    return sum(s * max(q * e, (q - 1) * e) for s, e in zip(weight, r, strict=True)) / sum(weight) + alpha * sum(
        abs(theta[:-1])
    )


def best(X, y, weight, q, alpha):
    """The least objective over all vertices: planes through rows, some weights being 0."""
    n, p = X.shape
    A = np.vstack([np.column_stack([X, np.ones(n)]), np.eye(p, p + 1)])
    right = np.append(y, np.zeros(p))
    found = np.inf
    for rows in combinations(range(n + p), p + 1):
        if abs(np.linalg.det(A[list(rows)])) > 1e-9:
            theta = np.linalg.solve(A[list(rows)], right[list(rows)])
            found = min(found, objective(theta, X, y, weight, q, alpha))
    return found
