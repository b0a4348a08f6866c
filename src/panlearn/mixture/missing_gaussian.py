"""Gaussian mixtures of rows with missing values: EM that conditions on what is seen [ghahramani1994], [little2019].

A row x splits into x_o, seen, and x_m, missing. If values are missing at random, that is for reasons that may depend
on x_o but not on x_m, the likelihood needs the density of x_o alone, which for a Gaussian is that of a part of it:

    log p(x_o) = log sum_k pi_k N(x_o | mu_k,o, Sigma_k,oo)

E step. The component and x_m are both latent. For each component, with B = Sigma_mo Sigma_oo^-1,

    r_k = pi_k N(x_o | k) / p(x_o)      x^_k = (x_o, mu_m + B (x_o - mu_o))      C_k = Sigma_mm - B Sigma_om (else 0)

M step. As with complete data, with x^_k for x and the variance C_k that the guess x^_k lacks:

    N_k = sum r_k     mu_k = sum r_k x^_k / N_k     Sigma_k = sum r_k ((x^_k - mu_k)(x^_k - mu_k)' + C_k) / N_k

Filling the gaps by x^ alone, or by column means, would leave C out: covariances too small, the likelihood not maximal.
All rows with one pattern of gaps share their factorisations (`missing_kernels`). Cost of a step: n k d^2, and k d^3 / 3
for each pattern (at most n, at most 2^d). A row that is all gaps counts for the weights alone.

When it fails: values missing because of what they are (a scale that ends, an answer withheld) bias every fit of this
kind; a column with no value at all has no mean. Note 004 §10.
"""

from functools import reduce
from typing import NamedTuple

import numpy as np

from panlearn.core.blocks import add
from panlearn.core.errors import DataError
from panlearn.core.threads import map_chunks


class Moments(NamedTuple):
    """Sums over rows of an E step, all about the means it was given."""

    log_likelihood: float  # sum of weight log p(x_o)
    counts: np.ndarray  # (k,): N_k
    first: np.ndarray  # (k, d): sum of r (x^ - mu)
    second: (
        np.ndarray
    )  # sum of r ((x^ - mu)(x^ - mu)' + C): full (k, d, d), tied (d, d), its diagonal (k, d) for the rest


def pattern_order(X: np.ndarray) -> np.ndarray:
    """Order of the rows in which those with the same values missing stand together.

    Parameters
    ----------
    X : ndarray of shape (n, d)
        Rows with NaN.

    Returns
    -------
    ndarray of shape (n,)
        Row numbers, for `X[order]`.

    Examples
    --------
    >>> import numpy as np
    >>> pattern_order(np.array([[1, np.nan], [1, 2], [3, np.nan], [0, 1]])).tolist()
    [1, 3, 0, 2]
    """
    return np.lexsort(np.packbits(np.isnan(X), axis=1).T[::-1])


def expectation(
    X: np.ndarray,
    weight: np.ndarray | None,
    log_weights: np.ndarray,
    means: np.ndarray,
    covariances: np.ndarray,
    covariance_type: str,
) -> Moments:
    """E step: moments of the rows, each completed by what its seen values say of the others.

    Parameters
    ----------
    X : ndarray of shape (n, d)
        Rows with NaN; quickest in `pattern_order`.
    weight : ndarray of shape (n,) or None
        Weights of the rows.
    log_weights : ndarray of shape (k,)
        log pi.
    means : ndarray of shape (k, d)
        Means.
    covariances : ndarray
        As `GaussianMixture.covariances_`: (k, d, d), (d, d), (k, d) or (k,).
    covariance_type : {"full", "tied", "diag", "spherical"}
        Which of them.

    Returns
    -------
    Moments
        Sums over the rows.

    Raises
    ------
    DataError
        If a covariance is not positive definite.
    """
    from panlearn.mixture import missing_kernels as kernels

    X, weight = _rows(X, weight)
    means, covariances = np.ascontiguousarray(means, np.float64), _stacked(covariances, covariance_type, means.shape)
    accumulate = kernels.add_moments if covariances.ndim == 3 else kernels.add_diagonal_moments

    def part(start: int, stop: int) -> Moments:
        counts, first, second = np.zeros(len(means)), np.zeros(means.shape), np.zeros(covariances.shape)
        rows = slice(start, stop)
        value = accumulate(X[rows], weight[rows], log_weights, means, covariances, counts, first, second)
        return Moments(value, counts, first, second)

    log_weights = np.ascontiguousarray(log_weights, np.float64)
    parts = map_chunks(part, len(X), work=len(X) * float(covariances.size))
    value, counts, first, second = reduce(add, parts)
    if not np.isfinite(value):
        raise DataError("a covariance is not positive definite: raise reg_covar, or lower n_components.")
    if covariances.ndim == 3:
        second = second + np.tril(second, -1).transpose(0, 2, 1)
    return Moments(float(value), counts, first, second[0] if covariance_type == "tied" else second)


