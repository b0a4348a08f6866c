"""Held-out errors along a path of penalties, for every fold [stone1974], [friedman2010].

For fold k with the rows T_k held out and each penalty, w minimises the penalised squared error over the other rows, and
the error is the mean of (y_i - b - x_i'w)^2 over T_k. Two ways to know the rows:

- moments: X'X, X'y and y'y of each T_k, all in one pass over the rows. The sum over folds less T_k's own belongs to the
  other rows, and both the path and the held-out error follow from such moments: no row is read twice, whatever the
  numbers of folds and penalties. It costs n p^2, and memory for a p x p matrix a fold;
- columns: for many columns the paths run on X itself, with weight 0 for the rows held out: X is not copied.
"""

from collections import deque
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
from scipy.linalg.blas import dger  # type: ignore[attr-defined]
from scipy.sparse import issparse

from panlearn.core.blocks import ArrayRows, reduce_rows
from panlearn.core.errors import DataError
from panlearn.core.threads import run, thread_count
from panlearn.optimize import least_squares
from panlearn.optimize.centred_columns import CentredColumns
from panlearn.optimize.least_squares import Centre, Moments

SQUARE = 4000  # columns up to which p x p matrices are formed
BLOCK = 1 << 22  # entries of a block of rows whose p x p product is formed at a time
HELD = 1 << 27  # entries of all folds' p x p matrices kept at a time: 1 GB
FINER = 1e-10  # tolerance of the last fit, in units of `tol`, where more digits cost next to nothing
THREADED = 100  # columns from which folds run on a thread each


class Settings(NamedTuple):
    """How each path is found."""

    intercept: bool
    tol: float
    max_iter: int
    positive: bool = False


class Path(NamedTuple):
    """Solutions along a path."""

    coefs: np.ndarray  # (m, p) or (m, targets, p)
    intercepts: np.ndarray  # (m,) or (m, targets)
    gaps: np.ndarray  # (m,)
    sweeps: np.ndarray  # (m,)
    limit: float  # gap asked for

    @property
    def excess(self) -> float:
        """Largest gap, in units of the limit."""
        if self.limit > 0:
            return float(self.gaps.max() / self.limit)
        return np.inf if self.gaps.max() > 0 else 0.0


class MomentProblem:
    """Penalised least squares, known by moments.

    Parameters
    ----------
    s : Moments
        Of the rows to fit.
    shift : Centre
        What the rows were shifted by.
    intercept : bool
        Centre.
    single : bool
        Whether y is a vector.
    """

    refine = FINER

    def __init__(self, s: Moments, shift: Centre, intercept: bool, single: bool) -> None:
        from panlearn.optimize.working_set_path import FromMoments  # compiles or loads kernels

        cross, y_square, total = s.cross.T, s.y_square, s.weight
        gram = s.gram / total
        self.x_mean, self.y_mean, self.single = shift.x, shift.y, single
        if intercept:
            x, y = s.x / total, s.y / total
            gram = dger(-1.0, x, x, a=gram.T, overwrite_a=True).T  # gram - x x', in place where it is in C order
            cross, y_square = cross - np.outer(s.y, x), y_square - s.y * y
            self.x_mean, self.y_mean = shift.x + x, shift.y + y
        cross = cross[0] if single else cross
        self.source = FromMoments(gram, cross / total, max(0.0, float(y_square.sum())) / total)
        self.cross = self.source.cross

    def path(self, l1s: np.ndarray, l2s: np.ndarray, settings: Settings) -> Path:
        """Fit every pair of strengths."""
        found = _solve(self.source, l1s, l2s, settings)
        y_mean = self.y_mean[0] if self.single else self.y_mean
        intercepts = y_mean - found.coefs @ self.x_mean
        return Path(found.coefs, intercepts, found.gaps, found.sweeps, settings.tol * self.source.y_square)


