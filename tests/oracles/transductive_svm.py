"""Transductive support vector machine by the definition: an SVM for every labelling, the cheapest wins [vapnik1998]."""

from itertools import product
from typing import Any

import numpy as np
from sklearn.svm import SVC


def machine(gram: np.ndarray, y: np.ndarray, cost: np.ndarray, loss: str) -> float:
    """Least 1/2 |w|^2 + sum cost_i loss(y_i f_i), from LIBSVM's dual value; the square is a touch of the diagonal."""
    model: Any
    if loss == "squared_hinge":
        gram = gram + np.diag(1 / (2 * cost))
        model = SVC(C=1e9, kernel="precomputed", tol=1e-9).fit(gram, y)
    else:
        model = SVC(C=1.0, kernel="precomputed", tol=1e-5).fit(gram, y, sample_weight=cost)
    beta = np.zeros(len(y))
    beta[model.support_] = model.dual_coef_[0]
    return float(np.abs(beta).sum() - 0.5 * beta @ gram @ beta)


def enumerate_labels(
    gram: np.ndarray, y: np.ndarray, C: float, unlabelled_C: float, low: int, high: int, loss: str
) -> tuple[np.ndarray, float]:
    """Labels (-1, 1) of the rows with y = 0, and the objective, over all labelings with low to high positive ones."""
    free = np.flatnonzero(y == 0)
    cost = np.where(y == 0, unlabelled_C, C)
    best = np.zeros(len(free)), np.inf
    for labels in product((-1.0, 1.0), repeat=len(free)):
        if low <= sum(label > 0 for label in labels) <= high:
            full = y.astype(float)
            full[free] = labels
            value = machine(gram, full, cost, loss)
            if value < best[1]:
                best = np.array(labels), value
    return best
