r"""Log-densities of normal classes, each with a covariance of its own.

    log pi_k + log N(x; m_k, S_k) = log pi_k - (log |S_k| + |A_k'(x - m_k)|^2) / 2 + constant,    A_k A_k' = S_k^-1

A_k comes from the Cholesky factor of the correlation matrix of the class: features in unlike units do no harm. Where a
pivot says that digits were lost in forming the matrix, the triangle R of a QR decomposition of the rows takes the
factor's place, R'R = n_k S_k. `scaling` and `rotation` are the variances and axes of the ellipsoid, as in scikit-learn.
"""

from typing import Any, NamedTuple

import numpy as np
import scipy.linalg
from scipy.sparse import issparse

from panlearn.core.blocks import RowSource, reduce_rows
from panlearn.core.threads import map_chunks, scratch
from panlearn.discriminant_analysis.linear_rule import PIVOT, triangle
from panlearn.discriminant_analysis.shrinkage import scales

BLOCK = 1 << 20  # bytes of a block of rows in prediction


class Ellipsoid(NamedTuple):
    """The normal density of a class around its mean."""

    scaling: np.ndarray  # (p,) variances along the axes, falling
    rotation: np.ndarray  # (p, p) the axes
    whitener: np.ndarray  # (p, p) A, upper triangular
    log_determinant: float  # log |S|
    condition: float  # ratio of the largest to the smallest pivot of the correlation matrix's factor, squared


def ellipsoid(covariance: np.ndarray, tol: float) -> Ellipsoid | int:
    """Axes and whitener of a covariance matrix; its rank where that is not full.

    Parameters
    ----------
    covariance : ndarray of shape (p, p)
        S.
    tol : float
        Least variance of an axis, in the features' units or in units of their deviations, whichever is kinder.

    Returns
    -------
    Ellipsoid or int
        The density, or the rank.

    Examples
    --------
    >>> ellipsoid(np.diag([4.0, 1.0]), 1e-4).scaling, ellipsoid(np.ones((2, 2)), 1e-4)
    (array([4., 1.]), 1)
    """
    value, vectors = np.linalg.eigh(covariance)
    scale = scales(np.diag(covariance))
    correlation = covariance / np.outer(scale, scale)
    rank = int(np.sum(value > tol))
    if rank < len(value):  # in small units every variance is small
        rank = max(rank, int(np.sum(scipy.linalg.eigvalsh(correlation, check_finite=False) > tol)))
    if rank < len(value):
        return rank
    try:
        factor = np.linalg.cholesky(correlation).T
    except np.linalg.LinAlgError:
        return rank - 1
    return _assemble(np.maximum(value, np.finfo(float).tiny)[::-1], vectors[:, ::-1], factor, scale)


def refined(source: RowSource, k: int, mean: np.ndarray, variance: np.ndarray, weight: float) -> Ellipsoid:
    """Ellipsoid of class k from its rows, with all their digits.

    Parameters
    ----------
    source : RowSource
        Rows whose y are codes.
    k : int
        The class.
    mean, variance : ndarray of shape (p,)
        Of the class.
    weight : float
        Its total weight.

    Returns
    -------
    Ellipsoid
        The density.
    """
    scale = scales(variance)

    def statistic(X: Any, y: np.ndarray, weight: np.ndarray | None) -> np.ndarray:
        own = np.flatnonzero(y == k)
        rows = X[own].toarray() if issparse(X) else X[own]
        Z = (rows - mean) / scale
        return triangle(Z if weight is None else Z * np.sqrt(weight[own])[:, None])

    p = source.n_features
    factor = reduce_rows(
        statistic, source, work=4.0 * p * p, combine=lambda a, b: triangle(np.vstack([a, b])), rows=max(512, 4 * p)
    ) / np.sqrt(weight)
    _, deviation, axes = scipy.linalg.svd(factor * scale, check_finite=False)
    factor *= np.sign(np.diag(factor))[:, None]
    return _assemble(deviation**2, axes.T, factor, scale)


def is_doubtful(found: Ellipsoid) -> bool:
    """Whether its covariance matrix has lost more than half of its digits."""
    return found.condition > 1 / PIVOT


def log_densities(X: Any, means: np.ndarray, classes: list[Ellipsoid], offsets: np.ndarray) -> np.ndarray:
    """`offsets_k` - |A_k'(x - m_k)|^2 / 2 for each row and class.

    Parameters
    ----------
    X : ndarray or CSR of shape (n, p)
        Rows.
    means : ndarray of shape (K, p)
        m_k.
    classes : list of Ellipsoid
        One a class.
    offsets : ndarray of shape (K,)
        Added to each column.

    Returns
    -------
    ndarray of shape (n, K)
        The values.
    """
    n, p = X.shape
    out = np.empty((n, len(means)), dtype=X.dtype)
    rows = max(64, BLOCK // (8 * p))

    def part(start: int, stop: int) -> None:
        for a in range(start, stop, rows):
            block = X[a : min(a + rows, stop)]
            block = block.toarray() if issparse(block) else block
            Z, W = (scratch(name, block.shape, X.dtype.type) for name in ("centred", "whitened"))
            for k, found in enumerate(classes):
                np.subtract(block, means[k], out=Z)
                np.matmul(Z, found.whitener, out=W)
                out[a : a + len(block), k] = -0.5 * np.einsum("ij,ij->i", W, W)
            out[a : a + len(block)] += offsets

    map_chunks(part, n, work=float(n) * p * p * len(means), align=rows)
    return out


def _assemble(scaling: np.ndarray, rotation: np.ndarray, factor: np.ndarray, scale: np.ndarray) -> Ellipsoid:
    """Ellipsoid from a triangle R of the correlation matrix R'R."""
    pivots = np.diag(factor)
    inverse = scipy.linalg.solve_triangular(factor, np.eye(len(factor)), check_finite=False)
    log_determinant = 2.0 * float(np.log(pivots).sum() + np.log(scale).sum())
    condition = float((pivots.max() / pivots.min()) ** 2)
    return Ellipsoid(scaling, rotation, np.ascontiguousarray(inverse / scale[:, None]), log_determinant, condition)
