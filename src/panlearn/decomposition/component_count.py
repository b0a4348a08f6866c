"""How many principal components: a share of the variance, or the most probable number [minka2001].

A share f takes the fewest components whose variances sum to more than f of the total. The probability of k components
under the model of `probabilistic_pca` is, by Laplace's approximation of log p(rows | k),

    - sum_(j<=k) n/2 log l_j - n (p-k)/2 log v + log p(U) + (m + k)/2 log 2 pi - 1/2 log|A| - k/2 log n,

l_j the eigenvalues of the covariance, v the mean of those after the k-th, m = pk - k(k+1)/2 the degrees of freedom
of the axes U, p(U) the reciprocal of the volume of their Stiefel manifold, and
|A| = prod_(i<=k) prod_(j>i) (1/l'_j - 1/l'_i) (l_i - l_j) n, with l'_j = l_j for j <= k and v after.

Cost: p operations for each pair of eigenvalues. It fails for n < p, where the eigenvalues that are 0 say nothing.
"""

from numbers import Integral
from typing import Any

import numpy as np
from scipy.special import gammaln

FLOOR = 1e-15  # eigenvalues below count as 0: no model of that dimension


def log_evidence(eigenvalues: np.ndarray, n: float) -> np.ndarray:
    """Log-evidence of k = 0 ... p - 1 components; -inf for k = 0 and for components without variance.

    Parameters
    ----------
    eigenvalues : ndarray of shape (p,)
        Of the covariance, falling.
    n : float
        Number of rows.

    Returns
    -------
    ndarray of shape (p,)
    """
    values, p = np.asarray(eigenvalues, dtype=np.float64), len(eigenvalues)
    evidence = np.full(p, -np.inf)
    for k in range(1, p):
        if values[k - 1] >= FLOOR:
            evidence[k] = _of_dimension(values, k, n)
    return evidence


def _of_dimension(values: np.ndarray, k: int, n: float) -> float:
    p, i = len(values), np.arange(1, k + 1)
    v = max(FLOOR, values[k:].mean())
    prior = -k * np.log(2.0) + (gammaln((p - i + 1) / 2) - np.log(np.pi) * (p - i + 1) / 2).sum()
    fit = -0.5 * n * (np.log(values[:k]).sum() + (p - k) * np.log(v))
    m = p * k - k * (k + 1) / 2
    inverse = 1 / np.append(values[:k], np.full(p - k, v))
    upper = np.triu(np.ones((k, p), dtype=bool), 1)
    tie = np.finfo(np.float64).eps * values[:k, None]  # equal eigenvalues stand as far apart as rounding tells
    apart = np.maximum(values[:k, None] - values, tie)
    inverse_apart = np.maximum(inverse - inverse[:k, None], tie * inverse[:k, None] ** 2)
    curvature = np.log(apart[upper]).sum() + np.log(inverse_apart[upper]).sum() + upper.sum() * np.log(n)
    return prior + fit + np.log(2 * np.pi) * (m + k) / 2 - curvature / 2 - k * np.log(n) / 2


def component_count(wanted: Any, variances: np.ndarray, total: float, n: float) -> int:
    """The number of components that `n_components` asks for, once the variances are known.

    Parameters
    ----------
    wanted : int, float or "mle"
        A number, a share in (0, 1), or the most probable number.
    variances : ndarray of shape (m,)
        Variances, falling.
    total : float
        Sum of all variances.
    n : float
        Number of rows.

    Returns
    -------
    int
    """
    if wanted == "mle":
        return int(np.argmax(log_evidence(variances, n)))
    if isinstance(wanted, Integral):
        return int(wanted)
    shares = np.cumsum(variances / total) if total > 0 else np.ones(len(variances))
    return min(int(np.searchsorted(shares, wanted, side="right")) + 1, len(variances))
