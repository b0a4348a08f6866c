"""What the classifier and the regressor of histogram gradient boosting share: the way from the data to the rounds.

    check X and y  ->  part for validation  ->  bins  ->  rounds (`boosting_loop`)  ->  scores, and whether to stop

The columns are cut into at most 255 bins once; from then on the trees see codes of eight bits only, and a split is
searched among bins instead of values [ke2017], [chen2016].

Course notes: 000 §4.6.
"""

from collections.abc import Sequence
from numbers import Integral, Real
from typing import Any, ClassVar

import numpy as np
from sklearn.base import is_classifier
from sklearn.utils import check_random_state
from sklearn.utils.validation import check_is_fitted

from panlearn.core.categorical_columns import CategoricalColumns
from panlearn.core.constraints import (
    ARRAY,
    BOOLEAN,
    COUNT,
    NONNEGATIVE,
    POSITIVE,
    RANDOM,
    VERBOSE,
    Interval,
    options,
    validated,
)
from panlearn.core.errors import DataError
from panlearn.ensemble.boosted_trees import BoostedTrees
from panlearn.ensemble.gradient_boosting.boosted_loss import BoostedLoss
from panlearn.ensemble.gradient_boosting.early_stopping import Rows, Scores, should_stop, split
from panlearn.ensemble.gradient_boosting.tree_view import TreeView
from panlearn.ensemble.hist_boosting_data import (
    check_rows,
    check_validation,
    checked_features,
    interaction_sets,
    monotonic_signs,
)

LEAST_HESSIAN = 1e-3  # of a leaf, as scikit-learn and LightGBM have it
FEW_ROWS, SUPPORT = 0.02, (10.0, 30.0)  # rows that a category needs to be told apart: a share of all, within limits
MANY = 10_000  # rows above which early stopping is on by default


