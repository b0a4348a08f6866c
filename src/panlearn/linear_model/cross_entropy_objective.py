"""The objective of logistic and softmax regression over row blocks, with the derivatives that Newton's method asks for.

    F(W) = 1/S sum_i s_i loss(W'x_i + b, y_i) + alpha/2 |W|^2,     S = sum_i s_i

The parameters are one array (p + 1, k), the intercepts in its last row; k = 1 for two classes. With P the (n, k) class
probabilities, the Hessian is 1/S X' diag(s h) X for two classes, h = p(1 - p), and for k classes a k x k block matrix

    H_kl = 1/S X' diag(s P_k (delta_kl - P_l)) X = [k = l] X' diag(s P_k) X / S - A_k' A_l / S
    A_k = diag(P_k s^1/2) X

so that all of it is BLAS-3: one Gram matrix per class and one of the n x (p + 1)k matrix A. Its factors are rounded to
float32, which halves the work: Newton's direction does not need more, and the gradient keeps all digits.
"""

from typing import Any

import numpy as np
from scipy.special import entr

from panlearn.core.blocks import ArrayRows, RowSource, is_sparse, reduce_rows, require_finite
from panlearn.core.products import products_of
from panlearn.core.threads import GATE, scratch
from panlearn.losses import BinaryCrossEntropy, SoftmaxCrossEntropy
from panlearn.penalties import L2

LONG = 1 << 16  # rows of a block for kernels that leave nothing behind in the cache
LARGE = 1e6  # n (k (p + 1))^2 from which a Hessian costs much more than a gradient


