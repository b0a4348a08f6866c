r"""Growth of an ID3 or C4.5 tree: depth first, with rows in fractions where a value is missing [quinlan1993], ch. 3.

The rows of the nodes that wait lie one part after the other on a stack (`Arena`), the next node's on top. A node counts
the classes of its rows, asks `multiway_split` for the best question, and replaces its part by those of its branches; a
row whose value is missing goes to each branch b with the fraction W(D_b) / W(D) of its weight. Fractions below
1e-4 of a row are dropped. Branches that no known value enters are not made.

Cost: rows times attributes times depth. A call of the kernel ends after some tenths of a second, or when an array is
full: Python enlarges it and calls again, so that Ctrl-C works.
"""

from typing import NamedTuple

import numpy as np

from panlearn.core.jit import EXACT, kernel
from panlearn.tree.grouped_categories import merge_groups
from panlearn.tree.multiway_split import (
    COUNTED,
    GAIN,
    GROUP,
    GROUPS,
    HIGH,
    LOW,
    PRESENT,
    SPLIT,
    TOTAL,
    Rules,
    best_attribute,
    category_gain,
    clear,
    count,
    sort_present,
    threshold_gain,
)

SMALLEST = 1e-4  # fraction of a row that still counts
BUDGET = 30_000_000  # rows times attributes of a call
FEATURE, FIRST, LAST, BRANCHES, ROWS = range(5)  # columns of Growth.nodes
NODE, START, END, DEPTH = range(4)  # columns of Growth.waiting
CODES, CATEGORICAL, VALUES = range(3)  # columns of Attributes.columns


class Attributes(NamedTuple):
    """Training rows as codes."""

    codes: np.ndarray  # (p, n) int32: rank of the value, or category; missing: the number of codes
    columns: np.ndarray  # (p, 3) int64: number of codes, 1 if categorical, where the column's values start
    values: np.ndarray  # values of all codes, column after column
    y: np.ndarray  # (n,) int64 class codes
    weight: np.ndarray  # (n,) float64


class Growth(NamedTuple):
    """The tree so far, the nodes that wait, and scratch; the first six have spare room."""

    nodes: np.ndarray  # (room, 5) int64: feature (-2 at a leaf), first and last child, start in branches, rows
    numbers: np.ndarray  # (room, 1 + classes) threshold (NaN for a category, -2 at a leaf), weight by class
    branches: np.ndarray  # int64, as in `Tree`
    waiting: np.ndarray  # (room, 4) int64 stack: node, first row, end, depth
    rows: np.ndarray  # int64 rows of the nodes that wait, one part after the other
    parts: np.ndarray  # float64 their weights
    sizes: np.ndarray  # (6,) int64: nodes, waiting, branches used; nodes, branches, rows that would not fit
    y: np.ndarray  # (n,) int64 classes of the rows of a node
    weight: np.ndarray  # (n,) their weights
    cells: np.ndarray  # (codes + GROUPS + 2, classes + 1) weight by code and class, and their sum
    marks: np.ndarray  # (2, codes) int64 codes that occur, branch of each
    scores: np.ndarray  # (p, 5) gain, split information (0: no question), part in the mean, codes beside the cut
    shares: np.ndarray  # (codes + 1,) share of each branch in the known weight


def grow(attributes: Attributes, rules: Rules, n_classes: int) -> Growth:
    """Grow a tree on the rows of positive weight.

    Parameters
    ----------
    attributes : Attributes
        Training rows as codes.
    rules : Rules
        What to look for, and when to stop.
    n_classes : int
        Number of classes.

    Returns
    -------
    Growth
        Arrays cut to the nodes.
    """
    seed, root_weight = _seed(attributes, n_classes), float(attributes.weight.sum())
    state = _enlarged(seed)
    state.waiting[0] = 0, 0, len(seed.rows), 0
    while state.sizes[1]:
        grow_some(attributes, rules, state, root_weight)
        state = _enlarged(state)
    n = state.sizes[0]
    return state._replace(nodes=state.nodes[:n], numbers=state.numbers[:n], branches=state.branches[: state.sizes[2]])


def _seed(attributes: Attributes, n_classes: int) -> Growth:
    """The root, waiting."""
    rows, columns = np.flatnonzero(attributes.weight > 0), attributes.columns
    n, p, most = len(rows), len(columns), int(columns[:, CODES].max(initial=1))
    scores = np.zeros((p, 5))
    counted = (columns[:, CATEGORICAL] == 0) | (columns[:, CODES] < 0.3 * attributes.weight.sum())
    scores[:, COUNTED] = counted if counted.any() else True  # else too many categories for a fair gain
    return Growth(
        nodes=np.empty((0, 5), dtype=np.int64),
        numbers=np.empty((0, 1 + n_classes)),
        branches=np.empty(0, dtype=np.int64),
        waiting=np.empty((0, 4), dtype=np.int64),
        rows=rows,
        parts=attributes.weight[rows],
        sizes=np.array([1, 1, 0, 256, 256, 2 * n]),
        y=np.empty(n, dtype=np.int64),
        weight=np.empty(n),
        cells=np.zeros((most + GROUPS + 2, n_classes + 1)),
        marks=np.empty((2, most), dtype=np.int64),
        scores=scores,
        shares=np.empty(most + 1),
    )


