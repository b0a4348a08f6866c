"""L-BFGS: a quasi-Newton method that remembers the last few steps; with an L1 penalty, OWL-QN.

Minimise f(x) + c |x|₁. Newton's direction −H⁻¹g would need a p × p matrix. Of the pairs s = x' − x and y = g' − g,
which say how the gradient changed along the last m steps, the two-loop recursion [nocedal2006] alg. 7.4 makes the
product of g with an inverse Hessian that agrees with them [liu1989]:

    q ← g;    for the newest pair first:  α = sᵀq / sᵀy,  q ← q − α y
    q ← γ q;  for the oldest pair first:  q ← q + (α − yᵀq / sᵀy) s;     direction d = −q,

γ = sᵀy / yᵀy of the newest pair. All q on the way are combinations of the 2m vectors s, y and of g, so the recursion
runs on their 2m + 1 coefficients and needs only the inner products of these vectors [chen2014]: one pass over the
vectors for the products with the newest s, y and g, and one for the combination, in place of 4m passes.

A step t is accepted if the function falls enough and its slope has flattened (strong Wolfe conditions),

    f(x + t d) ≤ f + 10⁻⁴ t gᵀd,      |g(x + t d)ᵀd| ≤ 0.9 |gᵀd|,

so that sᵀy > 0 and the next matrix is positive definite. t = 1 is tried first and nearly always kept.

With c > 0 the pseudo-gradient takes the place of g: the one-sided derivative of least size. Direction and steps are
kept in the orthant that x and the pseudo-gradient choose, and a coordinate that would change its sign stops at zero
[andrew2007]: that is where the zeros of the answer come from.

It converges linearly; slowly where the Hessian's eigenvalues spread widely. Once the gain −gᵀd/2 that a
step promises is lost in the rounding of f, no step can be told to fall: a search that fails there has arrived.

Course notes: 001 §3.
"""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from panlearn.core.progress import progress
from panlearn.core.threads import map_chunks

Function = Callable[[np.ndarray, np.ndarray], float]
ARMIJO, CURVATURE = 1e-4, 0.9
ROUNDING = 100.0 * float(np.finfo(float).eps)  # of a value that is the sum of many
PIECE = 8192  # numbers of each vector worked on together: all of them fit into the cache


class LBFGSFit(NamedTuple):
    """Where `lbfgs` stopped, with its certificate."""

    x: np.ndarray  # (p,)
    value: float  # f(x) + l1 |x|₁
    gradient_norm: float  # Euclidean norm of the gradient, of the pseudo-gradient if l1 > 0
    trace: np.ndarray  # value at the start and after each iteration
    n_iter: int
    n_calls: int  # evaluations of the function
    status: str  # "converged", "stalled" (gained too little), "stopped" (callback), "max_iter" or "line_search"


class Point(NamedTuple):
    """A point with what is known there."""

    x: np.ndarray
    value: float  # with the L1 part
    gradient: np.ndarray  # of the smooth part


class _Search(NamedTuple):
    function: Function
    l1: float
    max_calls: int


