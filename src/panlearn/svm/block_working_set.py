"""Block working sets: sequential minimal optimisation on a few hundred variables at a time [wen2018].

One step of SMO needs two rows of the kernel matrix and changes little; computed one by one, rows cost more than all
else. Here a round

1. takes the rows that violate the optimality conditions most into the block, at most half of it; the others stay:
   without them, two rounds would undo each other's work. Settled rows (all variables at a bound, none violating) make
   way first (shrinking), then the oldest;
2. computes the missing kernel rows at once, by one matrix product in float32;
3. solves the problem of these variables alone by SMO, on their little Gram matrix, to a tenth of the violation;
4. updates f = K beta + offset on all rows by the changed coefficients, row tile by row tile.

A block that is full doubles every 15 rounds: a problem that takes longer has many free variables, and rounds over a few
of them at a time would pass changes to and fro.

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
from panlearn.svm.kernel_cache import KernelCache
from panlearn.svm.kernel_rows import NOT_FINITE
from panlearn.svm.sequential_minimal_optimization import descend_table

BLOCK, LARGEST = 512, 4096  # rows of a block at first and at most
GROW = 15  # rounds after which a full block doubles
PROBE = 64  # most extreme rows of each side whose exact products show how large rounding errors are
PATIENCE = 100  # rounds in which the objective must go down: it may not where a kernel is not semi-definite
LINE = 16  # numbers of a cache line
WIDTH = 1024  # columns of an update whose sum stays in the L1 cache


@kernel
def gather(gram, places, matrix, slots, rows, order):
    """Fill rows `places` of a block's little Gram matrix from cached rows; `order` sorts the columns to read."""
    for k in range(places.size):
        row, target = matrix[slots[places[k]]], gram[places[k]]
        for j in order:
            target[j] = row[rows[j]]


@kernel
def mirror(gram, places, start, stop):
    """Fill columns `places` of rows start to stop by symmetry, a cache line of the source at a time."""
    for a in range(start, stop, LINE):
        b = min(a + LINE, stop)
        for k in range(places.size):
            column, source = places[k], gram[places[k]]
            for j in range(a, b):
                gram[j, column] = source[j]


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


