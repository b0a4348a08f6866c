"""Which rows a round looks at: all, a random part, or those with large gradients.

- *Stochastic* boosting [friedman2002]: each tree sees a random part of the rows, drawn anew without replacement. It
  costs less, decorrelates the trees, and leaves rows on which the improvement can be measured (out of bag).
- *GOSS* [ke2017]: the share a of the rows with the largest |gradient| is kept; of the others a share b of all rows is
  drawn and weighted by (1 - a)/b, so that sums of gradients stay unbiased. Rows already fitted well are many and say
  little.

Course notes: 000 §4.3 (sampling of rows) and §4.6.
"""

from typing import NamedTuple

import numpy as np

from panlearn.core.jit import kernel

TOP, OTHER = 0.2, 0.1  # a and b of GOSS, as in [ke2017]

Random = np.random.RandomState | np.random.Generator


class RowSample(NamedTuple):
    """Rows of one round."""

    rows: np.ndarray | None  # (m,) indices, ascending; None: all
    factor: np.ndarray | None  # (m,) factors on gradients and Hessians; None: ones
    left_out: np.ndarray | None  # (n - m,) the other rows; None: there are none


ALL = RowSample(None, None, None)


def draw_fraction(n: int, fraction: float, rng: Random) -> RowSample:
    """A random part of the rows, without replacement, drawn as scikit-learn's GradientBoosting draws it.

    Parameters
    ----------
    n : int
        Number of rows.
    fraction : float
        Share to draw, in (0, 1]; at least one row.
    rng : RandomState or Generator
        Source of n uniform numbers.

    Returns
    -------
    RowSample

    Examples
    --------
    >>> draw_fraction(10, 0.3, np.random.RandomState(0)).rows
    array([4, 6, 9])
    """
    wanted = max(1, int(fraction * n))
    if wanted >= n:
        return ALL
    mask = _sequential_choice(rng.uniform(size=n), wanted)
    return RowSample(np.flatnonzero(mask), None, np.flatnonzero(~mask))


@kernel
def _sequential_choice(uniform, wanted):
    """Row i is taken with the probability (rows still wanted) / (rows still to come): exactly `wanted` in the end."""
    mask, n, missing = np.zeros(len(uniform), np.bool_), len(uniform), wanted
    for i in range(n):
        if uniform[i] * (n - i) < missing:
            mask[i] = True
            missing -= 1
    return mask


def draw_goss(gradient: np.ndarray, rng: Random, *, top: float = TOP, other: float = OTHER) -> RowSample:
    """The rows with the largest gradients, and a weighted sample of the others.

    Parameters
    ----------
    gradient : ndarray of shape (n, k)
        Gradients of the round; a row's size is the sum of their absolute values.
    rng : RandomState or Generator
        Source of randomness.
    top, other : float
        The shares a and b of the rows.

    Returns
    -------
    RowSample

    Examples
    --------
    >>> g = np.array([[0.1], [9.0], [0.2], [8.0], [0.1], [0.3], [0.1], [0.2], [0.3], [0.1]])
    >>> sample = draw_goss(g, np.random.RandomState(0))
    >>> {1, 3} <= set(sample.rows), len(sample.rows), float(sample.factor.max())
    (True, 3, 8.0)
    """
    size = np.abs(gradient).sum(axis=1)
    n = len(size)
    n_top, n_other = max(1, int(top * n)), max(1, int(other * n))
    if n_top + n_other >= n:
        return ALL
    threshold = np.partition(size, n - n_top)[n - n_top]
    large = size > threshold  # ties at the threshold fill up in order
    large[np.flatnonzero(size == threshold)[: n_top - int(large.sum())]] = True
    small = np.flatnonzero(~large)
    drawn = small[np.sort(rng.permutation(len(small))[:n_other])]
    kept = large.copy()
    kept[drawn] = True
    rows = np.flatnonzero(kept)
    factor = np.where(large[rows], 1.0, (n - n_top) / n_other)
    return RowSample(rows, factor, np.flatnonzero(~kept))