def _enlarged(state: Growth) -> Growth:
    """Make room for what did not fit."""
    nodes, branches, rows = (int(size) for size in state.sizes[3:])
    state.sizes[3:] = 0
    if nodes > len(state.nodes):
        more = 2 * nodes - len(state.nodes)
        numbers = np.zeros((more, state.numbers.shape[1]))
        numbers[:, 0] = -2.0
        state = state._replace(
            nodes=np.concatenate([state.nodes, np.tile([-2, -1, -1, -1, 0], (more, 1))]),
            numbers=np.concatenate([state.numbers, numbers]),
            waiting=np.concatenate([state.waiting, np.empty((more, 4), dtype=np.int64)]),
        )
    if branches > len(state.branches):
        state = state._replace(branches=np.concatenate([state.branches, np.empty(2 * branches, dtype=np.int64)]))
    if rows > len(state.rows):
        state = state._replace(
            rows=np.concatenate([state.rows, np.empty(rows, dtype=np.int64)]),
            parts=np.concatenate([state.parts, np.empty(rows)]),
        )
    return state


@kernel(fastmath=EXACT)
def grow_some(attributes, rules, state, root_weight):
    """Grow until no node waits, an array is full or the budget is spent; in place: state."""
    sizes, nodes, numbers, waiting, budget = state.sizes, state.nodes, state.numbers, state.waiting, BUDGET
    rows, parts, codes, columns, cells, marks = (
        state.rows,
        state.parts,
        attributes.codes,
        attributes.columns,
        state.cells,
        state.marks,
    )
    while sizes[1] and budget > 0:
        top = sizes[1] - 1
        node, s, e, depth = waiting[top, NODE], waiting[top, START], waiting[top, END], waiting[top, DEPTH]
        n = e - s
        budget -= n * len(codes)
        part, y, weight = rows[s:e], state.y[:n], state.weight[:n]
        nodes[node, ROWS] = n
        whole, largest = describe(attributes.y, part, parts[s:e], y, weight, numbers[node])
        few = whole < rules.min_split - 1e-6 or whole < 2 * rules.min_leaf - 1e-6
        j = -1
        if not few and whole - largest > 1e-9 * whole and depth < rules.max_depth:
            score(codes, columns, rules, part, y, weight, cells, marks, state.scores, whole)
            j = best_attribute(state.scores, rules.ratio, rules.min_decrease * root_weight / whole - 1e-12)
        if j < 0:
            sizes[1] = top
            continue
        low = np.int64(state.scores[j, LOW])
        k = branch(codes[j], columns[j], rules, part, y, weight, cells, marks, state.shares, low, whole)
        missing, n_codes = np.int64(0), columns[j, CODES]
        for i in range(n):
            missing += codes[j, part[i]] == n_codes
        if (
            sizes[0] + k > len(nodes)
            or sizes[2] + n_codes + 1 > len(state.branches)
            or e + (k - 1) * missing > len(rows)
        ):
            sizes[3], sizes[4], sizes[5] = sizes[0] + k, sizes[2] + n_codes + 1, e + k * missing
            return
        nodes[node, FEATURE], nodes[node, FIRST], nodes[node, LAST] = j, sizes[0], sizes[0] + k - 1
        if columns[j, CATEGORICAL]:
            nodes[node, BRANCHES], numbers[node, 0] = sizes[2], np.nan
            sizes[2] = write_branches(state.branches, sizes[2], marks, n_codes, sizes[0])
        else:
            values = attributes.values[columns[j, VALUES] : columns[j, VALUES] + n_codes]
            numbers[node, 0] = threshold(values, low, np.int64(state.scores[j, HIGH]), rules.from_data)
        divide(codes[j], n_codes, attributes.weight, state, k, missing)


@kernel(fastmath=EXACT)
def describe(classes, rows, parts, y, weight, counts):
    """Count the classes of a node, and gather those of its rows; in place: y, weight, counts[1:].

    Returns its weight and that of the largest class.
    """
    whole, largest = 0.0, 0.0
    for k in range(1, len(counts)):
        counts[k] = 0.0
    for i in range(len(rows)):
        y[i], weight[i] = classes[rows[i]], parts[i]
        counts[1 + y[i]] += weight[i]
    for k in range(1, len(counts)):
        whole += counts[k]
        largest = max(largest, counts[k])
    return whole, largest