class HistGradientBoosting(BoostedTrees):
    """Base of the classifier and the regressor."""

    loss: Any
    learning_rate: float
    max_iter: int
    max_leaf_nodes: int | None
    max_depth: int | None
    min_samples_leaf: int
    l2_regularization: float
    max_features: float
    max_bins: int
    categorical_features: Any
    monotonic_cst: Any
    interaction_cst: Any
    warm_start: bool
    early_stopping: Any
    scoring: Any
    validation_fraction: Any
    n_iter_no_change: int
    tol: float
    verbose: int
    random_state: Any
    l1_regularization: float
    min_gain: float
    row_sampling: str | None
    dart: float
    is_categorical_: np.ndarray | None
    _columns: CategoricalColumns

    _parameter_constraints: ClassVar[dict[str, list]] = {
        "learning_rate": [POSITIVE],
        "max_iter": [COUNT],
        "max_leaf_nodes": [Interval(Integral, 2, None, closed="left"), None],
        "max_depth": [COUNT, None],
        "min_samples_leaf": [COUNT],
        "l2_regularization": [NONNEGATIVE],
        "max_features": [Interval(Real, 0, 1, closed="right")],
        "monotonic_cst": [ARRAY, dict, None],
        "interaction_cst": [list, tuple, options("pairwise", "no_interactions"), None],
        "n_iter_no_change": [COUNT],
        "validation_fraction": [Interval(Real, 0, 1, closed="neither"), COUNT, None],
        "tol": [NONNEGATIVE],
        "max_bins": [Interval(Integral, 2, 255, closed="both")],
        "categorical_features": [ARRAY, options("from_dtype"), None],
        "warm_start": [BOOLEAN],
        "early_stopping": [options("auto"), BOOLEAN],
        "scoring": [str, callable, None],
        "verbose": [VERBOSE],
        "random_state": [RANDOM],
        "l1_regularization": [NONNEGATIVE],
        "min_gain": [NONNEGATIVE],
        "row_sampling": [options("goss"), None],
        "dart": [Interval(Real, 0, 1, closed="left")],
    }

    def _encode(self, y: np.ndarray) -> np.ndarray:
        """Targets as numbers; sets what depends on them."""
        raise NotImplementedError

    def _encode_more(self, y: np.ndarray) -> np.ndarray:
        """Targets of validation rows as numbers."""
        raise NotImplementedError

    def _decode(self, y: np.ndarray) -> np.ndarray:
        """Targets as the user gave them, for scorers."""
        return y

    def _row_weights(self, y: np.ndarray, sample_weight: np.ndarray | None) -> np.ndarray | None:
        """Row weights with what the class adds."""
        return sample_weight

    @validated
    def fit(
        self,
        X: Any,
        y: Any,
        sample_weight: Any = None,
        *,
        X_val: Any = None,
        y_val: Any = None,
        sample_weight_val: Any = None,
    ) -> "HistGradientBoosting":
        """Fit the model.

        Parameters
        ----------
        X : array-like or frame of shape (n, p)
            Features; NaN where a value is missing.
        y : array-like of shape (n,), for a regressor also (n, targets)
            Targets.
        sample_weight : array-like of shape (n,), optional
            Weights of the rows, at least 0; a weight of 2 is the row twice.
        X_val, y_val : array-like, optional
            Rows on which early stopping measures, instead of a part of X.
        sample_weight_val : array-like, optional
            Their weights.

        Returns
        -------
        HistGradientBoosting
            The fitted estimator.
        """
        rows = check_rows(self, X, y, sample_weight)
        given = check_validation(self, X_val, y_val, sample_weight_val)
        continues = self.warm_start and self._is_fitted()
        if continues and self.max_iter < self.n_iter_:
            raise DataError(
                f"max_iter={self.max_iter} must be larger than or equal to n_iter_={self.n_iter_} when warm_start==True"
            )
        if not continues:
            self._random_seed = check_random_state(self.random_state).randint(np.iinfo(np.uint32).max, dtype="u8")
        self._decide_early_stopping(len(rows.X), given is not None)
        training, validation = self._parts(rows, given)
        self._boost(training, validation, continues)
        return self

    def _is_fitted(self) -> bool:
        return len(getattr(self, "_trees", ())) > 0

    def _decide_early_stopping(self, n: int, given: bool) -> None:
        measurable = self.scoring != "loss" or getattr(self._loss, "has_values", True)
        if self.early_stopping == "auto":
            self.do_early_stopping_ = (n > MANY or given) and measurable
        else:
            self.do_early_stopping_ = self.early_stopping
        if self.do_early_stopping_ and not measurable:
            raise DataError(
                "early_stopping on the loss needs the loss's value, which a function of gradients does not give. Pass "
                "scoring=..., or an object with `gradient_hessian` and `loss`."
            )

    def _parts(self, rows: Rows, given: Rows | None) -> tuple[Rows, Rows | None]:
        if given is not None or not self.do_early_stopping_ or self.validation_fraction is None:
            return rows, given
        stratify = rows.y if is_classifier(self) else None
        return split(rows, self.validation_fraction, stratify=stratify, random_state=self._random_seed)

    def _boost(self, training: Rows, validation: Rows | None, continues: bool) -> None:
        from panlearn.core.categorical_columns import n_categories
        from panlearn.ensemble.gradient_boosting.bin_layout import apply_bins
        from panlearn.ensemble.gradient_boosting.binning import learn_bins
        from panlearn.ensemble.gradient_boosting.boosting_loop import Watch, boost

        self._bins = learn_bins(
            training.X,
            max_bins=self.max_bins,
            n_categories=n_categories(self._columns),
            sample_weight=training.weight,
            seed=int(self._random_seed),
        )
        binned = apply_bins(self._bins, training.X)
        plan = self._plan(training)
        ensemble = self._first_ensemble(training, validation, plan.loss, continues)
        self._trees, self._scales, self._start = ensemble.trees, ensemble.scales, ensemble.start
        self._forget_packed()
        watch = Watch(validation, self._watcher(plan.loss, training, validation, ensemble, continues))
        boost(training, binned, plan, ensemble, watch)
        self._keep(plan.loss, training, ensemble)

    def _keep(self, loss: BoostedLoss, training: Rows, ensemble: Any) -> None:
        self._pack()
        self.train_score_, self.validation_score_ = np.array(self.train_score_), np.array(self.validation_score_)
        leaves = sum(tree.n_leaves for stage in self._trees for tree in stage)
        size = f"{self.n_iter_} rounds, {leaves} leaves"
        if getattr(loss, "has_values", True):
            size = f"training loss {loss.mean(ensemble.raw, training.y, training.weight):.4g} with {size}"
        if len(self.validation_score_) and self.scoring == "loss":
            size += f"; validation loss {-self.validation_score_[-1]:.4g}"
        self.certificate_ = size

    def _plan(self, training: Rows) -> Any:
        from panlearn.ensemble.gradient_boosting.boosting_loop import Plan

        seed = int(self._random_seed)
        return Plan(
            loss=self._loss,
            growth=self._growth(*training.X.shape),
            learning_rate=float(self.learning_rate),
            n_rounds=self.max_iter,
            newton_leaves=False,
            subsample=1.0,
            goss=self.row_sampling == "goss",
            dart=float(self.dart),
            finish=None,
            rng_of_round=lambda t: np.random.default_rng([seed % 2**32, t]),
            verbose=self.verbose,
        )

    def _growth(self, n: int, p: int) -> Any:
        """The limits and penalties of a tree."""
        from panlearn.ensemble.gradient_boosting.tree_growth import BoostingGrowth

        return BoostingGrowth(
            max_leaves=self.max_leaf_nodes,
            max_depth=self.max_depth,
            leaf_wise=True,
            min_samples_leaf=self.min_samples_leaf,
            min_sum_hessian=LEAST_HESSIAN,
            l1=float(self.l1_regularization),
            l2=float(self.l2_regularization),
            min_gain=float(self.min_gain),
            monotonic_cst=monotonic_signs(self),
            interaction_groups=self._check_interaction_cst(p),
            node_fraction=float(self.max_features),
            categorical_support=float(np.clip(n * FEW_ROWS, *SUPPORT)),
        )

    def _first_ensemble(self, training: Rows, validation: Rows | None, loss: BoostedLoss, continues: bool) -> Any:
        """The constant model, or the one of the last fit, with its raw predictions."""
        from panlearn.ensemble.gradient_boosting.boosting_loop import Ensemble

        held: Any = validation if self.do_early_stopping_ else None
        if continues:
            raws = [self._raw_of_checked(part.X) for part in (training, held) if part is not None]
            return Ensemble(
                self._start,
                np.asfortranarray(raws[0]),
                self._trees,
                self._scales,
                raws[1] if held is not None else None,
            )
        start = loss.start(training.y, training.weight)
        raw = np.empty((len(training.X), len(start)), order="F")
        raw[:] = start
        return Ensemble(start, raw, raw_validation=None if held is None else np.tile(start, (len(held.X), 1)))

    def _watcher(self, loss: BoostedLoss, training: Rows, validation: Rows | None, ensemble: Any, continues: bool):
        """The callback that measures after a round and says whether to stop."""
        scores = Scores(
            self._measure(loss, training, validation),
            list(self.train_score_) if continues else [],
            list(self.validation_score_) if continues else [],
        )
        self.train_score_, self.validation_score_ = scores.training, scores.validation
        if self.do_early_stopping_ and not continues:
            scores.record(ensemble.raw, ensemble.raw_validation)

        def after_round(t: int, ensemble: Any) -> bool:
            self._forget_packed()
            return self.do_early_stopping_ and self._should_stop(scores.record(ensemble.raw, ensemble.raw_validation))

        return after_round

    def _measure(self, loss: BoostedLoss, training: Rows, validation: Rows | None) -> Any:
        from panlearn.ensemble.gradient_boosting.early_stopping import loss_measure, scorer_measure, small_sample

        if not self.do_early_stopping_ or self.scoring == "loss":
            return loss_measure(loss, training, validation)
        index = small_sample(training.y, stratified=is_classifier(self), seed=self._random_seed)
        parts: Any = [
            None if part is None else part._replace(y=self._decode(part.y)) for part in (training, validation)
        ]
        return scorer_measure(self, parts[0], parts[1], index)

    def _should_stop(self, scores: Sequence[float]) -> bool:
        return should_stop(scores, patience=self.n_iter_no_change, tol=self.tol)

    def _check_interaction_cst(self, n_features: int) -> Any:
        return interaction_sets(self.interaction_cst, n_features)

    def _checked(self, X: Any) -> np.ndarray:
        return checked_features(self, X)

    @property
    def n_iter_(self) -> int:
        """Number of rounds."""
        check_is_fitted(self)
        return len(self._trees)

    @property
    def _predictors(self) -> list[list[TreeView]]:
        """The trees as scikit-learn's own attribute shows them."""
        check_is_fitted(self)
        stages = zip(self._trees, self._scales, strict=True)
        return [[TreeView(tree, scale) for tree in stage] for stage, scale in stages]

    @classmethod
    def _warm_kernels(cls) -> None:
        rng = np.random.default_rng(0)
        X = rng.normal(size=(200, 2))
        cls(max_iter=2, early_stopping=False).fit(X, (X[:, 0] > 0).astype(int)).predict(X)  # type: ignore[call-arg]

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.input_tags.allow_nan = True
        return tags
