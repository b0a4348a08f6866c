"""Best subsets for a smooth convex loss: swaps ranked by Newton's model, then fitted exactly [hazimeh2020].

    minimise  F(w, b) = sum_i share_i loss(x_i'w + b, y_i) + l2/2 |w|^2    over weights on k columns

At the fit of a subset S, Newton's model of the loss is a weighted least-squares problem: rows weighted by
h_i = share_i loss'', targets z_i - loss' / loss''. Its tableau (`subset_tableau`) ranks all additions, removals and
swaps of columns at once. The model is not the loss, so the best of the ranking are fitted exactly, by Newton's method
on their k + 1 parameters, and the first that lowers F is taken. On small problems the ranking is followed to its end:
no swap of one column lowers F then. The walks are those of `best_subset`, and so is the working set.

With few columns a proof is possible: F of a superset is no larger than F of a subset, so leaps and bounds
[furnival1974] works for any loss, at the price of a fit a node.

Cost: a fit n k^2 for each Newton step; a model n m for the m columns of the working set.

Course notes: 000 §3.4, 001 §4.2.
"""

import heapq
from typing import Any, NamedTuple, Protocol

import numpy as np
from scipy.sparse import issparse

from panlearn.core.threads import single_threaded_blas
from panlearn.optimize.newton import newton
from panlearn.optimize.subset_tableau import DEPENDENT, Tableau
from panlearn.optimize.unit_columns import CONSTANT, GramRows, UnitColumns

LEAST = 1e-9  # a fall of F by less, relative to F at w = 0, is rounding
FLAT = 1e-4  # least curvature of a row in the model, relative to the largest: nearly certain rows have none
HOPE = 0.3  # share of what a column is worth that the model may be wrong by when it is swapped
TRIES = 12  # additions, removals or swaps fitted for one taken
ALL = 300  # swaps up to which all of them are fitted
FIRST, SCOUTED = 256, 64  # columns in the working set at the start, columns that each size adds
WIDEST = 20  # columns up to which a proof is tried
ROUNDS = 50  # most checks of all columns


def swaps_tried(k: int, p: int) -> int | None:
    """How many swaps of k columns for one of the p - k others are fitted at the end; None for all of them.

    Examples
    --------
    >>> swaps_tried(2, 40), swaps_tried(10, 5000)
    (None, 12)
    """
    return None if k * (p - k) <= ALL else TRIES


