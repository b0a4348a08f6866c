"""Stochastic gradient descent for linear models, one row at a time [robbins1951], [bottou2010].

    minimise      1/n sum_i s_i loss(x_i'w + b, y_i) + l2/2 |w|^2 + l1 |w|_1
    row i         z = x_i'w + b,    g = s_i dloss/dz
                  w <- (1 - eta_t l2) w - eta_t g x_i,     b <- b - eta_t g

A step costs the entries of one row, however many columns there are:

- Shrinking by l2 touches every weight. So w = scale * v is kept as two factors: the shrinking is one multiplication.
- The L1 penalty pulls every weight towards 0 as well. u, the pull that every weight should have felt so far, is one
  number; q_j is what weight j has really got. A row that has column j pays the difference, at most to 0 [tsuruoka2009].
- The average of all w so far [polyak1992] is kept as (average + a v) / c, where only a and c change at each step.

Rows are visited in a new random order in each epoch (a pass over all rows). `advance` runs a given number of rows, over
as many epochs as these make, and keeps what it needs to go on in `State`: the caller's loop stays in Python.

Learning rates eta_t: constant, 1 / (alpha (t0 + t)), eta0 / t^power, constant until nothing improves (then a fifth); or
the passive-aggressive step, which just satisfies the row [crammer2006].
"""

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any, NamedTuple

import numpy as np
from llvmlite import ir
from numba import types
from numba.extending import intrinsic, overload

from panlearn.core.design import SparseRows, add_row, sparse_rows
from panlearn.core.jit import kernel
from panlearn.core.numerics import exp, log
from panlearn.core.progress import progress
from panlearn.core.threads import GATE, run, thread_count
from panlearn.losses.pointwise import value_and_slope

CONSTANT, OPTIMAL, POWER, ADAPTIVE, PASSIVE_1, PASSIVE_2 = range(6)
RUNNING, CONVERGED, EXHAUSTED, DIVERGED = range(4)
LARGEST_SLOPE = 1e12  # steeper slopes are cut: one wild row should not end in an overflow
SMALLEST_SCALE = 1e-9  # v = w / scale is brought back to w before it loses range
SMALLEST_RATE = 1e-6  # an adaptive rate that has fallen so far stops the descent
BURST = 1e8  # entries of X for one call of `advance`, some tenths of a second: then Python may see a Ctrl-C
AHEAD = 8  # rows fetched from memory in advance: in random order no hardware guesses them


class Rule(NamedTuple):
    """What stays fixed during a descent."""

    loss: int  # code of `panlearn.losses.pointwise`
    parameter: float  # of the loss
    l1: float
    l2: float
    schedule: int  # CONSTANT ... PASSIVE_2
    power: float  # exponent of t for POWER
    rate: float  # eta0; the bound or the softness of a passive-aggressive step
    optimal: tuple[float, float]  # alpha and t0 for OPTIMAL
    intercept: float  # factor on the steps of b: 0 for none, small for sparse rows
    average: float  # step at which averaging starts; 0 for never
    positive: float  # the class that is 1, the others being -1; -1.0 for amounts
    weights: tuple[float, float]  # factors on rows of that class, and of the others
    tol: float  # least improvement of the mean objective that counts; -inf: any
    patience: int  # epochs without one before stopping
    seed: int  # of the order; -1 for the order given
    judged: bool  # whether the caller judges each epoch by a score of its own


class State(NamedTuple):
    """What changes during a descent, in place; `started` makes one."""

    w: np.ndarray  # (p,) weights
    average: np.ndarray  # (p,) mean of the weights, or (0,)
    pulled: np.ndarray  # (p,) q, or (0,) without an L1 penalty
    order: np.ndarray  # (n,) uint32
    numbers: np.ndarray  # (13,) as named below
    curve: np.ndarray  # (epochs,) mean objective seen during each epoch


# Places in `State.numbers`: b, its mean, the step from 1, u, eta, sum of the objective and rows seen in this epoch ...
B, MEAN_B, STEP, PULL, RATE, SUM, COUNT, POSITION, EPOCH, BEST, STALE, STATUS, SQUARES = range(13)


def started(w: np.ndarray, b: float, rule: Rule, n: int, *, step: float, epochs: int) -> State:
    """The state before a descent over n rows from (w, b), which counts its steps from `step`."""
    numbers = np.zeros(13)
    numbers[[B, STEP, RATE, BEST]] = b, step, rule.rate, np.inf
    average, pulled = np.zeros(w.size if rule.average else 0), np.zeros(w.size if rule.l1 else 0)
    return State(w, average, pulled, np.arange(n, dtype=np.uint32), numbers, np.zeros(epochs))


