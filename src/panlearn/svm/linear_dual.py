"""The dual of a kernel machine whose kernel is X X', for many rows and few columns.

    minimise over alpha    1/2 |X'beta|^2 + sum_t s_t o_t alpha_t,     beta_r = sum over t with row_t = r of s_t alpha_t
    subject to             0 <= alpha <= u,   the sums of alpha of `DualProblem`

Sequential minimal optimisation moves two of the alphas at a time, and needs the more steps the larger C is. With p
columns the Hessian has rank p: the interior-point method of `low_rank_interior_point` takes some 20 steps of n p^2
operations whatever C is [fine2001]. X is centred first where the sum of beta is 0, and brought to unit mean square row
length: neither changes the answer.

An interior point has no alpha at a bound. So the answer is snapped: where a multiplier is larger than the distance to
its bound, alpha is put there; the others, at most p + 1 of them but for ties, are solved for so that their rows lie on
the margin and the sums hold. Then the optimality conditions are checked on all rows, as for every other solver.

When it fails: more columns than a few hundred, or sparse rows with many columns, where a Gram matrix is of no use.

Course notes: 000 §2.2 and §2.3.
"""

from typing import Any

import numpy as np
from scipy.linalg import lstsq
from scipy.sparse import issparse

from panlearn.core.blocks import ArrayRows, reduce_rows
from panlearn.core.threads import map_chunks, scratch, single_threaded_blas
from panlearn.optimize.low_rank_interior_point import Point, Programme, start, step
from panlearn.optimize.newton import newton_step
from panlearn.svm.dual_problem import DualFit, DualProblem, certify

COLUMNS = 500  # most columns
ROWS = 500  # rows from which it always pays
STEEP = 5000.0  # n C |x|^2 from which it pays for fewer: pairwise steps grow with it, these do not
SHAPE = 8  # rows a column, at least
STEPS = 100
CLOSE = 0.01  # the mean of alpha times multiplier is brought to the square of this share of tol
ROUNDS = 4  # of ten times closer steps, where the conditions do not hold after snapping
DIVERGED = 1e6  # growth of the gap in a step that no descent has
SPARSE = 0.05  # share of entries not zero from which it is worth to make X dense
TIES = 3000  # most variables on the margin that are sorted out one by one
TRIES = 8  # systems for the free alphas: each puts those that left their bounds back


class SignedRows:
    """The matrix B with rows s_t (z_row, 1), or s_t (z_row, 1), 1 where both sums are fixed, without forming it.

    Parameters
    ----------
    Z : ndarray of shape (n, k)
        Rows of X, and a column of ones for the sum of beta.
    row : ndarray of shape (m,)
        Row of Z of each variable.
    sign : ndarray of shape (m,)
        Its sign.
    by_sign : bool
        Whether there is a last column of ones, for the sum of alpha.
    """

    def __init__(self, Z: np.ndarray, row: np.ndarray, sign: np.ndarray, by_sign: bool) -> None:
        self.Z, self.row, self.sign, self.by_sign = Z, row, sign, by_sign
        self.plain = len(row) == len(Z) and bool((row == np.arange(len(Z))).all())

    def forward(self, theta: np.ndarray) -> np.ndarray:
        """B theta, (m,)."""
        z = np.empty(len(self.Z))
        v = np.ascontiguousarray(theta[: self.Z.shape[1]])
        map_chunks(lambda a, b: np.dot(self.Z[a:b], v, out=z[a:b]), len(z), work=2.0 * self.Z.size)
        out = (z if self.plain else z[self.row]) * self.sign
        return out + theta[-1] if self.by_sign else out

    def back(self, u: np.ndarray) -> np.ndarray:
        """B'u, (k,)."""
        v = self._by_row(self.sign * u)
        out = np.sum(map_chunks(lambda a, b: v[a:b] @ self.Z[a:b], len(v), work=2.0 * self.Z.size), axis=0)
        return np.append(out, u.sum()) if self.by_sign else out

    def gram(self, h: np.ndarray) -> np.ndarray:
        """B' diag(h) B, (k, k)."""

        def statistic(Z: np.ndarray, y: None, weight: np.ndarray) -> np.ndarray:
            scaled = scratch("signed rows", Z.shape)
            np.multiply(Z, np.sqrt(weight)[:, None], out=scaled)
            return scaled.T @ scaled

        k = self.Z.shape[1]
        inner = reduce_rows(statistic, ArrayRows(self.Z, None, self._by_row(h)), work=k * (k + 5.0))
        if not self.by_sign:
            return inner
        out = np.empty((k + 1, k + 1))
        out[:k, :k], out[k, k] = inner, h.sum()
        out[k, :k] = out[:k, k] = self._by_row(self.sign * h) @ self.Z
        return out

    def select(self, variables: np.ndarray) -> np.ndarray:
        """Some rows of B."""
        out = self.Z[self.row[variables]] * self.sign[variables, None]
        return np.column_stack([out, np.ones(len(out))]) if self.by_sign else out

    def _by_row(self, u: np.ndarray) -> np.ndarray:
        """Sum over the variables of each row."""
        return u if self.plain else np.bincount(self.row, u, minlength=len(self.Z))


