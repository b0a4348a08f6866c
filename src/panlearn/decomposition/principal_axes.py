"""Principal axes of rows: the eigenvectors of their covariance matrix, by the cheapest route that keeps the digits.

    C v_i = lambda_i v_i,   C = Z'Z / (n - 1),   Z = X - 1 m' = U S V',   lambda_i = s_i^2 / (n - 1)

Routes, for n rows, p columns and k axes [golub2013, ch. 8]:

- `covariance_eigh`: C in one pass (n p^2 operations), then its eigenvectors; for n < p those of the n x n matrix ZZ',
  with V = Z'U / S. Forming C squares the condition number: a variance below 1e-16 of the largest is lost in rounding;
- `full`: the singular values of Z, or for tall Z those of its triangle R, Z = QR, by blocks of rows [demmel2012]. Four
  times the operations, and right to the last digit for any spread of the variances;
- `randomized`: block Krylov spaces, for k far below p and n (`block_krylov`);
- `arpack`: Lanczos, one vector at a time, to full accuracy; also for sparse rows, centred implicitly.

`auto` takes the covariance where its matrix costs less than the passes of `randomized`, and goes on to `full` if the
least variance that is asked for has lost more than six digits.

Course note: 001 §10.2.
"""

from typing import Any, NamedTuple

import numpy as np
import scipy.linalg
from scipy.sparse import issparse
from scipy.sparse.linalg import LinearOperator, svds

from panlearn.core.blocks import RowSource, in_memory, is_sparse, reduce_rows
from panlearn.decomposition.block_krylov import (
    PASSES,
    SMALL_DATA,
    EigenPairs,
    block_width,
    largest_correlation,
    leading_pairs,
    product_with,
)
from panlearn.decomposition.scatter import Scatter, Spread, scatter_of, shifted, spread_of

SMALL = 500  # a covariance matrix of this size costs next to nothing
KEPT = 1e-10  # least ratio of variances from a covariance matrix: six of its digits are right
KEPT_DUAL = 1e-6  # the same where vectors are divided by the root of the variance as well
TOL = 1e-5  # share of the variance explained that `randomized` may miss
EXACT = 1e-14  # the same for small data: vectors are then right to seven digits


class Axes(NamedTuple):
    """Principal axes, largest variance first, with their certificate."""

    weight: float  # sum of the weights of the rows
    mean: np.ndarray  # (p,)
    components: np.ndarray  # (m, p) orthonormal rows; m is k, or more where the route gives more
    squares: np.ndarray  # (m,) s_i^2, the variances times (weight - 1)
    total: float  # sum of all s_i^2
    residual: float  # largest |C v_i - lambda_i v_i| / lambda_1
    correlation: float  # largest |correlation| of two components over the rows
    n_iter: int  # passes of an iterative route, 0 otherwise
    route: str
    left: float = 0.0  # share of the variance along the axes that an iterative route has not found


class Search(NamedTuple):
    """Settings of the iterative routes."""

    random: np.random.RandomState
    tol: float = 0.0  # of `arpack`; of `randomized` too, if positive
    power: int | None = None  # passes of `randomized` after the first; None: the stopping rule decides
    oversamples: int = 10  # columns of its block beyond k, if `power` is given


def choose_route(n: float, p: int, k: int, *, all_values: bool) -> str:
    """The route of `auto`, from the operations of each.

    A pass of `randomized` costs 4 n p b operations in float32, six passes are typical; the covariance n p^2 for its
    triangle and some 10 p^3 for eigenvectors, and is exact, which is worth a factor of two.
    """
    small, b = min(n, p), block_width(k, p)
    matrix = n * p * small + 10.0 * small**3
    if all_values or small <= SMALL or matrix <= 2.0 * n * p * (12 * b + 4 * k):
        return "full" if n < p and k >= n - 1 else "covariance_eigh"
    return "randomized"


def principal_axes(source: RowSource, k: int, route: str, search: Search, *, all_values: bool = False) -> Axes:
    """Find at least the k leading axes.

    Parameters
    ----------
    source : RowSource
        Rows; weights optional.
    k : int
        Axes wanted.
    route : {"auto", "covariance_eigh", "full", "randomized", "arpack"}
        How.
    search : Search
        Settings of the iterative routes.
    all_values : bool
        Whether all variances are needed, to choose k from them.

    Returns
    -------
    Axes
        Not finite where the rows are not, or their squares overflow.
    """
    n, p, sparse = float(source.n_rows or np.inf), source.n_features, is_sparse(source)
    chosen = choose_route(np.inf if sparse else n, p, k, all_values=all_values) if route == "auto" else route
    if chosen == "full":
        return _full(source)
    if chosen in ("randomized", "arpack"):
        return _truncated(source, k, chosen, search)
    dual = route == "auto" and n < p and not sparse
    found = _dual(source, k) if dual else axes_of(scatter_of(source), None if all_values else k)
    if (
        route == "auto"
        and not sparse
        and found.squares[max(k, 1) - 1] < (KEPT_DUAL if dual else KEPT) * found.squares[0]
    ):
        return _full(source)
    return found


def axes_of(scatter: Scatter, k: int | None = None) -> Axes:
    """Axes from a scatter matrix: all, or the k leading ones."""
    S, p = scatter.matrix, len(scatter.mean)
    if not np.isfinite(S).all():
        return Axes(scatter.weight, scatter.mean, np.eye(p), np.full(p, np.nan), np.nan, 0.0, 0.0, 0, "covariance_eigh")
    some = k is not None and k < p // 2
    wanted = [p - (k or p), p - 1] if some else None
    values, V = scipy.linalg.eigh(S, subset_by_index=wanted, driver="evr" if some else "evd", check_finite=False)
    values, V = np.maximum(values[::-1], 0.0), V[:, ::-1]
    mapped, largest = S @ V, float(values.max(initial=0.0)) or 1.0
    residual = float(np.linalg.norm((mapped - V * values) / largest, axis=0).max(initial=0.0))
    correlation, total = largest_correlation(V.T @ mapped), float(np.trace(S))
    return Axes(scatter.weight, scatter.mean, V.T, values, total, residual, correlation, 0, "covariance_eigh")


