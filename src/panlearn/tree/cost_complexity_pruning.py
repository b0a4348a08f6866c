r"""Cost-complexity pruning: minimise risk plus a price for each leaf [breiman1984], ch. 3.

    R_alpha(T) = R(T) + alpha |T|,      R(T) = sum over leaves t of  n_t / n  impurity(t)

|T| is the number of leaves, n_t the weight of a leaf. The course note writes C(T) = sum_t n_t H_t for the entropy H:
the same criterion times n, for a tree grown by entropy; the impurity used here is the one the tree was grown with. For
each alpha there is a smallest minimiser T(alpha), and T(alpha) is a subtree of T(alpha') for alpha' < alpha. So there
is one sequence of nested trees, from the whole tree to its root, which collapsing the weakest link again and again
(`weakest_links`) runs through.

alpha by cross-validation: alphas halfway (geometrically) between those of the sequence, each judged by the trees
T(alpha) of the folds on the rows these have not seen. All alphas are judged at once: a node is a leaf of T(alpha) from
its own collapse on until that of an ancestor, so that its loss on the fold counts for an interval of alphas. With
`one_standard_error` the largest alpha within one standard error of the best is taken.

Course note 000 §4.5 (4.9)-(4.10).
"""

from typing import Any, NamedTuple

import numpy as np

from panlearn.core.errors import DataError
from panlearn.tree.node_losses import NodeLosses, node_losses
from panlearn.tree.subtree import subtree
from panlearn.tree.tree_structure import LEAF, Tree


class CostComplexityPath(NamedTuple):
    """The nested trees between the whole tree (first) and its root (last)."""

    ccp_alphas: np.ndarray  # price from which on the tree is the best
    impurities: np.ndarray  # its risk R(T)
    n_leaves: np.ndarray  # its leaves
    nodes: np.ndarray  # node of the whole tree whose collapse makes it; -1 for the first


def path_of(tree: Tree) -> CostComplexityPath:
    """The sequence of nested trees.

    Parameters
    ----------
    tree : Tree
        A tree of any kind.

    Returns
    -------
    CostComplexityPath
        Prices, risks, leaves and collapsed nodes.
    """
    from panlearn.tree.weakest_links import weakest_links

    parent = tree.parents()
    children = np.argsort(parent, kind="stable")[1:]  # the root has no parent
    start = np.searchsorted(parent[children], np.arange(len(parent) + 1))
    risk = tree.weighted_n_node_samples * tree.impurity / tree.weighted_n_node_samples[0]
    path, nodes = weakest_links(risk, parent, start, children)
    return CostComplexityPath(path[:, 0].copy(), path[:, 1].copy(), path[:, 2].astype(np.int64), nodes)


def collapse_weakest(tree: Tree, alpha: float) -> Tree:
    """The smallest tree that minimises R(T) + alpha |T|.

    Parameters
    ----------
    tree : Tree
        A tree of any kind.
    alpha : float
        Price of a leaf, at least 0.

    Returns
    -------
    Tree
        A subtree with the same root.
    """
    path = path_of(tree)
    dearer = np.flatnonzero(path.ccp_alphas > alpha)
    leaf = np.zeros(len(tree.feature), dtype=bool)
    leaf[path.nodes[1 : dearer[0] if len(dearer) else None]] = True
    return subtree(tree, leaf)


def cost_complexity_path(model: Any) -> CostComplexityPath:
    """Prices of a leaf at which the best subtree of a fitted tree changes.

    Parameters
    ----------
    model : estimator or Tree
        A fitted decision tree: classification or regression, binary or multiway.

    Returns
    -------
    CostComplexityPath
        `ccp_alphas` and `impurities` as scikit-learn's `cost_complexity_pruning_path` gives them, the number of leaves
        and the node that collapses.

    References
    ----------
    [breiman1984]; course note 000 §4.5

    Examples
    --------
    The whole tree has 9 leaves; the best tree of one leaf costs the risk of the root:

    >>> from sklearn.datasets import load_iris
    >>> from panlearn.tree import DecisionTreeClassifier, cost_complexity_path
    >>> path = cost_complexity_path(DecisionTreeClassifier(random_state=0).fit(*load_iris(return_X_y=True)))
    >>> int(path.n_leaves[0]), int(path.n_leaves[-1]), float(path.impurities[-1].round(3))
    (9, 1, 0.667)
    """
    return path_of(model if isinstance(model, Tree) else model.tree_)


def cost_complexity_prune(model: Any, alpha: float) -> Any:
    """Prune a fitted tree to the smallest minimiser of risk plus `alpha` times the number of leaves.

    Parameters
    ----------
    model : estimator or Tree
        A fitted decision tree: classification or regression, binary or multiway; it stays as it is.
    alpha : float
        Price of a leaf, at least 0; 0 cuts only what brings nothing.

    Returns
    -------
    estimator or Tree
        A pruned copy.

    Raises
    ------
    ValueError
        If alpha is below 0 or no number.

    References
    ----------
    [breiman1984]; course note 000 §4.5

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from panlearn.tree import DecisionTreeClassifier, cost_complexity_prune
    >>> model = DecisionTreeClassifier(random_state=0).fit(*load_iris(return_X_y=True))
    >>> [cost_complexity_prune(model, alpha).get_n_leaves() for alpha in (0.0, 0.01, 0.3, 0.5)]
    [9, 5, 2, 1]
    """
    if not alpha >= 0:
        raise DataError(f"alpha must be a number in the range [0, inf). Got {alpha!r}.")
    if isinstance(model, Tree):
        return collapse_weakest(model, alpha)
    from panlearn.tree.pruned_model import with_tree

    return with_tree(model, collapse_weakest(model.tree_, alpha))


