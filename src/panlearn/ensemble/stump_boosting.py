r"""AdaBoost on stumps: SAMME [zhu2009], the columns sorted once and one pass over the weights a round.

A round, with weights w_i that sum to 1 and K classes:

    h   = the stump of least Gini impurity                       err   = sum of w_i where h(x_i) != y_i
    alpha = eta (log((1 - err) / err) + log(K - 1))              w_i <- w_i e^alpha where h(x_i) != y_i

and the ensemble is the class of most votes alpha. With two classes this is AdaBoost [freund1997], which minimises
sum_i exp(-y_i f(x_i)) step by step. Only the weights of mistakes change: the weights stay unnormalised here, so
that the sums by bin need an addition for the mistakes alone. Now and then (`RENEW`) all is scaled and summed anew,
which keeps the numbers in range and the rounding errors from piling up.

When it fails: label noise. A mislabelled row is wrong in each round, and its weight grows without bound.
"""

import math
from collections.abc import Iterable, Iterator
from typing import Any, NamedTuple

import numpy as np

from panlearn.core.jit import kernel
from panlearn.core.threads import map_chunks
from panlearn.ensemble.adaboost import warn_of_infinite_weights
from panlearn.ensemble.stump_columns import BINS, StumpColumns
from panlearn.ensemble.stump_search import StumpSums, add_weights, refine, scan

RENEW = 25  # rounds between fresh sums
LARGE = 1e30  # sum of weights that asks for fresh sums at once
EPSILON = float(np.finfo(np.float64).eps)  # least weight of a row, as scikit-learn's


class Stump(NamedTuple):
    """One round."""

    column: int  # -1: no column can be split, the stump is a leaf
    codes: tuple[int, int]  # the threshold lies between the values of these two ranks
    left: np.ndarray  # (K,) weight of each class on the left, in shares of the whole
    right: np.ndarray  # (K,)
    rows: tuple[int, int]  # rows on the left and on the right
    error: float  # err; 0 of a stump without mistakes
    weight: float  # alpha; 1 of a stump without mistakes, nan of one no better than chance


class RowWeights(NamedTuple):
    """Weights of the rows, grouped by class as the columns, and those which changed last."""

    weight: np.ndarray  # (m,)
    changed: np.ndarray  # (m,) int32, the rows that changed, class by class
    change: np.ndarray  # (m,) by how much
    start: np.ndarray  # (K + 1,) first of each class among `changed`


def boost_stumps(
    columns: StumpColumns, weight: np.ndarray, learning_rate: float, rounds: Iterable[Any]
) -> Iterator[Stump]:
    """Boost until a stump makes no mistake or is no better than chance.

    Parameters
    ----------
    columns : StumpColumns
        The table.
    weight : ndarray of shape (m,)
        Weights of `columns.rows`, positive.
    learning_rate : float
        Factor on alpha.
    rounds : iterable of int
        0, 1, … as far as to go.

    Yields
    ------
    Stump
        One a round; that of a failed round has the weight nan.
    """
    p, m, k = len(columns.codes), len(weight), len(columns.start) - 1
    sums = StumpSums(np.zeros((p, k, BINS)), np.zeros(k), np.zeros((p, BINS)), np.zeros(p), np.zeros(p, np.int64))
    state = RowWeights(
        weight * (m / weight.sum()), np.arange(m, dtype=np.int32), np.empty(m), columns.start.astype(np.int64)
    )
    age = RENEW
    for t in rounds:
        if age >= RENEW or sums.total.sum() > LARGE:
            _renew(columns, sums, state)
            age = 0
        _update(columns, sums, state)
        stump, winners = _stump(columns, sums, state.weight)
        error = _mistakes(columns, state, stump.column, stump.codes[0], winners) / sums.total.sum()
        if error <= 0:
            yield stump._replace(error=0.0, weight=1.0)
            return
        if error >= 1 - 1 / k:
            yield stump._replace(error=error)
            return
        alpha = learning_rate * (math.log((1 - error) / error) + math.log(k - 1))
        factor = math.exp(alpha) if alpha < 709 else math.inf
        _reweight(state, sums.total, factor)
        yield stump._replace(error=error, weight=alpha)
        if not math.isfinite(sums.total.sum()):
            warn_of_infinite_weights(t)
            return
        age += 1


