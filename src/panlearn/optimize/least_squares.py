"""Least squares with an L2 penalty, dense or sparse, in memory or streamed, by the cheapest safe route.

    min_{W, b}  1/2 sum_i w_i |y_i - W x_i - b|^2 + 1/2 sum_t alpha_t |W_t|^2

Routes, for n rows and p columns [golub2013, ch. 5-6]:

- normal equations: one pass over the rows gives G = Z'Z and c = Z'y of the centred columns (n p^2 operations, all of
  them in BLAS-3), then Cholesky. It squares the condition number, so a pivot test on the unit-diagonal Gram matrix
  decides whether its answer is kept;
- triangle: QR of row blocks, their triangles stacked and factored again [demmel2012], then the SVD of the last one.
  Four times slower, backward stable, and right for rank-deficient problems: it returns the solution of least norm;
- dual: for p > n and alpha > 0, the n x n system (ZZ' + alpha I) a = y, then W = Z'a [tan2019, 1.4];
- LSQR [paige1982], for sparse problems: first where the square matrix would cost more, last where it does not fit.

Centring happens twice: by a sampled mean inside the blocks, exactly in the end. Without the first, columns whose mean
is far above their spread would lose digits.
"""

from contextlib import nullcontext
from typing import Any, NamedTuple

import numpy as np
import scipy.linalg
from scipy.optimize import nnls
from scipy.sparse import hstack, issparse
from scipy.sparse.linalg import LinearOperator, lsqr

from panlearn.core.blocks import ArrayRows, MappedRows, RowSource, in_memory, is_sparse, reduce_rows, require_finite
from panlearn.core.products import products_of
from panlearn.core.threads import GATE, scratch, single_threaded_blas

PIVOT = 1e-8  # least squared pivot of the unit-diagonal Gram matrix: rounding then costs less than 8 of 16 digits
SPARSE_ROWS = 1 << 16  # rows of a sparse block
TRIAL = (10, 100)  # fewest and most iterations of LSQR tried before a p x p system that costs more is formed
SMALL_WORK = 3e8  # multiplications below which a threaded BLAS loses more at its start than it gains
SQUARE = 4000  # largest p x p or n x n matrix formed from sparse data: 128 MB


class Moments(NamedTuple):
    """Weighted sums over rows, of columns shifted by a constant; a statistic of `reduce_rows`."""

    gram: np.ndarray  # (p, p)
    cross: np.ndarray  # (p, t)
    x: np.ndarray  # (p,) sums
    y: np.ndarray  # (t,) sums
    y_square: np.ndarray  # (t,) sums of squares
    weight: float  # sum of weights


class Centre(NamedTuple):
    """What is subtracted before solving; zeros without an intercept."""

    x: np.ndarray  # (p,)
    y: np.ndarray  # (t,)


class Solution(NamedTuple):
    """Coefficients with their certificate."""

    coef: np.ndarray  # (t, p)
    intercept: np.ndarray  # (t,)
    gradient_norm: float  # largest |component| of the objective's gradient, relative to that at W = 0
    rank: int  # numerical rank of the centred X; -1 if the route does not tell
    n_iter: int  # iterations; 0 for a direct route
    route: str  # "cholesky", "svd", "dual", "lsqr" or "nnls"
    singular: np.ndarray | None = None  # (min(n, p),) singular values of the centred X, falling, by route "svd"
    gram: np.ndarray | None = None  # (p, p) Gram matrix of the centred X, by route "cholesky"


def solve(
    source: RowSource,
    alpha: np.ndarray,
    *,
    intercept: bool = True,
    penalize_intercept: bool = False,
    positive: bool = False,
    route: str = "auto",
    tol: float = 1e-10,
    max_iter: int | None = None,
) -> Solution:
    """Minimise the penalised squared error over all rows of a source.

    Parameters
    ----------
    source : RowSource
        Rows with targets; weights optional.
    alpha : ndarray of shape (1,) or (t,)
        Penalty, at least 0, one for all targets or one each.
    intercept, penalize_intercept : bool
        Fit an intercept; count it in the penalty.
    positive : bool
        Restrict the coefficients to be at least 0.
    route : {"auto", "cholesky", "svd", "lsqr"}
        "auto" chooses by shape, sparsity and conditioning.
    tol, max_iter : float, int
        Of the iterative route.

    Returns
    -------
    Solution
    """
    rows = np.inf if source.n_rows is None else float(source.n_rows)
    small = rows * source.n_features * min(rows, source.n_features) < SMALL_WORK
    with single_threaded_blas() if small else nullcontext():
        return _solve(source, alpha, intercept, penalize_intercept, positive, route, tol, max_iter)


