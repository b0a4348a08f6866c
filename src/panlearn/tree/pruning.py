r"""Pruning inside `fit`: what the parameter `pruning` of the tree estimators asks for.

    "cost_complexity_cv"   grow on all rows; the price of a leaf by five-fold cross-validation, one-standard-error rule
    "reduced_error"        grow on two thirds of the rows, drawn class by class, prune on the other third
    "pessimistic"          grow on all rows, prune by the continuity correction
    "error_based"          grow on all rows, prune by the upper confidence bound of the error, with subtree raising

Rows that a fold keeps back get the weight 0 and are thereby not used to grow; categories keep their codes.
Course note 000 §4.5.
"""

from typing import Any

import numpy as np
from sklearn.base import is_classifier
from sklearn.utils import check_random_state

from panlearn.core.errors import DataError
from panlearn.tree.pruned_model import dense, is_fractional
from panlearn.tree.training_data import TrainingData, training_data
from panlearn.tree.tree_structure import Tree


def prune_fitted(model: Any, tree: Tree, X: Any, y: Any, sample_weight: Any = None) -> Tree:
    """Prune the tree that `fit` has grown as the parameter `pruning` of the model says.

    Parameters
    ----------
    model : estimator
        A decision tree with the attributes that come from the data; its `_grown` grows a tree again.
    tree : Tree
        The tree grown on all rows.
    X : array-like, frame or sparse matrix of shape (n, p)
        The rows of `fit`.
    y : array-like of shape (n,) or (n, outputs)
        Their targets.
    sample_weight : array-like of shape (n,), optional
        Weights of the rows.

    Returns
    -------
    Tree
        The pruned tree.

    Raises
    ------
    ValueError
        If there are too few rows to keep some back, or the method does not suit the tree.
    """
    if model.pruning in ("pessimistic", "error_based"):
        from panlearn.tree.pessimistic_pruning import training_errors

        training_errors(tree)  # refuses regression before the rows are looked at
    data = training_data(model, X, y, sample_weight, class_weight=getattr(model, "class_weight", None))
    return pruned_on(model, tree, data)


def pruned_on(model: Any, tree: Tree, data: TrainingData) -> Tree:
    """Prune as `prune_fitted`, on rows that are checked already.

    Parameters
    ----------
    model : estimator
        A decision tree.
    tree : Tree
        The tree grown on all rows.
    data : TrainingData
        These rows.

    Returns
    -------
    Tree
        The pruned tree.
    """
    weight = np.ones(len(data.y)) if data.weight is None else data.weight
    data = data._replace(weight=weight)
    if model.pruning is None:
        return tree
    if model.pruning == "pessimistic":
        from panlearn.tree.pessimistic_pruning import pessimistic_tree

        return pessimistic_tree(tree)
    if model.pruning == "error_based":
        from panlearn.tree.error_based_pruning import raised_tree

        return raised_tree(
            tree,
            dense(data.X),
            data.y[:, 0],
            weight,
            confidence=getattr(model, "confidence", 0.25),
            fractional=is_fractional(model),
            raising=getattr(model, "subtree_raising", True),
            gini=getattr(model, "criterion", "") == "gini",
        )
    if model.pruning == "reduced_error":
        return _by_hold_out(model, data)
    from panlearn.tree.cost_complexity_pruning import collapse_weakest, judge_alphas

    return collapse_weakest(tree, judge_alphas(model, tree, data, folds=5, one_standard_error=True).alpha)


def _by_hold_out(model: Any, data: TrainingData) -> Tree:
    from panlearn.tree.reduced_error_pruning import reduced_error_tree

    kept = folds_of(data.y, 3, model.random_state, stratify=is_classifier(model)) == 0
    weight: Any = data.weight
    if not (weight[kept].any() and weight[~kept].any()):
        raise DataError(
            f"pruning='reduced_error' keeps back a third of the rows, but there are only {len(kept)} with weight. "
            "Use pruning='error_based', or more rows."
        )
    tree = model._grown(data._replace(weight=np.where(kept, 0.0, weight)))
    return reduced_error_tree(tree, dense(data.X)[kept], data.y[kept], weight[kept], fractional=is_fractional(model))


def folds_of(y: np.ndarray, folds: int, random_state: Any, *, stratify: bool) -> np.ndarray:
    """Number of the fold of each row, drawn at random, class by class if asked.

    Parameters
    ----------
    y : ndarray of shape (n, outputs)
        Targets.
    folds : int
        How many.
    random_state : int, RandomState or None
        Seed.
    stratify : bool
        Whether the folds have equal shares of the classes of the first output.

    Returns
    -------
    ndarray of shape (n,)
        0 … folds - 1.
    """
    order = check_random_state(random_state).permutation(len(y))
    if stratify:
        order = order[np.argsort(y[order, 0], kind="stable")]
    fold = np.empty(len(y), dtype=np.int64)
    fold[order] = np.arange(len(y)) % folds
    return fold
