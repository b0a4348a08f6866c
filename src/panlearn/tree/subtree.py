r"""A tree with some of its nodes made leaves, or replaced by a descendant: what every pruning ends with.

The nodes that stay keep their order, so that a child still comes after its parent and the branches of a multiway node
still have consecutive numbers; all arrays of the `Tree` are cut to them. Whether a node stays is found by pointer
doubling: a node is gone if its parent is a leaf or is itself gone, and log2(depth) rounds of "or with my ancestor, and
let my ancestor be my ancestor's ancestor" carry that from the root to the bottom. Cost: nodes times log depth.
"""

import numpy as np

from panlearn.tree.tree_structure import LEAF, NO_FEATURE, Tree


def subtree(tree: Tree, leaf: np.ndarray) -> Tree:
    """The tree with these nodes made leaves.

    Parameters
    ----------
    tree : Tree
        A tree, left as it is.
    leaf : ndarray of shape (nodes,)
        True where a node becomes (or is) a leaf; what lies below it goes.

    Returns
    -------
    Tree
        All arrays cut to the nodes that stay.
    """
    above = np.maximum(tree.parents(), 0)
    leaf = leaf | (tree.children_left == LEAF)
    gone = leaf[above]
    gone[0] = False
    while above.any():
        gone |= gone[above]
        above = above[above]
    return rebuilt(tree, ~gone, leaf, np.arange(len(leaf)))


def rebuilt(tree: Tree, stays: np.ndarray, leaf: np.ndarray, content: np.ndarray) -> Tree:
    """The tree of the places that stay, each with its own numbers and with the question of the node `content` names.

    Parameters
    ----------
    tree : Tree
        A tree, left as it is.
    stays : ndarray of shape (nodes,)
        The places that the new tree has.
    leaf : ndarray of shape (nodes,)
        True where a place holds a leaf.
    content : ndarray of shape (nodes,)
        The node whose question a place asks: itself, or a descendant that is raised to it.

    Returns
    -------
    Tree
        A tree; the children of a raised node are the children of its place.
    """
    place, number = np.flatnonzero(stays), np.cumsum(stays, dtype=np.int32) - 1
    node, inner = content[place], ~leaf[place]
    category_start, category_words = _cut(tree.category_start, tree.category_words, node, inner)
    branch_start, branches = _cut(tree.branch_start, tree.branches, node, inner)
    body = np.ones(len(branches), dtype=bool)
    body[branch_start[branch_start >= 0]] = False  # the others are numbers of branches
    child = branches[body]
    branches[body] = np.where(child == LEAF, LEAF, number[child])
    return tree._replace(
        children_left=np.where(inner, number[tree.children_left[node]], np.int32(LEAF)),
        children_right=np.where(inner, number[tree.children_right[node]], np.int32(LEAF)),
        feature=np.where(inner, tree.feature[node], np.int32(NO_FEATURE)),
        threshold=np.where(inner, tree.threshold[node], float(NO_FEATURE)),
        missing_go_to_left=tree.missing_go_to_left[node] & inner,
        impurity=tree.impurity[place],
        n_node_samples=tree.n_node_samples[place],
        weighted_n_node_samples=tree.weighted_n_node_samples[place],
        value=tree.value[place],
        category_start=category_start,
        category_words=category_words,
        branch_start=branch_start,
        branches=branches,
    )


def _cut(start: np.ndarray, data: np.ndarray, node: np.ndarray, inner: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The runs "length, then so many entries" of these nodes one after the other, and where each starts."""
    has = inner & (start[node] >= 0)
    first = start[node[has]]
    lengths = data[first].astype(np.int64) + 1
    out = np.full(len(node), -1, dtype=start.dtype)
    out[has] = np.cumsum(lengths) - lengths
    return out, data[_spans(first, lengths)]


def _spans(first: np.ndarray, lengths: np.ndarray) -> np.ndarray:
    """Indices first, first + 1, … of runs of these lengths, one run after the other."""
    lengths = lengths.astype(np.int64)
    ends = np.cumsum(lengths)
    return np.arange(ends[-1] if len(ends) else 0) + np.repeat(first - (ends - lengths), lengths)
