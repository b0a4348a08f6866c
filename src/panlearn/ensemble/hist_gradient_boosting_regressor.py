"""Histogram gradient boosting for numbers: trees on the gradients of a regression loss [ke2017], [friedman2001].

| `loss`             | L(y, z)                      | prediction  | what it estimates          | y        |
|--------------------|------------------------------|-------------|----------------------------|----------|
| `"squared_error"`  | 1/2 (y - z)^2                | z           | mean                       | any      |
| `"absolute_error"` | abs(y - z)                   | z           | median                     | any      |
| `"quantile"`       | pinball loss of `quantile`   | z           | that quantile              | any      |
| `"poisson"`        | exp z - y z                  | exp z       | mean of counts             | >= 0     |
| `"gamma"`          | z + y exp(-z)                | exp z       | mean of positive amounts   | > 0      |
| `"tweedie"`        | half the deviance, power p   | exp z       | mean of sums, many being 0 | >= 0     |

A round costs O(n p) additions, whatever the depth: each level of a tree reads the smaller half of the rows only, the
other half being the difference. When it fails: few rows (lower `min_samples_leaf`), and wherever the answer lies
outside the range of the training targets: trees do not extrapolate.

Course notes: 000 §4.6.
"""

from typing import Any, ClassVar

import numpy as np

from panlearn.core.constraints import Interval, Real, options
from panlearn.core.errors import DataError
from panlearn.core.registry import method
from panlearn.ensemble.boosted_regressor import BoostedRegressor
from panlearn.ensemble.gradient_boosting.boosted_loss import BoostedLoss, LogLink, Quantile, Squared
from panlearn.ensemble.gradient_boosting.custom_objective import CustomObjective
from panlearn.ensemble.hist_gradient_boosting import HistGradientBoosting


