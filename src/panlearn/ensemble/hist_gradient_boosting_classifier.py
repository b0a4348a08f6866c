"""Histogram gradient boosting for classes: trees on the gradients of the cross-entropy [ke2017], [friedman2001].

    two classes   p = 1 / (1 + exp(-z)):        g = p - y,        h = p (1 - p),       one tree a round
    K classes     p_k = exp z_k / sum exp z:    g_k = p_k - y_k,  h_k = p_k (1 - p_k), K trees a round

A round costs O(n p) additions, whatever the depth: each level of a tree reads the smaller half of the rows only, the
other half being the difference. When it fails: few rows (lower `min_samples_leaf`), features that say little one by
one but much together in smooth ways, and extrapolation, as with all trees.

Course notes: 000 §4.6.
"""

from typing import Any, ClassVar

import numpy as np
from sklearn.utils.class_weight import compute_sample_weight

from panlearn.core.constraints import options
from panlearn.core.registry import method
from panlearn.ensemble.boosted_classifier import BoostedClassifier
from panlearn.ensemble.gradient_boosting.boosted_loss import BoostedLoss, ManyClasses, TwoClasses
from panlearn.ensemble.gradient_boosting.custom_objective import CustomObjective
from panlearn.ensemble.hist_gradient_boosting import HistGradientBoosting


@method(
    "Histogram gradient boosting",
    tasks=("binary", "multiclass"),
    notes=("000 4",),
    needs=("native",),
    cost=lambda n, p, k: 300.0 * n * p * (1 if k <= 2 else k),
)
class HistGradientBoostingClassifier(BoostedClassifier, HistGradientBoosting):
    """Gradient-boosted trees on binned features, for classes.

    Parameters
    ----------
    loss : "log_loss" or callable, default="log_loss"
        Cross-entropy, or an objective of your own: a function `(y, raw) -> (gradient, hessian)`, or an object with
        `gradient_hessian` (`panlearn.ensemble.gradient_boosting.custom_objective`).
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
    class_weight : dict or "balanced", optional
        Factors on the weights of the rows by class; "balanced" makes the classes weigh the same.
    l1_regularization : float, default=0.0
        A leaf whose sum of gradients is below it gets the value 0; others are drawn towards 0.
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
        If a parameter or the data cannot be used.

    References
    ----------
    [friedman2001], [ke2017], [chen2016]; course notes 000 §4.6

    Examples
    --------
    No tree of depth 1 can see that two features must agree; trees of depth 2 can:

    >>> import numpy as np
    >>> from panlearn.ensemble import HistGradientBoostingClassifier
    >>> X = np.random.default_rng(0).uniform(-1, 1, size=(500, 2))
    >>> y = X[:, 0] * X[:, 1] > 0
    >>> [round(HistGradientBoostingClassifier(max_depth=d).fit(X, y).score(X, y), 1) for d in (1, 2)]
    [0.7, 1.0]
    """

    _parameter_constraints: ClassVar[dict[str, list]] = {
        **HistGradientBoosting._parameter_constraints,
        "loss": [options("log_loss"), callable],
        "class_weight": [dict, options("balanced"), None],
    }

    def __init__(
        self,
        loss: Any = "log_loss",
        *,
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
        class_weight: Any = None,
        l1_regularization: float = 0.0,
        min_gain: float = 0.0,
        row_sampling: str | None = None,
        dart: float = 0.0,
    ) -> None:
        self.loss = loss
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
        self.class_weight = class_weight
        self.l1_regularization = l1_regularization
        self.min_gain = min_gain
        self.row_sampling = row_sampling
        self.dart = dart

    @property
    def _loss(self) -> BoostedLoss:
        if not isinstance(self.loss, str):
            return CustomObjective(self.loss, self.n_trees_per_iteration_)
        return TwoClasses() if self.n_trees_per_iteration_ == 1 else ManyClasses(self.n_trees_per_iteration_)

    def _encode(self, y: np.ndarray) -> np.ndarray:
        return self._encode_labels(y)

    def _encode_more(self, y: np.ndarray) -> np.ndarray:
        return self._encode_more_labels(y)

    def _decode(self, y: np.ndarray) -> np.ndarray:
        return self.classes_[y.astype(np.intp)]

    def _row_weights(self, y: np.ndarray, sample_weight: np.ndarray | None) -> np.ndarray | None:
        if self.class_weight is None:
            return sample_weight
        factors = compute_sample_weight(self.class_weight, self._decode(y))
        return factors if sample_weight is None else factors * sample_weight
