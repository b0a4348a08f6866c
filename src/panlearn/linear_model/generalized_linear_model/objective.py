"""The penalised deviance of a generalised linear model and its derivatives, summed over row blocks.

    F(w, b) = 1/S sum_i s_i d(y_i, h(z_i))/2 + 1/2 w'(diag(l2) + R) w,     z = Xw + b + offset,   S = sum_i s_i
    gradient  X'u + penalty,            u_i = s_i/S dloss_i/dz
    Hessian   X' diag(h) X + penalty,   h_i = s_i/S (curvature of loss_i)

R is the smoothness penalty, absolute values are left to `proximal_newton`. Where rows are many, the factors of the
Hessian are rounded to float32: the direction of a step does not need more, and the gradient keeps all digits. Rows of
an array go through the kernels of `row_sums`, if there are enough of them and there is one for the loss.
"""

from typing import Any, NamedTuple

import numpy as np

from panlearn.core.blocks import ArrayRows, RowSource, reduce_rows
from panlearn.core.products import products_of
from panlearn.core.threads import GATE, scratch
from panlearn.linear_model.generalized_linear_model.design_rows import DesignRows, thinned
from panlearn.losses.exponential_family import ExponentialFamilyLoss

LARGE = 1e6  # n p^2 from which a Hessian costs much more than a gradient
LONG = 1 << 16  # rows of a block for kernels that leave nothing behind in the cache
EXPONENTIAL = 30.0  # operations of a row's loss, in units of a multiplication


class Quadratic(NamedTuple):
    """The smooth penalty 1/2 x'(diag(l2) + R) x on all parameters; 0 on the intercept."""

    l2: np.ndarray  # (q,)
    smooth: np.ndarray | None  # R, (q, q), or None

    def product(self, x: np.ndarray) -> np.ndarray:
        """The penalty's gradient."""
        return self.l2 * x if self.smooth is None else self.l2 * x + self.smooth @ x

    def value(self, x: np.ndarray) -> float:
        """The penalty."""
        return 0.5 * float(x @ self.product(x))

    def size(self, x: np.ndarray) -> float:
        """Largest sum of absolute terms in a component of the gradient: what its rounding is relative to."""
        smooth = 0.0 if self.smooth is None else np.abs(self.smooth) @ np.abs(x)
        return float((self.l2 * np.abs(x) + smooth).max(initial=0.0))

    def add_to(self, hessian: np.ndarray) -> np.ndarray:
        """Add the penalty's Hessian, in place."""
        np.einsum("ii->i", hessian)[:] += self.l2
        if self.smooth is not None:
            hessian += self.smooth
        return hessian


class DevianceObjective:
    """F and its derivatives, for `newton` and `proximal_newton`.

    Parameters
    ----------
    source : RowSource
        Blocks whose X are `DesignRows`.
    loss : ExponentialFamilyLoss
        Family and link.
    penalty : Quadratic
        The smooth penalty.
    total : float
        S.
    size : int
        Parameters in full coding.
    kept : ndarray of shape (q,)
        Places of the parameters in full coding.
    """

    def __init__(
        self,
        source: RowSource,
        loss: ExponentialFamilyLoss,
        penalty: Quadratic,
        total: float,
        size: int,
        kept: np.ndarray,
    ) -> None:
        self.source, self.loss, self.penalty = source, loss, penalty
        self.total, self.size, self.kept = total, size, kept
        self.sums = row_sums_of(source, loss, size)

    @property
    def large(self) -> bool:
        """Whether Hessians are worth rounding and keeping."""
        return (self.source.n_rows or np.inf) * float(self.size) ** 2 >= LARGE

    def full(self, x: np.ndarray) -> np.ndarray:
        """Parameters in full coding: reference levels and an absent intercept are 0."""
        full = np.zeros(self.size)
        full[self.kept] = x
        return full

    def value(self, x: np.ndarray) -> float:
        """F at x; infinite where a mean leaves the domain of the family."""
        full = self.full(x)

        def statistic(X: DesignRows, y: np.ndarray, weight: np.ndarray | None) -> float:
            return _weighted_sum(self.loss.values(X.forward(full), y), weight)

        sums = reduce_rows(statistic, self.source, work=2.0 * self.size + EXPONENTIAL)
        return sums / self.total + self.penalty.value(x)

    def gradient(self, x: np.ndarray) -> tuple[float, np.ndarray]:
        """F and its gradient at x in one pass over the rows."""
        full = self.full(x)

        def statistic(X: DesignRows, y: np.ndarray, weight: np.ndarray | None) -> tuple[float, np.ndarray]:
            if self.sums:
                return self.sums(X, y, weight, full)[::2]
            values, first = self.loss.up_to(1, X.forward(full), y)
            return _weighted_sum(values, weight), X.back(first if weight is None else first * weight)

        work, rows = 4.0 * self.size + EXPONENTIAL, LONG if self.sums else 0
        return self._finish(x, *reduce_rows(statistic, self.source, work=work, rows=rows))

    def derivatives(self, x: np.ndarray, exact: bool) -> tuple[float, np.ndarray, np.ndarray]:
        """F, gradient and Hessian at x in one pass over the rows."""
        full, dtype = self.full(x), np.float64 if exact or not self.large else np.float32

        def statistic(X: DesignRows, y: np.ndarray, weight: np.ndarray | None) -> tuple[float, np.ndarray, np.ndarray]:
            if self.sums:
                Z = scratch("weighted rows", (len(y), self.size), dtype)
                value, _, gradient = self.sums(X, y, weight, full, Z)
                with np.errstate(over="ignore", invalid="ignore"):
                    return value, gradient, (Z.T @ Z).astype(np.float64)
            values, first, second = self.loss.derivatives(X.forward(full), y)
            if weight is not None:
                first, second = first * weight, second * weight
            with np.errstate(over="ignore", invalid="ignore"):  # an overflowing Hessian is asked for again, exactly
                return _weighted_sum(values, weight), X.back(first), X.gram(second, dtype)

        value, gradient, hessian = reduce_rows(statistic, self.source, work=self.size * (self.size + 10.0))
        return *self._finish(x, value, gradient), self.finish_hessian(hessian)

    def diagonal(self, x: np.ndarray) -> np.ndarray:
        """Diagonal of the Hessian at x, without that of R."""
        full = self.full(x)

        def statistic(X: DesignRows, y: np.ndarray, weight: np.ndarray | None) -> np.ndarray:
            second = self.loss.derivatives(X.forward(full), y)[2]
            return X.squares(second if weight is None else second * weight)

        sums = reduce_rows(statistic, self.source, work=4.0 * self.size + EXPONENTIAL)
        return sums[self.kept] / self.total + self.penalty.l2

    def finish_hessian(self, sums: np.ndarray) -> np.ndarray:
        """From sums in full coding to the Hessian of F."""
        chosen = sums if np.array_equal(self.kept, np.arange(self.size)) else sums[np.ix_(self.kept, self.kept)]
        return self.penalty.add_to(chosen / self.total)

    def _finish(self, x: np.ndarray, value: float, gradient: np.ndarray) -> tuple[float, np.ndarray]:
        if not (np.isfinite(value) and np.isfinite(gradient).all()):
            require_finite(self.source)
        found = gradient[self.kept] / self.total + self.penalty.product(x)
        return value / self.total + self.penalty.value(x), found