class Block:
    """The rows worked on, each at its place until another takes it, with their little Gram matrix."""

    def __init__(self, dtype: Any) -> None:
        self.rows, self.born, self.clock = (
            np.empty(0, dtype=np.intp),
            np.empty(0, dtype=np.intp),
            0,
        )
        self.gram = np.empty((0, 0), dtype=dtype)

    def seat(self, new: np.ndarray, size: int, settled: np.ndarray | None) -> np.ndarray:
        """Take new rows in, in the place of settled ones, then at the end, then of the oldest; returns their places."""
        self.clock += 1
        done = np.zeros(len(self.rows), dtype=bool) if settled is None else settled[self.rows]
        order = np.lexsort((self.born, ~done))  # settled ones first, the oldest of each kind first
        more = min(size - len(self.rows), max(0, len(new) - int(done.sum())))
        places = np.append(order[: len(new) - more], np.arange(len(self.rows), len(self.rows) + more))
        places.sort()
        if more:
            grown = np.empty((len(self.rows) + more,) * 2, dtype=self.gram.dtype)
            grown[: len(self.rows), : len(self.rows)] = self.gram
            self.gram = grown
            self.rows, self.born = (np.append(a, np.zeros(more, dtype=np.intp)) for a in (self.rows, self.born))
        self.rows[places], self.born[places] = new, self.clock
        return places


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
    shrinking : bool
        Whether settled rows leave the block first.
    """

    def __init__(self, table: Table, cache: KernelCache, tol: float, shrinking: bool = True) -> None:
        self.table, self.cache, self.tol, self.shrinking = table, cache, tol, shrinking
        self.block, self.n_iter = Block(cache.matrix.dtype), 0
        support = np.flatnonzero(beta := table.beta)
        self.products = cache.source.rough_products(support, beta[support]) if len(support) else np.zeros(len(beta))

    def look(self) -> float:
        """Find the two sides, the thresholds and the violation."""
        self.above, self.below = self.table.sides(self.products)
        ends = (
            self.above.min(axis=1, keepdims=True),
            self.below.max(axis=1, keepdims=True),
        )
        self.thresholds, violation = middle(*ends)
        return violation

    @property
    def objective(self) -> float:
        """What is minimised."""
        table = self.table
        return float(table.beta @ self.products) / 2 + float((table.sign * table.offset * table.alpha).sum())

    def choose(self, size: int) -> np.ndarray:
        """Rows that join the block: the worst violators, at most half of a full block."""
        room = max(size - len(self.block.rows), size // 2)
        outside = np.ones(len(self.products), dtype=bool)
        outside[self.block.rows] = False
        chosen = []
        lists, limits = (
            [*self.above, *-self.below],
            [*self.below.max(axis=1), *-self.above.min(axis=1)],
        )
        for i, list_ in enumerate(lists):
            share = room // (len(lists) - i)
            worst = np.flatnonzero(outside & (list_ < limits[i]))
            if len(worst) > share:
                worst = worst[np.argpartition(list_[worst], share)[:share]]
            outside[worst] = False
            chosen.append(worst)
            room -= len(worst)
        return np.sort(np.concatenate(chosen))  # in the order of memory

    def settled(self) -> np.ndarray:
        """Rows whose variables are at bounds and violate nothing."""
        up, low = self.table.room
        top, bottom = (
            self.below.max(axis=1, keepdims=True),
            self.above.min(axis=1, keepdims=True),
        )
        return ~np.any(up & low, axis=0) & ~np.any((self.above < top) | (self.below > bottom), axis=0)

    def round(self, size: int, violation: float, most: int) -> int:
        """One block; returns the steps taken."""
        table, block = self.table, self.block
        places = block.seat(self.choose(size), size, self.settled() if self.shrinking else None)
        rows, slots = block.rows, self.cache.rows(block.rows)
        self.fill_gram(places, slots)
        sign, offset, upper, alpha = (np.ascontiguousarray(field[:, rows]) for field in table[:4])
        local = Table(sign, offset, upper, alpha, rows, table.by_sign)
        before = local.alpha.copy()
        f = self.products[rows] + local.offset - self.thresholds
        steps, _ = descend_table(block.gram, f, local, max(0.1 * violation, 0.5 * self.tol), most)
        table.alpha[:, rows] = local.alpha
        change = (local.sign * (local.alpha - before)).sum(axis=0)
        moved = np.flatnonzero(change)
        self.add(slots[moved], change[moved])
        self.n_iter += steps
        if not steps and not np.isfinite(block.gram).all():
            raise DataError(NOT_FINITE)
        return steps

    def fill_gram(self, places: np.ndarray, slots: np.ndarray) -> None:
        """The part of the little Gram matrix that new rows have changed."""
        gram, rows, matrix = self.block.gram, self.block.rows, self.cache.matrix
        order, work = np.argsort(rows), 4.0 * len(places) * len(rows)

        def part(start: int, stop: int) -> None:
            gather(gram, places[start:stop], matrix, slots, rows, order)

        map_chunks(part, len(places), work=work)
        map_chunks(lambda start, stop: mirror(gram, places, start, stop), len(rows), work=work, align=LINE)

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
    state = Rounds(table, KernelCache(source, capacity, dtype), tol, shrinking)
    largest = min(
        LARGEST,
        capacity,
        source.n,
        max(64, int((cache_bytes / 2 / np.dtype(dtype).itemsize) ** 0.5)),
    )
    size, hard = min(BLOCK, largest), np.isinf(table.upper).any()
    trace, verdicts, objective, stalled = [np.inf], [np.inf, np.inf], np.inf, False
    for _ in progress(iter(int, 1), "support vectors", enabled=verbose, certificate=lambda: trace[-1]):
        violation = state.look()
        if violation <= tol or state.n_iter >= max_iter:
            violation, objective = state.refresh(), np.inf
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
        if state.block.clock % GROW == 0 and len(state.block.rows) == size:
            size = min(2 * size, largest)
    return Found(state.products, state.n_iter, np.array(trace[1:]), stalled)
