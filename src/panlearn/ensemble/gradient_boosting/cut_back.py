"""What a tree of classical boosting is beyond what the engine grows: impurities, and limits that need them.

The impurity of a node is the squared error of the negative gradients r in it, mean (r - mean r)^2; the importance of a
feature and `min_impurity_decrease` are in these units. A node that must not be split (too few rows, too small a
decrease) is made a leaf afterwards: what lies beside it does not depend on it, so that the tree is the same as if it
had never been split. With `max_leaf_nodes` the leaves that are cut off are not spent elsewhere. Cost-complexity pruning
comes last, as in a single tree [breiman1984].

Course notes: 000 §4.5.
"""

from typing import NamedTuple

import numpy as np

from panlearn.ensemble.gradient_boosting.gradients import Gradients
from panlearn.ensemble.gradient_boosting.grown_tree import GrownTree
from panlearn.tree.bottom_up import add_upwards
from panlearn.tree.cost_complexity_pruning import collapse_weakest
from panlearn.tree.subtree import subtree
from panlearn.tree.tree_structure import LEAF, Tree


class Limits(NamedTuple):
    """When a node is not split."""

    min_samples_split: int
    min_samples_leaf: int
    min_impurity_decrease: float
    ccp_alpha: float


def finish_tree(grown: GrownTree, gradients: Gradients, limits: Limits) -> Tree:
    """The tree with its impurities and means, within the limits.

    Parameters
    ----------
    grown : GrownTree
        A tree grown by the engine.
    gradients : Gradients
        What it was grown for; the curvatures are the weights of the rows.
    limits : Limits
        What a split has to fulfil.

    Returns
    -------
    Tree
        With fewer nodes if some had to go.
    """
    tree = _with_impurity(grown, gradients)
    inner = tree.children_left != LEAF
    ends = inner & (tree.n_node_samples < limits.min_samples_split)
    if limits.min_impurity_decrease > 0.0:
        ends |= inner & (_decrease(tree) < limits.min_impurity_decrease)
    if ends.any():
        tree = subtree(tree, ends)
    return collapse_weakest(tree, limits.ccp_alpha) if limits.ccp_alpha > 0.0 else tree


def _with_impurity(grown: GrownTree, gradients: Gradients) -> Tree:
    """Weight, mean and squared error of the negative gradients in each node."""
    tree, rows, first = grown.tree, grown.order, grown.starts[:-1]
    g = gradients.gradient[rows].astype(np.float64)
    w = np.full(len(g), gradients.unit_h) if gradients.hessian is None else gradients.hessian[rows].astype(np.float64)
    squares = np.divide(g * g, w, out=np.zeros_like(g), where=w > 0)
    sums = np.zeros((tree.node_count, 3))
    sums[grown.leaves] = np.stack([np.add.reduceat(part, first) for part in (w, -g, squares)], axis=1)
    add_upwards(tree.parents(), sums)
    weight = np.where(sums[:, 0] > 0, sums[:, 0], 1.0)
    mean = sums[:, 1] / weight
    impurity = np.maximum(sums[:, 2] / weight - mean * mean, 0.0)
    return tree._replace(weighted_n_node_samples=sums[:, 0], impurity=impurity, value=mean.reshape(-1, 1, 1))


def _decrease(tree: Tree) -> np.ndarray:
    """Weighted decrease of impurity of each inner node, as a share of all rows; 0 at leaves."""
    mass = tree.weighted_n_node_samples * tree.impurity
    inner = tree.children_left != LEAF
    found = np.zeros(tree.node_count)
    found[inner] = mass[inner] - mass[tree.children_left[inner]] - mass[tree.children_right[inner]]
    return found / tree.weighted_n_node_samples[0]
