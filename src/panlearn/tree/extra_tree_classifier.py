"""One extremely randomised tree for classification [geurts2006]: cuts are drawn, not searched.

At a node, K features are drawn and for each one cut: a threshold evenly between the least and the largest value that
the node holds (a random subset of its categories), and the best of these K questions is asked. One such tree is poor;
the average of many has less variance than that of trees with searched cuts, and no cut needs an order of the rows.

Course note: 000 §4.4 (randomness of forests).
"""

from typing import Any

import numpy as np

from panlearn.core.registry import method
from panlearn.tree.decision_tree_classifier import DecisionTreeClassifier


@method(
    "Extremely randomised tree",
    tasks=("binary", "multiclass"),
    notes=("000 4",),
    needs=("native",),
    cost=lambda n, p, k: 30.0 * n * np.sqrt(p) * np.log2(n + 2),
    settings={"min_samples_leaf": 20},
)
class ExtraTreeClassifier(DecisionTreeClassifier):
    """A tree of questions that are the best of a few drawn at random; the part of an ensemble.

    Parameters
    ----------
    criterion : {"gini", "entropy", "log_loss"}, default="gini"
        Impurity: Gini's, or the entropy ("log_loss" is another name for it).
    splitter : {"best", "random"}, default="random"
        The best of all cuts of a feature, or the best feature for one cut of each, drawn at random.
    max_depth : int, optional
        Most questions on a path; no limit by default.
    min_samples_split : int or float, default=2
        Fewest rows of a node that may split; a float is a share of n, rounded up.
    min_samples_leaf : int or float, default=1
        Fewest rows of a leaf; a float is a share of n, rounded up.
    min_weight_fraction_leaf : float, default=0.0
        Least share of the total weight in a leaf.
    max_features : int, float, "sqrt", "log2" or None, default="sqrt"
        Features drawn at each node: a number, a share of p, the root or logarithm of p, or all.
    random_state : int, RandomState or None, default=None
        Seed of what is drawn at random.
    max_leaf_nodes : int, optional
        Most leaves; the node with the largest decrease is then split first.
    min_impurity_decrease : float, default=0.0
        Least decrease of impurity by a split, times the node's share of the weight.
    class_weight : dict, list of dict or "balanced", optional
        Weights of the classes; "balanced" makes them weigh the same.
    ccp_alpha : float, default=0.0
        Price of a leaf: the tree is pruned to the smallest that minimises impurity + ccp_alpha times leaves.
    monotonic_cst : array-like of shape (p,), optional
        1 where P(second class) may only rise with the feature, -1 where it may only fall, 0 elsewhere.
    categorical_features : "from_dtype", array-like of bool, int or str, or None, default="from_dtype"
        Columns of categories: those of a categorical, text or bool type in a frame; a mask, indices or names; or none.
    max_bins : int, optional
        Merge the values of a numeric feature to at most so many bins, cut only between them; exact by default.
    pruning : {"cost_complexity_cv", "reduced_error", "pessimistic", "error_based"}, optional
        Prune the grown tree: at the `ccp_alpha` that five folds find best, by the errors on rows held out, by Quinlan's
        continuity correction, or by C4.5's bound on the error.

    Attributes
    ----------
    classes_ : ndarray of shape (K,), or a list of one for each output
        Labels.
    n_classes_ : int, or ndarray of shape (outputs,)
        Number of classes.
    max_features_ : int
        Features drawn at each node.
    n_outputs_ : int
        Number of targets.
    feature_importances_ : ndarray of shape (p,)
        Decrease of impurity by feature, as shares.
    tree_ : Tree
        The nodes as flat arrays, under the names that scikit-learn's `tree_` has.
    is_categorical_ : ndarray of shape (p,) or None
        Which features are categories; None if none is.
    certificate_ : str
        What the tree reaches on its own rows, and its size.
    n_features_in_ : int
        Number of features.
    feature_names_in_ : ndarray of shape (p,)
        Names of the features, if X has string column names.

    Raises
    ------
    ValueError
        If X holds infinities, or text in a column that is not categorical, or a weight is negative.

    References
    ----------
    [geurts2006]; course notes 000 §4.4

    Examples
    --------
    Another seed asks other questions, but without limits every tree separates the rows it has seen:

    >>> import numpy as np
    >>> from panlearn.tree import ExtraTreeClassifier
    >>> X, y = np.arange(20.0)[:, None], np.arange(20) // 5
    >>> trees = [ExtraTreeClassifier(random_state=seed).fit(X, y) for seed in range(3)]
    >>> len({tree.tree_.threshold[0] for tree in trees}), [tree.score(X, y) for tree in trees]
    (3, [1.0, 1.0, 1.0])
    """

    def __init__(
        self,
        *,
        criterion: str = "gini",
        splitter: str = "random",
        max_depth: int | None = None,
        min_samples_split: float = 2,
        min_samples_leaf: float = 1,
        min_weight_fraction_leaf: float = 0.0,
        max_features: Any = "sqrt",
        random_state: Any = None,
        max_leaf_nodes: int | None = None,
        min_impurity_decrease: float = 0.0,
        class_weight: Any = None,
        ccp_alpha: float = 0.0,
        monotonic_cst: Any = None,
        categorical_features: Any = "from_dtype",
        max_bins: int | None = None,
        pruning: str | None = None,
    ) -> None:
        self.criterion = criterion
        self.splitter = splitter
        self.max_depth = max_depth
        self.min_samples_split = min_samples_split
        self.min_samples_leaf = min_samples_leaf
        self.min_weight_fraction_leaf = min_weight_fraction_leaf
        self.max_features = max_features
        self.random_state = random_state
        self.max_leaf_nodes = max_leaf_nodes
        self.min_impurity_decrease = min_impurity_decrease
        self.class_weight = class_weight
        self.ccp_alpha = ccp_alpha
        self.monotonic_cst = monotonic_cst
        self.categorical_features = categorical_features
        self.max_bins = max_bins
        self.pruning = pruning
