"""The largest eigenpairs of A = Z'Z / s from few products with A: block Krylov spaces, randomly started.

Z are the centred rows, never formed: one pass over the rows gives A Q for a block Q of b columns. The space

    K_j = span{Q, A Q, A^2 Q, ..., A^(j-1) Q}

holds p(A) Q for every polynomial p of degree below j, so also the Chebyshev polynomial that is large on the wanted
eigenvalues and small on the rest. Subspace iteration, which keeps only A^(j-1) Q, needs about the square of the number
of passes for the same accuracy [musco2015]; `randomized` solvers elsewhere are of that kind [halko2011]. The best
answer in K_j is Rayleigh and Ritz's: with an orthonormal basis B, the eigenpairs of B'AB.

It stops when the sum of the k largest Ritz values, the variance explained, is within a share `tol` of its limit, and
each value on average within ten times that, so that small values beside a huge one count. Successive gains g_j fall at
least geometrically, so about g_j r / (1 - r) is left, r = g_j / g_(j-1).

Two precisions: passes in float32, at half the time, find the space; a last pass in float64 on the k vectors found gives
their variances and residuals. Rounding of 1e-7 in the vectors costs 1e-14 in the variances. Where the wanted
eigenvalues span more than four orders of magnitude, the data leave the range of float32, or are few, all passes are
float64.

Cost: 4 n p b operations a pass, about 6 passes; memory 2 p b a pass. It fails to gain where the spectrum is flat
(noise): many passes, each of which adds little.

Course note: 001 §10.2.2.
"""

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
import scipy.linalg

from panlearn.core.blocks import RowSource, is_sparse, reduce_rows
from panlearn.core.threads import scratch
from panlearn.decomposition.scatter import SPARSE_ROWS, Spread

BLOCK_ROWS = 256  # rows of a dense block
PASSES = 40  # most passes where the stopping rule decides
SMALL_DATA = 1 << 20  # numbers up to which float64 costs next to nothing
FLOOR = 1e-14  # share of the largest value below which rounding rules
SPAN = 1e-4  # least ratio of wanted eigenvalues for float32
RANGE = (1e-10, 1e10)  # root mean squares of the data for which float32 holds their fourth powers


class EigenPairs(NamedTuple):
    """Approximate eigenpairs, largest first."""

    values: np.ndarray  # (k,)
    vectors: np.ndarray  # (p, k), orthonormal
    residual: float  # largest |A v - value v|, relative to the largest value
    correlation: float  # largest |v_i'A v_j| / sqrt(v_i'A v_i v_j'A v_j)
    left: float  # estimate of the share that is missed: of the sum, or a tenth of the mean share of each
    n_iter: int  # passes over the rows


def block_width(k: int, p: int) -> int:
    """Columns of a block: enough that a product with it is BLAS-3, fewer than k, as the space grows by it."""
    return min(p, max(8, 8 * round(0.6 * k / 8)))


def product_with(
    source: RowSource, mean: np.ndarray, dtype: type, scale: float = 1.0
) -> Callable[[np.ndarray], np.ndarray]:
    """The map Q -> Z'ZQ / scale in one pass over the rows, Z = diag(sqrt(w)) (X - 1 mean')."""

    def product(Q: np.ndarray) -> np.ndarray:
        V, b = np.ascontiguousarray(Q, dtype=dtype), Q.shape[1]
        offset = mean @ Q

        def dense(X: Any, y: Any, weight: np.ndarray | None) -> np.ndarray:
            Z = np.subtract(X, mean, out=scratch("centred", X.shape, dtype), casting="same_kind")
            Y = Z @ V
            return Z.T @ (Y if weight is None else Y * weight[:, None].astype(dtype))

        def sparse(X: Any, y: Any, weight: np.ndarray | None) -> tuple[np.ndarray, np.ndarray]:
            Y = X @ Q - offset
            Y = Y if weight is None else Y * weight[:, None]
            return np.asarray(X.T @ Y), Y.sum(axis=0)

        work = 4.0 * source.n_features * b
        if not is_sparse(source):
            return reduce_rows(dense, source, work=work, rows=BLOCK_ROWS).astype(np.float64, copy=False) / scale
        out, sums = reduce_rows(sparse, source, work=0.1 * work, rows=SPARSE_ROWS)
        return (out - np.outer(mean, sums)) / scale  # Z'Y = X'Y - m 1'Y

    return product


def krylov(
    product: Callable[[np.ndarray], np.ndarray],
    start: np.ndarray,
    k: int,
    *,
    tol: float,
    passes: int,
    floor: float = FLOOR,
) -> EigenPairs:
    """Rayleigh-Ritz approximations of the k largest eigenpairs from the block Krylov space of `start`.

    Parameters
    ----------
    product : callable
        Q, (p, b), to A Q, A symmetric and positive semidefinite.
    start : ndarray of shape (p, b)
        Independent columns.
    k : int
        Wanted pairs.
    tol : float
        Share of the sum of the values that may be missed.
    passes : int
        Most products.
    floor : float
        Values below this share of the largest do not hold the iteration up.

    Returns
    -------
    EigenPairs
    """
    block = np.linalg.qr(start)[0]
    basis, images = block, np.empty((len(start), 0))
    path: list[np.ndarray] = []
    found = EigenPairs(np.empty(0), block, 0.0, 0.0, np.inf, 0)
    for n_iter in range(1, passes + 1):
        images = np.hstack([images, product(block)])
        found = _ritz(basis, images, k)._replace(n_iter=n_iter)
        block = _new_directions(images[:, -block.shape[1] :], basis, k)
        if basis.shape[1] >= k:
            path.append(found.values)
            found = found._replace(left=_left(path, floor) if block.shape[1] else 0.0)
            if found.left <= tol:
                break
        basis = np.hstack([basis, block])
    return found