class ColumnProblem:
    """Penalised least squares, known by the columns of X.

    Parameters
    ----------
    X : ndarray or CSC matrix of shape (n, p)
        Features.
    y : ndarray of shape (n,) or (n, targets)
        Targets.
    weight : ndarray of shape (n,), optional
        Weights of the rows; 0 for those held out.
    intercept : bool
        Centre.
    """

    def __init__(self, X: Any, y: np.ndarray, weight: np.ndarray | None, intercept: bool) -> None:
        from panlearn.optimize.working_set_path import FromColumns

        self.columns, self.y = CentredColumns(X, weight, intercept), y
        self.refine = 1.0 if y.ndim == 1 else FINER
        self.source = FromColumns(self.columns, y)
        self.cross = self.source.cross

    def path(self, l1s: np.ndarray, l2s: np.ndarray, settings: Settings) -> Path:
        """Fit every pair of strengths."""
        limit = settings.tol * self.source.y_square
        if self.y.ndim == 1:
            from panlearn.optimize.elastic_net import elastic_net_path

            _, tol, max_iter, positive = settings
            found = elastic_net_path(self.columns, self.y, l1s, l2s, positive=positive, tol=tol, max_iter=max_iter)
            return Path(found.coefs, found.intercepts, found.gaps, found.sweeps, limit)
        found = _solve(self.source, l1s, l2s, settings)
        intercepts = self.source.y_mean - found.coefs @ self.columns.mean
        return Path(found.coefs, intercepts, found.gaps, found.sweeps, limit)


def _solve(source: Any, l1s: np.ndarray, l2s: np.ndarray, settings: Settings) -> Any:
    if source.cross.ndim == 1:
        from panlearn.optimize.gram_path import path_of

        positive = settings.positive
        return path_of(source, l1s, l2s, positive=positive, tol=settings.tol, max_iter=settings.max_iter)
    from panlearn.optimize.block_coordinate_descent import block_path

    return block_path(source, l1s, l2s, tol=settings.tol, max_iter=settings.max_iter)


