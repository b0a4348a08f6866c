"""Where rows of numbers end in a tree: kernels behind `Tree.apply` and `Tree.max_depth`.

A row costs one question a level. Categories come as codes; a code that is missing (NaN), negative or beyond those seen
in training counts as missing where the node asks for a subset.
"""

from typing import NamedTuple

import numpy as np

from panlearn.core.jit import kernel


class Questions(NamedTuple):
    """The part of a `Tree` that routes rows, under the same names."""

    children_left: np.ndarray
    children_right: np.ndarray
    feature: np.ndarray
    threshold: np.ndarray
    missing_go_to_left: np.ndarray
    category_start: np.ndarray
    category_words: np.ndarray
    branch_start: np.ndarray
    branches: np.ndarray


@kernel(inline=True)
def in_subset(words, start, code):
    """1 if the bit of `code` is set, 0 if not, -1 if the set has no such code."""
    if code != code or code < 0.0 or code >= 32.0 * words[start]:
        return -1
    k = np.int64(code)
    return np.int64((words[start + 1 + (k >> 5)] >> np.uint32(k & 31)) & np.uint32(1))


@kernel(inline=True)
def branch_of(branches, start, code):
    """Child of a category at a multiway node; -1 if it has none."""
    if code != code or code < 0.0 or code >= branches[start]:
        return -1
    return np.int64(branches[start + 1 + np.int64(code)])


@kernel
def route(X, tree, leaves):
    """Write the index of the node where each row of X ends to `leaves`."""
    for i in range(X.shape[0]):
        node = 0
        while tree.children_left[node] >= 0 or tree.branch_start[node] >= 0:
            x = np.float64(X[i, tree.feature[node]])
            if tree.branch_start[node] >= 0:
                child = branch_of(tree.branches, tree.branch_start[node], x)
                if child < 0:
                    break
                node = child
                continue
            if tree.category_start[node] >= 0:
                side = in_subset(tree.category_words, tree.category_start[node], x)
            else:
                side = -1 if x != x else np.int64(x <= tree.threshold[node])
            left = tree.missing_go_to_left[node] if side < 0 else side == 1
            node = np.int64(tree.children_left[node] if left else tree.children_right[node])
        leaves[i] = node


@kernel
def node_depths(children_left, children_right, branch_start, branches):
    """Number of questions above each node; a child comes after its parent."""
    depths = np.zeros(children_left.size, dtype=np.int64)
    for node in range(children_left.size):
        if branch_start[node] >= 0:
            start = branch_start[node]
            for b in range(branches[start]):
                if branches[start + 1 + b] >= 0:
                    depths[branches[start + 1 + b]] = depths[node] + 1
        elif children_left[node] >= 0:
            depths[children_left[node]] = depths[node] + 1
            depths[children_right[node]] = depths[node] + 1
    return depths
