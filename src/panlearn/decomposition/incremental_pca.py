"""Incremental PCA: principal components of rows that come in batches, in k p memory [ross2008].

With the k axes V, singular values S and mean m of n rows so far, and a batch Y of b rows with mean m_b, the centred
rows of both have up to rounding and truncation the singular values of the small matrix

    [ S V ;  Y - 1 m_b' ;  sqrt(n b / (n + b)) (m - m_b)' ],

whose last row accounts for the shift of the mean. Its k leading axes replace V and S, the others are forgotten: with
k below the rank the answer depends on the batches. `PCA.partial_fit` forgets nothing, in p^2 memory.

Cost: (k + b) p min(k + b, p) operations a batch. It fails where a direction with little variance in the first batches
has much later on: what was cut off does not come back.

Course note: 001 §10.2.
"""

from typing import Any, ClassVar

import numpy as np
import scipy.linalg
from scipy.sparse import issparse
from sklearn.utils import gen_batches, metadata_routing
from sklearn.utils.validation import validate_data

from panlearn.core.blocks import ArrayRows
from panlearn.core.constraints import BOOLEAN, COUNT, validated
from panlearn.core.errors import DataError
from panlearn.core.registry import method
from panlearn.decomposition.linear_gaussian import LinearGaussian, fixed_signs
from panlearn.decomposition.scatter import spread_of