def _solve(
    source: RowSource,
    alpha: np.ndarray,
    intercept: bool,
    penalize_intercept: bool,
    positive: bool,
    route: str,
    tol: float,
    max_iter: int | None,
) -> Solution:
    """`solve`, with BLAS set up."""
    if intercept and penalize_intercept:
        return _with_constant_column(
            solve(_append_ones(source), alpha, intercept=False, positive=positive, route=route)
        )
    if is_sparse(source) and not positive:
        return _solve_sparse(source, alpha, intercept, route, tol, max_iter)
    wide = source.n_rows is not None and source.n_features > source.n_rows
    shift = sampled_mean(source, intercept)
    if wide and route != "cholesky":
        centre = _mean(source) if intercept else shift
        _check(source, centre.x)
        if alpha.min() > 0 and route == "auto" and not positive:
            return _dual(source, centre, alpha)
    else:
        sums = moments(source, shift)
        _check(source, sums.x)
        centre, gram, cross = _centred(sums, shift, intercept)
        if route in ("auto", "cholesky") and not positive:
            found = _cholesky(gram, cross, alpha, centre, strict=route == "auto")
            if found is not None:
                return found
    triangle = triangle_of(source, centre)
    return _nonnegative(triangle, alpha, centre) if positive else _svd(triangle, alpha, centre, source.n_rows or 0)


def _check(source: RowSource, sums: np.ndarray) -> None:
    # NaN and infinity show in any sum over the rows: the data are read again only to name the fault
    if not np.isfinite(sums).all():
        require_finite(source)


def moments(source: RowSource, shift: Centre) -> Moments:
    """Gram matrix and cross products of the columns minus a constant, in one pass."""
    rows = SPARSE_ROWS if is_sparse(source) else 0
    with np.errstate(invalid="ignore", over="ignore"):  # `solve` looks at the sums
        work = source.n_features * (source.n_features + 4.0)
        return reduce_rows(lambda X, y, w: block_moments(X, y, w, shift), source, work=work, rows=rows)


def block_moments(X: Any, y: Any, weight: np.ndarray | None, shift: Centre) -> Moments:
    """Moments of one block of rows."""
    y, sparse = _columns(y) - shift.y, issparse(X)
    Z: Any = X.astype(np.float64, copy=False) if sparse else np.subtract(X, shift.x, out=scratch("Z", X.shape))
    if weight is None:
        wZ, wy, total = Z, y, float(Z.shape[0])
    else:
        wZ = (
            Z.multiply(weight[:, None]).tocsr()
            if sparse
            else np.multiply(Z, weight[:, None], out=scratch("wZ", X.shape))
        )
        wy, total = y * weight[:, None], float(weight.sum())
    gram = wZ.T @ Z  # NumPy calls BLAS syrk, half the work, where both factors are one array
    x_sum = np.asarray(wZ.sum(axis=0)).ravel() if sparse else np.ones(len(Z)) @ wZ
    squares = np.einsum("ij,ij->j", wy, y)
    return Moments(gram.toarray() if sparse else gram, wZ.T @ y, x_sum, wy.sum(axis=0), squares, total)


def squared_error(s: Moments, shift: Centre, coef: np.ndarray, intercept: np.ndarray) -> float:
    """Weighted sum of (y - Wx - b)^2 over the rows that the moments were taken of, without the rows."""
    b = intercept + coef @ shift.x - shift.y  # the intercept in shifted coordinates
    quadratic = np.einsum("tj,jk,tk->t", coef, s.gram, coef) + s.weight * b * b
    linear = np.einsum("tj,jt->t", coef, s.cross) + b * s.y - b * (coef @ s.x)
    return float((s.y_square + quadratic - 2 * linear).sum())


def solve_moments(s: Moments, shift: Centre, alpha: np.ndarray, intercept: bool) -> Solution | None:
    """Normal equations from their sums; None where the pivots say that too many digits would be lost."""
    centre, gram, cross = _centred(s, shift, intercept)
    return _cholesky(gram, cross, alpha, centre, strict=True)


