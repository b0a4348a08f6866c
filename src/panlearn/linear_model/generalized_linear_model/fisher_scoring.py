"""Which solver finds the minimum, and from which start.

| problem                            | solver                                                              |
|------------------------------------|---------------------------------------------------------------------|
| few parameters                     | Newton's steps with the Hessian from one pass over the rows (IRLS); |
|                                    | coordinate descent inside if there are absolute values              |
| many, no absolute values           | Newton's steps by conjugate gradients: no p x p matrix              |
| many, absolute values              | Newton's steps on a working set of columns                          |

With many rows, a run over every tenth of them comes first: its minimiser and Hessian are near those of all rows, for
which then a few gradients are enough. With the expected curvature Newton's method is Fisher scoring, iteratively
reweighted least squares [nelder1972].
"""

from contextlib import nullcontext
from typing import Any, NamedTuple

import numpy as np
import scipy.sparse as sp
from scipy.linalg import LinAlgError, cholesky, solve_triangular

from panlearn.core.blocks import ArrayRows, Rows, RowSource, reduce_rows
from panlearn.core.errors import DataError
from panlearn.core.threads import single_threaded_blas
from panlearn.linear_model.generalized_linear_model.design_rows import DesignRows
from panlearn.linear_model.generalized_linear_model.objective import (
    DevianceObjective,
    DevianceProducts,
    Quadratic,
    require_finite,
    thin_rows,
)
from panlearn.linear_model.generalized_linear_model.penalty import Penalty
from panlearn.losses.exponential_family import Binomial, ExponentialFamilyLoss, PowerVariance
from panlearn.losses.links import Identity, name_of_link
from panlearn.optimize.newton import Minimum, newton, newton_cg
from panlearn.optimize.proximal_newton import proximal_newton

SMALL, LARGE, ROWS = 32, 1500, 200  # as in logistic regression: see there
SPARSE = 0.25
LARGE_PRODUCT, LARGEST_GRAM = (
    1e7,
    4000,
)  # multiplications from which BLAS needs threads; rows whose Gram matrix is formed
THIN, COARSE = 10, 1e-3  # the start is found on a tenth of the rows, to this gradient norm
LOST = 0.01  # share of a coefficient's curvature that is left where its estimate runs away


class Problem(NamedTuple):
    """What is minimised."""

    source: RowSource  # blocks whose X are `DesignRows`
    loss: ExponentialFamilyLoss
    penalty: Penalty
    size: int  # parameters in full coding
    kept: np.ndarray  # places of the parameters in full coding
    intercept: bool  # whether the last parameter is one
    total: float  # sum of the weights
    mean: float  # weighted mean of y
    mean_offset: float  # weighted mean of the offset
    promise: float = np.inf  # of the next step, above which Newton's method goes on below the tolerance

    @property
    def link_name(self) -> str:
        """The link's name."""
        return name_of_link(self.loss.link)

    def objective(self, source: RowSource | None = None, total: float = 0.0) -> DevianceObjective:
        """The smooth part, over all rows or over some."""
        source = self.source if source is None else source
        return DevianceObjective(source, self.loss, self.penalty.quadratic, total or self.total, self.size, self.kept)


def sums_of(source: RowSource) -> tuple[float, float, float]:
    """Sum of the weights, weighted mean of y and of the offset."""

    def statistic(X: DesignRows, y: np.ndarray, weight: np.ndarray | None) -> np.ndarray:
        share = np.ones(len(y)) if weight is None else weight
        return np.array([share.sum(), share @ y, 0.0 if X.offset is None else share @ X.offset])

    total, y, offset = reduce_rows(statistic, source, work=10.0)
    if not total > 0:
        raise DataError("sample_weight must have a positive sum; all rows have weight 0.")
    return float(total), float(y / total), float(offset / total)


def start_of(problem: Problem) -> np.ndarray:
    """No weights and the intercept of the mean; where that is outside the domain, least squares on g((y + mean)/2).

    Raises
    ------
    DataError
        If neither gives means in the domain of the family.
    """
    x, loss = np.zeros(len(problem.kept)), problem.loss
    if problem.intercept:
        inner = inside(problem.mean, loss.family)
        x[-1] = loss.link.link(np.array([inner]))[0] - problem.mean_offset
    f, rows = problem.objective(), problem.source.rows if isinstance(problem.source, ArrayRows) else None
    if rows is not None and rows.X.offset is None:  # all rows have the same mean: no pass over X
        with np.errstate(all="ignore"):
            z = np.full(1, x[-1] if problem.intercept else 0.0)
            if np.isfinite(loss.values(z, rows.y)).all():
                return x
    if np.isfinite(f.value(x)):
        return x
    require_finite(problem.source)
    target = _Relinked(problem.source, loss, problem.mean)
    squares = ExponentialFamilyLoss(PowerVariance(0.0), Identity())
    linear = problem._replace(source=target, loss=squares).objective()
    x = newton(linear, x, tol=1e-8, max_iter=3).x
    if not np.isfinite(f.value(x)):
        raise DataError(
            f"no start was found whose means are in the domain of the {loss.family.name} family under this link. "
            "Fit an intercept, drop the offset, or use link='log'."
        )
    return x


