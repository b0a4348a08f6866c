"""Solutions along a path of penalties by working sets, with what they need to know of the data.

    P(W) = 1/2 |Y - XW|^2 + sum_j (l1_j |w_j| + l2_j/2 |w_j|^2),     w_j the weights of column j, one for each target

Most w_j are zero. Sweeps therefore run over a working set A of columns, on the A x A part of X'X alone: one costs
|A|^2, whatever the numbers of rows and columns; the gradient of all columns is formed once they have settled. A takes
in the columns that the sequential strong rule expects for the next strength, |gradient_j| >= 2 l1_j - previous l1_j
[tibshirani2012], then those that break the optimality condition |gradient_j| <= l1_j, the worst first. None leaves: a
zero weight costs a sweep next to nothing.

What is asked of the data are the gradient and parts of X'X. Two sources give them: X'X itself (`FromMoments`), and the
columns of X (`FromColumns`), of which only the working set's are copied.
"""

from functools import cached_property
from typing import Any

import numpy as np

from panlearn.core.jit import kernel
from panlearn.optimize.centred_columns import CentredColumns

SMALL = 64  # columns up to which the working set is all of them
AHEAD = 4  # steps of the path for which the strong rule is asked at a time: copying the working set is not free
ROOM = 1.3  # size of the matrix that holds the working set's part of X'X, in units of what is needed when it grows
ROUNDING = 1e-16  # relative step of a gradient below which nothing moves any more


@kernel
def combine_rows(G, c, w, chosen, out):  # updates out = Gw - c
    """Gradient of the quadratic in all coordinates, where only the chosen weights are not zero."""
    for k in range(out.size):
        out[k] = -c[k]
    for j in chosen:
        a = w[j]
        if a != 0.0:
            for k in range(out.size):
                out[k] += a * G[j, k]


class FromMoments:
    """X'X, X'Y and |Y|^2, and no rows.

    Parameters
    ----------
    gram : ndarray of shape (p, p)
        X'X.
    cross : ndarray of shape (p,) or (targets, p)
        X'Y.
    y_square : float
        |Y|^2.
    """

    def __init__(self, gram: np.ndarray, cross: np.ndarray, y_square: float) -> None:
        self.gram, self.cross = np.ascontiguousarray(gram, np.float64), np.ascontiguousarray(cross, np.float64)
        self.y_square, self.diagonal = float(y_square), np.ascontiguousarray(gram.diagonal(), np.float64)

    def gradient(self, w: np.ndarray, chosen: np.ndarray, out: np.ndarray) -> float:
        """Write (X'X w - X'Y) to out; returns |Y - Xw|^2."""
        if w.ndim == 1:
            combine_rows(self.gram, self.cross, w, chosen, out)
        else:
            np.matmul(w[:, chosen], self.gram[chosen], out=out)
            out -= self.cross
        return max(0.0, self.y_square + float(np.vdot(w, out - self.cross)))

    def part(self, new: np.ndarray, chosen: np.ndarray) -> np.ndarray:
        """Rows `new` and columns `chosen` of X'X; `chosen` ends with `new`, and begins with what it was before."""
        return self.gram[new][:, chosen]