@kernel
def advance(X, targets, rule, state, budget):
    """Go through `budget` rows, or until the descent ends; with `rule.judged` at most to the end of the epoch.

    X is (n, p) or SparseRows; targets (n, 2) holds y (a class, or an amount; NaN for rows held out) and row weights.
    """
    s, n = state.numbers, state.order.size
    while s[STATUS] == RUNNING and budget > 0:
        start = int(s[POSITION])
        if start == 0 and rule.seed >= 0:
            shuffle(state.order, rule.seed)
        stop = min(n, start + budget)
        descend(X, targets, rule, state, start, stop)
        budget -= stop - start
        s[POSITION] = stop
        if stop == n:
            epoch = int(s[EPOCH])
            state.curve[epoch] = s[SUM] / s[COUNT]
            s[EPOCH], s[POSITION], s[SUM], s[COUNT] = epoch + 1, 0, 0.0, 0.0
            if not abs(s[B] + s[SQUARES] + state.curve[epoch]) < np.inf:  # np.isfinite does not survive fastmath
                s[STATUS] = DIVERGED
            elif rule.judged:
                return
            else:
                judge(state.curve[epoch], rule, state)


@kernel
def judge(value, rule, state):
    """Stop, or lower the rate, if the value of the last epoch (to be minimised) is one too many without progress."""
    s = state.numbers
    s[STALE] = s[STALE] + 1 if value > s[BEST] - rule.tol else 0
    s[BEST] = min(s[BEST], value)
    if s[STALE] >= rule.patience:
        if rule.schedule == ADAPTIVE and s[RATE] > SMALLEST_RATE:
            s[RATE] /= 5
            s[STALE] = 0
        else:
            s[STATUS] = CONVERGED
    if s[STATUS] == RUNNING and s[EPOCH] >= state.curve.size:
        s[STATUS] = EXHAUSTED


@kernel
def shuffle(order, seed):
    """Fisher-Yates by a 32-bit xorshift generator, as scikit-learn does it: the same seed gives the same order."""
    mask, n = np.uint64(0xFFFFFFFF), order.size
    s = np.uint64(max(seed, 1))
    for i in range(n - 1):
        s ^= (s << np.uint64(13)) & mask
        s ^= s >> np.uint64(17)
        s ^= (s << np.uint64(5)) & mask
        j = np.uint64(i) + (s & np.uint64(0x7FFFFFFF)) % np.uint64(n - i)
        order[np.uint64(i)], order[j] = order[j], order[np.uint64(i)]


@kernel
def descend(X, targets, rule, state, start, stop):
    """One step for each of the rows order[start:stop]."""
    w, average, order, s, arrays = state.w, state.average, state.order, state.numbers, state[:3]
    b, mean_b, t, pull, rate = s[B], s[MEAN_B], s[STEP], s[PULL], s[RATE]
    scale, a, c, total, count = 1.0, 0.0, 1.0, 0.0, 0
    squares, sizes = _norms(w)  # |w|^2 and |w|_1, kept up to date
    price2, price1 = (0.5 * rule.l2, rule.l1) if rule.schedule < PASSIVE_1 else (0.0, 0.0)
    for k in range(np.uint64(start), np.uint64(stop)):
        i = order[k]
        fetch(X, targets, order[min(k + np.uint64(AHEAD), np.uint64(order.size - 1))])
        y, weight = _target(targets, i, rule)
        if y != y:  # held out
            continue
        product, square = row_product(X, i, w)
        value, slope = value_and_slope(rule.loss, rule.parameter, scale * product + b, y)
        total, count = total + value + price2 * squares + price1 * sizes, count + 1
        rate = learning_rate(rule, rate, t)
        step = weight * _step(rule, rate, value, slope, square)
        if rule.l2 > 0.0:
            shrink = max(0.0, 1.0 - rate * rule.l2)
            scale, squares, sizes = scale * shrink, squares * shrink * shrink, sizes * shrink
            if scale < SMALLEST_SCALE:
                _fold(w, average, scale, a, c)
                scale, a, c, product = 1.0, 0.0, 1.0, product * scale
        if rule.l1 > 0.0:
            pull += rate * rule.l1
            more_squares, more_sizes = pull_row(X, i, step / scale, arrays, pull, scale, a)
            squares, sizes = squares + scale * scale * more_squares, sizes + scale * more_sizes
        elif step != 0.0:
            add_row(X, i, step / scale, w)
            if a != 0.0:
                add_row(X, i, -a * step / scale, average)
            squares += step * (2.0 * scale * product + step * square)
        b += step * rule.intercept
        if rule.average > 0.0 and t >= rule.average:
            seen = t - rule.average + 1.0
            c = c * seen / (seen - 1.0) if seen > 1.0 else c
            a, mean_b = a + c * scale / seen, mean_b + (b - mean_b) / seen
        t += 1.0
    _fold(w, average, scale, a, c)
    s[B], s[MEAN_B], s[STEP], s[PULL], s[RATE], s[SQUARES] = b, mean_b, t, pull, rate, squares
    s[SUM], s[COUNT] = s[SUM] + total, s[COUNT] + count