def linear_dual_pays(X: Any, problem: DualProblem) -> bool:
    """Whether `solve_linear_dual` is the faster way to solve a problem with the kernel X X'.

    Parameters
    ----------
    X : ndarray or sparse matrix of shape (n, p)
        Features.
    problem : DualProblem
        The problem.

    Returns
    -------
    bool
    """
    n, p = X.shape
    if issparse(X) and X.nnz < SPARSE * n * p:
        return False
    if p > COLUMNS or n < SHAPE * p:
        return False
    if n >= ROWS:
        return True
    spread = float((X.toarray() if issparse(X) else X).var(axis=0).sum())
    return n * float(problem.upper.max(initial=0.0)) * spread > STEEP


def solve_linear_dual(X: Any, problem: DualProblem, *, tol: float, max_iter: int = -1) -> DualFit:
    """Solve the dual of a machine with a linear kernel.

    Parameters
    ----------
    X : ndarray or sparse matrix of shape (n, p)
        Features; a sparse matrix is made dense.
    problem : DualProblem
        The problem.
    tol : float
        Violation of the optimality conditions at which to stop.
    max_iter : int
        Most steps; -1 for no limit but that of rounding.

    Returns
    -------
    DualFit
        `n_iter` counts steps of the interior-point method.

    Examples
    --------
    Two points at a distance of 4: the margin is half of it on each side, so |w| = 1/2.

    >>> import numpy as np
    >>> X, y = np.array([[-2.0], [2.0]]), np.array([-1.0, 1.0])
    >>> problem = DualProblem(np.arange(2), y, -y, np.full(2, np.inf), np.zeros(2))
    >>> fit = solve_linear_dual(X, problem, tol=1e-6)
    >>> round(float(X[:, 0] @ fit.beta), 6)
    0.5
    """
    X = np.asarray(X.toarray() if issparse(X) else X, dtype=np.float64)
    # a hard margin between classes that no hyperplane separates: alpha grows without bound
    with single_threaded_blas(), np.errstate(over="ignore", invalid="ignore", divide="ignore"):
        return _Search(X, problem).run(tol, STEPS if max_iter < 0 else max_iter)


class _Search:
    """The problem in the units in which it is solved: alpha times size^2, X less its mean over size."""

    def __init__(self, X: np.ndarray, problem: DualProblem) -> None:
        n, p = X.shape
        self.problem, self.kept = problem, np.flatnonzero(problem.upper > 0)
        row, sign = problem.row[self.kept], problem.sign[self.kept]
        balanced = abs(float(problem.sign @ problem.start)) <= 1e-12 * float(problem.start.sum())
        self.mean = X.mean(axis=0) if balanced else np.zeros(p)
        Z = np.ones((n, p + 1))
        np.subtract(X, self.mean, out=Z[:, :p])
        self.size = float(np.sqrt(np.einsum("ij,ij->", Z[:, :p], Z[:, :p]) / n)) or 1.0
        Z[:, :p] /= self.size
        B = SignedRows(Z, row, sign, problem.by_sign)
        upper, begun = problem.upper[self.kept] * self.size**2, problem.start[self.kept] * self.size**2
        ridge = np.append(np.ones(p), np.zeros(1 + problem.by_sign))
        b = np.append(np.zeros(p), [sign @ begun, begun.sum()][: 1 + problem.by_sign])
        self.programme = Programme(B, sign * problem.offset[self.kept], upper, b, ridge)
        self.begun = begun

    def run(self, tol: float, max_iter: int) -> DualFit:
        at, trace, n_iter = self._start(), [], 0
        best: Any = None
        typical = min(CLOSE * tol, float(np.median(at.a)))
        for closer in 10.0 ** -np.arange(ROUNDS):
            target = CLOSE * tol * typical * closer**2
            while at.gap > target * len(at.a) and n_iter < max_iter:
                before, at, n_iter = at, step(self.programme, at), n_iter + 1
                if not at.gap < DIVERGED * before.gap:
                    at = before
                    break
            fit = self._certified(at, n_iter)
            trace.append(fit.violation)
            if best is None or fit.violation < best.violation:
                best = fit
            if best.violation <= tol or n_iter >= max_iter:
                break
        return best._replace(n_iter=n_iter, trace=np.array(trace))

    def _start(self) -> Point:
        """Alphas in the middle of their range, or spread as evenly as the sums that they must have allow."""
        c, upper = self.programme.c, self.programme.upper
        a = np.minimum(0.5 * upper, 1.0)
        if self.begun.any():
            groups = [self.programme.B.sign > 0, self.programme.B.sign < 0]  # type: ignore[attr-defined]
            for group in groups if self.problem.by_sign else [groups[0] | groups[1]]:
                share = self.begun[group].sum() / upper[group].sum()
                a[group] = upper[group] * np.clip(share, 1e-3, 1 - 1e-3)
        theta, ridge = np.zeros(len(self.programme.b)), self.programme.ridge
        if not c.any():  # the weights that belong to a, lest all multipliers start at 0
            theta = ridge * self.programme.B.back(a)
        return start(self.programme, theta, a)

    def _certified(self, at: Point, n_iter: int) -> DualFit:
        """The fit at the snapped point."""
        B, X = self.programme.B, self.programme.B.Z[:, :-1]  # type: ignore[attr-defined]
        alpha = np.zeros(len(self.problem.row))
        snapped = self._snap(at)
        alpha[self.kept] = np.where(
            snapped == self.programme.upper, self.problem.upper[self.kept], snapped / self.size**2
        )
        w = B.back(snapped)[: X.shape[1]]
        fit = certify(self.problem, alpha, X @ w, n_iter=n_iter)
        shift = float(self.mean @ w) / self.size
        return fit._replace(products=fit.products + shift, intercept=fit.intercept - shift)

    def _snap(self, at: Point) -> np.ndarray:
        """The variables with those near a bound on it, and the others such that their rows have f = 0."""
        B, _, upper, b, ridge = self.programme
        unit = np.minimum(upper, 1.0)
        low, high = at.a < at.s * unit, at.room < at.q * unit
        a = np.where(low, 0.0, np.where(high, upper, at.a))
        theta, free = at.theta.copy(), np.flatnonzero(~low & ~high)
        f, k = at.f[free], len(b)
        for _ in range(TRIES):
            rows, lack = B.select(free), b + ridge * theta - B.back(a)  # type: ignore[attr-defined]
            if len(free) <= 2 * k:
                d, move = _saddle(rows, ridge, lack, -f)
                theta += d
            else:
                d, move = 0.0, _least_move(rows, np.minimum(at.a, at.room)[free], lack)
            a[free] += move
            out = (a[free] < 0) | (a[free] > upper[free])
            if not out.any():
                break
            a[free] = np.clip(a[free], 0.0, upper[free])
            f = (f + rows @ d if np.ndim(d) else f)[~out]
            free = free[~out]
        free = np.flatnonzero((a > 0) & (a < upper))
        if k < len(free) <= TIES:
            a[free] = _vertex(B.select(free), a[free], upper[free])  # type: ignore[attr-defined]
        return a


