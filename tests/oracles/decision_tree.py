"""Slow, obvious CART: every question about every feature, scored by its definition [breiman1984]."""

from itertools import combinations, pairwise

import numpy as np


def impurity(criterion, y, w):
    """Impurity of a node with targets y (m, outputs) and weights w, averaged over the outputs."""
    values = []
    for target in y.T:
        share = np.array([w[target == c].sum() for c in np.unique(target)]) / w.sum()
        mean = np.average(target, weights=w)
        if criterion == "gini":
            values.append(1 - np.sum(share**2))
        elif criterion in ("entropy", "log_loss"):
            values.append(-np.sum(share * np.log2(share)))
        elif criterion == "absolute_error":
            values.append(np.average(np.abs(target - median(target, w)), weights=w))
        elif criterion == "poisson":
            if mean <= 0:
                return np.inf
            terms = np.where(target > 0, target * np.log(np.where(target > 0, target, 1.0) / mean), 0.0)
            values.append(np.average(terms, weights=w))
        else:
            values.append(np.average((target - mean) ** 2, weights=w))
    return float(np.mean(values))


def median(values, w):
    """Weighted median: the mean of two values if exactly half of the weight lies on each side of their gap."""
    order = np.argsort(values, kind="stable")
    values, below = values[order], np.cumsum(w[order])
    half = 0.5 * below[-1]
    first = int(np.argmax(below >= half))
    return 0.5 * (values[first] + values[first + 1]) if below[first] == half else values[first]


def questions(x, n_categories):
    """Every division of the rows by one column: pairs (mask of the left side, threshold or set of categories)."""
    gone = np.isnan(x)
    values = np.unique(x[~gone])
    sides = [False, True] if gone.any() else [False]
    found = []
    if n_categories:
        groups = [*values, *([np.nan] if gone.any() else [])]
        for size in range(1, len(groups)):
            for subset in combinations(groups, size):
                left = np.isin(x, [v for v in subset if v == v]) | (gone & any(v != v for v in subset))
                found.append((left, frozenset(v for v in subset if v == v)))
        return found
    for missing_left in sides:
        found += [((x <= a) | (gone & missing_left), a / 2 + b / 2) for a, b in pairwise(values)]
    if gone.any() and len(values):
        found.append((~gone, np.inf))
    return found


def best_decrease(criterion, X, y, w, *, n_categories=None, min_samples_leaf=1):
    """Largest decrease of impurity (of the node, not yet times its share) and all questions that reach it."""
    whole, found = impurity(criterion, y, w), []
    for j in range(X.shape[1]):
        for left, at in questions(X[:, j], 0 if n_categories is None else n_categories[j]):
            if min(left.sum(), (~left).sum()) < min_samples_leaf:
                continue
            a, b = w[left].sum() / w.sum(), w[~left].sum() / w.sum()
            parts = a * impurity(criterion, y[left], w[left]) + b * impurity(criterion, y[~left], w[~left])
            found.append((whole - parts, j, at))
    best = max((decrease for decrease, _, _ in found), default=-np.inf)
    return best, [(j, at) for decrease, j, at in found if decrease >= best - 1e-9 * max(1.0, abs(best))]


def check_tree(tree, criterion, X, y, w, *, max_depth, n_categories=None, min_samples_leaf=1):
    """Assert that every node of a fitted tree asks a best question, and that its statistics are those of its rows."""
    paths = tree.decision_path(X).toarray().astype(bool)
    depths = tree.depths()
    for node in range(tree.node_count):
        rows = paths[:, node] & (w != 0)
        part = X[rows], y[rows], w[rows]
        assert tree.n_node_samples[node] == rows.sum()
        np.testing.assert_allclose(tree.weighted_n_node_samples[node], w[rows].sum(), rtol=1e-10)
        np.testing.assert_allclose(tree.impurity[node], impurity(criterion, *part[1:]), rtol=1e-7, atol=1e-10)
        best, ways = best_decrease(criterion, *part, n_categories=n_categories, min_samples_leaf=min_samples_leaf)
        if tree.feature[node] < 0:
            assert not ways or depths[node] == max_depth or tree.impurity[node] <= 1e-12 or not np.isfinite(best)
            continue
        left, right = tree.children_left[node], tree.children_right[node]
        share = tree.weighted_n_node_samples[[left, right]] / tree.weighted_n_node_samples[node]
        decrease = tree.impurity[node] - share @ tree.impurity[[left, right]]
        np.testing.assert_allclose(decrease, best, rtol=1e-6, atol=1e-9)
        assert tree.feature[node] in {j for j, _ in ways}
