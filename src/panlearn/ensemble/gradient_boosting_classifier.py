"""Gradient boosting for classes in its classical form [friedman2001], [friedman2000].

Two classes, y = 0 or 1, p = 1 / (1 + exp(-z)):

    tree on the residuals  r_i = y_i - p_i,        leaf value  sum r_i / sum p_i (1 - p_i)

K classes have K trees a round, on r_ik = y_ik - p_ik, with leaf values (K - 1)/K sum r_ik / sum p_ik (1 - p_ik). The
exponential loss exp(-s z), s = -1 or 1, makes the same procedure AdaBoost.

When it fails: much data, for which histogram boosting is faster (it grows on second derivatives too), wrong labels,
above all under the exponential loss, and extrapolation.

Course notes: 000 §4.6.
"""

from typing import Any, ClassVar

import numpy as np
from sklearn.utils import column_or_1d

from panlearn.core.constraints import options
from panlearn.core.errors import DataError
from panlearn.core.registry import method
from panlearn.ensemble.boosted_classifier import BoostedClassifier
from panlearn.ensemble.gradient_boosting.boosted_loss import BoostedLoss, ExponentialClasses, ManyClasses, TwoClasses
from panlearn.ensemble.gradient_boosting.custom_objective import CustomObjective
from panlearn.ensemble.gradient_boosting_init import check_init
from panlearn.ensemble.gradient_boosting_stages import GradientBoosting


@method(
    "Gradient boosting",
    tasks=("binary", "multiclass"),
    notes=("000 4",),
    needs=("codes", "dense"),
    cost=lambda n, p, k: 250.0 * n * p * (1 if k <= 2 else k),
)
class GradientBoostingClassifier(BoostedClassifier, GradientBoosting):
    """Small trees on the residuals of the ones before, for classes.

    Parameters
    ----------
    loss : {"log_loss", "exponential"} or callable, default="log_loss"
        Cross-entropy, AdaBoost's loss (two classes), or an objective of your own
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

    Attributes
    ----------
    classes_ : ndarray of shape (K,)
        Labels.
    n_classes_ : int
        Number of classes.
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
        If a parameter or the data cannot be used, or y has one class.

    References
    ----------
    [friedman2001], [friedman2002]; course notes 000 §4.6

    Examples
    --------
    One question a tree, and yet a curved boundary, since the trees add up:

    >>> import numpy as np
    >>> from panlearn.ensemble import GradientBoostingClassifier
    >>> X = np.random.default_rng(0).uniform(-1, 1, size=(400, 2))
    >>> y = (X**2).sum(axis=1) < 0.6
    >>> [round(GradientBoostingClassifier(n_estimators=m, max_depth=1).fit(X, y).score(X, y), 1) for m in (1, 100)]
    [0.5, 0.9]
    """

    _expected_failed_checks: ClassVar[dict[str, str]] = {
        f"check_sample_weight_equivalence_on_{kind}_data": "single rows are cut off by several features alike; which "
        "one is chosen hangs on the rounding of the sums, and so do other rows (it holds where gains are distinct)"
        for kind in ("dense", "sparse")
    }
    _parameter_constraints: ClassVar[dict[str, list]] = {
        **GradientBoosting._parameter_constraints,
        "loss": [options("log_loss", "exponential"), callable],
    }

    def __init__(
        self,
        *,
        loss: Any = "log_loss",
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

    @property
    def _loss(self) -> BoostedLoss:
        if not isinstance(self.loss, str):
            return CustomObjective(self.loss, self.n_trees_per_iteration_)
        if self.loss == "exponential":
            return ExponentialClasses()
        return TwoClasses() if self.n_classes_ == 2 else ManyClasses(self.n_classes_)

    def _encode(self, y: Any, sample_weight: np.ndarray | None) -> np.ndarray:
        check_init(self)
        y = self._encode_labels(column_or_1d(y, warn=True))
        self.n_classes_ = len(self.classes_)
        left = np.count_nonzero(np.bincount(y.astype(np.intp), sample_weight))
        if left < 2:
            raise DataError(
                f"y contains {left} class after sample_weight trimmed classes with zero weights, while a minimum of 2 "
                "classes are required."
            )
        if self.loss == "exponential" and self.n_classes_ > 2:
            raise DataError(
                "loss='exponential' is only suitable for a binary classification problem, you have "
                f"n_classes={self.n_classes_}. Please use loss='log_loss' instead."
            )
        return y

    def _codes(self, raw: np.ndarray) -> np.ndarray:
        return (raw[:, 0] >= 0).astype(np.intp) if raw.shape[1] == 1 else raw.argmax(axis=1)
