"""What the two Gaussian classifiers share: labelled rows of any kind, class covariances, sums that batches add to."""

from contextlib import AbstractContextManager, nullcontext
from typing import Any

import numpy as np
from scipy.sparse import issparse
from sklearn.base import clone
from sklearn.utils.multiclass import _check_partial_fit_first_call

from panlearn.core.base import Classifier
from panlearn.core.blocks import ArrayRows, RowSource, in_memory
from panlearn.core.errors import DataError
from panlearn.core.threads import single_threaded_blas
from panlearn.discriminant_analysis.shrinkage import LEDOIT_WOLF, class_covariances
from panlearn.optimize.class_moments import ClassMoments, class_moments, merge

SMALL = 300  # features up to which a threaded BLAS loses more at its start than it gains


def blas_for(p: int) -> AbstractContextManager[None]:
    """BLAS on one thread for small p x p matrices, as it is for large ones."""
    return single_threaded_blas() if p <= SMALL else nullcontext()


class GaussianClassifier(Classifier):
    """Base of linear and quadratic discriminant analysis."""

    shrinkage: Any
    covariance_estimator: Any
    _moments: ClassMoments | None

    def _batch(self, X: Any, y: Any, classes: Any, sample_weight: Any) -> tuple[RowSource, bool]:
        """Rows of `partial_fit` with codes for labels, and whether they are the first."""
        first = _check_partial_fit_first_call(self, classes)
        if first:
            self._encode(self.classes_)
        source = self._source(X, y, sample_weight, reset=first)
        if self.shrinkage in LEDOIT_WOLF or self.covariance_estimator is not None:
            raise DataError(
                "partial_fit keeps sums over the rows, and Ledoit-Wolf shrinkage or a covariance_estimator needs the "
                "rows themselves: use shrinkage='oas', a fixed number, or fit."
            )
        return self._known(source), first

    def _grown(self, source: RowSource, first: bool, form: str) -> ClassMoments:
        """Moments of all batches so far."""
        new = class_moments(source, len(self.classes_), form)
        if first:
            return new
        if self._moments is None or self._moments.scatter.shape != new.scatter.shape:
            raise DataError(
                "partial_fit cannot go on from the sums of an earlier fit with other settings, or with more features "
                "than rows: start with partial_fit on a new estimator."
            )
        return merge(self._moments, new)

    def _check_settings(self, sample_weight: Any) -> None:
        if self.covariance_estimator is None:
            return
        if self.shrinkage is not None and self.shrinkage != 0:
            raise DataError(
                "covariance_estimator and shrinkage parameters are not None. Only one of the two can be set."
            )
        if sample_weight is not None:
            raise DataError("covariance_estimator takes no sample_weight: leave one of them out.")

    def _covariances(self, source: RowSource | None, moments: ClassMoments) -> np.ndarray:
        """Covariance of each class, (K, p, p), by the estimator or with the shrinkage asked for."""
        if self.covariance_estimator is None or source is None:
            return class_covariances(source, moments, self.shrinkage)
        rows = in_memory(source)
        return np.stack([self._estimated(rows.X[rows.y == k]) for k in range(len(self.classes_))])

    def _estimated(self, X: Any) -> np.ndarray:
        """Covariance by `covariance_estimator`."""
        found: Any = clone(self.covariance_estimator, safe=False)
        found.fit(X.toarray() if issparse(X) else X)
        if not hasattr(found, "covariance_"):
            raise DataError(f"{type(found).__name__} does not have a covariance_ attribute")
        return np.atleast_2d(found.covariance_)

    def _dtype(self, source: RowSource) -> type:
        """float32 for rows of that type."""
        X = source.rows.X if isinstance(source, ArrayRows) else None
        return np.float32 if X is not None and X.dtype == np.float32 else np.float64

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.input_tags.sparse = True
        return tags