def inside(mean: float, family: object) -> float:
    """The mean of y moved into the open domain, for y that are all at its edge."""
    if isinstance(family, Binomial):
        return float(np.clip(mean, 1e-9, 1.0 - 1e-9))
    if isinstance(family, PowerVariance) and family.power == 0:
        return mean
    return mean if mean > 0 else 1e-9


class _Relinked(RowSource):
    """Rows with y replaced by the linear predictor of (y + mean)/2."""

    def __init__(self, source: RowSource, loss: ExponentialFamilyLoss, mean: float) -> None:
        self.source, self.loss, self.mean = source, loss, inside(mean, loss.family)
        self.n_rows, self.n_features = source.n_rows, source.n_features

    def pieces(self):
        return self.source.pieces()

    def prepare(self, block: Rows) -> Rows:
        block = self.source.prepare(block)
        return block._replace(y=self.loss.link.link(0.5 * (block.y + self.mean)))


def minimise(problem: Problem, x: np.ndarray, *, tol: float, max_iter: int, solver: str) -> Minimum:
    """Find the minimum from the start x.

    Parameters
    ----------
    problem : Problem
        What to minimise.
    x : ndarray of shape (q,)
        Start.
    tol : float
        Largest component of the (sub)gradient at which to stop.
    max_iter : int
        Most iterations.
    solver : {"auto", "newton-cholesky", "newton-cg"}
        With the Hessian, with products by it, or by size.

    Returns
    -------
    Minimum
    """
    rows = problem.source.rows.X if isinstance(problem.source, ArrayRows) else None
    absolute = bool(problem.penalty.l1.any())
    if isinstance(rows, DesignRows) and (solver == "newton-cg" or (solver == "auto" and _wide(rows, absolute))):
        if absolute and problem.penalty.quadratic.smooth is None:
            return _on_working_sets(problem, x, tol, max_iter)
        if not absolute:
            large = isinstance(rows.numeric, np.ndarray) and float(rows.numeric.size) > LARGE_PRODUCT
            with nullcontext() if large else single_threaded_blas():
                x, n_iter = _from_row_space(problem, x, tol, max_iter)
                found = newton_cg(DevianceProducts(problem.objective()), x, tol=tol, max_iter=max_iter)
                return found._replace(n_iter=found.n_iter + n_iter)
    with single_threaded_blas():
        return _descend(problem, x, tol, max_iter)


def _wide(rows: DesignRows, absolute: bool) -> bool:
    """Whether a Hessian is more work, or more memory, than products with the columns."""
    n, size = rows.shape[0], rows.size
    if sp.issparse(rows.numeric) and rows.numeric.nnz < SPARSE * n * rows.numeric.shape[1]:
        return size > SMALL
    return size > LARGE or (size > SMALL and n < (1 if absolute else 2) * size)


def _descend(problem: Problem, x: np.ndarray, tol: float, max_iter: int) -> Minimum:
    """Newton's method from the minimiser over a tenth of the rows, if so few still tell enough."""
    source = problem.source
    if isinstance(source, ArrayRows) and sp.issparse(source.rows.X.numeric):
        source = _Dense(source)
    f, start, hessian = problem.objective(source), x, None
    if isinstance(source, ArrayRows) and f.large and (source.n_rows or 0) >= ROWS * problem.size:
        start, hessian = _from_part(problem, f, x, max(tol, COARSE), max_iter)
    found = _newton(problem, f, start, tol, max_iter, hessian)
    if found.converged or start is x or (found.n_iter == max_iter and np.isfinite(found.value)):
        return found
    return _newton(problem, f, x, tol, max_iter, None)  # the part of the rows led astray


def _newton(
    problem: Problem, f: DevianceObjective, x: np.ndarray, tol: float, max_iter: int, hessian: np.ndarray | None
) -> Minimum:
    settings: Any = {"tol": tol, "max_iter": max_iter, "keep": f.large, "hessian": hessian}
    if problem.penalty.l1.any():
        return proximal_newton(f, x, problem.penalty.l1, **settings)
    return newton(f, x, promise=problem.promise, **settings)