class MomentFolds:
    """All rows and each fold's share of them, by moments.

    Parameters
    ----------
    X, y, weight
        The rows.
    folds : list of (ndarray, ndarray)
        Rows to fit and rows held out, of each fold.
    intercept : bool
        Centre.
    """

    def __init__(self, X: Any, y: np.ndarray, weight: np.ndarray | None, folds: list[tuple], intercept: bool) -> None:
        self.X, self.y, self.weight, self.folds, self.intercept = X, y, weight, folds, intercept
        n, p = X.shape
        self.shift = least_squares.sampled_mean(ArrayRows(X, y, weight), intercept)
        self.partition = all(_complements(train, test, n) for train, test in folds)
        counts = np.bincount(np.concatenate([test for _, test in folds]), minlength=n)
        self.parts: list[Moments] = []
        if self.partition and (counts == 1).all() and len(folds) * p * p <= HELD:
            self.parts = [self._moments(test) for _, test in folds]
        self.whole = _combined(sum, self.parts) if self.parts else self._moments(None)

    def all(self) -> MomentProblem:
        """The problem of all rows."""
        return MomentProblem(self.whole, self.shift, self.intercept, self.y.ndim == 1)

    def errors(self, k: int, paths: Callable[[Any], list[Path]]) -> tuple[list[np.ndarray], list[Path]]:
        """Held-out mean squared errors of fold k for each path, and the paths."""
        train, test = self.folds[k]
        part = self.parts[k] if self.parts else self._moments(test)
        rest = _combined(lambda pair: pair[0] - pair[1], [self.whole, part]) if self.partition else self._moments(train)
        found = paths(MomentProblem(rest, self.shift, self.intercept, self.y.ndim == 1))
        return [squared_errors(part, self.shift, path) for path in found], found

    def _moments(self, chosen: np.ndarray | None) -> Moments:
        rows = slice(None) if chosen is None else _as_slice(chosen)
        X, y, weight = self.X[rows], self.y[rows], None if self.weight is None else self.weight[rows]
        p = X.shape[1]
        size = least_squares.SPARSE_ROWS if issparse(X) else max(256, min(4 * p, BLOCK // p))

        def statistic(X: Any, y: Any, weight: np.ndarray | None) -> Moments:
            return least_squares.block_moments(X, y, weight, self.shift)

        return reduce_rows(statistic, ArrayRows(X, y, weight), work=p * (p + 4.0), rows=size)


class ColumnFolds:
    """All rows and each fold's share of them, by the columns of X.

    Parameters
    ----------
    X, y, weight, folds, intercept
        As in `MomentFolds`.
    """

    def __init__(self, X: Any, y: np.ndarray, weight: np.ndarray | None, folds: list[tuple], intercept: bool) -> None:
        self.X, self.y, self.weight, self.folds, self.intercept = X, y, weight, folds, intercept
        self.by_row = X.tocsr() if issparse(X) else X

    def all(self) -> ColumnProblem:
        """The problem of all rows."""
        return ColumnProblem(self.X, self.y, self.weight, self.intercept)

    def errors(self, k: int, paths: Callable[[Any], list[Path]]) -> tuple[list[np.ndarray], list[Path]]:
        """Held-out mean squared errors of fold k for each path, and the paths."""
        train, test = self.folds[k]
        weight = np.bincount(train, minlength=len(self.y)).astype(np.float64)
        weight *= 1.0 if self.weight is None else self.weight
        found = paths(ColumnProblem(self.X, self.y, weight, self.intercept))
        held = self.by_row[_as_slice(test)]
        share = None if self.weight is None else self.weight[test]
        return [self._mean_square(held, self.y[test], share, path) for path in found], found

    @staticmethod
    def _mean_square(X: Any, y: np.ndarray, share: np.ndarray | None, path: Path) -> np.ndarray:
        used = np.flatnonzero(path.coefs.reshape(-1, path.coefs.shape[-1]).any(axis=0))
        X, errors = X[:, used], []
        for coef, constant in zip(path.coefs[..., used], path.intercepts, strict=True):
            square = (y - X @ coef.T - constant) ** 2
            errors.append(np.average(square, axis=0, weights=share).mean())
        return np.array(errors)


def squared_errors(s: Moments, shift: Centre, path: Path) -> np.ndarray:
    """Weighted mean of (y - Wx - b)^2 over the rows that the moments were taken of, for each point of a path."""
    m, p = len(path.coefs), path.coefs.shape[-1]
    coefs = path.coefs.reshape(m, s.y.size, p)  # (m, t, p)
    used = np.flatnonzero(coefs.any(axis=(0, 1)))
    b = path.intercepts.reshape(m, -1) + coefs @ shift.x - shift.y  # in shifted coordinates
    W, gram = coefs[:, :, used], s.gram[np.ix_(used, used)]
    product = (W.reshape(m * W.shape[1], len(used)) @ gram).reshape(W.shape)
    quadratic = np.einsum("mtj,mtj->mt", product, W) + s.weight * b * b
    linear = np.einsum("mtj,jt->mt", W, s.cross[used]) + b * s.y - b * (W @ s.x[used])
    return np.maximum(s.y_square + quadratic - 2 * linear, 0.0).mean(axis=1) / s.weight


def fold_errors(
    data: MomentFolds | ColumnFolds, ratios: list[float], alphas: list[np.ndarray], settings: Settings
) -> tuple[np.ndarray, float]:
    """Mean squared errors of all folds, (ratios, alphas, folds), and the largest duality gap in units of its limit.

    Folds run on a thread each where a path is long enough for that to pay.
    """

    def paths(problem: Any) -> list[Path]:
        pairs = zip(ratios, alphas, strict=True)
        return [problem.path(grid * ratio, grid * (1 - ratio), settings) for ratio, grid in pairs]

    queue, threads = iter(range(len(data.folds))), thread_count() if data.X.shape[1] >= THREADED else 1
    errors = np.empty((len(ratios), len(alphas[0]), len(data.folds)))
    worst = np.zeros(len(data.folds))

    def work() -> None:
        try:
            for k in queue:  # whichever thread is free takes the next fold
                errors[:, :, k], found = data.errors(k, paths)
                worst[k] = max(path.excess for path in found)
        except BaseException:
            deque(queue, maxlen=0)  # an error or Ctrl-C lets the other threads end with their present fold
            raise

    run([work] * min(threads, len(data.folds)))
    return errors, float(worst.max())


def check_folds(folds: list[tuple], weight: np.ndarray | None) -> None:
    """Raise an error if a fold has no rows with weight to fit or to hold out."""
    for k, parts in enumerate(folds):
        for rows, role in zip(parts, ("fit", "hold out"), strict=True):
            if not (len(rows) if weight is None else weight[rows].sum() > 0):
                raise DataError(f"cv gives fold {k} no rows with weight to {role}; use fewer folds or other weights.")


def _combined(function: Callable[[Any], Any], moments: list[Moments]) -> Moments:
    """A function of several moments, field by field."""
    return Moments(*(function(fields) for fields in zip(*moments, strict=True)))


def _complements(train: np.ndarray, test: np.ndarray, n: int) -> bool:
    seen = np.bincount(np.concatenate([train, test]), minlength=n)
    return bool((seen == 1).all())


def _as_slice(rows: np.ndarray) -> Any:
    """A slice, which needs no copy, if the rows follow each other."""
    rising = len(rows) and rows[-1] - rows[0] == len(rows) - 1 and (np.diff(rows) == 1).all()
    return slice(rows[0], rows[-1] + 1) if rising else rows
