r"""Error-based pruning, C4.5's own [quinlan1993], ch. 4: an upper confidence bound of the error decides.

Each leaf of N rows and E errors is predicted to err on N U_CF(E, N) new rows, U_CF being the upper bound of the error
rate at confidence CF (`error_bound`). From the bottom up, node t with the rows that reach it

- becomes a leaf (*subtree replacement*) if a leaf is predicted no more errors than its subtree, and than its largest
  branch, give or take 0.1;
- else takes over its largest branch (*subtree raising*) if that, with all rows of t, is predicted no more errors than
  the subtree, and is pruned again.

A smaller CF prunes more; 0.25 is the default of C4.5. Even a pure leaf has predicted errors (0.75 for one row), so
branches that only sort out single rows do not pay. No rows are kept back, but the bound has no more than a rule of
thumb behind it: the training rows are no sample that the tree has not seen. Weights count as numbers of rows.

Course note 000 §4.5 (c): the third of the post-pruners beside REP and PEP.
"""

from typing import Any

import numpy as np

from panlearn.core.errors import DataError
from panlearn.tree.pessimistic_pruning import training_errors
from panlearn.tree.subtree import rebuilt, subtree
from panlearn.tree.tree_structure import LEAF, Tree


def replaced_tree(tree: Tree, *, confidence: float = 0.25) -> Tree:
    """Prune by subtree replacement alone, from the numbers in the tree.

    Parameters
    ----------
    tree : Tree
        A classification tree of one output.
    confidence : float, default=0.25
        CF, in (0, 1].

    Returns
    -------
    Tree
        A subtree with the same root.
    """
    from panlearn.tree.bottom_up import cut_where_cheaper
    from panlearn.tree.error_bound import predicted, squared_deviate

    errors, leaf = training_errors(tree), tree.children_left == LEAF
    as_leaf = predicted(tree.weighted_n_node_samples, errors, confidence, squared_deviate(confidence))
    cut_where_cheaper(tree.parents(), as_leaf, np.where(leaf, as_leaf, 0.0), leaf, 0.1)
    return subtree(tree, leaf)


def raised_tree(
    tree: Tree,
    X: np.ndarray,
    y: np.ndarray,
    weight: np.ndarray,
    *,
    confidence: float = 0.25,
    fractional: bool = False,
    raising: bool = True,
    gini: bool = False,
) -> Tree:
    """Prune by subtree replacement and raising.

    Parameters
    ----------
    tree : Tree
        A classification tree of one output.
    X : ndarray of shape (n, p)
        The rows it was grown on: numbers and codes, NaN where missing.
    y : ndarray of shape (n,)
        Class codes.
    weight : ndarray of shape (n,)
        Weights; rows of weight 0 do not count.
    confidence : float, default=0.25
        CF, in (0, 1].
    fractional : bool, default=False
        Whether a missing value goes down all branches.
    raising : bool, default=True
        Whether the largest branch may take the place of a node.
    gini : bool, default=False
        Impurity of nodes that get other rows: Gini rather than entropy.

    Returns
    -------
    Tree
        The pruned tree.
    """
    from panlearn.tree.error_bound import squared_deviate
    from panlearn.tree.fractional_routing import routes_of
    from panlearn.tree.subtree_raising import Cases, pruned_places

    training_errors(tree)
    X, y = np.asarray(X, dtype=np.float64, order="F"), np.asarray(y, dtype=np.int64)
    cases = Cases(X, y, confidence, squared_deviate(confidence), raising)
    routes, leaf = routes_of(tree, fractional=fractional), tree.children_left == LEAF
    return _with_places(tree, pruned_places(routes, cases, weight, leaf, tree.value.shape[2]), gini=gini)


