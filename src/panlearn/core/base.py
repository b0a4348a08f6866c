"""What panlearn's estimators share beyond scikit-learn's `BaseEstimator`.

- `certificate_`: one line that says how good the fitted answer is; `compare` prints it beside the score.
- `_expected_failed_checks`: checks of `check_estimator` that cannot hold, each with its reason.
- `_source`: the data of `fit` as a `RowSource`, whether they came as arrays or as a file, validated once.
"""

import warnings
from typing import Any, ClassVar

import numpy as np
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.exceptions import ConvergenceWarning
from sklearn.utils.class_weight import compute_sample_weight
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import _check_sample_weight, assert_all_finite, validate_data

from panlearn.core.blocks import ArrayRows, CodedRows, RowSource
from panlearn.core.errors import DataError


class Estimator(BaseEstimator):
    """Base of every estimator."""

    _expected_failed_checks: ClassVar[dict[str, str]] = {}
    _parameter_constraints: ClassVar[dict[str, list]] = {}
    certificate_: str

    def _source(self, X: Any, y: Any, sample_weight: Any, *, accept_sparse: Any = "csr", **checks: Any) -> RowSource:
        """Rows to fit on; sets `n_features_in_` and `feature_names_in_`.

        Finiteness of a dense `X` is not checked here: it would cost one more pass over the data. A method that sums
        over the rows sees it in its sums, and then calls `blocks.require_finite`.
        """
        if isinstance(X, RowSource):
            if y is not None or sample_weight is not None:
                raise DataError("y and sample_weight come with a RowSource; pass None for both.")
            self.n_features_in_ = X.n_features
            if X.feature_names is not None:
                self.feature_names_in_ = np.asarray(X.feature_names, dtype=object)
            return X
        dtypes = [np.float64, np.float32]
        checks = {"accept_sparse": accept_sparse, "dtype": dtypes, "ensure_all_finite": False, **checks}
        checked = validate_data(self, X, y, **checks)
        X, y = (checked, None) if y is None else checked
        if not isinstance(X, np.ndarray):
            assert_all_finite(X, input_name="X", estimator_name=type(self).__name__)
        if sample_weight is not None:
            sample_weight = _check_sample_weight(sample_weight, X, dtype=np.float64, ensure_non_negative=True)
        return ArrayRows(X, y, sample_weight)

    def _warn_unconverged(self, achieved: str, remedy: str) -> None:
        """Warn that the stopping rule was not met, with the certificate reached and what to change."""
        text = f"{type(self).__name__} stopped before it converged: {achieved}. {remedy}"
        warnings.warn(text, ConvergenceWarning, stacklevel=3)


class Classifier(ClassifierMixin, Estimator):
    """Base of classifiers: labels to codes and back, class weights."""

    classes_: np.ndarray

    def _encode(self, y: Any, least: int = 2) -> np.ndarray:
        """Codes 0..K-1 of the labels; sets `classes_`.

        Raises
        ------
        ValueError
            If y is continuous, or has fewer classes than `least`.
        """
        y = np.asarray(y)
        if y.dtype.kind not in "iub":  # whole numbers are labels without a further look
            check_classification_targets(y)
        self.classes_ = np.unique(y)
        if len(self.classes_) < least:
            raise DataError(
                f"{type(self).__name__} needs samples of at least 2 classes, but y has only one class: "
                f"{self.classes_.tolist()[0]!r}. Check the target column, or stratify the split."
            )
        if y.dtype.kind in "iu" and self.classes_[0] == 0 and self.classes_[-1] == len(self.classes_) - 1:
            return y.astype(np.int64, copy=False)
        return np.searchsorted(self.classes_, y)  # half the time of unique's own inverse

    def _labelled(self, source: RowSource, least: int = 2) -> RowSource:
        """Rows of `fit` with codes for labels; sets `classes_`."""
        if isinstance(source, ArrayRows):
            source.rows = source.rows._replace(y=self._encode(source.rows.y, least))
            return source
        self._encode(np.unique(np.concatenate([np.unique(piece.y) for piece in source.pieces()])), least)
        return CodedRows(source, self.classes_)

    def _known(self, source: RowSource) -> RowSource:
        """Rows of `partial_fit` with codes for labels, all of which must be in `classes_`."""
        if not isinstance(source, ArrayRows):
            return CodedRows(source, self.classes_)
        labels = np.asarray(source.rows.y)
        codes = np.minimum(np.searchsorted(self.classes_, labels), len(self.classes_) - 1)
        if (self.classes_[codes] != labels).any():
            new = np.setdiff1d(labels, self.classes_)
            raise DataError(f"The target label(s) {new} in y do not exist in the initial classes {self.classes_}")
        source.rows = source.rows._replace(y=codes)
        return source

    def _class_weighted(self, class_weight: Any, y: Any, sample_weight: np.ndarray | None) -> np.ndarray | None:
        """Row weights times the weights of their classes."""
        if class_weight is None:
            return sample_weight
        factors = compute_sample_weight(class_weight, y)
        return factors if sample_weight is None else factors * sample_weight
