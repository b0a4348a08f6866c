"""Values of the leaves of a grown tree, found anew from the rows in each leaf [friedman2001] Algorithm 1, line 5.

A tree is grown on derivatives; its leaf values can then be chosen for the loss itself:

    gamma_l = argmin_gamma  sum over rows i of leaf l of  w_i L(y_i, z_i + gamma)

- squared error: the mean residual;
- absolute and quantile loss: a quantile of the residuals; a Newton step means nothing there (the curvature is 0);
- Huber: the median, and one averaging step from it ([friedman2001] eq. 20);
- smooth losses: one Newton step, - sum g / sum h.

Rows come sorted by leaf: `order[starts[l]:starts[l + 1]]` are those of leaf l. Cost: linear in the rows (selection),
n log n with weights.

Course notes: 000 §4.6.
"""

from itertools import pairwise

import numpy as np

TINY = 1e-150  # a sum of second derivatives below it says that the loss cannot fall any more


def newton_steps(gradient: np.ndarray, hessian: np.ndarray, order: np.ndarray, starts: np.ndarray) -> np.ndarray:
    """One Newton step a leaf: minus the sum of g over the sum of h, 0 where h vanishes.

    Parameters
    ----------
    gradient, hessian : ndarray of shape (n,)
        First and second derivatives, times the weights of the rows.
    order : ndarray of shape (m,)
        Rows, leaf by leaf.
    starts : ndarray of shape (leaves + 1,)
        Where the rows of a leaf begin in `order`.

    Returns
    -------
    ndarray of shape (leaves,)

    Examples
    --------
    >>> newton_steps(np.array([1.0, 3.0, -1.0]), np.ones(3), np.array([0, 1, 2]), np.array([0, 2, 3]))
    array([-2.,  1.])
    """
    g, h = (np.add.reduceat(d[order], starts[:-1]) for d in (gradient, hessian))
    safe = h > TINY
    return np.where(safe, -g, 0.0) / np.where(safe, h, 1.0)


def quantiles(
    values: np.ndarray, weight: np.ndarray | None, q: float, order: np.ndarray, starts: np.ndarray
) -> np.ndarray:
    """The q-quantile of each leaf's values.

    It is the middle of all minimisers of the pinball loss: for q = 1/2 the usual median. A weight of 2 is a row twice.

    Parameters
    ----------
    values : ndarray of shape (n,)
        Residuals.
    weight : ndarray of shape (n,), optional
        Weights of the rows.
    q : float
        In (0, 1).
    order, starts : ndarray
        Rows, leaf by leaf, and where a leaf begins.

    Returns
    -------
    ndarray of shape (leaves,)

    Examples
    --------
    >>> r = np.array([5.0, 1.0, 2.0, 8.0])
    >>> quantiles(r, None, 0.5, np.arange(4), np.array([0, 3, 4]))
    array([2., 8.])
    """
    sorted_values = values[order]
    if weight is None:
        return np.array([_quantile(sorted_values[a:b], q) for a, b in pairwise(starts)])
    w = weight[order]
    return np.array([weighted_quantile(sorted_values[a:b], w[a:b], q) for a, b in pairwise(starts)])


def _quantile(values: np.ndarray, q: float) -> float:
    """The same for equal weights: one or two order statistics, by selection."""
    n = len(values)
    if n == 0:
        return 0.0
    position = q * n
    low = min(max(int(np.ceil(position - 1e-9 * n)) - 1, 0), n - 1)
    high = min(low + 1, n - 1) if abs(position - round(position)) <= 1e-9 * n else low
    part = np.partition(values, [low, high])
    return 0.5 * float(part[low] + part[high])


def weighted_quantile(values: np.ndarray, weight: np.ndarray | None, q: float) -> float:
    """The q-quantile of a sample; rows of weight 0 do not count.

    Parameters
    ----------
    values : ndarray of shape (n,)
        Sample.
    weight : ndarray of shape (n,), optional
        Weights, at least 0.
    q : float
        In (0, 1).

    Returns
    -------
    float
        0 for an empty sample.

    Examples
    --------
    >>> weighted_quantile(np.array([1.0, 2.0, 9.0]), np.array([1.0, 1.0, 5.0]), 0.5)
    9.0
    """
    if weight is None:
        return _quantile(values, q)
    used = weight > 0
    if not used.all():
        values, weight = values[used], weight[used]
    if len(values) == 0:
        return 0.0
    order = np.argsort(values, kind="stable")
    reached = np.cumsum(weight[order])
    target = q * reached[-1]
    slack = 1e-9 * reached[-1]  # rounding in the sum of the weights
    low = min(int(np.searchsorted(reached, target - slack)), len(values) - 1)
    high = min(low + 1, len(values) - 1) if abs(reached[low] - target) <= slack else low
    return 0.5 * float(values[order[low]] + values[order[high]])


def huber_steps(
    residual: np.ndarray, weight: np.ndarray | None, delta: float, order: np.ndarray, starts: np.ndarray
) -> np.ndarray:
    """The median of each leaf's residuals, moved by the mean of the deviations from it, cut at delta.

    Parameters
    ----------
    residual : ndarray of shape (n,)
        y - z.
    weight : ndarray of shape (n,), optional
        Weights of the rows.
    delta : float
        Threshold of the loss.
    order, starts : ndarray
        Rows, leaf by leaf, and where a leaf begins.

    Returns
    -------
    ndarray of shape (leaves,)

    Examples
    --------
    >>> huber_steps(np.array([0.0, 1.0, 100.0]), None, 2.0, np.arange(3), np.array([0, 3]))  # 1 + (-1 + 0 + 2) / 3
    array([1.33333333])
    """
    middle = quantiles(residual, weight, 0.5, order, starts)
    sizes = np.diff(starts)
    deviation = np.clip(residual[order] - np.repeat(middle, sizes), -delta, delta)
    w = np.ones(len(order)) if weight is None else weight[order]
    total = np.add.reduceat(w, starts[:-1])
    return middle + np.add.reduceat(w * deviation, starts[:-1]) / np.where(total > 0, total, 1.0)
