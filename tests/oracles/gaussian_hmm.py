"""Gaussian emissions by loops over rows and states: densities of what is seen, and moments of completed rows."""

import numpy as np


def density(x, mean, S):
    """N(x | mean, S) of the numbers that are there; 1 if there are none."""
    o = ~np.isnan(x)
    if not o.any():
        return 1.0
    u, S = (x - mean)[o], S[np.ix_(o, o)]
    return float(np.exp(-0.5 * u @ np.linalg.inv(S) @ u) / np.sqrt(np.linalg.det(2 * np.pi * S)))


def likelihoods(X, means, covariances):
    """Likelihoods (T, N)."""
    return np.array([[density(x, m, S) for m, S in zip(means, covariances, strict=True)] for x in X])


def completed(x, mean, S):
    """Expected row given what is seen of it, and the covariance of the rest."""
    o, guess, C = ~np.isnan(x), mean.copy(), np.zeros_like(S)
    h = ~o
    guess[o] = x[o]
    if h.any():
        B = S[np.ix_(h, o)] @ np.linalg.inv(S[np.ix_(o, o)])
        guess[h] = mean[h] + B @ (x - mean)[o]
        C[np.ix_(h, h)] = S[np.ix_(h, h)] - B @ S[np.ix_(o, h)]
    return guess, C


def moments(X, shares, means, covariances):
    """Counts (N,), sums (N, p) of x − mean and (N, p, p) of their outer products, expected for gaps."""
    counts, first, second = np.zeros(len(means)), np.zeros_like(means), np.zeros_like(covariances)
    for x, r in zip(X, shares, strict=True):
        for j in range(len(means)):
            guess, C = completed(x, means[j], covariances[j])
            u = guess - means[j]
            counts[j] += r[j]
            first[j] += r[j] * u
            second[j] += r[j] * (np.outer(u, u) + C)
    return counts, first, second


def step(kind, X, shares, means, covariances, group=None):
    """M step without a prior: means, and matrices for each Gaussian; tied ones share theirs within a group."""
    counts, first, second = moments(X, shares, means, covariances)
    move = first / counts[:, None]
    S = np.array([s / n - np.outer(d, d) for s, n, d in zip(second, counts, move, strict=True)])
    p, group = means.shape[1], np.zeros(len(means), int) if group is None else group
    if kind == "tied":
        S = np.array([np.average(S[group == g], axis=0, weights=counts[group == g]) for g in group])
    if kind in ("diag", "spherical"):
        S = np.array([np.diag(np.diag(s)) for s in S])
    if kind == "spherical":
        S = np.array([np.eye(p) * np.trace(s) / p for s in S])
    return means + move, S


def mixture(weights, X, means, covariances):
    """Likelihoods (T, N) of mixtures, and shares (T, N, M) of the components; means (N, M, p)."""
    N, M, p = means.shape
    each = likelihoods(X, means.reshape(N * M, p), covariances.reshape(N * M, p, p)).reshape(len(X), N, M) * weights
    return each.sum(axis=2), each / each.sum(axis=2, keepdims=True)
