"""Gradient boosting for numbers in its classical form [friedman2001].

    tree on   r_i = - dL/dz (y_i, z_i)        leaf value   argmin_c  sum over the leaf of  L(y_i, z_i + c)

| `loss`             | r                              | leaf value                          |
|--------------------|--------------------------------|-------------------------------------|
| `"squared_error"`  | y - z                          | mean of y - z                       |
| `"absolute_error"` | sign(y - z)                    | median of y - z                     |
| `"huber"`          | y - z, cut at delta            | median, and one step from it        |
| `"quantile"`       | alpha, or alpha - 1 below z    | alpha-quantile of y - z             |
| `"poisson"`, ...   | by the log link                | a Newton step                       |

delta is, each round, the alpha-quantile of the absolute residuals: so many rows count as outliers. When it fails: much
data, for which histogram boosting is faster, and extrapolation, as with all trees.

Course notes: 000 §4.6.
"""

from typing import Any, ClassVar

import numpy as np
from sklearn.utils import column_or_1d
from sklearn.utils.validation import _check_y

from panlearn.core.constraints import Interval, Real, options
from panlearn.core.registry import method
from panlearn.ensemble.boosted_regressor import BoostedRegressor
from panlearn.ensemble.gradient_boosting.boosted_loss import BoostedLoss, HuberQuantile, LogLink, Quantile, Squared
from panlearn.ensemble.gradient_boosting.custom_objective import CustomObjective
from panlearn.ensemble.gradient_boosting_init import check_init
from panlearn.ensemble.gradient_boosting_stages import GradientBoosting

LOSSES = ("squared_error", "absolute_error", "huber", "quantile", "poisson", "gamma", "tweedie")


