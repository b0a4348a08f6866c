"""What the classifier and the regressor of classical gradient boosting share [friedman2001], [friedman2002].

A stage grows its trees on the negative gradient alone, by squared error, and then chooses the leaf values for the loss
(`leaf_values`). Small trees (depth 3), rows drawn anew for each (`subsample`), and a model to start from (`init`).

The engine is that of histogram boosting: a column with more than 255 distinct values is cut into 255 bins of about
equally many rows, so that a split falls between bins. With fewer distinct values the splits are the exact ones.

Course notes: 000 §4.6.
"""

import warnings
from collections.abc import Callable
from numbers import Integral, Real
from typing import Any, ClassVar

import numpy as np
from scipy.sparse import issparse
from sklearn.base import is_classifier
from sklearn.utils import check_random_state
from sklearn.utils.validation import _check_sample_weight, check_is_fitted, validate_data

from panlearn.core.constraints import (
    BOOLEAN,
    COUNT,
    NONNEGATIVE,
    RANDOM,
    VERBOSE,
    Interval,
    options,
    validated,
)
from panlearn.core.errors import DataError
from panlearn.ensemble.boosted_trees import BoostedTrees
from panlearn.ensemble.gradient_boosting.early_stopping import Rows, split
from panlearn.ensemble.gradient_boosting_init import fit_initial, initial_raw
from panlearn.tree.training_data import features_tried

OPEN_SHARE, SHARE = Interval(Real, 0.0, 1.0, closed="neither"), Interval(Real, 0.0, 1.0, closed="right")
TWO_OR_MORE = Interval(Integral, 2, None, closed="left")
LIMITS = ("max_depth", "min_samples_split", "min_samples_leaf", "min_weight_fraction_leaf", "max_features")
MORE_LIMITS = ("max_leaf_nodes", "min_impurity_decrease", "ccp_alpha")
RULES = {"accept_sparse": ["csr", "csc", "coo"], "dtype": [np.float64, np.float32]}


