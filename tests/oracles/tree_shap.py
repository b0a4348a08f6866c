"""Shapley values of a tree by the definition: every subset of the features, every branch by recursion."""

from itertools import combinations
from math import factorial

import numpy as np


def ways(tree, node, x, fractional):
    """Children of a node with the share of the row x that goes there; {} where it stays. None stands for `stay`."""
    start, value = tree.branch_start[node], x[tree.feature[node]]
    if start >= 0:
        children = tree.branches[start + 1 : start + 1 + tree.branches[start]]
        if np.isnan(value) and fractional:
            return training_ways(tree, node)
        known = value >= 0 and value < len(children) and children[int(value)] >= 0
        return {int(children[int(value)]): 1.0} if known else {None: 1.0}
    left, right = int(tree.children_left[node]), int(tree.children_right[node])
    start = tree.category_start[node]
    if start >= 0:
        words = tree.category_words[start + 1 : start + 1 + tree.category_words[start]]
        if not (value >= 0 and value < 32 * len(words)):
            goes_left = None
        else:
            goes_left = bool(int(words[int(value) // 32]) >> (int(value) % 32) & 1)
    else:
        goes_left = None if np.isnan(value) else bool(value <= tree.threshold[node])
    if goes_left is None:
        if fractional:
            return training_ways(tree, node)
        goes_left = bool(tree.missing_go_to_left[node])
    return {left if goes_left else right: 1.0}


def training_ways(tree, node):
    """The same with the shares of the training weight."""
    start = tree.branch_start[node]
    if start >= 0:
        children = [int(c) for c in tree.branches[start + 1 : start + 1 + tree.branches[start]] if c >= 0]
    else:
        children = [int(tree.children_left[node]), int(tree.children_right[node])]
    weight = tree.weighted_n_node_samples
    return {child: weight[child] / weight[node] if weight[node] > 0 else 0.0 for child in children}


def expected(tree, values, x, fixed, other, fractional, node=0):
    """Prediction with the features in `fixed` at x; the others by training weight, or as in the row `other`."""
    if tree.children_left[node] < 0 and tree.branch_start[node] < 0:
        return values[node]
    if int(tree.feature[node]) in fixed:
        shares = ways(tree, node, x, fractional)
    elif other is None:
        shares = training_ways(tree, node)
    else:
        shares = ways(tree, node, other, fractional)
    return sum(
        share * (values[node] if child is None else expected(tree, values, x, fixed, other, fractional, child))
        for child, share in shares.items()
    )


def shapley(tree, values, x, other=None, fractional=False):
    """Values phi_i, (p, k), and the base value, (k,)."""
    p = tree.n_features
    phi = np.zeros((p, values.shape[1]))
    for i in range(p):
        rest = [j for j in range(p) if j != i]
        for size in range(p):
            weight = factorial(size) * factorial(p - size - 1) / factorial(p)
            for fixed in combinations(rest, size):
                with_i = expected(tree, values, x, {*fixed, i}, other, fractional)
                phi[i] += weight * (with_i - expected(tree, values, x, {*fixed}, other, fractional))
    return phi, expected(tree, values, x, set(), other, fractional)


def random_tree(rng, p=4, depth=4, kinds="tsm", outputs=2):
    """A random tree: questions by threshold (t), subset (s) or multiway (m); the last two columns hold categories."""
    from panlearn.tree.tree_structure import Tree

    nodes, words, branches = [], [], []

    def grow(level, weight):
        me = len(nodes)
        value = rng.normal(size=outputs)
        nodes.append({"l": -1, "r": -1, "f": -2, "t": -2.0, "m": False, "w": weight, "c": -1, "b": -1, "v": value})
        if level == 0 or rng.random() < 0.15:
            return me
        kind, node = rng.choice(list(kinds)), nodes[me]
        if kind == "t":
            node.update(f=int(rng.integers(p - 2)), t=float(rng.normal()), m=bool(rng.random() < 0.5))
        else:
            node.update(f=int(rng.integers(p - 2, p)), t=np.nan, m=bool(rng.random() < 0.5))
        if kind == "m":
            present = rng.random(4) < 0.7
            present[rng.integers(4)] = True
            shares = rng.dirichlet(np.ones(present.sum()))
            node["b"] = len(branches)
            branches.extend([4, -1, -1, -1, -1])
            first = node["b"] + 1
            made = [grow(level - 1, weight * share) for share in shares]
            for code, child in zip(np.flatnonzero(present), made):
                branches[first + code] = child
            node.update(l=made[0], r=made[-1])
            return me
        if kind == "s":
            node["c"] = len(words)
            words.extend([1, int(rng.integers(1, 31))])
        share = rng.choice([rng.random(), 1.0, rng.random()])
        node["l"] = grow(level - 1, weight * share)
        node["r"] = grow(level - 1, weight * (1 - share))
        return me

    grow(depth, 10.0)

    def column(key, dtype):
        return np.array([node[key] for node in nodes], dtype=dtype)

    count = len(nodes)
    return Tree(
        column("l", np.int32),
        column("r", np.int32),
        column("f", np.int32),
        column("t", float),
        column("m", bool),
        np.zeros(count),
        np.ones(count, np.int64),
        column("w", float),
        column("v", float)[:, :, None],
        p,
        np.ones(outputs, np.intp),
        column("c", np.int32),
        np.array(words, np.uint32),
        column("b", np.int32),
        np.array(branches, np.int32),
    )
