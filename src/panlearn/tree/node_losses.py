r"""What each node of a tree would lose on given rows as a leaf: the numbers that pruning on a hold-out set compares.

Classification: the weight of the rows that reach the node and have another class than its majority. Regression: their
squared error around its value. Several outputs: the mean over them. One pass of the rows through the tree and one pass
over the nodes from the bottom give them for all nodes. Rows that C4.5 splits count with their fractions.
"""

from typing import NamedTuple

import numpy as np

from panlearn.core.threads import map_chunks
from panlearn.tree.tree_structure import Tree


class NodeLosses(NamedTuple):
    """Losses on a set of rows, by node."""

    as_leaf: np.ndarray  # (nodes,) of all rows that reach the node, were it a leaf
    ending: np.ndarray  # (nodes,) of the rows that end there in the tree as it is

    def below(self, parent: np.ndarray) -> np.ndarray:
        """Loss of the subtree at each node, (nodes,)."""
        from panlearn.tree.bottom_up import add_upwards

        sums = self.ending[:, None].copy()
        add_upwards(parent, sums)
        return sums[:, 0]


class Ends(NamedTuple):
    """Where rows end; a row that is split stands several times."""

    row: np.ndarray  # (ends,) int64
    node: np.ndarray  # (ends,) int64
    share: np.ndarray  # (ends,) float64


def ends_of(tree: Tree, X: np.ndarray, *, fractional: bool) -> Ends:
    """Where each row ends.

    Parameters
    ----------
    tree : Tree
        A tree of any kind.
    X : ndarray of shape (n, p)
        Numbers and codes, NaN where missing.
    fractional : bool
        Whether a missing value goes down all branches.

    Returns
    -------
    Ends
        Rows in order, those that are split last.
    """
    if not fractional:
        return Ends(np.arange(X.shape[0]), tree.apply(X), np.ones(X.shape[0]))
    from panlearn.tree.fractional_routing import ends, routes_of

    routes, node = routes_of(tree, fractional=True), np.empty(len(X), dtype=np.int64)
    parts = map_chunks(lambda a, b: ends(routes, X[a:b], a, node[a:b]), len(X), work=30.0 * len(X))
    single = np.flatnonzero(node >= 0)
    split = np.concatenate([pairs for pairs, _ in parts])
    return Ends(
        np.concatenate([single, split[:, 0]]),
        np.concatenate([node[single], split[:, 1]]),
        np.concatenate([np.ones(len(single)), *(shares for _, shares in parts)]),
    )


def node_losses(tree: Tree, X: np.ndarray, y: np.ndarray, weight: np.ndarray | None, *, fractional: bool) -> NodeLosses:
    """Loss at each node of a tree on given rows.

    Parameters
    ----------
    tree : Tree
        A tree of any kind.
    X : ndarray of shape (n, p)
        Numbers and codes, NaN where missing.
    y : ndarray of shape (n, outputs)
        Class codes (-1: a class the tree does not know), or numbers.
    weight : ndarray of shape (n,), optional
        Weights of the rows.
    fractional : bool
        Whether a missing value goes down all branches.

    Returns
    -------
    NodeLosses
        As a leaf, and of the rows that end there.
    """
    found = ends_of(tree, X, fractional=fractional)
    share = found.share if weight is None else found.share * weight[found.row]
    losses = [_of_output(tree, o, found.node, y[found.row, o], share) for o in range(y.shape[1])]
    return NodeLosses(*(sum(part) / y.shape[1] for part in zip(*losses)))


def _of_output(tree: Tree, output: int, node: np.ndarray, y: np.ndarray, share: np.ndarray) -> tuple:
    from panlearn.tree.bottom_up import add_upwards

    n, value = len(tree.feature), tree.value[:, output, :]
    if tree.n_classes[output] > 1 or value.shape[1] > 1:
        width = value.shape[1] + 1  # the last column: classes that the tree does not know
        cell = node * width + np.where(y < 0, width - 1, y).astype(np.int64)
        sums = np.bincount(cell, weights=share, minlength=n * width).reshape(n, width)

        def loss(sums: np.ndarray) -> np.ndarray:
            return sums.sum(axis=1) - np.take_along_axis(sums, value.argmax(axis=1)[:, None], axis=1)[:, 0]
    else:
        centre = value[0, 0]  # keeps the squares small
        z, v = y - centre, value[:, 0] - centre
        sums = np.column_stack([np.bincount(node, weights=share * z**k, minlength=n) for k in range(3)])

        def loss(sums: np.ndarray) -> np.ndarray:
            return np.maximum(sums[:, 2] - 2 * v * sums[:, 1] + v**2 * sums[:, 0], 0)

    ending = loss(sums)
    add_upwards(tree.parents(), sums)
    return loss(sums), ending