@method(
    "Gradient boosting",
    tasks=("regression",),
    notes=("000 4",),
    needs=("codes", "dense"),
    cost=lambda n, p, k: 250.0 * n * p,
)
class GradientBoostingRegressor(BoostedRegressor, GradientBoosting):
    """Small trees on the residuals of the ones before, for numbers.

    Parameters
    ----------
    loss : {"squared_error", "absolute_error", "huber", "quantile", "poisson", "gamma", "tweedie"} or callable, \
            default="squared_error"
        What is minimised; the last three predict exp z. Or an objective of your own
        (`panlearn.ensemble.gradient_boosting.custom_objective`).
    learning_rate : float, default=0.1
        Factor on each tree, at least 0 (shrinkage).
    n_estimators : int, default=100
        Rounds.
    subsample : float, default=1.0
        Share of the rows drawn for each round, in (0, 1].
    criterion : str, default="deprecated"
        Without effect, as in scikit-learn.
    min_samples_split : int or float, default=2
        Fewest rows of a node that is split; a float is a share.
    min_samples_leaf : int or float, default=1
        Fewest rows of a leaf; a float is a share.
    min_weight_fraction_leaf : float, default=0.0
        Least share of the weight in a leaf.
    max_depth : int or None, default=3
        Most questions on a path; None for no limit.
    min_impurity_decrease : float, default=0.0
        Least weighted decrease of squared error of a split.
    init : estimator, "zero" or None, default=None
        Model to start from; None is the constant of least loss.
    random_state : int, RandomState or None, default=None
        Seed of the rows and features drawn and of the validation part.
    max_features : int, float, "sqrt", "log2" or None, default=None
        Features tried at a node: a number, a share, the root or logarithm of p, or all.
    alpha : float, default=0.9
        Quantile of the losses "huber" and "quantile", in (0, 1).
    verbose : int, default=0
        1 shows progress.
    max_leaf_nodes : int or None, default=None
        Most leaves of a tree, grown best first; None for no limit.
    warm_start : bool, default=False
        Add rounds to those of the last fit.
    validation_fraction : float, default=0.1
        Share of the rows on which early stopping measures.
    n_iter_no_change : int or None, default=None
        Rounds without a better validation loss after which it stops; None: no early stopping.
    tol : float, default=1e-4
        By how much the loss must be better.
    ccp_alpha : float, default=0.0
        Price of a leaf in cost-complexity pruning.
    l1_regularization : float, default=0.0
        A leaf whose sum of gradients is below it is not worth a split.
    min_gain : float, default=0.0
        Least gain of a split.
    row_sampling : "goss" or None, default=None
        "goss" grows trees on the fifth of the rows with the largest gradients and a tenth of the others.
    dart : float, default=0.0
        Probability with which each earlier tree is left out of a round, in [0, 1).
    tweedie_power : float, default=1.5
        p of the loss "tweedie", in [1, 2].

    Attributes
    ----------
    n_estimators_ : int
        Rounds done.
    estimators_ : ndarray of DecisionTreeRegressor of shape (n_estimators_, trees a round)
        The trees.
    init_ : estimator or "zero"
        The fitted model to start from.
    train_score_ : ndarray of shape (n_estimators_,)
        Training loss after each round, on the rows it saw.
    oob_improvement_, oob_scores_ : ndarray of shape (n_estimators_,)
        Fall of the loss, and the loss, on the rows a round did not see; only with `subsample` below 1.
    oob_score_ : float
        The last of these.
    feature_importances_ : ndarray of shape (p,)
        Decrease of squared error that each feature brings, as a share.
    max_features_ : int
        Features tried at a node.
    n_trees_per_iteration_ : int
        Trees of a round.
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
    [friedman2001], [friedman2002]; course notes 000 §4.6

    Examples
    --------
    The absolute error does not see how far an outlier is:

    >>> import numpy as np
    >>> from panlearn.ensemble import GradientBoostingRegressor
    >>> X, y = np.arange(20.0)[:, None], np.repeat([0.0, 1.0], 10)
    >>> y[3] = 1000.0
    >>> models = [GradientBoostingRegressor(loss=loss, max_depth=1) for loss in ("squared_error", "absolute_error")]
    >>> [float(model.fit(X, y).predict([[5.0]]).round(1)[0]) for model in models]
    [12.9, 0.0]
    """

    _parameter_constraints: ClassVar[dict[str, list]] = {
        **GradientBoosting._parameter_constraints,
        "loss": [options(*LOSSES), callable],
        "alpha": [Interval(Real, 0.0, 1.0, closed="neither")],
        "tweedie_power": [Interval(Real, 1, 2, closed="both")],
    }

    def __init__(
        self,
        *,
        loss: Any = "squared_error",
        learning_rate: float = 0.1,
        n_estimators: int = 100,
        subsample: float = 1.0,
        criterion: str = "deprecated",
        min_samples_split: Any = 2,
        min_samples_leaf: Any = 1,
        min_weight_fraction_leaf: float = 0.0,
        max_depth: int | None = 3,
        min_impurity_decrease: float = 0.0,
        init: Any = None,
        random_state: Any = None,
        max_features: Any = None,
        alpha: float = 0.9,
        verbose: int = 0,
        max_leaf_nodes: int | None = None,
        warm_start: bool = False,
        validation_fraction: float = 0.1,
        n_iter_no_change: int | None = None,
        tol: float = 1e-4,
        ccp_alpha: float = 0.0,
        l1_regularization: float = 0.0,
        min_gain: float = 0.0,
        row_sampling: str | None = None,
        dart: float = 0.0,
        tweedie_power: float = 1.5,
    ) -> None:
        self.loss = loss
        self.learning_rate = learning_rate
        self.n_estimators = n_estimators
        self.subsample = subsample
        self.criterion = criterion
        self.min_samples_split = min_samples_split
        self.min_samples_leaf = min_samples_leaf
        self.min_weight_fraction_leaf = min_weight_fraction_leaf
        self.max_depth = max_depth
        self.min_impurity_decrease = min_impurity_decrease
        self.init = init
        self.random_state = random_state
        self.max_features = max_features
        self.alpha = alpha
        self.verbose = verbose
        self.max_leaf_nodes = max_leaf_nodes
        self.warm_start = warm_start
        self.validation_fraction = validation_fraction
        self.n_iter_no_change = n_iter_no_change
        self.tol = tol
        self.ccp_alpha = ccp_alpha
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
        if self.loss in ("poisson", "gamma", "tweedie"):
            return LogLink({"poisson": 1.0, "gamma": 2.0, "tweedie": float(self.tweedie_power)}[self.loss], columns)
        if self.loss == "absolute_error":
            return Quantile(0.5, columns, scale=2.0)
        if self.loss == "squared_error":
            return Squared(columns)
        kind = HuberQuantile if self.loss == "huber" else Quantile
        return kind(float(self.alpha), columns)

    def _encode(self, y: Any, sample_weight: np.ndarray | None) -> np.ndarray:
        check_init(self)
        y = np.asarray(y)
        several = y.ndim == 2 and y.shape[1] > 1
        y = _check_y(y, multi_output=several, y_numeric=True, estimator=self)
        return self._encode_targets(y if several else column_or_1d(y, warn=True))

    def apply(self, X: Any) -> np.ndarray:
        """Leaf of each row in each tree.

        Parameters
        ----------
        X : array-like or sparse matrix of shape (n, p)
            Features.

        Returns
        -------
        ndarray of shape (n, rounds), or (n, rounds, targets)
            Numbers of nodes.
        """
        leaves = super().apply(X)
        return leaves[:, :, 0] if leaves.shape[2] == 1 else leaves

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.target_tags.multi_output = True
        return tags
