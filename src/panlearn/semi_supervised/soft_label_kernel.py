"""The kernel machine of `soft_label_svm` with the squared hinge, by Newton's method on the kernel expansion.

With w = sum_j beta_j phi(x_j) a row outside the margin has beta = 0, and on the others, the set A, a Newton step solves
[chapelle2007b]

    (K_AA + diag(1 / h_A)) beta_A + b = t_A,    sum beta_A = 0,     t_i = 2 (a_i [f_i < 1] - b_i [f_i > -1]) / h_i

with the curvature h of `soft_label_newton`. It costs |A|^3 / 3 operations, and |A|^2 where A and h are those of the
step before: labels that change sides inside the margin change t only. An exact line search makes every step descend;
when A stays as it is the minimum is reached, exactly. The Gram matrix takes 8 n^2 bytes.

When it fails: a kernel that is not positive semi-definite may have no minimum; the search then stops where no step
descends, and there is no lower bound.
"""

import numpy as np
from scipy.linalg import cho_factor, cho_solve, solve

from panlearn.semi_supervised.soft_label_svm import SQUARED, SoftLabelFit, balanced, losses, pulls, squared_dual

BISECTIONS = 50


class KernelMachine:
    """Solver of P on a Gram matrix.

    Parameters
    ----------
    gram : ndarray of shape (n, n)
        Kernel values, float64.
    max_iter : int
        Most Newton steps of one call.
    """

    loss = SQUARED

    def __init__(self, gram: np.ndarray, *, max_iter: int = 200) -> None:
        self.gram, self.n_rows, self.max_iter = gram, len(gram), max_iter
        self.definite = True
        self._key, self._factor = b"", None

    def solve(self, plus: np.ndarray, minus: np.ndarray, start: SoftLabelFit | None, tol: float) -> SoftLabelFit:
        """Minimise P until no beta is further than tol of the largest cost from optimal."""
        if start is None:
            beta, b, f = np.zeros(self.n_rows), 0.0, np.zeros(self.n_rows)
        else:
            beta, b, f = start.weights, start.intercept, start.decision
        target = tol * 2 * float(max(plus.max(), minus.max()))
        n_iter, converged = 0, False
        while True:
            u, v = pulls(f, plus, minus)
            wrong = u - v - beta
            converged = bool(max(np.abs(wrong).max(), abs(beta.sum())) <= target)
            if converged or n_iter == self.max_iter:
                break
            n_iter += 1
            new_beta, new_b = self._step(f, plus, minus)
            new_f = self.gram @ new_beta + new_b
            along, step = new_beta - beta, new_f - f
            bend = float(along @ (f - b)), float(along @ (step - new_b + b))
            length = _length(f, step, bend, plus, minus)
            if length == 0:
                break
            beta, b, f = beta + length * along, b + length * (new_b - b), f + length * step
        value = losses(SQUARED, f, plus, minus) + 0.5 * float(beta @ (f - b))
        return SoftLabelFit(f, beta, b, value, self._lower(u, v, plus, minus), n_iter, converged, expansion=True)

    def _step(self, f: np.ndarray, plus: np.ndarray, minus: np.ndarray) -> tuple[np.ndarray, float]:
        """Minimiser (beta, b) of the quadratic that P is near f."""
        near, far = plus * (f < 1), minus * (f > -1)
        h = 2 * (near + far)
        beta, inside = np.zeros(len(h)), np.flatnonzero(h)
        if len(inside) == 0:  # all rows are beyond the margin: a smaller f does
            return beta, 0.0
        t = 2 * (near - far)[inside] / h[inside]
        solved = self._solved(inside, h[inside], np.column_stack([t, np.ones_like(t)]))
        sums = solved.sum(axis=0)
        b = sums[0] / sums[1] if sums[1] else 0.0
        beta[inside] = solved[:, 0] - b * solved[:, 1]
        return beta, float(b)

    def _solved(self, inside: np.ndarray, h: np.ndarray, right: np.ndarray) -> np.ndarray:
        """Solve (K_AA + diag(1/h)) x = right, with the last factor if it is that of the same matrix."""
        key = inside.tobytes() + h.tobytes()
        if key != self._key:
            M = self.gram[np.ix_(inside, inside)]
            np.einsum("ii->i", M)[:] += 1 / h
            try:
                self._factor = cho_factor(M, lower=True, overwrite_a=False, check_finite=False)
            except np.linalg.LinAlgError:
                self.definite, self._key = False, b""
                return solve(M, right, assume_a="sym", check_finite=False)
            self._key = key
        return cho_solve(self._factor, right, check_finite=False)  # type: ignore[arg-type]

    def _lower(self, u: np.ndarray, v: np.ndarray, plus: np.ndarray, minus: np.ndarray) -> float:
        if not self.definite:
            return -np.inf
        u, v = balanced(u, v)
        s = u - v
        return squared_dual(u, v, float(s @ (self.gram @ s)), plus, minus)


def _length(f: np.ndarray, step: np.ndarray, bend: tuple[float, float], plus: np.ndarray, minus: np.ndarray) -> float:
    """Length in [0, 1] at which P is least along a step of f; 1/2 |w|^2 has the slope bend[0] + bend[1] t there."""

    def slope(t: float) -> float:
        u, v = pulls(f + t * step, plus, minus)
        return bend[0] + bend[1] * t + float((v - u) @ step)

    first = slope(0.0)
    if not first < 0:
        return 0.0
    if slope(1.0) <= -1e-9 * first:
        return 1.0
    low, high = 0.0, 1.0
    for _ in range(BISECTIONS):
        middle = 0.5 * (low + high)
        low, high = (middle, high) if slope(middle) < 0 else (low, middle)
    return low