class CrossEntropyObjective:
    """F and its derivatives as functions of the flat parameters, summed over the blocks of a source.

    Parameters
    ----------
    source : RowSource
        Rows whose y are class codes 0..K-1, or labels if `classes` is given.
    loss : BinaryCrossEntropy or SoftmaxCrossEntropy
        The loss.
    penalty : L2
        Penalty on the weights, not on the intercepts.
    total_weight : float
        S.
    intercept : bool
        Whether the last row of the parameters is used; it stays 0 otherwise.
    classes : ndarray, optional
        Sorted labels, where y has not been encoded (a file).
    gate : float
        Numbers in X from which two classes go through the kernels of `row_sums`.
    """

    def __init__(
        self,
        source: RowSource,
        loss: BinaryCrossEntropy | SoftmaxCrossEntropy,
        penalty: L2,
        total_weight: float,
        intercept: bool,
        classes: np.ndarray | None = None,
        gate: float = GATE,
    ) -> None:
        self.source, self.loss, self.penalty, self.total = source, loss, penalty, total_weight
        self.intercept, self.classes, self.gate = intercept, classes, gate
        self.shape = (source.n_features + 1, loss.columns)
        self.row_sums = self._compiled()

    def start(self, sums: np.ndarray | None = None) -> np.ndarray:
        """Parameters to start from: no weights, and the intercepts that match the class frequencies `sums`."""
        theta = np.zeros(self.shape)
        if self.intercept and sums is not None:
            logs = np.log(np.maximum(sums, 1e-9 * sums.sum()))
            theta[-1] = logs[1] - logs[0] if self.shape[1] == 1 else logs - logs.mean()
        return theta.ravel()

    def value(self, x: np.ndarray) -> float:
        """F at the parameters x."""
        theta = x.reshape(self.shape)

        def statistic(X: Any, y: Any, weight: np.ndarray | None) -> float:
            losses = self.loss.values(X @ theta[:-1] + theta[-1], self._codes(y))
            return float(losses.sum() if weight is None else weight @ losses)

        work = 2.0 * theta.size + 20 * self.shape[1]
        return reduce_rows(statistic, self.source, work=work) / self.total + self.penalty.value(theta[:-1])

    def gradient(self, x: np.ndarray) -> tuple[float, np.ndarray]:
        """F and its gradient at x in one pass over the rows."""
        theta = x.reshape(self.shape)

        def statistic(X: Any, y: Any, weight: np.ndarray | None) -> tuple[float, np.ndarray]:
            if self.row_sums:
                loss, _, sums = self.row_sums(X, y, weight, x)
                return loss, sums[:, None]
            return self._first_order(theta, X, y, weight)[:2]

        work, rows = 4.0 * theta.size + 20 * self.shape[1], LONG if self.row_sums else 0
        return self._finish(reduce_rows(statistic, self.source, work=work, rows=rows), theta)

    def derivatives(self, x: np.ndarray, exact: bool) -> tuple[float, np.ndarray, np.ndarray]:
        """F, gradient and Hessian at x in one pass over the rows."""
        theta, size = x.reshape(self.shape), x.size
        dtype = np.float64 if exact or not self.large else np.float32

        def statistic(X: Any, y: Any, weight: np.ndarray | None) -> tuple[float, np.ndarray, np.ndarray]:
            if self.row_sums:
                Z = scratch("bordered", (len(X), size), dtype)
                loss, _, sums = self.row_sums(X, y, weight, x, Z)
                return loss, sums[:, None], _gram(Z)
            value, gradient, p = self._first_order(theta, X, y, weight)
            return value, gradient, _hessian(X, p, weight, dtype)

        with np.errstate(over="ignore", invalid="ignore"):  # an overflowing Hessian is asked for again, exactly
            value, gradient, hessian = reduce_rows(statistic, self.source, work=size * (size + 10.0))
        return (*self._finish((value, gradient), theta), self._finish_hessian(hessian))

    def gap(self, x: np.ndarray, l1: float) -> float:
        """Bound on how far F(W) + l1 |W|_1 may still fall: its value less that of the dual at a feasible point.

        The dual is max_U H(U) - sum (|X'(U - Y)/S| - l1)_+^2 / (2 alpha) over class probabilities U, H their mean
        entropy; alpha = 0 asks for |X'(U - Y)/S| <= l1, and intercepts for U with the class frequencies of Y. The P of
        x is mixed with constant probabilities for the latter, with Y for the former; entropy is concave, so the
        mixture of entropies bounds that of the mixture.
        """
        theta, k = x.reshape(self.shape), self.shape[1]

        def statistic(X: Any, y: Any, weight: np.ndarray | None) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
            codes = self._codes(y)
            losses, p = self.loss.evaluate(X @ theta[:-1] + theta[-1], codes)
            entropies = (entr(p) + entr(1.0 - p) if k == 1 else entr(p)).sum(axis=1)
            onehot = codes[:, None] == (np.arange(k) if k > 1 else 1)
            sides = np.hstack([p, onehot, np.ones((len(p), 1))])
            if weight is not None:
                sides, losses, entropies = sides * weight[:, None], losses * weight, entropies * weight
            return np.array([losses.sum(), entropies.sum()]), X.T @ sides, sides.sum(axis=0)

        rows = 0 if self.source.n_rows is None else self.source.n_rows  # sparse blocks: one for each thread
        sums = reduce_rows(statistic, self.source, work=8.0 * theta.size, rows=rows if is_sparse(self.source) else 0)
        (loss, entropy), back, mass = (sums[i] / self.total for i in (0, 1, 2))
        back_p, back_y, back_one = back[:, :k], back[:, k:-1], back[:, -1:]
        mean, wanted, share = mass[:k], mass[k:-1], 1.0
        if self.intercept:
            both = np.stack([mean, wanted]) if k > 1 else np.stack([[mean[0], 1 - mean[0]], [wanted[0], 1 - wanted[0]]])
            share = min(1.0, float((both[1] / np.maximum(both[0], 1e-300)).min()))
            entropy = share * entropy + float(entr(np.maximum(both[1] - share * both[0], 0.0)).sum())
            entropy += 0.0 if share == 1.0 else (1 - share) * float(np.log(1 - share))
            back_p = share * back_p + back_one * (wanted - share * mean)
        slopes, w, alpha = np.abs(back_p - back_y), theta[:-1], self.penalty.alpha
        if alpha > 0:
            dual = entropy - float(np.square(np.maximum(slopes - l1, 0.0)).sum()) / (2 * alpha)
        else:
            dual = entropy * min(1.0, l1 / max(slopes.max(initial=0.0), 1e-300))
        return max(0.0, loss + self.penalty.value(w) + l1 * float(np.abs(w).sum()) - dual)

    def _compiled(self) -> Any:
        """A function (X, y, weight, x, Z) by the kernels of `row_sums`, or None."""
        rows, source = None, self.source
        if self.shape[1] == 1 and isinstance(source, ArrayRows) and self.classes is None:
            rows = source.rows.X
        if not isinstance(rows, np.ndarray) or float(rows.size) < self.gate:
            return None
        from panlearn.linear_model import row_sums  # compiles or loads kernels: not before they are needed

        def sums(X: np.ndarray, y: np.ndarray, weight: np.ndarray | None, x: np.ndarray, Z: Any = None) -> tuple:
            return row_sums.row_sums(X, y.astype(np.float64, copy=False), weight, None, x, row_sums.LOGIT, Z)

        return sums if row_sums.applies(rows) else None

    @property
    def large(self) -> bool:
        """Whether Hessians are worth rounding and keeping."""
        return (self.source.n_rows or np.inf) * float(np.prod(self.shape)) ** 2 >= LARGE

    def _first_order(self, theta: np.ndarray, X: Any, y: Any, weight: np.ndarray | None) -> tuple:
        """Sums of losses and gradients (p + 1, k) of a block, and its class probabilities (m, k)."""
        z, codes = X @ theta[:-1] + theta[-1], self._codes(y)
        losses, p = self.loss.evaluate(z, codes)
        residuals = self.loss.residuals(p, codes)
        if weight is not None:
            residuals, losses = residuals * weight[:, None], losses * weight
        return float(losses.sum()), np.vstack([X.T @ residuals, residuals.sum(axis=0)]), p

    def _finish(self, sums: tuple[float, np.ndarray], theta: np.ndarray) -> tuple[float, np.ndarray]:
        if not (np.isfinite(sums[0]) and np.isfinite(sums[1]).all()):
            require_finite(self.source)
        gradient = sums[1] / self.total
        gradient[:-1] += self.penalty.gradient(theta[:-1])
        if not self.intercept:
            gradient[-1] = 0
        return sums[0] / self.total + self.penalty.value(theta[:-1]), gradient.ravel()

    def _finish_hessian(self, sums: np.ndarray) -> np.ndarray:
        hessian, (d, k) = sums / self.total, self.shape
        diagonal = np.einsum("ii->i", hessian).reshape(k, d)  # a view, class by class
        diagonal[:, :-1] += self.penalty.alpha
        if not self.intercept:
            unused = np.arange(d - 1, d * k, d)
            hessian[unused] = hessian[:, unused] = 0
            diagonal[:, -1] = 1
        if k == 1:
            return hessian
        order = np.arange(d * k).reshape(k, d).T.ravel()  # parameters are stored (d, k)
        return hessian[np.ix_(order, order)]

    def _codes(self, y: Any) -> np.ndarray:
        return y if self.classes is None else np.searchsorted(self.classes, y)


