"""E step of a Gaussian mixture with missing values, row by row with inverses [ghahramani1994]."""

import numpy as np
from scipy.stats import multivariate_normal


def as_matrices(covariances, kind, k, d):
    """Covariances of any kind as (k, d, d)."""
    if kind == "full":
        return covariances
    if kind == "tied":
        return np.array([covariances] * k)
    if kind == "diag":
        return np.array([np.diag(v) for v in covariances])
    return np.array([v * np.eye(d) for v in covariances])


def log_densities(X, means, covariances):
    """log N(x_o | k), (n, k)."""
    out = np.zeros((len(X), len(means)))
    for i, x in enumerate(X):
        seen = ~np.isnan(x)
        for c in range(len(means)):
            if seen.any():
                out[i, c] = multivariate_normal.logpdf(x[seen], means[c][seen], covariances[c][np.ix_(seen, seen)])
    return out


def expectation(X, row_weights, weights, means, covariances):
    """Log-likelihood, N_k, sum of r (x^ - mu), sum of r ((x^ - mu)(x^ - mu)' + C)."""
    joint = np.log(weights) + log_densities(X, means, covariances)
    logs = np.logaddexp.reduce(joint, axis=1)
    shares = np.exp(joint - logs[:, None]) * row_weights[:, None]
    first, second = np.zeros(means.shape), np.zeros(covariances.shape)
    for x, share in zip(X, shares, strict=True):
        o, m = ~np.isnan(x), np.isnan(x)
        for c, S in enumerate(covariances):
            gain = S[np.ix_(m, o)] @ np.linalg.inv(S[np.ix_(o, o)])
            u, C = np.zeros(len(x)), np.zeros_like(S)
            u[o] = x[o] - means[c][o]
            u[m] = gain @ u[o]
            C[np.ix_(m, m)] = S[np.ix_(m, m)] - gain @ S[np.ix_(o, m)]
            first[c] += share[c] * u
            second[c] += share[c] * (np.outer(u, u) + C)
    return float(row_weights @ logs), shares.sum(axis=0), first, second
