"""The linear machine of `soft_label_svm` with the squared hinge, by Newton's method in the primal.

    gradient in f_i    g_i = 2 b_i (1 + f_i)_+ - 2 a_i (1 - f_i)_+
    curvature          h_i = 2 a_i [f_i < 1] + 2 b_i [f_i > -1]

P is piecewise quadratic: once the set of rows inside the margin stops changing, a Newton step ends on the minimum, the
modified finite Newton method [keerthi2005]. Up to `COLUMNS` dense columns the Hessian X' diag(h) X + I is formed from
the rows with curvature alone, n p^2 operations; beyond, and for sparse X, conjugate gradients take products with X.
"""

from typing import Any

import numpy as np
from scipy.sparse import issparse

from panlearn.core.blocks import ArrayRows, reduce_rows
from panlearn.core.products import products_of
from panlearn.core.threads import single_threaded_blas
from panlearn.optimize.newton import largest, newton, newton_cg
from panlearn.semi_supervised.soft_label_svm import (
    SQUARED,
    SoftLabelFit,
    balanced,
    losses,
    pulls,
    squared_dual,
)

TIGHTENED = 4  # times that the gradient is asked to be a hundred times smaller, until the duality gap is small enough
COLUMNS = 1000  # more than these, and products with the Hessian are cheaper than the Hessian


class SquaredHingeObjective:
    """P of x = (w, b), with Hessians by row blocks and products with them.

    Parameters
    ----------
    X : ndarray or CSR of shape (n, p)
        Rows.
    """

    def __init__(self, X: Any) -> None:
        self.X, self.products = X, products_of(X)
        self.source = ArrayRows(X, np.zeros((X.shape[0], 2)))

    def weigh(self, plus: np.ndarray, minus: np.ndarray) -> None:
        """Set the costs."""
        self.plus, self.minus = plus, minus
        self.source.rows = self.source.rows._replace(y=np.column_stack([plus, minus]))

    def decision(self, x: np.ndarray) -> np.ndarray:
        """F of every row, (n,)."""
        return self.products.forward(x[:-1, None])[:, 0] + x[-1]

    def value(self, x: np.ndarray) -> float:
        """P."""
        return losses(SQUARED, self.decision(x), self.plus, self.minus) + 0.5 * float(x[:-1] @ x[:-1])

    def gradient(self, x: np.ndarray) -> tuple[float, np.ndarray]:
        """P and its gradient; fixes x for `diagonal` and `product`."""
        f = self.decision(x)
        u, v = pulls(f, self.plus, self.minus)
        self.h = _curvature(f, self.plus, self.minus)
        value = losses(SQUARED, f, self.plus, self.minus) + 0.5 * float(x[:-1] @ x[:-1])
        return value, self._back(v - u, x)

    def derivatives(self, x: np.ndarray, exact: bool) -> tuple[float, np.ndarray, np.ndarray]:
        """P, gradient and Hessian in one pass over the row blocks."""
        size = x.size

        def statistic(X: Any, costs: np.ndarray, weight: None) -> tuple[float, np.ndarray, np.ndarray]:
            plus, minus = costs.T
            f = X @ x[:-1] + x[-1]
            u, v = pulls(f, plus, minus)
            h = _curvature(f, plus, minus)
            inside = np.flatnonzero(h)
            root, Z = np.sqrt(h[inside])[:, None], np.empty((len(inside), size))
            np.multiply(X[inside], root, out=Z[:, :-1])
            Z[:, -1:] = root
            return losses(SQUARED, f, plus, minus), np.append((v - u) @ X, (v - u).sum()), Z.T @ Z

        value, gradient, hessian = reduce_rows(statistic, self.source, work=size * (size + 20.0))
        gradient[:-1] += x[:-1]
        np.einsum("ii->i", hessian)[:-1] += 1.0
        return value + 0.5 * float(x[:-1] @ x[:-1]), gradient, hessian

    def diagonal(self) -> np.ndarray:
        """Diagonal of the Hessian."""
        found = np.append(self.products.squares(self.h[:, None])[:, 0] + 1.0, self.h.sum())
        return np.maximum(found, 1e-12 * found.max())

    def product(self, v: np.ndarray) -> np.ndarray:
        """Hessian times v."""
        body, last = self.products.curvature(self.h, v[:-1], float(v[-1]))
        return np.append(body + v[:-1], last)

    def lower(self, f: np.ndarray) -> float:
        """D at the dual point that f names."""
        u, v = balanced(*pulls(f, self.plus, self.minus))
        w = self.products.back((u - v)[:, None])[:, 0]
        return squared_dual(u, v, float(w @ w), self.plus, self.minus)

    def _back(self, g: np.ndarray, x: np.ndarray) -> np.ndarray:
        return np.append(self.products.back(g[:, None])[:, 0] + x[:-1], g.sum())


def _curvature(f: np.ndarray, plus: np.ndarray, minus: np.ndarray) -> np.ndarray:
    return 2 * (plus * (f < 1) + minus * (f > -1))


class LinearMachine:
    """Solver of P on rows X.

    Parameters
    ----------
    X : ndarray or CSR of shape (n, p)
        Rows, float64.
    max_iter : int
        Most Newton steps of one call.
    """

    loss = SQUARED

    def __init__(self, X: Any, *, max_iter: int = 200) -> None:
        self.objective, self.max_iter = SquaredHingeObjective(X), max_iter
        self.by_products = issparse(X) or X.shape[1] >= COLUMNS

    def solve(self, plus: np.ndarray, minus: np.ndarray, start: SoftLabelFit | None, tol: float) -> SoftLabelFit:
        """Minimise P until it is within `tol` of its lower bound, relatively."""
        P = self.objective
        P.weigh(plus, minus)
        x = np.zeros(P.X.shape[1] + 1)
        target = tol * max(largest(P.gradient(x)[1]), 1e-300)
        x = x if start is None else np.append(start.weights, start.intercept)
        method, n_iter, tightened = newton_cg if self.by_products else newton, 0, 0
        with single_threaded_blas():
            while True:
                found = method(P, x, tol=target, max_iter=self.max_iter)
                f, x, n_iter = P.decision(found.x), found.x, n_iter + found.n_iter
                fit = SoftLabelFit(f, x[:-1], float(x[-1]), found.value, P.lower(f), n_iter, True, expansion=False)
                if fit.gap <= tol or tightened == TIGHTENED or not found.converged:
                    break
                target, tightened = 0.01 * target, tightened + 1
        return fit._replace(converged=fit.gap <= tol)
