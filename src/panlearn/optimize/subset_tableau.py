"""The regression tableau: least squares on a subset of the columns, ready to say what every change of it would gain.

Columns x_j of length 1 and a target y enter only through G = X'X and q = X'y. For a subset S of k columns the tableau
holds, for all p columns at once,

    A = G_SS^-1 G_S:        (k, p)  coefficients of each column regressed on those of S
    c_j = x_j'(I - P_S) y           what is left to explain, as column j sees it
    d_j = x_j'(I - P_S) x_j         what is left of column j itself
    H = G_SS^-1,   w = H q_S        and the solution on S

P_S projects on the span of S. From it the change of |y - X_S w|^2 is a formula, exact for

    add j            - c_j^2 / d_j
    drop i           + w_i^2 / H_ii
    swap i for j     + w_i^2 / H_ii - (c_j + w_i A_ij / H_ii)^2 / (d_j + A_ij^2 / H_ii)

so one pass over A finds the best of all k (p - k) swaps [miller2002]. A change of S is a rank-one update of A, k p
operations, given the row of G of the column that enters: the sweep operator [goodnight1979]. Nothing here touches the
rows of the data.

When it fails: columns that are dependent on S to `DEPENDENT` (d_j) are never taken; rounding grows with the condition
of G_SS, so the tableau is computed anew from G after `FRESH` updates.
"""

from typing import Protocol

import numpy as np

from panlearn.core.jit import kernel
from panlearn.core.threads import map_chunks

DEPENDENT = 1e-9  # squared distance of a unit column from the span of S below which it counts as inside
FRESH = 64  # updates after which rounding is cleared away
BLOCK = 512  # columns whose part of the tableau's working row stays in the nearest cache


@kernel
def enter(table, rows, t, pivot, share, A, c, d, start, stop):  # updates A, c, d
    """Regress columns start to stop on one more column.

    table[rows] holds the rows of G of the old columns and then the new one; t are the coefficients of the new column
    on the old ones, pivot its d, share its c.
    """
    k = t.size
    row, fresh = A[k], table[rows[k]]
    for a in range(start, stop, BLOCK):
        b = min(a + BLOCK, stop)
        for l in range(a, b):
            row[l] = fresh[l]
        for i in range(k):
            f, known = t[i], table[rows[i]]
            for l in range(a, b):
                row[l] -= f * known[l]
        for l in range(a, b):
            row[l] /= pivot
            c[l] -= share * row[l]
            d[l] -= pivot * row[l] * row[l]
        for i in range(k):
            f, other = t[i], A[i]
            for l in range(a, b):
                other[l] -= f * row[l]


@kernel
def leave(place, factors, u, v, A, c, d, start, stop):  # updates A, c, d
    """Regress columns start to stop on all but one column; its row of A is overwritten by the last one."""
    k, row = factors.size, A[place]
    for a in range(start, stop, BLOCK):
        b = min(a + BLOCK, stop)
        for l in range(a, b):
            c[l] += u * row[l]
            d[l] += v * row[l] * row[l]
        for i in range(k):
            if i != place:
                f, other = factors[i], A[i]
                for l in range(a, b):
                    other[l] -= f * row[l]
        for l in range(a, b):
            row[l] = A[k - 1, l]


@kernel
def best_swaps(A, c, d, u, v, loss, least, gains, start, stop):  # updates gains
    """For each column of start to stop, the best gain of the swaps that bring it in."""
    for a in range(start, stop, BLOCK):
        b = min(a + BLOCK, stop)
        for l in range(a, b):
            gains[l] = -np.inf
        for i in range(loss.size):
            row, ui, vi, lost = A[i], u[i], v[i], loss[i]
            for l in range(a, b):
                left = d[l] + vi * row[l] * row[l]
                seen = c[l] + ui * row[l]
                gain = (seen * seen if left > least else 0.0) / max(left, least) - lost
                gains[l] = max(gains[l], gain)


@kernel
def widen(H, w, t, pivot, share):  # updates H, w
    """The inverse Gram matrix and the weights with one more column."""
    k = t.size
    for i in range(k):
        f = t[i] / pivot
        for l in range(k):
            H[i, l] += f * t[l]
        H[i, k] = H[k, i] = -f
        w[i] -= f * share
    H[k, k], w[k] = 1.0 / pivot, share / pivot


@kernel
def narrow(H, w, place, k):  # updates H, w
    """The same with one column less; the last one moves to its place."""
    h, f, last = H[place, place], H[place, :k].copy(), k - 1
    share = w[place] / h
    for i in range(k):
        w[i] -= share * f[i]
        for l in range(k):
            H[i, l] -= f[i] * f[l] / h
    w[place] = w[last]
    for l in range(k):
        H[place, l] = H[last, l]
    for l in range(k):
        H[l, place] = H[l, last]
    H[place, place] = H[last, last]


