"""Prediction of every linear classifier: the sign of x'w + b, or the class whose x'w + b is largest."""

from typing import Any, TypeVar

import numpy as np
from scipy.sparse import csr_array, issparse
from sklearn.utils.extmath import safe_sparse_dot
from sklearn.utils.validation import check_is_fitted, validate_data

from panlearn.core.base import Classifier, Estimator

Fitted = TypeVar("Fitted", bound="SparseCoefficients")


class SparseCoefficients(Estimator):
    """Base of linear models whose `coef_` may be kept as a sparse matrix."""

    coef_: Any
    intercept_: Any

    def sparsify(self: Fitted) -> Fitted:
        """Keep `coef_` as a sparse matrix, which pays where a penalty leaves few weights.

        Returns
        -------
        SparseCoefficients
            The estimator.
        """
        check_is_fitted(self)
        self.coef_ = self.coef_ if issparse(self.coef_) else csr_array(np.atleast_2d(self.coef_))
        return self

    def densify(self: Fitted) -> Fitted:
        """Keep `coef_` as an array again.

        Returns
        -------
        SparseCoefficients
            The estimator.
        """
        check_is_fitted(self)
        self.coef_ = self.coef_.toarray() if issparse(self.coef_) else self.coef_
        return self

    def _raw(self, X: Any) -> np.ndarray:
        """Raw predictions x'w + b for each row and row of `coef_`, (n, k)."""
        check_is_fitted(self)
        X = validate_data(self, X, accept_sparse="csr", dtype=[np.float64, np.float32], reset=False)
        coef = self.coef_ if self.coef_.ndim == 2 else self.coef_[None]
        return np.asarray(safe_sparse_dot(X, coef.T, dense_output=True)) + self.intercept_

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.input_tags.sparse = True
        return tags


class LinearClassifier(SparseCoefficients, Classifier):
    """Base of classifiers with `coef_` (1, p) or (K, p) and `intercept_`."""

    def decision_function(self, X: Any) -> np.ndarray:
        """Raw predictions x'w + b.

        Parameters
        ----------
        X : array-like or sparse matrix of shape (n, p)
            Features.

        Returns
        -------
        ndarray of shape (n,) for two classes, (n, K) for more
            Positive for the second class, or for a class against the others.
        """
        z = self._raw(X)
        return z[:, 0] if z.shape[1] == 1 else z

    def predict(self, X: Any) -> np.ndarray:
        """The label of each row.

        Parameters
        ----------
        X : array-like or sparse matrix of shape (n, p)
            Features.

        Returns
        -------
        ndarray of shape (n,)
            Labels.
        """
        z = self.decision_function(X)
        return self.classes_[(z > 0).astype(np.intp) if z.ndim == 1 else z.argmax(axis=1)]
