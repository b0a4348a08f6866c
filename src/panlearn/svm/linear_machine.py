"""The primal of linear support vector machines, solved by the means that the shape of X and the loss ask for.

    minimise over w, v    R(w, v) + sum_i C_i loss(x_i'w + u v, y_i),      R = 1/2 |w|^2 + 1/2 v^2   or   |w|_1 + |v|

The intercept is u v: with u = `intercept_scaling` it is penalised as in LIBLINEAR [fan2008]; u = inf stands for an
intercept that is not.

| loss    | X                  | method                                            | certificate      |
|---------|--------------------|---------------------------------------------------|------------------|
| squared | dense, p up to 1000 | Newton's method, Hessians from the rows inside   | gap |gradient|^2/2 |
| squared | sparse or wide     | dual coordinate descent; Newton-CG if u = inf     | duality gap      |
| linear  | dense, tall        | interior point on the dual, a Gram matrix a step  | duality gap      |
| linear  | sparse or wide     | dual coordinate descent with shrinking            | duality gap      |
| squared, R = absolute values | any | Newton's method on working sets of columns      | subgradient      |

Course notes: 000 §2.5.
"""

from typing import Any, NamedTuple

import numpy as np
from scipy.sparse import csr_array, hstack, issparse

from panlearn.core.blocks import ArrayRows
from panlearn.core.errors import DataError
from panlearn.core.threads import single_threaded_blas
from panlearn.losses.epsilon_insensitive import EpsilonInsensitive, SquaredEpsilonInsensitive
from panlearn.losses.hinge import Hinge, SquaredHinge
from panlearn.optimize.low_rank_interior_point import Programme, start, step
from panlearn.optimize.newton import Minimum, largest, newton, newton_cg
from panlearn.svm.linear_dual import COLUMNS, SHAPE, SignedRows
from panlearn.svm.linear_newton import SquaredMachine

FORMED, FEW = 1000, 200  # columns up to which a Hessian is formed, however few the rows for the second
DENSE = 0.3  # share of entries not zero from which sparse X is better off dense
THIN, ROWS = 10, 500  # Newton's method starts from every 10th row where there are 500 rows a column
TIGHT = 1e-3  # relative gap of the interior point in units of tol
ROUNDING = 1e-10  # least relative gap that is asked for
STEPS, PATIENCE, RISE = 100, 8, 1e6  # most steps; most of them, and most growth, without a smaller gap
WIDTH = 3.0  # value of the constant feature that stands for a free intercept, in units of a typical row
DRIFT = 1e-3  # last move of a free intercept, in units of tol
LOSSES = {
    "hinge": Hinge,
    "squared_hinge": SquaredHinge,
    "epsilon_insensitive": EpsilonInsensitive,
    "squared_epsilon_insensitive": SquaredEpsilonInsensitive,
}


class Solution(NamedTuple):
    """A fitted machine with its certificate."""

    coef: np.ndarray  # (p,)
    intercept: float
    value: float  # objective
    gap: float  # it cannot be lower by more than this; for absolute values, the largest subgradient component
    n_iter: int
    converged: bool


