"""The objective of Huber regression with the derivatives that Newton's method asks for, over row blocks or products.

    f(w, b, sigma) = 1/S sum_i s_i (sigma + 2/sigma H(r_i)) + sum_j l2_j / 2 w_j^2,   r_i = x_i'w + b - y_i, S = sum s_i

H is Huber's loss with threshold epsilon sigma; 2/sigma H(r) = sigma phi(r / sigma) in the notation of `HuberRegressor`.

    gradient in z_i      g_i = 2/sigma H'(r_i)
    in sigma             1 - min(|r_i| / sigma, epsilon)^2
    Hessian              2/sigma sum over |r_i| <= epsilon sigma of s_i u_i u_i',    u_i = (x_i, 1, -r_i / sigma)

Two touches of curvature keep steps in bounds. An outlier gets a thousandth of the curvature that would bound its loss
from above, 2/sigma epsilon sigma / |r_i|: where the inliers do not span all columns there is no other. And sigma gets
the size of its gradient over sigma, which vanishes at the minimum: a step then at most doubles sigma, or takes it to 0.
"""

from typing import Any

import numpy as np

from panlearn.core.blocks import ArrayRows, reduce_rows
from panlearn.core.products import products_of
from panlearn.core.threads import scratch
from panlearn.losses.huber import Huber

TOUCH = 1e-3  # of the curvature of an outlier; more of it and Newton's method turns into slow reweighted least squares
FLOOR = 1e-8  # least sigma: a hyperplane through all rows pulls it to 0, where the objective is not smooth


class HuberObjective:
    """The objective as a function of x = (w, b, sigma), with Hessians by row blocks and products with them.

    Parameters
    ----------
    source : ArrayRows
        Rows in memory, dense or sparse; `newton` needs dense ones.
    unit : ndarray of shape (p,)
        Units of the columns: the weights belong to X / unit.
    l2 : ndarray of shape (p,)
        Strength of the penalty on each of them.
    epsilon : float
        Threshold for outliers, in units of sigma.
    intercept : bool
        Whether b is used; it stays 0 otherwise.
    """

    def __init__(self, source: ArrayRows, unit: np.ndarray, l2: np.ndarray, epsilon: float, intercept: bool) -> None:
        self.source, self.unit, self.epsilon, self.intercept = source, unit, epsilon, intercept
        X, self.y, weight = source.rows
        self.weight = np.ones(len(self.y)) if weight is None else weight
        self.total, self.l2 = float(self.weight.sum()), np.append(l2, [0.0, 0.0])
        self.products = products_of(X)

    def value(self, x: np.ndarray) -> float:
        """The objective."""
        return self.gradient(x)[0]

    def gradient(self, x: np.ndarray) -> tuple[float, np.ndarray]:
        """Objective and gradient; fixes x for `diagonal` and `product`."""
        sigma = x[-1]
        if not sigma > FLOOR:
            return np.inf, x
        z = self.products.forward((x[:-2] / self.unit)[:, None])[:, 0] + x[-2]
        sums, self.u = self._sums(z, self.y, self.weight, sigma)
        bent, self.inner = self._curvature(self.u)
        self.h = 2 / (sigma * self.total) * self.weight * bent
        value, back, rest = sums
        value, gradient = self._finish(value, np.append(self.products.back(back[:, None])[:, 0], rest), x)
        self.bend = abs(gradient[-1]) / sigma
        return value, gradient

    def derivatives(self, x: np.ndarray, exact: bool) -> tuple[float, np.ndarray, np.ndarray]:
        """Objective, gradient and Hessian in one pass over the row blocks."""
        sigma, v, size = x[-1], x[:-2] / self.unit, x.size
        if not sigma > FLOOR:
            return np.inf, x, np.eye(size)

        def statistic(X: Any, y: np.ndarray, weight: np.ndarray | None) -> tuple:
            weight = np.ones(len(y)) if weight is None else weight
            (value, back, rest), u = self._sums(X @ v + x[-2], y, weight, sigma)
            bent, inner = self._curvature(u)
            root, Z = np.sqrt(weight * bent), scratch("bordered", (len(y), size))
            np.multiply(X, root[:, None], out=Z[:, :-2])
            Z[:, -2], Z[:, -1] = root, -root * inner
            return value, np.append(X.T @ back, rest), Z.T @ Z

        value, gradient, hessian = reduce_rows(statistic, self.source, work=size * (size + 20.0))
        value, gradient = self._finish(value, gradient, x)
        scale = np.append(1 / self.unit, [1.0, 1.0])
        hessian *= 2 / (sigma * self.total) * scale * scale[:, None]
        np.einsum("ii->i", hessian)[:] += self.l2
        hessian[-1, -1] += abs(gradient[-1]) / sigma
        if not self.intercept:
            hessian[-2] = hessian[:, -2] = 0.0
            hessian[-2, -2] = 1.0
        return value, gradient, hessian

    def _sums(self, z: np.ndarray, y: np.ndarray, weight: np.ndarray, sigma: float) -> tuple[tuple, np.ndarray]:
        """Sum of the losses, weighted slopes, their sum and the slope in sigma; the residuals in units of sigma."""
        loss, u = Huber(self.epsilon * sigma), (z - y) / sigma
        value = float(weight @ (sigma + 2 / sigma * loss.values(z, y)))
        slopes = 2 / sigma * weight * loss.slopes(z, y)
        in_sigma = weight @ (1 - np.minimum(np.abs(u), self.epsilon) ** 2)
        return (value, slopes, np.array([slopes.sum(), in_sigma])), u

    def _curvature(self, u: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Curvature of each row in units of an inlier's, and u for inliers, 0 for outliers."""
        inside = np.abs(u) <= self.epsilon
        bent = np.where(inside, 1.0, TOUCH * self.epsilon / np.maximum(np.abs(u), self.epsilon))
        return bent, np.where(inside, u, 0.0)

    def _finish(self, value: float, gradient: np.ndarray, x: np.ndarray) -> tuple[float, np.ndarray]:
        gradient = gradient / self.total
        gradient[:-2] /= self.unit
        gradient += self.l2 * x
        if not self.intercept:
            gradient[-2] = 0.0
        if x[-1] < 2 * FLOOR:
            gradient[-1] = min(gradient[-1], 0.0)  # the bound holds it
        return value / self.total + 0.5 * float(self.l2 @ (x * x)), gradient

    def diagonal(self) -> np.ndarray:
        """Diagonal of the Hessian."""
        columns = self.products.squares(self.h[:, None])[:, 0] / self.unit**2
        found = np.append(columns, [self.h.sum(), self.h @ self.inner**2 + self.bend]) + self.l2
        return np.maximum(found, 1e-12 * max(found.max(), 1e-300))

    def product(self, v: np.ndarray) -> np.ndarray:
        """Hessian times v."""
        along = self.products.forward((v[:-2] / self.unit)[:, None])[:, 0] + v[-2] * self.intercept
        back = self.h * (along - self.inner * v[-1])
        columns = self.products.back(back[:, None])[:, 0] / self.unit
        rest = [back.sum() * self.intercept, -(self.inner @ back) + self.bend * v[-1]]
        return np.append(columns, rest) + self.l2 * v
