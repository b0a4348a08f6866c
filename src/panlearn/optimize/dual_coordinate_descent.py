"""Kernels of dual coordinate descent for linear machines [hsieh2008], [ho2012], over rows that are dense or sparse.

    minimise over beta    1/2 |sum_i beta_i x_i|^2 + sum_i (D_i/2 beta_i^2 - t_i beta_i + eps |beta_i|)
    subject to            lo <= beta <= hi

    hinge                  t = y, eps = 0, D = 0,         beta between 0 and y C
    squared hinge          t = y, eps = 0, D = 1/(2 C),   beta between 0 and y inf
    eps-insensitive        t = y,          D = 0,         |beta| <= C
    its square             t = y,          D = 1/(2 C),   beta unbounded

Each variable belongs to a row, and w = sum_i beta_i x_i is kept up to date: with g = x_i'w + D_i beta_i - t_i and
Q = |x_i|^2 + D_i, the minimiser over beta_i alone is the soft threshold of beta_i - g/Q at eps/Q, clipped to its
bounds: one product with a row, and one addition of a row if beta_i moves.

Each visit also tells by how much the conditions of the minimum fail: beta_i may grow at the slope r and shrink at l.
A variable that the slopes hold at its place by more than the largest failure of the last sweep is left out of the next
sweeps [hsieh2008].
"""

from typing import Any, NamedTuple

import numpy as np
from numba import types
from numba.extending import overload
from scipy.sparse import issparse

from panlearn.core.design import add_row, sparse_rows
from panlearn.core.jit import kernel
from panlearn.core.prefetch import prefetch
from panlearn.core.threads import map_chunks

SMALL = 1e-4  # share of tol to which failures are lowered for the sake of the gap
AHEAD = 2  # rows whose entries are asked for before they are needed


def _expect_row(X, i):
    """Only its overloads are called."""


@overload(_expect_row, inline="always")
def _expect_row_of(X, i):
    if isinstance(X, types.Array):

        def dense(X, i):
            pass

        return dense

    def sparse(X, i):
        for k in range(X.indptr[i], X.indptr[i + np.uint64(1)], np.uint64(16)):
            prefetch(X.indices, k)  # type: ignore[call-arg]
            prefetch(X.data, k)  # type: ignore[call-arg]
            prefetch(X.data, k + np.uint64(8))  # type: ignore[call-arg]

    return sparse


def _row_dot(X, i, w):
    """Only its overloads are called."""


@overload(_row_dot, inline="always")
def _row_dot_of(X, i, w):
    if isinstance(X, types.Array):

        def dense(X, i, w):
            total = 0.0
            for j in range(X.shape[1]):
                total += X[i, j] * w[j]
            return total

        return dense

    def sparse(X, i, w):
        total = 0.0
        for k in range(X.indptr[i], X.indptr[i + np.uint64(1)]):
            total += X.data[k] * w[X.indices[k]]
        return total

    return sparse


def _row_square(X, i):
    """Only its overloads are called."""


@overload(_row_square, inline="always")
def _row_square_of(X, i):
    if isinstance(X, types.Array):

        def dense(X, i):
            total = 0.0
            for j in range(X.shape[1]):
                total += X[i, j] * X[i, j]
            return total

        return dense

    def sparse(X, i):
        total = 0.0
        for k in range(X.indptr[i], X.indptr[i + np.uint64(1)]):
            total += X.data[k] * X.data[k]
        return total

    return sparse


@kernel(inline=True)
def excess(z, old, target, eps, ridge, lower, upper):
    """Loss at z plus its conjugate at beta, plus beta z: 0 where they belong together, positive elsewhere."""
    r = target - z
    over = max(abs(r) - eps, 0.0)
    bound = upper if r > 0.0 else -lower
    pull = bound if ridge == 0.0 else min(bound, over / ridge)
    loss = pull * over - 0.5 * ridge * pull * pull if over > 0.0 else 0.0
    return loss + old * (z - target) + eps * abs(old) + 0.5 * ridge * old * old


@kernel
def sweep(X, unit, target, eps, ridge, lower, upper, square, order, limit, beta, w):
    """Visit the rows in `order`; updates beta and w, and moves rows that need no more visits to the end of `order`.

    The last feature is the constant `unit`, with the last weight. Returns how many rows stay, the largest failure of
    the conditions, and the duality gap as it was seen from row to row.
    """
    stay, worst, gap = np.int64(order.size), 0.0, 0.0
    constant = np.int64(w.size - 1)
    at = np.int64(0)
    while at < stay:
        i = np.uint64(order[at])
        if at + AHEAD < stay:
            _expect_row(X, np.uint64(order[at + AHEAD]))
        old = beta[i]
        z = _row_dot(X, i, w) + unit * w[constant]
        g = z + ridge[i] * old - target[i]
        right = g + (eps if old >= 0.0 else -eps)  # slopes to the right and to the left of beta_i
        left = g + (eps if old > 0.0 else -eps)
        failure = max(-right if old < upper[i] else 0.0, left if old > lower[i] else 0.0)
        if failure <= 0.0 and (old >= upper[i] or right > limit) and (old <= lower[i] or left < -limit):
            stay -= 1
            order[at], order[stay] = order[stay], order[at]
            continue
        at += 1
        gap += excess(z, old, target[i], eps, ridge[i], lower[i], upper[i])
        if failure <= 1e-14:
            continue
        worst = max(worst, failure)
        q = square[i] + ridge[i]
        if q > 0.0:
            free = old - g / q
            new = max(free - eps / q, 0.0) + min(free + eps / q, 0.0)
            new = min(max(new, lower[i]), upper[i])
        else:  # an empty row without curvature goes to the end of its range
            new = upper[i] if right < 0.0 else lower[i]
        step = new - old
        if step != 0.0:
            beta[i] = new
            add_row(X, i, step, w)
            w[constant] += step * unit
    return stay, worst, gap


