"""EM for a Gaussian mixture by the textbook's formulas [bishop2006] §9.2, one row and one component at a time."""

from typing import Any

import numpy as np
from scipy.stats import multivariate_normal

normal: Any = multivariate_normal  # its stub takes a covariance for an int


def matrices(kind, covariances, k, d):
    """Covariances of any type as k matrices."""
    if kind == "full":
        return [np.asarray(c) for c in covariances]
    if kind == "tied":
        return [np.asarray(covariances)] * k
    if kind == "diag":
        return [np.diag(c) for c in covariances]
    return [c * np.eye(d) for c in covariances]


def log_density(X, weights, means, covariances):
    """log p(x) of each row, with matrices as covariances."""
    parts = zip(weights, means, covariances, strict=True)
    return np.log(sum(w * normal.pdf(X, m, S).reshape(-1) for w, m, S in parts))


def step(kind, X, weight, weights, means, covariances, ridge):
    """Mean log-likelihood at the parameters, and the parameters of the M step."""
    (n, d), k = X.shape, len(weights)
    full = matrices(kind, covariances, k, d)
    joint = np.array([[w * normal.pdf(x, m, S) for w, m, S in zip(weights, means, full)] for x in X])
    value = sum(s * np.log(row.sum()) for s, row in zip(weight, joint, strict=True)) / weight.sum()
    r = weight[:, None] * joint / joint.sum(axis=1, keepdims=True)
    counts = r.sum(axis=0)
    new_means = np.array([sum(r[i, c] * X[i] for i in range(n)) / counts[c] for c in range(k)])
    scatter = [sum(r[i, c] * np.outer(X[i] - new_means[c], X[i] - new_means[c]) for i in range(n)) for c in range(k)]
    if kind == "tied":
        new = sum(scatter) / counts.sum() + ridge * np.eye(d)
    else:
        new = np.array([S / N for S, N in zip(scatter, counts, strict=True)]) + ridge * np.eye(d)
        new = new if kind == "full" else np.array([np.diag(S) for S in new])
        new = new.mean(axis=1) if kind == "spherical" else new
    return value, (counts / counts.sum(), new_means, new)
