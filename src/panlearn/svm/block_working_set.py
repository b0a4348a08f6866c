"""Block working sets: sequential minimal optimisation on a few hundred variables at a time [wen2018].

One step of SMO needs two rows of the kernel matrix and changes little; computed one by one, rows cost more than all
else. Here a round

1. picks the variables that violate the optimality conditions most, and keeps the newer half of the last round's:
   without these, two rounds would undo each other's work;
2. computes the missing kernel rows at once, by one matrix product in float32;
3. solves the problem of these variables alone by SMO, on their little Gram matrix, to a tenth of its violation;
4. updates f = K beta + offset on all rows by the changed coefficients, row tile by row tile.

When no variable seems to violate by more than `tol`, f is computed anew in float64 for every row whose rounding error
could decide: only then is the verdict final. If rounding was to blame, the rounds go on from the better f, like
iterative refinement of a linear system.

Cost: n p operations for each row that ever enters a block, mostly the support vectors, and 2 n for each change.

When it fails: a huge C on overlapping classes takes many rounds, as every kernel method does.
"""

from typing import Any, NamedTuple

import numpy as np

from panlearn.core.errors import DataError
from panlearn.core.jit import kernel
from panlearn.core.progress import progress
from panlearn.core.threads import map_chunks
from panlearn.svm.dual_problem import Table, is_unbounded, middle
from panlearn.svm.kernel_cache import NOT_FINITE, KernelCache
from panlearn.svm.sequential_minimal_optimization import descend_table

BLOCK = 512
PROBE = 64  # most extreme rows of each side whose exact products show how large rounding errors are
PATIENCE = 100  # rounds in which the objective must go down: it may not where a kernel is not semi-definite
WIDTH = 1024  # columns of an update whose sum stays in the L1 cache


@kernel
def gather(matrix, slots, columns, out):
    """The little Gram matrix of a block."""
    for i in range(slots.size):
        row, target = matrix[slots[i]], out[i]
        for j in range(columns.size):
            target[j] = row[columns[j]]


@kernel
def add_rows(products, matrix, slots, change, start, stop):
    """Add the sum of change_r matrix_r to products, between two columns."""
    total, four = np.empty(WIDTH, matrix.dtype), slots.size // 4 * 4
    for a in range(start, stop, WIDTH):
        b = min(a + WIDTH, stop)
        part = total[: b - a]
        part[:] = 0.0
        for r in range(0, four, 4):  # four rows a pass: the sum is loaded and stored a quarter as often
            c0, c1, c2, c3 = change[r], change[r + 1], change[r + 2], change[r + 3]
            r0, r1 = matrix[slots[r], a:b], matrix[slots[r + 1], a:b]
            r2, r3 = matrix[slots[r + 2], a:b], matrix[slots[r + 3], a:b]
            for j in range(part.size):
                part[j] += (c0 * r0[j] + c1 * r1[j]) + (c2 * r2[j] + c3 * r3[j])
        for r in range(four, slots.size):
            c0, r0 = change[r], matrix[slots[r], a:b]
            for j in range(part.size):
                part[j] += c0 * r0[j]
        target = products[a:b]
        for j in range(part.size):
            target[j] += part[j]


