"""Class probabilities from those of each pair of classes [wu2004].

With r_ij the probability of i in the pair (i, j), the class probabilities p solve

    minimise sum_i sum_{j != i} (r_ji p_i - r_ij p_j)^2,   sum_i p_i = 1

that is, Q p + lambda 1 = 0 with Q_ii = sum_j r_ji^2 and Q_ij = -r_ji r_ij: one K x K system for each row, solved
exactly (LIBSVM iterates). Its solution is positive by itself.

When it fails: with many classes, r_ij is a guess for rows of neither class, and the guesses outnumber what is known.

Course notes: 000 §2.
"""

import numpy as np

from panlearn.svm.one_vs_one import pairs_of

LEAST = 1e-7  # probabilities of a pair stay this far from 0 and 1
BLOCK = 2_000_000  # numbers in the systems of one block of rows


def couple(first: np.ndarray, classes: int) -> np.ndarray:
    """Class probabilities from those of the pairs.

    Parameters
    ----------
    first : ndarray of shape (n, K (K - 1) / 2)
        Probability of the first class of each pair.
    classes : int
        K.

    Returns
    -------
    ndarray of shape (n, K)
        Rows that add up to 1.

    Examples
    --------
    Pairs that agree with one distribution give it back:

    >>> p = np.array([0.5, 0.3, 0.2])
    >>> couple(np.array([[p[i] / (p[i] + p[j]) for i, j in [(0, 1), (0, 2), (1, 2)]]]), 3).round(6)
    array([[0.5, 0.3, 0.2]])
    """
    first = np.clip(first, LEAST, 1 - LEAST)
    if classes == 2:
        return np.column_stack([first[:, 0], 1 - first[:, 0]])
    rows = max(1, BLOCK // classes**2)
    blocks = [_couple(first[a : a + rows], classes) for a in range(0, len(first), rows)]
    return np.concatenate(blocks) if blocks else np.empty((0, classes))


def _couple(first: np.ndarray, classes: int) -> np.ndarray:
    r = np.zeros((len(first), classes, classes))
    i, j = np.array(pairs_of(classes)).T
    r[:, i, j], r[:, j, i] = first, 1 - first
    Q = -r * r.transpose(0, 2, 1)
    diagonal = np.arange(classes)
    Q[:, diagonal, diagonal] = np.square(r).sum(axis=1)
    # Q is singular where the pairs agree; Q + 11' never is, and (Q + 11') p = (1 - lambda) 1 only scales p
    p = np.linalg.solve(Q + 1.0, np.ones((len(first), classes, 1)))[:, :, 0]
    p = np.maximum(p, 0.0)
    return p / p.sum(axis=1, keepdims=True)
