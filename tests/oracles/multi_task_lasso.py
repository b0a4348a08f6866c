"""The multi-task elastic net by proximal gradient steps, thousands of them."""

import numpy as np


def objective(X, Y, W, alpha, ratio, share=None):
    """1/2 mean |y - Wx - b|^2 + alpha (ratio sum |w_j| + (1 - ratio)/2 sum |w_j|^2) at the best b."""
    share = np.full(len(X), 1 / len(X)) if share is None else share / share.sum()
    R = Y - X @ W.T
    R = R - share @ R
    lengths = np.linalg.norm(W, axis=0)
    return 0.5 * share @ (R**2).sum(axis=1) + alpha * (ratio * lengths.sum() + (1 - ratio) / 2 * (lengths**2).sum())


def multi_task(X, Y, alpha, ratio, share=None, steps=20_000):
    """Weights (targets, p) of the minimum, by ISTA with momentum on the centred, weighted rows."""
    share = np.full(len(X), 1 / len(X)) if share is None else share / share.sum()
    root = np.sqrt(share)[:, None]
    Z, T = root * (X - share @ X), root * (Y - share @ Y)
    length = np.linalg.norm(Z, 2) ** 2 + alpha * (1 - ratio) + 1e-9
    W = look = np.zeros((X.shape[1], Y.shape[1]))
    momentum = 1.0
    for _ in range(steps):
        moved = look - (Z.T @ (Z @ look - T) + alpha * (1 - ratio) * look) / length
        norm = np.linalg.norm(moved, axis=1, keepdims=True)
        new = moved * np.maximum(1 - alpha * ratio / np.maximum(length * norm, 1e-100), 0)
        if ((new - W) * (look - new)).sum() > 0:
            momentum = 1.0
        following = (1 + np.sqrt(1 + 4 * momentum**2)) / 2
        look, W, momentum = new + (momentum - 1) / following * (new - W), new, following
    return W.T
