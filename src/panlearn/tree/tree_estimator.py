"""What every estimator that holds one tree offers: its size, the leaf of a row, the way there, the importances.

A row is asked one question a level, so prediction costs O(depth) a row. The importance of a feature is the sum, over
the nodes that ask about it, of the weighted decrease of impurity, divided by the sum over all features [breiman1984].

Course note 000 §4.2.
"""

from typing import Any, ClassVar

import numpy as np
from sklearn.base import MultiOutputMixin, RegressorMixin
from sklearn.utils import metadata_routing
from sklearn.utils.validation import check_is_fitted

from panlearn.core.base import Classifier, Estimator
from panlearn.core.categorical_columns import CategoricalColumns
from panlearn.tree.training_data import TrainingData, prediction_data
from panlearn.tree.tree_structure import Tree


class TreeEstimator(MultiOutputMixin, Estimator):
    """Base of the estimators with a fitted `tree_`."""

    __metadata_request__fit: ClassVar[dict] = {"check_input": metadata_routing.UNUSED}
    __metadata_request__predict: ClassVar[dict] = {"check_input": metadata_routing.UNUSED}

    tree_: Tree
    n_outputs_: int
    max_features_: int
    is_categorical_: np.ndarray | None
    _columns: CategoricalColumns

    def get_depth(self) -> int:
        """Depth of the tree: the most questions that a row is asked.

        Returns
        -------
        int
            0 if the tree is one leaf.
        """
        check_is_fitted(self)
        return int(self.tree_.max_depth)

    def get_n_leaves(self) -> int:
        """Number of leaves.

        Returns
        -------
        int
            At least 1.
        """
        check_is_fitted(self)
        return int(self.tree_.n_leaves)

    def apply(self, X: Any, check_input: bool = True) -> np.ndarray:
        """Leaf of each row.

        Parameters
        ----------
        X : array-like, frame or sparse matrix of shape (n, p)
            Features.
        check_input : bool, default=True
            False where X is known to be an array of numbers, categories as codes.

        Returns
        -------
        ndarray of shape (n,)
            Numbers of nodes.
        """
        X = self._checked(X, check_input)
        return self.tree_.apply(X)

    def decision_path(self, X: Any, check_input: bool = True) -> Any:
        """Nodes that each row passes.

        Parameters
        ----------
        X : array-like, frame or sparse matrix of shape (n, p)
            Features.
        check_input : bool, default=True
            False where X is known to be an array of numbers, categories as codes.

        Returns
        -------
        CSR matrix of shape (n, nodes)
            1 at the nodes from the root to the row's leaf.
        """
        X = self._checked(X, check_input)
        return self.tree_.decision_path(X)

    @property
    def feature_importances_(self) -> np.ndarray:
        """Decrease of impurity by feature, (p,), which sums to 1 (all 0 if the tree is one leaf)."""
        check_is_fitted(self)
        return self.tree_.compute_feature_importances()

    def _checked(self, X: Any, check_input: bool) -> Any:
        check_is_fitted(self)
        return prediction_data(self, X, self._columns, check_input=check_input)

    def _values(self, X: Any) -> np.ndarray:
        """Value of the leaf of each row of a checked X, (n, outputs, classes)."""
        return self.tree_.value.take(self.tree_.apply(X), axis=0)

    def _remember(self, data: TrainingData) -> None:
        """Attributes that come from the data alone."""
        self._columns, self.n_outputs_ = data.columns, data.y.shape[1]
        categorical = data.columns.is_categorical
        self.is_categorical_ = categorical if categorical.any() else None

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.input_tags.sparse = True
        tags.input_tags.allow_nan = True
        return tags


class TreeClassifier(Classifier, TreeEstimator):
    """Base of the classifiers with one tree: a leaf's fractions of the classes are its probabilities."""

    __metadata_request__predict_proba: ClassVar[dict] = {"check_input": metadata_routing.UNUSED}

    classes_: Any
    n_classes_: Any

    def predict(self, X: Any, check_input: bool = True) -> np.ndarray:
        """Predict the most frequent class of each row's leaf.

        Parameters
        ----------
        X : array-like, frame or sparse matrix of shape (n, p)
            Features.
        check_input : bool, default=True
            False where X is known to be an array of numbers, categories as codes.

        Returns
        -------
        ndarray of shape (n,) or (n, outputs)
            Labels.
        """
        codes = self._codes(self._checked(X, check_input))
        if self.n_outputs_ == 1:
            return self.classes_.take(codes[:, 0])
        labels = np.zeros(codes.shape, dtype=np.result_type(*(c.dtype for c in self.classes_)))
        for k, classes in enumerate(self.classes_):
            labels[:, k] = classes.take(codes[:, k])
        return labels

    def predict_proba(self, X: Any, check_input: bool = True) -> Any:
        """Predict probabilities: the fractions of the classes in each row's leaf.

        Parameters
        ----------
        X : array-like, frame or sparse matrix of shape (n, p)
            Features.
        check_input : bool, default=True
            False where X is known to be an array of numbers, categories as codes.

        Returns
        -------
        ndarray of shape (n, K), or a list of one for each output
            Columns in the order of `classes_`.
        """
        values = self._values(self._checked(X, check_input))
        if self.n_outputs_ == 1:
            return values[:, 0, : self.n_classes_]
        return [values[:, k, :count] for k, count in enumerate(self.n_classes_)]

    def predict_log_proba(self, X: Any) -> Any:
        """Predict logarithms of the probabilities.

        Parameters
        ----------
        X : array-like, frame or sparse matrix of shape (n, p)
            Features.

        Returns
        -------
        ndarray of shape (n, K), or a list of one for each output
            -inf where a leaf has no row of a class.
        """
        found = self.predict_proba(X)
        with np.errstate(divide="ignore"):
            return np.log(found) if self.n_outputs_ == 1 else [np.log(p) for p in found]

    def _codes(self, X: Any) -> np.ndarray:
        """Class of each row as a code, (n, outputs); counted once a node rather than once a row."""
        return self.tree_.value.argmax(axis=2).take(self.tree_.apply(X), axis=0)

    def _remember(self, data: TrainingData) -> None:
        super()._remember(data)
        single = self.n_outputs_ == 1
        self.classes_ = data.classes[0] if single else data.classes
        self.n_classes_ = data.n_classes[0] if single else data.n_classes

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.classifier_tags.multi_label = True
        return tags


class TreeRegressor(RegressorMixin, TreeEstimator):
    """Base of the regressors with one tree."""

    def predict(self, X: Any, check_input: bool = True) -> np.ndarray:
        """Predict the value of each row's leaf.

        Parameters
        ----------
        X : array-like, frame or sparse matrix of shape (n, p)
            Features.
        check_input : bool, default=True
            False where X is known to be an array of numbers, categories as codes.

        Returns
        -------
        ndarray of shape (n,) or (n, outputs)
            The leaf's mean, or its median for the absolute error.
        """
        values = self._values(self._checked(X, check_input))
        return values[:, 0, 0] if self.n_outputs_ == 1 else values[:, :, 0]
