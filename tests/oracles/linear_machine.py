"""Linear support vector machines as quadratic programmes with a slack for each row, given to a general solver."""

import numpy as np
from scipy.optimize import minimize


def objective(w, b, X, y, C, loss, *, epsilon=0.0, scaling=1.0, absolute=False):
    """What LIBLINEAR minimises; scaling = inf leaves b unpenalised, 0 says that there is no b."""
    v = b / scaling if scaling > 0 else 0.0
    total = sum(abs(w)) + abs(v) if absolute else 0.5 * (sum(w * w) + v * v)
    for x, target, strength in zip(X, y, C, strict=True):
        z = x @ w + b
        slack = max(0.0, 1 - target * z) if loss.endswith("hinge") else max(0.0, abs(z - target) - epsilon)
        total += strength * slack ** (2 if loss.startswith("squared") else 1)
    return total


def best(X, y, C, loss, *, epsilon=0.0, scaling=1.0, absolute=False):
    """The least objective. Variables: positive and negative parts of (w, v), and the slacks."""
    n, p = X.shape
    unit, ridge = (1.0, 0.0) if np.isinf(scaling) else (scaling, 1.0)
    Z, k = np.column_stack([X, np.full(n, unit)]), p + 1
    penalty, power = np.append(np.ones(p), ridge), 2 if loss.startswith("squared") else 1

    def value(t):
        theta, slack = t[:k] - t[k : 2 * k], t[2 * k :]
        size = penalty @ (t[:k] + t[k : 2 * k]) if absolute else 0.5 * penalty @ theta**2
        return size + C @ slack**power

    eye = np.eye(n)
    if loss.endswith("hinge"):
        rows, right = np.hstack([y[:, None] * Z, -y[:, None] * Z, eye]), np.ones(n)
    else:
        rows = np.vstack([np.hstack([Z, -Z, eye]), np.hstack([-Z, Z, eye])])
        right = np.append(y - epsilon, -y - epsilon)
    bounds = [(0, 0 if scaling == 0 and j % k == p else None) for j in range(2 * k)]
    start = np.append(np.full(2 * k, 0.1), np.abs(right).max() + 1 + np.zeros(n))
    found = minimize(
        value,
        start,
        method="SLSQP",
        bounds=[*bounds, *[(0, None)] * n],
        constraints={"type": "ineq", "fun": lambda t: rows @ t - right, "jac": lambda t: rows},
        options={"maxiter": 1000, "ftol": 1e-12},
    )
    return found.fun


def crammer_singer(W, b, X, label, C, scaling=1.0):
    """The objective of all classes at once."""
    v = np.asarray(b) / scaling
    total = 0.5 * (np.sum(W * W) + np.sum(v * v))
    for x, own, strength in zip(X, label, C, strict=True):
        z = W @ x + b
        total += strength * max((k != own) + z[k] - z[own] for k in range(len(W)))
    return total