def _hessian(X: np.ndarray, p: np.ndarray, weight: np.ndarray | None, dtype: type) -> np.ndarray:
    """Sum of s_i (curvature of row i) x (x_i, 1)(x_i, 1)', class by class."""
    d, k = X.shape[1] + 1, p.shape[1]
    Z = scratch("bordered", (len(X), d), dtype)
    if k == 1:
        h = p * (1.0 - p)
        return _gram(_fill(Z, X, np.sqrt(h if weight is None else h * weight[:, None])))
    root = np.sqrt(p) if weight is None else np.sqrt(p * weight[:, None])
    scale = p if weight is None else p * np.sqrt(weight)[:, None]
    A = scratch("all classes", (len(X), d * k), dtype)
    for j in range(k):
        _fill(A[:, j * d : (j + 1) * d], X, scale[:, [j]])
    hessian = -_gram(A)
    for j in range(k):
        hessian[j * d : (j + 1) * d, j * d : (j + 1) * d] += _gram(_fill(Z, X, root[:, [j]]))
    return hessian


def _fill(Z: np.ndarray, X: np.ndarray, scale: np.ndarray) -> np.ndarray:
    """Set Z to [X, 1] with its rows scaled."""
    np.multiply(X, scale, out=Z[:, :-1], casting="same_kind")
    Z[:, -1:] = scale
    return Z


