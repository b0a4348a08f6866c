r"""Forests: the average of many deep trees that differ because each is grown on chance [breiman2001].

    F(x) = 1/T sum_t f_t(x),      Var F = rho s^2 + (1 - rho) s^2 / T

where s^2 is the variance of one tree and rho the correlation of two. A single deep tree has little bias and much
variance; averaging removes the second term, and chance lowers rho in the first: a bootstrap sample of the rows for
each tree, and a few features drawn anew at each node. What more trees cannot remove is rho s^2, and the bias.

More trees do not make a forest fit the noise more; deeper ones can, and a forest of full trees reproduces labels that
are pure noise on the rows it has seen. Out-of-bag rows show it: each row is judged by the trees that did not see it.

Cost: the columns are sorted once for all trees, O(p n log n); a tree then takes O(m n log n) with m features tried at a
node. Trees are grown one a thread. When it fails: it cannot extrapolate, and a smooth answer takes it many rows.

Course notes: 000 §4.3, §4.4.
"""

from collections.abc import Iterator
from typing import Any, ClassVar

import numpy as np
from scipy.sparse import csr_matrix, hstack, issparse
from sklearn.base import MultiOutputMixin, is_classifier
from sklearn.utils.validation import check_is_fitted

from panlearn.core.base import Estimator
from panlearn.core.categorical_columns import CategoricalColumns
from panlearn.core.constraints import BOOLEAN, COUNT, POSITIVE, VERBOSE, Integral, validated
from panlearn.core.errors import DataError
from panlearn.ensemble.bootstrap import draw_seeds, members_to_add, sample_size
from panlearn.ensemble.forest_growth import Plan, Sampling, grow_all, limited
from panlearn.ensemble.forest_storage import restore_trees, store_trees
from panlearn.ensemble.packed_cache import PackedCache
from panlearn.tree.decision_tree import DecisionTree
from panlearn.tree.prediction import PackedTrees, apply_trees, sum_leaf_values
from panlearn.tree.training_data import TrainingData, growth_settings, prediction_data, training_data
from panlearn.tree.tree_structure import Tree

GROWTH = (
    "criterion",
    "max_depth",
    "min_samples_split",
    "min_samples_leaf",
    "min_weight_fraction_leaf",
    "max_features",
    "max_leaf_nodes",
    "min_impurity_decrease",
    "ccp_alpha",
    "monotonic_cst",
    "categorical_features",
    "max_bins",
)


