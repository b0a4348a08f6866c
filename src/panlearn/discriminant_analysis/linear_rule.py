r"""Weights of the linear rule from class means and one shared covariance, by three routes.

With x | k normal around m_k and one covariance S for all classes, Bayes' rule has the posterior

    P(k | x) = softmax_k(w_k'x + b_k),    w_k = S^-1 m_k,    b_k = log pi_k - m_k' S^-1 m_k / 2,

since x'S^-1 x is the same for all classes and cancels. For two classes it is sigma(w'x + b), w = S^-1 (m_1 - m_0): the
form of logistic regression, with other weights (note 001 §4.1, §4.2) [hastie2009, 4.3].

- `whiten` diagonalises S in units of the features' deviations and drops directions of no spread, then finds the
  directions in which the whitened means differ most: `scalings` (Fisher's discriminants [fisher1936]);
- `solve_least_squares` solves S w = m alone, by Cholesky, or for the least norm where S is singular;
- `solve_generalised` finds Fisher's directions as eigenvectors of S_between v = l S_within v.

The eigenvalues of S from its sums over rows hold half the digits. Where one is neither clearly spread nor clearly none,
the triangle of a QR decomposition of the rows decides, which has them all [golub2013, 5.3].
"""

from typing import Any, NamedTuple

import numpy as np
import scipy.linalg
from scipy.sparse import issparse

from panlearn.core.blocks import RowSource, reduce_rows
from panlearn.core.errors import DataError
from panlearn.discriminant_analysis.shrinkage import scales

DOUBTFUL = 1e-6  # eigenvalues of a correlation matrix below this have lost more than half of their digits
PIVOT = 1e-8  # least squared pivot at which Cholesky is trusted


class LinearRule(NamedTuple):
    """Discriminants w_k'x + b_k and what is known of them."""

    coef: np.ndarray  # (K, p)
    intercept: np.ndarray  # (K,)
    scalings: np.ndarray | None  # (p, d) Fisher's directions, most telling first
    ratio: np.ndarray | None  # (d,) share of the between-class variance along each
    certificate: str


class Whitening(NamedTuple):
    """Directions along which the rows of a class have spread 1."""

    scalings: np.ndarray  # (p, rank)
    condition: float  # ratio of the largest to the smallest deviation kept
    route: str  # "eigenvalues" or "triangle"


def whiten(covariance: np.ndarray, tol: float, *, trust: bool = False) -> Whitening | None:
    """Whitening from a covariance matrix; None where its digits do not suffice, unless they are to be trusted.

    Parameters
    ----------
    covariance : ndarray of shape (p, p)
        Within the classes.
    tol : float
        Least deviation of a direction, in deviations of the features.
    trust : bool
        Take the eigenvalues as they are, since the covariance is shrunk or there are no rows to ask.

    Returns
    -------
    Whitening or None
        The directions.

    Examples
    --------
    >>> whiten(np.array([[4.0, 4.0], [4.0, 4.0]]), 1e-4).scalings.shape  # the second feature repeats the first
    (2, 1)
    """
    scale = scales(np.diag(covariance))
    value, vectors = scipy.linalg.eigh(covariance / np.outer(scale, scale), check_finite=False)
    noise = 1e-15 * len(value) * max(value[-1], 0.0)
    if not trust and np.any((value < DOUBTFUL) & (value > tol**2 / 4 - noise)):
        return None
    return _whitening(np.sqrt(np.maximum(value[::-1], 0.0)), vectors[:, ::-1], scale, tol, "eigenvalues")


def whiten_rows(source: RowSource, means: np.ndarray, variance: np.ndarray, n: float, tol: float) -> Whitening:
    """Whitening from the rows themselves: slower, with all digits, and without the p x p matrix where p > n.

    Parameters
    ----------
    source : RowSource
        Rows whose y are codes.
    means : ndarray of shape (K, p)
        Of the classes.
    variance : ndarray of shape (p,)
        Within the classes.
    n : float
        Total weight.
    tol : float
        As for `whiten`.

    Returns
    -------
    Whitening
        The directions.
    """
    scale = scales(variance)

    def statistic(X: Any, y: np.ndarray, weight: np.ndarray | None) -> np.ndarray:
        Z = ((X.toarray() if issparse(X) else X) - means[y]) / scale
        return triangle(Z if weight is None else Z * np.sqrt(weight)[:, None])

    def combine(a: np.ndarray, b: np.ndarray) -> np.ndarray:
        return triangle(np.vstack([a, b]))

    p = source.n_features
    factor = reduce_rows(statistic, source, work=4.0 * p * p, combine=combine, rows=max(512, 4 * p))
    _, deviation, rotation = scipy.linalg.svd(factor / np.sqrt(n), full_matrices=False, check_finite=False)
    return _whitening(deviation, rotation.T, scale, tol, "triangle")