def _gram(Z: np.ndarray) -> np.ndarray:
    return (Z.T @ Z).astype(np.float64)


class CrossEntropyProducts:
    """F with Hessian-vector products instead of Hessians, for many columns, dense or sparse, in memory.

    H v = 1/S X' (s curvature(P) (X v)) + alpha v needs two products with X, whatever the number of columns. Sparse X
    with two classes reads each row once for both (`add_curvature`).

    Parameters
    ----------
    source : ArrayRows
        Rows whose y are class codes.
    loss, penalty, total_weight, intercept
        As in `CrossEntropyObjective`.
    """

    def __init__(
        self,
        source: ArrayRows,
        loss: BinaryCrossEntropy | SoftmaxCrossEntropy,
        penalty: L2,
        total_weight: float,
        intercept: bool,
    ) -> None:
        require_finite(source)
        X, self.y, weight = source.rows
        self.products = products_of(X)
        self.loss, self.penalty, self.intercept = loss, penalty, intercept
        share = np.ones(X.shape[0]) if weight is None else weight
        self.share = (share / total_weight)[:, None]
        self.shape = (X.shape[1] + 1, loss.columns)
        self._seen: tuple[np.ndarray | None, np.ndarray] = (None, np.empty(0))  # the last x and its raw predictions

    def raw(self, x: np.ndarray) -> np.ndarray:
        """Raw predictions (n, k) at the parameters x."""
        if self._seen[0] is not x:  # the line search has been here before the gradient
            theta = x.reshape(self.shape)
            self._seen = x, self.products.forward(theta[:-1]) + theta[-1]
        return self._seen[1]

    def value(self, x: np.ndarray) -> float:
        """F at the parameters x."""
        losses = self.loss.values(self.raw(x), self.y)
        return float(self.share[:, 0] @ losses) + self.penalty.value(x.reshape(self.shape)[:-1])

    def gradient(self, x: np.ndarray) -> tuple[float, np.ndarray]:
        """F and its gradient at x, where the Hessian is then taken too."""
        self.p = self.loss.probabilities(self.raw(x))
        out = self._back(self.share * self.loss.residuals(self.p, self.y))
        out[:-1] += self.penalty.gradient(x.reshape(self.shape)[:-1])
        return self.value(x), out.ravel()

    def diagonal(self) -> np.ndarray:
        """Diagonal of the Hessian."""
        h = self.share * self.p * (1.0 - self.p)
        out = np.vstack([self.products.squares(h) + self.penalty.alpha, h.sum(axis=0)])
        return np.maximum(out, 1e-12 * out.max()).ravel()  # an empty column without a penalty has none

    def product(self, v: np.ndarray) -> np.ndarray:
        """Hessian times v."""
        v = v.reshape(self.shape)
        if self.shape[1] == 1 and self.intercept:
            h = (self.share * self.p * (1.0 - self.p))[:, 0]
            body, last = self.products.curvature(h, v[:-1, 0], float(v[-1, 0]))
            out = np.append(body, last)[:, None]
        else:
            out = self._back(self.share * self.loss.curvature_product(self.p, self.products.forward(v[:-1]) + v[-1]))
        out[:-1] += self.penalty.gradient(v[:-1])
        return out.ravel()

    def _back(self, u: np.ndarray) -> np.ndarray:
        return np.vstack([self.products.back(u), u.sum(axis=0) if self.intercept else np.zeros(u.shape[1])])


def thinned(source: Any, step: int) -> ArrayRows:
    """Every step-th row, copied."""
    X, y, weight = source.rows
    return ArrayRows(
        np.ascontiguousarray(X[::step]), np.ascontiguousarray(y[::step]), None if weight is None else weight[::step]
    )
