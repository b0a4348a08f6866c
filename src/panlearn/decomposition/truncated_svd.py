"""Truncated singular value decomposition: the best matrix of rank k, without centring [eckart1936].

    X ~ U S V',   |X - U S V'|_F^2 = sum_(j>k) s_j^2,   the least of any matrix of rank k

On counts or tf-idf of words this is latent semantic analysis [deerwester1990]: rows that share no word, but words of
the same company, come close. The rows are not centred, so sparse X stays sparse; PCA here centres sparse rows as well,
implicitly, so what is left for this estimator is the case where the origin means something.

Block Krylov spaces find V (`block_krylov`), about the origin instead of the mean; or Lanczos ("arpack").

Cost: 2 nnz b operations a product. It fails on a flat spectrum, as `PCA` does.

Course note: 001 §10.2.2.
"""

from typing import Any, ClassVar

import numpy as np
from sklearn.base import ClassNamePrefixFeaturesOutMixin, TransformerMixin
from sklearn.utils import check_array, check_random_state
from sklearn.utils.validation import check_is_fitted, validate_data

from panlearn.core.base import Estimator
from panlearn.core.blocks import ArrayRows
from panlearn.core.constraints import COUNT, NATURAL, NONNEGATIVE, RANDOM, options, validated
from panlearn.core.errors import DataError
from panlearn.core.registry import method
from panlearn.decomposition.linear_gaussian import FLOATS, fixed_signs
from panlearn.decomposition.principal_axes import Search, leading_values
from panlearn.decomposition.scatter import spread_of


