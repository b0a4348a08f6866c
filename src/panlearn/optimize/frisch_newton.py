"""Quantile regression by an interior-point method for its dual, the Frisch-Newton algorithm [portnoy1997].

    primal   min over theta    sum_i q_i r_i^+ + (1 - q_i) r_i^-,          r = y - A theta
    dual     max y'x           with A'x = A'(1 - q),   0 <= x <= 1

The absolute value of a weight is such a term too, of a row with q = 1/2, y = 0 and twice its strength in one column: an
L1 penalty only adds p rows. The dual is a programme of `low_rank_interior_point` without a quadratic part: a step costs
one weighted Gram matrix A' diag(h) A, n p^2 operations, and 10 to 30 steps do, whatever n.

The optimum is a vertex: as many rows as there are parameters have residual 0. Solving these equations alone turns the
10 digits of the last step into an exact answer, and weights that should be 0 into zeros.
"""

from typing import NamedTuple

import numpy as np
from scipy.linalg import qr

from panlearn.core.blocks import ArrayRows, reduce_rows
from panlearn.losses.pinball import Pinball
from panlearn.optimize.low_rank_interior_point import Programme, start, step
from panlearn.optimize.newton import newton_step


class Fit(NamedTuple):
    """Where the method stopped, with its certificate."""

    theta: np.ndarray  # (p + 1,) weights and intercept
    value: float  # objective there
    gap: float  # value minus that of a feasible dual point: the objective cannot be lower than value - gap
    n_iter: int
    converged: bool  # gap <= tol * value, up to rounding


class Rows:
    """The matrix A = [s X, s 1; diag(l1), 0] and its products, without forming it.

    Parameters
    ----------
    X : ndarray of shape (n, p)
        Features.
    share : ndarray of shape (n,)
        Weights s of the rows.
    l1 : ndarray of shape (p,)
        Twice the strengths of the penalty; all 0: these rows are left out.
    intercept : bool
        Whether there is a column of ones; its parameter stays 0 otherwise.
    """

    def __init__(self, X: np.ndarray, share: np.ndarray, l1: np.ndarray, intercept: bool) -> None:
        self.X, self.share, self.l1, self.intercept = X, share, l1 if l1.any() else l1[:0], intercept

    def forward(self, theta: np.ndarray) -> np.ndarray:
        """A theta."""
        top = self.share * (self.X @ theta[:-1] + theta[-1] * self.intercept)
        return np.append(top, self.l1 * theta[: len(self.l1)])

    def back(self, u: np.ndarray) -> np.ndarray:
        """A'u."""
        top = self.share * u[: len(self.share)]
        out = np.append(self.X.T @ top, top.sum() * self.intercept)
        out[: len(self.l1)] += self.l1 * u[len(self.share) :]
        return out

    def gram(self, h: np.ndarray) -> np.ndarray:
        """A' diag(h) A, with 1 on the diagonal for an unused intercept."""
        n, size = len(self.share), self.X.shape[1] + 1

        def statistic(X: np.ndarray, y: None, weight: np.ndarray) -> np.ndarray:
            Z = np.empty((len(X), size))
            Z[:, -1:] = np.sqrt(weight)[:, None]
            np.multiply(X, Z[:, -1:], out=Z[:, :-1])
            return Z.T @ Z

        source = ArrayRows(self.X, None, h[:n] * self.share**2)
        out = reduce_rows(statistic, source, work=size * (size + 5.0))
        np.einsum("ii->i", out)[: len(self.l1)] += h[n:] * self.l1**2
        if not self.intercept:
            out[-1] = out[:, -1] = 0.0
            out[-1, -1] = 1.0
        return out

    def select(self, rows: np.ndarray) -> np.ndarray:
        """Some rows of A."""
        n = len(self.share)
        out, data, penalty = np.zeros((len(rows), self.X.shape[1] + 1)), rows < n, rows[rows >= n] - n
        picked = rows[data]
        out[data, :-1] = self.X[picked] * self.share[picked, None]
        out[data, -1] = self.share[picked] * self.intercept
        out[np.flatnonzero(~data), penalty] = self.l1[penalty]
        return out


def solve(A: Rows, y: np.ndarray, q: np.ndarray, *, tol: float = 1e-9, max_iter: int = 100) -> Fit:
    """Minimise the sum of pinball losses of y - A theta.

    Parameters
    ----------
    A : Rows
        The matrix, of N rows.
    y : ndarray of shape (N,)
        Targets, times the weights of their rows.
    q : ndarray of shape (N,)
        Quantile of each row, in (0, 1).
    tol : float
        Duality gap at which to stop, relative to the objective.
    max_iter : int
        Most Newton steps.

    Returns
    -------
    Fit
    """
    loss, problem = Pinball(q), Programme(A, -y, np.ones(len(y)), A.back(1.0 - q), np.zeros(A.X.shape[1] + 1))
    guess = newton_step(A.gram(np.ones(len(y))), -A.back(y))
    at = start(problem, np.zeros_like(problem.b) if guess is None else guess, 1.0 - q)
    n_iter, floor = 0, 1e-14 * float(np.abs(y).sum()) + 1e-98 * len(y)
    value = float(loss.values(at.f, 0.0).sum())
    while at.gap > tol * value + floor and n_iter < max_iter:
        n_iter += 1
        at = step(problem, at)
        value = float(loss.values(A.forward(at.theta), y).sum())
    converged = at.gap <= tol * value + floor
    theta, value = _vertex(A, y, loss, at.theta, np.abs(at.s - at.q) / np.minimum(at.a, at.room), value)
    return Fit(theta, value, at.gap, n_iter, converged)


def _vertex(
    A: Rows, y: np.ndarray, loss: Pinball, theta: np.ndarray, score: np.ndarray, value: float
) -> tuple[np.ndarray, float]:
    """The vertex beside theta, if it is no worse: the rows of least score are solved exactly."""
    size = len(theta) - (not A.intercept)
    rows = np.argsort(score)[: 2 * size]
    if len(rows) < size:
        return theta, value
    candidates = A.select(rows)[:, :size]
    typical = score[rows[size - 1]] + 1e-300
    norms = np.linalg.norm(candidates, axis=1) + 1e-300
    weights = 1 / (norms * (1 + score[rows] / typical))
    scaled = (candidates * weights[:, None]).T
    _, triangle, order = qr(scaled, mode="economic", pivoting=True)  # type: ignore[misc]  # independent ones first
    if not abs(triangle[size - 1, size - 1]) > 1e-12 * abs(triangle[0, 0]):
        return theta, value
    basis = order[:size]
    found = np.zeros_like(theta)
    found[:size] = np.linalg.solve(candidates[basis], y[rows[basis]])
    n = len(A.share)
    found[[row - n for row in rows[basis] if row >= n]] = 0.0
    exact = float(loss.values(A.forward(found), y).sum())
    return (found, exact) if exact <= value * (1 + 1e-12) else (theta, value)