def _renew(columns: StumpColumns, sums: StumpSums, state: RowWeights) -> None:
    """Scale the weights to a mean of 1, and ask for fresh sums: all rows have changed."""
    weight, m = state.weight, len(state.weight)
    weight *= m / weight.sum()
    np.maximum(weight, EPSILON * m, out=weight)
    state.changed[:], state.change[:], state.start[:] = np.arange(m), weight, columns.start
    sums.sums[:] = 0
    sums.total[:] = np.add.reduceat(np.append(weight, 0.0), columns.start[:-1]) * (np.diff(columns.start) > 0)


def _update(columns: StumpColumns, sums: StumpSums, state: RowWeights) -> None:
    """Bring sums, gains and bounds up to date, some columns on each thread."""

    def task(first: int, last: int) -> None:
        add_weights(columns, sums, state.changed, state.change, state.start, first, last)
        scan(columns, sums, first, last)

    p, k, bins = sums.sums.shape
    map_chunks(task, p, work=p * (3.0 * state.start[-1] + 2.0 * (k + 3) * min(bins, columns.n_bins.max())))


def _stump(columns: StumpColumns, sums: StumpSums, weight: np.ndarray) -> tuple[Stump, tuple[int, int]]:
    """The best stump and the classes it gives to its sides."""
    column, place = refine(columns, sums, weight)
    total, m = sums.total, len(weight)
    if column < 0:
        winner = int(total.argmax())
        shares = total / total.sum()
        return Stump(-1, (0, 0), shares, np.zeros_like(shares), (m, 0), 0.0, math.nan), (winner, winner)
    order = columns.order[column]
    codes = int(columns.codes[column, order[place - 1]]), int(columns.codes[column, order[place]])
    left = _weights_below(columns.codes[column], codes[0], weight, columns.start)
    right = total - left
    winners = int(left.argmax()), int(right.argmax())
    whole = total.sum()
    return Stump(column, codes, left / whole, right / whole, (place, m - place), 0.0, math.nan), winners


@kernel
def _weights_below(codes, code, weight, start):
    """Weight of each class among the rows whose rank is at most `code`."""
    left = np.zeros(start.size - 1)
    for k in range(left.size):
        for i in range(start[k], start[k + 1]):
            left[k] += weight[i] if codes[i] <= code else 0.0
    return left


@kernel
def _mistakes(columns, state, column, code, winners):  # updates state.changed, change, start
    """Collect the rows that a stump gets wrong; their weight."""
    m, wrong, wrong_weight = 0, np.empty(2, np.bool_), 0.0
    codes = columns.codes[max(column, 0)]
    for k in range(columns.start.size - 1):
        state.start[k] = m
        wrong[0], wrong[1] = winners[0] != k, winners[1] != k
        for i in range(columns.start[k], columns.start[k + 1]):
            is_wrong = wrong[1] if codes[i] > code else wrong[0]
            state.changed[m] = i
            state.change[m] = state.weight[i]
            wrong_weight += state.weight[i] if is_wrong else 0.0
            m += is_wrong
    state.start[columns.start.size - 1] = m
    return wrong_weight


@kernel
def _reweight(state, total, factor):  # updates state.weight, state.change, total
    """Multiply the weights of the mistakes; `change` becomes what was added."""
    for k in range(total.size):
        for i in range(state.start[k], state.start[k + 1]):
            state.change[i] *= factor - 1.0
            state.weight[state.changed[i]] += state.change[i]
            total[k] += state.change[i]
