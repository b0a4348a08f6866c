"""Newton's method for smooth convex functions: with the Hessian, or with products by it [nocedal2006] ch. 3, 7.

    step d:     H d = -g
    accepted:   f(x + t d) <= f(x) + 1e-4 t g'd,   t = 1, 1/2, 1/4, ...   (Armijo)

`newton` solves for the step by Cholesky: p^3/3 operations and few iterations. `newton_cg` needs only products H v and
solves to a tenth of the gradient by conjugate gradients preconditioned with the diagonal of H (inexact Newton
[dembo1982]; the diagonal matters where columns differ in size, as word counts do). Both stop on the gradient: near a
minimum its largest component is what is left to gain in any coordinate.
"""

from collections.abc import Callable
from functools import partial
from typing import NamedTuple, Protocol

import numpy as np
from scipy.linalg.blas import daxpy  # type: ignore[attr-defined]
from scipy.linalg.lapack import dposv  # type: ignore[attr-defined]

FORCING = 0.1  # relative residual at which conjugate gradients stop: steps need not be better than the model
ARMIJO = 1e-4  # share of the promised fall that a step has to deliver
MAX_HALVINGS = 30
SLOW = 0.25  # a Newton step near the minimum does better than cutting the gradient to a quarter


class Minimum(NamedTuple):
    """Where Newton's method stopped, with its certificate."""

    x: np.ndarray  # minimiser
    value: float  # objective there
    gradient_norm: float  # largest |component| of the gradient there
    trace: np.ndarray  # objective after each iteration
    n_iter: int
    converged: bool  # gradient_norm <= tol


class SmoothFunction(Protocol):
    """A convex function of an array, as `newton` sees it."""

    def value(self, x: np.ndarray) -> float:
        """The function."""
        ...

    def gradient(self, x: np.ndarray) -> tuple[float, np.ndarray]:
        """Value and gradient (d,)."""
        ...

    def derivatives(self, x: np.ndarray, exact: bool) -> tuple[float, np.ndarray, np.ndarray]:
        """Value, gradient (d,) and Hessian (d, d); `exact` asks for a Hessian without rounding to float32."""
        ...


class Rest(Protocol):
    """What is added to a smooth function: nothing here, absolute values in `proximal_newton`."""

    def value(self, x: np.ndarray) -> float:
        """The addition at x."""
        ...

    def residual(self, gradient: np.ndarray, x: np.ndarray) -> np.ndarray:
        """Subgradient of the sum of least size, given the gradient of the smooth function: 0 at a minimum."""
        ...

    def step(self, hessian: np.ndarray, gradient: np.ndarray, x: np.ndarray) -> np.ndarray | None:
        """Minimiser d of g'd + 1/2 d'Hd + value(x + d); None if there is none."""
        ...

    def slope(self, gradient: np.ndarray, x: np.ndarray, step: np.ndarray) -> float:
        """What a step promises: g'd + value(x + d) - value(x), without cancellation."""
        ...


class Nothing:
    """The rest of a function that is smooth as a whole."""

    def value(self, x: np.ndarray) -> float:
        """Zero."""
        return 0.0

    def residual(self, gradient: np.ndarray, x: np.ndarray) -> np.ndarray:
        """The gradient itself."""
        return gradient

    def step(self, hessian: np.ndarray, gradient: np.ndarray, x: np.ndarray) -> np.ndarray | None:
        """Newton's step."""
        return newton_step(hessian, gradient)

    def slope(self, gradient: np.ndarray, x: np.ndarray, step: np.ndarray) -> float:
        """The slope along d."""
        return float(gradient @ step)


NOTHING = Nothing()


class ProductFunction(Protocol):
    """A convex function of an array, as `newton_cg` sees it."""

    def value(self, x: np.ndarray) -> float:
        """The function."""
        ...

    def gradient(self, x: np.ndarray) -> tuple[float, np.ndarray]:
        """Value and gradient; fixes x for the two methods below."""
        ...

    def diagonal(self) -> np.ndarray:
        """Diagonal of the Hessian, positive."""
        ...

    def product(self, v: np.ndarray) -> np.ndarray:
        """The Hessian times v."""
        ...


