"""Columns of length 1 and their cross products: the data side of best-subset selection.

    minimise over subsets S   1/2 sum_i s_i (y_i - b - x_i'w)^2 + 1/2 ridge |w|^2,    w_j = 0 outside S

is a problem about columns of length 1 only. Centre them (the intercept), multiply rows by sqrt(s_i), append the rows
sqrt(ridge) I with targets 0, and divide each column by its length c_j = sqrt(|x_j|^2 + ridge). Then

    G_jl = x_j'x_l / (c_j c_l)  for j != l,      G_jj = 1,      q_j = x_j'y / c_j

so a squared penalty only shrinks the off-diagonal part of G: no algorithm on G needs to know about it.

The rows of G are wanted in two ways. `GramBlock` holds G of a working set of columns, whole. `GramRows` holds rows of
G over all p columns, each computed when it is first asked for: n p operations, together with others in BLAS-3.
"""

from typing import Any

import numpy as np
from scipy.sparse import hstack, issparse

CONSTANT = 1e-26  # share of a column's square below which its variation is rounding


class UnitColumns:
    """Data with centred, weighted columns, and their lengths.

    Parameters
    ----------
    X : ndarray or sparse matrix of shape (n, p)
        Columns.
    y : ndarray of shape (n,)
        Target.
    weight : ndarray of shape (n,) or None
        Weights of the rows.
    intercept : bool
        Centre X and y by their weighted means.
    ridge : float
        Squared penalty on the weights, in units of the sum of squares.

    Attributes
    ----------
    Z : ndarray or CSC matrix of shape (n, p)
        Columns times the roots of the weights, centred unless sparse.
    length : ndarray of shape (p,)
        c; 1 for columns that are constant.
    usable : ndarray of shape (p,)
        False for columns that are constant.
    cross : ndarray of shape (p,)
        q.
    square : float
        |y|^2 after centring.
    finite : bool
        False if the data hold NaN, infinities, or numbers whose squares overflow; all else is then meaningless.
    """

    def __init__(self, X: Any, y: np.ndarray, weight: np.ndarray | None, intercept: bool, ridge: float) -> None:
        n, p = X.shape
        share = np.full(n, 1.0 / n) if weight is None else weight / weight.sum()
        self.root, self.ridge = np.ones(n) if weight is None else np.sqrt(weight), ridge
        self.mean = np.asarray(share @ X, dtype=np.float64) if intercept else np.zeros(p)
        self.y_mean = float(share @ y) if intercept else 0.0
        self.y = self.root * (y - self.y_mean)
        self.square = float(self.y @ self.y)
        if self.square <= CONSTANT * float((self.root * y) @ (self.root * y)):
            self.y, self.square = np.zeros(n), 0.0
        offset = self.mean**2 * float(self.root @ self.root)
        if issparse(X):
            self.Z = X.multiply(self.root[:, None]).tocsc().astype(np.float64)
            total = np.asarray(self.Z.multiply(self.Z).sum(axis=0)).ravel()
            squares = total - offset
        else:
            self.Z = np.subtract(X, self.mean, dtype=np.float64)
            if weight is not None:
                self.Z *= self.root[:, None]
            squares = np.einsum("ij,ij->j", self.Z, self.Z)
            total = squares + offset
        self.finite = bool(np.isfinite(squares).all() and np.isfinite(self.square))
        self.usable = squares > (1e3 * np.finfo(float).eps if issparse(X) else CONSTANT) * total
        self.length = np.where(self.usable, np.sqrt(np.where(self.usable, squares, 0.0) + ridge), 1.0)
        self.cross = np.where(self.usable, self.back(self.y) / self.length, 0.0)

    def back(self, u: np.ndarray) -> np.ndarray:
        """Products of the centred columns with a vector, (p,)."""
        if issparse(self.Z):
            return self.Z.T @ u - (self.root @ u) * self.mean
        return u @ self.Z

    def part(self, columns: np.ndarray) -> Any:
        """Some columns of Z, (n, m)."""
        return self.Z[:, columns]

    def products(self, left: np.ndarray, A: Any, right: np.ndarray | slice, B: Any) -> np.ndarray:
        """Rows `left` of G at the columns `right`, whose parts of Z are A and B."""
        if issparse(A):
            G = (A.T @ B).toarray()
            G -= np.outer(self.mean[left] * (self.root @ self.root), self.mean[right])
        else:
            G = A.T @ B
        G /= self.length[right]
        G /= self.length[left][:, None]
        G[~self.usable[left]] = 0.0
        G[:, ~self.usable[right]] = 0.0
        return G

    def residual(self, subset: np.ndarray, w: np.ndarray) -> np.ndarray:
        """Target less the fit of some unit columns with weights w, (n,)."""
        w = w / self.length[subset]
        fit = self.Z[:, subset] @ w
        return self.y - (fit - self.root * (self.mean[subset] @ w) if issparse(self.Z) else fit)

    def refined(self, subset: np.ndarray) -> np.ndarray:
        """Least-squares weights of some unit columns.

        Two steps of iterative refinement on the residual of the rows give back the digits that the normal equations
        lose.
        """
        part, ridge = self.part(subset), self.ridge / self.length[subset] ** 2
        G = self.products(subset, part, subset, part)
        np.fill_diagonal(G, 1.0)
        w = np.linalg.solve(G, self.cross[subset])
        for _ in range(2):
            r = self.y - part @ (w / self.length[subset])
            if issparse(part):
                r += self.root * (self.mean[subset] @ (w / self.length[subset]))
            gradient = (part.T @ r - (self.root @ r) * self.mean[subset] * issparse(part)) / self.length[subset]
            w = w + np.linalg.solve(G, gradient - ridge * w)
        return w

    def solution(self, subset: np.ndarray, w: np.ndarray) -> tuple[np.ndarray, float]:
        """Weights in the units of the data, (p,), and the intercept, from weights of the unit columns."""
        coef = np.zeros(len(self.mean))
        coef[subset] = w / self.length[subset]
        return coef, self.y_mean - float(coef @ self.mean)