class Forest(MultiOutputMixin, Estimator):
    """Base of the forests; a subclass names its kind of tree, and what a leaf's value means."""

    _parameter_constraints: ClassVar[dict[str, list]] = {
        **{name: rule for name, rule in DecisionTree._parameter_constraints.items() if name in GROWTH},
        "n_estimators": [COUNT],
        "bootstrap": [BOOLEAN],
        "oob_score": [BOOLEAN, callable],
        "n_jobs": [Integral, None],
        "random_state": ["random_state"],
        "verbose": [VERBOSE],
        "warm_start": [BOOLEAN],
        "max_samples": [None, POSITIVE],
    }
    _tree_class: ClassVar[type]
    _splitter: ClassVar[str] = "best"

    n_estimators: int
    criterion: str
    bootstrap: bool = False
    oob_score: Any = False
    warm_start: bool
    max_samples: float | None = None
    min_weight_fraction_leaf: float
    ccp_alpha: float = 0.0
    class_weight: Any = None
    monotonic_cst: Any = None
    categorical_features: Any = None
    max_bins: int | None = None
    n_jobs: int | None
    random_state: Any
    verbose: int
    oob_score_: Any
    estimators_: list[Any]
    n_outputs_: int
    n_features_in_: int
    _columns: CategoricalColumns

    @validated
    def fit(self, X: Any, y: Any, sample_weight: Any = None) -> Any:
        """Grow the trees.

        Parameters
        ----------
        X : array-like, frame or sparse matrix of shape (n, p)
            Features; NaN is missing.
        y : array-like of shape (n,) or (n, outputs)
            Labels of a classifier, else numbers.
        sample_weight : array-like of shape (n,), optional
            Weights of the rows, at least 0: the chance of a row to be drawn, or what it counts without bootstrap.

        Returns
        -------
        estimator
            The fitted forest.
        """
        self._fit(X, y, sample_weight)
        return self

    def _fit(self, X: Any, y: Any, sample_weight: Any) -> TrainingData:
        if issparse(y):
            raise DataError("sparse multilabel-indicator for y is not supported. Pass y.toarray().")
        data = self._class_weights(training_data(self, X, y, sample_weight), y)
        _warn_of_column(y)
        sampling = self._sampling(data)
        if not self.warm_start or not hasattr(self, "estimators_"):
            self.estimators_ = []
        old = len(self.estimators_)
        added = members_to_add(self.n_estimators, old)
        self._remember(data, sampling)
        with limited(self.n_jobs):
            if added:
                seeds = draw_seeds(self.random_state, added, skip=old)
                trees = grow_all(self._plan(data, sampling), seeds, verbose=self.verbose)
                self.estimators_.extend(self._wrap(tree, seed) for tree, seed in zip(trees, seeds))
            if self.oob_score and (added or not hasattr(self, "oob_score_")):
                self._judge_out_of_bag(data)
        self._certify()
        return data

    def _class_weights(self, data: TrainingData, y: Any) -> TrainingData:
        """The data with the weights of classes multiplied in; a regressor has none."""
        return data

    def _sampling(self, data: TrainingData) -> Sampling:
        if not self.bootstrap and self.max_samples is not None:
            raise DataError(
                "`max_sample` cannot be set if `bootstrap=False`. Either switch to `bootstrap=True` or set "
                "`max_sample=None`."
            )
        if not self.bootstrap and self.oob_score:
            raise DataError("Out of bag estimation only available if bootstrap=True")
        size = sample_size(len(data.y), self.max_samples, data.weight) if self.bootstrap else None
        return Sampling(size, data.weight, self.bootstrap and self.class_weight == "balanced_subsample")

    def _plan(self, data: TrainingData, sampling: Sampling) -> Plan:
        from panlearn.tree.ordered_columns import order_columns

        columns = order_columns(data.X, n_categories=data.n_categories, max_bins=self.max_bins)
        settings = growth_settings(self, data)._replace(splitter=self._splitter, min_weight_leaf=0.0)
        self._max_features = settings.max_features
        share = float(self.min_weight_fraction_leaf)
        return Plan(columns, data.y, data.n_classes, settings, sampling, share, float(self.ccp_alpha))

    def _remember(self, data: TrainingData, sampling: Sampling) -> None:
        """Attributes that come from the data alone."""
        self.estimator_, self._cache = self._tree_class(), PackedCache()
        self._columns, self._n_samples, self.n_outputs_ = data.columns, len(data.y), data.y.shape[1]
        self._n_classes_by_output = data.n_classes
        self._sample_weight, self._n_samples_bootstrap = sampling.weight, sampling.size
        categorical = data.columns.is_categorical
        self.is_categorical_ = categorical if categorical.any() else None

    def _wrap(self, tree: Tree, seed: int) -> Any:
        """The tree as an estimator that looks as if it had been fitted by itself, on codes of the classes."""
        model = self._tree_class(**{name: getattr(self, name) for name in GROWTH if hasattr(self, name)})
        model.random_state, model.tree_, model._columns = int(seed), tree, self._columns
        model.n_features_in_, model.n_outputs_ = self.n_features_in_, self.n_outputs_
        model.is_categorical_, model.max_features_ = self.is_categorical_, self._max_features
        if is_classifier(self):
            classes = [np.arange(count, dtype=np.float64) for count in self._n_classes_by_output]
            single = self.n_outputs_ == 1
            model.classes_ = classes[0] if single else classes
            model.n_classes_ = len(classes[0]) if single else self._n_classes_by_output
        return model

    def _judge_out_of_bag(self, data: TrainingData) -> None:
        raise NotImplementedError

    def _certify(self) -> None:
        nodes = sum(tree.node_count for tree in self._trees)
        found = f"{len(self._trees)} trees, {nodes} nodes"
        if self.oob_score and hasattr(self, "oob_score_"):
            found = f"out-of-bag score {self.oob_score_:.4g} with {found}"
        self.certificate_ = found

    @property
    def estimator(self) -> Any:
        """The kind of the trees, not fitted."""
        return self._tree_class()

    @property
    def _trees(self) -> list[Tree]:
        return [model.tree_ for model in self.estimators_]

    def _packed_trees(self) -> PackedTrees:
        """The trees laid out for prediction: made once, and again when `estimators_` has changed."""
        return self._cache.of(self._trees)

    def _checked(self, X: Any) -> Any:
        check_is_fitted(self)
        return prediction_data(self, X, self._columns)

    def _mean_values(self, X: Any) -> np.ndarray:
        """Mean over the trees of the values of each row's leaves, (n, outputs, classes), for a checked X."""
        packed = self._packed_trees()
        with limited(self.n_jobs):
            out = sum_leaf_values(packed, X)
        out /= packed.n_trees
        return out.reshape(X.shape[0], self.n_outputs_, -1)

    def apply(self, X: Any) -> np.ndarray:
        """Leaf of each row in each tree.

        Parameters
        ----------
        X : array-like, frame or sparse matrix of shape (n, p)
            Features.

        Returns
        -------
        ndarray of shape (n, trees)
            Numbers of nodes.
        """
        X = self._checked(X)
        with limited(self.n_jobs):
            return apply_trees(self._packed_trees(), X).astype(np.int64)

    def decision_path(self, X: Any) -> tuple[csr_matrix, np.ndarray]:
        """Nodes that each row passes in each tree.

        Parameters
        ----------
        X : array-like, frame or sparse matrix of shape (n, p)
            Features.

        Returns
        -------
        indicator : CSR matrix of shape (n, nodes of all trees)
            1 at the nodes that a row passes.
        n_nodes_ptr : ndarray of shape (trees + 1,)
            Tree t has the columns from `n_nodes_ptr[t]` to `n_nodes_ptr[t + 1]`.
        """
        X = self._checked(X)
        paths: Any = [tree.decision_path(X) for tree in self._trees]
        starts = np.append(0, np.cumsum([path.shape[1] for path in paths]))
        return csr_matrix(hstack(paths)), starts

    @property
    def feature_importances_(self) -> np.ndarray:
        """Decrease of impurity by feature, (p,): the mean over the trees, which sums to 1."""
        check_is_fitted(self)
        each = [tree.compute_feature_importances() for tree in self._trees if tree.node_count > 1]
        total = np.sum(each, axis=0) if each else np.zeros(self.n_features_in_)
        return total / total.sum() if total.sum() > 0 else total

    @property
    def estimators_samples_(self) -> list[np.ndarray]:
        """Rows that each tree was grown on, with repetitions, drawn again from the seeds of the trees."""
        check_is_fitted(self)
        sampling = Sampling(self._n_samples_bootstrap, self._sample_weight)
        return [sampling.rows(model.random_state, self._n_samples) for model in self.estimators_]

    def proximity(self, X: Any, Z: Any = None) -> Any:
        """Share of the trees in which two rows end in the same leaf [breiman2001].

        Parameters
        ----------
        X : array-like, frame or sparse matrix of shape (n, p)
            Rows.
        Z : array-like, frame or sparse matrix of shape (m, p), optional
            Other rows; X itself by default.

        Returns
        -------
        ndarray or CSR matrix of shape (n, m)
            From 0 to 1; sparse where a dense array would exceed 256 MB.
        """
        from panlearn.ensemble.proximity import shared_leaves

        leaves = self.apply(X)
        return shared_leaves(leaves, leaves if Z is None else self.apply(Z))

    def oob_permutation_importances(self, X: Any, y: Any, *, random_state: Any = None) -> np.ndarray:
        """How much worse the trees judge their out-of-bag rows when a feature is permuted [breiman2001].

        Parameters
        ----------
        X : array-like, frame or sparse matrix of shape (n, p)
            The rows of `fit`.
        y : array-like of shape (n,) or (n, outputs)
            The targets of `fit`.
        random_state : int, RandomState or None, default=None
            Seed of the permutations.

        Returns
        -------
        ndarray of shape (p,)
            Mean over the trees of the loss of accuracy (a classifier) or the rise of the squared error (a regressor).
        """
        from panlearn.ensemble.permutation_importance import oob_permutation_importances

        return oob_permutation_importances(self, self._checked(X), self._targets(y), random_state)

    def _targets(self, y: Any) -> np.ndarray:
        """Codes of the classes, or numbers, (n, outputs)."""
        return np.asarray(y, dtype=np.float64).reshape(-1, self.n_outputs_)

    def __len__(self) -> int:
        return len(self.estimators_)

    def __getitem__(self, index: Any) -> Any:
        return self.estimators_[index]

    def __iter__(self) -> Iterator[Any]:
        return iter(self.estimators_)

    def __getstate__(self) -> dict[str, Any]:
        state: dict[str, Any] = {**super().__getstate__()}  # type: ignore[dict-item]
        state.pop("_cache", None)
        if state.get("estimators_"):
            models = state.pop("estimators_")
            state["_stored"] = store_trees([model.tree_ for model in models])
            state["_seeds"] = np.array([model.random_state for model in models])
        return state

    def __setstate__(self, state: dict[str, Any]) -> None:
        state = dict(state)
        stored, seeds = state.pop("_stored", None), state.pop("_seeds", ())
        super().__setstate__(state)
        if stored is not None:
            self._cache = PackedCache()
            self.estimators_ = [self._wrap(tree, seed) for tree, seed in zip(restore_trees(stored), seeds)]

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.input_tags.sparse = True
        tags.input_tags.allow_nan = True
        return tags


def _warn_of_column(y: Any) -> None:
    import warnings

    from sklearn.exceptions import DataConversionWarning

    if getattr(y, "ndim", 1) == 2 and y.shape[1] == 1:
        warnings.warn(
            "A column-vector y was passed when a 1d array was expected. Please change the shape of y to (n_samples,), "
            "for example using ravel().",
            DataConversionWarning,
            stacklevel=4,
        )
