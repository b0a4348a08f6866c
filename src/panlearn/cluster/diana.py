"""DIANA, divisive analysis: split off those who are further from the rest than from those who left [kaufman1990].

The cluster of largest diameter is split next. The member with the greatest mean distance from the others leaves first;
then, one at a time, the member i follows for which

    mean d(i, others who stay) - mean d(i, those who left)

is largest, as long as it is positive. Sums of distances are kept and changed by one row of the matrix at each step, so
a split of m points costs O(m^2), and the whole tree O(n^2) times its depth. The n^2 distances are held in memory.
The height of a split is the diameter: it cannot grow from a cluster to its parts.
"""

import numpy as np


def splinter(D: np.ndarray) -> np.ndarray:
    """Who leaves a cluster, by the distances of its members.

    Parameters
    ----------
    D : ndarray of shape (m, m)
        Distances, m >= 2.

    Returns
    -------
    ndarray of shape (m,)
        True for those who leave; at least one does, and at least one stays.
    """
    m = len(D)
    left, stay, gone = np.zeros(m, dtype=bool), D.sum(axis=1), np.zeros(m)
    leaver = int(np.argmax(stay))
    for count in range(1, m):
        left[leaver] = True
        stay -= D[leaver]
        gone += D[leaver]
        if count == m - 1:
            break
        gain = np.where(left, -np.inf, stay / (m - count - 1) - gone / count)
        leaver = int(np.argmax(gain))
        if gain[leaver] <= 0:
            break
    return left
