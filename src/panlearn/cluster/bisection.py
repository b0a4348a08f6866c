"""Bisecting k-means, one split: the best two means of a cluster, started along its principal direction.

Two means separate points by a hyperplane, so the side of the mean along the direction of greatest variance is a start
that needs no chance [boley1998]; Lloyd's steps lead from there to a local minimum of the squared error. A step costs
one product of the points with the difference of the two means.
"""

import numpy as np

STEPS = 100  # of Lloyd's method; ten are usual
POWER_STEPS = 20  # of the power method: a start has to be good, not exact


def two_means(X: np.ndarray) -> np.ndarray:
    """Which side each row is on.

    Parameters
    ----------
    X : ndarray of shape (m, p)
        Rows that are not all the same.

    Returns
    -------
    ndarray of shape (m,)
        True on one side; neither side is empty.
    """
    Z = centred(X)
    Z /= np.abs(Z).max()
    direction = Z[np.argmax((Z * Z).sum(axis=1))]
    for _ in range(POWER_STEPS):
        direction = Z.T @ (Z @ direction)
        direction /= np.linalg.norm(direction)
    height = Z @ direction
    side = height > 0
    if side.all() or not side.any():
        side = height > height.min()
    for _ in range(STEPS):
        a, b = Z[side].mean(axis=0), Z[~side].mean(axis=0)
        new = Z @ (a - b) > (a + b) @ (a - b) / 2
        if new.all() or not new.any() or np.array_equal(new, side):
            break
        side = new
    return side


def squared_error(X: np.ndarray) -> float:
    """Sum of squared distances from the mean."""
    return float(np.square(centred(X)).sum())


def centred(X: np.ndarray) -> np.ndarray:
    """Rows minus their mean; exactly 0 if all are the same, which the plain mean's rounding would spoil."""
    Z = X - X[0]
    return Z - Z.mean(axis=0)