def newton(
    f: SmoothFunction,
    x: np.ndarray,
    *,
    tol: float,
    max_iter: int,
    keep: bool = False,
    hessian: np.ndarray | None = None,
    rest: Rest = NOTHING,
    promise: float = np.inf,
) -> Minimum:
    """Minimise by Newton steps with a Cholesky factorisation.

    Parameters
    ----------
    f : SmoothFunction
        The function.
    x : ndarray of shape (d,)
        Start.
    tol : float
        Largest gradient component at which to stop.
    max_iter : int
        Most iterations.
    keep : bool
        Use a Hessian again while its steps still cut the gradient to a quarter: for functions whose gradient costs much
        less than their Hessian. It learns from the gradients on the way [nocedal2006] (6.19).
    hessian : ndarray of shape (d, d), optional
        A Hessian from near the start, with `keep`.
    rest : Rest
        What is added to f; it decides on the step and on what counts as its gradient.
    promise : float
        Go on below `tol` while the next step promises more than this, as far as rounding allows.

    Returns
    -------
    Minimum

    Examples
    --------
    >>> import numpy as np
    >>> class Quadratic:
    ...     def value(self, x):
    ...         return float(0.5 * x @ x - x.sum())
    ...     def gradient(self, x):
    ...         return self.value(x), x - 1
    ...     def derivatives(self, x, exact):
    ...         return self.value(x), x - 1, np.eye(len(x))
    >>> newton(Quadratic(), np.zeros(2), tol=1e-9, max_iter=5).n_iter  # a quadratic takes one step
    1
    """

    def visit(at: np.ndarray, old: np.ndarray, exact: bool) -> tuple:
        return (*f.gradient(at), old) if keep else f.derivatives(at, exact)

    trace, exact, fresh, n_iter = [], False, hessian is None, 0
    point = f.derivatives(x, exact) if hessian is None else (*f.gradient(x), hessian)
    while True:
        value, gradient, hessian = point
        norm = largest(rest.residual(gradient, x))
        value += rest.value(x)
        trace.append(value)
        if (norm <= tol and promise == np.inf) or n_iter == max_iter:
            break
        step = rest.step(hessian, gradient, x)
        if norm <= tol and (step is None or -rest.slope(gradient, x, step) <= promise):
            break
        n_iter += 1

        look = partial(visit, old=hessian, exact=exact)
        moved, point = _advance(f, rest, look, x, value, gradient, step)
        slow = moved is None or largest(rest.residual(point[1], moved)) > SLOW * norm
        if moved is None and (norm <= tol or (fresh and exact)):
            break
        if keep and moved is not None:
            point = (*point[:2], _learned(hessian, moved - x, point[1] - gradient))
        x = x if moved is None else moved
        # with a fresh Hessian, slow progress late in the descent is the fault of its rounding to float32
        rounded = slow and fresh and not exact and (moved is None or n_iter > 2)
        exact = exact or rounded
        if moved is None or rounded or (slow and keep):
            point, fresh = f.derivatives(x, exact), True
        else:
            fresh = not keep
    return Minimum(x, value, norm, np.array(trace), n_iter, norm <= tol)


def _advance(
    f: SmoothFunction,
    rest: Rest,
    visit: Callable[[np.ndarray], tuple],
    x: np.ndarray,
    value: float,
    gradient: np.ndarray,
    step: np.ndarray | None,
) -> tuple[np.ndarray | None, tuple]:
    """The point after a step and what `visit` says there; None if no step along the direction descends."""
    if step is None:
        return None, ()
    slope = rest.slope(gradient, x, step)  # half of it bounds what half the step promises, since the rest is convex
    if not slope < 0:
        return None, ()
    trial = visit(x + step)  # the full step is nearly always right: visit it at once, not its value first
    if trial[0] + rest.value(x + step) <= value + ARMIJO * slope + _noise(value):
        return x + step, trial
    moved = _line_search(lambda at: f.value(at) + rest.value(at), x, value, 0.5 * slope, 0.5 * step)
    return moved, () if moved is None else visit(moved)