@method(
    "Incremental PCA",
    tasks=("decomposition",),
    notes=("001 10.2",),
    cost=lambda n, p, k: 5.0 * n * p * p,
    needs=("scaled",),
)
class IncrementalPCA(LinearGaussian):
    """Principal component analysis by batches, in memory of k components and one batch.

    Parameters
    ----------
    n_components : int, default=None
        Components to keep; None: the smaller side of the first batch.
    whiten : bool, default=False
        Divide the projections by their standard deviations.
    copy : bool, default=True
        Without effect: X is never changed.
    batch_size : int, default=None
        Rows of a batch in `fit`; None: 5 p.

    Attributes
    ----------
    components_ : ndarray of shape (k, p)
        Principal axes, orthonormal rows; the entry of largest size is positive.
    explained_variance_ : ndarray of shape (k,)
        Variances of the projections.
    explained_variance_ratio_ : ndarray of shape (k,)
        The same as shares of the total variance.
    singular_values_ : ndarray of shape (k,)
        Of the centred rows.
    mean_, var_ : ndarray of shape (p,)
        Mean and variance (divided by n) of the columns, exact.
    noise_variance_ : float
        Mean variance of the directions left out of the last update.
    n_components_ : int
        k.
    n_samples_seen_ : int
        Rows so far.
    batch_size_ : int
        Rows of a batch in `fit`.
    reconstruction_error_ : float
        Mean squared distance of a row from its reconstruction.
    certificate_ : str
        The share of the variance explained, in words.
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
    [ross2008]

    Examples
    --------
    If nothing is cut off, batches give what all rows give:

    >>> import numpy as np
    >>> from panlearn.decomposition import PCA, IncrementalPCA
    >>> X = np.random.default_rng(0).normal(size=(60, 3)) * [3, 2, 1]
    >>> model = IncrementalPCA(batch_size=20).fit(X)
    >>> np.allclose(model.explained_variance_, PCA().fit(X).explained_variance_)
    True
    """

    __metadata_request__partial_fit: ClassVar[dict[str, str]] = {"check_input": metadata_routing.UNUSED}
    _parameter_constraints: ClassVar[dict[str, list]] = {
        "n_components": [COUNT, None],
        "whiten": [BOOLEAN],
        "copy": [BOOLEAN],
        "batch_size": [COUNT, None],
    }

    def __init__(
        self, n_components: Any = None, *, whiten: bool = False, copy: bool = True, batch_size: Any = None
    ) -> None:
        self.n_components = n_components
        self.whiten = whiten
        self.copy = copy
        self.batch_size = batch_size

    @validated
    def fit(self, X: Any, y: Any = None) -> "IncrementalPCA":
        """Fit to X, batch by batch.

        Parameters
        ----------
        X : array-like or sparse matrix of shape (n, p)
            Rows; a batch of sparse rows is made dense at a time.
        y : None
            Ignored.

        Returns
        -------
        IncrementalPCA
            The fitted estimator.
        """
        X = validate_data(self, X, accept_sparse=["csr", "csc", "lil"], dtype=[np.float64, np.float32])
        self.n_samples_seen_ = 0
        vars(self).pop("components_", None)
        self.batch_size_ = self.batch_size or 5 * X.shape[1]
        X = X.tocsr() if issparse(X) else X
        for batch in gen_batches(X.shape[0], self.batch_size_, min_batch_size=self.n_components or 0):
            self._update(X[batch].toarray() if issparse(X) else X[batch])
        return self

    @validated
    def partial_fit(self, X: Any, y: Any = None, check_input: bool = True) -> "IncrementalPCA":
        """Add one batch.

        Parameters
        ----------
        X : array-like of shape (n, p)
            Rows.
        y : None
            Ignored.
        check_input : bool, default=True
            Whether X is still to be validated.

        Returns
        -------
        IncrementalPCA
            The fitted estimator.
        """
        first = not hasattr(self, "components_")
        if issparse(X):
            raise TypeError(
                "IncrementalPCA.partial_fit does not support sparse input. Either convert data to dense or use "
                "IncrementalPCA.fit to do so in batches."
            )
        if check_input:
            X = validate_data(self, X, dtype=[np.float64, np.float32], reset=first)
        if first:
            self.n_samples_seen_ = 0
        self._update(X)
        return self

    def _update(self, X: np.ndarray) -> None:
        first, (b, p) = not hasattr(self, "components_"), X.shape
        k = self._kept(b, p, first)
        batch = spread_of(ArrayRows(X))
        stacked = [X - batch.mean]
        n = self.n_samples_seen_
        total, mean, squares = n + b, batch.mean, batch.squares
        if not first:
            apart = self.mean_ - batch.mean
            shift = np.sqrt(n * b / total) * apart
            stacked = [self.singular_values_[:, None] * self.components_, *stacked, shift[None]]
            mean, squares = batch.mean + apart * (n / total), self.var_ * n + squares + shift**2
        s, Vt = _right_factors(np.vstack(stacked))
        self.n_samples_seen_, self.n_components_ = total, min(k, len(s))
        self._store(s, Vt, mean, squares, X.dtype)
        self.noise_variance_ = self._noise(s, b, p)

    def _store(self, s: np.ndarray, Vt: np.ndarray, mean: np.ndarray, squares: np.ndarray, dtype: Any) -> None:
        k, n, total = self.n_components_, self.n_samples_seen_, float(squares.sum())
        kept = s[:k]
        share = kept**2 / total if total > 0 else np.zeros(len(kept))
        self.components_, self.singular_values_ = fixed_signs(Vt[:k]).astype(dtype), kept.astype(dtype)
        self.mean_, self.var_ = mean.astype(dtype), (squares / n).astype(dtype)
        self.explained_variance_ = (kept**2 / max(n - 1, 1)).astype(dtype)
        self.explained_variance_ratio_ = share.astype(dtype)
        self.reconstruction_error_ = max(total - float(kept @ kept), 0.0) / n
        self.certificate_ = (
            f"{k} components explain {100 * share.sum():.4g} % of the variance of {n} rows, reconstruction error "
            f"{self.reconstruction_error_:.4g}"
        )

    def _kept(self, b: int, p: int, first: bool) -> int:
        """Number of components after a batch of b rows."""
        if self.n_components is None:
            return min(b, p) if first else len(self.components_)
        if self.n_components > p:
            raise DataError(
                f"n_components={self.n_components!r} invalid for n_features={p}, need more rows than columns for "
                "IncrementalPCA processing"
            )
        if first and self.n_components > b:
            raise DataError(
                f"n_components={self.n_components} must be less or equal to the batch number of samples {b} for the "
                "first partial_fit call."
            )
        if not first and len(self.components_) != self.n_components:
            raise DataError(
                f"Number of input features has changed from {len(self.components_)} to {self.n_components} between "
                "calls to partial_fit! Try setting n_components to a fixed value."
            )
        return self.n_components

    def _noise(self, s: np.ndarray, b: int, p: int) -> float:
        rest = s[self.n_components_ :] ** 2
        outside = self.n_components_ not in (b, p) and len(rest) > 0
        return float(rest.mean() / max(self.n_samples_seen_ - 1, 1)) if outside else 0.0

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.input_tags.sparse = True  # of `fit`
        return tags


def _right_factors(A: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Singular values and right vectors; a tall matrix is first reduced to its triangle, which has the same."""
    if A.shape[0] > A.shape[1]:
        A = np.asarray(np.linalg.qr(A, mode="r"))
    _, s, Vt = scipy.linalg.svd(A, full_matrices=False, check_finite=False)
    return s, Vt
