"""Huber regression from its definition [huber1964]."""


def objective(w, b, sigma, X, y, weight, epsilon, alpha):
    """Sum of s (sigma + sigma phi(r / sigma)) + alpha |w|^2."""
    total = alpha * sum(v * v for v in w)
    for x, target, s in zip(X, y, weight, strict=True):
        u = abs((sum(a * v for a, v in zip(x, w, strict=True)) + b - target) / sigma)
        total += s * sigma * (1 + (u * u if u <= epsilon else 2 * epsilon * u - epsilon**2))
    return total
