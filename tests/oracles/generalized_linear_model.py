"""Generalised linear models by the definitions: scalar likelihoods, one-hot columns, textbook IRLS [mccullagh1989]."""

import math

import numpy as np


def mean(z: float, link: str) -> float:
    """The inverse link of one number."""
    return {
        "identity": lambda: z,
        "log": lambda: math.exp(z),
        "logit": lambda: 1 / (1 + math.exp(-z)),
        "probit": lambda: 0.5 * math.erfc(-z / math.sqrt(2)),
        "cloglog": lambda: 1 - math.exp(-math.exp(z)),
        "inverse": lambda: 1 / z,
    }[link]()


def xlogx(x: float, ratio: float) -> float:
    return x * math.log(ratio) if x > 0 else 0.0


def unit_deviance(y: float, mu: float, family: str, extra: float = 1.5) -> float:
    """The unit deviances of the textbook, one family after the other; `extra` is Tweedie's power or theta."""
    if family == "normal":
        return (y - mu) ** 2
    if family == "poisson":
        return 2 * (xlogx(y, y / mu) - y + mu)
    if family in ("gamma", "exponential"):
        return 2 * (y / mu - 1 - math.log(y / mu))
    if family == "inverse-gaussian":
        return (y - mu) ** 2 / (mu**2 * y)
    if family == "binomial":
        return 2 * (xlogx(y, y / mu) + xlogx(1 - y, (1 - y) / (1 - mu)))
    if family == "negative-binomial":
        return 2 * (xlogx(y, y / mu) - (y + 1 / extra) * math.log((1 + extra * y) / (1 + extra * mu)))
    p = extra
    return 2 * (y ** (2 - p) / ((1 - p) * (2 - p)) - y * mu ** (1 - p) / (1 - p) + mu ** (2 - p) / (2 - p))


def objective(x, X, y, weight, offset, family, link, l1=0.0, l2=0.0, extra=1.5) -> float:
    """1/(2S) sum s_i d_i + l1 |w|_1 + l2/2 |w|^2; the intercept is the last of x."""
    w, b, total = x[:-1], x[-1], 0.0
    for row, target, s, o in zip(X, y, weight, offset):
        total += s * unit_deviance(target, mean(float(row @ w) + b + o, link), family, extra) / 2
    return total / sum(weight) + l1 * sum(abs(w)) + l2 / 2 * float(w @ w)


def gradient(f, x, step=1e-6) -> np.ndarray:
    """Central differences."""
    out = np.zeros(len(x))
    for j in range(len(x)):
        move = np.zeros(len(x))
        move[j] = step
        out[j] = (f(x + move) - f(x - move)) / (2 * step)
    return out


def one_hot(codes, levels: int) -> np.ndarray:
    """Columns of zeros and ones, row by row."""
    out = np.zeros((len(codes), levels))
    for i, code in enumerate(codes):
        out[i, code] = 1
    return out


def poisson_irls(X, y, offset, iterations=50) -> tuple[np.ndarray, np.ndarray]:
    """Coefficients, intercept first, and their standard errors, by weighted least squares on the working response."""
    Z = np.column_stack([np.ones(len(y)), X])
    x = np.zeros(Z.shape[1])
    x[0] = math.log(sum(y) / sum(np.exp(offset)))
    for _ in range(iterations):
        mu = np.exp(Z @ x + offset)
        working = Z @ x + (y - mu) / mu
        x = np.linalg.solve(Z.T @ (mu[:, None] * Z), Z.T @ (mu * working))
    return x, np.sqrt(np.diag(np.linalg.inv(Z.T @ (np.exp(Z @ x + offset)[:, None] * Z))))
