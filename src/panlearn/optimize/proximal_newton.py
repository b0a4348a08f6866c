"""Newton's method for a smooth convex function plus absolute values [lee2014], [friedman2010].

    minimise  f(x) + sum_j l1_j |x_j|,      optionally x >= 0

Newton's model of f at x keeps the absolute values as they are. Its minimiser gives the direction:

    d = argmin  g'd + 1/2 d'Hd + sum_j l1_j |x_j + d_j|

and the step is halved until the whole objective falls by a share of what the model promises. The model is solved by
coordinate descent on H, which finds the zeros, in turns with Newton's step on the coordinates that are not zero, which
finds their values however much they are correlated. Near the solution the zeros stay, and convergence is quadratic.

The certificate is the largest component of the subgradient of least size: 0 at the minimum and only there.

Course notes: 003 §1.7.1, 000 §3.4.
"""

from typing import NamedTuple

import numpy as np

from panlearn.optimize.newton import Minimum, SmoothFunction, largest, newton, newton_step

ACCURACY = 0.01  # the model is solved until its subgradient is this share of what it was
SWEEPS, ROUNDS = 20, 50  # sweeps of coordinate descent between two steps on the coordinates that are not zero


class AbsoluteValues(NamedTuple):
    """The sum of l1_j |x_j|, as `newton` sees it."""

    l1: np.ndarray  # (d,) at least 0
    positive: bool

    def value(self, x: np.ndarray) -> float:
        """The sum."""
        return float(self.l1 @ np.abs(x))

    def residual(self, gradient: np.ndarray, x: np.ndarray) -> np.ndarray:
        """Subgradient of least size."""
        from panlearn.optimize.coordinate_descent import subgradient

        return subgradient(gradient, x, self.l1, self.positive)

    def step(self, hessian: np.ndarray, gradient: np.ndarray, x: np.ndarray) -> np.ndarray | None:
        """Minimiser of the model, by coordinate descent and steps on the support."""
        from panlearn.optimize.coordinate_descent import descend_gram

        if not np.isfinite(hessian).all():
            return None
        w, q, l2 = x.copy(), gradient.copy(), np.zeros_like(x)
        tol = ACCURACY * largest(self.residual(gradient, x))
        for _ in range(ROUNDS):
            descend_gram(hessian, q, w, self.l1, l2, self.positive, 0.1 * tol, SWEEPS)
            if largest(self.residual(q, w)) <= tol:
                break
            self._step_on_support(hessian, q, w)
        return w - x

    def _step_on_support(self, hessian: np.ndarray, q: np.ndarray, w: np.ndarray) -> None:
        """Newton's step on the coordinates that are not zero, up to the first that changes sign; updates q and w."""
        free = self.l1 == 0 if not self.positive else np.zeros(len(w), bool)
        support = np.flatnonzero((w != 0) | free)
        step = newton_step(hessian[np.ix_(support, support)], self.residual(q, w)[support])
        if step is None:
            return
        crossing = (w[support] * (w[support] + step) < 0) & ~free[support]
        reach = np.where(crossing, np.abs(w[support]) / np.maximum(np.abs(step), 1e-300), 1.0)
        length = float(reach.min(initial=1.0))
        step *= length
        w[support] = np.where(crossing & (reach <= length), 0.0, w[support] + step)
        q += hessian[:, support] @ step


def proximal_newton(
    f: SmoothFunction,
    x: np.ndarray,
    l1: np.ndarray,
    *,
    positive: bool = False,
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
        Require x >= 0.
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
    rest = AbsoluteValues(np.ascontiguousarray(l1, dtype=np.float64), positive)
    return newton(f, x, tol=tol, max_iter=max_iter, keep=keep, hessian=hessian, rest=rest)
