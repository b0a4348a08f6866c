"""A classifier whose training rows are balanced first, inside `fit`.

A scikit-learn pipeline passes y through unchanged, so no step of it can add or drop rows. This is therefore not a step
but a classifier around a classifier: `fit` resamples and fits a clone, everything else goes to the clone. In
cross-validation only the training folds are resampled; the folds that judge keep the classes of the population.

    make_pipeline(StandardScaler(), BalancedResampler(SVC(), strategy="smote"))

imbalanced-learn's pipeline, which does know steps that resample, can use `balanced_resample` as a function.
"""

from typing import Any, ClassVar

import numpy as np
from sklearn.base import BaseEstimator, MetaEstimatorMixin, clone
from sklearn.utils import get_tags
from sklearn.utils.metaestimators import available_if
from sklearn.utils.validation import check_is_fitted, validate_data

from panlearn.core.base import Classifier
from panlearn.core.constraints import COUNT, RANDOM, options, validated
from panlearn.evaluation.balanced_resample import STRATEGIES, balanced_resample
from panlearn.evaluation.resampled_table import is_pandas, is_polars


def _offers(name: str) -> Any:
    """Whether the classifier inside has a method."""

    def check(model: "BalancedResampler") -> bool:
        getattr(getattr(model, "estimator_", None) or model._base(), name)
        return True

    return available_if(check)


