"""Newton's method for sums over rows with absolute values, for many columns, of which few are needed.

    minimise  sum_i share_i loss(z_i, y_i) + sum_j (l1_j |w_j| + l2_j/2 w_j^2),      z_i = x_i'w + b + offset_i

At the minimum most weights are 0, so only a working set of columns is solved for [massias2018]: those in use and those
whose subgradient says most loudly that 0 is wrong. A pass over all columns then either confirms that every weight left
at 0 belongs there, which ends the search, or names the next columns.

On the working set it is a problem of few parameters: with up to `FORMED` columns the Hessian X' diag(h) X is formed,
h = share times second derivative, and `AbsoluteValues` solves Newton's model from it. With more columns the model is
solved by coordinate descent on the columns scaled by the roots of h, and no Hessian exists.

Course notes: 003 §1.7.1, 000 §3.4.
"""

from typing import Any, NamedTuple, Protocol

import numpy as np

from panlearn.core.blocks import ArrayRows, reduce_rows
from panlearn.core.threads import map_chunks, scratch, single_threaded_blas
from panlearn.optimize.column_store import ColumnStore
from panlearn.optimize.newton import Minimum, largest, newton
from panlearn.optimize.proximal_newton import AbsoluteValues

FORMED = 250  # columns up to which the Hessian is formed
FIRST = 100  # columns of the first working set, or a share of all if X is dense:
DENSE_SHARE = 40  # then p/40 columns are solved for in the time of a pass over all
RESERVE = 4  # times as many columns are copied as are asked for, where copying costs a pass over X
SHARE = 0.3  # the subgradient on a working set is brought to this share of the largest over all columns
ACCURACY = 0.1  # subgradient of Newton's model at which coordinate descent stops, relative to the start
REST = 0.1  # share of that below which a column's move leaves it out of the next sweeps
SWEEPS, ROUNDS = 5, 50  # sweeps, the first over all columns, the others over those that still move
CENTRING, SLOPE = 3, 0.1  # steps of the intercept alone, as long as each cuts its slope to a tenth
LEAST = 1e-12  # least curvature of a row, relative to the largest: steps stay finite


