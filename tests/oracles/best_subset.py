"""Best subsets by trying all of them."""

from itertools import combinations

import numpy as np
from scipy.optimize import minimize


def least_squares(X, y, columns, l2=0.0, weight=None, intercept=True):
    """1/(2S) sum_i s_i (y_i - x_i'w - b)^2 + l2/2 |w|^2 at its minimum over weights on some columns."""
    weight = np.ones(len(y)) if weight is None else weight
    total = weight.sum()
    Z, t = X[:, list(columns)], y
    if intercept:
        Z, t = Z - weight @ Z / total, t - weight @ t / total
    rows = np.vstack([Z * np.sqrt(weight)[:, None], np.sqrt(total * l2) * np.eye(Z.shape[1])])
    target = np.append(t * np.sqrt(weight), np.zeros(Z.shape[1]))
    w = np.linalg.lstsq(rows, target, rcond=1e-11)[0] if Z.shape[1] else np.zeros(0)
    return 0.5 * float(np.sum((target - rows @ w) ** 2)) / total


def logistic(X, y, columns, l2):
    """Mean of log(1 + exp(-z)), z = (2y - 1)(x'w + b), plus l2/2 |w|^2, at its minimum."""
    Z = np.column_stack([X[:, list(columns)], np.ones(len(y))])
    sign = 2.0 * y - 1.0

    def value(theta):
        return np.logaddexp(0.0, -sign * (Z @ theta)).mean() + 0.5 * l2 * theta[:-1] @ theta[:-1]

    return float(minimize(value, np.zeros(Z.shape[1]), method="BFGS", options={"gtol": 1e-7}).fun)


def smallest(value, p, k):
    """The least value over all subsets of k of p columns, and a subset that has it."""
    return min((value(columns), columns) for columns in combinations(range(p), k))


def swap_exact(X, y, columns):
    """Whether no exchange of one column for another lowers the squared error."""
    here = least_squares(X, y, columns)
    others = sorted(set(range(X.shape[1])) - set(columns))
    return all(
        least_squares(X, y, [*(c for c in columns if c != out), new]) >= here - 1e-9 * y.var()
        for out in columns
        for new in others
    )
