"""Newton's method for a smooth convex function plus absolute values [lee2014], [friedman2010].

    minimise  f(x) + sum_j l1_j |x_j|,      optionally x >= 0

Newton's model of f at x keeps the absolute values as they are. Its minimiser gives the direction:

    d = argmin  g'd + 1/2 d'Hd + sum_j l1_j |x_j + d_j|

and the step is halved until the objective falls by a share of what the model promises. Coordinate descent on H finds
the zeros of the model's minimiser, in turns with Newton's step on the other coordinates, which finds their values
however much they are correlated. Near the solution the zeros stay, and convergence is quadratic.

The certificate is the largest component of the subgradient of least size: 0 at the minimum and only there.

Course notes: 003 §1.7.1, 000 §3.4.
"""

from typing import NamedTuple

import numpy as np

from panlearn.optimize.newton import Minimum, SmoothFunction, largest, newton, newton_step
from panlearn.penalties.elastic_net import subgradient

ACCURACY = 0.01  # the model is solved until its subgradient is this share of what it was
CROSSINGS = 20  # changes of sign after which coordinate descent is asked again
FLAT = 1e-6  # curvature of a direction, relative to the largest, that is rounding (H may be of float32)
SWEEPS, ROUNDS = 20, 50  # sweeps of coordinate descent between two steps on the coordinates that are not zero


class AbsoluteValues(NamedTuple):
    """The sum of l1_j |x_j|, as `newton` sees it."""

    l1: np.ndarray  # (d,) at least 0
    positive: bool  # whether x_j >= 0 is required
    free: np.ndarray  # (d,) bool: coordinates without either, as intercepts

    def value(self, x: np.ndarray) -> float:
        """The sum."""
        return float(self.l1 @ np.abs(x))

    def residual(self, gradient: np.ndarray, x: np.ndarray) -> np.ndarray:
        """Subgradient of least size."""
        return np.where(self.free, gradient, subgradient(gradient, x, self.l1, self.positive))

    def step(self, hessian: np.ndarray, gradient: np.ndarray, x: np.ndarray) -> np.ndarray | None:
        """Minimiser of the model, by coordinate descent and steps on the support.

        Coordinate descent sees the model minimised over the free coordinates (Schur's complement), as if the columns
        were centred: it converges much faster.
        """
        from panlearn.optimize.coordinate_descent import descend_gram

        if not np.isfinite(hessian).all():
            return None
        inner, outer = np.flatnonzero(~self.free), np.flatnonzero(self.free)
        pull = _elimination(hessian, inner, outer)
        reduced = np.ascontiguousarray(hessian[np.ix_(inner, inner)] - hessian[np.ix_(inner, outer)] @ pull)
        w, q, l1 = x.copy(), gradient.copy(), np.ascontiguousarray(self.l1[inner])
        tol = ACCURACY * largest(self.residual(gradient, x))
        for _ in range(ROUNDS):
            part, slope = w[inner], q[inner] - pull.T @ q[outer]
            descend_gram(reduced, slope, part, l1, np.zeros_like(l1), self.positive, 0.1 * tol, SWEEPS)
            w[inner] = part
            q = gradient + hessian @ (w - x)
            if largest(self.residual(q, w)[inner]) > tol or len(outer):
                self._step_on_support(hessian, q, w)
            if largest(self.residual(q, w)) <= tol:
                break
        return w - x

    def slope(self, gradient: np.ndarray, x: np.ndarray, step: np.ndarray) -> float:
        """What a step promises; where no sign changes, the two terms nearly cancel, and are added first."""
        moved = x + step
        change = np.where(x * moved > 0, np.sign(x) * step, np.abs(moved) - np.abs(x))
        return float((gradient * step + self.l1 * change).sum())

    def _step_on_support(self, hessian: np.ndarray, q: np.ndarray, w: np.ndarray) -> None:
        """Newton's steps on the coordinates that are not 0; the first to change its sign stops at 0 and is left out.

        Updates q and w.
        """
        for _ in range(CROSSINGS):
            support = np.flatnonzero((w != 0) | self.free)
            step = newton_step(hessian[np.ix_(support, support)], self.residual(q, w)[support])
            if step is None:
                return
            crossing = (w[support] * (w[support] + step) < 0) & ~self.free[support]
            reach = np.where(crossing, np.abs(w[support]) / np.maximum(np.abs(step), 1e-300), 1.0)
            length = float(reach.min(initial=1.0))
            step *= length
            w[support] = np.where(crossing & (reach <= length), 0.0, w[support] + step)
            q += hessian[:, support] @ step
            if length == 1.0:
                return


def _elimination(hessian: np.ndarray, inner: np.ndarray, outer: np.ndarray) -> np.ndarray:
    """H_oo^-1 H_oi: how the best outer coordinates move against the inner ones."""
    if not len(outer):
        return np.zeros((0, len(inner)))
    if len(outer) == 1 and hessian[outer[0], outer[0]] > 0:
        return hessian[np.ix_(outer, inner)] / hessian[outer[0], outer[0]]
    # intercepts of all classes are one too many: the pseudo-inverse leaves that direction out
    inverse = np.linalg.pinv(hessian[np.ix_(outer, outer)], rcond=FLAT, hermitian=True)
    return inverse @ hessian[np.ix_(outer, inner)]


def proximal_newton(
    f: SmoothFunction,
    x: np.ndarray,
    l1: np.ndarray,
    *,
    positive: bool = False,
    free: np.ndarray | None = None,
    tol: float,
    max_iter: int,
    keep: bool = False,
    hessian: np.ndarray | None = None,
) -> Minimum:
    """Minimise f(x) + sum l1_j |x_j| for a function of few parameters.

    Parameters
    ----------
    f : SmoothFunction
        The smooth part, a squared penalty included.
    x : ndarray of shape (d,)
        Start; at least 0 if `positive`.
    l1 : ndarray of shape (d,)
        Strength of each absolute value; 0 for an intercept.
    positive : bool
        Require x >= 0, except for what is free.
    free : ndarray of bool of shape (d,), optional
        Coordinates without penalty and bound; by default those with l1 = 0, or none if `positive`.
    tol : float
        Largest component of the subgradient at which to stop.
    max_iter : int
        Most Newton iterations.
    keep, hessian
        As in `newton`.

    Returns
    -------
    Minimum
        Its `value` includes the absolute values, its `gradient_norm` is the largest component of the subgradient.

    Examples
    --------
    >>> import numpy as np
    >>> class Quadratic:
    ...     def value(self, x):
    ...         return float(0.5 * x @ x - x @ [3.0, 0.5])
    ...     def gradient(self, x):
    ...         return self.value(x), x - [3.0, 0.5]
    ...     def derivatives(self, x, exact):
    ...         return *self.gradient(x), np.eye(2)
    >>> proximal_newton(Quadratic(), np.zeros(2), np.ones(2), tol=1e-9, max_iter=5).x  # each moved by 1 towards 0
    array([2., 0.])
    """
    l1 = np.ascontiguousarray(l1, dtype=np.float64)
    rest = AbsoluteValues(l1, positive, (l1 == 0) & (not positive) if free is None else free)
    return newton(f, x, tol=tol, max_iter=max_iter, keep=keep, hessian=hessian, rest=rest)
