"""What a boosted classifier predicts: classes, probabilities and raw values, at the end and after each round.

    two classes   z one number:   p = 1 / (1 + exp(-z)),  class 1 where z > 0
    K classes     z_k a class:    p = softmax(z),         the class of the largest z

Course notes: 000 §4.6.
"""

from collections.abc import Iterator
from typing import Any

import numpy as np
from sklearn.base import ClassifierMixin
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import check_is_fitted

from panlearn.core.errors import DataError
from panlearn.ensemble.boosted_trees import BoostedTrees


class BoostedClassifier(ClassifierMixin, BoostedTrees):
    """Base of the classifiers."""

    classes_: np.ndarray

    def _encode_labels(self, y: np.ndarray) -> np.ndarray:
        """Codes 0..K-1 as floats; sets `classes_` and `n_trees_per_iteration_`."""
        check_classification_targets(y)
        self.classes_, codes = np.unique(y, return_inverse=True)
        self.n_trees_per_iteration_ = 1 if len(self.classes_) <= 2 else len(self.classes_)
        return codes.astype(np.float64)

    def _encode_more_labels(self, y: np.ndarray) -> np.ndarray:
        """Codes of labels that `classes_` has."""
        codes = np.minimum(np.searchsorted(self.classes_, y), len(self.classes_) - 1)
        if not np.all(self.classes_[codes] == y):
            new = sorted(set(np.asarray(y).tolist()) - set(self.classes_.tolist()))
            raise DataError(f"y contains previously unseen labels: {new}. Leave their rows out.")
        return codes.astype(np.float64)

    def _codes(self, raw: np.ndarray) -> np.ndarray:
        """Code of the likeliest class of each row."""
        return (raw[:, 0] > 0).astype(np.intp) if raw.shape[1] == 1 else raw.argmax(axis=1)

    def predict(self, X: Any) -> np.ndarray:
        """Predict the likeliest class.

        Parameters
        ----------
        X : array-like of shape (n, p)
            Features.

        Returns
        -------
        ndarray of shape (n,)
            Labels.
        """
        raw = self._raw_predict(X)
        return self.classes_[self._codes(raw)]

    def predict_proba(self, X: Any) -> np.ndarray:
        """Predict probabilities of the classes.

        Parameters
        ----------
        X : array-like of shape (n, p)
            Features.

        Returns
        -------
        ndarray of shape (n, K)
            Columns in the order of `classes_`.
        """
        raw = self._raw_predict(X)
        return self._loss.predict_proba(raw)[:, : len(self.classes_)]

    def predict_log_proba(self, X: Any) -> np.ndarray:
        """Predict logarithms of the probabilities.

        Parameters
        ----------
        X : array-like of shape (n, p)
            Features.

        Returns
        -------
        ndarray of shape (n, K)
        """
        with np.errstate(divide="ignore"):
            return np.log(self.predict_proba(X))

    def decision_function(self, X: Any) -> np.ndarray:
        """Raw predictions: log-odds of two classes, or a value for each of K.

        Parameters
        ----------
        X : array-like of shape (n, p)
            Features.

        Returns
        -------
        ndarray of shape (n,) or (n, K)
        """
        raw = self._raw_predict(X)
        return raw[:, 0] if raw.shape[1] == 1 else raw

    def staged_predict(self, X: Any) -> Iterator[np.ndarray]:
        """Classes after each round.

        Parameters
        ----------
        X : array-like of shape (n, p)
            Features.

        Yields
        ------
        ndarray of shape (n,)
            Labels.
        """
        for raw in self._staged_raw_predict(X):
            yield self.classes_[self._codes(raw)]

    def staged_predict_proba(self, X: Any) -> Iterator[np.ndarray]:
        """Probabilities after each round.

        Parameters
        ----------
        X : array-like of shape (n, p)
            Features.

        Yields
        ------
        ndarray of shape (n, K)
        """
        for raw in self._staged_raw_predict(X):
            yield self._loss.predict_proba(raw)[:, : len(self.classes_)]

    def staged_decision_function(self, X: Any) -> Iterator[np.ndarray]:
        """Raw predictions after each round.

        Parameters
        ----------
        X : array-like of shape (n, p)
            Features.

        Yields
        ------
        ndarray of shape (n,) or (n, K)
        """
        check_is_fitted(self)
        for raw in self._staged_raw_predict(X):
            yield raw[:, 0] if raw.shape[1] == 1 else raw
