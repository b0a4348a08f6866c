"""Principal components the slow, obvious way [pearson1901] [tipping1999]."""

import numpy as np


def scatter(X: np.ndarray, weight: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Weighted mean, and the sum of w (x - m)(x - m)' row by row."""
    mean = sum(w * x for w, x in zip(weight, X, strict=True)) / weight.sum()
    return mean, np.sum([w * np.outer(x - mean, x - mean) for w, x in zip(weight, X, strict=True)], axis=0)


def axes(X: np.ndarray, k: int, steps: int = 3000) -> tuple[np.ndarray, np.ndarray]:
    """The k leading eigenpairs of the covariance by power iteration and deflation."""
    C = np.cov(X.T)
    values, vectors = [], []
    for j in range(k):
        v = np.ones(len(C)) + np.eye(len(C))[j % len(C)]
        for _ in range(steps):
            v = C @ v
            v = v / np.linalg.norm(v)
        values.append(v @ C @ v)
        vectors.append(v * np.sign(v[np.argmax(np.abs(v))]))
        C = C - values[-1] * np.outer(v, v)
    return np.array(values), np.array(vectors)


def log_likelihood(X: np.ndarray, mean: np.ndarray, covariance: np.ndarray) -> np.ndarray:
    """Log-density of the seen entries of each row under N(mean, covariance)."""
    out = []
    for x in X:
        seen = ~np.isnan(x)
        r, C = (x - mean)[seen], covariance[np.ix_(seen, seen)]
        out.append(-0.5 * (seen.sum() * np.log(2 * np.pi) + np.linalg.slogdet(C)[1] + r @ np.linalg.solve(C, r)))
    return np.array(out)


def conditional_mean(x: np.ndarray, mean: np.ndarray, covariance: np.ndarray) -> np.ndarray:
    """The row with each missing entry replaced by its expectation given the seen ones."""
    seen = ~np.isnan(x)
    out = x.copy()
    C = covariance
    out[~seen] = mean[~seen] + C[np.ix_(~seen, seen)] @ np.linalg.solve(C[np.ix_(seen, seen)], (x - mean)[seen])
    return out


def em_step(X: np.ndarray, W: np.ndarray, mean: np.ndarray, noise: float) -> tuple[np.ndarray, np.ndarray, float]:
    """One EM iteration for rows with missing entries, with loops."""
    (n, p), k = X.shape, W.shape[1]
    moments = []
    for x in X:
        seen = ~np.isnan(x)
        M = W[seen].T @ W[seen] + noise * np.eye(k)
        z = np.linalg.solve(M, W[seen].T @ (x - mean)[seen])
        moments.append((z, noise * np.linalg.inv(M) + np.outer(z, z)))
    new_W, new_mean, squares, count = np.zeros_like(W), np.zeros(p), 0.0, 0
    for j in range(p):
        A, b = np.zeros((k + 1, k + 1)), np.zeros(k + 1)
        rows = [i for i in range(n) if not np.isnan(X[i, j])]
        for i in rows:
            z, zz = moments[i]
            A += np.block([[zz, z[:, None]], [z[None], np.ones((1, 1))]])
            b += X[i, j] * np.append(z, 1.0)
        beta = np.linalg.solve(A, b)
        new_W[j], new_mean[j] = beta[:-1], beta[-1]
        for i in rows:
            z, zz = moments[i]
            w, rest = beta[:-1], X[i, j] - beta[-1]
            squares += rest**2 - 2 * rest * (w @ z) + w @ zz @ w
            count += 1
    return new_W, new_mean, squares / count


def log_evidence(values: np.ndarray, k: int, n: int) -> float:
    """Minka's approximation of the evidence of k components, term by term [minka2001]."""
    from math import lgamma, log, pi

    p = len(values)
    v = sum(values[k:]) / (p - k)
    total = -k * log(2)
    for i in range(1, k + 1):
        total += lgamma((p - i + 1) / 2) - log(pi) * (p - i + 1) / 2
    total -= n / 2 * sum(log(x) for x in values[:k]) + n * (p - k) / 2 * log(v)
    m = p * k - k * (k + 1) / 2
    total += log(2 * pi) * (m + k) / 2 - k * log(n) / 2
    floored = [*values[:k], *[v] * (p - k)]
    for i in range(k):
        for j in range(i + 1, p):
            total -= 0.5 * (log((1 / floored[j] - 1 / floored[i]) * (values[i] - values[j])) + log(n))
    return total
