"""Log-likelihoods of counts as one matrix product, zeros included.

    Σ_j x_j log p_j        with 0 log 0 = 0, and -inf where x_j > 0 = p_j

is X @ log(P)' but for the zeros of P, whose logarithm would turn 0 · -inf into NaN: they count as 1 in the product, and
rows that put weight on one of them become -inf. What depends on the counts alone (log x!) is computed once for all
iterations, and is the last column of the rows that a family of counts takes. Course notes: 004 §11.
"""

from typing import Any

import numpy as np
from scipy.special import gammaln

from panlearn.core.errors import DataError


def weighted_logs(X: np.ndarray, P: np.ndarray) -> np.ndarray:
    """Σ_j x_j log p_ij for all rows of X (n, p) and all states of P (N, p): (n, N)."""
    zero = P == 0.0
    logs = X @ np.log(np.where(zero, 1.0, P)).T
    if zero.any():
        logs[X @ zero.T.astype(np.float64) > 0] = -np.inf
    return logs


def require_counts(X: np.ndarray, *, whole: bool) -> np.ndarray:
    """Rows as float64; raises on negative numbers and, if they have to be `whole`, on fractions.

    Raises
    ------
    DataError
        Names what was found.
    """
    X = np.asarray(X, dtype=np.float64)
    if (X < 0).any():
        raise DataError(f"counts must not be negative, got {np.nanmin(X):g}.")
    if (X > 1e300).any():
        raise DataError(
            f"counts must be at most 1e300, got {np.nanmax(X):g}: log x! would exceed the range of float64."
        )
    if whole and not np.array_equal(X, np.floor(X), equal_nan=True):
        raise DataError("counts must be whole numbers, NaN where missing; round them first.")
    return X


def log_factorials(X: np.ndarray) -> np.ndarray:
    """Log x! of each entry; 0 where it is missing."""
    return np.where(np.isnan(X), 0.0, gammaln(np.nan_to_num(X) + 1.0))


def chances(p: Any) -> np.ndarray:
    """Probabilities given by hand as an array of two dimensions."""
    return np.atleast_2d(np.asarray(p, dtype=np.float64))
