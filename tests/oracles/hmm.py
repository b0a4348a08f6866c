"""Hidden Markov models by enumeration: every path of states, one after the other."""

from itertools import product

import numpy as np


def paths(start, A, b):
    """All paths with their probabilities p(x, y), for the frames' likelihoods b (T, N)."""
    T, N = b.shape
    for y in product(range(N), repeat=T):
        p = start[y[0]] * b[0, y[0]]
        for t in range(1, T):
            p = p * A[y[t - 1], y[t]] * b[t, y[t]]
        yield y, p


def posterior(start, A, b):
    """p(x), marginals (T, N) and sums of pairs (N, N)."""
    T, N = b.shape
    total, marginals, pairs = 0.0, np.zeros((T, N)), np.zeros((N, N))
    for y, p in paths(start, A, b):
        total += p
        for t in range(T):
            marginals[t, y[t]] += p
        for t in range(1, T):
            pairs[y[t - 1], y[t]] += p
    return total, marginals / total, pairs / total


def best(start, A, b):
    """The likeliest path and its probability."""
    return max(paths(start, A, b), key=lambda found: found[1])


def step(start, A, frames, weight=None):
    """One step of Baum-Welch for the chain: log-likelihood, new start, new A, and the marginals of each sequence."""
    value, new_start, new_A, marginals = 0.0, np.zeros_like(start), np.zeros_like(A), []
    for k, b in enumerate(frames):
        w = 1.0 if weight is None else weight[k]
        total, gamma, xi = posterior(start, A, b)
        value += w * np.log(total)
        new_start += w * gamma[0]
        new_A += w * xi
        marginals.append(w * gamma)
    rows = new_A.sum(axis=1, keepdims=True)
    return value, new_start / new_start.sum(), np.where(rows > 0, new_A / np.where(rows > 0, rows, 1), A), marginals


def categorical(B, x):
    """Likelihoods (T, N) of symbols; NaN is not observed."""
    return np.array([[1.0 if np.isnan(m) else B[i, int(m)] for i in range(len(B))] for m in x])


def categorical_step(B, sequences, marginals):
    """Relative frequencies of the symbols."""
    counts = np.zeros_like(B)
    for x, gamma in zip(sequences, marginals, strict=True):
        for t, m in enumerate(x):
            if not np.isnan(m):
                counts[:, int(m)] += gamma[t]
    return counts / counts.sum(axis=1, keepdims=True)


def multinomial(B, X):
    """Likelihoods (T, N) of rows of counts."""
    from math import factorial, prod

    out = np.ones((len(X), len(B)))
    for t, x in enumerate(X):
        if not np.isnan(x).any():
            ways = factorial(int(sum(x))) / prod(factorial(int(c)) for c in x)
            out[t] = [ways * prod(p ** int(c) for p, c in zip(row, x, strict=True)) for row in B]
    return out


def multinomial_step(B, sequences, marginals):
    """Shares of the columns."""
    counts = np.zeros_like(B)
    for X, gamma in zip(sequences, marginals, strict=True):
        for x, g in zip(X, gamma, strict=True):
            if not np.isnan(x).any():
                counts += np.outer(g, x)
    return counts / counts.sum(axis=1, keepdims=True)


def poisson(rates, X):
    """Likelihoods (T, N) of rows of counts; entries of NaN are left out."""
    from math import exp, factorial

    out = np.ones((len(X), len(rates)))
    for t, x in enumerate(X):
        for i, row in enumerate(rates):
            for rate, c in zip(row, x, strict=True):
                if not np.isnan(c):
                    out[t, i] *= exp(-rate) * rate ** int(c) / factorial(int(c))
    return out


def poisson_step(rates, sequences, marginals, a=0.0, b=0.0):
    """Means of the counts with a counts and b frames seen before."""
    counts, frames = np.full_like(rates, a), np.full_like(rates, b)
    for X, gamma in zip(sequences, marginals, strict=True):
        for x, g in zip(X, gamma, strict=True):
            for j, c in enumerate(x):
                if not np.isnan(c):
                    counts[:, j] += g * c
                    frames[:, j] += g
    return counts / frames