@kernel
def _norms(w):
    squares = sizes = 0.0
    for j in range(w.size):
        squares, sizes = squares + w[j] * w[j], sizes + abs(w[j])
    return squares, sizes


@kernel(inline=True)
def _target(targets, i, rule):
    """The amount, or -1 or 1 for the class, of row i, NaN if held out, and its weight."""
    y, weight = targets[i, 0], targets[i, 1]
    if rule.positive < 0.0 or y != y:
        return y, weight
    if y == rule.positive:
        return 1.0, weight * rule.weights[0]
    return -1.0, weight * rule.weights[1]


@kernel(inline=True)
def _step(rule, rate, value, slope, square):
    """Factor of a row in its own step."""
    if rule.schedule < PASSIVE_1:
        return -rate * min(max(slope, -LARGEST_SLOPE), LARGEST_SLOPE)
    if rule.schedule == PASSIVE_2:
        return -np.sign(slope) * value / (square + 0.5 / rate)
    return -np.sign(slope) * min(rate, value / square) if square > 0.0 else 0.0


@kernel
def learning_rate(rule, rate, t):
    """Learning rate of step t, counted from 1; `rate` is eta0, or what `judge` has made of it."""
    if rule.schedule == OPTIMAL:
        return 1.0 / (rule.optimal[0] * (rule.optimal[1] + t - 1.0))
    if rule.schedule == POWER:
        return rule.rate * exp(-rule.power * log(t))
    return rate


@kernel
def _fold(w, average, scale, a, c):
    """Bring the factored weights back to themselves: v to w = scale v, average to (average + a v) / c."""
    for j in range(average.size):
        average[j] = (average[j] + a * w[j]) / c
    for j in range(w.size):
        w[j] *= scale


@intrinsic
def _prefetch(context, address):
    """Ask for the cache line of an address, to be read once or twice."""

    def generate(context, builder, signature, args):
        pointer = builder.inttoptr(args[0], ir.IntType(8).as_pointer())
        number = ir.IntType(32)
        form = ir.FunctionType(ir.VoidType(), [pointer.type, number, number, number])
        function = builder.module.declare_intrinsic("llvm.prefetch", [pointer.type], form)
        builder.call(function, [pointer, number(0), number(1), number(1)])
        return context.get_dummy_value()

    return types.void(types.uintp), generate


def fetch(X, targets, i) -> Any:
    """Start to load row i."""


@overload(fetch)
def _fetch_of(X, targets, i):
    if isinstance(X, types.Array):

        def dense(X, targets, i):
            width = np.uint64(X.itemsize * X.shape[1])
            address = np.uint64(X.ctypes.data) + np.uint64(i) * width
            for j in range(np.uint64(0), min(width, np.uint64(1024)), np.uint64(64)):
                _prefetch(address + j)  # type: ignore[call-arg]
            _prefetch(np.uint64(targets.ctypes.data) + np.uint64(i) * np.uint64(16))  # type: ignore[call-arg]

        return dense

    def sparse(X, targets, i):
        first = X.indptr[i]
        _prefetch(np.uint64(X.data.ctypes.data) + first * np.uint64(X.data.itemsize))  # type: ignore[call-arg]
        _prefetch(np.uint64(X.indices.ctypes.data) + first * np.uint64(X.indices.itemsize))  # type: ignore[call-arg]
        _prefetch(np.uint64(targets.ctypes.data) + np.uint64(i) * np.uint64(16))  # type: ignore[call-arg]

    return sparse


def row_product(X, i, w) -> Any:
    """x_i . w and x_i . x_i."""