@method(
    "Truncated SVD",
    tasks=("decomposition",),
    notes=("001 10.2.2",),
    cost=lambda n, p, k: 24.0 * n * p * (k + 10),
)
class TruncatedSVD(ClassNamePrefixFeaturesOutMixin, TransformerMixin, Estimator):
    """The k leading singular vectors of X, not centred; latent semantic analysis if X holds counts of words.

    Parameters
    ----------
    n_components : int, default=2
        k; at most p, and below min(n, p) for "arpack".
    algorithm : {"arpack", "randomized"}, default="randomized"
        Lanczos, or block Krylov spaces.
    n_iter : int, default=5
        Passes of "randomized" after the first, at most; fewer where the values have settled.
    n_oversamples : int, default=10
        Columns of the block of "randomized" beyond k.
    power_iteration_normalizer : {"auto", "QR", "LU", "none"}, default="auto"
        Without effect: blocks are made orthonormal by QR.
    random_state : int, RandomState or None, default=None
        Start.
    tol : float, default=0.0
        Of "arpack": accuracy, 0 for all digits. Of "randomized": share of the sum of squared singular values that may
        be missed, 0 for 1e-10.

    Attributes
    ----------
    components_ : ndarray of shape (k, p)
        Right singular vectors; the entry of largest size is positive.
    singular_values_ : ndarray of shape (k,)
        Singular values.
    explained_variance_ : ndarray of shape (k,)
        Variances of the projections of the rows, divided by n.
    explained_variance_ratio_ : ndarray of shape (k,)
        The same over the sum of the variances of the columns.
    residual_ : float
        Certificate: the largest length of X'X v - s^2 v, relative to the largest s^2.
    certificate_ : str
        The same in words, with the share of |X|^2 kept.
    n_iter_ : int
        Passes over the rows; 0 for "arpack".
    n_features_in_ : int
        Number of columns.
    feature_names_in_ : ndarray of shape (p,)
        Names of the columns, if X has string column names.

    Raises
    ------
    ValueError
        If a parameter or the data cannot be used.

    References
    ----------
    [eckart1936], [deerwester1990], [musco2015]

    Examples
    --------
    No matrix of rank 1 is closer than the one found; its distance is the singular value left out:

    >>> import numpy as np
    >>> from panlearn.decomposition import TruncatedSVD
    >>> X = np.array([[3.0, 0.0], [0.0, 2.0], [0.0, 0.0]])
    >>> model = TruncatedSVD(n_components=1).fit(X)
    >>> round(float(np.linalg.norm(X - model.inverse_transform(model.transform(X)))), 6)
    2.0
    """

    _parameter_constraints: ClassVar[dict[str, list]] = {
        "n_components": [COUNT],
        "algorithm": [options("arpack", "randomized")],
        "n_iter": [NATURAL],
        "n_oversamples": [COUNT],
        "power_iteration_normalizer": [options("auto", "QR", "LU", "none")],
        "random_state": [RANDOM],
        "tol": [NONNEGATIVE],
    }

    def __init__(
        self,
        n_components: int = 2,
        *,
        algorithm: str = "randomized",
        n_iter: int = 5,
        n_oversamples: int = 10,
        power_iteration_normalizer: str = "auto",
        random_state: Any = None,
        tol: float = 0.0,
    ) -> None:
        self.n_components = n_components
        self.algorithm = algorithm
        self.n_iter = n_iter
        self.n_oversamples = n_oversamples
        self.power_iteration_normalizer = power_iteration_normalizer
        self.random_state = random_state
        self.tol = tol

    def fit(self, X: Any, y: Any = None) -> "TruncatedSVD":
        """Find the singular vectors.

        Parameters
        ----------
        X : array-like or sparse matrix of shape (n, p)
            Rows.
        y : None
            Ignored.

        Returns
        -------
        TruncatedSVD
            The fitted estimator.
        """
        self.fit_transform(X)
        return self

    @validated
    def fit_transform(self, X: Any, y: Any = None) -> np.ndarray:
        """Find the singular vectors and project the rows on them.

        Parameters
        ----------
        X : array-like or sparse matrix of shape (n, p)
            Rows.
        y : None
            Ignored.

        Returns
        -------
        ndarray of shape (n, k)
            X V = U S.
        """
        X = validate_data(self, X, accept_sparse="csr", dtype=FLOATS, ensure_min_features=2)
        self._check_components(X.shape)
        source = ArrayRows(X)
        spread = spread_of(source)
        columns = spread.squares + spread.weight * spread.mean**2
        total = float(columns.sum())
        if not np.isfinite(total):
            raise DataError("The squares of X overflow float64; divide X by a constant first.")
        about_origin = spread._replace(mean=np.zeros(X.shape[1]), squares=columns)
        tol = self.tol or (1e-10 if self.algorithm == "randomized" else 0.0)
        search = Search(check_random_state(self.random_state), tol, self.n_iter, self.n_oversamples)
        found = leading_values(source, about_origin, self.n_components, self.algorithm, search)
        self.components_ = fixed_signs(found.vectors.T).astype(X.dtype)
        self.singular_values_ = np.sqrt(found.values).astype(X.dtype)
        self.residual_, self.n_iter_ = found.residual, found.n_iter
        share = found.values.sum() / total if total > 0 else 1.0
        self.certificate_ = f"{100 * share:.4g} % of |X|^2 kept, singular pairs within {found.residual:.0e}"
        Z = np.asarray(X @ self.components_.T)
        self.explained_variance_ = np.var(Z, axis=0)
        varying = float(spread.squares.sum() / spread.weight)
        self.explained_variance_ratio_ = self.explained_variance_ / (varying or 1.0)
        return Z

    def _check_components(self, shape: tuple[int, int]) -> None:
        most = shape[1] if self.algorithm == "randomized" else min(shape) - 1
        if self.n_components > most:
            bound = f"n_features({shape[1]})" if self.algorithm == "randomized" else f"min(X.shape) - 1 = {most}"
            raise DataError(f"n_components({self.n_components}) must be <= {bound}.")

    def transform(self, X: Any) -> np.ndarray:
        """Project rows on the singular vectors.

        Parameters
        ----------
        X : array-like or sparse matrix of shape (n, p)
            Rows.

        Returns
        -------
        ndarray of shape (n, k)
            X V.
        """
        check_is_fitted(self)
        X = validate_data(self, X, accept_sparse=["csr", "csc"], dtype=FLOATS, reset=False)
        return np.asarray(X @ self.components_.T)

    def inverse_transform(self, X: Any) -> np.ndarray:
        """Map projections back.

        Parameters
        ----------
        X : array-like of shape (n, k)
            Projections.

        Returns
        -------
        ndarray of shape (n, p)
            Their rows in the span of the singular vectors.
        """
        check_is_fitted(self)
        return check_array(X, dtype=FLOATS) @ self.components_

    @property
    def _n_features_out(self) -> int:
        return self.components_.shape[0]

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.input_tags.sparse = True
        tags.transformer_tags.preserves_dtype = ["float64", "float32"]
        return tags
