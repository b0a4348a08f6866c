r"""Naive Bayes: Bayes' rule for features that are independent given the class.

    log P(k, x) = log pi_k + sum_j log P(x_j | k),        P(k | x) = softmax_k(log P(k, x))

The assumption is nearly always wrong, and the classifier often right: the argmax survives errors that the probabilities
do not [domingos1997]. The probabilities come out too near 0 and 1, since features that say the same are counted twice.
Every estimate is a count, mean or variance of one feature in one class: one pass over the rows, no iteration, any
number of features, and new rows are added to the sums (`partial_fit`). The file of each method says what P(x_j | k) is.

Note 001 §4.2; note 002, discriminative and generative models.
"""

from typing import Any

import numpy as np
from scipy.special import logsumexp
from sklearn.utils.multiclass import _check_partial_fit_first_call
from sklearn.utils.validation import check_is_fitted, validate_data

from panlearn.core.base import Classifier
from panlearn.core.errors import DataError


def class_priors(priors: Any, weight: np.ndarray) -> np.ndarray:
    """Priors as they were given, or as the classes are frequent.

    Parameters
    ----------
    priors : array-like of shape (K,), optional
        As given.
    weight : ndarray of shape (K,)
        Total weight of each class.

    Returns
    -------
    ndarray of shape (K,)
        The priors.

    Raises
    ------
    ValueError
        If their number is wrong, one is negative, or their sum is not 1.

    Examples
    --------
    >>> class_priors(None, np.array([1.0, 3.0]))
    array([0.25, 0.75])
    """
    if priors is None:
        return weight / weight.sum()
    found = np.asarray(priors, dtype=np.float64)
    if found.shape != weight.shape:
        raise DataError("Number of priors must match number of classes.")
    if not np.isclose(found.sum(), 1.0):
        raise DataError("The sum of the priors should be 1.")
    if (found < 0).any():
        raise DataError("Priors must be non-negative.")
    return found


class NaiveBayesClassifier(Classifier):
    """Base of naive Bayes: predictions from the joint log-probabilities, labels of fits and of batches."""

    def predict_joint_log_proba(self, X: Any) -> np.ndarray:
        """Logarithms of P(k, x).

        Parameters
        ----------
        X : array-like of shape (n, p)
            Features.

        Returns
        -------
        ndarray of shape (n, K)
            Logarithms.
        """
        check_is_fitted(self)
        return self._joint_log_likelihood(self._check_X(X))

    def predict(self, X: Any) -> np.ndarray:
        """The most probable class of each row.

        Parameters
        ----------
        X : array-like of shape (n, p)
            Features.

        Returns
        -------
        ndarray of shape (n,)
            Labels.
        """
        joint = self.predict_joint_log_proba(X)
        if joint.shape[1] == 2:
            return self.classes_[(joint[:, 1] > joint[:, 0]).astype(np.intp)]  # argmax over two columns is slow
        return self.classes_[joint.argmax(axis=1)]

    def predict_log_proba(self, X: Any) -> np.ndarray:
        """Logarithms of the posterior probabilities.

        Parameters
        ----------
        X : array-like of shape (n, p)
            Features.

        Returns
        -------
        ndarray of shape (n, K)
            Logarithms.
        """
        joint = self.predict_joint_log_proba(X)
        impossible = ~np.isfinite(joint.max(axis=1))  # a row that no class allows says nothing about the class
        joint[impossible] = 0.0
        return joint - logsumexp(joint, axis=1, keepdims=True)

    def predict_proba(self, X: Any) -> np.ndarray:
        """Posterior probabilities.

        Parameters
        ----------
        X : array-like of shape (n, p)
            Features.

        Returns
        -------
        ndarray of shape (n, K)
            Probabilities.
        """
        return np.exp(self.predict_log_proba(X))

    def _joint_log_likelihood(self, X: Any) -> np.ndarray:
        """Log P(k, x) of checked rows, (n, K)."""
        raise NotImplementedError

    def _check_X(self, X: Any) -> Any:
        return validate_data(self, X, reset=False)

    def _first_call(self, classes: Any) -> bool:
        """Whether `partial_fit` is called for the first time; sets `classes_` then."""
        return _check_partial_fit_first_call(self, classes)