class RowLoss(Protocol):
    """A loss of one raw prediction a row."""

    def values(self, z: np.ndarray, y: np.ndarray) -> np.ndarray:
        """Loss of each row, (n,)."""
        ...

    def derivatives(self, z: np.ndarray, y: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Loss, first and second derivative in z of each row; the second, or its expectation, is positive."""
        ...


class Rows(NamedTuple):
    """What is known of each row besides x_i."""

    y: np.ndarray  # (n,)
    share: np.ndarray  # (n,) sums to 1
    offset: np.ndarray | float  # (n,)
    loss: Any  # RowLoss
    intercept: bool


class Curvature(NamedTuple):
    """Second-order model of the rows at a point."""

    h: np.ndarray  # (n,) share times second derivative
    u: np.ndarray  # (n,) share times first derivative


class ChosenColumns:
    """The smooth part as a function of the weights of a few columns and the intercept, which is last.

    Parameters
    ----------
    held : Fortran-ordered ndarray or Columns
        Where the columns are.
    at : ndarray of shape (k,)
        Their places there.
    rows : Rows
        The rest of the rows.
    l2 : ndarray of shape (k,)
        Strength of the squared penalty.
    formed : bool
        Whether `derivatives` forms the Hessian, or gives the curvature of the rows in its place.
    """

    def __init__(self, held: Any, at: np.ndarray, rows: Rows, l2: np.ndarray, formed: bool) -> None:
        from panlearn.optimize import weighted_columns  # compiles or loads kernels: not before they are needed

        self.kernels = weighted_columns
        self.held, self.at, self.rows, self.l2, self.formed = held, at, rows, l2, formed
        self.work = 2.0 * len(at) * (held.size if isinstance(held, np.ndarray) else held.data.size)
        self.work /= max(1, held.shape[1] if isinstance(held, np.ndarray) else len(held.indptr) - 1)
        self._matrix = held[:, at] if formed else None
        self._seen: tuple[np.ndarray | None, np.ndarray] = (None, np.empty(0))  # the last x and its raw predictions

    def raw(self, x: np.ndarray) -> np.ndarray:
        """Raw predictions z."""
        if self._seen[0] is not x:  # the line search has been here before the derivatives
            z = np.full(len(self.rows.y), x[-1]) + self.rows.offset
            if self._matrix is not None:
                z += self._matrix @ x[:-1]
            else:
                self.kernels.combine(self.held, self.at, np.ascontiguousarray(x[:-1]), z)
            self._seen = x, z
        return self._seen[1]

    def value(self, x: np.ndarray) -> float:
        """The function at x."""
        return self._value(self.rows.loss.values(self.raw(x), self.rows.y), x)

    def gradient(self, x: np.ndarray) -> tuple[float, np.ndarray]:
        """Value and gradient at x."""
        return self.derivatives(x, False)[:2]

    def derivatives(self, x: np.ndarray, exact: bool) -> tuple[float, np.ndarray, Any]:
        """Value, gradient, and Hessian or `Curvature` at x."""
        values, first, second = self.rows.loss.derivatives(self.raw(x), self.rows.y)
        u, h = self.rows.share * first, self.rows.share * second
        h = np.maximum(h, LEAST * h.max(initial=0.0))
        gradient = np.append(self._pull(u) + self.l2 * x[:-1], u.sum() if self.rows.intercept else 0.0)
        return self._value(values, x), gradient, self._hessian(h) if self.formed else Curvature(h, u)

    def _value(self, values: np.ndarray, x: np.ndarray) -> float:
        return float(self.rows.share @ values + 0.5 * self.l2 @ np.square(x[:-1]))

    def _pull(self, u: np.ndarray) -> np.ndarray:
        if self._matrix is not None:
            return self._matrix.T @ u
        out = np.empty(len(self.at))
        map_chunks(lambda a, b: self.kernels.pull(self.held, self.at, u, out, a, b), len(out), work=self.work)
        return out

    def _hessian(self, h: np.ndarray) -> np.ndarray:
        assert self._matrix is not None
        k = len(self.at)
        hessian = np.zeros((k + 1, k + 1))
        hessian[:k, :k] = _weighted_gram(self._matrix, h)
        np.einsum("ii->i", hessian)[:k] += self.l2
        if self.rows.intercept:
            hessian[k, :k] = hessian[:k, k] = self._matrix.T @ h
            hessian[k, k] = h.sum()
        else:
            hessian[k, k] = 1.0
        return hessian


def _weighted_gram(X: np.ndarray, h: np.ndarray) -> np.ndarray:
    """X' diag(h) X."""

    def statistic(block: np.ndarray, y: Any, weight: np.ndarray | None) -> np.ndarray:
        Z = scratch("weighted", block.shape[::-1]).T  # by columns, as the block is
        np.multiply(block, np.sqrt(weight)[:, None], out=Z)  # type: ignore[arg-type]
        return Z.T @ Z

    return reduce_rows(statistic, ArrayRows(X, None, h), work=X.shape[1] ** 2)


class ColumnwiseValues(NamedTuple):
    """`AbsoluteValues` whose step comes from the columns, with `Curvature` in the place of the Hessian."""

    f: ChosenColumns
    rest: AbsoluteValues

    def value(self, x: np.ndarray) -> float:
        """The sum of absolute values."""
        return self.rest.value(x)

    def residual(self, gradient: np.ndarray, x: np.ndarray) -> np.ndarray:
        """Subgradient of least size."""
        return self.rest.residual(gradient, x)

    def slope(self, gradient: np.ndarray, x: np.ndarray, step: np.ndarray) -> float:
        """What a step promises."""
        return self.rest.slope(gradient, x, step)

    def step(self, hessian: Any, gradient: np.ndarray, x: np.ndarray) -> np.ndarray | None:
        """Minimiser of the model by coordinate descent: all columns, then those that still move, and again."""
        f, h = self.f, hessian.h
        if not np.isfinite(h).all():
            return None
        k = len(f.at)
        total = float(h.sum()) if f.rows.intercept else 0.0
        mean, square = np.empty(k), np.empty(k)
        map_chunks(lambda a, b: f.kernels.moments(f.held, f.at, h, total, mean, square, a, b), k, work=2 * f.work)
        u, w = -hessian.u, x[:-1].copy()
        s = np.array([u.sum() if f.rows.intercept else 0.0])
        tol = ACCURACY * largest(self.residual(gradient, x))

        model = f.held, f.at, np.arange(k), h, u, s, w, mean, square, total, self.rest.l1[:-1], f.l2, self.rest.positive
        for _ in range(ROUNDS):
            if f.kernels.descend_weighted(*model, tol, REST, SWEEPS):
                break
        return np.append(w - x[:-1], s[0] / total if total > 0 else 0.0)


def working_set_newton(
    X: Any,
    y: np.ndarray,
    share: np.ndarray,
    loss: RowLoss,
    l1: np.ndarray,
    l2: np.ndarray,
    *,
    intercept: bool,
    offset: np.ndarray | None = None,
    start: np.ndarray | None = None,
    tol: float,
    max_iter: int,
    positive: bool = False,
) -> Minimum:
    """Minimise a mean loss plus an elastic-net penalty over many columns.

    Parameters
    ----------
    X : ndarray, sparse matrix or ColumnStore of shape (n, p)
        Features; a store keeps its columns for the next call.
    y : ndarray of shape (n,)
        Targets as the loss takes them.
    share : ndarray of shape (n,)
        Weights of the rows, with sum 1.
    loss : RowLoss
        The loss.
    l1, l2 : ndarray of shape (p,)
        Strengths of |w_j| and of w_j^2 / 2, at least 0.
    intercept : bool
        Whether there is an intercept, which is never penalised.
    offset : ndarray of shape (n,), optional
        Known part of the raw predictions.
    start : ndarray of shape (p + 1,), optional
        Start, the intercept last; zeros by default.
    tol : float
        Largest component of the subgradient at which to stop.
    max_iter : int
        Most Newton iterations, over all working sets.
    positive : bool
        Require w >= 0.

    Returns
    -------
    Minimum
        x is (p + 1,), the intercept last; the value includes the penalty, `gradient_norm` is the largest component of
        the subgradient over all columns.

    Examples
    --------
    One of a thousand columns matters, and only that one gets a weight:

    >>> import numpy as np
    >>> from panlearn.losses import BinaryCrossEntropy
    >>> rng = np.random.default_rng(0)
    >>> X = rng.normal(size=(200, 1000))
    >>> y, share, l1 = (X[:, 7] > 0).astype(float), np.full(200, 1 / 200), np.full(1000, 0.2)
    >>> settings = {"intercept": True, "tol": 1e-8, "max_iter": 100}
    >>> found = working_set_newton(X, y, share, BinaryCrossEntropy(), l1, np.zeros(1000), **settings)
    >>> np.flatnonzero(found.x[:-1])
    array([7])
    """
    x = np.zeros(X.shape[1] + 1) if start is None else np.array(start, dtype=np.float64)
    rows = Rows(y, share, 0.0 if offset is None else offset, loss, intercept)
    store = X if isinstance(X, ColumnStore) else ColumnStore(X)
    rest, trace, n_iter = _absolute_values(l1, positive), [], 0
    size = FIRST if store.sparse else max(FIRST, X.shape[1] // DENSE_SHARE)
    with single_threaded_blas():
        z = raw_predictions(store, x) + rows.offset
        while True:
            values, first, _ = loss.derivatives(z, y)
            u = share * first
            gradient = np.append(store.pull(u) + l2 * x[:-1], u.sum() if intercept else 0.0)
            norm = largest(rest.residual(gradient, x))
            trace.append(float(share @ values + 0.5 * l2 @ np.square(x[:-1])) + rest.value(x))
            if norm <= tol or n_iter >= max_iter or not np.isfinite(norm):
                break
            size = max(size, 2 * int(np.count_nonzero(x[:-1])))
            pull = (-gradient if positive else np.abs(gradient))[:-1] - l1
            chosen = working_set(pull, x[:-1] != 0, size)
            if store.sparse:
                store.columns(chosen, working_set(pull, x[:-1] != 0, RESERVE * size))
            limits = max(SHARE * norm, 0.9 * tol), max_iter - n_iter
            found, z = _solve(store, rows, rest, l2, chosen, x, *limits)
            if found.n_iter == 0:  # no step descends any more: the digits are used up
                break
            n_iter += found.n_iter
            x[chosen], x[-1] = found.x[:-1], found.x[-1]
    return Minimum(x, trace[-1], norm, np.array(trace), n_iter, norm <= tol)


def _absolute_values(l1: np.ndarray, positive: bool) -> AbsoluteValues:
    """Those of the weights; the intercept, which is last, is free."""
    return AbsoluteValues(np.append(l1, 0.0), positive, np.append(np.zeros(len(l1), bool), True))


def _solve(
    store: ColumnStore,
    rows: Rows,
    rest: AbsoluteValues,
    l2: np.ndarray,
    chosen: np.ndarray,
    x: np.ndarray,
    tol: float,
    max_iter: int,
) -> tuple[Minimum, np.ndarray]:
    """Minimise over the chosen columns; also gives the raw predictions there."""
    held, at = store.columns(chosen)
    f = ChosenColumns(held, at, rows, l2[chosen], isinstance(held, np.ndarray) and len(at) <= FORMED)
    part: Any = _absolute_values(rest.l1[chosen], rest.positive)
    if not f.formed:
        part = ColumnwiseValues(f, part)
    found = newton(f, np.append(x[chosen], x[-1]), tol=tol, max_iter=max_iter, rest=part)
    return _centred(found, f.raw(found.x), rows)


def _centred(found: Minimum, z: np.ndarray, rows: Rows) -> tuple[Minimum, np.ndarray]:
    """The same weights with the best intercept, to all digits: certificates are simpler there."""
    if not rows.intercept:
        return found, z
    slope = np.inf
    for _ in range(CENTRING):
        _, first, second = rows.loss.derivatives(z, rows.y)
        before, slope = slope, float(rows.share @ first)
        curvature = float(rows.share @ second)
        if not (abs(slope) < SLOPE * abs(before) and curvature > 0):
            break
        step = -slope / curvature
        found.x[-1] += step
        z = z + step
    return found, z


def raw_predictions(store: ColumnStore, x: np.ndarray) -> np.ndarray:
    """X w + b from the columns in use.

    Parameters
    ----------
    store : ColumnStore
        X.
    x : ndarray of shape (p + 1,)
        Weights, the intercept last.

    Returns
    -------
    ndarray of shape (n,)
        Raw predictions.

    Examples
    --------
    >>> import numpy as np
    >>> raw_predictions(ColumnStore(np.eye(2)), np.array([3.0, 0.0, 1.0]))
    array([4., 1.])
    """
    z, used = np.full(store.shape[0], x[-1]), np.flatnonzero(x[:-1])
    if len(used):
        from panlearn.optimize.weighted_columns import combine

        combine(*store.columns(used), x[used], z)
    return z


def working_set(pull: np.ndarray, used: np.ndarray, size: int) -> np.ndarray:
    """Columns in use, and those that pull most at a weight of 0, up to a size.

    Parameters
    ----------
    pull : ndarray of shape (p,)
        How much the objective would fall with the first step away from 0.
    used : ndarray of shape (p,)
        Which columns have weights already.
    size : int
        Number of columns to choose, at least those in use.

    Returns
    -------
    ndarray of shape (size,)
        Their indices, sorted.

    Examples
    --------
    >>> import numpy as np
    >>> working_set(np.array([0.1, 3.0, 2.0]), np.array([True, False, False]), 2)
    array([0, 1])
    """
    if size >= len(pull):
        return np.arange(len(pull))
    return np.sort(np.argpartition(np.where(used, np.inf, pull), -size)[-size:])
