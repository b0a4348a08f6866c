r"""Several numbers a row: squared error and Poisson deviance summed over the outputs.

As for one output (`panlearn.tree.split_sums`), with a vector of weighted sums on each side:

    squared error   |S_left|^2 / w + |S_right|^2 / (W - w)  less  |T|^2 / W
    Poisson         sum over outputs of s log(s/w) on both sides, less the same of the node
"""

from typing import NamedTuple

import numpy as np

from panlearn.tree.inner_kernel import inner_kernel
from panlearn.tree.split_statistic import accumulate, empty, gain, load, method_of, middle, move, score, write
from panlearn.tree.split_sums import TINY, xlogx


class Vectors(NamedTuple):
    """Statistic of several targets."""

    poisson: bool
    y: np.ndarray  # (n, outputs) float64 targets less `shift`
    weight: np.ndarray  # (n,) float64
    shift: np.ndarray  # (outputs,)
    targets: np.ndarray  # (n, outputs) weight * y of the node's rows
    weights: np.ndarray  # (n,)
    total: np.ndarray  # (outputs,)
    left: np.ndarray  # (outputs,)
    node: np.ndarray  # (1,) weight


@inner_kernel
def _clear(sums):
    for k in range(sums.size):
        sums[k] = 0.0


@method_of(Vectors, load)
def _load(stat, rows, start, m, work):
    outputs = stat.total.size
    _clear(stat.total)
    weight, pure = 0.0, True
    for i in range(m):
        row = rows[start + i]
        w = stat.weight[row]
        stat.weights[i] = w
        weight += w
        for k in range(outputs):
            y = stat.y[row, k]
            stat.targets[i, k] = w * y
            stat.total[k] += w * y
            pure = pure and y == stat.y[rows[start], k]
    stat.node[0] = weight
    spread = 0.0
    for k in range(outputs):
        mean = stat.total[k] / weight
        if stat.poisson and stat.total[k] <= TINY:
            return weight, np.inf, pure
        for i in range(m):
            w = stat.weights[i]
            y = stat.targets[i, k] / w
            if not stat.poisson:
                spread += w * (y - mean) * (y - mean)
            else:
                spread += w * mean * xlogx(y / mean)
    return weight, spread / (weight * outputs), pure


@method_of(Vectors, empty)
def _empty(stat):
    _clear(stat.left)
    return (0.0,)


@method_of(Vectors, move)
def _move(stat, state, i, sign):
    for k in range(stat.left.size):
        stat.left[k] += sign * stat.targets[i, k]
    return (state[0] + sign * stat.weights[i],)


@method_of(Vectors, score)
def _score(stat, state):
    w, r = state[0], stat.node[0] - state[0]
    left, right = 0.0, 0.0
    for k in range(stat.left.size):
        s = stat.left[k]
        t = stat.total[k] - s
        if not stat.poisson:
            left += s * s
            right += t * t
        elif s <= TINY or t <= TINY:
            return -np.inf
        else:
            left += w * xlogx(s / w)
            right += r * xlogx(t / r)
    return left + right if stat.poisson else left / w + right / r


@method_of(Vectors, gain)
def _gain(stat, best):
    whole = 0.0
    for t in stat.total:
        whole += stat.node[0] * xlogx(t / stat.node[0]) if stat.poisson else t * t / stat.node[0]
    return (best - whole) / stat.total.size


@method_of(Vectors, middle)
def _middle(stat, state):
    return 0.0, 0.0


@method_of(Vectors, write)
def _write(stat, value, lower, upper):
    for k in range(stat.total.size):
        value[k] = stat.total[k] / stat.node[0] + stat.shift[k]


@method_of(Vectors, accumulate)
def _accumulate(stat, i, sums):
    sums[0] += stat.weights[i]
    for k in range(stat.total.size):
        sums[1 + k] += stat.targets[i, k]