def _from_part(
    problem: Problem, f: DevianceObjective, x: np.ndarray, tol: float, max_iter: int
) -> tuple[np.ndarray, np.ndarray | None]:
    """Minimiser and Hessian of a tenth of the rows; without what they say nothing of (a level that is hardly there)."""
    part = thin_rows(problem.source, THIN)  # type: ignore[arg-type]
    total = float(len(part.rows.y) if part.rows.weight is None else part.rows.weight.sum())
    if not total > 0:
        return x, None
    problem = problem._replace(source=part, total=total, promise=np.inf)
    few = problem.objective()
    before = few.diagonal(x)
    found = _descend(problem, x, tol, max_iter).x
    hessian = few.derivatives(found, False)[2]
    told = (before > 0) & (np.diag(hessian) > LOST * before)
    if told.all():
        return found, hessian
    found = np.where(told, found, x)
    return found if np.isfinite(f.value(found)) else x, None


class _Dense(RowSource):
    """Sparse rows as arrays, block by block."""

    def __init__(self, source: ArrayRows) -> None:
        self.source, self.n_rows, self.n_features = source, source.n_rows, source.n_features

    def pieces(self):
        return self.source.pieces()

    def prepare(self, block: Rows) -> Rows:
        return block._replace(X=block.X.densified())


def _from_row_space(problem: Problem, x: np.ndarray, tol: float, max_iter: int) -> tuple[np.ndarray, int]:
    """Minimiser among w = X'a, where that of a ridge penalty is, with as many parameters as there are rows.

    With XX' = LL', the v = L'a has the same penalty, |v|^2 = |w|^2, and predictions Xw = Lv. What rounding leaves is
    for conjugate gradients.
    """
    rows, y, weight = problem.source.rows  # type: ignore[attr-defined]
    n, p, l2 = rows.shape[0], rows.shape[1] - 1, problem.penalty.quadratic.l2[: len(x) - problem.intercept]
    ridge = problem.penalty.quadratic.smooth is None and bool((l2 > 0).all())
    if rows.levels or not isinstance(rows.numeric, np.ndarray) or not ridge or n > min(p, LARGEST_GRAM):
        return x, 0
    rows.require_finite()
    K = (rows.numeric @ rows.numeric.T).astype(np.float64)
    np.einsum("ii->i", K)[:] += 1e-13 * np.trace(K) + 1e-300
    try:
        L = cholesky(K, lower=True)
    except LinAlgError:
        return x, 0
    quadratic = Quadratic(np.append(np.full(n, l2[0]), np.zeros(int(problem.intercept))), None)
    empty = np.empty((n, 0), np.uint32, order="F")
    small = problem._replace(
        source=ArrayRows(DesignRows(L, empty, (), rows.offset), y, weight),
        penalty=Penalty(np.zeros(n + problem.intercept), quadratic),
        size=n + 1,
        kept=np.arange(n + problem.intercept),
    )
    found = newton(small.objective(), start_of(small), tol=0.1 * tol, max_iter=max_iter)
    w = rows.numeric.T @ solve_triangular(L.T, found.x[:n])
    moved = np.append(w, found.x[n:])
    return (moved, found.n_iter) if np.isfinite(problem.objective().value(moved)) else (x, 0)


def _on_working_sets(problem: Problem, x: np.ndarray, tol: float, max_iter: int) -> Minimum:
    from panlearn.optimize.working_set_newton import working_set_newton

    rows, y, weight = problem.source.rows  # type: ignore[attr-defined]
    rows.require_finite()
    share = np.full(len(y), 1.0 / problem.total) if weight is None else weight / problem.total
    kept = problem.kept[: len(problem.kept) - problem.intercept]
    X, p = rows.one_hot(), len(kept)
    X = X if np.array_equal(kept, np.arange(X.shape[1])) else X[:, kept]
    l1, l2 = problem.penalty.l1[:p], problem.penalty.quadratic.l2[:p]
    found = working_set_newton(
        X,
        y,
        share,
        problem.loss,
        l1,
        l2,
        intercept=problem.intercept,
        offset=rows.offset,
        start=np.append(x[:p], x[-1] if problem.intercept else 0.0),
        tol=tol,
        max_iter=max_iter,
    )
    return found._replace(x=found.x[: len(x)])


def null_deviance(rows: Rows, loss: ExponentialFamilyLoss, mean: float, total: float) -> float:
    """Deviance of the model that knows no feature: a constant, and the offset if there is one."""
    _, y, weight = rows
    share = np.ones(len(y)) if weight is None else weight
    if rows.X.offset is None:
        z = np.full(len(y), loss.link.link(np.array([inside(mean, loss.family)]))[0])
        return float(share @ loss.deviances(z, y))
    empty = DesignRows(np.empty((len(y), 0)), np.empty((len(y), 0), np.uint32), (), rows.X.offset)
    nothing = Penalty(np.zeros(1), Quadratic(np.zeros(1), None))
    mean_offset = float(share @ rows.X.offset) / total
    problem = Problem(ArrayRows(empty, y, weight), loss, nothing, 1, np.array([0]), True, total, mean, mean_offset)
    x = newton(problem.objective(), start_of(problem), tol=1e-10, max_iter=50).x
    return float(share @ loss.deviances(empty.forward(x), y))