class LinearMachine:
    """Rows that several machines are fitted on; what they can share is computed once.

    Parameters
    ----------
    X : ndarray or CSR of shape (n, p)
        Features.
    loss : str
        A key of `LOSSES`.
    epsilon : float
        Half-width of the tube of the last two losses.
    scaling : float
        `intercept_scaling`; inf for an intercept that is not penalised, 0 for none.
    tol : float
        Tolerance, with the meaning that LIBLINEAR gives it.
    max_iter : int
        Most sweeps or steps.
    """

    def __init__(self, X: Any, loss: str, epsilon: float, scaling: float, tol: float, max_iter: int) -> None:
        n, p = X.shape
        if issparse(X) and X.nnz > DENSE * n * p:
            X = X.toarray()
        self.X, self.tol, self.max_iter = X, tol, max_iter
        self.classifies, self.squared = loss.endswith("hinge"), loss.startswith("squared")
        self.epsilon = 0.0 if self.classifies else float(epsilon)
        self.loss = LOSSES[loss]() if self.classifies else LOSSES[loss](self.epsilon)
        self.free, self.unit = bool(np.isinf(scaling)), 1.0 if np.isinf(scaling) else float(scaling)
        self._shared: dict[str, Any] = {}

    def solve(self, y: np.ndarray, C: np.ndarray, rng: Any, *, absolute: bool = False) -> Solution:
        """Minimise.

        Parameters
        ----------
        y : ndarray of shape (n,)
            -1 and 1, or numbers.
        C : ndarray of shape (n,)
            Strength of the loss of each row, at least 0.
        rng : RandomState
            Chooses the order of the rows in coordinate descent.
        absolute : bool
            Penalise absolute values.

        Returns
        -------
        Solution
        """
        if self.free and not self.classifies:  # a free intercept takes up the mean of y
            mean = float(y.mean())
            found = self._dispatch(y - mean, C, rng, absolute)
            return found._replace(intercept=found.intercept + mean)
        return self._dispatch(y, C, rng, absolute)

    def _dispatch(self, y: np.ndarray, C: np.ndarray, rng: Any, absolute: bool) -> Solution:
        n, p = self.X.shape
        dense = not issparse(self.X)
        if absolute:
            return self._by_columns(y, C)
        with single_threaded_blas():
            if self.squared and dense and p <= FORMED and (p <= max(n, FEW) or self.free):
                return self._by_newton(y, C)
            if self.squared and self.free:
                return self._by_newton(y, C, products=True)
            if not self.squared and dense and p <= COLUMNS and n >= SHAPE * p:
                with np.errstate(over="ignore", invalid="ignore", divide="ignore"):  # a point on the very bound
                    return self._by_interior_point(y, C)
            return self._by_sweeps(y, C, rng)

    def objective(self, w: np.ndarray, v: float, y: np.ndarray, C: np.ndarray) -> float:
        """The objective with squares."""
        z = self.X @ w + self.unit * v
        return 0.5 * float(w @ w + (0.0 if self.free else v * v)) + float(C @ self.loss.values(z, y))

    def _by_newton(self, y: np.ndarray, C: np.ndarray, products: bool = False) -> Solution:
        same_C = self._shared.setdefault("known", (C, []))  # of the first machine; others may weight rows differently
        known = same_C[1] if not products and np.array_equal(same_C[0], C) else None
        f = SquaredMachine(ArrayRows(self.X, y, C), self.loss, self.unit, self.free, known)
        zero = np.zeros(self.X.shape[1] + 1)
        balance = min((y > 0).sum(), (y <= 0).sum()) / len(y) if self.classifies else 1.0
        # LIBLINEAR's rule: the gradient relative to the first one, tighter where one class is rare
        tol = self.tol * max(balance, 1 / len(y)) * largest(f.gradient(zero)[1]) / np.sqrt(zero.size)
        if products:
            found = newton_cg(f, zero, tol=tol, max_iter=self.max_iter)
        else:
            tol *= TIGHT  # the step after that is nearly always exact
            found = newton(f, self._rough(f, tol), tol=tol, max_iter=self.max_iter)
        gap = 0.5 * float(np.square(f.gradient(found.x)[1]).sum())
        return Solution(found.x[:-1], self.unit * found.x[-1], found.value, gap, found.n_iter, found.converged)

    def _rough(self, f: SquaredMachine, tol: float) -> np.ndarray:
        """The minimiser over every `THIN`-th row, where so few rows still tell enough; zeros elsewhere."""
        X, y, C = f.source.rows
        assert C is not None
        n, p = X.shape
        if n < ROWS * (p + 1):
            return np.zeros(p + 1)
        part = SquaredMachine(ArrayRows(X[::THIN], y[::THIN], THIN * C[::THIN]), f.loss, f.unit, self.free)
        return newton(part, self._rough(part, tol), tol=tol, max_iter=self.max_iter).x

    def _by_interior_point(self, y: np.ndarray, C: np.ndarray) -> Solution:
        """The dual, as a programme with bounds."""
        X, p = self._bordered, self.X.shape[1]
        kept, size = np.flatnonzero(C > 0), self._shared["size"]
        upper, y, X = C[kept] * size**2, y[kept], X if len(kept) == len(C) else X[kept]
        rows = np.arange(len(kept))
        if self.classifies:
            B, c = SignedRows(X, rows, y, False), -np.ones(len(rows))
        else:
            ones = np.ones(len(rows))
            B = SignedRows(X, np.append(rows, rows), np.append(ones, -ones), False)
            c, upper = np.append(self.epsilon - y, self.epsilon + y), np.append(upper, upper)
        ridge = np.append(np.ones(p), 0.0 if self.free else 1.0)
        problem = Programme(B, c, upper, np.zeros(p + 1), ridge)
        at = start(problem, np.zeros(p + 1), np.minimum(0.5 * upper, 1.0))
        nothing = 1e-12 * float(np.minimum(upper, 1.0) @ np.abs(c))  # rounding, where the objective itself may be 0
        goal, n_iter, best, found_at = max(TIGHT * self.tol, ROUNDING), 0, (np.inf, np.inf, at.theta), 0
        while n_iter < min(STEPS, self.max_iter):
            v = B.back(at.a)
            dual = -(0.5 * float(ridge @ np.square(v)) + float(c @ at.a))
            primal = 0.5 * float(ridge @ np.square(at.theta)) + float(upper @ np.maximum(-at.f, 0.0))
            lack = float(abs(at.theta[-1] * v[-1])) if self.free else 0.0
            gap = max(primal - dual, 0.0) + lack
            if gap < best[0]:
                best, found_at = (gap, primal, at.theta), n_iter
            if best[0] <= goal * primal + nothing or not gap < RISE * best[0] or n_iter > found_at + PATIENCE:
                break
            at, n_iter = step(problem, at), n_iter + 1
        gap, primal, theta = best
        converged = gap <= self.tol * primal + nothing
        w = theta[:-1] / size
        b = theta[-1] - float(self._shared["mean"] @ w) if self.free else self.unit * theta[-1] / size
        return Solution(w, b, primal / size**2, gap / size**2, n_iter, converged)

    @property
    def _bordered(self) -> np.ndarray:
        """X and the constant feature, in units of the root of the mean square row length."""
        if "bordered" not in self._shared:
            n, p = self.X.shape
            out = np.empty((n, p + 1))
            mean = self.X.mean(axis=0, dtype=np.float64) if self.free else np.zeros(p)  # where it does not matter
            np.subtract(self.X, mean, out=out[:, :p])
            out[:, p] = 0.0 if self.free else self.unit
            size = float(np.sqrt(np.einsum("ij,ij->", out, out) / n)) or 1.0
            out /= size
            if self.free:
                out[:, p] = 1.0
            self._shared.update(bordered=out, size=size, mean=mean)
        return self._shared["bordered"]

    def _by_sweeps(self, y: np.ndarray, C: np.ndarray, rng: Any) -> Solution:
        from panlearn.optimize.dual_coordinate_descent import Rows, Terms, descend

        if "rows" not in self._shared:
            X: Any = self.X
            mean = X.mean(axis=0, dtype=np.float64) if self.free and not issparse(X) else np.zeros(X.shape[1])
            rows = Rows(X - mean if mean.any() else X, self.unit)
            if self.free:
                rows.rescale(WIDTH * float(np.sqrt(rows.square.mean() - 1.0)) or 1.0)
            self._shared.update(rows=rows, mean=mean)
        rows = self._shared["rows"]
        bound = np.where(C > 0, np.inf, 0.0) if self.squared else C
        ridge = 0.5 / np.where(C > 0, C, 1.0) if self.squared else np.zeros(len(y))
        two_sided = not self.classifies
        lower = np.where((y < 0) | two_sided, -bound, 0.0)
        upper = np.where((y > 0) | two_sided, bound, 0.0)
        settings: dict[str, Any] = {"tol": 0.5 * self.tol, "rng": rng}
        b, beta, n_iter = 0.0, None, 0
        while True:
            terms = Terms(y - b, self.epsilon, ridge, lower, upper)
            found = descend(rows, terms, max_iter=self.max_iter - n_iter, beta=beta, **settings)
            move, n_iter = rows.unit * found.weights[-1], n_iter + found.n_iter
            b, beta = b + move, found.beta
            if not self.free or abs(move) <= DRIFT * self.tol * (1 + abs(b)) or n_iter >= self.max_iter:
                break
        w = found.weights[:-1]
        return Solution(w, b - float(self._shared["mean"] @ w), found.value, found.gap, n_iter, found.converged)

    def _by_columns(self, y: np.ndarray, C: np.ndarray) -> Solution:
        """Absolute values: the mean loss plus 1 / sum C times the sum of absolute values."""
        from panlearn.optimize.column_store import ColumnStore
        from panlearn.optimize.working_set_newton import working_set_newton

        n, p = self.X.shape
        bordered = bool(self.unit) and not self.free
        if "store" not in self._shared:
            X = self.X
            if bordered:
                ones = np.full((n, 1), self.unit)
                X = hstack([X, csr_array(ones)], format="csc") if issparse(X) else np.hstack([X, ones])
            self._shared["store"] = ColumnStore(X)
        total = float(C.sum())
        columns, share = p + bordered, C / total
        first = 2.0 * largest(self.X.T @ (share * y))
        found: Minimum = working_set_newton(
            self._shared["store"],
            y,
            share,
            self.loss,
            np.full(columns, 1.0 / total),
            np.zeros(columns),
            intercept=self.free,
            tol=max(1e-2 * self.tol * first, 1e-13),
            max_iter=self.max_iter,
        )
        b = float(self.unit * found.x[p] if bordered else found.x[-1])
        return Solution(found.x[:p], b, found.value * total, found.gradient_norm, found.n_iter, found.converged)


def intercept_scale(estimator: Any) -> float:
    """The `scaling` that an estimator's `fit_intercept` and `intercept_scaling` stand for.

    Raises
    ------
    ValueError
        If `intercept_scaling` is not positive.
    """
    scaling = float(estimator.intercept_scaling)
    if not estimator.fit_intercept:
        return 0.0
    if not scaling > 0:
        raise DataError(
            f"Intercept scaling is {estimator.intercept_scaling!r} but needs to be greater than 0; inf leaves the "
            "intercept unpenalised. To disable fitting an intercept, set fit_intercept=False."
        )
    return scaling


def unconverged(estimator: Any) -> tuple[str, str]:
    """What was achieved, and a remedy, for the warning of an estimator that stopped at `max_iter`."""
    return (
        f"Liblinear failed to converge, increase the number of iterations. {estimator.n_iter_} of them end with "
        f"{estimator.certificate_}",
        "Raise max_iter or tol, or scale the features to a common range.",
    )
