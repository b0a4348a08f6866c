"""The machine of `soft_label_svm` with the hinge, by the dual of `panlearn.svm`.

    minimise over u, v    1/2 s'K s - sum u + v,    s = u - v,    0 <= u <= a,   0 <= v <= b,   sum s = 0

One variable for each row and side that has a cost; a row whose labels are uncertain has two. The last solution, cut to
the new bounds and shrunk on one side to equal sums, is where the next costs start. A Gram matrix that is given is used;
without one the solver keeps rows of the kernel matrix in a cache, so any number of rows will do.
"""

from typing import Any

import numpy as np

from panlearn.losses.hinge import Hinge
from panlearn.semi_supervised.soft_label_svm import SoftLabelFit, balanced, losses
from panlearn.svm.dual_problem import DualProblem
from panlearn.svm.dual_solver import solve_dual
from panlearn.svm.kernel_function import KernelFunction
from panlearn.svm.linear_dual import linear_dual_pays, solve_linear_dual

HINGE = Hinge()
SIDES = np.array([1.0, -1.0])


class DualMachine:
    """Solver of P with the hinge.

    Parameters
    ----------
    kernel : KernelFunction
        The kernel.
    X : ndarray or CSR of shape (n, p)
        Rows.
    gram : ndarray of shape (n, n), optional
        Its kernel matrix.
    cache_size : float
        Megabytes for kernel rows where there is no Gram matrix.
    """

    loss = HINGE

    def __init__(self, kernel: KernelFunction, X: Any, gram: np.ndarray | None, *, cache_size: float) -> None:
        self.kernel, self.X, self.gram, self.cache_size = kernel, X, gram, cache_size

    def solve(self, plus: np.ndarray, minus: np.ndarray, start: SoftLabelFit | None, tol: float) -> SoftLabelFit:
        """Minimise P until the optimality conditions are violated by `tol` at most."""
        upper = np.vstack([plus, minus])  # (2, n)
        u, v = balanced(*np.minimum(np.zeros_like(upper) if start is None else start.state, upper))
        side, row = np.nonzero(upper)
        sign = SIDES[side]
        problem = DualProblem(row, sign, -sign, upper[side, row], np.vstack([u, v])[side, row])
        if self.gram is None and self.kernel.name == "linear" and linear_dual_pays(self.X, problem):
            found = solve_linear_dual(self.X, problem, tol=tol, max_iter=-1)
        else:
            found = solve_dual(self.kernel, self.X, problem, tol=tol, cache_size_mb=self.cache_size, gram=self.gram)
        state = np.zeros_like(upper)
        state[side, row] = found.alpha
        f = found.products + found.intercept
        square = float(found.beta @ found.products)
        value = losses(HINGE, f, plus, minus) + 0.5 * square
        lower = float(found.alpha.sum()) - 0.5 * square
        lower = lower if square >= 0 else -np.inf
        return SoftLabelFit(
            f, found.beta, found.intercept, value, lower, found.n_iter, found.violation <= tol, True, state
        )