def sampled_mean(source: RowSource, intercept: bool) -> Centre:
    """Means over at most 2048 rows of the first piece, spread over it; zeros where nothing may be shifted."""
    piece = next(iter(source.pieces()))
    n = piece.X.shape[0]
    sample = source.prepare(piece[slice(None, None, max(1, n // 2048))] if n > 2048 else piece)
    y = _columns(sample.y)
    if not intercept or issparse(sample.X):
        return Centre(np.zeros(source.n_features), np.zeros(y.shape[1]))
    mean = sample.X.mean(axis=0, dtype=np.float64)
    return Centre(np.where(np.isfinite(mean), mean, 0.0), y.mean(axis=0))


def _mean(source: RowSource) -> Centre:
    """Exact weighted means of features and targets."""

    def statistic(X: Any, y: Any, weight: np.ndarray | None) -> tuple[np.ndarray, np.ndarray, float]:
        weight = np.ones(X.shape[0]) if weight is None else weight
        return X.T @ weight, weight @ _columns(y), float(weight.sum())

    rows = SPARSE_ROWS if is_sparse(source) else 0
    x, y, total = reduce_rows(statistic, source, work=2.0 * source.n_features, rows=rows)
    return Centre(x / total, y / total)


def _centred(s: Moments, shift: Centre, intercept: bool) -> tuple[Centre, np.ndarray, np.ndarray]:
    # sum w (z - m)(z - m)' = G - s s' / W, whatever constant z was shifted by
    if not intercept:
        return shift, s.gram, s.cross
    x, y = s.x / s.weight, s.y / s.weight
    with np.errstate(over="ignore", invalid="ignore"):  # squares that overflow make Cholesky give way to the triangle
        return Centre(shift.x + x, shift.y + y), s.gram - np.outer(s.x, x), s.cross - np.outer(s.x, y)


def _cholesky(gram: np.ndarray, cross: np.ndarray, alpha: np.ndarray, centre: Centre, strict: bool) -> Solution | None:
    """Solve the normal equations; None if `strict` and the pivots say that too many digits would be lost."""
    scale = np.diag(gram) + alpha.max()
    if strict and not (np.isfinite(scale).all() and (scale > 0).all()):
        return None
    scale = 1 / np.sqrt(np.where(scale > 0, scale, 1.0))
    coef, groups = np.empty((cross.shape[1], gram.shape[0])), np.unique(alpha)
    for value in groups:
        targets = slice(None) if alpha.size == 1 else np.flatnonzero(alpha == value)
        system = gram + value * np.eye(len(gram))
        system = system * scale * scale[:, None]
        try:
            factor = scipy.linalg.cho_factor(system, lower=True, overwrite_a=True, check_finite=False)
        except np.linalg.LinAlgError:
            return None
        if strict and np.diag(factor[0]).min(initial=1.0) ** 2 < PIVOT * np.diag(factor[0]).max(initial=1.0) ** 2:
            return None
        solution = scipy.linalg.cho_solve(factor, cross[:, targets] * scale[:, None], check_finite=False)
        coef[targets] = (solution * scale[:, None]).T
    gradient = gram @ coef.T + coef.T * alpha - cross
    return _solution(coef, centre, gradient, cross, len(gram), "cholesky")._replace(gram=gram)


def triangle_of(source: RowSource, centre: Centre) -> np.ndarray:
    """Triangular factor of [X - x̄, y - ȳ] by QR of row blocks: R'R is the Gram matrix, never formed."""
    p = source.n_features

    def statistic(X: Any, y: Any, weight: np.ndarray | None) -> np.ndarray:
        dense = X.toarray() if issparse(X) else X
        Z = np.hstack([dense - centre.x, _columns(y) - centre.y])
        return _triangle(Z if weight is None else Z * np.sqrt(weight)[:, None])

    def combine(a: np.ndarray, b: np.ndarray) -> np.ndarray:
        return _triangle(np.vstack([a, b]))

    return reduce_rows(statistic, source, work=4.0 * p * p, combine=combine, rows=max(512, 4 * p))


def _triangle(Z: np.ndarray) -> np.ndarray:
    return np.asarray(np.linalg.qr(Z, mode="r")) if len(Z) > Z.shape[1] else Z  # else there is nothing to gain


def _svd(triangle: np.ndarray, alpha: np.ndarray, centre: Centre, n: float) -> Solution:
    """Least-norm solution from the singular values of the triangle: W = V s/(s^2 + alpha) U'y."""
    p = len(centre.x)
    R, target = triangle[:, :p], triangle[:, p:]
    U, s, Vt = _thin_svd(R)
    cutoff = max(n, p) * np.finfo(np.float64).eps * s.max(initial=0.0)
    keep = s > cutoff
    rotated = U[:, keep].T @ target  # (r, t)
    shrink = 1 / (s[keep][:, None] + alpha / s[keep][:, None])  # s / (s^2 + alpha), without squares that overflow
    coef = (Vt[keep].T @ (shrink * rotated)).T
    cross = R.T @ target
    gradient = R.T @ (R @ coef.T - target) + coef.T * alpha
    return _solution(coef, centre, gradient, cross, int(keep.sum()), "svd")._replace(singular=s)


def _thin_svd(R: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Factors U, s, V' of R; a wide R is first cut to a square by QR of its transpose."""
    if R.shape[1] < 2 * R.shape[0]:
        return scipy.linalg.svd(R, full_matrices=False, check_finite=False)
    Q, square = np.linalg.qr(R.T)
    V, s, Ut = scipy.linalg.svd(square, check_finite=False)  # R = (Q square)' = U s (Q V)'
    return Ut.T, s, (Q @ V).T


def _nonnegative(triangle: np.ndarray, alpha: np.ndarray, centre: Centre) -> Solution:
    """Coefficients >= 0 by Lawson and Hanson's active sets, on the triangle instead of the rows [lawson1995]."""
    p = len(centre.x)
    R, target = triangle[:, :p], triangle[:, p:]
    coef = np.empty((target.shape[1], p))
    for t, penalty in enumerate(np.broadcast_to(alpha, target.shape[1])):
        stacked = np.vstack([R, np.sqrt(penalty) * np.eye(p)]) if penalty > 0 else R
        coef[t] = nnls(stacked, np.concatenate([target[:, t], np.zeros(len(stacked) - len(R))]))[0]
    gradient = R.T @ (R @ coef.T - target) + coef.T * alpha
    projected = np.where(coef.T > 0, gradient, np.minimum(gradient, 0))  # at a bound only descent would be a fault
    return _solution(coef, centre, projected, R.T @ target, -1, "nnls")


def _dual(source: RowSource, centre: Centre, alpha: np.ndarray) -> Solution:
    """Solve n equations instead of p: W = Z'(ZZ' + alpha I)^-1 y."""
    X, y, weight = in_memory(source)
    y = _columns(y) - centre.y
    root = np.ones(len(y)) if weight is None else np.sqrt(weight)
    y, kernel = y * root[:, None], np.zeros((len(y), len(y)))
    columns = [slice(a, a + SQUARE) for a in range(0, X.shape[1], SQUARE)]

    def part(cut: slice) -> np.ndarray:  # some columns of Z, so that the centred copy stays small
        return (X[:, cut] - centre.x[cut]) * root[:, None]

    for cut in columns:
        Z = part(cut)
        kernel += Z @ Z.T
    dual = _solve_dual(kernel, y, alpha)
    coef = np.hstack([(part(cut).T @ dual).T for cut in columns])
    fitted = kernel @ dual
    cross = np.vstack([part(cut).T @ y for cut in columns])
    gradient = np.vstack([part(cut).T @ (fitted - y) for cut in columns]) + coef.T * alpha
    return _solution(coef, centre, gradient, cross, -1, "dual")


def _solve_dual(kernel: np.ndarray, y: np.ndarray, alpha: np.ndarray) -> np.ndarray:
    dual = np.empty_like(y)
    for value in np.unique(alpha):
        targets = slice(None) if alpha.size == 1 else np.flatnonzero(alpha == value)
        system = kernel + value * np.eye(len(kernel))
        dual[:, targets] = scipy.linalg.solve(system, y[:, targets], assume_a="pos", check_finite=False)
    return dual


def _solve_sparse(
    source: RowSource, alpha: np.ndarray, intercept: bool, route: str, tol: float, max_iter: int | None
) -> Solution:
    """LSQR where its products are cheap beside a p x p system, else the normal equations; LSQR for what is left."""
    X, y, weight = in_memory(source)
    n, p = X.shape
    square = p <= SQUARE and p <= 4 * n and route in ("auto", "cholesky")
    system = 10.0 * X.nnz**2 / max(n, 1) + p**3 / 3  # operations of a sparse Gram matrix and Cholesky
    trial = min(TRIAL[1], int(system / (4.0 * max(X.nnz, 1))))
    if route == "auto" and square and trial >= TRIAL[0] and system > GATE:  # a small system is solved exactly at once
        found = _lsqr(source, alpha, intercept, tol, trial)
        if found.n_iter < trial:
            return found
    if square:
        shift = sampled_mean(source, intercept)
        centre, gram, cross = _centred(moments(source, shift), shift, intercept)
        found = _cholesky(gram, cross, alpha, centre, strict=route == "auto")
        if found is not None:
            return found
    if n * p <= SQUARE**2 and route != "lsqr":
        return solve(ArrayRows(X.toarray(), y, weight), alpha, intercept=intercept, route=route, tol=tol)
    return _lsqr(source, alpha, intercept, tol, max_iter or 10 * max(n, p))


def _lsqr(source: RowSource, alpha: np.ndarray, intercept: bool, tol: float, max_iter: int) -> Solution:
    """Least norm by Golub-Kahan bidiagonalisation of the implicitly centred matrix, target by target."""
    X, y, weight = in_memory(source)
    y = _columns(y)
    root = np.ones(len(y)) if weight is None else np.sqrt(weight)
    centre = _mean(source) if intercept else Centre(np.zeros(X.shape[1]), np.zeros(y.shape[1]))
    Z = _Centred(X, centre.x, root)
    target = root[:, None] * (y - centre.y)
    coef, n_iter = np.empty((y.shape[1], X.shape[1])), 0
    for t, penalty in enumerate(np.broadcast_to(alpha, y.shape[1])):
        # LSQR measures the gradient against |Z| |r|, we against its size at W = 0, which is a few times smaller
        found = lsqr(Z, target[:, t], damp=np.sqrt(penalty), atol=0.1 * tol, btol=0.1 * tol, iter_lim=max_iter)
        coef[t], n_iter = found[0], max(n_iter, found[2])
    fault = np.column_stack([Z.rmatvec(Z.matvec(c) - target[:, t]) for t, c in enumerate(coef)]) + coef.T * alpha
    cross = np.column_stack([Z.rmatvec(column) for column in target.T])
    return _solution(coef, centre, fault, cross, -1, "lsqr", n_iter)


class _Centred(LinearOperator):
    """diag(root) (X - 1 mean') without forming it: centring a sparse matrix would fill it."""

    def __init__(self, X: Any, mean: np.ndarray, root: np.ndarray) -> None:
        super().__init__(np.float64, X.shape)
        self.products, self.mean, self.root = products_of(X.astype(np.float64, copy=False)), mean, root

    def _matvec(self, x: np.ndarray) -> np.ndarray:
        x = x.ravel()
        return self.root * (self.products.forward(x[:, None])[:, 0] - self.mean @ x)

    def _rmatvec(self, x: np.ndarray) -> np.ndarray:
        x = self.root * x.ravel()
        return self.products.back(x[:, None])[:, 0] - self.mean * x.sum()


def _solution(
    coef: np.ndarray,
    centre: Centre,
    gradient: np.ndarray,
    cross: np.ndarray,
    rank: int,
    route: str,
    n_iter: int = 0,
) -> Solution:
    size = float(np.abs(cross).max(initial=0.0))
    norm = float(np.abs(gradient).max(initial=0.0)) / size if size > 0 else 0.0
    return Solution(coef, centre.y - coef @ centre.x, norm, rank, n_iter, route)


def _append_ones(source: RowSource) -> MappedRows:
    def widen(X: Any) -> Any:
        ones = np.ones((X.shape[0], 1))
        return hstack([X, ones], format="csr") if issparse(X) else np.hstack([X, ones])

    return MappedRows(source, widen, source.n_features + 1)


def _with_constant_column(found: Solution) -> Solution:
    return found._replace(coef=found.coef[:, :-1], intercept=found.coef[:, -1])


def _columns(y: Any) -> np.ndarray:
    y = np.asarray(y, dtype=np.float64)
    return y[:, None] if y.ndim == 1 else y
