"""Interior-point method for quadratic programmes with bounds and a low-rank Hessian [mehrotra1992], [fine2001].

    minimise over a   1/2 sum_j ridge_j v_j^2 + c'a,     v = B'a - b,     0 <= a <= u,     v_j = 0 where ridge_j = 0

B (m, k) is tall and narrow. The multipliers theta of the columns (theta = v where ridge is 1), s of a >= 0 and q of
a <= u make the conditions of the minimum

    c + B theta = s - q,      ridge theta = B'a - b,      a s = 0,      (u - a) q = 0.

Newton's method on them, with mu in the place of 0, needs one weighted Gram matrix a step, m k^2 operations:

    (diag(ridge) + B'HB) d = ...,      H = 1 / (s/a + q/(u - a)).

Support vector machines have ridge 1 for the weights and 0 for the intercept (m dual variables); quantile regression is
the case without a quadratic part, a linear programme [portnoy1997]. Predictor and corrector lower mu so fast that 15 to
40 steps do, whatever m and however large u is. a's + (u - a)'q is the gap between the programme and its dual.

When it fails: a Gram matrix is of no use for thousands of columns, and every step reads all rows.

Course notes: 000 §2 (the dual of the support vector machine).
"""

from typing import NamedTuple, Protocol

import numpy as np

from panlearn.optimize.newton import newton_step

SHORT = 0.9995  # share of the way to the nearest bound that a step goes
BUMP = 1e-3  # distance of the multipliers from 0 at the start, in units of their mean size


class Matrix(Protocol):
    """A tall matrix B, as the method sees it."""

    def forward(self, theta: np.ndarray) -> np.ndarray:
        """B theta, (m,)."""
        ...

    def back(self, u: np.ndarray) -> np.ndarray:
        """B'u, (k,)."""
        ...

    def gram(self, h: np.ndarray) -> np.ndarray:
        """B' diag(h) B, (k, k)."""
        ...


class Programme(NamedTuple):
    """The quadratic programme."""

    B: Matrix  # (m, k)
    c: np.ndarray  # (m,)
    upper: np.ndarray  # (m,) positive, may be inf
    b: np.ndarray  # (k,)
    ridge: np.ndarray  # (k,) 1: a column of the quadratic part, 0: an equation


class Point(NamedTuple):
    """Where the method is: everything but theta is positive."""

    theta: np.ndarray  # (k,) multipliers of the columns
    f: np.ndarray  # (m,) c + B theta
    a: np.ndarray  # (m,) the variables
    room: np.ndarray  # (m,) u - a, without cancellation; 1 where u is infinite
    s: np.ndarray  # (m,) multipliers of a >= 0
    q: np.ndarray  # (m,) multipliers of a <= u; 0 where u is infinite

    @property
    def gap(self) -> float:
        """The gap between the programme and its dual, once all equations hold."""
        return float(self.a @ self.s + self.room @ self.q)


def start(problem: Programme, theta: np.ndarray, a: np.ndarray) -> Point:
    """A point around given variables and multipliers.

    Parameters
    ----------
    problem : Programme
        The programme.
    theta : ndarray of shape (k,)
        Guess of the multipliers.
    a : ndarray of shape (m,)
        Guess of the variables, strictly between the bounds.

    Returns
    -------
    Point
    """
    f = problem.c + problem.B.forward(theta)
    bump = BUMP * float(np.abs(f).mean()) + 1e-12 * float(np.abs(problem.c).max()) + 1e-100
    bounded = np.isfinite(problem.upper)
    q = np.where(bounded, np.maximum(-f, 0.0) + bump, 0.0)
    return Point(theta, f, a, np.where(bounded, problem.upper - a, 1.0), np.maximum(f, 0.0) + bump, q)


def step(problem: Programme, point: Point) -> Point:
    """One predictor-corrector step.

    Parameters
    ----------
    problem : Programme
        The programme.
    point : Point
        Where the method is.

    Returns
    -------
    Point
    """
    B, _, upper, b, ridge = problem
    theta, f, a, room, s, q = point
    bounded = np.isfinite(upper).astype(np.float64)
    h = 1 / (s / a + q / room)
    matrix = B.gram(h)
    np.einsum("ii->i", matrix)[:] += ridge

    def direction(pull: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        d = newton_step(matrix, b + ridge * theta - B.back(a + h * pull))
        d = np.zeros_like(theta) if d is None else d
        df = B.forward(d)
        return d, df, h * (pull - df)

    d, df, da = direction(-f)
    ds, dq = -s - s / a * da, bounded * (-q + q / room * da)
    primal, dual = _lengths(ridge, (a, da), (room, -bounded * da), (s, ds), (q, dq))
    if min(primal, dual) < 1:
        gap, pairs = point.gap, len(a) + bounded.sum()
        after = (a + primal * da) @ (s + dual * ds) + (room - primal * bounded * da) @ (q + dual * dq)
        mu = gap * (after / gap) ** 3 / pairs
        at_lower, at_upper = (mu - da * ds) / a, bounded * (mu + da * dq) / room
        d, df, da = direction(at_lower - at_upper - f)
        ds, dq = at_lower - s - s / a * da, bounded * (at_upper - q + q / room * da)
        primal, dual = _lengths(ridge, (a, da), (room, -bounded * da), (s, ds), (q, dq))
    theta, f, s, q = theta + dual * d, f + dual * df, s + dual * ds, q + dual * dq
    return Point(theta, f, a + primal * da, room - primal * bounded * da, s, q)


def _lengths(ridge: np.ndarray, *pairs: tuple[np.ndarray, np.ndarray]) -> tuple[float, float]:
    """Lengths of the step in a and in its multipliers, at most 1, that keep all variables positive.

    A quadratic part ties theta to a: they then move by the same length.
    """
    primal, dual = _longest(*pairs[:2]), _longest(*pairs[2:])
    both = min(primal, dual)
    return (both, both) if ridge.any() else (primal, dual)


def _longest(*pairs: tuple[np.ndarray, np.ndarray]) -> float:
    with np.errstate(divide="ignore", invalid="ignore"):
        return min(1.0, *(SHORT / max(float((-d / x).max()), 1e-300) for x, d in pairs))
