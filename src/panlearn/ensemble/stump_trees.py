"""Boosted stumps as fitted decision trees: what a user finds in `estimators_`."""

from typing import Any

import numpy as np

from panlearn.core.categorical_columns import CategoricalColumns
from panlearn.ensemble.stump_boosting import Stump
from panlearn.tree.ordered_columns import OrderedColumns
from panlearn.tree.tree_structure import LEAF, NO_FEATURE, Tree


def stump_tree(stump: Stump, columns: OrderedColumns) -> Tree:
    """One stump as a `Tree` of three nodes, or of one where no column could be split.

    Parameters
    ----------
    stump : Stump
        A round of boosting.
    columns : OrderedColumns
        The columns it was found on.

    Returns
    -------
    Tree
        With weights as shares of the whole.
    """
    split = stump.column >= 0
    weights = np.array([stump.left + stump.right, stump.left, stump.right] if split else [stump.left])
    whole = weights.sum(axis=1)
    value = weights / whole[:, None]
    count = 3 if split else 1
    rows = [sum(stump.rows), *stump.rows][:count]
    return Tree(
        children_left=np.array([1, LEAF, LEAF][-count:], np.int32),
        children_right=np.array([2, LEAF, LEAF][-count:], np.int32),
        feature=np.array([stump.column, NO_FEATURE, NO_FEATURE][-count:], np.int32),
        threshold=np.array([_threshold(stump, columns) if split else NO_FEATURE, NO_FEATURE, NO_FEATURE][:count]),
        missing_go_to_left=np.array([stump.rows[0] > stump.rows[1], False, False][:count]) & split,
        impurity=1.0 - (value**2).sum(axis=1),
        n_node_samples=np.array(rows, np.int64),
        weighted_n_node_samples=whole,
        value=value[:, None, :],
        n_features=len(columns.codes),
        n_classes=np.array([weights.shape[1]], np.intp),
        category_start=np.full(count, -1, np.int32),
        category_words=np.empty(0, np.uint32),
        branch_start=np.full(count, -1, np.int32),
        branches=np.empty(0, np.int32),
    )


def _threshold(stump: Stump, columns: OrderedColumns) -> float:
    """Half way between two neighbouring values; the lower one where nothing lies between them."""
    first = columns.start[stump.column]
    low, high = (float(columns.values[first + code]) for code in stump.codes)
    middle = low / 2 + high / 2
    return middle if low <= middle < high else low


def fill_classifier(copy: Any, tree: Tree, classes: np.ndarray) -> None:
    """Give a `DecisionTreeClassifier` a tree as if it had grown it.

    Parameters
    ----------
    copy : DecisionTreeClassifier
        Not fitted; changed in place.
    tree : Tree
        The tree.
    classes : ndarray of shape (K,)
        Labels.
    """
    copy.n_features_in_ = copy.max_features_ = tree.n_features
    copy.n_outputs_, copy.classes_, copy.n_classes_ = 1, classes, len(classes)
    copy._columns, copy.is_categorical_ = CategoricalColumns((None,) * tree.n_features), None
    copy.tree_ = tree
    copy.certificate_ = copy._certificate(tree)