class DevianceProducts:
    """F with Hessian-vector products instead of Hessians, for `newton_cg`: many columns, rows in memory.

    Parameters
    ----------
    f : DevianceObjective
        The objective; its source holds all rows in one piece.
    """

    def __init__(self, f: DevianceObjective) -> None:
        self.f = f
        self.rows, self.y, weight = next(iter(f.source.pieces()))
        self.rows.require_finite()
        self.numeric = products_of(self.rows.numeric)
        self.share = (np.ones(len(self.y)) if weight is None else weight) / f.total

    def value(self, x: np.ndarray) -> float:
        """F at x."""
        return _weighted_sum(self.f.loss.values(self._forward(x, True), self.y), self.share) + self.f.penalty.value(x)

    def gradient(self, x: np.ndarray) -> tuple[float, np.ndarray]:
        """F and its gradient at x, where the Hessian is then taken too."""
        values, first, second = self.f.loss.derivatives(self._forward(x, True), self.y)
        self.curvature = self.share * second
        gradient = self._back(self.share * first) + self.f.penalty.product(x)
        return _weighted_sum(values, self.share) + self.f.penalty.value(x), gradient

    def diagonal(self) -> np.ndarray:
        """Diagonal of the Hessian, positive."""
        found = self.rows.squares(self.curvature)[self.f.kept] + self.f.penalty.l2
        if self.f.penalty.smooth is not None:
            found = found + np.diag(self.f.penalty.smooth)
        return np.maximum(found, 1e-12 * found.max(initial=0.0) + 1e-300)  # an empty column without a penalty has none

    def product(self, v: np.ndarray) -> np.ndarray:
        """Hessian times v."""
        return self._back(self.curvature * self._forward(v, False)) + self.f.penalty.product(v)

    def _forward(self, x: np.ndarray, offset: bool) -> np.ndarray:
        rows, full = self.rows, self.f.full(x)
        z = self.numeric.forward(full[: rows.numeric.shape[1], None])[:, 0] + full[-1]
        rows.add_levels(full, z)
        return z if rows.offset is None or not offset else z + rows.offset

    def _back(self, u: np.ndarray) -> np.ndarray:
        out = np.zeros(self.f.size)
        out[: self.rows.numeric.shape[1]] = self.numeric.back(u[:, None])[:, 0]
        self.rows.sum_levels(u, out)
        return out[self.f.kept]


def row_sums_of(source: RowSource, loss: ExponentialFamilyLoss, size: int, expected: bool = False) -> Any:
    """A function (rows, y, weight, parameters, Z) by the kernels of `row_sums`; None where NumPy is to do it."""
    rows = source.rows.X if isinstance(source, ArrayRows) else None
    if not isinstance(rows, DesignRows) or rows.levels or float(rows.shape[0]) * size < GATE:
        return None
    from panlearn.linear_model import row_sums  # compiles or loads kernels

    shape = row_sums.shape_of(loss, expected)
    if shape is None or not row_sums.applies(rows.numeric):
        return None

    def sums(X: DesignRows, y: np.ndarray, weight: np.ndarray | None, full: np.ndarray, Z: Any = None) -> tuple:
        return row_sums.row_sums(X.numeric, y, weight, X.offset, full, shape, Z)

    return sums


def require_finite(source: RowSource) -> None:
    """Raise scikit-learn's error if a number of X or an offset is NaN or infinite."""
    for piece in source.pieces():
        if isinstance(piece.X, DesignRows):
            piece.X.require_finite()


def thin_rows(source: ArrayRows, step: int) -> ArrayRows:
    """Part of the rows, in runs of neighbours."""
    X, y, weight = source.rows
    return ArrayRows(X.thinned(step), thinned(y, step), None if weight is None else thinned(weight, step))


def _weighted_sum(values: np.ndarray, weight: np.ndarray | None) -> float:
    if weight is None:
        return float(values.sum())
    return float(np.where(weight > 0, values, 0.0) @ weight)  # a row without weight may have no finite loss