def _learned(hessian: np.ndarray, step: np.ndarray, change: np.ndarray) -> np.ndarray:
    """The Hessian, corrected so that it maps the step to the change of the gradient that was seen (BFGS)."""
    expected = hessian @ step
    seen, guessed = float(step @ change), float(step @ expected)
    if not (seen > 1e-3 * guessed > 0.0 and np.isfinite(change).all()):  # rounding, or no curvature along the step
        return hessian
    return hessian + np.outer(change, change) / seen - np.outer(expected, expected) / guessed


def newton_step(hessian: np.ndarray, gradient: np.ndarray) -> np.ndarray | None:
    """Solve H d = -g on the unit-diagonal scale; directions without curvature get a touch of it."""
    if not np.isfinite(hessian).all():
        return None
    diagonal = np.diag(hessian)
    scale = 1 / np.sqrt(np.where(diagonal > 0, diagonal, 1.0))
    scaled = hessian * scale * scale[:, None]
    right = scale * gradient
    for ridge in (1e-12, 1e-8, 1e-4):
        np.einsum("ii->i", scaled)[:] += ridge  # a view of the diagonal
        _, solution, failed = dposv(scaled, right, lower=1)
        if not failed:
            return -scale * solution
    return None


def newton_cg(f: ProductFunction, x: np.ndarray, *, tol: float, max_iter: int) -> Minimum:
    """Minimise by Newton steps from preconditioned conjugate gradients.

    Parameters
    ----------
    f : ProductFunction
        The function.
    x : ndarray of shape (d,)
        Start.
    tol : float
        Largest gradient component at which to stop.
    max_iter : int
        Most Newton iterations.

    Returns
    -------
    Minimum
    """
    trace, n_iter, diagonal = [], 0, None
    while True:
        value, gradient = f.gradient(x)
        trace.append(value)
        norm = largest(gradient)
        if norm <= tol or n_iter == max_iter:
            break
        diagonal = f.diagonal() if diagonal is None else diagonal  # a preconditioner may be a little out of date
        step = _conjugate_gradients(f.product, diagonal, gradient, max(FORCING * norm, 0.5 * tol))
        moved = _line_search(f.value, x, value, float(np.vdot(gradient, step)), step)
        n_iter += 1
        if moved is None:
            break
        x = moved
    return Minimum(x, value, norm, np.array(trace), n_iter, norm <= tol)


def _conjugate_gradients(
    product: Callable[[np.ndarray], np.ndarray], diagonal: np.ndarray, gradient: np.ndarray, tol: float
) -> np.ndarray:
    """Solve H d = -g until the largest component of the residual is below tol."""
    step, residual = np.zeros_like(gradient), -gradient
    scaled = residual / diagonal
    direction, energy = scaled.copy(), float(residual @ scaled)
    for _ in range(10 * gradient.size):
        bent = product(direction)
        curvature = float(direction @ bent)
        if not curvature > 0:  # rounding, a direction in which the function is flat, or NaN
            break
        length = energy / curvature
        step, residual = daxpy(direction, step, a=length), daxpy(bent, residual, a=-length)  # in place
        if largest(residual) <= tol:
            break
        np.divide(residual, diagonal, out=scaled)
        energy, before = float(residual @ scaled), energy
        direction *= energy / before
        direction += scaled
    return step


def _line_search(
    value_at: Callable[[np.ndarray], float], x: np.ndarray, value: float, slope: float, step: np.ndarray
) -> np.ndarray | None:
    """The first of the points x + d, x + d/2, ... that decreases the value enough; None if none does."""
    if not slope < 0:
        return None
    for halvings in range(MAX_HALVINGS):
        length = 0.5**halvings
        moved = x + length * step
        if value_at(moved) <= value + ARMIJO * length * slope + _noise(value):
            return moved
    return None


def _noise(value: float) -> float:
    """Difference of values below which their comparison says nothing."""
    return 8 * np.finfo(np.float64).eps * abs(value)


def largest(x: np.ndarray) -> float:
    """Largest |component|."""
    return float(max(x.max(initial=0.0), -x.min(initial=0.0)))  # two passes, but no temporary
