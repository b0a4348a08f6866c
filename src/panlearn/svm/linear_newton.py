"""Linear machines with a squared loss, by Newton's method on the primal [keerthi2005].

    f(w, v) = 1/2 |w|^2 + rho/2 v^2 + sum_i C_i loss(x_i'w + u v, y_i),     loss = squared (eps-insensitive) hinge

u v is the intercept: rho = 1 penalises it as LIBLINEAR does, rho = 0 leaves it free. f is quadratic but for the rows
that enter or leave the margin. Its (generalised) Hessian is a Gram matrix of the rows inside, so few steps do: by
Cholesky from one pass over the rows each, or by conjugate gradients from products where columns are many.

beta_i = -C_i loss'(z_i) is feasible in the dual, and the duality gap there is just |gradient|^2 / 2.

When it fails: the hinge itself has no curvature; its machines are solved in the dual.

Course notes: 000 §2.5 (soft margin).
"""

from typing import Any

import numpy as np

from panlearn.core.blocks import ArrayRows, reduce_rows
from panlearn.core.products import products_of
from panlearn.core.threads import scratch


class SquaredMachine:
    """The objective as a function of x = (w, v), with Hessians by row blocks and products with them.

    Parameters
    ----------
    source : ArrayRows
        Rows in memory with their targets (-1 and 1, or numbers) and C_i; `newton` needs dense ones.
    loss : SquaredHinge or SquaredEpsilonInsensitive
        The loss.
    unit : float
        Value u of the constant feature; 0: no intercept.
    free : bool
        Whether the intercept is left unpenalised.
    """

    def __init__(self, source: ArrayRows, loss: Any, unit: float, free: bool) -> None:
        self.source, self.loss, self.unit = source, loss, unit
        self.ridge = np.ones(source.n_features + 1)
        self.ridge[-1] = 0.0 if free else 1.0

    def value(self, x: np.ndarray) -> float:
        """The objective."""

        def statistic(X: Any, y: np.ndarray, strength: np.ndarray) -> float:
            return float(strength @ self.loss.values(X @ x[:-1] + self.unit * x[-1], y))

        total = reduce_rows(statistic, self.source, work=2.0 * x.size)
        return total + 0.5 * float(self.ridge @ np.square(x))

    def gradient(self, x: np.ndarray) -> tuple[float, np.ndarray]:
        """Objective and gradient; fixes x for `diagonal` and `product`."""
        _, y, strength = self.source.rows
        z = self._products.forward(x[:-1, None])[:, 0] + self.unit * x[-1]
        values, slopes, curvatures = self.loss.derivatives(z, y)
        self.h = strength * curvatures
        back = strength * slopes
        gradient = np.append(self._products.back(back[:, None])[:, 0], self.unit * back.sum()) + self.ridge * x
        return float(strength @ values) + 0.5 * float(self.ridge @ np.square(x)), gradient

    def derivatives(self, x: np.ndarray, exact: bool) -> tuple[float, np.ndarray, np.ndarray]:
        """Objective, gradient and Hessian in one pass over the row blocks."""
        size = x.size

        def statistic(X: Any, y: np.ndarray, strength: np.ndarray) -> tuple:
            values, slopes, curvatures = self.loss.derivatives(X @ x[:-1] + self.unit * x[-1], y)
            used = np.flatnonzero(curvatures)
            pull, root = strength[used] * slopes[used], np.sqrt(strength[used] * curvatures[used])
            Z = scratch("rows inside", (len(used), size))
            np.take(X, used, axis=0, out=Z[:, :-1], mode="clip") if X.dtype == Z.dtype else None
            if X.dtype != Z.dtype:
                Z[:, :-1] = X[used]
            Z[:, -1] = self.unit
            gradient = pull @ Z
            Z *= root[:, None]
            return float(strength @ values), gradient, Z.T @ Z

        value, gradient, hessian = reduce_rows(statistic, self.source, work=size * (size + 10.0))
        np.einsum("ii->i", hessian)[:] += self.ridge
        return value + 0.5 * float(self.ridge @ np.square(x)), gradient + self.ridge * x, hessian

    @property
    def _products(self) -> Any:
        if "_made" not in vars(self):
            self._made = products_of(self.source.rows.X)
        return self._made

    def diagonal(self) -> np.ndarray:
        """Diagonal of the Hessian."""
        columns = self._products.squares(self.h[:, None])[:, 0]
        return np.maximum(np.append(columns, self.unit**2 * self.h.sum()) + self.ridge, 1e-300)

    def product(self, v: np.ndarray) -> np.ndarray:
        """Hessian times v."""
        columns, total = self._products.curvature(self.h, v[:-1], self.unit * v[-1])
        return np.append(columns, self.unit * total) + self.ridge * v
