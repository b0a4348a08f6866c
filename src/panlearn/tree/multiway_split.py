r"""The best question of ID3 and C4.5 at a node: information gain, gain ratio, Quinlan's correction for thresholds.

With D the rows of the node whose value of the attribute is known, W(D) their weight and W that of all rows,

    info(D)  = -sum_k p_k log2 p_k
    gain     = W(D)/W (info(D) - sum_b W(D_b)/W(D) info(D_b)),         b over the branches
    split    = -sum_b W(D_b)/W log2 W(D_b)/W  - W_missing/W log2 W_missing/W
    ratio    = gain / split

[quinlan1986], [quinlan1993]. A number is cut in two between neighbouring values; the best of m cuts is found by looking
at m of them, which costs log2(m) / W of its gain [quinlan1996]. Only cuts are counted that leave enough rows on both
sides: 10 % of the rows a class, but no fewer than `min_leaf` and no more than 25. Gains that C4.5 compares are means:
only an attribute whose gain is at least the mean gain may win by its ratio, and one with very many categories has no
part in the mean.

Cost: one pass over the rows of a node for each attribute, which adds their weights by code and class; then one over the
codes that occur, sorted by radix where they are few among many.
"""

from typing import NamedTuple

import numpy as np

from panlearn.core.jit import EXACT, kernel

GROUPS = 64  # categories up to which groups are looked for
TIE = 1e-10  # bits by which a gain must be better to count as better
LOG2E = 1.4426950408889634
TOTAL, LEFT = -1, -2  # rows of the cells: all rows with a known value, those left of a cut
PRESENT, GROUP = 0, 1  # rows of the marks: codes that occur, branch of each code (-1: none)
GAIN, SPLIT, COUNTED, LOW, HIGH = range(5)  # columns of the scores


class Rules(NamedTuple):
    """What C4.5 and ID3 differ in, and when to stop."""

    ratio: bool  # gain ratio among attributes of mean gain, else gain
    corrected: bool  # Quinlan's correction of the gain of a threshold
    spread: bool  # a threshold leaves 10 % of the rows a class on either side, 25 at most
    from_data: bool  # a threshold is a value of the data, else a midpoint
    grouped: bool  # categories are merged to groups
    min_leaf: float  # weight that at least two branches must have
    min_split: float  # weight of a node that may be split
    max_depth: int
    min_decrease: float  # gain times the node's share of the weight


@kernel(fastmath=EXACT)
def times_log(x):
    """Weight times its binary logarithm, 0 at 0."""
    return x * np.log(x) * LOG2E if x > 0.0 else 0.0


@kernel(fastmath=EXACT)
def count(codes, n_codes, rows, y, weight, cells, marks):
    """Add up weights by code and class, and their sums; in place: cells, marks. Returns how many codes occur."""
    K, n_present = cells.shape[1] - 1, 0
    for i in range(len(rows)):
        code = codes[rows[i]]
        if code == n_codes:  # missing
            continue
        if cells[code, K] == 0.0:
            marks[PRESENT, n_present] = code
            n_present += 1
        cells[code, K] += weight[i]
        cells[code, y[i]] += weight[i]
    for k in range(K + 1):
        total = 0.0
        for i in range(n_present):
            total += cells[marks[PRESENT, i], k]
        cells[TOTAL, k] = total
    return n_present


@kernel
def clear(cells, marks, n_present):
    """Forget the codes that occurred; in place: cells."""
    for i in range(n_present):
        for k in range(cells.shape[1]):
            cells[marks[PRESENT, i], k] = 0.0


@kernel
def sort_present(cells, marks, n_present, n_codes):
    """Sort the codes that occur: by looking at all codes if not too few do, else by Shell's method; in place: marks."""
    last = cells.shape[1] - 1
    if n_codes <= 64 * n_present:
        place = 0
        for code in range(n_codes):
            if cells[code, last] > 0.0:
                marks[PRESENT, place] = code
                place += 1
        return
    gap = 1
    while gap < n_present // 3:
        gap = 3 * gap + 1
    while gap:
        for i in range(gap, n_present):
            code, place = marks[PRESENT, i], i
            while place >= gap and marks[PRESENT, place - gap] > code:
                marks[PRESENT, place] = marks[PRESENT, place - gap]
                place -= gap
            marks[PRESENT, place] = code
        gap //= 3


