"""Penalised least squares, written out: stack the rows and the penalty, and let LAPACK minimise the residual."""

import numpy as np


def least_squares(X, y, alpha=0.0, weight=None, intercept=True, penalize_intercept=False):
    """(coef, intercept) of one target."""
    n, p = X.shape
    weight = np.ones(n) if weight is None else weight
    columns = np.column_stack([X, np.ones(n)]) if intercept else X
    penalised = np.full(columns.shape[1], float(alpha))
    if intercept and not penalize_intercept:
        penalised[-1] = 0.0
    rows = np.vstack([columns * np.sqrt(weight)[:, None], np.diag(np.sqrt(penalised))])
    target = np.concatenate([y * np.sqrt(weight), np.zeros(columns.shape[1])])
    theta = np.linalg.lstsq(rows, target, rcond=1e-13)[0]
    return theta[:p], (theta[p] if intercept else 0.0)


def objective(X, y, coef, intercept, alpha=0.0, weight=None):
    """The objective by a loop over the rows."""
    total = 0.0
    for i in range(len(y)):
        residual = y[i] - intercept - sum(X[i, j] * coef[j] for j in range(X.shape[1]))
        total += 0.5 * (1.0 if weight is None else weight[i]) * residual**2
    return total + 0.5 * alpha * sum(c * c for c in coef)
