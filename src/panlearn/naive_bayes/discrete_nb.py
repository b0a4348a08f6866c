"""What naive Bayes for counts shares: smoothing, priors, fits and batches; the subclass says what is counted."""

import warnings
from numbers import Real
from typing import Any, ClassVar

import numpy as np
from sklearn.utils.validation import _check_sample_weight, validate_data

from panlearn.core.blocks import ArrayRows, RowSource, require_finite, require_weight
from panlearn.core.constraints import ARRAY, BOOLEAN, NONNEGATIVE, validated
from panlearn.core.errors import DataError
from panlearn.naive_bayes.class_counts import class_counts
from panlearn.naive_bayes.naive_bayes_classifier import NaiveBayesClassifier

LEAST_ALPHA = 1e-10


class DiscreteNB(NaiveBayesClassifier):
    """Base of naive Bayes whose estimates are counts."""

    _parameter_constraints: ClassVar[dict[str, list]] = {
        "alpha": [NONNEGATIVE, ARRAY],
        "fit_prior": [BOOLEAN],
        "class_prior": [ARRAY, None],
        "force_alpha": [BOOLEAN],
    }
    _needs_nonnegative = True
    _sums_show_nan = True  # so that looking for it in advance would be a pass for nothing

    alpha: Any
    force_alpha: bool
    fit_prior: bool
    class_prior: Any
    feature_log_prob_: Any
    feature_count_: np.ndarray
    class_count_: np.ndarray
    class_log_prior_: np.ndarray

    @validated
    def fit(self, X: Any, y: Any = None, sample_weight: Any = None) -> Any:
        """Count.

        Parameters
        ----------
        X : array-like or sparse matrix of shape (n, p), or RowSource
            Features; with a RowSource (a file larger than memory) y is None.
        y : array-like of shape (n,)
            Labels.
        sample_weight : array-like of shape (n,), optional
            Weights of the rows, at least 0.

        Returns
        -------
        DiscreteNB
            The fitted estimator.
        """
        source = self._labelled(self._counted_rows(X, y, sample_weight), 1)
        self._count(source, first=True)
        self._update()
        return self

    @validated
    def partial_fit(self, X: Any, y: Any = None, classes: Any = None, sample_weight: Any = None) -> Any:
        """Add a batch of rows to the counts.

        Parameters
        ----------
        X : array-like or sparse matrix of shape (n, p), or RowSource
            Features.
        y : array-like of shape (n,)
            Labels.
        classes : array-like of shape (K,), optional
            All labels that will ever come; needed in the first call.
        sample_weight : array-like of shape (n,), optional
            Weights of the rows, at least 0.

        Returns
        -------
        DiscreteNB
            The fitted estimator.
        """
        first = not hasattr(self, "classes_")
        source = self._counted_rows(X, y, sample_weight, reset=first)
        first = self._first_call(classes) or first
        self._count(self._known(source), first=first)
        self._update()
        return self

    def _counted_rows(self, X: Any, y: Any, sample_weight: Any, **checks: Any) -> RowSource:
        """Rows in the type they come in: whole numbers are converted a block at a time."""
        if isinstance(X, RowSource):
            return self._source(X, y, sample_weight, **checks)
        X, y = validate_data(self, X, y, accept_sparse="csr", ensure_all_finite=not self._sums_show_nan, **checks)
        if sample_weight is not None:
            sample_weight = _check_sample_weight(sample_weight, X, dtype=np.float64)
        return ArrayRows(X, y, sample_weight)

    def _check_X(self, X: Any) -> Any:
        return validate_data(self, X, accept_sparse="csr", reset=False)

    def _indicator(self, block: Any) -> Any:
        """What is counted in place of a block."""
        return block

    def _count(self, source: RowSource, *, first: bool) -> None:
        """Set the counts, or add to them."""
        found = class_counts(source, len(self.classes_), self._indicator)
        if not np.isfinite(found.features).all():
            require_finite(source)
        if self._needs_nonnegative and found.negative:
            name = type(self).__name__
            raise DataError(f"Negative values in data passed to {name} (input X): counts are at least 0.")
        if not first:
            found = found._replace(
                classes=found.classes + self.class_count_, features=found.features + self.feature_count_
            )
        require_weight(found.classes.sum())
        self.class_count_, self.feature_count_ = found.classes, found.features

    def _update(self) -> None:
        """Probabilities from the counts."""
        with np.errstate(divide="ignore", invalid="ignore"):  # log 0 where alpha is 0
            self._update_feature_log_prob(self._check_alpha())
            self._update_class_log_prior()
        self.certificate_ = f"closed form; {self.class_count_.sum():.6g} rows in {len(self.classes_)} classes"

    def _update_feature_log_prob(self, alpha: Any) -> None:
        raise NotImplementedError

    def _update_class_log_prior(self) -> None:
        count = len(self.classes_)
        if self.class_prior is not None:
            if len(self.class_prior) != count:
                raise DataError("Number of priors must match number of classes.")
            self.class_log_prior_ = np.log(self.class_prior)
        elif self.fit_prior:
            self.class_log_prior_ = np.log(self.class_count_) - np.log(self.class_count_.sum())
        else:
            self.class_log_prior_ = np.full(count, -np.log(count))

    def _check_alpha(self) -> Any:
        """Smoothing, one number or one a feature."""
        alpha: Any = self.alpha if isinstance(self.alpha, Real) else np.asarray(self.alpha)
        if isinstance(alpha, np.ndarray):
            if alpha.shape[0] != self.n_features_in_:
                raise DataError(
                    "When alpha is an array, it should contains `n_features`. "
                    f"Got {alpha.shape[0]} elements instead of {self.n_features_in_}."
                )
            if alpha.min() < 0:
                raise DataError("All values in alpha must be greater than 0.")
        if np.min(alpha) < LEAST_ALPHA and not self.force_alpha:
            text = "alpha too small will result in numeric errors, setting alpha = 1.0e-10."
            warnings.warn(f"{text} Use `force_alpha=True` to keep alpha unchanged.", UserWarning, stacklevel=4)
            return np.maximum(alpha, LEAST_ALPHA)
        return alpha

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.input_tags.sparse = True
        tags.input_tags.positive_only = self._needs_nonnegative
        tags.classifier_tags.poor_score = True
        return tags
