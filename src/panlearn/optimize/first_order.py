"""First-order optimisers: gradient descent and what was added to it, as functions of a state [tan2019] §1.5.

With gradient g_t at x_t and learning rate eta (all operations element by element):

    SGD        x <- x - eta g                                                          [robbins1951]
    Momentum   m <- beta m + g;             x <- x - eta m                             [polyak1964]
    NAG        m <- beta m + g;             x <- x - eta (g + beta m)                  [nesterov1983]
    AdaGrad    s <- s + g^2;                x <- x - eta g / (sqrt(s) + eps)           [duchi2011]
    RMSProp    s <- rho s + (1 - rho) g^2;  x <- x - eta g / (sqrt(s) + eps)           [tieleman2012]
    Adadelta   s as RMSProp;  d = g sqrt(u + eps) / sqrt(s + eps);
               u <- rho u + (1 - rho) d^2;  x <- x - eta d                         [zeiler2012]
    Adam       m <- b1 m + (1 - b1) g;  s <- b2 s + (1 - b2) g^2;
               x <- x - eta m / (1 - b1^t) / (sqrt(s / (1 - b2^t)) + eps)              [kingma2015]

An optimiser is a tuple of settings. `init(x)` makes its state, `update(g, state, x)` returns the new x and the new
state and changes nothing: any loop can use it. Formulas, defaults and trajectories are those of `torch.optim`.

NAG is printed in two forms. The notes (004 §7) take the gradient at the look-ahead point x - eta beta m and move x;
here x *is* the look-ahead point, which gives the same sequence of points at which gradients are taken. Without the
corrections 1 - b^t of Adam its first steps would be far too short: m and s start at zero.

Course notes: 004 §7, 001 §3 and §7.1.2, 003 §1.5-1.6.
"""

from collections.abc import Callable
from typing import Any, NamedTuple, Protocol

import numpy as np

from panlearn.core.progress import progress

Function = Callable[[np.ndarray], tuple[float, np.ndarray]]


class Optimizer(Protocol):
    """Settings with an `init` and an `update`."""

    def init(self, x: np.ndarray) -> Any:
        """State before the first update."""
        ...

    def update(self, gradient: np.ndarray, state: Any, x: np.ndarray) -> tuple[np.ndarray, Any]:
        """New x and new state."""
        ...


class SGD(NamedTuple):
    """Gradient descent; stochastic if the gradient is of a sample."""

    learning_rate: float = 1e-3  # eta > 0

    def init(self, x: np.ndarray) -> tuple:
        """No state."""
        return ()

    def update(self, gradient: np.ndarray, state: tuple, x: np.ndarray) -> tuple[np.ndarray, tuple]:
        """Step against the gradient."""
        return x - self.learning_rate * gradient, state


