"""Slow, obvious forests: one row, one tree at a time."""

import numpy as np


def in_set(tree, node, code):
    """True, False, or None for a code that the set has no bit for."""
    start = tree.category_start[node]
    if np.isnan(code) or code < 0 or code >= 32 * tree.category_words[start]:
        return None
    word = int(tree.category_words[start + 1 + int(code) // 32])
    return bool(word >> (int(code) % 32) & 1)


def leaf_of(tree, row):
    """Node where a row ends."""
    node = 0
    while tree.children_left[node] >= 0:
        x = float(row[tree.feature[node]])
        if tree.category_start[node] >= 0:
            left = in_set(tree, node, x)
        else:
            left = None if np.isnan(x) else x <= tree.threshold[node]
        left = tree.missing_go_to_left[node] if left is None else left
        node = tree.children_left[node] if left else tree.children_right[node]
    return int(node)


def mean_values(trees, X):
    """Mean over the trees of the values of each row's leaf, (n, outputs, classes)."""
    return np.mean([[tree.value[leaf_of(tree, row)] for row in X] for tree in trees], axis=0)


def out_of_bag(trees, samples, X):
    """The same over the trees that did not see a row; NaN where all did."""
    found = np.full((len(X), *trees[0].value.shape[1:]), np.nan)
    for i, row in enumerate(X):
        values = [tree.value[leaf_of(tree, row)] for tree, rows in zip(trees, samples) if i not in rows]
        if values:
            found[i] = np.mean(values, axis=0)
    return found


def meinshausen_weights(trees, samples, X, row):
    """Weight of each training row in the prediction for `row`: its mean share of the leaves [meinshausen2006]."""
    total = np.zeros(len(X))
    for tree, rows in zip(trees, samples):
        leaf = leaf_of(tree, row)
        inside = np.array([leaf_of(tree, x) == leaf for x in X])
        counts = np.bincount(rows, minlength=len(X)) * inside
        total += counts / counts.sum()
    return total / len(trees)


def weighted_quantile(y, weight, level):
    """Least target at which the weights of the targets up to it reach the level."""
    order = np.argsort(y, kind="stable")
    order = order[weight[order] > 0]
    reached = np.cumsum(weight[order]) >= level - 1e-6
    return y[order][np.argmax(reached)] if reached.any() else y[order][-1]


def random_tree(rng, n_leaves, p, *, n_categories=0, k=1):
    """A tree with questions drawn at random; the last feature is a category if `n_categories` > 0."""
    from panlearn.tree.tree_structure import LEAF, NO_FEATURE, Tree

    nodes = 2 * n_leaves - 1
    left, right = np.full(nodes, LEAF, np.int32), np.full(nodes, LEAF, np.int32)
    feature, threshold = np.full(nodes, NO_FEATURE, np.int32), np.full(nodes, float(NO_FEATURE))
    start, words, leaves, end = np.full(nodes, -1, np.int32), [], [0], 1
    while end < nodes:
        node = leaves.pop(int(rng.integers(len(leaves))))
        left[node], right[node] = end, end + 1
        leaves, end = [*leaves, end, end + 1], end + 2
        feature[node], threshold[node] = rng.integers(p), rng.normal()
        if n_categories and feature[node] == p - 1:
            size = -(-n_categories // 32)
            start[node], threshold[node] = len(words), np.nan
            words += [size, *rng.integers(0, 2**32, size).tolist()]
    ones = np.ones(nodes)
    return Tree(
        children_left=left,
        children_right=right,
        feature=feature,
        threshold=threshold,
        missing_go_to_left=(rng.random(nodes) < 0.5) & (left >= 0),
        impurity=rng.random(nodes),
        n_node_samples=ones.astype(np.int64),
        weighted_n_node_samples=ones,
        value=rng.normal(size=(nodes, 1, k)),
        n_features=p,
        n_classes=np.array([k], np.intp),
        category_start=start,
        category_words=np.array(words, np.uint32),
        branch_start=np.full(nodes, -1, np.int32),
        branches=np.zeros(0, np.int32),
    )