class GramBlock:
    """G and q of a working set of columns.

    Parameters
    ----------
    data : UnitColumns
        The columns.
    columns : ndarray of shape (m,)
        Which of them; their order is that of the block.
    """

    def __init__(self, data: UnitColumns, columns: np.ndarray) -> None:
        self.data, self.columns = data, columns
        self.cross, self.usable, self.square = data.cross[columns], data.usable[columns], data.square
        self.part = data.part(columns)
        self.G = data.products(columns, self.part, columns, self.part)
        np.fill_diagonal(self.G, 1.0)

    def extended(self, columns: np.ndarray) -> "GramBlock":
        """The block with more columns at its end."""
        wider, m, data, part = object.__new__(GramBlock), len(self.columns), self.data, self.data.part(columns)
        wider.data, wider.columns = data, np.append(self.columns, columns)
        wider.part = hstack([self.part, part], format="csc") if issparse(part) else np.hstack([self.part, part])
        wider.cross, wider.usable = data.cross[wider.columns], data.usable[wider.columns]
        wider.square, wider.G = self.square, np.empty((len(wider.columns),) * 2)
        wider.G[:m, :m] = self.G
        wider.G[m:] = data.products(columns, part, wider.columns, wider.part)
        wider.G[:m, m:] = wider.G[m:, :m].T
        np.fill_diagonal(wider.G, 1.0)
        return wider

    def table(self, subset: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """An array that holds the rows of these columns, and where."""
        return self.G, subset

    def places(self, columns: np.ndarray) -> np.ndarray:
        """Where in the block these columns are."""
        order = np.argsort(self.columns)
        return order[np.searchsorted(self.columns, columns, sorter=order)]


class GramRows:
    """Rows of G over all columns, computed when first asked for and then kept.

    Parameters
    ----------
    data : UnitColumns
        The columns.
    """

    def __init__(self, data: UnitColumns) -> None:
        self.data, p = data, len(data.cross)
        self.cross, self.usable, self.square = data.cross, data.usable, data.square
        self.held, self.slots, self.count = np.empty((0, p)), np.full(p, -1, dtype=np.intp), 0

    def table(self, subset: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """An array that holds the rows of these columns, and where."""
        new = subset[self.slots[subset] < 0]
        if len(new):
            end = self.count + len(new)
            if end > len(self.held):
                held = np.empty((max(end, 2 * len(self.held)), len(self.cross)))
                held[: self.count] = self.held[: self.count]
                self.held = held
            rows = self.data.products(new, self.data.part(new), slice(None), self.data.Z)
            rows[np.arange(len(new)), new] = 1.0
            self.held[self.count : end] = rows
            self.slots[new], self.count = np.arange(self.count, end), end
        return self.held, self.slots[subset]
