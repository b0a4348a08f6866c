"""Covariances drawn towards a multiple of the identity, so that few rows do not give an ill-conditioned matrix.

    C(a) = (1 - a) C + a (tr C / p) I,        0 <= a <= 1

The empirical covariance is unbiased but noisy: its small eigenvalues come out too small, and it is these that its
inverse weighs most. How much to shrink follows from the data:

- Ledoit and Wolf [ledoit2004] estimate the a of least expected squared error,
      a = min(b, d) / d,   d = |C - m I|^2 / p,   b = (1 / pn) (sum_i |z_i|^4 / n - |C|^2),   m = tr C / p,
  from one more pass over the rows, for the fourth powers;
- OAS [chen2010] assumes normal rows and needs C and n alone,
      a = min(1, (|C|^2 / p^2 + m^2) / ((n + 1) (|C|^2 / p^2 - m^2 / p))).

Both are taken of the features standardised within their class, and scaled back: units do not matter.
"""

from typing import Any

import numpy as np
from scipy.sparse import issparse

from panlearn.core.blocks import RowSource, reduce_rows
from panlearn.core.threads import scratch
from panlearn.optimize.class_moments import ClassMoments

LEDOIT_WOLF = ("auto", "ledoit_wolf")


def ledoit_wolf_intensity(correlation: np.ndarray, fourth: float, n: float) -> float:
    """Intensity a of least expected squared error, from a covariance and the sum of |z_i|^4.

    Examples
    --------
    >>> Z = np.random.default_rng(0).normal(size=(50, 10))
    >>> Z -= Z.mean(axis=0)
    >>> fourth = float(((Z**2).sum(axis=1) ** 2).sum())
    >>> round(ledoit_wolf_intensity(Z.T @ Z / 50, fourth, 50), 2)  # the truth is I: nearly all the way
    0.91
    """
    p, square, mean = len(correlation), float(np.sum(correlation**2)), float(np.trace(correlation)) / len(correlation)
    distance = (square - p * mean**2) / p
    noise = min((fourth / n - square) / (p * n), distance)
    return noise / distance if p > 1 and noise > 0 else 0.0


def oas_intensity(correlation: np.ndarray, n: float) -> float:
    """Intensity a of the oracle approximation for normal rows, from a covariance and the number of rows.

    Examples
    --------
    >>> oas_intensity(np.diag([1.0, 3.0]), 4), oas_intensity(np.diag([1.0, 3.0]), 400) < 0.05
    (1.0, True)
    """
    p = len(correlation)
    if p == 1:
        return 0.0
    square, mean = float(np.mean(correlation**2)), float(np.trace(correlation)) / p
    below = (n + 1) * (square - mean**2 / p)
    return min((square + mean**2) / below, 1.0) if below > 0 else 1.0


def shrunk(covariance: np.ndarray, shrinkage: Any, n: float, fourth: float = 0.0) -> np.ndarray:
    """Shrunk covariance.

    Parameters
    ----------
    covariance : ndarray of shape (p, p)
        The empirical one.
    shrinkage : None, float, "auto", "ledoit_wolf" or "oas"
        How much; a float acts on the covariance as it is.
    n : float
        Rows, or their weight.
    fourth : float
        Sum of |z_i|^4 of the standardised rows, for Ledoit and Wolf.

    Returns
    -------
    ndarray of shape (p, p)
        The shrunk one.
    """
    if shrinkage is None or shrinkage == 0:
        return covariance
    if not isinstance(shrinkage, str):
        return _towards_identity(covariance, shrinkage)
    scale = scales(np.diag(covariance))
    correlation = covariance / np.outer(scale, scale)
    automatic = shrinkage in LEDOIT_WOLF
    a = ledoit_wolf_intensity(correlation, fourth, n) if automatic else oas_intensity(correlation, n)
    return _towards_identity(correlation, a) * np.outer(scale, scale)


def scales(variance: np.ndarray) -> np.ndarray:
    """Standard deviations; 1 for a constant feature.

    Examples
    --------
    >>> scales(np.array([4.0, 0.0]))
    array([2., 1.])
    """
    return np.sqrt(np.where(variance > 0, variance, 1.0))


def fourth_powers(source: RowSource, means: np.ndarray, scale: np.ndarray) -> np.ndarray:
    """Sum of |(x_i - m_k) / s_k|^4 over the rows of each class, (K,).

    Parameters
    ----------
    source : RowSource
        Rows whose y are codes.
    means, scale : ndarray of shape (K, p)
        m_k and s_k.

    Returns
    -------
    ndarray of shape (K,)
        The sums.
    """

    def statistic(X: Any, y: np.ndarray, weight: np.ndarray | None) -> np.ndarray:
        if issparse(X):
            squares = X.multiply(X) @ (scale**-2.0).T - 2 * (X @ (means / scale**2).T)
            norms = squares[np.arange(len(y)), y] + np.sum((means / scale) ** 2, axis=1)[y]
        else:
            Z = np.subtract(X, means[y], out=scratch("standardised", X.shape))
            Z /= scale[y]
            norms = np.einsum("ij,ij->i", Z, Z)
        return np.bincount(y, norms**2 if weight is None else weight * norms**2, minlength=len(means))

    return reduce_rows(statistic, source, work=8.0 * source.n_features)


def class_covariances(source: RowSource | None, moments: ClassMoments, shrinkage: Any) -> np.ndarray:
    """Shrunk covariance of each class, (K, p, p).

    Parameters
    ----------
    source : RowSource, optional
        The rows, where the fourth powers are needed.
    moments : ClassMoments
        Theirs, of form "each".
    shrinkage : None, float or str
        As for `shrunk`.

    Returns
    -------
    ndarray of shape (K, p, p)
        The covariances; zeros for a class without rows.
    """
    n = np.where(moments.weight > 0, moments.weight, 1.0)
    covariances, fourth = moments.scatter / n[:, None, None], np.zeros(len(n))
    if shrinkage in LEDOIT_WOLF and source is not None:
        fourth = fourth_powers(source, moments.mean, scales(np.einsum("kii->ki", covariances)))
    return np.stack([shrunk(*each) for each in zip(covariances, [shrinkage] * len(n), n, fourth, strict=True)])


def _towards_identity(covariance: np.ndarray, a: float) -> np.ndarray:
    out = (1 - a) * covariance
    out.flat[:: len(out) + 1] += a * np.trace(covariance) / len(out)
    return out
