r"""AdaBoost for regression: R2 [drucker1997b].

A round draws n rows with replacement by the weights w, fits h_t to them, and compares it with all rows:

    l_i     = |h_t(x_i) - y_i| / max_j |h_t(x_j) - y_j|,   or its square, or 1 - exp(-l_i)
    err_t   = sum_i w_i l_i                            stop if it is 1/2 or more
    beta_t  = err_t / (1 - err_t)                      w_i <- w_i beta_t^(eta (1 - l_i))
    alpha_t = eta log(1 / beta_t)                      y(x) = median of the h_t(x) with the weights alpha_t

Rows predicted well lose weight. The largest error sets the scale: one outlier makes all other losses small, and takes
over the draws. That is how it fails.

Where the copies are plain trees, a drawn row is one with a count: the columns are sorted once, and no row is copied.
"""

import math
from collections.abc import Iterator
from typing import Any, ClassVar

import numpy as np
from sklearn.base import RegressorMixin

from panlearn.core.constraints import options
from panlearn.core.registry import method
from panlearn.ensemble.adaboost import AdaBoost, Round, has_defaults, like
from panlearn.ensemble.voting_trees import are_plain_trees
from panlearn.tree.decision_tree_regressor import DecisionTreeRegressor
from panlearn.tree.training_data import TrainingData, growth_settings, training_data


