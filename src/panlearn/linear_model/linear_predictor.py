"""Prediction of every linear regressor, f(x) = Wx + b, and the fit that least-squares models share."""

from typing import Any

import numpy as np
from sklearn.base import MultiOutputMixin, RegressorMixin
from sklearn.utils.validation import check_is_fitted, validate_data

from panlearn.core.base import Estimator
from panlearn.core.blocks import RowSource
from panlearn.optimize import least_squares


class LinearPredictor(MultiOutputMixin, RegressorMixin, Estimator):
    """Base of regressors with `coef_` (p,) or (targets, p) and `intercept_`."""

    coef_: np.ndarray
    intercept_: Any
    fit_intercept: bool
    positive: bool

    def predict(self, X: Any) -> np.ndarray:
        """Predict targets.

        Parameters
        ----------
        X : array-like or sparse matrix of shape (n, p)
            Features.

        Returns
        -------
        ndarray of shape (n,) or (n, targets)
            X @ coef_.T + intercept_, in the units of y.
        """
        check_is_fitted(self)
        X = validate_data(self, X, accept_sparse=["csr", "csc", "coo"], dtype=[np.float64, np.float32], reset=False)
        return np.asarray(X @ self.coef_.T) + self.intercept_

    def _fit_least_squares(self, source: RowSource, alpha: np.ndarray, **settings: Any) -> least_squares.Solution:
        """Solve and set the fitted attributes."""
        found = least_squares.solve(source, alpha, intercept=self.fit_intercept, positive=self.positive, **settings)
        piece = next(iter(source.pieces()))
        dtype = np.float32 if piece.X.dtype == np.float32 else np.float64
        single = piece.y.ndim == 1
        coef = found.coef.astype(dtype, copy=False)
        self.coef_ = coef[0] if single else coef
        zero: Any = 0.0 if single else np.zeros(len(coef), dtype)
        self.intercept_ = (
            zero
            if not self.fit_intercept
            else (dtype(found.intercept[0]) if single else found.intercept.astype(dtype, copy=False))
        )
        self.gradient_norm_ = found.gradient_norm
        self.certificate_ = f"relative gradient norm {found.gradient_norm:.0e} ({found.route})"
        return found

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.input_tags.sparse = True
        return tags
