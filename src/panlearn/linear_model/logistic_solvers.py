"""Which algorithm minimises the cross-entropy: one place for `LogisticRegression` and its cross-validation.

    F(W, b) = 1/S sum_i s_i loss_i + l1 |W|_1 + l2/2 |W|^2

| problem                             | algorithm                                                                |
|-------------------------------------|--------------------------------------------------------------------------|
| few parameters, any penalty         | Newton with the Hessian from one pass over row blocks, from a start found |
|                                     | on a tenth of the rows; with l1 its model by coordinate descent            |
| dense, far more columns than rows   | the same answer from n columns: X = L Q with orthonormal rows Q, and the  |
|                                     | squared penalty does not see Q                                           |
| many columns, l1 = 0                | Newton with products by the Hessian in conjugate gradients               |
| many columns, l1 > 0                | working sets; for K classes jointly, or class by class if they are large |

All stop on the same certificate: the largest component of the (sub)gradient of F.
"""

from contextlib import nullcontext
from functools import cached_property
from typing import Any

import numpy as np
from scipy.linalg import cholesky, solve_triangular
from scipy.sparse import issparse
from scipy.special import entr

from panlearn.core.blocks import ArrayRows, MappedRows, RowSource, density, is_sparse, require_finite
from panlearn.core.threads import GATE, single_threaded_blas
from panlearn.linear_model.cross_entropy_objective import CrossEntropyObjective, CrossEntropyProducts, thinned
from panlearn.losses import BinaryCrossEntropy, SoftmaxCrossEntropy
from panlearn.optimize.column_store import ColumnStore
from panlearn.optimize.newton import Minimum, largest, newton, newton_cg
from panlearn.optimize.proximal_newton import AbsoluteValues, proximal_newton
from panlearn.optimize.working_set_newton import SHARE, raw_predictions, working_set, working_set_newton
from panlearn.penalties import L2

# A Hessian is formed for few parameters, or for more if there are many rows each: most work is then saved by a start
# from part of the rows. Elsewhere products with the Hessian are cheaper (measured on 10 shapes, 2 cores).
SMALL, LARGE, ROWS = 32, 1500, 200
CHEAP = 1e6  # multiplications that a Hessian may always cost: its steps end with all digits right
JOINT = 1000  # parameters up to which a working set of features is solved for all classes at once
NARROW = 120  # parameters up to which an L1 penalty needs no working set
FEW = 2e4  # numbers in X from which kernels are faster than NumPy, once they are loaded
SPARSE = 0.25  # share of entries that are not zero below which products with X are cheaper than dense blocks of it
LARGE_PRODUCT = 1e7  # multiplications from which a dense product with X gains by a threaded BLAS
DEAR = 1e7  # multiplications of a Hessian by kernels from which fewer rows save time
THIN, COARSE = 10, 1e-3  # the start is found on every 10th row, to this gradient norm
FLAT, WIDE, LEAST = 1000, 2, 200  # rows up to which, columns a row and columns from which the problem is rotated
CENTRED = 1e-9  # relative difference of class frequencies from the mean probabilities that counts as rounding
JITTER = 1e-13  # makes a singular Gram matrix positive definite