class BalancedResampler(MetaEstimatorMixin, Classifier):
    """Resample the training rows, and fit a classifier to them.

    Parameters
    ----------
    estimator : classifier, optional
        What is fitted; logistic regression by default.
    strategy : {"up", "down", "smote"}, default="up"
        As in `balanced_resample`.
    sampling_strategy : float, str, dict or callable, default="auto"
        As in `balanced_resample`.
    categorical_features : "auto", None or array-like, default="auto"
        As in `balanced_resample`.
    k_neighbors : int, default=5
        As in `balanced_resample`.
    random_state : int, RandomState or None, default=None
        Seed of the resampling.

    Attributes
    ----------
    estimator_ : classifier
        The fitted clone.
    classes_ : ndarray of shape (K,)
        Labels.
    class_counts_ : dict
        Rows of each class that the clone was fitted to.
    certificate_ : str
        That of the clone if it has one, and the rows of each class.
    n_features_in_ : int
        Number of features.
    feature_names_in_ : ndarray of shape (p,)
        Names of the features, if X has string column names.

    Raises
    ------
    ValueError
        As `balanced_resample` and the classifier.

    References
    ----------
    [chawla2002]; course note 002 (sampling)

    Examples
    --------
    Of a rare class that overlaps the common one, most rows are found rather than few:

    >>> import numpy as np
    >>> from sklearn.linear_model import LogisticRegression
    >>> from panlearn.evaluation import BalancedResampler
    >>> rng = np.random.default_rng(0)
    >>> y = (np.arange(2000) % 50 == 0).astype(int)
    >>> X = rng.normal(size=(2000, 2)) + 1.5 * y[:, None]
    >>> models = LogisticRegression(), BalancedResampler(LogisticRegression(), strategy="smote", random_state=0)
    >>> [round(float(model.fit(X, y).predict(X)[y == 1].mean()), 1) for model in models]
    [0.2, 0.9]
    """

    _parameter_constraints: ClassVar[dict[str, list]] = {
        "strategy": [options(*STRATEGIES)],
        "k_neighbors": [COUNT],
        "random_state": [RANDOM],
    }

    def __init__(
        self,
        estimator: Any = None,
        *,
        strategy: str = "up",
        sampling_strategy: Any = "auto",
        categorical_features: Any = "auto",
        k_neighbors: int = 5,
        random_state: Any = None,
    ) -> None:
        self.estimator = estimator
        self.strategy = strategy
        self.sampling_strategy = sampling_strategy
        self.categorical_features = categorical_features
        self.k_neighbors = k_neighbors
        self.random_state = random_state

    def _base(self) -> Any:
        if self.estimator is not None:
            return self.estimator
        from panlearn.linear_model import LogisticRegression

        return LogisticRegression()

    def fit_resample(self, X: Any, y: Any) -> tuple[Any, Any]:
        """Resample rows without fitting the classifier.

        Parameters
        ----------
        X : array-like, sparse matrix or data frame of shape (n, p)
            Features.
        y : array-like of shape (n,)
            Labels.

        Returns
        -------
        X_resampled : as X
            Rows.
        y_resampled : as y
            Labels.
        """
        settings = {name: value for name, value in self.get_params(deep=False).items() if name != "estimator"}
        return balanced_resample(X, y, **settings)

    @validated
    def fit(self, X: Any, y: Any) -> "BalancedResampler":
        """Resample the rows and fit the classifier.

        Parameters
        ----------
        X : array-like, sparse matrix or data frame of shape (n, p)
            Features.
        y : array-like of shape (n,)
            Labels.

        Returns
        -------
        BalancedResampler
            The fitted estimator.
        """
        validate_data(self, X, y, skip_check_array=True)
        X, y = self.fit_resample(X, y)
        self.classes_, numbers = np.unique(np.asarray(y), return_counts=True)
        self.class_counts_ = dict(zip(self.classes_.tolist(), numbers.tolist(), strict=True))
        model: Any = clone(self._base())
        self.estimator_ = model.fit(X, y)
        told = getattr(self.estimator_, "certificate_", "")
        rows = ", ".join(f"{label}: {count}" for label, count in list(self.class_counts_.items())[:10])
        self.certificate_ = f"{told}{'; ' if told else ''}rows by class {rows}"
        return self

    def _ask(self, name: str, X: Any) -> Any:
        check_is_fitted(self)
        if is_pandas(X) or is_polars(X):
            validate_data(self, X, reset=False, skip_check_array=True)
        else:
            X = validate_data(
                self, X, reset=False, accept_sparse=["csr", "csc"], dtype=None, ensure_all_finite="allow-nan"
            )
        return getattr(self.estimator_, name)(X)

    def predict(self, X: Any) -> np.ndarray:
        """Predict labels.

        Parameters
        ----------
        X : array-like, sparse matrix or data frame of shape (n, p)
            Features.

        Returns
        -------
        ndarray of shape (n,)
            Labels.
        """
        return self._ask("predict", X)

    @_offers("predict_proba")
    def predict_proba(self, X: Any) -> np.ndarray:
        """Predict probabilities under equal shares of the classes, or those asked for.

        Parameters
        ----------
        X : array-like, sparse matrix or data frame of shape (n, p)
            Features.

        Returns
        -------
        ndarray of shape (n, K)
            Columns in the order of `classes_`.
        """
        return self._ask("predict_proba", X)

    @_offers("predict_log_proba")
    def predict_log_proba(self, X: Any) -> np.ndarray:
        """Predict logarithms of the probabilities.

        Parameters
        ----------
        X : array-like, sparse matrix or data frame of shape (n, p)
            Features.

        Returns
        -------
        ndarray of shape (n, K)
            Columns in the order of `classes_`.
        """
        return self._ask("predict_log_proba", X)

    @_offers("decision_function")
    def decision_function(self, X: Any) -> np.ndarray:
        """What the classifier decides by.

        Parameters
        ----------
        X : array-like, sparse matrix or data frame of shape (n, p)
            Features.

        Returns
        -------
        ndarray of shape (n, K), or (n,) for two classes
            Its decision function.
        """
        return self._ask("decision_function", X)

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        inner = get_tags(self._base()) if isinstance(self._base(), BaseEstimator) else tags
        tags.input_tags.sparse = inner.input_tags.sparse
        tags.input_tags.allow_nan = inner.input_tags.allow_nan
        return tags