def maximise(moments: Moments, means: np.ndarray, covariance_type: str) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """M step: weights, means and covariances from the moments about the old means.

    Parameters
    ----------
    moments : Moments
        Of the E step; every component needs a positive count.
    means : ndarray of shape (k, d)
        The means that the E step was given.
    covariance_type : {"full", "tied", "diag", "spherical"}
        Which covariances.

    Returns
    -------
    weights : ndarray of shape (k,)
        Shares of the components.
    means : ndarray of shape (k, d)
        New means.
    covariances : ndarray
        As `GaussianMixture.covariances_`, nothing added to their diagonals.
    """
    _, counts, first, second = moments
    shift = first / counts[:, None]
    weights, means = counts / counts.sum(), means + shift
    if covariance_type == "full":
        covariances = second / counts[:, None, None] - shift[:, :, None] * shift[:, None, :]
    elif covariance_type == "tied":
        covariances = (second - first.T @ shift) / counts.sum()
    else:
        covariances = np.maximum(second / counts[:, None] - shift**2, 0.0)  # rounding must not make one negative
    return weights, means, covariances.mean(axis=1) if covariance_type == "spherical" else covariances


def log_densities(X: np.ndarray, means: np.ndarray, covariances: np.ndarray, covariance_type: str) -> np.ndarray:
    """Log-density of what is seen of each row, under each component.

    Parameters
    ----------
    X : ndarray of shape (n, d)
        Rows with NaN.
    means : ndarray of shape (k, d)
        Means.
    covariances : ndarray
        As `GaussianMixture.covariances_`.
    covariance_type : {"full", "tied", "diag", "spherical"}
        Which of them.

    Returns
    -------
    ndarray of shape (n, k)
        log N(x_o | k); 0 for a row that is all gaps.

    Examples
    --------
    >>> import numpy as np
    >>> covariances = np.array([[[4.0, 1.0], [1.0, 9.0]]])
    >>> density = log_densities(np.array([[0.0, np.nan]]), np.zeros((1, 2)), covariances, "full")
    >>> float(np.exp(density[0, 0]) * np.sqrt(2 * np.pi))  # that of the first coordinate alone, whose deviation is 2
    0.5
    """
    from panlearn.mixture import missing_kernels as kernels

    X, _ = _rows(X, None)
    means, covariances = np.ascontiguousarray(means, np.float64), _stacked(covariances, covariance_type, means.shape)
    out = np.empty((len(X), len(means)))
    fill = kernels.densities if covariances.ndim == 3 else kernels.diagonal_densities
    map_chunks(lambda a, b: fill(X[a:b], means, covariances, out[a:b]), len(X), work=len(X) * float(covariances.size))
    return out


def _rows(X: np.ndarray, weight: np.ndarray | None) -> tuple[np.ndarray, np.ndarray]:
    weight = np.ones(len(X)) if weight is None else np.ascontiguousarray(weight, np.float64)
    return np.ascontiguousarray(X, np.float64), weight


def _stacked(covariances: np.ndarray, covariance_type: str, shape: tuple[int, ...]) -> np.ndarray:
    """Covariances as (k, d, d), (1, d, d), or variances (k, d)."""
    if covariance_type == "tied":
        covariances = covariances[None]
    if covariance_type == "spherical":
        covariances = np.broadcast_to(covariances[:, None], shape)
    return np.ascontiguousarray(covariances, np.float64)
