r"""Decision trees by recursive partition (CART) [breiman1984], and what all of them share.

At a node with rows D the impurity H says how mixed the targets are:

    Gini            1 - sum_k p_k^2                       entropy           -sum_k p_k log2 p_k
    squared error   mean (y - mean y)^2                   absolute error    mean |y - median y|
    Poisson         mean (y log(y / mean y)), half its deviance

with p_k the share of class k in D. The question of the node is the one with the largest decrease

    g = H(D) - |D_left| / |D| H(D_left) - |D_right| / |D| H(D_right)

over all features and all cuts of a feature, |D| being a sum of weights. It splits until a leaf is pure or a rule of
pre-pruning stops it (`max_depth`, `min_samples_split`, `min_samples_leaf`, `min_impurity_decrease`, `max_leaf_nodes`;
rows with the same features end in a leaf by themselves). The entropy's decrease is the information gain of ID3.

Cost: O(p n log n) for the order of the columns, once, then O(p n depth). When it fails: an unpruned tree remembers
noise (prune it, or average many: forests), it cannot extrapolate, and a small change of the data may change it whole.

Course notes: 000 §4.1, §4.2 and §4.5.
"""

from numbers import Integral, Real
from typing import Any, ClassVar

import numpy as np
from sklearn.base import clone, is_classifier
from sklearn.utils import Bunch, check_random_state

from panlearn.core.constraints import ARRAY, COUNT, NONNEGATIVE, RANDOM, Interval, options
from panlearn.tree.training_data import TrainingData, features_tried, growth_settings, training_data
from panlearn.tree.tree_estimator import TreeEstimator
from panlearn.tree.tree_structure import LEAF, Tree

PRUNING = options("cost_complexity_cv", "reduced_error", "pessimistic", "error_based")
TWO_OR_MORE = Interval(Integral, 2, None, closed="left")
SHARE = Interval(Real, 0.0, 1.0, closed="right")


class DecisionTree(TreeEstimator):
    """Base of the four estimators of one binary tree."""

    _parameter_constraints: ClassVar[dict[str, list]] = {
        "splitter": [options("best", "random")],
        "max_depth": [COUNT, None],
        "min_samples_split": [TWO_OR_MORE, SHARE],
        "min_samples_leaf": [COUNT, Interval(Real, 0.0, 1.0, closed="neither")],
        "min_weight_fraction_leaf": [Interval(Real, 0.0, 0.5, closed="both")],
        "max_features": [COUNT, SHARE, options("sqrt", "log2"), None],
        "random_state": [RANDOM],
        "max_leaf_nodes": [TWO_OR_MORE, None],
        "min_impurity_decrease": [NONNEGATIVE],
        "ccp_alpha": [NONNEGATIVE],
        "monotonic_cst": [ARRAY, None],
        "categorical_features": [ARRAY, options("from_dtype"), None],
        "max_bins": [TWO_OR_MORE, None],
        "pruning": [PRUNING, None],
    }

    random_state: Any
    max_bins: int | None
    ccp_alpha: float
    pruning: str | None
    max_features: Any

    def cost_complexity_pruning_path(self, X: Any, y: Any, sample_weight: Any = None) -> Bunch:
        """Impurity of the leaves at each price of a leaf where cost-complexity pruning cuts off a branch.

        Parameters
        ----------
        X : array-like, frame or sparse matrix of shape (n, p)
            Features.
        y : array-like of shape (n,) or (n, outputs)
            Targets.
        sample_weight : array-like of shape (n,), optional
            Weights of the rows, at least 0.

        Returns
        -------
        Bunch
            `ccp_alphas`, the prices in ascending order, and `impurities`, the sum over the leaves at each.
        """
        from panlearn.tree.cost_complexity_pruning import cost_complexity_path

        model: Any = clone(self)
        model.set_params(ccp_alpha=0.0, pruning=None).fit(X, y, sample_weight=sample_weight)
        path = cost_complexity_path(model.tree_)
        return Bunch(ccp_alphas=path.ccp_alphas, impurities=path.impurities)

    def _fit(self, X: Any, y: Any, sample_weight: Any, check_input: bool) -> Any:
        data = training_data(
            self, X, y, sample_weight, class_weight=getattr(self, "class_weight", None), check_input=check_input
        )
        self._remember(data)
        tree = self._grown(data)
        if self.ccp_alpha > 0.0:
            from panlearn.tree.cost_complexity_pruning import collapse_weakest

            tree = collapse_weakest(tree, self.ccp_alpha)
        self.tree_ = tree
        if self.pruning is not None:
            from panlearn.tree.pruning import prune_fitted

            self.tree_ = prune_fitted(self, tree, X, y, sample_weight)
        self.certificate_ = self._certificate(self.tree_)
        return self

    def _grown(self, data: TrainingData) -> Tree:
        from panlearn.tree.growth import grow_tree
        from panlearn.tree.ordered_columns import order_columns

        settings = growth_settings(self, data)
        self.max_features_ = features_tried(self.max_features, data.X.shape[1])
        columns = order_columns(data.X, n_categories=data.n_categories, max_bins=self.max_bins)
        self._has_missing = columns.has_missing
        seed = int(check_random_state(self.random_state).randint(np.iinfo(np.int32).max))
        return grow_tree(columns, data.y, data.weight, settings, n_classes=data.n_classes, seed=seed)

    def _certificate(self, tree: Tree) -> str:
        """Size of the tree, and how far the leaves are from pure."""
        leaves = tree.children_left == LEAF
        share = tree.weighted_n_node_samples[leaves] / tree.weighted_n_node_samples[0]
        size = f"{tree.n_leaves} leaves, depth {tree.max_depth}"
        if is_classifier(self):
            right = share @ tree.value[leaves].max(axis=2).mean(axis=1)
            return f"training accuracy {right:.4g} with {size}"
        return f"training impurity {share @ tree.impurity[leaves]:.4g} of {tree.impurity[0]:.4g} with {size}"
