"""Solves the dual of a kernel machine by the method that its size asks for.

Up to 1500 rows: the whole Gram matrix in float64, and SMO on all variables at once. More: block working sets over
cached kernel rows in float32. Both stop on the violation of the optimality conditions over all variables, computed from
products in float64, so that the precision of the steps in between costs time at worst, not accuracy.

Where float32 is too coarse for the steps themselves, rows are computed in float64: when rounding changes
exp(-gamma d^2) by more than a thousandth, when values leave the range of float32, and when rounds no longer get
anywhere.

A hard margin (upper = inf) on data that no function of the kernel tells apart has an unbounded dual: alpha grows for
ever while |w| does not. The solver stops once the distance of the two convex hulls, 2 |w| / sum alpha, is less than
1e-5 of the largest |phi(x)|, and leaves the violation to tell.
"""

from typing import Any

import numpy as np

from panlearn.core.errors import DataError
from panlearn.core.threads import single_threaded_blas
from panlearn.svm.dual_problem import DualFit, DualProblem, Table, certify, is_unbounded, table_of
from panlearn.svm.kernel_function import KernelFunction, kernel_matrix
from panlearn.svm.kernel_rows import NOT_FINITE, source_of

FEW = 1500  # rows, up to which the whole Gram matrix and SMO on all variables are faster than blocks
MANY = 10_000_000  # steps, unless the rows are very many: LIBSVM's limit


def solve_dual(
    kernel: KernelFunction,
    X: Any,
    problem: DualProblem,
    *,
    tol: float,
    max_iter: int = -1,
    cache_size_mb: float = 200.0,
    shrinking: bool = True,
    verbose: bool = False,
    gram: np.ndarray | None = None,
) -> DualFit:
    """Solve the dual until the violation of the optimality conditions is at most `tol`.

    Parameters
    ----------
    kernel : KernelFunction
        The kernel.
    X : ndarray or CSR of shape (n, p)
        Points; the Gram matrix itself for "precomputed".
    problem : DualProblem
        The machine, with a feasible start.
    tol : float
        Largest violation accepted.
    max_iter : int
        Most steps over a pair of variables; -1: ten million, or a hundred for each row.
    cache_size_mb : float
        Megabytes for kernel rows.
    shrinking : bool
        Rows that look settled leave the block first; they are looked at in each round all the same.
    verbose : bool
        Show progress.
    gram : ndarray of shape (n, n), optional
        Gram matrix that several problems share; `kernel` and X are not looked at then.

    Returns
    -------
    DualFit
        The solution; its `violation` is above tol if the limit was reached, the kernel is not positive semi-definite
        and no step helps, or a hard margin does not exist.

    Raises
    ------
    DataError
        If a kernel value is NaN or infinite.

    Examples
    --------
    Two points, one margin apart from each other on each side of 0: w = 1, b = 0.

    >>> import numpy as np
    >>> from panlearn.svm.dual_problem import DualProblem
    >>> from panlearn.svm.dual_solver import solve_dual
    >>> from panlearn.svm.kernel_function import KernelFunction
    >>> y = np.array([1.0, -1.0])
    >>> problem = DualProblem(np.arange(2), y, -y, np.full(2, np.inf), np.zeros(2))
    >>> fit = solve_dual(KernelFunction("linear"), y[:, None], problem, tol=1e-6)
    >>> fit.alpha, fit.intercept
    (array([0.5, 0.5]), 0.0)
    """
    given = gram is not None or kernel.name == "precomputed"
    points = X if gram is None else gram
    kernel = KernelFunction("precomputed") if given else kernel
    n = points.shape[0]
    table, most = table_of(problem, n), max_iter if max_iter >= 0 else max(MANY, 100 * n)
    with single_threaded_blas(), np.errstate(over="ignore", invalid="ignore"):  # overflow is found and named
        if n <= FEW:
            values = kernel_matrix(kernel, points, None if given else points)
            found = solve_gram(values, table, tol=tol, max_iter=most)
        else:
            cache_bytes = cache_size_mb * 2**20
            found = _solve_rows(kernel, points, table, tol, most, cache_bytes, shrinking, verbose)
    products, n_iter, trace = found
    return certify(problem, table.alpha.reshape(-1)[table.place], products, n_iter=n_iter, trace=trace)


def solve_gram(gram: np.ndarray, table: Table, *, tol: float, max_iter: int) -> tuple[np.ndarray, int, np.ndarray]:
    """SMO on a whole Gram matrix; updates the table's alpha. Returns K beta, the steps, and the violations."""
    from panlearn.svm.sequential_minimal_optimization import STEPS, descend_table

    largest = max(float(gram.max(initial=0.0)), -float(gram.min(initial=0.0)))
    if not np.isfinite(largest):
        raise DataError(NOT_FINITE)
    K = gram.astype(np.float32) if largest < 1e30 else gram
    hard, n_iter, steps, trace = np.isinf(table.upper).any(), 0, STEPS, [np.inf]
    while True:
        products = gram @ table.beta
        thresholds, violation = table.thresholds(products)
        trace.append(violation)
        if violation <= tol or n_iter >= max_iter or (hard and is_unbounded(table, products, largest)):
            break
        if steps < STEPS and violation > 0.5 * trace[-2]:  # it was not the limit that ended the steps
            if K is gram:
                break
            K = gram  # float32 was too coarse
        f = products + table.offset - thresholds
        steps, _ = descend_table(K, f, table, 0.9 * tol, min(STEPS, max_iter - n_iter))
        n_iter += steps
    return products, n_iter, np.array(trace[1:])


def _solve_rows(
    kernel: KernelFunction,
    X: Any,
    table: Table,
    tol: float,
    max_iter: int,
    cache_bytes: float,
    shrinking: bool,
    verbose: Any,
) -> tuple[np.ndarray, int, np.ndarray]:
    """Block working sets over rows in float32, or in float64 where that is needed."""
    from panlearn.svm.block_working_set import solve_blocks

    source, n_iter, trace = source_of(kernel, X, np.float32), 0, np.empty(0)
    for dtype in (np.float32, np.float64):
        if dtype == np.float64:
            source = source_of(kernel, X, np.float64)
        elif source.is_coarse or np.isinf(table.upper).any():  # alpha without bound makes any rounding error matter
            continue
        found = solve_blocks(
            source,
            table,
            tol=tol,
            max_iter=max_iter - n_iter,
            cache_bytes=cache_bytes,
            dtype=dtype,
            shrinking=shrinking,
            verbose=verbose,
        )
        n_iter, trace = n_iter + found.n_iter, np.append(trace, found.trace)
        if not found.stalled:
            break
    return found.products, n_iter, trace