def lbfgs(
    function: Function,
    x: np.ndarray,
    *,
    l1: float = 0.0,
    memory: int = 6,
    tol: float = 1e-5,
    max_iter: int = 1000,
    period: int = 10,
    delta: float = 0.0,
    max_line_search: int = 20,
    callback: Callable[[Point, int], bool | None] | None = None,
    verbose: int = 0,
    title: str = "L-BFGS",
) -> LBFGSFit:
    """Minimise a smooth function plus l1 times the sum of the sizes of its arguments.

    Parameters
    ----------
    function : callable
        `function(x, gradient)` returns the value of the smooth part and writes its gradient.
    x : ndarray of shape (p,)
        Start; not changed.
    l1 : float
        Weight of |x|₁; above 0 the method is OWL-QN.
    memory : int
        Steps remembered.
    tol : float
        Converged when the gradient's norm is below `tol` times max(1, norm of x), or a step can gain no more than the
        rounding of the value.
    max_iter : int
        Most iterations.
    period, delta : int, float
        Stop also when the value fell by less than a share `delta` over `period` iterations; 0 leaves it out.
    max_line_search : int
        Most evaluations in one iteration.
    callback : callable, optional
        `callback(point, iteration)` after each iteration; a true answer stops.
    verbose : int
        1 shows a progress bar with the gradient norm.
    title : str
        Words before the bar.

    Returns
    -------
    LBFGSFit
        Answer, certificate and course.

    References
    ----------
    [liu1989], [andrew2007], [nocedal2006]

    Examples
    --------
    An L1 penalty of 1 moves the minimum of (x - a)² / 2 by one towards zero, and no further than zero:

    >>> import numpy as np
    >>> from panlearn.optimize.lbfgs import lbfgs
    >>> def square(x, gradient):
    ...     gradient[:] = x - [3.0, 0.5, -2.0]
    ...     return float(gradient @ gradient) / 2
    >>> lbfgs(square, np.zeros(3), l1=1.0).x.round(6)
    array([ 2.,  0., -1.])
    """
    search = _Search(function, l1, max_line_search)
    x = np.array(x, dtype=np.float64)
    gradient = np.empty_like(x)
    point = Point(x, function(x, gradient) + l1 * float(np.abs(x).sum()), gradient)
    history = _History(memory, len(x))
    trace, n_calls, status, norm = [point.value], 1, "max_iter", np.inf
    for tried in progress(range(max_iter + 1), title, enabled=verbose, certificate=lambda: norm):
        pseudo = pseudo_gradient(point.x, point.gradient, l1)
        norm = float(np.linalg.norm(pseudo))
        if tried and callback is not None and callback(point, len(trace) - 1):
            status = "stopped"
        elif norm <= tol * max(1.0, float(np.linalg.norm(point.x))):
            status = "converged"
        elif len(trace) > period and trace[-1 - period] - trace[-1] < delta * abs(trace[-1]):
            status = "stalled"
        if status != "max_iter" or tried == max_iter:
            break
        direction = history.direction(pseudo)
        first = 1.0 if history.count else 1.0 / norm
        found, calls = (_orthant_search if l1 else _wolfe_search)(search, point, direction, pseudo, first)
        n_calls += calls
        if found is None and not history.count:
            status = "line_search"
            break
        if found is None and -0.5 * float(direction @ pseudo) <= ROUNDING * abs(point.value):
            status = "converged"
            break
        if found is None:
            history.count = 0  # forget what misleads, and go down the gradient
            continue
        history.add(found.x - point.x, found.gradient - point.gradient)
        point = found
        trace.append(point.value)
    return LBFGSFit(point.x, point.value, norm, np.array(trace), len(trace) - 1, n_calls, status)


class _History:
    """The last pairs s, y, with the inner products of all their vectors."""

    def __init__(self, memory: int, p: int) -> None:
        self.memory, self.count, self.newest = memory, 0, -1
        self.rows = np.zeros((2 * memory + 1, p))  # s of each slot, y of each slot, gradient
        self.gram = np.zeros((2 * memory + 1, 2 * memory + 1))
        self.unknown: list[int] = []  # rows whose products are not in `gram` yet

    def add(self, s: np.ndarray, y: np.ndarray) -> None:
        """Remember a step in place of the oldest, unless the function curves downwards along it."""
        if s @ y > 1e-10 * float(np.linalg.norm(s) * np.linalg.norm(y)):
            self.newest = (self.newest + 1) % self.memory if self.count else 0
            self.count = min(self.count + 1, self.memory)
            self.rows[self.newest], self.rows[self.newest + self.memory] = s, y
            self.unknown += [self.newest, self.newest + self.memory]

    def direction(self, gradient: np.ndarray) -> np.ndarray:
        """Minus the inverse Hessian times the gradient; minus the gradient without a history."""
        if not self.count:
            return -gradient
        m, last, G = self.memory, 2 * self.memory, self.gram
        self.rows[last] = gradient
        self._products([*self.unknown, last])
        self.unknown = []
        slots = [(self.newest - age) % m for age in range(self.count)]
        q, alphas = np.zeros(last + 1), {}
        q[last] = -1.0
        for i in slots:
            alphas[i] = float(G[i] @ q) / G[i, m + i]
            q[m + i] -= alphas[i]
        q *= G[self.newest, m + self.newest] / G[m + self.newest, m + self.newest]
        for i in reversed(slots):
            q[i] += alphas[i] - float(G[m + i] @ q) / G[i, m + i]
        return self._combine(q)

    def _products(self, new: list[int]) -> None:
        """Inner products of some rows with all, summed piece by piece in order."""
        rows, p = self.rows, self.rows.shape[1]

        def part(start: int, stop: int) -> list[np.ndarray]:
            pieces = [rows[:, a : min(a + PIECE, stop)] for a in range(start, stop, PIECE)]
            return [piece @ piece[new].T for piece in pieces]

        found = map_chunks(part, p, work=float(rows.size), align=PIECE)
        self.gram[:, new] = sum(piece for chunk in found for piece in chunk)
        self.gram[new] = self.gram[:, new].T

    def _combine(self, coefficients: np.ndarray) -> np.ndarray:
        out = np.empty(self.rows.shape[1])

        def part(start: int, stop: int) -> None:
            for a in range(start, stop, PIECE):
                b = min(a + PIECE, stop)
                np.dot(coefficients, self.rows[:, a:b], out=out[a:b])

        map_chunks(part, len(out), work=float(self.rows.size), align=PIECE)
        return out


