"""The elastic net by proximal gradient steps on the moments, thousands of them."""

import numpy as np


def elastic_net(gram, cross, l1, l2, positive=False, steps=40_000):
    """Minimise 1/2 w'Gw - c'w + sum_j (l1_j |w_j| + l2_j/2 w_j^2) by ISTA with momentum."""
    length = np.linalg.eigvalsh(gram)[-1] + np.max(l2)
    w = look = np.zeros(len(cross))
    momentum = 1.0
    for _ in range(steps):
        moved = look - (gram @ look - cross + l2 * look) / length
        new = np.sign(moved) * np.maximum(np.abs(moved) - l1 / length, 0)
        new = np.maximum(new, 0) if positive else new
        if (new - w) @ (look - new) > 0:  # overshot: start again without momentum
            momentum = 1.0
        following = (1 + np.sqrt(1 + 4 * momentum**2)) / 2
        look, w, momentum = new + (momentum - 1) / following * (new - w), new, following
    return w


def duality_gap(X, y, w, l1, l2):
    """Primal less dual, with the squared penalty as rows of X: good digits as long as the fit is not perfect."""
    A, b = np.vstack([X, np.diag(np.sqrt(l2))]), np.append(y, np.zeros(len(w)))
    r = b - A @ w
    pull = np.abs(A.T @ r)
    s = min(1.0, *(l1[pull > 0] / pull[pull > 0]), 1.0)
    dual = s * b @ r - 0.5 * s * s * r @ r
    return 0.5 * r @ r + l1 @ np.abs(w) - dual
