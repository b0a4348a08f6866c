r"""How often each row is drawn, with replacement and by weight, in time O(n).

A draw is the first row i with u < F_i, u uniform and F the cumulated weights. `start` holds for each of n cells of
[0, 1) the first row that may be meant, so that few steps remain: no binary search in a table larger than the cache.
The draws are those of `numpy.random.RandomState.choice` for the same seed.
"""

import numpy as np

from panlearn.core.jit import kernel


def draw_counts(weight: np.ndarray, random_state: np.random.RandomState) -> np.ndarray:
    """Draw as many rows as there are.

    Parameters
    ----------
    weight : ndarray of shape (n,)
        Not negative, with a positive sum.
    random_state : RandomState
        Source of the draws.

    Returns
    -------
    ndarray of shape (n,)
        Counts, float64.

    Examples
    --------
    >>> import numpy as np
    >>> draw_counts(np.array([0.0, 1.0, 3.0]), np.random.RandomState(0))
    array([0., 0., 3.])
    """
    cumulated = weight.cumsum()
    cumulated /= cumulated[-1]
    return _count(cumulated, random_state.random_sample(len(weight)))


@kernel
def _count(cumulated, draws):
    """Count the draws between neighbours of the cumulated weights."""
    n = cumulated.size
    start, row = np.empty(n, np.int64), 0
    for cell in range(n):
        while cumulated[row] <= cell / n:
            row += 1
        start[cell] = row
    counts = np.zeros(n)
    for u in draws:
        row = start[min(np.int64(u * n), n - 1)]
        while row > 0 and cumulated[row - 1] > u:  # u n may round up to the next cell
            row -= 1
        while cumulated[row] <= u:
            row += 1
        counts[row] += 1.0
    return counts
