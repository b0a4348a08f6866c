"""Principal components of rows with missing entries, by EM for the probabilistic model [tipping1999].

    x = W z + m + noise,   z ~ N(0, I_k),   noise ~ N(0, sigma^2 I_p)

Of row i only the entries o are seen. With W_o the rows of W that belong to them, and r = x_o - m_o:

    E step   M_i = W_o'W_o + sigma^2 I,   E z = M_i^-1 W_o'r,   Cov z = sigma^2 M_i^-1
    M step   (w_j, m_j) = argmin sum_(i: j seen) E (x_ij - w_j'z_i - m_j)^2, a regression for each column j on (z, 1);
             sigma^2 = the mean of these squares over all entries seen

    log p(x_o) = -1/2 [ |o| log 2 pi + (|o| - k) log sigma^2 + log|M_i| + (|r|^2 - (W_o'r)'E z) / sigma^2 ]

No loop over patterns of missing entries: with the mask R (n x p, 1 where seen), all the M_i are one product of R with
the p outer products w_j w_j', and all the normal equations of the M step one product of R' with the moments of z.
Missing entries have to be missing at random: which ones may depend on what is seen, not on what is not.

Cost: n p k^2 operations an iteration for the two products, n k^3 for the factors. EM converges linearly, slowly where
much is missing or k is more than the data hold. It fails where sigma^2 goes to 0: the rows fit a plane exactly, which
is said.

Course notes: 001 §10.2, 004 §10.
"""

from typing import Any, NamedTuple

import numpy as np

from panlearn.core.blocks import RowSource, reduce_rows
from panlearn.core.errors import DataError
from panlearn.optimize.em import EMFit, em

TINY = 1e-12  # share of the variance below which the noise counts as none
BLOCK_MOMENTS = 1 << 20  # numbers in the moments of a block of rows


class Subspace(NamedTuple):
    """Parameters of the model."""

    loadings: np.ndarray  # W, (p, k)
    mean: np.ndarray  # m, (p,)
    noise: float  # sigma^2


class Posterior(NamedTuple):
    """What the seen entries of rows say."""

    mean: np.ndarray  # E z, (n, k)
    covariance: np.ndarray  # Cov z, (n, k, k)
    log_density: np.ndarray  # log p(x_o), (n,)


class Moments(NamedTuple):
    """Sums over rows, of z extended by a 1; what the M step needs."""

    log_likelihood: float
    square: np.ndarray  # sum over the rows that see j of w E[z z'], (p, (k + 1)^2)
    cross: np.ndarray  # the same of w x E[z], (p, k + 1)
    x_square: np.ndarray  # the same of w x^2, (p,)


def posterior(X: np.ndarray, model: Subspace) -> Posterior:
    """E step for a block of rows, NaN where nothing was seen.

    Parameters
    ----------
    X : ndarray of shape (n, p)
        Rows.
    model : Subspace
        Parameters.

    Returns
    -------
    Posterior
    """
    W, k = model.loadings, model.loadings.shape[1]
    seen = ~np.isnan(X)
    R = np.where(seen, X - model.mean, 0.0)
    count = seen.sum(axis=1)
    outer = (W[:, :, None] * W[:, None, :]).reshape(len(W), k * k)
    M = (seen.astype(np.float64) @ outer).reshape(-1, k, k) + model.noise * np.eye(k)
    b = R @ W
    inverse = np.linalg.inv(M)
    z = np.einsum("nij,nj->ni", inverse, b)
    rest = np.where(seen, R - z @ W.T, 0.0)  # |r|^2 - b'E z = |r - W_o E z|^2 + sigma^2 |E z|^2, without cancellation
    distance = np.einsum("ij,ij->i", rest, rest) / model.noise + np.einsum("ij,ij->i", z, z)
    determinant = np.linalg.slogdet(M)[1] + (count - k) * np.log(model.noise)
    return Posterior(z, model.noise * inverse, -0.5 * (count * np.log(2 * np.pi) + determinant + distance))