class LogisticProblem:
    """A cross-entropy to be minimised under any penalty; what several penalties can share is computed once.

    Parameters
    ----------
    source : RowSource
        Rows whose y are class codes 0..K-1, or labels if `classes` is given.
    counts : ndarray of shape (K,)
        Total weight of each class.
    intercept : bool
        Whether to fit intercepts.
    classes : ndarray, optional
        Sorted labels, where y has not been encoded (a file).
    repeated : bool
        Whether there are several problems on like data, so that kernels pay though each is small.
    """

    def __init__(
        self,
        source: RowSource,
        counts: np.ndarray,
        intercept: bool,
        classes: np.ndarray | None = None,
        repeated: bool = False,
    ) -> None:
        self.source, self.counts, self.intercept, self.classes = source, counts, intercept, classes
        self.gate = FEW if repeated else GATE
        self.loss = BinaryCrossEntropy() if len(counts) == 2 else SoftmaxCrossEntropy(len(counts))
        self.total = float(counts.sum())
        self.shape = (source.n_features + 1, self.loss.columns)

    def start(self) -> np.ndarray:
        """No weights, and the intercepts that match the class frequencies."""
        return self.objective(0.0).start(self.counts)

    def strengths(self, C: float, l1_ratio: float) -> tuple[float, float]:
        """The l1 and l2 that scikit-learn's C and l1_ratio stand for."""
        return l1_ratio / (C * self.total), (1.0 - l1_ratio) / (C * self.total)

    def solve(
        self, l1: float, l2: float, *, start: np.ndarray | None = None, solver: str = "auto", tol: float, max_iter: int
    ) -> Minimum:
        """Minimise F.

        Parameters
        ----------
        l1, l2 : float
            Strengths of the penalty, at least 0.
        start : ndarray of shape ((p + 1) k,), optional
            Start.
        solver : str
            "newton-cholesky" or "newton-cg" to choose; anything else leaves the choice to the table above.
        tol : float
            Largest component of the (sub)gradient at which to stop.
        max_iter : int
            Most Newton iterations.

        Returns
        -------
        Minimum
        """
        x = start
        if x is None:
            x = self.start() if max_iter > 0 else np.zeros(int(np.prod(self.shape)))
        limits: dict[str, Any] = {"tol": tol, "max_iter": max_iter}
        if l1 > 0:
            return self._sparse(l1, l2, x, limits, warm=start is not None)
        if isinstance(self.source, ArrayRows) and self._by_products(solver):
            f = CrossEntropyProducts(self.source, self.loss, L2(l2), self.total, self.intercept)
            large = not is_sparse(self.source) and float(self.source.n_rows or 0) * x.size > LARGE_PRODUCT
            with nullcontext() if large else single_threaded_blas():
                before = 0
                if l2 > 0 and self._flat:
                    x, before = self._rotated_solve(l2, x, limits)
                found = newton_cg(f, x, tol=tol, max_iter=max_iter - before)
                return found._replace(n_iter=found.n_iter + before)
        with single_threaded_blas():
            return self._descend(self.objective(l2), x, l1, tol, max_iter, warm=start is not None)

    def gap(self, found: Minimum, l1: float, l2: float) -> float:
        """Duality gap at a minimum: how much F may still fall."""
        if "_columns" in vars(self) and self.shape[1] == 1 and l2 == 0:
            p = self.loss.probabilities(raw_predictions(self._columns, found.x)[:, None])[:, 0]
            entropy = float(self._share @ (entr(p) + entr(1.0 - p)))
            mean, wanted = float(self._share @ p), self.counts[1] / self.total
            if not self.intercept or abs(mean - wanted) < CENTRED * min(wanted, 1.0 - wanted):
                # no |X'(p - y)| is above l1 by more than the subgradient: scaled to below it, p is feasible in the dual
                return max(0.0, found.value - entropy * l1 / (l1 + found.gradient_norm))
        x = found.x
        return CrossEntropyObjective(
            self.source, self.loss, L2(l2), self.total, self.intercept, classes=self.classes
        ).gap(x, l1)

    def objective(self, l2: float, gate: float = np.inf) -> CrossEntropyObjective:
        """F without its absolute values, with Hessians."""
        settings = self.intercept, self.classes, min(gate, self.gate)
        return CrossEntropyObjective(self._dense, self.loss, L2(l2), self.total, *settings)

    def _by_products(self, solver: str) -> bool:
        size, n = int(np.prod(self.shape)), self.source.n_rows
        few = size <= SMALL or float(n or 0) * size**2 <= CHEAP or LARGE >= size <= (n or 0) / ROWS
        form = n is None or (few and density(self.source) > SPARSE)
        return solver == "newton-cg" or not (form or solver == "newton-cholesky")

    @property
    def _rows(self) -> ArrayRows:
        if not isinstance(self.source, ArrayRows):
            raise TypeError("only data in memory can be read by columns")
        return self.source

    @cached_property
    def _dense(self) -> RowSource:
        return (
            MappedRows(self.source, lambda X: X.toarray(), self.source.n_features)
            if is_sparse(self.source)
            else self.source
        )

    def _descend(
        self, f: CrossEntropyObjective, x: np.ndarray, l1: float, tol: float, max_iter: int, warm: bool = False
    ) -> Minimum:
        """Newton's method from the minimiser over every `THIN`-th row, if so few rows still tell enough.

        The part is found the same way. Its minimiser and its Hessian are near those of the whole, for a tenth of the
        cost: what is left for the whole are a few passes for the gradient.
        """
        hessian, rows = None, f.source.rows if isinstance(f.source, ArrayRows) else None
        dear = f.large and (not f.row_sums or float(self.source.n_rows or 0) * x.size**2 >= DEAR)
        if rows is not None and not warm and dear and rows.X.shape[0] >= ROWS * x.size:
            part = thinned(f.source, THIN)
            weight = part.rows.weight
            total = float(len(part.rows.y) if weight is None else weight.sum())
            if total > 0:
                few = CrossEntropyObjective(part, f.loss, f.penalty, total, f.intercept, gate=f.gate)
                x = self._descend(few, x, l1, max(tol, COARSE), max_iter).x
                hessian = few.derivatives(x, False)[2]
        if l1 > 0:
            return proximal_newton(f, x, self._strengths(l1), tol=tol, max_iter=max_iter, keep=f.large, hessian=hessian)
        return newton(f, x, tol=tol, max_iter=max_iter, keep=f.large, hessian=hessian)

    def _strengths(self, l1: float, features: int | None = None) -> np.ndarray:
        """The l1 of each parameter: 0 for the intercepts."""
        p, k = self.shape[0] - 1 if features is None else features, self.shape[1]
        return np.repeat([l1, 0.0], [p * k, k])

    # -- far more columns than rows ------------------------------------------------------------------------------------

    @property
    def _flat(self) -> bool:
        n, p = self.source.n_rows or 0, self.source.n_features
        return not is_sparse(self.source) and n <= FLAT and p >= max(WIDE * n, LEAST)

    @cached_property
    def _rotation(self) -> tuple["LogisticProblem", np.ndarray]:
        """The problem in the coordinates a = Q w of the row space, and L: X = L Q, Q Q' = 1, from XX' = L L'."""
        X, y, weight = self._rows.rows
        X = X.astype(np.float64, copy=False)
        gram = X @ X.T
        np.einsum("ii->i", gram)[:] += JITTER * max(float(np.trace(gram)), 1e-300)
        L = cholesky(gram, lower=True)
        return LogisticProblem(ArrayRows(L, y, weight), self.counts, self.intercept), L

    def _rotated_solve(self, l2: float, x: np.ndarray, limits: dict[str, Any]) -> tuple[np.ndarray, int]:
        """The minimiser up to the rounding of the rotation, and the iterations it took."""
        require_finite(self.source)
        problem, L = self._rotation
        X = self._rows.rows.X
        theta = x.reshape(self.shape)
        inside = solve_triangular(L, X @ theta[:-1], lower=True)  # a = Q w = L^-1 X w
        f = CrossEntropyProducts(problem._rows, self.loss, L2(l2), self.total, self.intercept)
        found = newton_cg(f, np.vstack([inside, theta[-1:]]).ravel(), **limits)
        a = found.x.reshape(problem.shape)
        weights = X.T @ solve_triangular(L, a[:-1], lower=True, trans=1)  # w = Q'a = X'L^-T a
        return np.vstack([weights, a[-1:]]).ravel(), found.n_iter

    # -- absolute values -----------------------------------------------------------------------------------------------

    def _sparse(self, l1: float, l2: float, x: np.ndarray, limits: dict[str, Any], warm: bool) -> Minimum:
        if not isinstance(self.source, ArrayRows) or (x.size <= NARROW and density(self.source) > SPARSE):
            with single_threaded_blas():
                return self._descend(self.objective(l2, FEW), x, l1, **limits, warm=warm)
        p = self.source.n_features
        if self.shape[1] == 1:
            strengths = np.full(p, l1), np.full(p, l2)
            found = working_set_newton(
                self._columns,
                self.source.rows.y,
                self._share,
                BinaryCrossEntropy(),
                *strengths,
                intercept=self.intercept,
                start=x,
                **limits,
            )
            if not np.isfinite(found.gradient_norm):
                require_finite(self.source)
            return found
        require_finite(self.source)
        with single_threaded_blas():
            return self._softmax_working_sets(l1, l2, x, **limits)

    @cached_property
    def _columns(self) -> ColumnStore:
        return ColumnStore(self.source.rows.X)  # type: ignore[attr-defined]

    @cached_property
    def _share(self) -> np.ndarray:
        X, _, weight = self._rows.rows
        return (np.ones(X.shape[0]) if weight is None else weight) / self.total

    def _softmax_working_sets(self, l1: float, l2: float, x: np.ndarray, tol: float, max_iter: int) -> Minimum:
        """Working sets of features; each is solved jointly for all classes, or class by class if it is large."""
        f = CrossEntropyProducts(self._rows, self.loss, L2(l2), self.total, self.intercept)
        l1s = self._strengths(l1)
        rest, x, trace, n_iter = AbsoluteValues(l1s, False, l1s == 0), x.copy(), [], 0
        size = JOINT // (4 * self.shape[1])
        while True:
            value, gradient = f.gradient(x)
            norm = largest(rest.residual(gradient, x))
            trace.append(value + rest.value(x))
            if norm <= tol or n_iter >= max_iter:
                break
            theta = x.reshape(self.shape)
            slopes = gradient.reshape(self.shape)[:-1]
            used: np.ndarray = np.any(theta[:-1], axis=1)
            size = max(size, 2 * int(used.sum()))
            chosen = working_set(np.abs(slopes).max(axis=1), used, size)
            goal = max(SHARE * norm, 0.9 * tol)
            if len(chosen) * self.shape[1] <= JOINT:
                steps = self._jointly(l1, l2, theta, chosen, goal, max_iter - n_iter)
            else:
                steps = self._class_by_class(l1, l2, theta, f.raw(x), goal, max_iter - n_iter)
            if steps == 0:  # no step descends any more: the digits are used up
                break
            x, n_iter = theta.ravel().copy(), n_iter + steps
        return Minimum(x, trace[-1], norm, np.array(trace), n_iter, norm <= tol)

    def _jointly(self, l1: float, l2: float, theta: np.ndarray, chosen: np.ndarray, tol: float, max_iter: int) -> int:
        """Minimise over the chosen features of all classes; updates theta, returns the iterations."""
        X, y, weight = self._rows.rows
        X = X[:, chosen]
        part = ArrayRows(X.toarray() if issparse(X) else np.ascontiguousarray(X), y, weight)
        f = CrossEntropyObjective(part, self.loss, L2(l2), self.total, self.intercept)
        start = np.vstack([theta[chosen], theta[-1:]]).ravel()
        found = proximal_newton(f, start, self._strengths(l1, len(chosen)), tol=tol, max_iter=max_iter)
        new = found.x.reshape(f.shape)
        theta[chosen], theta[-1] = new[:-1], new[-1]
        return found.n_iter

    def _class_by_class(self, l1: float, l2: float, theta: np.ndarray, z: np.ndarray, tol: float, max_iter: int) -> int:
        """Minimise over each class in turn, updating theta; returns the iterations.

        With the others fixed, log(e^z_k + A) - [y = k] z_k is up to a constant the loss of two classes with the offset
        -log A, where A sums e^z_l over the other classes.
        """
        y, p, steps = self._rows.rows.y, self.shape[0] - 1, 0
        strengths, z = (np.full(p, l1), np.full(p, l2)), z.copy()
        for k in range(self.shape[1]):
            others = np.delete(z, k, axis=1)
            top = others.max(axis=1)
            offset = -(top + np.log(np.exp(others - top[:, None]).sum(axis=1)))
            found = working_set_newton(
                self._columns,
                (y == k).astype(np.float64),
                self._share,
                BinaryCrossEntropy(),
                *strengths,
                intercept=self.intercept,
                offset=offset,
                start=theta[:, k],
                tol=tol,
                max_iter=max_iter,
            )
            theta[:, k] = found.x
            z[:, k] = self._rows.rows.X @ found.x[:-1] + found.x[-1]
            steps = max(steps, found.n_iter)
        return steps
