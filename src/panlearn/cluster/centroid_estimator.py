"""What estimators with centres share: start, prediction, distances, score."""

import warnings
from typing import Any

import numpy as np
from scipy.sparse import issparse
from sklearn.base import ClassNamePrefixFeaturesOutMixin, ClusterMixin, TransformerMixin
from sklearn.utils import check_array
from sklearn.utils.validation import _check_sample_weight, _is_arraylike_not_scalar, check_is_fitted, validate_data

from panlearn.cluster.centred_rows import CentredRows
from panlearn.cluster.kmeans_plusplus import draw_seeds
from panlearn.cluster.lloyd import Assignment
from panlearn.cluster.plain_assignment import PlainAssignment
from panlearn.core.base import Estimator
from panlearn.core.errors import DataError


def assignment_for(data: CentredRows, k: int) -> Assignment:
    """The way to the nearest centre for the size and kind of the data."""
    if not data.uses_kernels(k):
        return PlainAssignment(data.scaled, data.weight)
    from panlearn.cluster.bounded_assignment import BoundedAssignment

    return BoundedAssignment(data, k)


def nearest_centres(X: Any, centres: np.ndarray, weight: np.ndarray | None = None) -> tuple[np.ndarray, float]:
    """Index of the nearest centre of each row, and the inertia."""
    data = CentredRows(X, weight)
    rows, scaled = assignment_for(data, len(centres)), data.scaled_centres(centres)
    rows.assign(scaled)
    return rows.label, rows.inertia(scaled) / data.scale**2