@kernel(fastmath=EXACT)
def score(codes, columns, rules, rows, y, weight, cells, marks, scores, whole):
    """Gain and split information of every attribute; in place: scores."""
    for j in range(len(scores)):
        scores[j, SPLIT] = 0.0
        n_present = count(codes[j], columns[j, CODES], rows, y, weight, cells, marks)
        gain, split, found, known = 0.0, 0.0, 0, cells[TOTAL, cells.shape[1] - 1]
        fewest = rules.min_leaf - 1e-6
        if n_present > 1 and columns[j, CATEGORICAL]:
            if rules.grouped and 2 < n_present <= GROUPS:
                gain, split, found = merge_groups(cells, marks, n_present, fewest, whole)
            else:
                gain, split, found = category_gain(cells, marks, n_present, fewest, whole)
            if found > 1:
                scores[j, GAIN], scores[j, SPLIT] = gain, split
        elif n_present > 1:
            if rules.spread:
                fewest = max(fewest, min(25.0, 0.1 * known / (cells.shape[1] - 1)) - 1e-6)
            sort_present(cells, marks, n_present, columns[j, CODES])
            gain, split, last = threshold_gain(cells, marks, n_present, fewest, rules.corrected, whole)
            if last >= 0 and (gain > 0.0 or not rules.corrected):
                scores[j, GAIN], scores[j, SPLIT] = gain, split
                scores[j, LOW], scores[j, HIGH] = marks[PRESENT, last], marks[PRESENT, last + 1]
        clear(cells, marks, n_present)


@kernel(fastmath=EXACT)
def branch(codes, column, rules, rows, y, weight, cells, marks, shares, low, whole):
    """Write the branch of each code to the marks, and the share of each branch; returns the number of branches."""
    n_codes, k, last = column[CODES], 2, cells.shape[1] - 1
    n_present = count(codes, n_codes, rows, y, weight, cells, marks)
    sort_present(cells, marks, n_present, n_codes)  # branches in the order of the codes
    if column[CATEGORICAL]:
        for code in range(n_codes):
            marks[GROUP, code] = -1
        k = n_present
        for i in range(n_present):
            marks[GROUP, marks[PRESENT, i]] = i
        if rules.grouped and 2 < n_present <= GROUPS:
            _, _, k = merge_groups(cells, marks, n_present, 0.0, whole)
    else:
        for i in range(n_present):
            marks[GROUP, marks[PRESENT, i]] = marks[PRESENT, i] > low
    for c in range(k):
        shares[c] = 0.0
    for i in range(n_present):
        code = marks[PRESENT, i]
        shares[marks[GROUP, code]] += cells[code, last] / cells[TOTAL, last]
    clear(cells, marks, n_present)
    return k


@kernel
def write_branches(branches, start, marks, n_codes, first):
    """Write the number of codes and the child of each; in place: branches. Returns the new end."""
    branches[start] = n_codes
    for code in range(n_codes):
        branches[start + 1 + code] = first + marks[GROUP, code] if marks[GROUP, code] >= 0 else -1
    return start + 1 + n_codes


@kernel(fastmath=EXACT)
def threshold(values, low, high, from_data):
    """The number that divides two codes: their midpoint, or the largest value of the data that is not above it."""
    middle = values[low] / 2 + values[high] / 2
    if not values[low] <= middle < values[high]:  # neighbouring floating-point numbers
        middle = values[low]
    if not from_data:
        return middle
    while low + 1 < high:
        half = (low + high) // 2
        if values[half] <= middle:
            low = half
        else:
            high = half
    return values[low]


@kernel(fastmath=EXACT)
def divide(codes, n_codes, own, state, k, missing):
    """Replace the rows of the node on top by those of its k branches, one part after the other; in place: state."""
    waiting, top, group, shares, sizes = (
        state.waiting,
        state.sizes[1] - 1,
        state.marks[GROUP],
        state.shares,
        state.sizes,
    )
    rows, parts, s, e, depth = state.rows, state.parts, waiting[top, START], waiting[top, END], waiting[top, DEPTH] + 1
    n = e - s
    old_rows, old_parts, ends, place = np.empty(n, np.int64), np.empty(n), np.zeros(k + 1, np.int64), n - missing
    for i in range(s, e):
        code = codes[rows[i]]
        if code != n_codes:
            ends[group[code] + 1] += 1
    for c in range(k):
        ends[c + 1] += ends[c]
    for i in range(s, e):
        code, at = codes[rows[i]], place
        if code == n_codes:
            place += 1
        else:
            at = ends[group[code]]
            ends[group[code]] += 1
        old_rows[at], old_parts[at] = rows[i], parts[i]
    first = 0
    for c in range(k):
        waiting[top + c, NODE], waiting[top + c, START] = sizes[0] + c, s
        for i in range(first, ends[c]):
            rows[s], parts[s] = old_rows[i], old_parts[i]
            s += 1
        for i in range(n - missing, n):
            share = old_parts[i] * shares[c]
            if share >= SMALLEST * own[old_rows[i]]:
                rows[s], parts[s] = old_rows[i], share
                s += 1
        first = ends[c]
        waiting[top + c, END], waiting[top + c, DEPTH] = s, depth
    sizes[0] += k
    sizes[1] = top + k