def pseudo_gradient(x: np.ndarray, gradient: np.ndarray, l1: float) -> np.ndarray:
    """Derivative of least size among those of f + l1 |x|₁ from either side; the gradient if l1 is 0."""
    if not l1:
        return gradient
    shrunk = np.sign(gradient) * np.maximum(np.abs(gradient) - l1, 0.0)
    return np.where(x == 0.0, shrunk, gradient + l1 * np.sign(x))


def _wolfe_search(search: _Search, point: Point, d, pseudo, t: float) -> tuple[Point | None, int]:
    """Step that meets the strong Wolfe conditions: a bracket, narrowed by cubic interpolation."""
    slope = float(d @ pseudo)
    low, high = (0.0, point.value, slope), None  # (t, value, slope): the best step so far, and one beyond the minimum
    best = None
    for calls in range(1, search.max_calls + 1):
        gradient = np.empty_like(d)
        x = point.x + t * d
        value = search.function(x, gradient)
        here = (t, value, float(d @ gradient))
        if not value <= point.value + ARMIJO * t * slope or (calls > 1 and value >= low[1]):  # also if NaN
            high = here
        else:
            best = Point(x, value, gradient)
            if abs(here[2]) <= -CURVATURE * slope:
                return best, calls
            if here[2] * ((high[0] if high else np.inf) - low[0]) >= 0:
                high = low
            low = here
        t = _interpolate(low, high) if high else 4.0 * t
    return best, search.max_calls


def _interpolate(low: tuple, high: tuple) -> float:
    """Minimum of the cubic through two values and slopes, kept off the ends of the bracket; else their middle."""
    (a, fa, ga), (b, fb, gb) = low, high
    margin = 0.1 * abs(b - a)
    with np.errstate(all="ignore"):
        z = ga + gb - 3.0 * (fb - fa) / (b - a)
        root = z * z - ga * gb
        w = np.copysign(np.sqrt(root), b - a) if root >= 0 else np.nan
        t = b - (b - a) * (gb + w - z) / (gb - ga + 2.0 * w)
    if not np.isfinite(t):
        return 0.5 * (a + b)
    return float(min(max(t, min(a, b) + margin), max(a, b) - margin))


def _orthant_search(search: _Search, point: Point, d, pseudo, t: float) -> tuple[Point | None, int]:
    """Halve the step until the function falls enough; coordinates that would change their sign stay at zero."""
    d[d * pseudo >= 0.0] = 0.0  # no coordinate may move against its own pseudo-gradient
    orthant = np.where(point.x == 0.0, -np.sign(pseudo), np.sign(point.x))
    for calls in range(1, search.max_calls + 1):
        x = point.x + t * d
        x[x * orthant <= 0.0] = 0.0
        gradient = np.empty_like(d)
        value = search.function(x, gradient) + search.l1 * float(np.abs(x).sum())
        if value <= point.value + ARMIJO * float(pseudo @ (x - point.x)):
            return Point(x, value, gradient), calls
        t *= 0.5
    return None, search.max_calls
