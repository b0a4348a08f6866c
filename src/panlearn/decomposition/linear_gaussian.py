"""What fitted principal components can do: project, reconstruct, and score rows as a Gaussian.

With orthonormal axes v_1 ... v_k (rows of V), variances lambda_i, mean m, and the mean variance sigma^2 of all other
directions, the rows are modelled as [tipping1999]

    x ~ N(m, C),   C = V' diag(lambda_i - sigma^2) V + sigma^2 I.

The inverse and the determinant need no p x p matrix: with z = V(x - m) and the rest r = x - m - V'z,

    (x - m)' C^-1 (x - m) = sum_i z_i^2 / lambda_i + |r|^2 / sigma^2
    log|C| = sum_i log lambda_i + (p - k) log sigma^2.
"""

from typing import Any, ClassVar

import numpy as np
from scipy.sparse import issparse
from sklearn.base import ClassNamePrefixFeaturesOutMixin, TransformerMixin
from sklearn.utils import check_array
from sklearn.utils.validation import check_is_fitted, validate_data

from panlearn.core.base import Estimator
from panlearn.core.errors import DataError
from panlearn.decomposition.missing_components import TINY, Subspace, filled_in, posterior

FLOATS: Any = [np.float64, np.float32]  # kept as they come; other types become the first


class LinearGaussian(ClassNamePrefixFeaturesOutMixin, TransformerMixin, Estimator):
    """Base of estimators with `components_`, `explained_variance_`, `mean_` and `noise_variance_`."""

    whiten: bool
    components_: np.ndarray
    explained_variance_: np.ndarray
    mean_: np.ndarray
    noise_variance_: float
    _fills_in: ClassVar[bool] = False  # whether missing entries are replaced by their expectation

    def transform(self, X: Any) -> np.ndarray:
        """Project rows on the components.

        Parameters
        ----------
        X : array-like or sparse matrix of shape (n, p)
            Rows.

        Returns
        -------
        ndarray of shape (n, k)
            z = V (x - m), divided by its standard deviations if `whiten`.
        """
        check_is_fitted(self)
        X = self._checked(X)
        Z = np.asarray(X @ self.components_.T) - self.mean_ @ self.components_.T  # sparse rows are not centred
        return Z / self._scales() if self.whiten else Z

    def _checked(self, X: Any) -> Any:
        """Rows to transform, validated."""
        finite: Any = "allow-nan" if self._fills_in else True
        dtypes = FLOATS
        X = validate_data(self, X, dtype=dtypes, accept_sparse=("csr", "csc"), reset=False, ensure_all_finite=finite)
        if self._fills_in and not issparse(X) and np.isnan(X).any():
            return filled_in(X, self._subspace())
        return X

    def _subspace(self) -> Subspace:
        """The model as loadings and noise; without noise, its limit."""
        noise = max(float(self.noise_variance_), TINY * float(self.explained_variance_.max(initial=0.0)))
        extra = np.sqrt(np.maximum(self.explained_variance_ - noise, 0.0))
        return Subspace(self.components_.T.astype(np.float64) * extra, self.mean_.astype(np.float64), noise)

    def inverse_transform(self, X: Any) -> np.ndarray:
        """Map projections back: the rows of the plane through the mean that have them.

        Parameters
        ----------
        X : array-like of shape (n, k)
            Projections.

        Returns
        -------
        ndarray of shape (n, p)
            V'z + m.
        """
        check_is_fitted(self)
        X = check_array(X, input_name="X", dtype=FLOATS)
        return (X * self._scales() if self.whiten else X) @ self.components_ + self.mean_

    def _scales(self) -> np.ndarray:
        scale = np.sqrt(self.explained_variance_)
        return np.maximum(scale, np.finfo(scale.dtype).eps)  # a component without variance stays finite

    def get_covariance(self) -> np.ndarray:
        """Covariance matrix of the model.

        Returns
        -------
        ndarray of shape (p, p)
            C.
        """
        check_is_fitted(self)
        V, p = self.components_, self.components_.shape[1]
        extra = np.maximum(self.explained_variance_ - self.noise_variance_, 0.0)
        return (V.T * extra) @ V + self.noise_variance_ * np.eye(p, dtype=V.dtype)

    def get_precision(self) -> np.ndarray:
        """Inverse of the covariance matrix of the model.

        Returns
        -------
        ndarray of shape (p, p)
            The inverse of C.

        Raises
        ------
        ValueError
            If C is singular.
        """
        check_is_fitted(self)
        V, p = self.components_, self.components_.shape[1]
        variances, noise = self._variances()
        if len(V) == p:
            return (V.T / variances) @ V
        return (V.T * (1 / variances - 1 / noise)) @ V + np.eye(p, dtype=V.dtype) / noise

    def score_samples(self, X: Any) -> np.ndarray:
        """Log-density of each row under the model.

        Parameters
        ----------
        X : array-like of shape (n, p)
            Rows.

        Returns
        -------
        ndarray of shape (n,)
            log N(x | m, C).

        Raises
        ------
        ValueError
            If C is singular.
        """
        check_is_fitted(self)
        finite: Any = "allow-nan" if self._fills_in else True
        X = validate_data(self, X, dtype=FLOATS, reset=False, ensure_all_finite=finite)
        if self._fills_in and np.isnan(X).any():
            return posterior(X, self._subspace()).log_density
        V, (k, p) = self.components_, self.components_.shape
        variances, noise = self._variances()
        R = X - self.mean_
        Z = R @ V.T
        distance = (Z**2 / variances).sum(axis=1)
        log_determinant = np.log(variances).sum()
        if k < p:
            R -= Z @ V
            distance += np.einsum("ij,ij->i", R, R) / noise
            log_determinant += (p - k) * np.log(noise)
        return -0.5 * (distance + log_determinant + p * np.log(2 * np.pi))

    def _variances(self) -> tuple[np.ndarray, float]:
        """Variances along the components and in all other directions, all positive."""
        noise = float(self.noise_variance_)
        variances, outside = np.maximum(self.explained_variance_, noise), np.diff(self.components_.shape)[0] > 0
        if (outside and not noise > 0) or not (variances > 0).all():
            raise DataError(
                f"The covariance matrix of the fitted {type(self).__name__} is singular: rows vary in "
                f"{int((variances > 0).sum())} of {self.components_.shape[1]} directions only. Lower n_components, "
                "or fit on more rows than columns."
            )
        return variances, noise

    def score(self, X: Any, y: Any = None) -> float:
        """Mean log-density of the rows.

        Parameters
        ----------
        X : array-like of shape (n, p)
            Rows.
        y : None
            Ignored.

        Returns
        -------
        float
            Mean of `score_samples`.
        """
        return float(np.mean(self.score_samples(X)))

    @property
    def _n_features_out(self) -> int:
        return self.components_.shape[0]


def fixed_signs(components: np.ndarray) -> np.ndarray:
    """The rows, each with the sign that makes its entry of largest size positive."""
    largest = np.argmax(np.abs(components), axis=1)
    signs = np.sign(components[np.arange(len(components)), largest])
    return components * np.where(signs == 0, 1.0, signs)[:, None]
