r"""The order of a column's categories whose cuts are tried as subsets.

Each level has a weight w_l and a vector of mean targets v_l: the mean target, or the fractions of the classes. One
number is its own order. Vectors are ordered by v_l'u, where u is the first principal component of the means,

    maximise u' (sum_l w_l (v_l - v)(v_l - v)') u   over |u| = 1,

found by the power method [coppersmith1999]. For two classes that is the order of the fractions.
"""

import numpy as np

from panlearn.tree.inner_kernel import inner_kernel

ITERATIONS = 20  # of the power method: the order needs no more digits


@inner_kernel
def project(table, count):
    """Write a score after each level's weight and weighted targets, which become means (centred, if a vector)."""
    width = table.shape[1] - 2
    direction, after = np.ones(width), np.zeros(width)
    for l in range(count):
        for k in range(1, width + 1):
            table[l, k] /= table[l, 0]
    if width > 1:
        _centre(table, count, direction)
        for _ in range(ITERATIONS):
            _power_step(table, count, direction, after)
    for l in range(count):
        table[l, width + 1] = 0.0
        for k in range(width):
            table[l, width + 1] += direction[k] * table[l, k + 1]


@inner_kernel
def _centre(table, count, direction):
    """Centre the means, and start the direction at the one farthest from the centre."""
    largest = -1.0
    for k in range(1, direction.size + 1):
        total, weight = 0.0, 0.0
        for l in range(count):
            total += table[l, 0] * table[l, k]
            weight += table[l, 0]
        for l in range(count):
            table[l, k] -= total / weight
    for l in range(count):
        distance = 0.0
        for k in range(1, direction.size + 1):
            distance += table[l, k] * table[l, k]
        if distance > largest:
            largest = distance
            for k in range(direction.size):
                direction[k] = table[l, k + 1]


@inner_kernel
def _power_step(table, count, direction, after):
    """Replace the direction u by that of sum_l w_l (v_l'u) v_l."""
    for k in range(direction.size):
        after[k] = 0.0
    for l in range(count):
        along = 0.0
        for k in range(direction.size):
            along += direction[k] * table[l, k + 1]
        for k in range(direction.size):
            after[k] += table[l, 0] * along * table[l, k + 1]
    square = 0.0
    for k in range(direction.size):
        square += after[k] * after[k]
    for k in range(direction.size):
        direction[k] = after[k] / np.sqrt(square) if square > 0.0 else direction[k]


@inner_kernel
def sort_levels(levels, places, table, count):
    """Heap sort of the levels by their scores; equal scores by level, so that the order of rows does not matter."""
    for first in range(count // 2 - 1, -1, -1):
        _sift(levels, places, table, first, count)
    for last in range(count - 1, 0, -1):
        levels[0], levels[last] = levels[last], levels[0]
        _sift(levels, places, table, 0, last)


@inner_kernel
def _sift(levels, places, table, at, stop):
    score = table.shape[1] - 1
    while 2 * at + 1 < stop:
        child = 2 * at + 1
        best = table[places[levels[child]], score]
        if child + 1 < stop:
            other = table[places[levels[child + 1]], score]
            if best < other or (best == other and levels[child] < levels[child + 1]):
                child, best = child + 1, other
        own = table[places[levels[at]], score]
        if own > best or (own == best and levels[at] > levels[child]):
            return
        levels[at], levels[child] = levels[child], levels[at]
        at = child