def fisher_rule(found: Whitening, means: np.ndarray, priors: np.ndarray, tol: float) -> tuple[LinearRule, np.ndarray]:
    """Linear rule in the whitened space, reduced to where the means lie; and the mean of the means.

    Parameters
    ----------
    found : Whitening
        Of the rows around their means.
    means : ndarray of shape (K, p)
        Of the classes.
    priors : ndarray of shape (K,)
        Of the classes.
    tol : float
        Least share of the largest deviation of the whitened means.

    Returns
    -------
    LinearRule, ndarray of shape (p,)
        The rule and the centre of its scalings.
    """
    centre = priors @ means
    away = (means - centre) @ found.scalings
    factor = np.sqrt(priors / max(1, len(means) - 1))[:, None]
    _, deviation, rotation = scipy.linalg.svd(factor * away, full_matrices=False, check_finite=False)
    kept = int(np.sum(deviation > tol * deviation.max(initial=0.0)))
    scalings = found.scalings @ rotation.T[:, :kept]
    total = np.sum(deviation**2)
    ratio = deviation**2 / total if total > 0 else np.zeros(len(deviation))
    score = (means - centre) @ scalings
    coef = score @ scalings.T
    intercept = -0.5 * np.sum(score**2, axis=1) + log_priors(priors) - coef @ centre
    rank, p = found.scalings.shape[1], len(centre)
    certificate = f"rank {rank} of {p}, condition number {found.condition:.2g}, by {found.route}"
    return LinearRule(coef, intercept, scalings, ratio, certificate), centre


def solve_least_squares(covariance: np.ndarray, means: np.ndarray, priors: np.ndarray) -> LinearRule:
    """Linear rule from S w_k = m_k.

    Parameters
    ----------
    covariance : ndarray of shape (p, p)
        S.
    means, priors : ndarray of shape (K, p) and (K,)
        Of the classes.

    Returns
    -------
    LinearRule
        Without scalings.
    """
    scale = scales(np.diag(covariance))
    correlation = covariance / np.outer(scale, scale)
    try:
        factor = scipy.linalg.cho_factor(correlation, lower=True, check_finite=False)
        pivots = np.diag(factor[0])
        if pivots.min() ** 2 < PIVOT * pivots.max() ** 2:
            raise np.linalg.LinAlgError
        coef = (scipy.linalg.cho_solve(factor, (means / scale).T, check_finite=False) / scale[:, None]).T
    except np.linalg.LinAlgError:  # singular: the solution of least norm
        solution: Any = scipy.linalg.lstsq(covariance, means.T, check_finite=False)
        coef = solution[0].T
    residual = np.abs(covariance @ coef.T - means.T).max() / max(np.abs(means).max(), np.finfo(float).tiny)
    intercept = -0.5 * np.sum(means * coef, axis=1) + log_priors(priors)
    return LinearRule(coef, intercept, None, None, f"residual of S w = m: {residual:.0e}")


def solve_generalised(within: np.ndarray, total: np.ndarray, means: np.ndarray, priors: np.ndarray) -> LinearRule:
    """Linear rule by the directions v of S_between v = l S_within v.

    Parameters
    ----------
    within, total : ndarray of shape (p, p)
        Covariance within the classes and in all; their difference is that between the classes.
    means, priors : ndarray of shape (K, p) and (K,)
        Of the classes.

    Returns
    -------
    LinearRule
        With scalings.

    Raises
    ------
    LinAlgError
        If the covariance within is singular.
    """
    try:
        value, vectors = scipy.linalg.eigh(total - within, within, check_finite=False)
    except np.linalg.LinAlgError:
        raise np.linalg.LinAlgError(
            "the covariance within the classes is singular: use solver='svd', which leaves out directions without "
            "spread, or shrinkage='auto'"
        ) from None
    scalings = vectors[:, ::-1]
    coef = means @ scalings @ scalings.T
    intercept = -0.5 * np.sum(means * coef, axis=1) + log_priors(priors)
    total_value = value.sum()
    ratio = value[::-1] / total_value if total_value != 0 else np.zeros(len(value))
    return LinearRule(coef, intercept, scalings, ratio, f"largest ratio of variances between/within: {value[-1]:.3g}")


def class_priors(priors: Any, weight: np.ndarray) -> np.ndarray:
    """Priors as they were given, or as the classes are frequent; they sum to 1.

    Parameters
    ----------
    priors : array-like of shape (K,), optional
        As given.
    weight : ndarray of shape (K,)
        Total weight of each class.

    Returns
    -------
    ndarray of shape (K,)
        The priors.

    Raises
    ------
    ValueError
        If the number of them is wrong or one is negative.

    Examples
    --------
    >>> class_priors(None, np.array([1.0, 3.0]))
    array([0.25, 0.75])
    """
    if priors is None:
        return weight / weight.sum()
    found = np.array(priors, dtype=np.float64)
    if found.shape != weight.shape:
        raise DataError(f"priors must hold one number for each of the {len(weight)} classes; got shape {found.shape}.")
    if (found < 0).any() or not found.sum() > 0:
        raise DataError(f"priors must be non-negative, and not all 0. Got {found.tolist()}.")
    return found


def log_priors(priors: np.ndarray) -> np.ndarray:
    """Logarithms; -inf for a class that cannot occur."""
    with np.errstate(divide="ignore"):
        return np.log(priors)


def _whitening(deviation: np.ndarray, axes: np.ndarray, scale: np.ndarray, tol: float, route: str) -> Whitening:
    kept = int(np.sum(deviation > tol))
    deviation, axes = deviation[:kept], axes[:, :kept]
    condition = float(deviation[0] / deviation[-1]) if kept else np.inf
    return Whitening(axes / scale[:, None] / deviation, condition, route)


def triangle(Z: np.ndarray) -> np.ndarray:
    """Triangle R of the QR decomposition, R'R = Z'Z; rows that are too few to be worth it stay."""
    if len(Z) <= Z.shape[1]:
        return Z
    factor: Any = scipy.linalg.qr(Z, mode="r", check_finite=False)
    return factor[0][: Z.shape[1]]