def _saddle(rows: np.ndarray, ridge: np.ndarray, lack: np.ndarray, f: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Changes d, m with rows d = f and rows'm - ridge d = lack: the conditions on the free variables, exactly."""
    k, size = len(ridge), len(rows)
    matrix = np.zeros((k + size, k + size))
    matrix[:k, :k], matrix[:k, k:], matrix[k:, :k] = -np.diag(ridge), rows.T, rows
    found = lstsq(matrix, np.append(lack, f), cond=1e-13, lapack_driver="gelsy", check_finite=False)
    solution: Any = found[0] if found else np.zeros(k + size)
    return solution[:k], solution[k:]


def _vertex(rows: np.ndarray, a: np.ndarray, upper: np.ndarray) -> np.ndarray:
    """Variables with the same rows'a, of which no more than there are columns are between their bounds.

    One variable after the other joins a basis. Where it depends on those that are there, they can all move along one
    line without changing the sums, until one of them is at a bound and leaves.
    """
    a, basis = a.copy(), np.empty(0, dtype=np.intp)
    for j in range(len(a)):
        members = np.append(basis, j)
        triangle: Any = np.linalg.qr(rows[members].T, mode="r")
        if len(basis) < rows.shape[1] and abs(triangle[len(basis), len(basis)]) > 1e-9 * np.linalg.norm(rows[j]):
            basis = members
            continue
        line = np.append(np.linalg.lstsq(rows[basis].T, -rows[j], rcond=None)[0], 1.0)
        ends = _ends(line, a[members], upper[members])
        if np.isinf(ends).all():  # no bound ahead: there is one behind
            line = -line
            ends = _ends(line, a[members], upper[members])
        leaving = int(np.argmin(ends))
        if not np.isfinite(ends[leaving]):
            break
        a[members] = np.clip(a[members] + ends[leaving] * line, 0.0, upper[members])
        a[members[leaving]] = upper[members[leaving]] if line[leaving] > 0 else 0.0
        basis = np.delete(members, leaving)
    return a


def _ends(line: np.ndarray, a: np.ndarray, upper: np.ndarray) -> np.ndarray:
    """How far each variable can go along a line."""
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where(line > 0, (upper - a) / line, np.where(line < 0, -a / line, np.inf))


def _least_move(rows: np.ndarray, weight: np.ndarray, lack: np.ndarray) -> np.ndarray:
    """The least change m with rows'm = lack, where variables far from their bounds move most."""
    move, weighted = np.zeros(len(rows)), rows * weight[:, None]
    gram = rows.T @ weighted
    for _ in range(3):
        d = newton_step(gram, -(lack - rows.T @ move))
        if d is None:
            break
        move += weighted @ d
    return move