class Rounds:
    """The state of the method.

    Parameters
    ----------
    table : Table
        The variables; its alpha is updated.
    cache : KernelCache
        Rows of the kernel matrix.
    tol : float
        Violation at which to stop.
    """

    def __init__(self, table: Table, cache: KernelCache, tol: float) -> None:
        self.table, self.cache, self.tol = table, cache, tol
        self.block, self.n_iter = np.empty(0, dtype=np.intp), 0
        self.little = np.empty((0, 0), dtype=cache.matrix.dtype)
        support = np.flatnonzero(beta := table.beta)
        self.products = cache.source.rough_products(support, beta[support]) if len(support) else np.zeros(len(beta))

    def look(self) -> float:
        """Find the two sides, the thresholds and the violation."""
        self.above, self.below = self.table.sides(self.products)
        ends = self.above.min(axis=1, keepdims=True), self.below.max(axis=1, keepdims=True)
        self.thresholds, violation = middle(*ends)
        return violation

    @property
    def objective(self) -> float:
        """What is minimised."""
        table = self.table
        return float(table.beta @ self.products) / 2 + float((table.sign * table.offset * table.alpha).sum())

    def choose(self, size: int) -> np.ndarray:
        """Rows of the next block: the newer half of the last one, and the worst violators."""
        kept = self.block[len(self.block) // 2 :]
        free = np.ones(len(self.products), dtype=bool)
        free[kept] = False
        chosen, room = [kept], size - len(kept)
        lists = [*self.above, *-self.below]
        for i, list_ in enumerate(lists):
            share = room // (len(lists) - i)
            score = np.where(free, list_, np.inf)
            worst = np.argpartition(score, min(share, len(score) - 1))[:share]
            worst = worst[np.isfinite(score[worst])]
            worst = worst[np.argsort(score[worst], kind="stable")]
            worst.sort()  # in the order of memory
            free[worst] = False
            chosen.append(worst)
            room -= len(worst)
        return np.concatenate(chosen)

    def round(self, size: int, violation: float, most: int) -> int:
        """One block; returns the steps taken."""
        table = self.table
        rows = self.choose(size)
        slots = self.cache.rows(rows)
        little = self.gram(rows, slots)
        sign, offset, upper, alpha = (np.ascontiguousarray(field[:, rows]) for field in table[:4])
        local = Table(sign, offset, upper, alpha, rows, table.by_sign)
        before = local.alpha.copy()
        f = self.products[rows] + local.offset - self.thresholds
        steps, _ = descend_table(little, f, local, max(0.1 * violation, 0.5 * self.tol), most)
        table.alpha[:, rows] = local.alpha
        change = (local.sign * (local.alpha - before)).sum(axis=0)
        moved = np.flatnonzero(change)
        self.add(slots[moved], change[moved])
        self.n_iter += steps
        if not steps and not np.isfinite(little).all():
            raise DataError(NOT_FINITE)
        return steps

    def gram(self, rows: np.ndarray, slots: np.ndarray) -> np.ndarray:
        """The little Gram matrix of the block; what it shares with the last one is not read again."""
        old, kept = self.little, len(self.block) - len(self.block) // 2
        little = self.little = np.empty((len(rows), len(rows)), dtype=self.cache.matrix.dtype)
        little[:kept, :kept] = old[-kept:, -kept:] if kept else 0.0
        gather(self.cache.matrix, slots[kept:], rows, little[kept:])
        little[:kept, kept:] = little[kept:, :kept].T
        self.block = rows
        return little

    def add(self, slots: np.ndarray, change: np.ndarray) -> None:
        """Follow the changed coefficients with the products."""
        matrix, change = self.cache.matrix, change.astype(self.cache.matrix.dtype)

        def part(start: int, stop: int) -> None:
            add_rows(self.products, matrix, slots, change, start, stop)

        map_chunks(part, matrix.shape[1], work=2.0 * len(slots) * matrix.shape[1], align=WIDTH)

    def refresh(self) -> float:
        """Compute products in float64 where rounding could hide a violation; returns the violation.

        Only the extreme f decide: those near enough to them to be overtaken by rounding errors are made exact, until
        no other is within ten times the largest error seen. If errors are not small against tol, all f that lie near
        the threshold are made exact, so that the rounds can go on from there.
        """
        beta = self.table.beta
        support = np.flatnonzero(beta)
        inexact, error = np.ones(len(beta), dtype=bool), None
        while True:
            violation = self.look()
            rows = np.flatnonzero(self.doubtful(error) & inexact)
            if not len(rows):
                return violation
            exact = self.cache.source.products(rows, support, beta[support])
            error = max(error or 0.0, float(np.abs(exact - self.products[rows]).max()))
            self.products[rows], inexact[rows] = exact, False

    def doubtful(self, error: float | None) -> np.ndarray:
        """Rows whose products decide on the violation, or may do so within ten times the error; None: not yet known."""
        if error is not None and error > 0.05 * self.tol:
            f = self.products + self.table.offset - self.thresholds
            return np.any((np.abs(f) <= self.tol + 20 * error) & (self.table.upper > 0), axis=0)
        sides = np.concatenate([self.above, -self.below])
        least = sides.min(axis=1, keepdims=True)
        if error is None:
            last = min(PROBE, sides.shape[1]) - 1
            reach = np.partition(sides, last, axis=1)[:, last : last + 1]
        else:
            reach = least + 10 * error
        return np.any((sides <= reach) & np.isfinite(sides), axis=0)


class Found(NamedTuple):
    """Where the rounds ended."""

    products: np.ndarray  # (n,) K beta
    n_iter: int  # steps
    trace: np.ndarray  # violation before each round
    stalled: bool  # more rounds in this precision would not help


def solve_blocks(
    source: Any,
    table: Table,
    *,
    tol: float,
    max_iter: int,
    cache_bytes: float,
    dtype: Any = np.float32,
    shrinking: bool = True,
    verbose: Any = 0,
) -> Found:
    """Solve by rounds; updates the table's alpha."""
    capacity = max(64, int(cache_bytes / (np.dtype(dtype).itemsize * source.n)))
    state = Rounds(table, KernelCache(source, capacity, dtype), tol)
    size, hard = min(BLOCK, capacity, source.n), np.isinf(table.upper).any()
    trace, verdicts, objective, stalled = [np.inf], [np.inf, np.inf], np.inf, False
    for _ in progress(iter(int, 1), "support vectors", enabled=verbose, certificate=lambda: trace[-1]):
        violation = state.look()
        if violation <= tol or state.n_iter >= max_iter:
            violation = state.refresh()
            stalled = tol < violation > 0.5 * verdicts[-2]
            verdicts.append(violation)
        if not np.isfinite(violation):
            raise DataError(NOT_FINITE)
        trace.append(violation)
        if len(trace) % PATIENCE == 0:
            before, objective = objective, state.objective
            stalled = stalled or not objective < before - 1e-12 * abs(objective)
        if (
            violation <= tol
            or state.n_iter >= max_iter
            or stalled
            or (hard and is_unbounded(table, state.products, source.largest))
        ):
            break
        stalled = not state.round(size, violation, min(20 * size, max_iter - state.n_iter))
    return Found(state.products, state.n_iter, np.array(trace[1:]), stalled)
