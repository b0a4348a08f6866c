"""How many columns: sizes to try and criteria to choose among them, for best-subset estimators.

With S rows, p columns, a fit of k columns and its deviance D (S log of the mean squared error for least squares, minus
twice the log-likelihood for a classifier):

    AIC   D + 2k          BIC   D + k log S          EBIC   D + k log S + 2 log C(p, k)  [chen2008]

BIC finds the true columns as n grows with p fixed; EBIC also where p grows, since it pays for the number of subsets
there are of each size. Course notes: 000 §3.4.
"""

from typing import Any, NamedTuple

import numpy as np
from scipy.sparse import csr_array
from scipy.special import gammaln

LONGEST = 100  # largest size tried unless one is given
PROVEN = 1e-7  # relative gap that counts as none


class SubsetPath(NamedTuple):
    """The best subsets found, one for each size."""

    sizes: np.ndarray  # (m,)
    supports: list[np.ndarray]  # indices of the columns, ascending
    coefs: Any  # (m, p) sparse rows
    intercepts: np.ndarray  # (m,)
    losses: np.ndarray  # (m,) objective without the price of the columns
    scores: np.ndarray  # (m,) what the size is chosen by, the smaller the better


def subset_path(rows: list[tuple[np.ndarray, np.ndarray, float, float]], p: int) -> SubsetPath:
    """A path, from (support, weights, intercept, loss) of each size."""
    supports, weights, intercepts, losses = zip(*rows, strict=True)
    sizes = np.array([len(support) for support in supports])
    where = (np.concatenate(weights), np.concatenate(supports), np.append(0, np.cumsum(sizes)))
    coefs = csr_array(where, shape=(len(rows), p))
    return SubsetPath(sizes, list(supports), coefs, np.array(intercepts), np.array(losses), np.zeros(len(rows)))


def resolved(criterion: str | None, max_nonzero: int | None, alpha: float) -> str | None:
    """The criterion that "auto" stands for: "ebic" if the size is neither bounded nor priced, else None."""
    if criterion != "auto":
        return criterion
    return "ebic" if max_nonzero is None and alpha == 0 else None


def largest_size(most: int, p: int, total: float, max_nonzero: int | None, criterion: str | None) -> int:
    """Largest size to try: as asked for, or with a criterion S / (log log S log p), at most `LONGEST`."""
    if max_nonzero is not None:
        return min(most, max_nonzero)
    if criterion is None or p < 3 or total < 4:
        return most
    return min(most, LONGEST, max(1, int(total / (max(0.5, np.log(np.log(total))) * np.log(p)))))


def information(criterion: str, deviance: np.ndarray, k: np.ndarray, p: int, total: float) -> np.ndarray:
    """AIC, BIC or EBIC of fits with k columns.

    Parameters
    ----------
    criterion : {"aic", "bic", "ebic"}
        Which.
    deviance : ndarray of shape (m,)
        D of each fit.
    k : ndarray of shape (m,)
        Columns of each fit.
    p : int
        Columns to choose from.
    total : float
        Rows.

    Returns
    -------
    ndarray of shape (m,)

    Examples
    --------
    66 pairs can be made of 12 columns: EBIC asks more of a fit with two columns than BIC does.

    >>> import numpy as np
    >>> deviance, k = np.array([10.0, 4.0]), np.array([0, 2])
    >>> [int(information(c, deviance, k, 12, np.e).argmin()) for c in ("bic", "ebic")]
    [1, 0]
    """
    if criterion == "aic":
        return deviance + 2.0 * k
    choices = gammaln(p + 1) - gammaln(k + 1) - gammaln(p - k + 1)
    return deviance + max(0.0, np.log(total)) * k + (2.0 * choices if criterion == "ebic" else 0.0)


def certificate(k: int, p: int, gap: float | None, settled: bool, priced: bool, tried: int | None = None) -> str:
    """What is known about a subset, in words.

    Parameters
    ----------
    k : int
        Its size.
    p : int
        Columns to choose from.
    gap : float or None
        Proven distance from the best objective, relative to the subset's.
    settled : bool
        No swap of one column is known to lower the objective.
    priced : bool
        Subsets of all sizes compete.
    tried : int, optional
        How many of the swaps, the most promising ones, were tried; all by default.

    Returns
    -------
    str
    """
    start = f"{k} of {p} columns"
    if gap is not None and gap <= PROVEN:
        return f"{start}, proven the best subset" + ("" if priced else " of this size")
    within = "" if gap is None else f", objective at most {100 * gap:.2g} % above a lower bound"
    swaps = "no swap" if tried is None else f"none of the {tried} most promising swaps"
    return start + within + (f", {swaps} of one column lowers the objective" if settled else "")
