r"""Many classes, and many outputs of classes: Gini impurity and entropy.

L_k and R_k are the weights of class k on the two sides, l and r their sums. Up to what does not depend on the split

    Gini      sum_k L_k^2 / l  +  sum_k R_k^2 / r
    entropy   sum_k L_k log L_k - l log l  +  the same on the right

A row changes one L_k and one R_k: the sums over the classes are kept up to date, at a cost that does not grow with the
number of classes. x log x comes from a table where all weights are whole numbers. Outputs add up.
"""

from typing import NamedTuple

import numpy as np

from panlearn.tree.inner_kernel import inner_kernel
from panlearn.tree.split_statistic import accumulate, empty, gain, load, method_of, middle, move, score, write
from panlearn.tree.split_sums import LOG2E, xlogx


class Classes(NamedTuple):
    """Statistic of one or several targets with classes."""

    entropy: bool
    y: np.ndarray  # (n, outputs) int32
    weight: np.ndarray  # (n,) float64
    n_classes: np.ndarray  # (outputs,) int64
    table: np.ndarray  # x log x of whole x up to the total weight; empty where weights are not whole
    codes: np.ndarray  # (n, outputs) int32 classes of the node's rows
    weights: np.ndarray  # (n,) their weights
    total: np.ndarray  # (outputs, classes) weight of each class
    left: np.ndarray  # (outputs, classes)
    node: np.ndarray  # (2,) weight, and the sum over classes of f(total), f the square or x log x


@inner_kernel
def _clear(sums):
    for k in range(sums.shape[0]):
        for c in range(sums.shape[1]):
            sums[k, c] = 0.0


@method_of(Classes, load)
def _load(stat, rows, start, m, work):
    outputs = stat.y.shape[1]
    _clear(stat.total)
    weight = 0.0
    for i in range(m):
        row = rows[start + i]
        w = stat.weight[row]
        stat.weights[i] = w
        weight += w
        for k in range(outputs):
            c = stat.y[row, k]
            stat.codes[i, k] = c
            stat.total[k, c] += w
    sums, impurity, pure = 0.0, 0.0, True
    for k in range(outputs):
        squares = 0.0
        for c in range(stat.n_classes[k]):
            t = stat.total[k, c]
            if stat.entropy:
                sums += xlogx(t)
                impurity -= xlogx(t / weight) * LOG2E
            squares += t * t
            pure = pure and (t == 0.0 or c == stat.codes[0, k])
        if not stat.entropy:
            sums += squares
            impurity += 1.0 - squares / (weight * weight)
    stat.node[0], stat.node[1] = weight, sums
    return weight, impurity / outputs, pure


@method_of(Classes, empty)
def _empty(stat):
    _clear(stat.left)
    return 0.0, 0.0, stat.node[1]


@method_of(Classes, move)
def _move(stat, state, i, sign):
    weight, left, right = state
    w = sign * stat.weights[i]
    for k in range(stat.codes.shape[1]):
        c = stat.codes[i, k]
        before = stat.left[k, c]
        after = before + w
        stat.left[k, c] = after
        rest, total = stat.total[k, c] - after, stat.total[k, c] - before
        if not stat.entropy:
            left += w * (before + after)
            right -= w * (rest + total)
        elif stat.table.size:
            left += stat.table[np.int64(after)] - stat.table[np.int64(before)]
            right += stat.table[np.int64(rest)] - stat.table[np.int64(total)]
        else:
            left += xlogx(after) - xlogx(before)
            right += xlogx(rest) - xlogx(total)
    return weight + w, left, right


@method_of(Classes, score)
def _score(stat, state):
    left, right = state[0], stat.node[0] - state[0]
    if not stat.entropy:
        return state[1] / left + state[2] / right
    outputs = stat.codes.shape[1]
    return (state[1] - outputs * xlogx(left)) + (state[2] - outputs * xlogx(right))


@method_of(Classes, gain)
def _gain(stat, best):
    weight, outputs = stat.node[0], stat.codes.shape[1]
    if stat.entropy:
        return (best - (stat.node[1] - outputs * xlogx(weight))) * LOG2E / outputs
    return (best - stat.node[1] / weight) / outputs


@method_of(Classes, middle)
def _middle(stat, state):
    return 0.0, 0.0


@method_of(Classes, write)
def _write(stat, value, lower, upper):
    most = stat.total.shape[1]
    for k in range(stat.total.shape[0]):
        for c in range(stat.n_classes[k]):
            value[k * most + c] = stat.total[k, c] / stat.node[0]


@method_of(Classes, accumulate)
def _accumulate(stat, i, sums):
    most = stat.total.shape[1]
    sums[0] += stat.weights[i]
    for k in range(stat.codes.shape[1]):
        sums[1 + k * most + stat.codes[i, k]] += stat.weights[i]