class FromColumns:
    """Columns of X, dense or sparse, of which only those of the working set are copied.

    Parameters
    ----------
    columns : CentredColumns
        X, centred and weighted.
    y : ndarray of shape (n,) or (n, targets)
        Targets.
    """

    def __init__(self, columns: CentredColumns, y: np.ndarray) -> None:
        root = columns.root * np.ones(columns.shape[0])
        self.columns, self.y_mean = columns, root**2 @ y if columns.intercept else np.zeros(y.shape[1:])
        self.target = ((y - self.y_mean).T * root).T  # (n,) or (n, targets)
        self.y_square = float(np.vdot(self.target, self.target))
        self.cross = self._pull(self.target)
        self.blocks: list[tuple[slice, Any]] = []  # where in the working set, and the columns

    @cached_property
    def diagonal(self) -> np.ndarray:
        """Squared lengths of the columns."""
        singles = ((j, self.columns.take(j)) for j in np.arange(self.columns.shape[1])[:, None])
        return np.array([self.columns.gram(Z, j, Z, j)[0, 0] for j, Z in singles])

    def gradient(self, w: np.ndarray, chosen: np.ndarray, out: np.ndarray) -> float:
        """Write (X'X w - X'Y) to out; returns |Y - Xw|^2."""
        residual = self.target.copy()
        for place, Z in self.blocks:
            residual -= Z @ w[..., chosen[place]].T
        if self.columns.thin:  # its columns are not centred
            shift = w[..., chosen] @ self.columns.mean[chosen]
            residual += np.multiply.outer(self.columns.root * np.ones(len(residual)), shift)
        np.negative(self._pull(residual), out=out)
        return float(np.vdot(residual, residual))

    def part(self, new: np.ndarray, chosen: np.ndarray) -> np.ndarray:
        """Rows `new` and columns `chosen` of X'X; `chosen` ends with `new`, and begins with what it was before."""
        Z, start = self.columns.take(new), len(chosen) - len(new)
        if start == 0:  # a new path
            self.blocks = []
        self.blocks.append((slice(start, len(chosen)), Z))
        return np.hstack([self.columns.gram(Z, new, other, chosen[place]) for place, other in self.blocks])

    def _pull(self, residual: np.ndarray) -> np.ndarray:
        """X'r, (p,) or (targets, p)."""
        pulled = self.columns.pull(residual.reshape(len(residual), -1)).T
        return np.ascontiguousarray(pulled.reshape(*residual.shape[1:], -1))


