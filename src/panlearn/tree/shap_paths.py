"""A tree's edges in the order of a walk through it, for sums over the paths from the root to the leaves.

An edge leads from a node to one of its children. A row follows it fully, not at all, or, where C4.5 sends a missing
value down all branches, by a share. A category without a branch stays at its node: that is one more edge, which leads
to a leaf with the node's own value.
"""

from typing import NamedTuple

import numpy as np

from panlearn.core.jit import kernel
from panlearn.tree.tree_routing import Questions, branch_of, in_subset
from panlearn.tree.tree_structure import Tree


class Paths(NamedTuple):
    """Edges, a parent's before its children's, each with all below it before the next beside it."""

    parent: np.ndarray  # (edges,) int32, the node that asks
    child: np.ndarray  # (edges,) int32; -1 where a category stays at the parent
    value_of: np.ndarray  # (edges,) int32, the node whose value counts; -1 where the edge leads to more questions
    depth: np.ndarray  # (edges,) int32, 1 below the root
    same: np.ndarray  # (edges,) int32, depth of the last edge above about the same feature; 0 if there is none
    n_features: int  # most features on a path

    @property
    def max_depth(self) -> int:
        """Most edges on a path."""
        return int(self.depth.max(initial=0))


def tree_paths(tree: Tree) -> Paths:
    """Walk through a tree.

    Parameters
    ----------
    tree : Tree
        The tree.

    Returns
    -------
    Paths
        Its edges.
    """
    questions = Questions(*(getattr(tree, name) for name in Questions._fields))
    count = tree.node_count - 1 + int(np.count_nonzero(tree.branch_start >= 0))
    parent, child, value_of, depth, same = np.empty((5, count), np.int32)
    paths = Paths(parent, child, value_of, depth, same, 0)
    return paths._replace(n_features=int(_walk(questions, paths, int(tree.max_depth))))


@kernel
def _walk(tree, paths, max_depth):  # updates paths
    """Fill the paths depth first; the most features on one of them."""
    count, most = 0, 0
    stack = [(np.int64(-1), np.int64(0), np.int64(0))]  # parent, child, depth; the root has no edge
    feature = np.empty(max_depth + 1, np.int64)  # of the edge at each depth
    features = np.zeros(max_depth + 1, np.int64)  # different ones down to each depth
    while len(stack) > 0:
        parent, node, depth = stack.pop()
        inner = node >= 0 and (tree.children_left[node] >= 0 or tree.branch_start[node] >= 0)
        if depth > 0:
            same = depth - 1
            feature[depth] = tree.feature[parent]
            while same > 0 and feature[same] != feature[depth]:
                same -= 1
            features[depth] = features[depth - 1] + (same == 0)
            most = max(most, features[depth])
            paths.parent[count], paths.child[count], paths.depth[count] = parent, node, depth
            paths.same[count], paths.value_of[count] = same, -1 if inner else (node if node >= 0 else parent)
            count += 1
        if inner and tree.branch_start[node] >= 0:
            start = tree.branch_start[node]
            stack.append((node, np.int64(-1), depth + 1))
            for b in range(tree.branches[start], 0, -1):
                if tree.branches[start + b] >= 0:
                    stack.append((node, np.int64(tree.branches[start + b]), depth + 1))
        elif inner:
            stack.append((node, np.int64(tree.children_right[node]), depth + 1))
            stack.append((node, np.int64(tree.children_left[node]), depth + 1))
    return most


@kernel(inline=True)
def follow(tree, parent, child, share, x, fractional, out):  # updates out
    """By how much each row follows an edge, from the values x of the parent's feature; a missing one by `share`."""
    if tree.branch_start[parent] >= 0:
        for r in range(x.size):
            if fractional and x[r] != x[r]:
                out[r] = share
            else:
                out[r] = 1.0 if branch_of(tree.branches, tree.branch_start[parent], x[r]) == child else 0.0
        return
    left = tree.children_left[parent] == child
    for_missing = share if fractional else (1.0 if tree.missing_go_to_left[parent] == left else 0.0)
    if tree.category_start[parent] >= 0:
        for r in range(x.size):
            side = in_subset(tree.category_words, tree.category_start[parent], x[r])
            out[r] = for_missing if side < 0 else (1.0 if (side == 1) == left else 0.0)
        return
    threshold = tree.threshold[parent]
    for r in range(x.size):
        out[r] = for_missing if x[r] != x[r] else (1.0 if (x[r] <= threshold) == left else 0.0)