class AlphaSearch(NamedTuple):
    """Prices of a leaf, judged by cross-validation."""

    alpha: float  # the price chosen
    alphas: np.ndarray  # (m,) prices tried, ascending
    losses: np.ndarray  # (m,) mean loss on rows not seen: share of errors, or squared error
    standard_errors: np.ndarray  # (m,) of these means, from the folds


def cross_validated_alpha(
    model: Any,
    X: Any,
    y: Any,
    sample_weight: Any = None,
    *,
    folds: int = 5,
    one_standard_error: bool = True,
) -> AlphaSearch:
    """Choose the price of a leaf by cross-validation.

    Parameters
    ----------
    model : estimator
        A fitted decision tree; its `random_state` draws the folds.
    X : array-like, frame or sparse matrix of shape (n, p)
        The rows it was fitted on.
    y : array-like of shape (n,) or (n, outputs)
        Their targets.
    sample_weight : array-like of shape (n,), optional
        Weights of the rows.
    folds : int, default=5
        Number of folds, at least 2.
    one_standard_error : bool, default=True
        Take the largest alpha whose loss is within one standard error of the least, rather than the best alpha.

    Returns
    -------
    AlphaSearch
        The alpha chosen, and the loss of all that were tried.

    Raises
    ------
    ValueError
        If there are fewer rows than folds.

    References
    ----------
    [breiman1984]; course note 000 §4.5

    Examples
    --------
    >>> from sklearn.datasets import load_breast_cancer
    >>> from panlearn.tree import DecisionTreeClassifier, cost_complexity_prune, cross_validated_alpha
    >>> X, y = load_breast_cancer(return_X_y=True)
    >>> model = DecisionTreeClassifier(random_state=0).fit(X, y)
    >>> pruned = cost_complexity_prune(model, cross_validated_alpha(model, X, y).alpha)
    >>> pruned.get_n_leaves() < model.get_n_leaves() / 2
    True
    """
    from panlearn.tree.training_data import training_data

    data = training_data(model, X, y, sample_weight, class_weight=getattr(model, "class_weight", None))
    data = data._replace(weight=np.ones(len(data.y)) if data.weight is None else data.weight)
    return judge_alphas(model, model.tree_, data, folds=folds, one_standard_error=one_standard_error)


def judge_alphas(model: Any, tree: Tree, data: Any, *, folds: int, one_standard_error: bool) -> AlphaSearch:
    """Loss of T(alpha) on rows not seen, for every alpha between those of the sequence of `tree`.

    Parameters
    ----------
    model : estimator
        Grows a tree on the rows of positive weight (`_grown`).
    tree : Tree
        The tree on all rows.
    data : TrainingData
        These rows, with weights.
    folds : int
        Number of folds.
    one_standard_error : bool
        Prefer a larger alpha within one standard error.

    Returns
    -------
    AlphaSearch
        The alpha chosen, and the loss of all that were tried.
    """
    from panlearn.tree.pruned_model import dense, is_fractional
    from panlearn.tree.pruning import folds_of

    if not 2 <= folds <= len(data.y):
        raise DataError(f"folds must be between 2 and the number of rows, {len(data.y)}. Got {folds}.")
    ends = np.maximum.accumulate(np.maximum(path_of(tree).ccp_alphas, 0.0))
    ends = np.unique(ends)
    alphas = np.append(np.sqrt(ends[:-1] * ends[1:]), ends[-1])
    fold = folds_of(data.y, folds, model.random_state, stratify=len(data.classes) > 0)
    X, losses, weights = dense(data.X), [], []
    for k in range(folds):
        out = fold == k
        weight = data.weight[out]
        if not (weight.any() and data.weight[~out].any()):
            continue
        grown = model._grown(data._replace(weight=np.where(out, 0.0, data.weight)))
        found = node_losses(grown, X[out], data.y[out], weight, fractional=is_fractional(model))
        losses.append(_loss_by_alpha(grown, found, alphas) / weight.sum())
        weights.append(weight.sum())
    mean = np.average(losses, axis=0, weights=weights)
    error = np.std(losses, axis=0) / np.sqrt(max(len(losses) - 1, 1))
    best = int(np.flatnonzero(mean <= mean.min() * (1 + 1e-12))[-1])
    if one_standard_error:
        best = int(np.flatnonzero(mean <= mean[best] + error[best])[-1])
    return AlphaSearch(float(alphas[best]), alphas, mean, error)


def _loss_by_alpha(tree: Tree, losses: NodeLosses, alphas: np.ndarray) -> np.ndarray:
    """Loss of T(alpha) for ascending alphas: every node counts for an interval of them."""
    from panlearn.tree.bottom_up import first_above

    path = path_of(tree)
    own = np.where(tree.children_left == LEAF, 0.0, np.inf)  # price at which the node becomes a leaf
    own[path.nodes[1:]] = np.maximum.accumulate(np.maximum(path.ccp_alphas[1:], 0.0))
    end = np.searchsorted(alphas, first_above(tree.parents(), own))
    start = np.minimum(np.searchsorted(alphas, own), end)
    steps = np.zeros(len(alphas) + 1)
    np.add.at(steps, start, losses.as_leaf - losses.ending)
    np.subtract.at(steps, end, losses.as_leaf)
    steps[0] += losses.ending.sum()
    return np.cumsum(steps[:-1])