class WorkingSetPath:
    """The point reached on a path, and the working set; a penalty adds `certify`, `descend` and `pull`.

    Parameters
    ----------
    source : FromMoments or FromColumns
        The data.
    weights : ndarray of shape (p,), optional
        Factors of the strengths, one for each column; 1 by default.
    start : ndarray of the shape of `source.cross`, optional
        First point; 0 by default.
    """

    def __init__(self, source: Any, weights: np.ndarray | None = None, start: np.ndarray | None = None) -> None:
        p = source.cross.shape[-1]
        self.source, self.weights = source, np.ones(p) if weights is None else np.asarray(weights, dtype=np.float64)
        self.w, self.q = np.zeros_like(source.cross), -source.cross  # weights, and the gradient of the quadratic there
        self.residual_square, self.excess = source.y_square, np.zeros(p)
        self.chosen, self.part = np.arange(0), np.empty((0, 0))  # A, and that part of X'X with room for more
        self.inside = np.zeros(p, dtype=bool)
        self.last = np.inf  # strength of L1 at the point before
        self.inner = 0.0  # stop of the inner loop, tuned along the path so that the gap is met, and not by far
        self.complete = p <= SMALL  # the working set is all columns, in their order
        if self.complete:
            self._take(np.arange(p))
        if start is not None:
            self.w[...] = start
            self._take(np.flatnonzero(np.atleast_2d(start).any(axis=0) & ~self.inside))
            self.residual_square = source.gradient(self.w, self.chosen, self.q)

    def certify(self, l1: np.ndarray, l2: np.ndarray, diagonal: np.ndarray) -> float:
        """Duality gap at w; sets `excess`, by how much each zero weight breaks its condition."""
        raise NotImplementedError

    def descend(
        self, w: np.ndarray, q: np.ndarray, cross: np.ndarray, l1: np.ndarray, l2: np.ndarray, most: int
    ) -> int:
        """Minimise over the working set until no step changes the gradient by `inner`; returns the sweeps made."""
        raise NotImplementedError

    def pull(self) -> np.ndarray:
        """Size of the gradient that L1 has to hold at zero, column by column."""
        raise NotImplementedError

    def step(self, l1: float, l2: float, limit: float, max_iter: int) -> tuple[float, int]:
        """Minimise for the next strengths.

        Parameters
        ----------
        l1, l2 : float
            Strengths.
        limit : float
            Duality gap at which to stop.
        max_iter : int
            Most sweeps.

        Returns
        -------
        gap, sweeps : float, int
            What was reached, and with how many sweeps.
        """
        strengths = (l1 * self.weights, l2 * self.weights)
        free = (strengths[0] == 0) & (strengths[1] == 0)
        diagonal = self.source.diagonal if free.any() else self.weights
        if np.isfinite(self.last) and not self.complete:
            self._expect(l1)
        self.last, sweeps, size = l1, 0, float(np.abs(self.source.cross).max(initial=0.0))
        gap, least = self.certify(*strengths, diagonal), ROUNDING * size
        self.inner = self.inner or size * min(0.01, np.sqrt(limit / max(gap, limit)) if limit else 0.0)
        while sweeps < max_iter and (gap > limit or sweeps == 0):
            if not self.complete:
                self._take_violators()
            made, moved = self._sweep(*strengths, max_iter - sweeps)
            sweeps += made
            gap = self.certify(*strengths, diagonal)
            if gap > limit and (self.complete or not self.excess[~self.inside].any()):
                if not moved and self.inner <= least:
                    break  # as near as rounding lets it come
                self.inner = max(least, self.inner * max(1e-3, 0.5 * limit / gap))  # the gap falls in proportion
        self.inner *= 1.1
        return gap, sweeps

    def _sweep(self, l1: np.ndarray, l2: np.ndarray, most: int) -> tuple[int, bool]:
        """Settle the working set, then form the gradient of all columns; returns the sweeps, and if anything moved."""
        if not len(self.chosen):
            return 1, False
        A: Any = slice(None) if self.complete else self.chosen
        w, q, cross = (self._padded(field[..., A]) for field in (self.w, self.q, self.source.cross))
        made = self.descend(w, q, cross, self._padded(l1[A]), self._padded(l2[A]), most)
        w = w[..., : len(self.chosen)]
        moved = not np.array_equal(w, self.w[..., A])
        self.w[..., A] = w
        if moved:
            self.residual_square = self.source.gradient(self.w, self.chosen, self.q)
        return max(1, made), moved

    def _expect(self, l1: float) -> None:
        """Take the columns that the strong rule expects at the next strength; if any, also for those after it."""
        pull = np.where(self.inside, -np.inf, self.pull())
        step = self.last - l1
        if (pull >= (l1 - step) * self.weights).any():
            self._take(np.flatnonzero(pull >= (l1 - AHEAD * step) * self.weights))

    def _take_violators(self) -> None:
        excess = np.where(self.inside, 0.0, self.excess)
        new = np.flatnonzero(excess)
        room = max(SMALL, len(self.chosen))  # where there are more, most would turn out to be zero again
        self._take(new if len(new) <= room else new[np.argpartition(excess[new], -room)[-room:]])

    def _take(self, new: np.ndarray) -> None:
        if not len(new):
            return
        held, self.chosen = len(self.chosen), np.concatenate([self.chosen, new])
        self.inside[new] = True
        size, capacity = len(self.chosen), len(self.part)
        if size > capacity:
            wider = np.zeros(2 * [size if self.complete else min(len(self.inside), int(ROOM * size))])
            wider[:held, :held] = self.part[:held, :held]
            self.part = wider
        rows = self.source.part(new, self.chosen)
        self.part[held:size, :size], self.part[:held, held:size] = rows, rows[:, :held].T

    def _padded(self, x: np.ndarray) -> np.ndarray:
        """A copy with zeros for the room that is left: a column of zeros without penalty is passed over."""
        out = np.zeros((*x.shape[:-1], len(self.part)))
        out[..., : len(self.chosen)] = x
        return out