@kernel
def squares(X, out, start, stop):
    """|x_i|^2 of rows start to stop."""
    for i in range(np.uint64(start), np.uint64(stop)):
        out[i] = _row_square(X, i)


@kernel
def add_all(X, unit, beta, w):
    """Add sum_i beta_i x_i to w."""
    constant = np.int64(w.size - 1)
    for i in range(np.uint64(beta.size)):
        if beta[i] != 0.0:
            add_row(X, i, beta[i], w)
            w[constant] += beta[i] * unit


@kernel
def gap_of_rows(X, unit, target, eps, ridge, lower, upper, beta, w, start, stop):
    """The duality gap and the dual objective without 1/2 |w|^2, of rows start to stop."""
    constant = np.int64(w.size - 1)
    gap, dual = 0.0, 0.0
    for i in range(np.uint64(start), np.uint64(stop)):
        old = beta[i]
        z = _row_dot(X, i, w) + unit * w[constant]
        gap += excess(z, old, target[i], eps, ridge[i], lower[i], upper[i])
        dual += 0.5 * ridge[i] * old * old - target[i] * old + eps * abs(old)
    return gap, dual


class Terms(NamedTuple):
    """What the dual objective says of each row, and its bounds."""

    target: np.ndarray  # (n,) t
    eps: float
    ridge: np.ndarray  # (n,) D
    lower: np.ndarray  # (n,) lo <= 0
    upper: np.ndarray  # (n,) hi >= 0


class Fit(NamedTuple):
    """Where dual coordinate descent stopped, with its certificate."""

    weights: np.ndarray  # (p + 1,) the last belongs to the constant feature
    beta: np.ndarray  # (n,)
    value: float  # primal objective, 1/2 |weights|^2 + the losses
    gap: float  # it cannot be lower by more than this
    failure: float  # of the conditions of the minimum, the largest in the last sweep over all rows
    n_iter: int  # sweeps
    converged: bool


class Rows:
    """Rows as the kernels read them, shared by the problems over them.

    Parameters
    ----------
    X : ndarray or sparse matrix of shape (n, p)
        Features.
    unit : float
        Value of a further, constant feature; 0 for none.
    """

    def __init__(self, X: Any, unit: float) -> None:
        self.shape, self.unit = X.shape, float(unit)
        self.X = sparse_rows(X) if issparse(X) else np.ascontiguousarray(X, dtype=np.float64)
        self.square = np.empty(X.shape[0])
        self.work = 4.0 * (X.nnz if issparse(X) else X.size)
        map_chunks(lambda a, b: squares(self.X, self.square, a, b), len(self.square), work=self.work)
        self.square += self.unit**2

    def rescale(self, unit: float) -> None:
        """Give the constant feature another value."""
        self.square += unit**2 - self.unit**2
        self.unit = unit

    def certify(self, terms: Terms, beta: np.ndarray, w: np.ndarray) -> tuple[float, float]:
        """Primal objective and duality gap."""
        parts = map_chunks(
            lambda a, b: gap_of_rows(self.X, self.unit, *terms, beta, w, a, b), len(beta), work=self.work
        )
        gap, dual = np.sum(parts, axis=0)
        return float(gap - dual - 0.5 * w @ w), float(gap)


def descend(rows: Rows, terms: Terms, *, tol: float, max_iter: int, rng: Any, beta: np.ndarray | None = None) -> Fit:
    """Minimise by sweeps in random order.

    Parameters
    ----------
    rows : Rows
        Features.
    terms : Terms
        The rest of the objective.
    tol : float
        Largest failure of the conditions at which to stop, in units of x'w; twice the relative duality gap.
    max_iter : int
        Most sweeps.
    rng : RandomState
        Chooses the order of the rows.
    beta : ndarray of shape (n,), optional
        Start; zeros by default.

    Returns
    -------
    Fit
    """
    n, p = rows.shape
    w, beta = np.zeros(p + 1), np.zeros(n) if beta is None else beta.copy()
    if beta.any():
        add_all(rows.X, rows.unit, beta, w)
    order, stay, limit, goal, n_iter, worst = np.arange(n), n, np.inf, tol, 0, np.inf
    value, gap, converged = np.inf, np.inf, False
    while n_iter < max_iter and not converged:
        n_iter, whole = n_iter + 1, stay == n
        order[:stay] = rng.permutation(order[:stay])
        stay, worst, _ = sweep(rows.X, rows.unit, *terms, rows.square, order[:stay], limit, beta, w)
        limit = worst if worst > 0 else np.inf
        if worst <= goal:
            stay, limit = n, np.inf
            if whole:
                value, gap = rows.certify(terms, beta, w)
                converged = gap <= 2 * tol * value or goal < SMALL * tol
                goal *= 0.25  # failures that are small row by row, but not in their sum
    value, gap = rows.certify(terms, beta, w)
    return Fit(w, beta, value, gap, worst, n_iter, converged)
