r"""The best split of a node: draw features, score the questions about each, keep the best.

Features are drawn without replacement until `max_features` have been looked at, and further until one is not constant
in the node. A feature found constant stays so below: it is remembered along the path and costs nothing any more.
`Workspace.features` holds, from the left: constant features drawn, constant ones known from above, constant ones newly
found, features not yet drawn, features drawn. Extremely randomised trees [geurts2006] draw one threshold a feature.
"""

import numpy as np

from panlearn.tree.growth_workspace import CATEGORIES, CODES, SIGN, START, draw
from panlearn.tree.inner_kernel import inner_kernel
from panlearn.tree.split_categories import NOTHING, search_subsets
from panlearn.tree.split_keys import SHIFT, gather, sort_keys
from panlearn.tree.split_scan import Found, one_cut, scan


@inner_kernel
def find_split(stat, columns, work, categories, chance, max_features, node, limits):
    """Best split of node = (start, m, constants known); returns it, the constants known now, the features looked at.

    `categories` is None where no column has any, `chance` is None for best and not None for random splits: what is not
    needed is not compiled.
    """
    start, m, known = node
    best = Found(NOTHING, np.int64(-1), np.int64(0), np.int64(0), False, np.nan, 0.0)
    features, free = work.features[0], np.int64(work.features.shape[1])
    visited, found, drawn = np.int64(0), np.int64(0), np.int64(0)  # seen; constants newly found; known ones drawn
    while free > known + found and (visited < max_features or visited <= found + drawn):
        visited += 1
        at = draw(work.random, drawn, free - found)
        if at < known:
            features[drawn], features[at] = features[at], features[drawn]
            drawn += 1
            continue
        at += found
        j = np.int64(features[at])
        low, high = gather(columns.codes[j], work.rows[0], start, m, work.keys[0])
        if low == high:
            features[at], features[known + found] = features[known + found], features[at]
            found += 1
            continue
        free -= 1
        features[free], features[at] = features[at], features[free]
        if categories is not None and columns.table[j, CATEGORIES]:
            best = search_subsets(stat, columns, work, categories, j, m, chance is not None, limits, best)
        elif chance is not None:
            best = _drawn(stat, columns, work, j, (m, low, high), limits, best)
        else:
            best = _thresholds(stat, columns, work, j, (m, low, high), limits, best)
    for k in range(known):  # siblings rely on their order
        features[k] = work.features[1, k]
    for k in range(known, known + found):
        work.features[1, k] = features[k]
    return best, known + found, visited - drawn


@inner_kernel
def _thresholds(stat, columns, work, j, span, limits, best):
    """Best of `best` and all thresholds of feature j."""
    m, low, high = span
    keys, present = work.keys[sort_keys(work.keys, m, low, high, work.counts)], m
    if high == columns.table[j, CODES]:  # values are missing
        while keys[present - 1] >> SHIFT == np.uint64(high):
            present -= 1
    for left in range(2 if present < m else 1):
        s, last, centre = scan(stat, keys, present, m, left == 1, columns.table[j, SIGN], limits, best.score)
        if last >= 0:
            cut, above = np.int64(keys[last] >> SHIFT), np.int64(keys[last + 1] >> SHIFT)
            best = Found(s, j, cut, above, left == 1, np.nan, centre)
    return best


@inner_kernel
def _drawn(stat, columns, work, j, span, limits, best):
    """Best of `best` and one threshold of feature j, drawn evenly between the node's extremes."""
    m, low, high = span
    keys, missing = work.keys[0], columns.table[j, CODES]
    gone = high == missing
    if gone:
        high = low
        for i in range(m):
            code = np.int64(keys[i] >> SHIFT)
            high = max(high, code if code != missing else low)
    begin = columns.table[j, START]
    least, most = columns.values[begin + low], columns.values[begin + high]
    threshold = least + (most - least) * (draw(work.random, np.int64(0), np.int64(1 << 31)) / 2147483647.0)
    threshold = threshold if threshold < most else least
    missing_left = gone and draw(work.random, np.int64(0), np.int64(2)) == 1
    cut, beyond = low, high + 1  # values[cut] <= threshold < values[beyond]
    while beyond - cut > 1:
        half = (cut + beyond) // 2
        if columns.values[begin + half] <= threshold:
            cut = half
        else:
            beyond = half
    s, centre = one_cut(stat, keys, m, cut, missing, missing_left, columns.table[j, SIGN], limits)
    return Found(s, j, cut, beyond, missing_left, threshold, centre) if s > best.score else best