def leading_pairs(
    source: RowSource, spread: Spread, k: int, *, random: np.random.RandomState, tol: float, passes: int, width: int
) -> EigenPairs:
    """The k largest eigenpairs of the scatter matrix about `spread.mean`.

    Parameters
    ----------
    source : RowSource
        Rows.
    spread : Spread
        The centre and the size of the columns.
    k : int
        Wanted pairs.
    random : RandomState
        Of the start.
    tol : float
        Share of the sum of the values that may be missed.
    passes : int
        Most passes over the rows, but for the last.
    width : int
        Columns of the random start.

    Returns
    -------
    EigenPairs
    """
    p, mean = source.n_features, spread.mean
    start, total = random.standard_normal((p, width)), float(spread.squares.sum()) or 1.0
    single, double = (product_with(source, mean, dtype, total) for dtype in (np.float32, np.float64))
    small = source.n_rows is not None and source.n_rows * p <= SMALL_DATA
    if small or is_sparse(source) or not RANGE[0] < np.sqrt(total / (spread.weight * p)) < RANGE[1]:
        found = krylov(double, start, k, tol=tol, passes=passes)
    else:
        rough = krylov(single, start, k, tol=tol, passes=passes, floor=SPAN)
        if rough.values[-1] < SPAN * rough.values[0]:
            found = krylov(double, rough.vectors, k, tol=tol, passes=passes)
        else:
            found = krylov(double, rough.vectors, k, tol=tol, passes=1)._replace(left=rough.left)
        found = found._replace(n_iter=rough.n_iter + found.n_iter)
    return found._replace(values=found.values * total)


def _ritz(basis: np.ndarray, images: np.ndarray, k: int) -> EigenPairs:
    """The best pairs in a space, from its orthonormal basis B and AB."""
    H = basis.T @ images
    values, U = np.linalg.eigh((H + H.T) / 2)
    values, U = np.maximum(values[::-1][:k], 0.0), U[:, ::-1][:, :k]
    vectors, mapped = basis @ U, images @ U
    largest = float(values.max(initial=0.0)) or 1.0
    residual = float(np.linalg.norm(mapped - vectors * values, axis=0).max(initial=0.0)) / largest
    return EigenPairs(values, vectors, residual, largest_correlation(vectors.T @ mapped), np.inf, 0)


def largest_correlation(covariance: np.ndarray) -> float:
    """Largest |correlation| of two different variables that vary at all, from their covariances."""
    variances = np.diagonal(covariance)
    alive = variances > 1e-12 * variances.max(initial=0.0)
    root = np.sqrt(variances[alive])
    C = covariance[np.ix_(alive, alive)] / root / root[:, None]
    np.fill_diagonal(C, 0.0)
    return float(np.abs(C).max(initial=0.0))


def _left(path: list[np.ndarray], floor: float) -> float:
    """Estimate of the share not yet found, from the course of the values: gains that fall geometrically."""
    now = path[-1]
    if len(path) < 3 or not now[0] > 0.0:
        return np.inf if now[0] > 0.0 else 0.0
    size = np.maximum(now, floor * now[0])

    def gain(earlier: np.ndarray, later: np.ndarray) -> float:
        steps = later - earlier
        return max(float(steps.sum() / size.sum()), 0.1 * float((steps / size).mean()))

    before, last = gain(path[-3], path[-2]), gain(path[-2], now)
    if last <= 0.0:
        return 0.0
    ratio = min(last / before, 0.99) if before > 0.0 else 0.99
    return last * ratio / (1.0 - ratio)


def _orthonormal(Y: np.ndarray, least: float) -> np.ndarray | None:
    """Orthonormal basis of well independent columns by products only, four times as fast as QR; None for others.

    Y'Y = U diag(w) U' makes Y U diag(w)^(-1/2) orthonormal but for rounding times the largest w over the least.
    """
    w, U = np.linalg.eigh(Y.T @ Y)
    return Y @ (U / np.sqrt(w)) if w.size and w[0] > least * least else None


def _new_directions(Y: np.ndarray, basis: np.ndarray, k: int) -> np.ndarray:
    """Orthonormal basis of what the columns of Y add to the space; random ones where a space of k needs them."""
    p, m = basis.shape
    size = np.linalg.norm(Y, axis=0).max(initial=0.0)
    Y = Y - basis @ (basis.T @ Y)
    block = _orthonormal(Y, 1e-6 * size)
    if block is not None and m + block.shape[1] <= p:
        block = _orthonormal(block - basis @ (basis.T @ block), 0.5)
        if block is not None:
            return block
    qr: Any = scipy.linalg.qr  # with pivoting it returns three factors
    Q, R, _ = qr(Y, mode="economic", pivoting=True, check_finite=False)
    rank = int((np.abs(np.diagonal(R)) > 1e-13 * size).sum()) if size > 0 else 0
    block = Q[:, : min(rank, p - m)]
    for _ in range(2):  # a column that QR found below others has their rounding in it: twice is enough [golub2013]
        block = np.linalg.qr(block - basis @ (basis.T @ block))[0]
    if m + block.shape[1] >= min(k, p):
        return block
    more = np.random.RandomState(0).standard_normal((p, min(k, p) - m - block.shape[1]))
    known = np.hstack([basis, block])
    for _ in range(2):
        more = np.linalg.qr(more - known @ (known.T @ more))[0]
    return np.hstack([block, more])
