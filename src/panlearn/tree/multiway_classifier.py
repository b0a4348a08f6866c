r"""What ID3 and C4.5 share: a branch for each category, and rows in fractions where a value is missing.

A row that is missing the attribute of a node goes down all branches, with weights in proportion to those of the
branches [quinlan1993], ch. 3; so does a category that `fit` has not seen. Its probabilities are the weighted mean over
the leaves it reaches. A category that was seen, but not among the rows of the node, gets the node's own classes.

Course note 000 §4.2.
"""

from typing import Any, ClassVar

import numpy as np
from sklearn.utils.validation import _check_sample_weight, column_or_1d

from panlearn.core.constraints import ARRAY, COUNT, NONNEGATIVE, RANDOM, options
from panlearn.core.errors import DataError
from panlearn.tree.decision_tree import PRUNING
from panlearn.tree.node_losses import ends_of
from panlearn.tree.pruned_model import dense
from panlearn.tree.training_data import TrainingData, training_data
from panlearn.tree.tree_estimator import TreeClassifier
from panlearn.tree.tree_structure import LEAF, Tree

NO_LIMIT = 2**31 - 1  # of the depth


class MultiwayClassifier(TreeClassifier):
    """Base of `ID3Classifier` and `C45Classifier`."""

    _fractional_missing: ClassVar[bool] = True
    _parameter_constraints: ClassVar[dict[str, list]] = {
        "categorical_features": [ARRAY, options("from_dtype"), None],
        "max_depth": [COUNT, None],
        "min_samples_split": [NONNEGATIVE],
        "min_samples_leaf": [NONNEGATIVE],
        "min_impurity_decrease": [NONNEGATIVE],
        "class_weight": [dict, options("balanced"), None],
        "pruning": [PRUNING, None],
        "random_state": [RANDOM],
    }

    class_weight: Any
    pruning: str | None
    max_depth: int | None
    min_samples_split: float
    min_samples_leaf: float
    min_impurity_decrease: float

    def _fit(self, X: Any, y: Any, sample_weight: Any) -> Any:
        y = column_or_1d(y, warn=True)
        X, y, sample_weight = _without_idle_rows(X, y, sample_weight)
        data = training_data(self, X, y, sample_weight, class_weight=self.class_weight)
        self._remember(data)
        tree = self._grown(data)
        if self.pruning is not None:
            from panlearn.tree.pruning import pruned_on

            tree = pruned_on(self, tree, data)
        self.tree_ = tree
        self.certificate_ = self._certificate(tree)
        return self

    def _rules(self) -> Any:
        """How the tree is grown, as `multiway_split.Rules`."""
        raise NotImplementedError

    def _grown(self, data: TrainingData) -> Tree:
        """A tree grown on the rows of positive weight."""
        from panlearn.tree.multiway_growth import Attributes, grow
        from panlearn.tree.ordered_columns import order_columns

        columns = order_columns(data.X, n_categories=data.n_categories)
        weight = np.ones(len(data.y)) if data.weight is None else data.weight
        if not weight.any():
            raise DataError("All rows have weight 0. Give at least one a positive weight.")
        table = np.column_stack([columns.n_codes, columns.n_categories > 0, columns.start[:-1]]).astype(np.int64)
        y = np.ascontiguousarray(data.y[:, 0], dtype=np.int64)
        attributes = Attributes(columns.codes.astype(np.int32), table, columns.values, y, weight.astype(np.float64))
        return _as_tree(grow(attributes, self._rules(), len(data.classes[0])), data.X.shape[1])

    def _values(self, X: Any) -> np.ndarray:
        X = dense(X)
        ends = ends_of(self.tree_, X, fractional=True)
        if len(ends.row) == len(X):
            return self.tree_.value.take(ends.node, axis=0)
        values = np.zeros((len(X), *self.tree_.value.shape[1:]))
        np.add.at(values, ends.row, self.tree_.value[ends.node] * ends.share[:, None, None])
        return values

    def _codes(self, X: Any) -> np.ndarray:
        return self._values(X).argmax(axis=2)

    def _certificate(self, tree: Tree) -> str:
        """Training accuracy and size of the tree."""
        leaves = tree.children_left == LEAF
        weight = tree.weighted_n_node_samples[leaves]
        right = weight @ tree.value[leaves, 0].max(axis=1) / weight.sum()
        return f"training accuracy {right:.4g} with {tree.n_leaves} leaves, depth {tree.max_depth}"

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.classifier_tags.multi_label = False
        tags.target_tags.multi_output = False
        return tags

    @classmethod
    def _warm_kernels(cls) -> None:
        rng = np.random.default_rng(0)
        X = np.column_stack([rng.normal(size=60), rng.integers(0, 3, 60)])
        X[::9] = np.nan
        model: Any = cls
        model(categorical_features=[1]).fit(X, rng.integers(0, 2, 60)).predict(X)


def _without_idle_rows(X: Any, y: Any, sample_weight: Any) -> tuple[Any, np.ndarray, Any]:
    """The rows of positive weight: the categories of the others are not seen."""
    if sample_weight is None:
        return X, y, None
    sample_weight = _check_sample_weight(sample_weight, y, dtype=np.float64, ensure_non_negative=True)
    if (sample_weight > 0).all():
        return X, y, sample_weight
    used = np.flatnonzero(sample_weight > 0)
    if len(used) == 0:
        raise DataError("All rows have weight 0. Give at least one a positive weight.")
    from sklearn.utils import _safe_indexing

    return _safe_indexing(X, used), y[used], sample_weight[used]


def _as_tree(grown: Any, n_features: int) -> Tree:
    """The grown nodes as a `Tree`; the impurity is the entropy in bits."""
    feature, left, right, branch_start = grown.nodes[:, :4].T.astype(np.int32)
    counts, n = grown.numbers[:, 1:], len(feature)
    weight = counts.sum(axis=1)
    share = counts / weight[:, None]
    inner, heavier_left = left != LEAF, np.zeros(n, dtype=bool)
    heavier_left[inner] = weight[left[inner]] >= weight[right[inner]]
    return Tree(
        children_left=left,
        children_right=right,
        feature=feature,
        threshold=grown.numbers[:, 0].copy(),
        missing_go_to_left=heavier_left,
        impurity=np.maximum(-(share * np.log2(np.where(share > 0, share, 1.0))).sum(axis=1), 0.0),
        n_node_samples=grown.nodes[:, 4].copy(),
        weighted_n_node_samples=weight,
        value=share[:, None, :],
        n_features=n_features,
        n_classes=np.array([share.shape[1]], dtype=np.intp),
        category_start=np.full(n, -1, dtype=np.int32),
        category_words=np.empty(0, dtype=np.uint32),
        branch_start=branch_start,
        branches=grown.branches.astype(np.int32),
    )