class Loss(Protocol):
    """A convex loss of one raw prediction a row."""

    def values(self, z: np.ndarray, y: np.ndarray) -> np.ndarray:
        """Loss of each row, (n,)."""
        ...

    def derivatives(self, z: np.ndarray, y: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Loss, first and second derivative in z of each row."""
        ...


class SubsetFit(NamedTuple):
    """The minimiser of F on some columns."""

    columns: np.ndarray  # (k,) ascending
    value: float  # F
    w: np.ndarray  # (k,) weights
    b: float  # intercept
    z: np.ndarray  # (n,) raw predictions
    gradient_norm: float  # largest component of F's gradient, in columns of unit variance


class _OnColumns:
    """F of the weights of some columns, as `newton` sees it."""

    def __init__(self, A: np.ndarray, y: np.ndarray, share: np.ndarray, loss: Loss, ridge: np.ndarray) -> None:
        self.A, self.y, self.share, self.loss, self.ridge = A, y, share, loss, ridge

    def value(self, x: np.ndarray) -> float:
        return float(self.share @ self.loss.values(self.A @ x, self.y)) + 0.5 * float(self.ridge @ (x * x))

    def gradient(self, x: np.ndarray) -> tuple[float, np.ndarray]:
        return self.derivatives(x, True)[:2]

    def derivatives(self, x: np.ndarray, exact: bool) -> tuple[float, np.ndarray, np.ndarray]:
        values, first, second = self.loss.derivatives(self.A @ x, self.y)
        hessian = (self.A * (self.share * second)[:, None]).T @ self.A
        np.einsum("ii->i", hessian)[:] += self.ridge
        value = float(self.share @ values) + 0.5 * float(self.ridge @ (x * x))
        return value, self.A.T @ (self.share * first) + self.ridge * x, hessian


class LossSubsets:
    """The search, and the best fit found so far of each size in `found`.

    Parameters
    ----------
    X : ndarray or CSC matrix of shape (n, p)
        Columns.
    y : ndarray of shape (n,)
        Targets.
    share : ndarray of shape (n,)
        Weights of the rows, which sum to 1.
    loss : Loss
        The loss.
    l2 : float
        Squared penalty on the weights.
    intercept : bool
        Fit b.
    """

    def __init__(self, X: Any, y: np.ndarray, share: np.ndarray, loss: Loss, l2: float, intercept: bool) -> None:
        self.X, self.y, self.share, self.loss, self.l2, self.intercept = X, y, share, loss, l2, intercept
        self.mean = np.asarray(share @ X, dtype=np.float64)
        squares = X.multiply(X) if issparse(X) else np.square(X, dtype=np.float64)
        squares = np.asarray(share @ squares, dtype=np.float64)
        self.finite = bool(np.isfinite(squares).all())
        varied = squares - self.mean**2 * intercept > (1e3 * np.finfo(float).eps if intercept else CONSTANT) * squares
        self.usable = np.asarray(varied)
        self.scale = np.where(self.usable, np.sqrt(np.abs(squares - self.mean**2 * intercept)), 1.0)
        if not intercept:
            self.mean = np.zeros_like(self.mean)
        self.fits = self.swaps = self.walks = 0
        self.inescapable, self.wanted = set[int](), set[int]()
        empty = self.fit(np.empty(0, dtype=np.intp))
        self.found, self.least = {0: empty}, LEAST * empty.value
        self.working = np.empty(0, dtype=np.intp)
        self.scout(empty, FIRST)

    def fit(self, columns: np.ndarray, start: SubsetFit | None = None, tol: float = 1e-6) -> SubsetFit:
        """Minimise F on some columns, from the weights that they have in another fit."""
        self.fits += 1
        columns = np.sort(columns)
        part = self.X[:, columns].toarray() if issparse(self.X) else self.X[:, columns]
        A = (part.astype(np.float64) - self.mean[columns]) / self.scale[columns]
        ridge, x = self.l2 / self.scale[columns] ** 2, np.zeros(len(columns) + self.intercept)
        if self.intercept:
            A, ridge = np.column_stack([A, np.ones(len(A))]), np.append(ridge, 0.0)
        if start is not None:
            _, here, there = np.intersect1d(columns, start.columns, return_indices=True)
            x[here] = (start.w * self.scale[start.columns])[there]
            x[len(columns) :] = start.b + start.w @ self.mean[start.columns]
        found = newton(_OnColumns(A, self.y, self.share, self.loss, ridge), x, tol=tol, max_iter=50)
        w = found.x[: len(columns)] / self.scale[columns]
        b = float(found.x[-1] - w @ self.mean[columns]) if self.intercept else 0.0
        return SubsetFit(columns, found.value, w, b, A @ found.x, found.gradient_norm)

    # moves

    def model(self, at: SubsetFit, columns: np.ndarray) -> tuple[Tableau, np.ndarray]:
        """Newton's model at a fit, on some columns; and those columns."""
        _, first, second = self.loss.derivatives(at.z, self.y)
        second = np.maximum(second, FLAT * second.max())
        part = self.X if len(columns) == len(self.mean) else self.X[:, columns]
        data = UnitColumns(part, at.z - first / second, self.share * second, self.intercept, self.l2)
        tableau = Tableau(GramRows(data), len(at.columns) + 1)
        tableau.set(np.searchsorted(columns, at.columns))
        return tableau, columns

    def keep(self, fit: SubsetFit) -> bool:
        """Remember the best fit of its size; True if this one is new."""
        old = self.found.get(len(fit.columns))
        if old is not None and fit.value >= old.value - self.least:
            return False
        self.found[len(fit.columns)] = fit
        return True

    def grown(self, at: SubsetFit) -> SubsetFit | None:
        """The best of the additions that the model likes."""
        tableau, columns = self.model(at, self.working)
        gains = tableau.gains()
        gains[tableau.subset] = 0.0
        likely = [j for j in np.argsort(-gains)[:TRIES] if gains[j] > 0]
        fits = [
            self.fit(np.append(at.columns, columns[j]), at) for j in likely[: max(3, TRIES // (1 + len(at.columns)))]
        ]
        return min(fits, key=lambda fit: fit.value, default=None)

    def shrunk(self, at: SubsetFit) -> SubsetFit:
        """The best of the removals that the model likes."""
        losses = self.model(at, at.columns)[0].losses()
        return min((self.fit(np.delete(at.columns, i), at) for i in np.argsort(losses)[:3]), key=lambda fit: fit.value)

    def better(self, at: SubsetFit, columns: np.ndarray) -> SubsetFit | None:
        """The first swap, in the model's order, that lowers F; None if none of those tried does."""
        t, columns = self.model(at, columns)
        k, m = t.size, len(columns)
        if not 0 < k < m:
            return None
        v, A = 1.0 / t.spread[:, None], t.A[:k]
        left, seen = t.d + v * A * A, t.c + t.w[:, None] * v * A
        gains = np.divide(seen * seen, left, out=np.zeros_like(left), where=left > DEPENDENT) - t.w[:, None] ** 2 * v
        gains[:, t.subset] = -np.inf
        gains[left <= DEPENDENT] = -np.inf
        tried = swaps_tried(k, m)
        few, count = tried is None, tried or k * (m - k)
        bar = np.full(k, -np.inf) if few else -HOPE * t.losses() * (k in self.wanted)
        likely = np.argpartition(-gains.ravel(), count - 1)[:count]
        for move in likely[np.argsort(-gains.ravel()[likely])]:
            i, j = divmod(int(move), m)
            if gains[i, j] <= bar[i]:
                continue
            trial = self.fit(np.append(at.columns[at.columns != columns[t.subset[i]]], columns[j]), at)
            if trial.value < at.value - self.least:
                self.swaps += 1
                return trial
        return None

    def polished(self, at: SubsetFit) -> SubsetFit:
        """Swap until no swap in the working set that was tried helps; the better of the result and what was known."""
        following: SubsetFit | None = at
        while following is not None:
            at, following = following, self.better(following, self.working)
        self.keep(at)
        return self.found[len(at.columns)]

    def scout(self, at: SubsetFit, count: int) -> None:
        """Take the columns with the largest gradients into the working set."""
        slope = self.share * self.loss.derivatives(at.z, self.y)[1]
        gradient = np.asarray(slope @ self.X) - slope.sum() * self.mean
        size = np.where(self.usable, np.abs(gradient) / self.scale, -1.0)
        size[self.working] = -1.0
        chosen = np.argpartition(-size, min(count, len(size)) - 1)[:count]
        self.working = np.union1d(self.working, chosen[size[chosen] >= 0])

    # walks

    def search(self, most: int, sizes: list[int], price: float, max_iter: int) -> None:
        """Climb to the largest size, walk down and up, and look at all columns in the end.

        Parameters
        ----------
        most : int
            Largest size.
        sizes : list of int
            Sizes wanted.
        price : float
            Penalty for each column, in the units of F.
        max_iter : int
            Most walks down and up.
        """
        self.wanted = set(sizes)
        with single_threaded_blas():
            top = self._climb(most, price)
            sizes = [k for k in sizes if k <= top] or [top]
            for walk in range(max_iter):
                before = {k: fit.value for k, fit in self.found.items()}
                self._descend(top, min(sizes))
                if walk or len(sizes) > 1:
                    self._ascend(top)
                if all(self.found[k].value >= value - self.least for k, value in before.items()):
                    break
            for k in sizes:
                self._settle(k)
                self.found[k] = self.fit(self.found[k].columns, self.found[k], tol=1e-9)

    def _climb(self, most: int, price: float) -> int:
        at: SubsetFit | None = self.found[0]
        while at is not None and len(at.columns) < most:
            at = self.grown(at)
            if at is None:
                break
            at = self.polished(at)
            self.scout(at, SCOUTED)
            best = min(self.found, key=lambda k: self.found[k].value + price * k)
            if price and len(at.columns) > 10 + 1.25 * best:
                break
        return max(self.found)

    def _ascend(self, top: int) -> None:
        self.walks += 1
        for k in range(top):
            bigger = self.grown(self.found[k])
            if bigger is not None:
                self.polished(bigger)

    def _descend(self, top: int, lowest: int) -> None:
        self.walks += 1
        at = self.found[top]
        for _ in range(max(2, top // 4)):
            at = self.grown(at) or at
        while len(at.columns) > max(1, lowest):
            at = self.shrunk(at)
            if len(at.columns) <= top:
                at = self.polished(at)

    def _settle(self, k: int) -> None:
        """Look for swaps with any column."""
        everything = np.arange(len(self.mean))
        for _ in range(ROUNDS):
            found = self.better(self.found[k], everything)
            if found is None:
                self.inescapable.add(k)
                return
            self.working = np.union1d(self.working, found.columns)
            self.keep(found)
            self.polished(found)

    def prove(self, k: int, bar: float, max_nodes: int) -> tuple[float, SubsetFit | None] | None:
        """Lower bound of F over subsets of k columns, and a fit below `bar` if there is one; None if p is large.

        The least bound is expanded first: a subset U, of which the first columns are kept for good, and F(U).
        """
        columns = np.flatnonzero(self.usable)
        if k == 0:
            return min(bar, self.found[0].value), None
        if k >= len(columns):
            whole = self.fit(columns)
            return whole.value, whole if whole.value < bar - self.least else None
        if len(columns) > WIDEST or max_nodes == 0:
            return None
        best, limit, count = None, self.fits + max_nodes, 0
        heap = [(self.fit(columns).value, 0, columns.tolist(), 0)]
        while heap and heap[0][0] < bar - self.least and self.fits < limit:
            _, _, ids, kept = heapq.heappop(heap)
            children = [self.fit(np.array(ids[:i] + ids[i + 1 :], dtype=np.intp)) for i in range(kept, len(ids))]
            order = np.argsort([-child.value for child in children], kind="stable")
            ids[kept:] = [ids[kept + i] for i in order]
            for place in range(kept, k + 1):  # the first to go; enough columns must be left behind it
                child = children[order[place - kept]]
                if len(child.columns) == k and child.value < bar - self.least:
                    bar, best = child.value, child
                elif len(child.columns) > k and child.value < bar - self.least:
                    count += 1
                    heapq.heappush(heap, (child.value, count, ids[:place] + ids[place + 1 :], place))
        return min([bar, *(entry[0] for entry in heap[:1])]), best