class Gram(Protocol):
    """Cross products of unit columns, as a tableau sees them."""

    cross: np.ndarray  # (p,) q
    usable: np.ndarray  # (p,) False for columns never to be taken
    square: float  # |y|^2

    def table(self, subset: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """An array with the rows of G of these columns, and where in it they are."""
        ...


class Tableau:
    """A subset of the columns with everything that its neighbours need.

    Parameters
    ----------
    gram : Gram
        Cross products.
    capacity : int
        Most columns at a time.
    """

    def __init__(self, gram: Gram, capacity: int) -> None:
        self.gram, p = gram, len(gram.cross)
        self.A, self.H, self.weights = np.empty((capacity, p)), np.empty((capacity, capacity)), np.empty(capacity)
        self.set(np.empty(0, dtype=np.intp))

    @property
    def size(self) -> int:
        """Number of columns in the subset."""
        return len(self.subset)

    @property
    def w(self) -> np.ndarray:
        """Weights of the subset's columns, (k,)."""
        return self.weights[: len(self.subset)]

    @property
    def spread(self) -> np.ndarray:
        """Diagonal of H, (k,)."""
        return self.H.ravel()[:: len(self.H) + 1][: len(self.subset)]

    @property
    def explained(self) -> float:
        """|y|^2 less the squared error of the subset."""
        return float(self.gram.cross[self.subset] @ self.w)

    def gains(self) -> np.ndarray:
        """What each column would take from the squared error, (p,); 0 for columns in the span of the subset."""
        return np.divide(self.c * self.c, self.d, out=np.zeros_like(self.c), where=self.d > DEPENDENT)

    def losses(self) -> np.ndarray:
        """What dropping each column of the subset would add to the squared error, (k,)."""
        return self.w**2 / self.spread

    def swap_gains(self) -> np.ndarray:
        """What the best swap that brings in each column would take from the squared error, (p,)."""
        k, p = self.size, len(self.c)
        v, gains = 1.0 / self.spread, np.empty(p)
        u = self.w * v
        loss = self.w * u

        def part(start: int, stop: int) -> None:
            best_swaps(self.A, self.c, self.d, u, v, loss, DEPENDENT, gains, start, stop)

        map_chunks(part, p, work=4.0 * k * p, align=BLOCK)
        return gains

    def partner(self, j: int) -> int:
        """Place of the column that leaves in the best swap that brings in column j."""
        v, a = 1.0 / self.spread, self.A[: self.size, j]
        left = self.d[j] + v * a * a
        gains = np.divide((self.c[j] + self.w * v * a) ** 2, left, out=np.zeros_like(a), where=left > DEPENDENT)
        return int((gains - self.w**2 * v).argmax())

    def add(self, j: int) -> None:
        """Put column j into the subset."""
        if self.updates >= FRESH:
            self.set(self.subset)
        k, p = self.size, len(self.c)
        subset = np.append(self.subset, j)
        table, rows = self.gram.table(subset)
        t, pivot, share = self.A[:k, j].copy(), float(self.d[j]), float(self.c[j])

        def part(start: int, stop: int) -> None:
            enter(table, rows, t, pivot, share, self.A, self.c, self.d, start, stop)

        map_chunks(part, p, work=6.0 * k * p, align=BLOCK)
        widen(self.H, self.weights, t, pivot, share)
        self.A[:k, j], self.A[k, j], self.c[j], self.d[j] = 0.0, 1.0, 0.0, 0.0
        self.subset, self.updates = subset, self.updates + 1

    def drop(self, place: int) -> None:
        """Take a column out of the subset; the last one moves to its place."""
        k, p = self.size, len(self.c)
        v = 1.0 / float(self.H[place, place])
        factors, u = self.H[:k, place] * v, v * float(self.weights[place])

        def part(start: int, stop: int) -> None:
            leave(place, factors, u, v, self.A, self.c, self.d, start, stop)

        map_chunks(part, p, work=4.0 * k * p, align=BLOCK)
        narrow(self.H, self.weights, place, k)
        left, self.updates = self.subset[:-1].copy(), self.updates + 1
        left[place : place + 1] = self.subset[-1]  # nothing if the last one leaves
        self.subset = left

    def set(self, subset: np.ndarray) -> None:
        """Compute the tableau of a subset from G."""
        table, rows = self.gram.table(subset)
        k, cross, known = len(subset), self.gram.cross, table[rows]
        self.H[:k, :k] = inverse = np.linalg.inv(known[:, subset])
        self.subset, self.updates = subset, 0
        self.weights[:k] = inverse @ cross[subset]
        np.matmul(inverse, known, out=self.A[:k])
        self.c = cross - self.w @ known
        self.d = self.gram.usable - np.einsum("ij,ij->j", self.A[:k], known)
        self.A[:k, subset], self.c[subset], self.d[subset] = np.eye(k), 0.0, 0.0
