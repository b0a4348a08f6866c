r"""Pessimistic pruning: training errors, made worse by half an error a leaf [quinlan1987].

The binomial errors of a leaf on the rows it was grown on are too few; the correction for continuity adds 1/2 to each
leaf. With e(t) errors of node t as a leaf, and those of the L leaves of its subtree T_t,

    e'(t) = e(t) + 1/2,      e'(T_t) = sum of e over the leaves + L/2,      SE = sqrt(e'(T_t) (n_t - e'(T_t)) / n_t)

From the top down, node t becomes a leaf if e'(t) <= e'(T_t) + SE: the subtree is not better by more than one standard
error. It needs no other rows, one pass over the nodes, and may cut a good branch below a poor top. Weights count as
numbers of rows. Course note 000 §4.5 (c) ii.
"""

from typing import Any

import numpy as np

from panlearn.core.errors import DataError
from panlearn.tree.subtree import subtree
from panlearn.tree.tree_structure import LEAF, Tree


def training_errors(tree: Tree) -> np.ndarray:
    """Weight of the training rows of another class than the majority of their node.

    Parameters
    ----------
    tree : Tree
        A classification tree of one output.

    Returns
    -------
    ndarray of shape (nodes,)
        Errors of each node as a leaf.

    Raises
    ------
    ValueError
        If the tree is one of regression or of several outputs.
    """
    if tree.value.shape[2] == 1 and tree.n_classes[0] == 1 and not (tree.value == 1.0).all():
        raise DataError(
            "Pessimistic and error-based pruning count wrong classes, but this is a regression tree. Use "
            "cost_complexity_prune or reduced_error_prune."
        )
    if len(tree.n_classes) > 1:
        raise DataError(
            f"Pessimistic and error-based pruning take one output, but the tree has {len(tree.n_classes)}. Use "
            "cost_complexity_prune or reduced_error_prune, or fit a tree for each output."
        )
    return tree.weighted_n_node_samples * (1.0 - tree.value[:, 0].max(axis=1))


def pessimistic_tree(tree: Tree) -> Tree:
    """Prune a tree from the top down by corrected training errors.

    Parameters
    ----------
    tree : Tree
        A classification tree of one output.

    Returns
    -------
    Tree
        A subtree with the same root.
    """
    from panlearn.tree.bottom_up import add_upwards

    errors, leaf = training_errors(tree), tree.children_left == LEAF
    below = np.column_stack([np.where(leaf, errors + 0.5, 0.0)])
    add_upwards(tree.parents(), below)
    weight, corrected = tree.weighted_n_node_samples, below[:, 0]
    deviation = np.sqrt(np.maximum(corrected * (weight - corrected), 0.0) / weight)
    return subtree(tree, errors + 0.5 <= corrected + deviation + 1e-9)


def pessimistic_prune(model: Any) -> Any:
    """Prune a fitted classification tree by Quinlan's continuity correction.

    Parameters
    ----------
    model : estimator or Tree
        A fitted decision tree of one output, binary or multiway; it stays as it is.

    Returns
    -------
    estimator or Tree
        A pruned copy.

    Raises
    ------
    ValueError
        If the tree is one of regression, or of several outputs.

    References
    ----------
    [quinlan1987]; course note 000 §4.5

    Examples
    --------
    >>> import numpy as np
    >>> from panlearn.tree import DecisionTreeClassifier, pessimistic_prune
    >>> rng = np.random.default_rng(0)
    >>> X = rng.uniform(size=(200, 2))
    >>> y = (X[:, 0] > 0.5) ^ (rng.random(200) < 0.1)
    >>> model = DecisionTreeClassifier(random_state=0).fit(X, y)
    >>> pessimistic_prune(model).get_n_leaves() < model.get_n_leaves()
    True
    """
    if isinstance(model, Tree):
        return pessimistic_tree(model)
    from panlearn.tree.pruned_model import with_tree

    return with_tree(model, pessimistic_tree(model.tree_))
