"""The nodes of a growing tree: what a child gets from its parent, and how a question moves the rows to both sides.

The two sides keep the order of their rows, so that the codes of a feature are read in ascending addresses all the way
down.
"""

from typing import NamedTuple

import numpy as np

from panlearn.tree.growth_workspace import CATEGORIES, CODES, SEEN, SIGN, START, SUBSET
from panlearn.tree.inner_kernel import inner_kernel
from panlearn.tree.tree_structure import LEAF, NO_FEATURE

LEFT, RIGHT, FEATURE, MISSING_LEFT, SAMPLES, WORDS_AT, FIRST, CUT, STOP, DEPTH, CONSTANTS = range(11)  # Nodes.whole
THRESHOLD, IMPURITY, WEIGHT, LOWER, UPPER, MIDDLE, GAIN, VALUE = range(8)  # Nodes.real
PENDING, COUNT, WORDS, WAITING = range(4)  # Nodes.progress


class Rules(NamedTuple):
    """`GrowthSettings` as numbers for the kernels."""

    max_depth: int
    min_samples_split: int
    min_samples_leaf: int
    min_weight_leaf: float
    max_features: int
    min_impurity_decrease: float
    weight: float  # of all rows


class Nodes(NamedTuple):
    """Nodes of a growing tree, with room for more."""

    whole: np.ndarray  # (capacity, 11) int64: children, feature, … as named above
    real: np.ndarray  # (capacity, 7 + outputs * classes) float64: threshold, … bounds of the value, … and the value
    pending: np.ndarray  # (capacity, 2) int64 stack of children to open, 2 parent + side; heap of nodes (best first)
    words: np.ndarray  # uint32 subsets of categories
    progress: np.ndarray  # (4,) int64 length of the stack, number of nodes, of words, length of the heap


@inner_kernel
def inherit(columns, nodes, node, parent, side):
    """Rows, depth and bounds of a child, which is a leaf until it asks."""
    whole, real = nodes.whole[node], nodes.real[node]
    if parent >= 0:
        above = nodes.whole[parent]
        above[LEFT + side] = node
        whole[FIRST] = above[FIRST] if side == 0 else above[CUT]
        whole[STOP] = above[CUT] if side == 0 else above[STOP]
        whole[DEPTH], whole[CONSTANTS] = above[DEPTH] + 1, above[CONSTANTS]
        real[LOWER], real[UPPER] = nodes.real[parent, LOWER], nodes.real[parent, UPPER]
        sign = columns.table[above[FEATURE], SIGN]
        if sign != 0:  # the two sides meet at the middle
            real[UPPER if (side == 0) == (sign > 0) else LOWER] = nodes.real[parent, MIDDLE]
    else:
        real[LOWER], real[UPPER] = -np.inf, np.inf
    whole[LEFT], whole[RIGHT], whole[CUT], whole[WORDS_AT], whole[MISSING_LEFT] = LEAF, LEAF, whole[STOP], -1, 0
    whole[FEATURE], real[THRESHOLD], real[GAIN] = NO_FEATURE, NO_FEATURE, 0.0


@inner_kernel
def ask(columns, work, categories, nodes, node, best):
    """Write the question and move the rows to both sides."""
    whole, real, j = nodes.whole[node], nodes.real[node], best.feature
    column, missing = columns.codes[j], columns.table[j, CODES]
    rows, spare, start, stop = work.rows[0], work.rows[1], whole[FIRST], whole[STOP]
    if categories is not None and columns.table[j, CATEGORIES]:
        cut, gone = _divide_subset(column, rows, spare, start, stop, categories.words, missing, best.missing_left)
        real[THRESHOLD] = np.nan
        whole[WORDS_AT] = _store_subset(categories.words, nodes, missing, cut - start > stop - cut)
    else:
        cut, gone = _divide(column, rows, spare, start, stop, best.cut, missing, best.missing_left)
        low = columns.highest[columns.table[j, START] + best.cut]
        if best.threshold == best.threshold:
            real[THRESHOLD] = best.threshold
        elif best.above == missing:
            real[THRESHOLD] = np.inf
        else:
            high = columns.values[columns.table[j, START] + best.above]
            half = 0.5 * low + 0.5 * high
            real[THRESHOLD] = half if low <= half < high else low
    whole[CUT], whole[FEATURE] = cut, j
    whole[MISSING_LEFT] = best.missing_left if gone else cut - start > stop - cut


@inner_kernel
def _divide(column, rows, spare, start, stop, cut, missing, missing_left):
    """Move rows with codes up to the cut to the front, in order; returns where they end, and if any is missing."""
    left, right, lost = np.uint64(start), np.uint64(0), np.uint64(0)
    for i in range(np.uint64(start), np.uint64(stop)):
        row = rows[i]
        code = np.int64(column[row])
        gone = np.uint64(code == missing)
        goes = np.uint64(code <= cut) | (gone & np.uint64(missing_left))
        lost |= gone
        rows[left] = row
        spare[right] = row
        left += goes
        right += np.uint64(1) - goes
    for i in range(right):
        rows[left + i] = spare[i]
    return np.int64(left), lost > 0


@inner_kernel
def _divide_subset(column, rows, spare, start, stop, words, missing, missing_left):
    """Move rows whose category is in the subset to the front, in order."""
    left, right, gone = start, 0, False
    for i in range(start, stop):
        row = rows[i]
        code = np.int64(column[row])
        if code == missing:
            gone, goes = True, missing_left
        else:
            goes = (words[SUBSET, code >> 5] >> np.uint32(code & 31)) & np.uint32(1) == 1
        if goes:
            rows[left] = row
            left += 1
        else:
            spare[right] = row
            right += 1
    for i in range(right):
        rows[left + i] = spare[i]
    return left, gone


@inner_kernel
def _store_subset(words, nodes, n_categories, larger):
    """Append the subset, whose place is returned; categories that do not occur in the node go with the larger side."""
    at, count = nodes.progress[WORDS], (n_categories + 31) >> 5
    nodes.words[at] = count
    for k in range(count):
        nodes.words[at + 1 + k] = words[SUBSET, k] | (~words[SEEN, k] if larger else np.uint32(0))
    nodes.progress[WORDS] += count + 1
    return at
