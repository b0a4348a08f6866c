"""One boosted tree without histograms: every threshold of every leaf is tried on the rows themselves."""

from typing import Any

import numpy as np


def term(g, h, value, l1, l2):
    return -2 * (g * value + l1 * abs(value)) - (h + l2) * value**2


def leaf_value(g, h, bounds, l1, l2):
    value = -np.sign(g) * max(abs(g) - l1, 0) / (h + l2) if h + l2 > 0 else 0.0
    return min(max(value, bounds[0]), bounds[1])


def question(x, limit, missing_left):
    return np.where(np.isnan(x), missing_left, x <= limit)


def best_split(X, cuts, g, h, rows, bounds, settings):
    """(gain, column, threshold, missing goes left) of the best split of the rows, or None."""
    best, l1, l2 = None, settings.l1, settings.l2
    total_g, total_h = g[rows].sum(), h[rows].sum()
    own = term(total_g, total_h, leaf_value(total_g, total_h, bounds, l1, l2), l1, l2)
    for j in range(X.shape[1]):
        sign = 0 if settings.monotonic_cst is None else settings.monotonic_cst[j]
        x = X[rows, j]
        for missing_left in [False, True] if np.isnan(x).any() else [False]:
            for limit in [*cuts[j], np.inf]:
                left = question(x, limit, missing_left)
                if min(left.sum(), (~left).sum()) < max(settings.min_samples_leaf, 1):
                    continue
                gl, hl = g[rows[left]].sum(), h[rows[left]].sum()
                gr, hr = total_g - gl, total_h - hl
                if min(hl, hr) < settings.min_sum_hessian:
                    continue
                a, b = leaf_value(gl, hl, bounds, l1, l2), leaf_value(gr, hr, bounds, l1, l2)
                if sign * (a - b) > 0:
                    continue
                gain = term(gl, hl, a, l1, l2) + term(gr, hr, b, l1, l2) - own
                if gain > settings.min_gain and (best is None or gain > best[0] * (1 + 1e-9)):
                    best = (gain, j, limit, missing_left)
    return best


def grow(X, cuts, g, h, settings):
    """Leaves as (rows, value), and splits as (gain, column, threshold), in the order in which they were made."""
    everything = np.arange(len(X))
    value = leaf_value(g.sum(), h.sum(), (-np.inf, np.inf), settings.l1, settings.l2)
    leaves = [(everything, value, (-np.inf, np.inf), 0)]
    splits = []

    def find(leaf) -> Any:
        rows, _, bounds, depth = leaf
        if settings.max_depth is not None and depth >= settings.max_depth:
            return None
        return best_split(X, cuts, g, h, rows, bounds, settings)

    found = [find(leaves[0])]
    while any(found) and len(leaves) < (settings.max_leaves or np.inf):
        gains = [-np.inf if f is None else f[0] for f in found]
        at = int(np.argmax(gains)) if settings.leaf_wise else next(i for i, f in enumerate(found) if f is not None)
        (rows, _, bounds, depth), (gain, j, limit, missing_left) = leaves.pop(at), found.pop(at)
        left = question(X[rows, j], limit, missing_left)
        values = [
            leaf_value(g[r].sum(), h[r].sum(), bounds, settings.l1, settings.l2) for r in (rows[left], rows[~left])
        ]
        sides = [bounds, bounds]
        sign = 0 if settings.monotonic_cst is None else settings.monotonic_cst[j]
        if sign:
            middle = sum(values) / 2
            below, above = (bounds[0], middle), (middle, bounds[1])
            sides = [below, above] if sign > 0 else [above, below]
        children = [(rows[left], values[0], sides[0], depth + 1), (rows[~left], values[1], sides[1], depth + 1)]
        splits.append((gain, j, limit))
        leaves += children
        found += [find(child) for child in children]
    return leaves, splits