def _dual(source: RowSource, k: int) -> Axes:
    """The k leading axes from the n x n matrix ZZ': Z'u / s is an eigenvector of Z'Z where u is one of ZZ'."""
    Z, spread = _centred(source)
    found = axes_of(Scatter(spread.weight, np.zeros(len(Z)), Z @ Z.T), k)
    if not np.isfinite(found.total):
        return found
    s = np.sqrt(found.squares)
    V = Z.T @ (found.components / np.where(s > 0, s, 1.0)[:, None]).T
    return found._replace(mean=spread.mean, components=V.T)


def _centred(source: RowSource) -> tuple[np.ndarray, Spread]:
    """The matrix Z as a whole."""
    spread = spread_of(source)
    with np.errstate(invalid="ignore", over="ignore"):
        rows = in_memory(source)
        Z = shifted(rows.X.toarray() if issparse(rows.X) else rows.X, rows.weight, spread.mean)[0]
    return Z.copy(), spread


def _full(source: RowSource) -> Axes:
    """All axes from the singular values of Z, or of its triangle where Z is tall."""
    p = source.n_features
    if source.n_rows is not None and source.n_rows < p:
        Z, spread = _centred(source)
    else:
        spread = spread_of(source)
        Z = _triangle_of(source, spread.mean) if np.isfinite(spread.squares).all() else np.full((p, p), np.nan)
    if not np.isfinite(Z).all():
        nothing = Scatter(spread.weight, spread.mean, np.full((p, p), np.nan))
        return axes_of(nothing)._replace(route="full")
    _, s, Vt = scipy.linalg.svd(Z, full_matrices=False, check_finite=False)
    scores, largest = Z @ Vt.T, float(s.max(initial=0.0) ** 2) or 1.0
    residual = float(np.linalg.norm((Z.T @ scores - Vt.T * s**2) / largest, axis=0).max(initial=0.0))
    correlation = largest_correlation(scores.T @ scores)
    total = float(spread.squares.sum())
    return Axes(spread.weight, spread.mean, Vt, s**2, total, residual, correlation, 0, "full")


def _triangle_of(source: RowSource, mean: np.ndarray) -> np.ndarray:
    """R of Z = QR, by QR of row blocks and of their stacked triangles [demmel2012]: R'R = Z'Z, never formed."""
    p = source.n_features

    def triangle(Z: np.ndarray) -> np.ndarray:
        return np.asarray(np.linalg.qr(Z, mode="r")) if len(Z) > p else Z

    def statistic(X: Any, y: Any, weight: np.ndarray | None) -> np.ndarray:
        return triangle(shifted(X.toarray() if issparse(X) else X, weight, mean)[0].copy())

    def combine(a: np.ndarray, b: np.ndarray) -> np.ndarray:
        return triangle(np.vstack([a, b]))

    return reduce_rows(statistic, source, work=4.0 * p * p, combine=combine, rows=max(512, 4 * p))


def _truncated(source: RowSource, k: int, route: str, search: Search) -> Axes:
    """The k leading axes by an iterative route."""
    spread = spread_of(source)
    total = float(spread.squares.sum())
    if not np.isfinite(total):
        return Axes(spread.weight, spread.mean, np.eye(k), np.full(k, np.nan), np.nan, 0.0, 0.0, 0, route)
    found = leading_values(source, spread, k, route, search)
    return Axes(
        spread.weight,
        spread.mean,
        found.vectors.T,
        found.values,
        total,
        found.residual,
        found.correlation,
        found.n_iter,
        route,
        found.left,
    )


def leading_values(source: RowSource, spread: Spread, k: int, route: str, search: Search) -> EigenPairs:
    """Eigenpairs of the scatter matrix about `spread.mean` by Lanczos or by block Krylov spaces."""
    p = source.n_features
    if route == "randomized":
        width = block_width(k, p) if search.power is None else min(p, k + search.oversamples)
        passes = PASSES if search.power is None else search.power + 1
        small = (source.n_rows or np.inf) * p <= SMALL_DATA
        tol = search.tol or (0.0 if search.power is not None else EXACT if small else TOL)
        return leading_pairs(source, spread, k, random=search.random, tol=tol, passes=passes, width=width)
    X, _, weight = in_memory(source)
    root = np.ones(X.shape[0]) if weight is None else np.sqrt(weight)

    def forward(v: np.ndarray) -> np.ndarray:
        return root * (X @ v.ravel() - spread.mean @ v.ravel())

    def back(u: np.ndarray) -> np.ndarray:
        u = root * u.ravel()
        return X.T @ u - spread.mean * u.sum()

    Z: Any = LinearOperator(X.shape, matvec=forward, rmatvec=back, dtype=np.float64)  # type: ignore[call-arg]
    start = search.random.uniform(-1, 1, min(X.shape))
    lanczos: Any = svds
    _, s, Vt = lanczos(Z, k=k, tol=search.tol, v0=start, return_singular_vectors="vh")
    V, values = Vt[::-1].T, s[::-1] ** 2
    mapped, largest = product_with(source, spread.mean, np.float64)(V), float(values.max()) or 1.0
    residual = float(np.linalg.norm((mapped - V * values) / largest, axis=0).max())
    return EigenPairs(values, V, residual, largest_correlation(V.T @ mapped), 0.0, 0)