def _with_places(tree: Tree, places: Any, *, gini: bool) -> Tree:
    """The tree that the pruned places describe."""
    from panlearn.tree.bottom_up import reached

    content, leaf, places_rows = places.nodes[:, 0], places.nodes[:, 1] != 0, places.nodes[:, 2]
    total = places.counts.sum(axis=1)
    moved = (places_rows != tree.n_node_samples) & (total > 0)
    share = places.counts[moved] / total[moved, None]
    value, impurity = tree.value.copy(), tree.impurity.copy()
    n_rows, weight = tree.n_node_samples.copy(), tree.weighted_n_node_samples.copy()
    value[moved, 0], n_rows[moved], weight[moved] = share, places_rows[moved], total[moved]
    if gini:
        impurity[moved] = 1.0 - (share**2).sum(axis=1)
    else:
        impurity[moved] = -(share * np.log2(np.where(share > 0, share, 1.0))).sum(axis=1)
    stays = reached(tree.children_left, tree.children_right, tree.branch_start, leaf, content)
    tree = tree._replace(value=value, impurity=impurity, n_node_samples=n_rows, weighted_n_node_samples=weight)
    return rebuilt(tree, stays, leaf, content)


def collapsed_tree(tree: Tree) -> Tree:
    """Make leaves of the subtrees that make no fewer training errors than a leaf would, as C4.5 does after growing.

    Parameters
    ----------
    tree : Tree
        A classification tree of one output.

    Returns
    -------
    Tree
        A subtree with the same root.
    """
    from panlearn.tree.bottom_up import cut_where_cheaper

    errors, leaf = training_errors(tree), tree.children_left == LEAF
    cut_where_cheaper(tree.parents(), errors, np.where(leaf, errors, 0.0), leaf, 1e-3)
    return subtree(tree, leaf)


def error_based_prune(
    model: Any, X: Any = None, y: Any = None, sample_weight: Any = None, *, confidence: float = 0.25
) -> Any:
    """Prune a fitted classification tree by C4.5's upper bound of the error.

    Parameters
    ----------
    model : estimator or Tree
        A fitted decision tree of one output, binary or multiway; it stays as it is.
    X : array-like or frame of shape (n, p), optional
        The rows it was fitted on: with them branches may be raised, without them subtrees only become leaves.
    y : array-like of shape (n,), optional
        Their labels.
    sample_weight : array-like of shape (n,), optional
        Weights of the rows.
    confidence : float, default=0.25
        CF, in (0, 1]: less prunes more.

    Returns
    -------
    estimator or Tree
        A pruned copy.

    Raises
    ------
    ValueError
        If `confidence` is out of range, y does not fit X, or the tree is one of regression or of several outputs.

    References
    ----------
    [quinlan1993]; course note 000 §4.5

    Examples
    --------
    >>> import numpy as np
    >>> from panlearn.tree import DecisionTreeClassifier, error_based_prune
    >>> rng = np.random.default_rng(0)
    >>> X = rng.uniform(size=(200, 2))
    >>> y = (X[:, 0] > 0.5) ^ (rng.random(200) < 0.1)
    >>> model = DecisionTreeClassifier(random_state=0).fit(X, y)
    >>> leaves = [error_based_prune(model, X, y, confidence=c).get_n_leaves() for c in (0.5, 0.25, 0.01)]
    >>> model.get_n_leaves() > leaves[0] >= leaves[1] >= leaves[2]
    True
    """
    if not 0 < confidence <= 1:
        raise DataError(f"confidence must be in the range (0, 1]. Got {confidence!r}.")
    if (X is None) != (y is None):
        raise DataError("error_based_prune needs both X and y for subtree raising, or neither.")
    if isinstance(model, Tree):
        if X is not None:
            raise DataError("Give a fitted estimator with X and y: a Tree alone does not know how to read them.")
        return replaced_tree(model, confidence=confidence)
    from panlearn.tree.pruned_model import hold_out_rows, is_fractional, with_tree

    if X is None:
        return with_tree(model, replaced_tree(model.tree_, confidence=confidence))
    training_errors(model.tree_)
    rows, codes, weight = hold_out_rows(model, X, y, sample_weight)
    weight = np.where(codes[:, 0] < 0, 0.0, 1.0 if weight is None else weight)
    options = {"fractional": is_fractional(model), "gini": getattr(model, "criterion", "") == "gini"}
    return with_tree(model, raised_tree(model.tree_, rows, codes[:, 0], weight, confidence=confidence, **options))
