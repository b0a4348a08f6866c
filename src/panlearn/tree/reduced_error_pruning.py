r"""Reduced-error pruning: a hold-out set decides [quinlan1987].

From the bottom up, a node becomes a leaf if that costs no error on rows that the tree has not seen:

    e(t) = loss of the rows that reach t, were it a leaf,      E(t) = sum over the children of min(e, E),
    t becomes a leaf if  e(t) <= E(t)

which gives the smallest among the subtrees of least error: a node is decided when all below it is, so that E(t) is the
least the branch can reach. Classification counts errors, regression squared errors; a node that no hold-out row reaches
becomes a leaf (0 <= 0). The rows kept back are lost to growing the tree; for few rows the other pruners do better.

Cost: one pass of the rows through the tree, one over the nodes. Course note 000 §4.5 (c) i.
"""

from typing import Any

import numpy as np

from panlearn.tree.subtree import subtree
from panlearn.tree.tree_structure import LEAF, Tree


def reduced_error_tree(
    tree: Tree, X: np.ndarray, y: np.ndarray, weight: np.ndarray | None = None, *, fractional: bool = False
) -> Tree:
    """The smallest subtree of least loss on hold-out rows.

    Parameters
    ----------
    tree : Tree
        A tree of any kind.
    X : ndarray of shape (n, p)
        Hold-out rows: numbers and codes, NaN where missing.
    y : ndarray of shape (n, outputs)
        Class codes (-1: a class the tree does not know), or numbers.
    weight : ndarray of shape (n,), optional
        Weights of the rows.
    fractional : bool, default=False
        Whether a missing value goes down all branches.

    Returns
    -------
    Tree
        A subtree with the same root.
    """
    from panlearn.tree.bottom_up import cut_where_cheaper
    from panlearn.tree.node_losses import node_losses

    losses, leaf = node_losses(tree, X, y, weight, fractional=fractional), tree.children_left == LEAF
    slack = 1e-12 * float(losses.as_leaf[0])  # sums of the same losses in another order are equal
    cut_where_cheaper(tree.parents(), losses.as_leaf, losses.ending, leaf, slack)
    return subtree(tree, leaf)


def reduced_error_prune(model: Any, X: Any, y: Any, sample_weight: Any = None) -> Any:
    """Prune a fitted tree to the smallest of its subtrees with the least error on a hold-out set.

    Parameters
    ----------
    model : estimator
        A fitted decision tree: classification or regression, binary or multiway; it stays as it is.
    X : array-like or frame of shape (n, p)
        Rows that `fit` has not seen.
    y : array-like of shape (n,) or (n, outputs)
        Their targets.
    sample_weight : array-like of shape (n,), optional
        Weights of the rows.

    Returns
    -------
    estimator
        A pruned copy.

    Raises
    ------
    ValueError
        If there is no row, or X and y do not fit the model.

    References
    ----------
    [quinlan1987]; course note 000 §4.5

    Examples
    --------
    Noise in the labels grows branches, which rows not seen before cut off again:

    >>> import numpy as np
    >>> from panlearn.tree import DecisionTreeClassifier, reduced_error_prune
    >>> rng = np.random.default_rng(0)
    >>> X = rng.uniform(size=(400, 2))
    >>> y = (X[:, 0] > 0.5) ^ (rng.random(400) < 0.1)
    >>> model = DecisionTreeClassifier(random_state=0).fit(X[:200], y[:200])
    >>> pruned = reduced_error_prune(model, X[200:], y[200:])
    >>> bool(pruned.get_n_leaves() < model.get_n_leaves()), bool(
    ...     pruned.score(X[200:], y[200:]) >= model.score(X[200:], y[200:])
    ... )
    (True, True)
    """
    from panlearn.tree.pruned_model import hold_out_rows, is_fractional, with_tree

    rows = hold_out_rows(model, X, y, sample_weight)
    return with_tree(model, reduced_error_tree(model.tree_, *rows, fractional=is_fractional(model)))