def fit_missing(
    source: RowSource, k: int, *, random: np.random.RandomState, tol: float, max_iter: int, verbose: int = 0
) -> EMFit[Subspace]:
    """Maximise the likelihood of the seen entries.

    Parameters
    ----------
    source : RowSource
        Rows, NaN where nothing was seen; weights optional.
    k : int
        Components, fewer than columns.
    random : RandomState
        Of the start.
    tol : float
        Stop when an iteration gains less log-likelihood a row.
    max_iter : int
        Most iterations.
    verbose : int
        Show progress.

    Returns
    -------
    EMFit
        Its parameters are a `Subspace`.

    Raises
    ------
    DataError
        If a column was never seen, or the rows vary in no more than k directions.
    """
    count, mean, variance = _column_moments(source)
    if not count.all():
        raise DataError(
            f"Column {int(np.flatnonzero(count == 0)[0])} of X has no value that is not missing; drop the column."
        )
    p, scale = source.n_features, float(variance.mean())
    if not np.isfinite(scale):
        raise DataError("The squares of X overflow float64; divide X by a constant first.")
    if scale <= 0:
        raise DataError("The values of X that are not missing do not vary within columns: there is no component.")
    start = Subspace(random.standard_normal((p, k)) * np.sqrt(variance / k)[:, None], mean, scale)
    rows = max(16, BLOCK_MOMENTS // (k + 1) ** 2)
    total = _weight(source)

    def step(model: Subspace) -> tuple[float, Subspace]:
        def statistic(X: Any, y: Any, weight: np.ndarray | None) -> Moments:
            return _moments(X, weight, model)

        sums = reduce_rows(statistic, source, work=2.0 * p * (k + 1) ** 2, rows=rows)
        return sums.log_likelihood / total, _maximised(sums, model, count, TINY * scale)

    return em(step, start, tol=tol, max_iter=max_iter, verbose=verbose, title="principal components")


def _column_moments(source: RowSource) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Weight, mean and variance of the seen entries of each column."""
    p = source.n_features

    def sums(X: Any, y: Any, weight: np.ndarray | None, centre: Any = 0.0) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        w = np.ones(len(X)) if weight is None else weight
        seen = ~np.isnan(X)
        R = np.where(seen, X - centre, 0.0)
        return w @ seen, w @ R, w @ R**2

    with np.errstate(over="ignore", invalid="ignore"):
        count, first, _ = reduce_rows(sums, source, work=4.0 * p)
        safe = np.where(count > 0, count, 1.0)
        mean = first / safe
        square = reduce_rows(lambda X, y, w: sums(X, y, w, mean), source, work=4.0 * p)[2]
    return count, mean, square / safe


def _weight(source: RowSource) -> float:
    return float(sum(piece.X.shape[0] if piece.weight is None else piece.weight.sum() for piece in source.pieces()))


def _moments(X: np.ndarray, weight: np.ndarray | None, model: Subspace) -> Moments:
    """Statistics of one block of rows."""
    found, (n, k) = posterior(X, model), (len(X), model.loadings.shape[1])
    seen = ~np.isnan(X)
    w = np.ones(n) if weight is None else weight
    extended = np.column_stack([found.mean, np.ones(n)])
    square = extended[:, :, None] * extended[:, None, :]
    square[:, :k, :k] += found.covariance
    filled = np.where(seen, X - model.mean, 0.0)
    return Moments(
        float(w @ found.log_density),
        (seen * w[:, None]).T @ square.reshape(n, -1),
        (filled * w[:, None]).T @ extended,
        w @ filled**2,
    )


def _maximised(sums: Moments, model: Subspace, count: np.ndarray, least: float) -> Subspace:
    """M step: a regression for each column; `cross` and `x_square` are about the mean of `model`."""
    k1 = sums.cross.shape[1]
    A = sums.square.reshape(-1, k1, k1)
    beta = np.linalg.solve(A, sums.cross[:, :, None])[:, :, 0]
    explained = np.einsum("ji,ji->j", beta, sums.cross)
    noise = float((sums.x_square - explained).sum() / count.sum())
    if noise < least:
        raise DataError(
            f"The rows fit a plane of {k1 - 1} dimensions exactly, so the likelihood has no bound: lower n_components."
        )
    return Subspace(beta[:, :-1], model.mean + beta[:, -1], noise)


def filled_in(X: np.ndarray, model: Subspace, *, rows: int = 1 << 14) -> np.ndarray:
    """X with each missing entry replaced by its expectation given the seen ones of its row.

    Parameters
    ----------
    X : ndarray of shape (n, p)
        Rows.
    model : Subspace
        Parameters.
    rows : int
        Rows at a time.

    Returns
    -------
    ndarray of shape (n, p)
    """
    out = X.copy()
    for a in range(0, len(X), rows):
        block = out[a : a + rows]
        holes = np.isnan(block)
        z = posterior(block, model).mean
        block[holes] = (z @ model.loadings.T + model.mean)[holes]
    return out


def principal(model: Subspace) -> tuple[np.ndarray, np.ndarray]:
    """Orthonormal axes, (k, p), and the model's variances along them, largest first."""
    U, s, _ = np.linalg.svd(model.loadings, full_matrices=False)
    return U.T, s**2 + model.noise