@method(
    "AdaBoost, regression",
    tasks=("regression",),
    notes=("000 4",),
    cost=lambda n, p, k: 50.0 * n * (10 * p + 100),
)
class AdaBoostRegressor(RegressorMixin, AdaBoost):
    """Regressors fitted in turn to the rows that the ones before predicted worst; their weighted median.

    Parameters
    ----------
    estimator : estimator, optional
        What is boosted: any regressor; a tree of depth 3 by default.
    n_estimators : int, default=50
        Most rounds, at least 1; fewer if a copy makes no error, or one of half the largest on average.
    learning_rate : float, default=1.0
        Factor on the votes, above 0.
    loss : {"linear", "square", "exponential"}, default="linear"
        How an error counts.
    random_state : int, RandomState or None, default=None
        Seed of the draws and the copies.

    Attributes
    ----------
    estimator_ : estimator
        What was copied.
    estimators_ : list of estimators
        The fitted copies.
    estimator_weights_ : ndarray of shape (n_estimators,)
        Their votes; 0 after the last round.
    estimator_errors_ : ndarray of shape (n_estimators,)
        Their weighted errors; 1 after the last round.
    feature_importances_ : ndarray of shape (p,)
        Importances of the copies averaged by their votes, where they have any.
    certificate_ : str
        Rounds, and the weighted errors of the first and the last.
    n_features_in_ : int
        Number of features.
    feature_names_in_ : ndarray of shape (p,)
        Names of the features, if X has string column names.

    Raises
    ------
    ValueError
        If a parameter or the data cannot be used.

    References
    ----------
    [drucker1997b]; course note 000 §4.6

    Examples
    --------
    Fifty trees of depth 3 follow a curve that one of them cannot:

    >>> import numpy as np
    >>> from panlearn.ensemble import AdaBoostRegressor
    >>> x = np.linspace(0, 6, 200)[:, None]
    >>> y = np.sin(x).ravel() + np.sin(6 * x).ravel()
    >>> [round(AdaBoostRegressor(n_estimators=T, random_state=0).fit(x, y).score(x, y), 1) for T in (1, 50)]
    [0.6, 0.8]
    """

    _expected_failed_checks: ClassVar[dict[str, str]] = dict.fromkeys(
        ("check_sample_weight_equivalence_on_dense_data", "check_sample_weight_equivalence_on_sparse_data"),
        "rows are drawn by weight, so that repeated rows give other draws",
    )
    _parameter_constraints: ClassVar[dict[str, Any]] = {
        **AdaBoost._parameter_constraints,
        "loss": [options("linear", "square", "exponential")],
    }

    def __init__(
        self,
        estimator: Any = None,
        *,
        n_estimators: int = 50,
        learning_rate: float = 1.0,
        loss: str = "linear",
        random_state: Any = None,
    ) -> None:
        super().__init__(estimator, n_estimators=n_estimators, learning_rate=learning_rate, random_state=random_state)
        self.loss = loss

    def _set_estimator(self) -> None:
        self.estimator_ = DecisionTreeRegressor(max_depth=3) if self.estimator is None else self.estimator
        self._require_fittable()

    def _boost_all(self, X: Any, y: np.ndarray, weight: np.ndarray) -> None:
        self._sorted: Any = None
        if has_defaults(self.estimator_, DecisionTreeRegressor, "max_depth") and X.ndim == 2 and X.dtype.kind in "fiub":
            from panlearn.tree.ordered_columns import order_columns

            data = training_data(self.estimator_.__class__(), X, y)
            self._sorted = data, order_columns(data.X)
        try:
            super()._boost_all(X, y, weight)
        finally:
            del self._sorted

    def _copy(self, random_state: np.random.RandomState) -> Any:
        return super()._copy(random_state) if self._sorted is None else like(self.estimator_, random_state)

    def _boost(self, t: int, X: Any, y: np.ndarray, weight: np.ndarray, random_state: np.random.RandomState) -> Round:
        copy, n = self.estimators_[-1], X.shape[0]
        if self._sorted is None:
            drawn = random_state.choice(np.arange(n), size=n, replace=True, p=weight)
            copy.fit(X[drawn], y[drawn])
        else:
            from panlearn.ensemble.weighted_draws import draw_counts

            data, columns = self._sorted
            _fit_to_counts(copy, data, columns, draw_counts(weight, random_state))
        loss = np.abs((copy.predict(X) if self._sorted is None else copy.tree_.predict(X)[:, 0]) - y)
        loss = np.minimum(loss / (loss[weight > 0].max() or 1.0), 1.0)  # rows that never count may err by more
        if self.loss == "square":
            loss **= 2
        elif self.loss == "exponential":
            loss = 1.0 - np.exp(-loss)
        error = float((weight * loss).sum())  # no product of vectors: BLAS would start its threads for it
        if error <= 0:
            return Round(1.0, 0.0, weight)
        if error >= 0.5:
            return Round(math.nan, error, None)
        beta = error / (1.0 - error)
        with np.errstate(under="ignore"):
            kept = weight * np.exp((1.0 - loss) * (self.learning_rate * math.log(beta)))
        return Round(self.learning_rate * math.log(1.0 / beta), error, kept)

    def _drop_last(self, t: int) -> None:
        if len(self.estimators_) > 1:  # the first one stays, whatever its error
            self.estimators_.pop()

    def _certificate(self) -> str:
        rounds = max(1, int(np.count_nonzero(self.estimator_weights_)))
        first, last = self.estimator_errors_[0], self.estimator_errors_[rounds - 1]
        return f"weighted error {first:.3g} in the first and {last:.3g} in the last of {rounds} rounds"

    def _medians(self, predictions: list[np.ndarray]) -> np.ndarray:
        from panlearn.ensemble.weighted_median import weighted_medians

        return weighted_medians(np.column_stack(predictions), self.estimator_weights_[: len(predictions)])

    def predict(self, X: Any) -> np.ndarray:
        """Predict the weighted median of the copies.

        Parameters
        ----------
        X : array-like or sparse matrix of shape (n, p)
            Features.

        Returns
        -------
        ndarray of shape (n,)
            Predictions.
        """
        X = self._checked(X)
        return self._medians(list(self._predictions(X)))

    def staged_predict(self, X: Any) -> Iterator[np.ndarray]:
        """Predict after each round.

        Parameters
        ----------
        X : array-like or sparse matrix of shape (n, p)
            Features.

        Yields
        ------
        ndarray of shape (n,)
            The weighted median of the copies so far.
        """
        predictions: list[np.ndarray] = []
        for found in self._predictions(self._checked(X)):
            predictions.append(found)
            yield self._medians(predictions)

    def _predictions(self, X: Any) -> Iterator[np.ndarray]:
        """Predictions of the copies, one by one; those of our trees in one go."""
        if not are_plain_trees(self.estimators_, X):
            return (copy.predict(X) for copy in self.estimators_)
        from panlearn.tree.prediction import pack_trees, sum_leaf_values

        count = len(self.estimators_)
        trees = [copy.tree_ for copy in self.estimators_]
        return iter(sum_leaf_values(pack_trees(trees, columns=np.arange(count), n_outputs=count), X).T)

    @classmethod
    def _warm_kernels(cls) -> None:
        rng = np.random.default_rng(0)
        for dtype in (np.float64, np.float32):
            X = rng.normal(size=(60, 3)).astype(dtype)
            cls(n_estimators=3, random_state=0).fit(X, X[:, 0] * X[:, 1]).predict(X)


def _fit_to_counts(copy: Any, data: TrainingData, columns: Any, counts: np.ndarray) -> None:
    """Grow a copy's tree on rows that count as often as they were drawn."""
    from panlearn.tree.growth import grow_tree

    settings = growth_settings(copy, data)
    copy._remember(data)
    copy.n_features_in_ = data.X.shape[1]
    copy.max_features_ = settings.max_features
    copy.tree_ = grow_tree(columns, data.y, counts, settings, n_classes=data.n_classes, seed=copy.random_state or 0)
    copy.certificate_ = copy._certificate(copy.tree_)
