r"""Forests for classification: the mean over the trees of the fractions of the classes in a row's leaves.

    P(k | x) = 1/T sum_t (weight of class k in the leaf of x in tree t) / (weight of that leaf)

Averaging fractions rather than counting votes has less variance where leaves are impure. Out of bag, the mean runs over
the trees that did not see the row. Course notes: 000 §4.3, §4.4.
"""

import warnings
from typing import Any

import numpy as np
from sklearn.utils.class_weight import compute_class_weight, compute_sample_weight
from sklearn.utils.multiclass import type_of_target

from panlearn.core.base import Classifier
from panlearn.core.errors import DataError
from panlearn.ensemble.forest import Forest
from panlearn.ensemble.forest_growth import Sampling
from panlearn.ensemble.out_of_bag import out_of_bag_means
from panlearn.tree.training_data import TrainingData


class ForestClassifier(Classifier, Forest):
    """Base of the forests that vote."""

    classes_: Any
    n_classes_: Any
    oob_decision_function_: np.ndarray

    def _class_weights(self, data: TrainingData, y: Any) -> TrainingData:
        wanted = self.class_weight
        if isinstance(wanted, str) and self.warm_start:
            warnings.warn(
                'class_weight presets "balanced" or "balanced_subsample" are not recommended for warm_start if the '
                "fitted data differs from the full dataset. Pass the weights of compute_class_weight instead.",
                stacklevel=5,
            )
        if wanted is None or (wanted == "balanced_subsample" and self.bootstrap):
            return data
        labels = np.column_stack([classes[codes] for classes, codes in zip(data.classes, data.y.T)])
        if isinstance(wanted, str):
            weights = [
                compute_class_weight("balanced", classes=np.arange(len(c)), y=codes, sample_weight=data.weight)
                for c, codes in zip(data.classes, data.y.T)
            ]
            factors = np.prod([w[codes] for w, codes in zip(weights, data.y.T)], axis=0)
        else:
            factors = compute_sample_weight(wanted, labels)
        return data._replace(weight=factors if data.weight is None else factors * data.weight)

    def _remember(self, data: TrainingData, sampling: Sampling) -> None:
        super()._remember(data, sampling)
        single = self.n_outputs_ == 1
        self.classes_ = data.classes[0] if single else data.classes
        self.n_classes_ = int(data.n_classes[0]) if single else [int(count) for count in data.n_classes]

    def _judge_out_of_bag(self, data: TrainingData) -> None:
        kind = type_of_target(data.y)
        if kind in ("unknown", "multiclass-multioutput"):
            raise DataError(
                f"The type of target cannot be used to compute OOB estimates. Got {kind} while only the following are "
                "supported: continuous, continuous-multioutput, binary, multiclass, multilabel-indicator."
            )
        means = out_of_bag_means(self, data.X).swapaxes(1, 2)  # (n, classes, outputs)
        codes = means.argmax(axis=1)
        self.oob_decision_function_ = means[:, :, 0] if self.n_outputs_ == 1 else means
        if callable(self.oob_score):
            self.oob_score_ = self.oob_score(data.y, codes)
        else:
            self.oob_score_ = float((codes == data.y).all(axis=1).mean())

    def _targets(self, y: Any) -> np.ndarray:
        labels = np.asarray(y).reshape(-1, self.n_outputs_)
        classes = [self.classes_] if self.n_outputs_ == 1 else self.classes_
        return np.column_stack([np.searchsorted(c, column) for c, column in zip(classes, labels.T)])

    def predict_proba(self, X: Any) -> Any:
        """Predict probabilities: the mean of the trees' fractions.

        Parameters
        ----------
        X : array-like, frame or sparse matrix of shape (n, p)
            Features.

        Returns
        -------
        ndarray of shape (n, K), or a list of one for each output
            Columns in the order of `classes_`.
        """
        means = self._mean_values(self._checked(X))
        if self.n_outputs_ == 1:
            return means[:, 0]
        return [means[:, k, :count] for k, count in enumerate(self.n_classes_)]

    def predict_log_proba(self, X: Any) -> Any:
        """Predict logarithms of the probabilities.

        Parameters
        ----------
        X : array-like, frame or sparse matrix of shape (n, p)
            Features.

        Returns
        -------
        ndarray of shape (n, K), or a list of one for each output
            -inf where no leaf has a row of a class.
        """
        found = self.predict_proba(X)
        with np.errstate(divide="ignore"):
            return np.log(found) if self.n_outputs_ == 1 else [np.log(p) for p in found]

    def predict(self, X: Any) -> np.ndarray:
        """Predict the most probable class.

        Parameters
        ----------
        X : array-like, frame or sparse matrix of shape (n, p)
            Features.

        Returns
        -------
        ndarray of shape (n,) or (n, outputs)
            Labels.
        """
        codes = self._mean_values(self._checked(X)).argmax(axis=2)
        if self.n_outputs_ == 1:
            return self.classes_.take(codes[:, 0])
        labels = np.empty(codes.shape, dtype=np.result_type(*(c.dtype for c in self.classes_)))
        for k, classes in enumerate(self.classes_):
            labels[:, k] = classes.take(codes[:, k])
        return labels

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.classifier_tags.multi_label = True
        return tags
