"""Linear machines with a squared loss, by Newton's method on the primal [keerthi2005].

    f(w, v) = 1/2 |w|^2 + rho/2 v^2 + sum_i C_i loss(x_i'w + u v, y_i),     loss = squared (eps-insensitive) hinge

u v is the intercept: rho = 1 penalises it as LIBLINEAR does, rho = 0 leaves it free. f is quadratic but for the rows
that enter or leave the margin. Its (generalised) Hessian is a Gram matrix of the rows inside, so few steps do: by
Cholesky from one pass over the rows each, or by conjugate gradients from products where columns are many.

beta_i = -C_i loss'(z_i) is feasible in the dual, and the duality gap there is just |gradient|^2 / 2.

When it fails: the hinge itself has no curvature; its machines are solved in the dual.

Course notes: 000 §2.5 (soft margin).
"""

from typing import Any, NamedTuple

import numpy as np

from panlearn.core.blocks import ArrayRows
from panlearn.core.products import products_of
from panlearn.core.threads import map_chunks, scratch

BLOCK = 2048  # rows of which a copy is made at a time
TRUSTED = 1e-11  # rounding errors of a sum that rows are taken from, relative to it


class RowsInside(NamedTuple):
    """Rows within the margin, and the sum over them of 2 C_i (x_i, u)(x_i, u)'."""

    mask: np.ndarray  # (n,)
    gram: np.ndarray  # (p + 1, p + 1)


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
    known : list of RowsInside, optional
        Sums from which another machine on the same rows, with the same C, may start.
    """

    def __init__(
        self, source: ArrayRows, loss: Any, unit: float, free: bool, known: list[RowsInside] | None = None
    ) -> None:
        self.source, self.loss, self.unit = source, loss, unit
        self.ridge = np.ones(source.n_features + 1)
        self.ridge[-1] = 0.0 if free else 1.0
        self.known = [] if known is None else known
        if not self.known:
            none = np.zeros(source.rows.X.shape[0], dtype=bool)
            self.known.append(RowsInside(none, np.zeros((self.ridge.size, self.ridge.size))))
        self._last = self.known[0]

    def value(self, x: np.ndarray) -> float:
        """The objective."""
        _, y, strength = self.source.rows
        return float(strength @ self.loss.values(self._forward(x), y)) + 0.5 * float(self.ridge @ np.square(x))

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
        """Objective, gradient and Hessian.

        Few rows enter or leave the margin in a step: the Hessian is the nearest one known, corrected for these.
        """
        _, y, strength = self.source.rows
        assert strength is not None
        values, slopes, curvatures = self.loss.derivatives(self._forward(x), y)
        inside, pull = curvatures > 0, strength * slopes
        base = min([*self.known, self._last], key=lambda known: int((known.mask ^ inside).sum()))
        if TRUSTED * float(np.trace(base.gram)) > float(self.ridge[0]):  # rounding would hide the penalty
            base = self.known[0]
        gram = base.gram.copy()
        for sign, moved in ((1.0, inside & ~base.mask), (-1.0, base.mask & ~inside)):
            rows = np.flatnonzero(moved & (strength > 0))
            gram += sign * self._gram(rows, np.sqrt(2.0 * strength[rows])) if len(rows) else 0.0
        self._last = RowsInside(inside, gram)
        if inside.all() and len(self.known) == 1:  # where the machines of all classes start
            self.known.append(self._last)
        gradient = np.append(self._back(pull), self.unit * pull.sum()) + self.ridge * x
        value = float(strength @ values) + 0.5 * float(self.ridge @ np.square(x))
        hessian = gram.copy()
        np.einsum("ii->i", hessian)[:] += self.ridge
        return value, gradient, hessian

    def _forward(self, x: np.ndarray) -> np.ndarray:
        """The margins' products x_i'w + u v, (n,)."""
        X, z = self.source.rows.X, np.empty(len(self.source.rows.y))

        def part(start: int, stop: int) -> None:
            np.matmul(X[start:stop], x[:-1], out=z[start:stop])

        map_chunks(part, len(z), work=2.0 * X.size)
        return z + self.unit * x[-1]

    def _back(self, u: np.ndarray) -> np.ndarray:
        """The sum of u_i x_i."""
        X = self.source.rows.X
        return np.sum(map_chunks(lambda a, b: u[a:b] @ X[a:b], len(u), work=2.0 * X.size), axis=0)

    def _gram(self, rows: np.ndarray, root: np.ndarray) -> np.ndarray:
        """The sum of root_i^2 (x_i, u)(x_i, u)'."""
        X, size = self.source.rows.X, self.ridge.size

        def part(start: int, stop: int) -> np.ndarray:
            total: Any = 0.0
            for a in range(start, stop, BLOCK):
                chosen = slice(a, min(a + BLOCK, stop))
                Z = scratch("rows inside", (chosen.stop - a, size))
                np.multiply(X[rows[chosen]], root[chosen, None], out=Z[:, :-1])
                np.multiply(self.unit, root[chosen], out=Z[:, -1])
                total += Z.T @ Z
            return total

        parts = map_chunks(part, len(rows), work=len(rows) * float(size) ** 2, align=BLOCK)
        return parts[0] if len(parts) == 1 else np.sum(parts, axis=0)

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