@method(
    "Histogram gradient boosting",
    tasks=("regression", "counts"),
    notes=("000 4",),
    needs=("native",),
    cost=lambda n, p, k: 300.0 * n * p,
)
class HistGradientBoostingRegressor(BoostedRegressor, HistGradientBoosting):
    """Gradient-boosted trees on binned features, for numbers.

    Parameters
    ----------
    loss : {"squared_error", "absolute_error", "quantile", "poisson", "gamma", "tweedie"} or callable, \
            default="squared_error"
        What is minimised; or an objective of your own: a function `(y, raw) -> (gradient, hessian)`, or an object
        with `gradient_hessian` (`panlearn.ensemble.gradient_boosting.custom_objective`).
    quantile : float, default=None
        Which quantile, in (0, 1), for the loss "quantile".
    learning_rate : float, default=0.1
        Factor on each tree, above 0 (shrinkage): smaller needs more rounds and often predicts better.
    max_iter : int, default=100
        Rounds.
    max_leaf_nodes : int or None, default=31
        Most leaves of a tree, at least 2; None for no limit.
    max_depth : int or None, default=None
        Most questions on a path; None for no limit.
    min_samples_leaf : int, default=20
        Fewest training rows of a leaf. Lower it for some hundred rows.
    l2_regularization : float, default=0.0
        lambda, added to the sum of second derivatives of a leaf.
    max_features : float, default=1.0
        Share of the features, drawn anew at each node, in (0, 1].
    max_bins : int, default=255
        Most bins of a column, 2 to 255, beside that of missing values.
    categorical_features : array-like of bool, int or str, "from_dtype" or None, default="from_dtype"
        Columns that hold categories: a mask, indices or names; "from_dtype" takes those of a frame that are of a
        categorical, text or bool type.
    monotonic_cst : array-like of int or dict, default=None
        1: predictions rise with the feature, -1: they fall, 0: no constraint; by position, or by name.
    interaction_cst : {"pairwise", "no_interactions"} or sequence of sequences of int, default=None
        Sets of features that may stand on one path from root to leaf.
    warm_start : bool, default=False
        Add rounds to those of the last fit.
    early_stopping : "auto" or bool, default="auto"
        Stop when the score stops rising; "auto": with more than 10,000 rows, or where `X_val` is given.
    scoring : str, callable or None, default="loss"
        What early stopping measures; None is the estimator's own score.
    validation_fraction : int, float or None, default=0.1
        Part of the rows it measures on; None: the training rows.
    n_iter_no_change : int, default=10
        Rounds without a better score after which it stops.
    tol : float, default=1e-7
        By how much a score must be better.
    verbose : int, default=0
        1 shows progress.
    random_state : int, RandomState or None, default=None
        Seed of the validation part, of the rows that choose the bins (above 200,000), and of all sampling.
    l1_regularization : float, default=0.0
        A leaf whose sum of gradients is below it gets the value 0; others are drawn towards 0.
    min_gain : float, default=0.0
        Least gain of a split.
    row_sampling : "goss" or None, default=None
        "goss" grows trees on the fifth of the rows with the largest gradients and a tenth of the others.
    dart : float, default=0.0
        Probability with which each earlier tree is left out of a round, in [0, 1).
    tweedie_power : float, default=1.5
        p of the loss "tweedie", in [1, 2]: the variance is proportional to the mean to this power.

    Attributes
    ----------
    n_iter_ : int
        Rounds done.
    n_trees_per_iteration_ : int
        Trees of a round.
    do_early_stopping_ : bool
        Whether early stopping was on.
    train_score_ : ndarray of shape (n_iter_ + 1,)
        Scores of the training rows, before the first round and after each; empty without early stopping.
    validation_score_ : ndarray of shape (n_iter_ + 1,)
        Scores of the validation rows.
    is_categorical_ : ndarray of shape (p,) or None
        Which columns hold categories.
    certificate_ : str
        Training loss, and the size of the model.
    n_features_in_ : int
        Number of features.
    feature_names_in_ : ndarray of shape (p,)
        Names of the features, if X has string column names.

    Raises
    ------
    ValueError
        If a parameter or the data cannot be used, or y is out of the range of the loss.

    References
    ----------
    [friedman2001], [ke2017], [chen2016]; course notes 000 §4.6

    Examples
    --------
    Missing values need no treatment: a split sends them where they gain most.

    >>> import numpy as np
    >>> from panlearn.ensemble import HistGradientBoostingRegressor
    >>> X = np.arange(200.0)[:, None]
    >>> y = np.where(X[:, 0] < 100, 0.0, 1.0)
    >>> X[150:] = np.nan
    >>> HistGradientBoostingRegressor().fit(X, y).predict([[10.0], [120.0], [np.nan]]).round(3)
    array([0., 1., 1.])
    """

    _parameter_constraints: ClassVar[dict[str, list]] = {
        **HistGradientBoosting._parameter_constraints,
        "loss": [options("squared_error", "absolute_error", "quantile", "poisson", "gamma", "tweedie"), callable],
        "quantile": [Interval(Real, 0, 1, closed="both"), None],
        "tweedie_power": [Interval(Real, 1, 2, closed="both")],
    }

    def __init__(
        self,
        loss: Any = "squared_error",
        *,
        quantile: float | None = None,
        learning_rate: float = 0.1,
        max_iter: int = 100,
        max_leaf_nodes: int | None = 31,
        max_depth: int | None = None,
        min_samples_leaf: int = 20,
        l2_regularization: float = 0.0,
        max_features: float = 1.0,
        max_bins: int = 255,
        categorical_features: Any = "from_dtype",
        monotonic_cst: Any = None,
        interaction_cst: Any = None,
        warm_start: bool = False,
        early_stopping: Any = "auto",
        scoring: Any = "loss",
        validation_fraction: Any = 0.1,
        n_iter_no_change: int = 10,
        tol: float = 1e-7,
        verbose: int = 0,
        random_state: Any = None,
        l1_regularization: float = 0.0,
        min_gain: float = 0.0,
        row_sampling: str | None = None,
        dart: float = 0.0,
        tweedie_power: float = 1.5,
    ) -> None:
        self.loss = loss
        self.quantile = quantile
        self.learning_rate = learning_rate
        self.max_iter = max_iter
        self.max_leaf_nodes = max_leaf_nodes
        self.max_depth = max_depth
        self.min_samples_leaf = min_samples_leaf
        self.l2_regularization = l2_regularization
        self.max_features = max_features
        self.max_bins = max_bins
        self.categorical_features = categorical_features
        self.monotonic_cst = monotonic_cst
        self.interaction_cst = interaction_cst
        self.warm_start = warm_start
        self.early_stopping = early_stopping
        self.scoring = scoring
        self.validation_fraction = validation_fraction
        self.n_iter_no_change = n_iter_no_change
        self.tol = tol
        self.verbose = verbose
        self.random_state = random_state
        self.l1_regularization = l1_regularization
        self.min_gain = min_gain
        self.row_sampling = row_sampling
        self.dart = dart
        self.tweedie_power = tweedie_power

    @property
    def _loss(self) -> BoostedLoss:
        columns = self.n_trees_per_iteration_
        if not isinstance(self.loss, str):
            return CustomObjective(self.loss, columns)
        if self.loss == "squared_error":
            return Squared(columns)
        if self.loss == "absolute_error":
            return Quantile(0.5, columns, scale=2.0)
        if self.loss == "quantile":
            return Quantile(self._level(), columns)
        return LogLink({"poisson": 1.0, "gamma": 2.0, "tweedie": float(self.tweedie_power)}[self.loss], columns)

    def _level(self) -> float:
        if self.quantile is None or not 0 < self.quantile < 1:
            raise DataError(f"loss='quantile' needs a quantile in the range (0, 1). Got quantile={self.quantile!r}.")
        return float(self.quantile)

    def _encode(self, y: np.ndarray) -> np.ndarray:
        return self._encode_targets(y)

    _encode_more = _encode

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.target_tags.multi_output = True
        return tags