class Momentum(NamedTuple):
    """Gradient descent with a velocity: averages out zigzag, gains speed along valleys."""

    learning_rate: float = 1e-3
    momentum: float = 0.9  # beta in [0, 1)

    def init(self, x: np.ndarray) -> np.ndarray:
        """Velocity zero."""
        return np.zeros_like(x, dtype=np.float64)

    def update(self, gradient: np.ndarray, state: np.ndarray, x: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Step against the velocity."""
        velocity = self.momentum * state + gradient
        return x - self.learning_rate * velocity, velocity


class NAG(NamedTuple):
    """Nesterov's accelerated gradient: the velocity is corrected by the gradient where it leads to."""

    learning_rate: float = 1e-3
    momentum: float = 0.9  # beta in [0, 1)

    def init(self, x: np.ndarray) -> np.ndarray:
        """Velocity zero."""
        return np.zeros_like(x, dtype=np.float64)

    def update(self, gradient: np.ndarray, state: np.ndarray, x: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Step against the gradient and the velocity it leads to."""
        velocity = self.momentum * state + gradient
        return x - self.learning_rate * (gradient + self.momentum * velocity), velocity


class AdaGrad(NamedTuple):
    """A learning rate for each coordinate, falling with the gradients it has seen: for sparse features."""

    learning_rate: float = 1e-2
    eps: float = 1e-10

    def init(self, x: np.ndarray) -> np.ndarray:
        """Sum of squares zero."""
        return np.zeros_like(x, dtype=np.float64)

    def update(self, gradient: np.ndarray, state: np.ndarray, x: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Step scaled by the root of the sum of squared gradients."""
        squares = state + gradient * gradient
        return x - self.learning_rate * gradient / (np.sqrt(squares) + self.eps), squares


class RMSProp(NamedTuple):
    """AdaGrad with a memory that fades, so that learning does not stop."""

    learning_rate: float = 1e-2
    rho: float = 0.99  # share of the old mean square kept, in [0, 1)
    eps: float = 1e-8

    def init(self, x: np.ndarray) -> np.ndarray:
        """Mean square zero."""
        return np.zeros_like(x, dtype=np.float64)

    def update(self, gradient: np.ndarray, state: np.ndarray, x: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Step scaled by the root of the mean squared gradient."""
        squares = self.rho * state + (1 - self.rho) * gradient * gradient
        return x - self.learning_rate * gradient / (np.sqrt(squares) + self.eps), squares


class Adadelta(NamedTuple):
    """RMSProp whose step has the units of x: no learning rate to choose."""

    learning_rate: float = 1.0
    rho: float = 0.9
    eps: float = 1e-6

    def init(self, x: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Mean squares of gradient and step, zero."""
        return np.zeros_like(x, dtype=np.float64), np.zeros_like(x, dtype=np.float64)

    def update(self, gradient: np.ndarray, state: tuple, x: np.ndarray) -> tuple[np.ndarray, tuple]:
        """Step scaled by the ratio of the two roots."""
        squares, steps = state
        squares = self.rho * squares + (1 - self.rho) * gradient * gradient
        step = gradient * np.sqrt(steps + self.eps) / np.sqrt(squares + self.eps)
        steps = self.rho * steps + (1 - self.rho) * step * step
        return x - self.learning_rate * step, (squares, steps)


class Adam(NamedTuple):
    """Momentum and RMSProp together, both corrected for their start at zero."""

    learning_rate: float = 1e-3
    beta1: float = 0.9
    beta2: float = 0.999
    eps: float = 1e-8

    def init(self, x: np.ndarray) -> tuple[np.ndarray, np.ndarray, int]:
        """Moments zero, before step 1."""
        return np.zeros_like(x, dtype=np.float64), np.zeros_like(x, dtype=np.float64), 0

    def update(self, gradient: np.ndarray, state: tuple, x: np.ndarray) -> tuple[np.ndarray, tuple]:
        """Step of the corrected first moment over the root of the corrected second."""
        mean, squares, t = state
        t += 1
        mean = self.beta1 * mean + (1 - self.beta1) * gradient
        squares = self.beta2 * squares + (1 - self.beta2) * gradient * gradient
        corrected = mean / (1 - self.beta1**t)
        spread = np.sqrt(squares / (1 - self.beta2**t)) + self.eps
        return x - self.learning_rate * corrected / spread, (mean, squares, t)


ADAM = Adam()


class Result(NamedTuple):
    """Where `minimize` stopped, with its certificate."""

    x: np.ndarray  # the last point
    value: float  # the function there
    gradient_norm: float  # largest |component| of the gradient there
    trace: np.ndarray  # the function at each point visited, the start first
    n_iter: int  # updates made
    status: str  # "converged", "max_iter" or "diverged"


def minimize(
    function: Function,
    x0: Any,
    method: Optimizer = ADAM,
    *,
    max_iter: int = 1000,
    tol: float = 1e-6,
    callback: Callable[[np.ndarray], bool | None] | None = None,
    verbose: int = 0,
) -> Result:
    """Minimise a function with a first-order optimiser.

    Parameters
    ----------
    function : callable
        Maps x to (value, gradient), the gradient of the shape of x.
    x0 : array-like
        Start.
    method : Optimizer
        An instance of SGD, Momentum, NAG, AdaGrad, RMSProp, Adadelta or Adam.
    max_iter : int
        Most updates, at least 0.
    tol : float
        Stop when the largest gradient component is below it.
    callback : callable, optional
        Called with each new x; a true answer stops.
    verbose : int
        1 shows a progress bar with the gradient norm.

    Returns
    -------
    Result
        With `status="diverged"` if the value became infinite or NaN; `x` is then the last finite point.

    Raises
    ------
    ValueError
        If the gradient does not have the shape of x.

    References
    ----------
    [robbins1951], [kingma2015], [tan2019] §1.5

    Examples
    --------
    On f(x) = x^2 / 2 gradient descent with rate eta multiplies x by 1 - eta: it diverges for eta > 2 (note 003 §1.6).

    >>> import numpy as np
    >>> from panlearn.optimize import SGD, minimize
    >>> def square(x):
    ...     return float(x @ x) / 2, x
    >>> minimize(square, [1.0], SGD(learning_rate=0.5), max_iter=3).x.tolist()
    [0.125]
    >>> minimize(square, [1.0], SGD(learning_rate=2.5), max_iter=5000).status
    'diverged'
    """
    x = np.asarray(x0, dtype=np.float64)
    state, trace, best, norm, n_iter = method.init(x), [], None, np.inf, 0
    steps = progress(max_iter + 1, type(method).__name__, enabled=verbose, certificate=lambda: norm)
    for n_iter in steps:
        with np.errstate(over="ignore", invalid="ignore"):  # divergence is a result, not an error
            value, gradient = function(x)
        gradient = np.asarray(gradient, dtype=np.float64)
        if gradient.shape != x.shape:
            raise ValueError(f"function must return a gradient of shape {x.shape}, got {gradient.shape}.")
        norm = float(np.abs(gradient).max(initial=0.0))
        if not (np.isfinite(value) and np.isfinite(norm)):
            last = best or Result(x, float(value), norm, np.empty(0), 0, "")
            return last._replace(trace=np.array(trace), n_iter=n_iter, status="diverged")
        best = Result(x, float(value), norm, np.empty(0), n_iter, "max_iter")
        trace.append(float(value))
        stop = callback is not None and n_iter > 0 and callback(x)
        if stop or norm <= tol or n_iter == max_iter:
            break
        with np.errstate(over="ignore", invalid="ignore"):
            x, state = method.update(gradient, state, x)
    assert best is not None  # the first point is always visited
    return best._replace(trace=np.array(trace), status="converged" if norm <= tol else "max_iter")
