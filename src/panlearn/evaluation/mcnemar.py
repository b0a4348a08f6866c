r"""McNemar's test of whether two fitted models err equally often, on the same test rows.

Only rows on which one model is right and the other wrong tell them apart: b rows that the first alone gets right, c
that the second alone does. If the models are equally good, each such row is a coin's toss, and b is binomial(b + c, ½)
[mcnemar1947]:

    exact      p = min(1, 2 P(at most min(b, c) heads))
    mid-p      the same, less P(exactly min(b, c) heads)            [fagerland2013]
    chi2       (b - c)² / (b + c), chi-squared with 1 degree of freedom
    corrected  (|b - c| - 1)² / (b + c)

The exact test is too cautious, since p takes few values; the mid-p keeps its level in practice and finds more
[fagerland2013]. It is about these two fitted models: nothing is said of what another training set would have given.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike
from scipy import stats

from panlearn.core.errors import DataError

METHODS = ("mid-p", "exact", "chi2", "corrected")


class McNemarResult(NamedTuple):
    """The table of two models' errors and its test."""

    table: np.ndarray  # (2, 2) rows: first right, first wrong; columns: second right, second wrong
    difference: float  # accuracy of the first minus that of the second
    statistic: float  # min(b, c), or the chi-squared
    p_value: float  # two-sided


def mcnemar_test(y: ArrayLike, first: ArrayLike, second: ArrayLike, *, method: str = "mid-p") -> McNemarResult:
    """Compare the predictions of two classifiers on the same test rows.

    Parameters
    ----------
    y : array_like of shape (n,)
        True labels.
    first, second : array_like of shape (n,)
        Predicted labels.
    method : {"mid-p", "exact", "chi2", "corrected"}, default="mid-p"
        How p is computed.

    Returns
    -------
    McNemarResult
        Models that err on the same rows give p = 1.

    Raises
    ------
    DataError
        If the lengths differ, or there is no row.
    ValueError
        If `method` is not one of the four.

    References
    ----------
    [mcnemar1947], [fagerland2013]

    Examples
    --------
    21 rows, of which the first model alone gets 1 right and the second alone 7 [fagerland2013].

    >>> import numpy as np
    >>> first, second = np.repeat([1, 1, 0, 0], [1, 1, 7, 12]), np.repeat([1, 0, 1, 0], [1, 1, 7, 12])
    >>> found = mcnemar_test(np.ones(21, dtype=int), first, second)
    >>> print(found.table.tolist(), f"{found.p_value:.3f}")
    [[1, 1], [7, 12]] 0.039
    """
    if method not in METHODS:
        raise ValueError(f"method must be one of {', '.join(map(repr, METHODS))}. Got {method!r} instead.")
    y, first, second = (np.asarray(a).ravel() for a in (y, first, second))
    if not y.size or y.size != first.size or y.size != second.size:
        raise DataError(f"y, first and second must have one length, got {y.size}, {first.size} and {second.size}.")
    right, other = first == y, second == y
    table = np.array([[np.sum(p & q) for q in (other, ~other)] for p in (right, ~right)])
    b, c = int(table[0, 1]), int(table[1, 0])
    statistic, p_value = _p_value(b, c, method)
    return McNemarResult(table, (b - c) / y.size, statistic, p_value)


def _p_value(b: int, c: int, method: str) -> tuple[float, float]:
    if method in ("chi2", "corrected"):
        gap = abs(b - c) if method == "chi2" else max(abs(b - c) - 1, 0)
        statistic = gap**2 / (b + c) if b + c else 0.0
        return statistic, float(stats.chi2.sf(statistic, 1))
    least = min(b, c)
    p_value = min(1.0, 2 * float(stats.binom.cdf(least, b + c, 0.5)))
    if method == "mid-p" and b + c:
        point = float(stats.binom.pmf(least, b + c, 0.5))
        p_value = 1 - point / 2 if b == c else p_value - point
    return float(least), p_value