class GradientBoosting(BoostedTrees):
    """Base of the classifier and the regressor."""

    loss: Any
    learning_rate: float
    n_estimators: int
    subsample: float
    criterion: str
    min_samples_split: Any
    min_samples_leaf: Any
    min_weight_fraction_leaf: float
    max_depth: int | None
    min_impurity_decrease: float
    init: Any
    random_state: Any
    max_features: Any
    verbose: int
    max_leaf_nodes: int | None
    warm_start: bool
    validation_fraction: float
    n_iter_no_change: int | None
    tol: float
    ccp_alpha: float
    l1_regularization: float
    min_gain: float
    row_sampling: str | None
    dart: float
    train_score_: np.ndarray
    _limits: list[dict]  # of each round: the parameters of its trees

    _parameter_constraints: ClassVar[dict[str, Any]] = {
        "init": "no_validation",
        "learning_rate": [NONNEGATIVE],
        "n_estimators": [COUNT],
        "subsample": [SHARE],
        "criterion": [options("squared_error", "friedman_mse", "deprecated")],
        "min_samples_split": [TWO_OR_MORE, SHARE],
        "min_samples_leaf": [COUNT, OPEN_SHARE],
        "min_weight_fraction_leaf": [Interval(Real, 0.0, 0.5, closed="both")],
        "max_depth": [COUNT, None],
        "min_impurity_decrease": [NONNEGATIVE],
        "random_state": [RANDOM],
        "max_features": [COUNT, SHARE, options("sqrt", "log2"), None],
        "verbose": [VERBOSE],
        "max_leaf_nodes": [TWO_OR_MORE, None],
        "warm_start": [BOOLEAN],
        "validation_fraction": [OPEN_SHARE],
        "n_iter_no_change": [COUNT, None],
        "tol": [NONNEGATIVE],
        "ccp_alpha": [NONNEGATIVE],
        "l1_regularization": [NONNEGATIVE],
        "min_gain": [NONNEGATIVE],
        "row_sampling": [options("goss"), None],
        "dart": [Interval(Real, 0, 1, closed="left")],
    }

    def _encode(self, y: Any, sample_weight: np.ndarray | None) -> np.ndarray:
        """Targets as numbers; sets what depends on them."""
        raise NotImplementedError

    @validated
    def fit(
        self, X: Any, y: Any, sample_weight: Any = None, monitor: Callable[..., bool] | None = None
    ) -> "GradientBoosting":
        """Fit the model.

        Parameters
        ----------
        X : array-like or sparse matrix of shape (n, p)
            Features; NaN where a value is missing. A sparse matrix is made dense.
        y : array-like of shape (n,), for a regressor also (n, targets)
            Targets.
        sample_weight : array-like of shape (n,), optional
            Weights of the rows, at least 0.
        monitor : callable, optional
            Called after each round as `monitor(i, self, variables)`; returns True to stop.

        Returns
        -------
        GradientBoosting
            The fitted estimator.
        """
        if self.criterion != "deprecated":
            warnings.warn(
                "The parameter `criterion` is deprecated and will be removed in 1.11. It has no effect. Leave it to "
                "its default value to avoid this warning.",
                FutureWarning,
                stacklevel=2,
            )
        rows = self._rows(X, y, sample_weight)
        continues = self.warm_start and len(getattr(self, "_trees", ())) > 0
        if continues and self.n_estimators < len(self._trees):
            raise DataError(
                f"n_estimators={self.n_estimators} must be larger or equal to estimators_.shape[0]={len(self._trees)} "
                "when warm_start==True"
            )
        training, validation = self._parts(rows)
        if not continues:
            self._limits, self._rng = [], check_random_state(self.random_state)
            self.init_ = fit_initial(self, training, weighted=sample_weight is not None)
        self._boost(training, validation, continues, monitor)
        return self

    def _rows(self, X: Any, y: Any, sample_weight: Any) -> Rows:
        """Check the data; sets `max_features_` and what y decides."""
        rules: Any = {**RULES, "ensure_all_finite": True if issparse(X) else "allow-nan"}
        separately: Any = (rules, {"ensure_2d": False, "dtype": None})
        X, y = validate_data(self, X, y, validate_separately=separately)
        if len(y) != X.shape[0]:
            raise DataError(f"Found input variables with inconsistent numbers of samples: [{X.shape[0]}, {len(y)}]")
        if sample_weight is not None:
            sample_weight = _check_sample_weight(sample_weight, X, dtype=np.float64, ensure_non_negative=True)
        y = self._encode(y, sample_weight)
        if sample_weight is not None and not sample_weight.all():  # a row of weight 0 is no row
            used = np.flatnonzero(sample_weight)
            X, y, sample_weight = X[used], y[used], sample_weight[used]
        self.max_features_ = features_tried(self.max_features, X.shape[1])
        return Rows(X.toarray() if issparse(X) else X, y, sample_weight)

    def _parts(self, rows: Rows) -> tuple[Rows, Rows | None]:
        if self.n_iter_no_change is None:
            return rows, None
        stratify = rows.y if is_classifier(self) else None
        training, validation = split(rows, self.validation_fraction, stratify=stratify, random_state=self.random_state)
        if is_classifier(self) and len(np.unique(training.y)) < len(np.unique(rows.y)):
            raise DataError(
                "The training data after the early stopping split is missing some classes. Try using another random "
                "seed."
            )
        return training, validation

    def _boost(self, training: Rows, validation: Rows | None, continues: bool, monitor: Any) -> None:
        from panlearn.ensemble.gradient_boosting.bin_layout import apply_bins
        from panlearn.ensemble.gradient_boosting.binning import learn_bins
        from panlearn.ensemble.gradient_boosting.boosting_loop import Ensemble, Watch, boost
        from panlearn.ensemble.gradient_boosting.stage_scores import StageScores

        binned = apply_bins(learn_bins(training.X, sample_weight=training.weight), training.X)
        plan = self._plan(training)
        if not continues:
            self._start, self._trees, self._scales = plan.loss.start(training.y, training.weight), [], []
        raws = [self._raw_of_checked(part.X) for part in (training, validation) if part is not None]
        ensemble = Ensemble(self._start, np.asfortranarray(raws[0]), self._trees, self._scales, raws[-1])
        scores = StageScores(self, plan.loss, training, validation, ensemble)
        if not continues:
            scores.clear()

        def after_round(t: int, ensemble: Any) -> bool:
            self._forget_packed()
            self._limits.append({name: getattr(self, name) for name in (*LIMITS, *MORE_LIMITS)})
            scores.record(t, ensemble)
            variables = {"i": t, "raw_predictions": ensemble.raw, "X": training.X, "y": training.y}
            return bool(monitor is not None and monitor(t, self, variables)) or scores.should_stop(ensemble)

        boost(training, binned, plan, ensemble, Watch(validation, after_round))
        self._pack()
        self.n_estimators_ = len(self._trees)
        leaves = sum(tree.n_leaves for stage in self._trees for tree in stage)
        self.certificate_ = (
            f"training loss {self.train_score_[-1]:.4g} with {self.n_estimators_} rounds, {leaves} leaves"
        )

    def _plan(self, training: Rows) -> Any:
        from panlearn.ensemble.gradient_boosting.boosting_loop import Plan
        from panlearn.ensemble.gradient_boosting.cut_back import finish_tree

        n, p = training.X.shape
        loss, limits = self._loss, self._limits_of(n)
        total = float(n if training.weight is None else training.weight.sum())
        return Plan(
            loss=loss,
            growth=self._growth(p, limits, total),
            learning_rate=float(self.learning_rate),
            n_rounds=self.n_estimators,
            newton_leaves=True,
            subsample=float(self.subsample),
            goss=self.row_sampling == "goss",
            dart=float(self.dart),
            finish=lambda grown, gradients: finish_tree(grown, gradients, limits),
            rng_of_round=lambda t: self._rng,
            verbose=self.verbose,
        )

    def _limits_of(self, n: int) -> Any:
        """Shares of the rows as numbers."""
        from panlearn.ensemble.gradient_boosting.cut_back import Limits

        leaf, node = (
            int(share) if isinstance(share, Integral) else int(np.ceil(share * n))
            for share in (self.min_samples_leaf, self.min_samples_split)
        )
        return Limits(max(2, node), max(1, leaf), float(self.min_impurity_decrease), float(self.ccp_alpha))

    def _growth(self, p: int, limits: Any, total: float) -> Any:
        from panlearn.ensemble.gradient_boosting.tree_growth import BoostingGrowth

        return BoostingGrowth(
            max_leaves=self.max_leaf_nodes,
            max_depth=self.max_depth,
            leaf_wise=self.max_leaf_nodes is not None,
            min_samples_leaf=limits.min_samples_leaf,
            min_sum_hessian=float(self.min_weight_fraction_leaf) * total,
            l1=float(self.l1_regularization),
            l2=0.0,
            min_gain=float(self.min_gain),
            node_fraction=self.max_features_ / p,
        )

    def _starting(self, X: Any) -> np.ndarray:
        return initial_raw(self, X)

    def _checked(self, X: Any) -> Any:
        finite = True if issparse(X) else "allow-nan"
        return validate_data(self, X, reset=False, **{**RULES, "accept_sparse": "csr"}, ensure_all_finite=finite)

    @property
    def estimators_(self) -> np.ndarray:
        """The trees as estimators, (rounds, trees a round); their values are without the learning rate."""
        from panlearn.ensemble.gradient_boosting.stage_trees import stage_trees

        check_is_fitted(self)
        return stage_trees(self)

    @property
    def feature_importances_(self) -> np.ndarray:
        """Decrease of squared error of the gradients by feature, (p,): they sum to 1, or are all 0."""
        check_is_fitted(self)
        trees = [tree for stage in self._trees for tree in stage if tree.node_count > 1]
        if not trees:
            return np.zeros(self.n_features_in_)
        found = np.mean([tree.compute_feature_importances(normalize=False) for tree in trees], axis=0)
        return found / found.sum() if found.sum() > 0 else found

    def apply(self, X: Any) -> np.ndarray:
        """Leaf of each row in each tree.

        Parameters
        ----------
        X : array-like or sparse matrix of shape (n, p)
            Features.

        Returns
        -------
        ndarray of shape (n, rounds, trees a round), or (n, rounds) for a regressor of one target
            Numbers of nodes.
        """
        from panlearn.tree.prediction import apply_trees

        check_is_fitted(self)
        leaves = apply_trees(self._packed, self._checked(X)).astype(np.float64)
        return leaves.reshape(len(leaves), len(self._trees), self.n_trees_per_iteration_)

    @classmethod
    def _warm_kernels(cls) -> None:
        rng = np.random.default_rng(0)
        X = rng.normal(size=(200, 2))
        cls(n_estimators=2).fit(X, (X[:, 0] > 0).astype(int)).predict(X)  # type: ignore[call-arg]

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.input_tags.sparse = True
        tags.input_tags.allow_nan = True
        return tags