@kernel(fastmath=EXACT)
def threshold_gain(cells, marks, n_present, fewest, corrected, whole):
    """Gain and split information of the best cut of a numeric attribute, and the place of its last code (-1: no cut).

    The codes that occur are sorted.
    """
    K, least, tries, last, cut_left = cells.shape[1] - 1, np.inf, 0, -1, 0.0
    known = cells[TOTAL, K]
    for k in range(K + 1):
        cells[LEFT, k] = 0.0
    for i in range(n_present - 1):
        for k in range(K + 1):
            cells[LEFT, k] += cells[marks[PRESENT, i], k]
        left = cells[LEFT, K]
        if left < fewest:
            continue
        if known - left < fewest:
            break
        tries += 1
        after = marks[PRESENT, i + 1]
        if tries > 1 and known - left - cells[after, K] >= fewest and alike(cells, marks[PRESENT, i], after):
            continue
        mixed = cut_bits(cells, left, known - left)
        if mixed < least - TIE * known:
            least, last, cut_left = mixed, i, left
    if tries == 0:
        return 0.0, 0.0, -1
    gain = (node_bits(cells, len(cells) + TOTAL) - least) / whole
    if corrected:
        gain -= np.log(float(tries)) * LOG2E / whole
    split = times_log(whole) - times_log(cut_left) - times_log(known - cut_left) - times_log(whole - known)
    return gain, split / whole, last


@kernel(fastmath=EXACT)
def cut_bits(cells, left, right):
    """Weight times entropy on both sides of a cut."""
    bits = times_log(left) + times_log(right)
    for k in range(cells.shape[1] - 1):
        bits -= times_log(cells[LEFT, k]) + times_log(cells[TOTAL, k] - cells[LEFT, k])
    return bits


@kernel
def alike(cells, a, b):
    """Whether two codes hold one class, the same: then a cut between them is never better than both next to it.

    The gain is convex in the number of rows that move over, as long as they are of one class [fayyad1992].
    """
    last = cells.shape[1] - 1
    for k in range(last):
        if cells[a, k] > 0.0:
            return cells[a, k] == cells[a, last] and cells[b, k] == cells[b, last]
    return False


@kernel(fastmath=EXACT)
def category_gain(cells, marks, n_present, fewest, whole):
    """Gain and split information of a branch for each category, and the number of branches (0: not enough rows)."""
    K, enough, mixed = cells.shape[1] - 1, 0, 0.0
    split = times_log(whole) - times_log(whole - cells[TOTAL, K])
    for i in range(n_present):
        code = marks[PRESENT, i]
        mixed += node_bits(cells, code)
        split -= times_log(cells[code, K])
        if cells[code, K] >= fewest:
            enough += 1
        marks[GROUP, code] = i
    gain = (node_bits(cells, len(cells) + TOTAL) - mixed) / whole
    return gain, split / whole, n_present if enough > 1 else 0


@kernel(fastmath=EXACT)
def node_bits(cells, row):
    """Weight times entropy of a row of counts."""
    K = cells.shape[1] - 1
    bits = times_log(cells[row, K])
    for k in range(K):
        bits -= times_log(cells[row, k])
    return bits


@kernel(fastmath=EXACT)
def best_attribute(scores, ratio, least):
    """The attribute to ask about, -1 for none."""
    mean, counted, best, winner = 0.0, 0, 0.0, -1
    for j in range(len(scores)):
        if scores[j, SPLIT] > 0.0 and scores[j, COUNTED] > 0.0:
            mean += scores[j, GAIN]
            counted += 1
    mean = mean / max(counted, 1) - 1e-3  # C4.5's tolerance
    for j in range(len(scores)):
        gain, split = scores[j, GAIN], scores[j, SPLIT]
        if split <= 0.0 or gain < least or (ratio and gain < mean):
            continue
        worth = gain / split if ratio else gain
        if winner < 0 or worth > best + TIE:
            best, winner = worth, j
    return winner if not ratio or best > 1e-6 else -1
