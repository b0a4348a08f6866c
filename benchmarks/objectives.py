"""The quality of linear models, from their coefficients in float64: no package's own word is taken."""

from typing import Any

import numpy as np
from scipy.special import expit, log_softmax
from sklearn.preprocessing import PolynomialFeatures

from benchmarks.cases import Problem, Quality

BLOCK = 20_000  # rows whose monomials are held at a time


def least_squares(problem: Problem, model: Any, alpha: float = 0.0) -> Quality:
    """Largest gradient component of 1/2 |y - Xw - b|^2 + alpha/2 |w|^2, relative to the largest at w = 0."""
    X, y = problem.X, problem.y
    w, b = _weights(model)
    r, centred = X @ w + b - y, y - y.mean()
    gradient = np.append(X.T @ r + alpha * w, r.sum())
    return Quality(_largest(gradient) / _largest(X.T @ centred), float((r @ r + alpha * w @ w) / (centred @ centred)))


def least_norm(problem: Problem, model: Any) -> Quality:
    """Relative distance from the least-norm solution of the centred problem, found by an SVD."""
    X, y = problem.X, problem.y
    w, b = _weights(model)
    best = np.linalg.pinv(X - X.mean(axis=0), rcond=1e-10) @ (y - y.mean())  # centring takes one from the rank
    r = X @ w + b - y
    return Quality(float(np.linalg.norm(w - best) / np.linalg.norm(best)), float(r @ r / np.var(y) / len(y)))


def polynomial(problem: Problem, model: Any, degree: int) -> Quality:
    """`least_squares` on all monomials up to a degree, from the model's predictions."""
    X, y = problem.X, problem.y
    r, centred = model.predict(X) - y, y - y.mean()
    expand, gradient, scale = PolynomialFeatures(degree), 0.0, 0.0
    for start in range(0, len(y), BLOCK):
        rows = slice(start, start + BLOCK)
        Z = expand.fit_transform(X[rows])
        gradient, scale = gradient + Z.T @ r[rows], scale + Z.T @ centred[rows]
    return Quality(_largest(gradient) / _largest(scale), float(r @ r / (centred @ centred)))


def cross_entropy(problem: Problem, model: Any, C: float) -> Quality:
    """Largest gradient component of F = mean loss + |w|^2 / (2 C n), and F; the intercept is not penalised."""
    X, y, n = problem.X, problem.y, len(problem.y)
    W, b = np.atleast_2d(np.asarray(model.coef_, np.float64)), np.ravel(model.intercept_)
    z = X @ W.T + b
    if len(W) == 1:
        loss = np.logaddexp(0.0, z[:, 0]) - y * z[:, 0]
        residual = expit(z) - y[:, None]
    else:
        logs = log_softmax(z, axis=1)
        loss = -logs[np.arange(n), y]
        residual = np.exp(logs)
        residual[np.arange(n), y] -= 1
    gradient = np.vstack([X.T @ residual + W.T / C, residual.sum(axis=0)]) / n
    return Quality(_largest(gradient), float(loss.mean() + (W * W).sum() / (2 * C * n)))


def _weights(model: Any) -> tuple[np.ndarray, float]:
    return np.ravel(model.coef_).astype(np.float64), float(np.ravel(model.intercept_)[0])


def _largest(x: Any) -> float:
    return float(np.abs(x).max())
