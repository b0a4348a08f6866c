"""What the seen numbers of a row say of its missing ones, under each of K Gaussians [ghahramani1994], [little2019].

A row x splits into x_o, seen, and x_h, hidden. If values are missing at random its likelihood is the density of x_o
alone, and an E step completes the row by what is expected of it. With u = x − μ and B = Σ_oo^-1 Σ_oh,

    log N(x_o) = −½ |z|² − Σ log diag L − o/2 log 2π,     L L' = Σ_oo,   L z = u_o
    E[u | x_o] = (u_o, B' u_o)          E[u u' | x_o] = E[u | x_o] E[u | x_o]' + C,   C_hh = Σ_hh − Σ_ho B, else 0

Guesses without C, or column means in their place, make covariances too small, and the likelihood would not be maximal.
Rows with one pattern of gaps share their factors: K p³ / 3 operations a pattern, K p² a row. A row that is all gaps has
density 1. Fails where values are missing because of what they are. Course notes: 004 §10.
"""

from collections.abc import Iterator

import numpy as np


def patterns(X: np.ndarray) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Which columns are seen, and in which rows just these, for each pattern of gaps."""
    codes, which = np.unique(np.packbits(np.isnan(X), axis=1), axis=0, return_inverse=True)
    for code in range(len(codes)):
        rows = np.flatnonzero(which.reshape(-1) == code)
        yield ~np.isnan(X[rows[0]]), rows


def log_densities(X: np.ndarray, means: np.ndarray, covariances: np.ndarray) -> np.ndarray:
    """Log-density of what is seen of each row.

    Parameters
    ----------
    X : ndarray of shape (n, p)
        Rows with NaN.
    means : ndarray of shape (K, p)
        Means.
    covariances : ndarray of shape (K, p, p)
        Covariances.

    Returns
    -------
    ndarray of shape (n, K)
        log N(x_o | j); 0 for a row that is all gaps.

    Examples
    --------
    >>> import numpy as np
    >>> covariances = np.array([[[4.0, 1.0], [1.0, 9.0]]])
    >>> density = log_densities(np.array([[0.0, np.nan]]), np.zeros((1, 2)), covariances)
    >>> float(np.exp(density[0, 0]) * np.sqrt(2 * np.pi))  # that of the first coordinate alone, whose deviation is 2
    0.5
    """
    out = np.zeros((len(X), len(means)))
    for seen, rows in patterns(X):
        L = np.linalg.cholesky(covariances[:, seen][:, :, seen])
        z = np.linalg.solve(L, X[np.ix_(rows, seen)].T - means[:, seen, None])  # (K, o, rows)
        constant = np.log(np.diagonal(L, axis1=1, axis2=2)).sum(axis=1) + seen.sum() / 2 * np.log(2 * np.pi)
        out[rows] = (-0.5 * np.square(z).sum(axis=1) - constant[:, None]).T
    return out


def moments(
    X: np.ndarray, shares: np.ndarray, means: np.ndarray, covariances: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Moments about the means of rows completed by what is seen of them.

    Parameters
    ----------
    X : ndarray of shape (n, p)
        Rows with NaN.
    shares : ndarray of shape (n, K)
        Weight of each row in each Gaussian.
    means : ndarray of shape (K, p)
        Means.
    covariances : ndarray of shape (K, p, p)
        Covariances.

    Returns
    -------
    counts : ndarray of shape (K,)
        Σ r.
    first : ndarray of shape (K, p)
        Σ r E[u].
    second : ndarray of shape (K, p, p)
        Σ r E[u u'].
    """
    counts, first, second = shares.sum(axis=0), np.zeros(means.shape), np.zeros(covariances.shape)
    for seen, rows in patterns(X):
        hidden, r = ~seen, shares[rows].T
        B = np.linalg.solve(covariances[:, seen][:, :, seen], covariances[:, seen][:, :, hidden])
        u = np.zeros((*means.shape, len(rows)))
        u[:, seen] = X[np.ix_(rows, seen)].T - means[:, seen, None]
        u[:, hidden] = np.swapaxes(B, 1, 2) @ u[:, seen]
        scaled = u * r[:, None]
        first += scaled.sum(axis=2)
        second += scaled @ np.swapaxes(u, 1, 2)
        C = covariances[:, hidden][:, :, hidden] - covariances[:, hidden][:, :, seen] @ B
        second[np.ix_(np.arange(len(means)), hidden, hidden)] += r.sum(axis=1)[:, None, None] * C
    return counts, first, second