@overload(row_product)
def _row_product_of(X, i, w):
    if isinstance(X, types.Array):

        def dense(X, i, w):
            product = square = 0.0
            for j in range(w.size):
                product += X[i, j] * w[j]
                square += np.float64(X[i, j]) * X[i, j]
            return product, square

        return dense

    def sparse(X, i, w):
        product = square = 0.0
        for k in range(X.indptr[i], X.indptr[i + np.uint64(1)]):
            product += X.data[k] * w[X.indices[k]]
            square += np.float64(X.data[k]) * X.data[k]
        return product, square

    return sparse


@kernel(inline=True)
def _pull(old, pulled, move, pull, scale):
    """New v_j and q_j after a step, and after paying what the weight owes to the L1 penalty."""
    moved = old + move
    lower, upper = moved - (pull + pulled) / scale, moved + (pull - pulled) / scale
    new = max(0.0, lower) if moved > 0.0 else min(0.0, upper)  # both computed: no branch to guess wrong
    return new, pulled + scale * (new - moved)


def pull_row(X, i, step, arrays, pull, scale, a) -> Any:
    """Add step times row i to v and let its columns pay the L1 penalty they owe; changes of |v|^2 and |v|_1."""


@overload(pull_row)
def _pull_row_of(X, i, step, arrays, pull, scale, a):
    if isinstance(X, types.Array):

        def dense(X, i, step, arrays, pull, scale, a):
            v, average, pulled = arrays
            squares = sizes = 0.0
            for j in range(v.size):
                old = v[j]
                v[j], pulled[j] = _pull(old, pulled[j], step * X[i, j], pull, scale)
                squares, sizes = squares + v[j] * v[j] - old * old, sizes + abs(v[j]) - abs(old)
                if a != 0.0:
                    average[j] -= a * (v[j] - old)
            return squares, sizes

        return dense

    def sparse(X, i, step, arrays, pull, scale, a):
        v, average, pulled = arrays
        squares = sizes = 0.0
        for k in range(X.indptr[i], X.indptr[i + np.uint64(1)]):
            j = X.indices[k]
            old = v[j]
            v[j], pulled[j] = _pull(old, pulled[j], step * X.data[k], pull, scale)
            squares, sizes = squares + v[j] * v[j] - old * old, sizes + abs(v[j]) - abs(old)
            if a != 0.0:
                average[j] -= a * (v[j] - old)
        return squares, sizes

    return sparse


def rows_of(X: Any) -> np.ndarray | SparseRows:
    """The form of X that the kernels read."""
    return X if isinstance(X, np.ndarray) else sparse_rows(X, X.dtype.type)


class Problem(NamedTuple):
    """One of the descents over the same rows: a regression, or one class against the rest."""

    rule: Rule
    state: State


def solve(
    X: Any,
    targets: np.ndarray,
    problems: Sequence[Problem],
    *,
    width: float,
    score: Callable[[Problem], float] | None = None,
    verbose: int = 0,
) -> None:
    """Run all problems to their end, side by side on as many threads as pay.

    Parameters
    ----------
    X : ndarray of shape (n, p) or SparseRows
        Features, float32 or float64, rows contiguous.
    targets : ndarray of shape (n, 2)
        y and row weights.
    problems : sequence of Problem
        Changed in place: `state.numbers[STATUS]` says how each ended.
    width : float
        Entries of a row.
    score : callable, optional
        With `rule.judged`: called after each epoch, for a score to be maximised instead of the mean objective.
    verbose : int
        1 shows a progress bar with the largest mean objective of the last epoch.
    """
    budget = len(targets) if verbose else int(max(1, BURST // (width + 20)))
    waiting, running = list(problems), list[Problem]()

    def seen() -> float:
        return max((s.curve[max(0, int(s.numbers[EPOCH]) - 1)] for _, s in running), default=0.0)

    going = iter(lambda: bool(waiting or running), False)
    for _ in progress(going, "stochastic gradient descent", enabled=verbose, certificate=seen):
        together = thread_count() if min(budget, len(targets)) * width >= GATE else 1
        while waiting and len(running) < together:
            running.append(waiting.pop(0))
        if len(running) == 1:
            advance(X, targets, *running[0], budget)
        else:
            run([partial(advance, X, targets, *problem, budget) for problem in running])
        for problem in running:
            numbers = problem.state.numbers
            if score and numbers[STATUS] == RUNNING and numbers[POSITION] == 0:
                judge(-score(problem), *problem)
        running = [problem for problem in running if problem.state.numbers[STATUS] == RUNNING]
