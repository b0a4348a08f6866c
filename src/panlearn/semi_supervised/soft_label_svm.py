"""Support vector machine whose rows pull to both sides: what is left of a semi-supervised one at given labels.

    P(f) = 1/2 |w|^2 + sum_i a_i L(f_i) + b_i L(-f_i),     f_i = w'phi(x_i) + b,   L the hinge or its square

a_i is the cost of row i under label +1, b_i under -1: (C, 0) for a labelled positive row, (0, C_u) for one without a
label that is taken as negative, (p C_u, (1 - p) C_u) for one that is positive with probability p, (0, 0) for a row left
out. P is convex. Its dual gives a lower bound at any u, v >= 0 with equal sums, s = u - v:

    squared hinge    D = sum u + v - 1/2 s'K s - sum u^2 / (4 a) + v^2 / (4 b)
    hinge            D = sum u + v - 1/2 s'K s,    u <= a, v <= b

The squared hinge has u = 2 a (1 - f)_+ at the optimum, so a primal solution names its own certificate [chapelle2007b].
"""

from typing import Any, NamedTuple, Protocol

import numpy as np

from panlearn.losses.hinge import SquaredHinge

SQUARED = SquaredHinge()


class SoftLabelFit(NamedTuple):
    """A machine with its certificate."""

    decision: np.ndarray  # (n,) f of every row, also of those left out
    weights: np.ndarray  # w, (p,), or the coefficients of the kernel expansion, (n,)
    intercept: float  # b
    objective: float  # P
    lower: float  # D: no machine has a lower P; -inf where the kernel is not positive semi-definite
    n_iter: int  # of the inner solver
    converged: bool
    expansion: bool  # whether `weights` are coefficients of rows
    state: Any = None  # what the solver starts from at the next costs

    @property
    def gap(self) -> float:
        """How much P may still fall, relative to it."""
        return max(0.0, self.objective - self.lower) / max(abs(self.objective), 1e-300)


class Machine(Protocol):
    """Solver of P for one set of rows and any costs."""

    loss: Any

    def solve(self, plus: np.ndarray, minus: np.ndarray, start: SoftLabelFit | None, tol: float) -> SoftLabelFit:
        """Minimise P for the costs a (n,) and b (n,), from an earlier fit, to a relative accuracy."""
        ...


def losses(loss: Any, f: np.ndarray, plus: np.ndarray, minus: np.ndarray) -> float:
    """The sum of losses in P."""
    return float(plus @ loss.values(f, 1.0) + minus @ loss.values(f, -1.0))


def pulls(f: np.ndarray, plus: np.ndarray, minus: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Dual variables (u, v) that f names under the squared hinge."""
    return 2 * plus * np.maximum(0.0, 1 - f), 2 * minus * np.maximum(0.0, 1 + f)


def balanced(u: np.ndarray, v: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The same with equal sums: the larger side is shrunk."""
    up, down = float(u.sum()), float(v.sum())
    least = min(up, down)
    return u * (least / up if up > 0 else 0.0), v * (least / down if down > 0 else 0.0)


def squared_dual(u: np.ndarray, v: np.ndarray, square: float, plus: np.ndarray, minus: np.ndarray) -> float:
    """D of the squared hinge; `square` is s'K s."""
    shrink = sum(float((x[c > 0] ** 2 / (4 * c[c > 0])).sum()) for x, c in ((u, plus), (v, minus)))
    return float(u.sum() + v.sum()) - 0.5 * square - shrink
