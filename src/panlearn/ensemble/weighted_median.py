r"""The weighted median: the least value with at least half of the weight at or below it.

It minimises sum_t w_t |m - v_t|, so one wild prediction cannot move it far. Cost T^2 / 4 moves a row by insertion,
which beats better sorts for the tens of numbers at hand.
"""

import numpy as np

from panlearn.core.jit import kernel
from panlearn.core.threads import map_chunks


def weighted_medians(values: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """Weighted median of each row.

    Parameters
    ----------
    values : ndarray of shape (n, T)
        Predictions of T models.
    weights : ndarray of shape (T,)
        Their weights, not negative.

    Returns
    -------
    ndarray of shape (n,)
        Medians.

    Examples
    --------
    >>> import numpy as np
    >>> weighted_medians(np.array([[1.0, 5.0, 9.0]]), np.array([1.0, 1.0, 3.0]))
    array([9.])
    """
    n, count = values.shape
    found = np.empty(n)
    rows = np.ascontiguousarray(values, dtype=np.float64)
    work = n * count * (10.0 + count / 4)
    map_chunks(lambda a, b: _medians(rows, weights, a, b, found), n, work=work)
    return found


@kernel
def _medians(values, weights, first, last, found):  # updates found
    """Sort each row with its weights, then walk up to half of their sum."""
    count = values.shape[1]
    value, weight = np.empty(count), np.empty(count)
    for i in range(first, last):
        for t in range(count):
            x, place = values[i, t], t
            while place > 0 and value[place - 1] > x:
                value[place], weight[place] = value[place - 1], weight[place - 1]
                place -= 1
            value[place], weight[place] = x, weights[t]
        total = 0.0
        for t in range(count):
            total += weight[t]
        below, t = weight[0], 0
        while below < 0.5 * total and t < count - 1:
            t += 1
            below += weight[t]
        found[i] = value[t]