class CentroidEstimator(ClassNamePrefixFeaturesOutMixin, TransformerMixin, ClusterMixin, Estimator):
    """Base of the estimators that predict the nearest of their `cluster_centers_`."""

    n_clusters: int
    init: Any
    n_init: Any
    cluster_centers_: np.ndarray
    labels_: np.ndarray
    inertia_: float

    def _checked(self, X: Any, *, reset: bool) -> Any:
        """Dense rows in C order that kernels can read, or CSR, in float64 or float32."""
        X = validate_data(
            self,
            X,
            accept_sparse="csr",
            dtype=[np.float64, np.float32],
            order="C",
            accept_large_sparse=False,
            reset=reset,
            ensure_all_finite=bool(issparse(X)) or not reset,
        )
        # Numba compiles a second kernel for memory that must not be written
        return X if issparse(X) or X.flags.writeable else X.copy()

    def _weights(self, X: Any, sample_weight: Any) -> np.ndarray | None:
        if sample_weight is None:
            return None
        return _check_sample_weight(sample_weight, X, dtype=np.float64, ensure_non_negative=True)

    def _check_count(self, X: Any, runs: int) -> None:
        """Enough rows; sets `_n_init`, with `runs` where nothing says that one run is enough."""
        if X.shape[0] < self.n_clusters:
            raise DataError(f"n_samples={X.shape[0]} should be >= n_clusters={self.n_clusters}.")
        given, name = _is_arraylike_not_scalar(self.init), isinstance(self.init, str)
        if self.n_init == "auto":
            self._n_init = 1 if given or (name and self.init == "k-means++") else runs
        else:
            self._n_init = self.n_init
        if given and self._n_init != 1:
            warnings.warn(
                f"Explicit initial center position passed: performing only one init in {type(self).__name__} instead "
                f"of n_init={self._n_init}.",
                RuntimeWarning,
                stacklevel=3,
            )
            self._n_init = 1

    def _check_init(self, X: Any) -> None:
        """Look at given centres before anything is computed."""
        if _is_arraylike_not_scalar(self.init):
            self._given(X, self.init, self.n_clusters)

    def _given(self, X: Any, centres: Any, count: int) -> np.ndarray:
        centres = check_array(centres, dtype=X.dtype, accept_sparse=True)
        centres = centres.toarray() if issparse(centres) else centres
        if centres.shape[0] != count:
            raise DataError(
                f"The shape of the initial centers {centres.shape} does not match the number of clusters {count}."
            )
        if centres.shape[1] != X.shape[1]:
            raise DataError(
                f"The shape of the initial centers {centres.shape} does not match the number of features of the data "
                f"{X.shape[1]}."
            )
        return centres

    def _start(self, data: CentredRows, random_state: np.random.RandomState, count: int | None = None) -> np.ndarray:
        """Starting centres in scaled units."""
        k, init, X = count or self.n_clusters, self.init, data.X
        if isinstance(init, str) and init == "k-means++":
            return data.rows(draw_seeds(data, k, random_state))
        if isinstance(init, str):
            p = data.weight / data.weight.sum() if data.weight.size else None
            if p is None:
                p = np.full(X.shape[0], 1.0 / X.shape[0])
            return data.rows(random_state.choice(X.shape[0], size=k, replace=False, p=p))
        if not _is_arraylike_not_scalar(init):
            init = init(X, k, random_state=random_state)
        return data.scaled_centres(self._given(X, init, k))

    def fit_predict(  # type: ignore[override]
        self, X: Any, y: Any = None, sample_weight: Any = None
    ) -> np.ndarray:
        """Fit, and return the clusters of the rows.

        Parameters
        ----------
        X : array-like or sparse matrix of shape (n, p)
            Rows.
        y : object, optional
            Ignored.
        sample_weight : array-like of shape (n,), optional
            Weights of the rows.

        Returns
        -------
        ndarray of shape (n,)
            `labels_`.
        """
        return self.fit(X, sample_weight=sample_weight).labels_  # type: ignore[attr-defined]

    def predict(self, X: Any) -> np.ndarray:
        """Predict the nearest centre.

        Parameters
        ----------
        X : array-like or sparse matrix of shape (n, p)
            Rows.

        Returns
        -------
        ndarray of shape (n,)
            Indices into `cluster_centers_`.
        """
        check_is_fitted(self)
        return nearest_centres(self._checked(X, reset=False), self.cluster_centers_)[0]

    def transform(self, X: Any) -> np.ndarray:
        """Distances to the centres.

        Parameters
        ----------
        X : array-like or sparse matrix of shape (n, p)
            Rows.

        Returns
        -------
        ndarray of shape (n, n_clusters)
            Euclidean distances.
        """
        from sklearn.metrics.pairwise import euclidean_distances  # here: it loads the whole of sklearn.metrics

        check_is_fitted(self)
        return euclidean_distances(self._checked(X, reset=False), self.cluster_centers_)

    def fit_transform(  # type: ignore[override]
        self, X: Any, y: Any = None, sample_weight: Any = None
    ) -> np.ndarray:
        """Fit, and return the distances of the rows to the centres.

        Parameters
        ----------
        X : array-like or sparse matrix of shape (n, p)
            Rows.
        y : object, optional
            Ignored.
        sample_weight : array-like of shape (n,), optional
            Weights of the rows.

        Returns
        -------
        ndarray of shape (n, n_clusters)
            Euclidean distances.
        """
        return self.fit(X, sample_weight=sample_weight).transform(X)  # type: ignore[attr-defined]

    def score(self, X: Any, y: Any = None, sample_weight: Any = None) -> float:
        """Inertia of new rows, negated.

        Parameters
        ----------
        X : array-like or sparse matrix of shape (n, p)
            Rows.
        y : object, optional
            Ignored.
        sample_weight : array-like of shape (n,), optional
            Weights of the rows.

        Returns
        -------
        float
            Minus the weighted sum of squared distances to the nearest centres.
        """
        check_is_fitted(self)
        X = self._checked(X, reset=False)
        weight = None if sample_weight is None else _check_sample_weight(sample_weight, X, dtype=np.float64)
        return -nearest_centres(X, self.cluster_centers_, weight)[1]

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.input_tags.sparse = True
        tags.transformer_tags.preserves_dtype = ["float64", "float32"]
        return tags
