r"""Bagging [breiman1996]: the same method on many bootstrap samples, averaged.

    F(x) = 1/T sum_t f(x; D_t),      D_t: n rows drawn from D with replacement

The mean has the bias of one member and less variance, the more the members differ: it helps methods that change much
when the data change a little (deep trees, nearest neighbours with k = 1), and hardly helps stable ones (least squares).
Members may also see a part of the features only. Any estimator with `fit` and `predict` can be bagged.

Trees of panlearn on all features take a shorter way: their columns are sorted once for all samples, the trees are grown
on threads and predict together. Anything else is cloned, fitted and asked by joblib. Course notes: 000 §4.3.
"""

import warnings
from collections.abc import Callable, Iterator
from numbers import Integral, Real
from typing import Any, ClassVar

import numpy as np
from sklearn.base import MetaEstimatorMixin
from sklearn.utils import get_tags
from sklearn.utils.metadata_routing import MetadataRouter, MethodMapping
from sklearn.utils.parallel import Parallel, delayed
from sklearn.utils.validation import _check_sample_weight, check_is_fitted, column_or_1d, validate_data

from panlearn.core.base import Estimator
from panlearn.core.constraints import BOOLEAN, COUNT, RANDOM, VERBOSE, Interval
from panlearn.core.errors import DataError
from panlearn.ensemble.bagged_trees import can_share_columns, grow_members
from panlearn.ensemble.bagging_members import Drawing, fit_member, routed
from panlearn.ensemble.bootstrap import draw_seeds, members_to_add, sample_size
from panlearn.ensemble.forest_growth import limited
from panlearn.ensemble.packed_cache import PackedCache
from panlearn.tree.prediction import PackedTrees, sum_leaf_values
from panlearn.tree.training_data import prediction_data

SHARE = Interval(Real, 0, 1, closed="right")
CHECKS: dict[str, Any] = {"accept_sparse": ["csr", "csc"], "dtype": None, "ensure_all_finite": False}


class Bagging(MetaEstimatorMixin, Estimator):
    """Base of the two estimators that bag."""

    _parameter_constraints: ClassVar[dict[str, list]] = {
        "estimator": [object],
        "n_estimators": [COUNT],
        "max_samples": [None, COUNT, SHARE],
        "max_features": [COUNT, SHARE],
        "bootstrap": [BOOLEAN],
        "bootstrap_features": [BOOLEAN],
        "oob_score": [BOOLEAN],
        "warm_start": [BOOLEAN],
        "n_jobs": [None, Integral],
        "random_state": [RANDOM],
        "verbose": [VERBOSE],
    }
    _default: ClassVar[type]
    oob_score_: float
    _expected_failed_checks: ClassVar[dict[str, str]] = {
        f"check_sample_weight_equivalence_on_{kind}_data": "the rows drawn at random depend on how many rows there are"
        for kind in ("dense", "sparse")
    }

    def __init__(
        self,
        estimator: Any = None,
        n_estimators: int = 10,
        *,
        max_samples: float | None = None,
        max_features: float = 1.0,
        bootstrap: bool = True,
        bootstrap_features: bool = False,
        oob_score: bool = False,
        warm_start: bool = False,
        n_jobs: int | None = None,
        random_state: Any = None,
        verbose: int = 0,
    ) -> None:
        self.estimator = estimator
        self.n_estimators = n_estimators
        self.max_samples = max_samples
        self.max_features = max_features
        self.bootstrap = bootstrap
        self.bootstrap_features = bootstrap_features
        self.oob_score = oob_score
        self.warm_start = warm_start
        self.n_jobs = n_jobs
        self.random_state = random_state
        self.verbose = verbose

    def fit(self, X: Any, y: Any, sample_weight: Any = None, **fit_params: Any) -> Any:
        """Fit the members.

        Parameters
        ----------
        X : array-like, frame or sparse matrix of shape (n, p)
            Features.
        y : array-like of shape (n,) or (n, outputs)
            Targets.
        sample_weight : array-like of shape (n,), optional
            Chances of the rows to be drawn.
        **fit_params : dict
            What the members' `fit` takes besides.

        Returns
        -------
        estimator
            The fitted ensemble.
        """
        self._validate_params()  # not by `validated`, which would switch the members' own validation off
        passed, base = routed(self, "fit", fit_params), self._base()
        if not (hasattr(base, "fit") and hasattr(base, "predict")):
            raise TypeError(f"The 'estimator' parameter must have fit and predict. Got {base!r} instead.")
        raw = X
        X, y = validate_data(self, X, y, multi_output=True, **CHECKS)
        if sample_weight is not None:
            sample_weight = _check_sample_weight(sample_weight, X, dtype=None)
            if not self.bootstrap:
                warnings.warn(
                    f"When fitting {type(self).__name__} with sample_weight it is recommended to use bootstrap=True, "
                    f"got {self.bootstrap}.",
                    stacklevel=2,
                )
        y, self.estimator_ = self._encoded(y), base
        self._drawing = self._what_to_draw(X.shape, sample_weight)
        self._check_out_of_bag()
        if not self.warm_start or not hasattr(self, "estimators_"):
            self.estimators_, self.estimators_features_ = [], []
            self._seeds = np.empty(0, np.int64)
        old = len(self.estimators_)
        if added := members_to_add(self.n_estimators, old):
            seeds = draw_seeds(self.random_state, added, skip=old)
            self._add(raw, X, y, seeds, passed.get("fit", {}))
            if self.oob_score:
                self._judge_out_of_bag(X, y)
        self._certify()
        return self

    def _add(self, raw: Any, X: Any, y: np.ndarray, seeds: np.ndarray, params: dict[str, Any]) -> None:
        """Fit members with these seeds; `raw` is X as the user gave it."""
        if not params and can_share_columns(self, self.estimator_, self._drawing):
            with limited(self.n_jobs):
                found, self._columns = grow_members(self, raw, y, self._drawing, seeds)
        else:
            self._columns = None
            fit = delayed(fit_member)
            found: Any = Parallel(n_jobs=self.n_jobs, verbose=self.verbose)(
                fit(self.estimator_, X, y, self._drawing, int(seed), params) for seed in seeds
            )
        self._cache = PackedCache()
        self.estimators_ += [model for model, _ in found]
        self.estimators_features_ += [features for _, features in found]
        self._seeds = np.append(self._seeds, seeds)

    def _base(self) -> Any:
        return self._default() if self.estimator is None else self.estimator

    def _encoded(self, y: np.ndarray) -> np.ndarray:
        return column_or_1d(y, warn=True) if y.ndim == 1 or y.shape[1] == 1 else y

    def _what_to_draw(self, shape: tuple[int, int], weight: np.ndarray | None) -> Drawing:
        n, p = shape
        size = sample_size(n, self.max_samples, weight)
        if not self.bootstrap and size > n:
            raise DataError(
                f"Effective max_samples={size} must be <= n_samples={n} to be able to sample without replacement."
            )
        features = self.max_features if isinstance(self.max_features, Integral) else int(self.max_features * p)
        if features > p:
            raise DataError(f"max_features must be <= n_features={p}. Got {features}.")
        return Drawing(n, p, size, max(1, int(features)), self.bootstrap, self.bootstrap_features, weight)

    def _check_out_of_bag(self) -> None:
        if not self.bootstrap and self.oob_score:
            raise DataError("Out of bag estimation only available if bootstrap=True")
        if self.warm_start and self.oob_score:
            raise DataError("Out of bag estimate only available if warm_start=False")
        if hasattr(self, "oob_score_") and self.warm_start:
            del self.oob_score_

    def _judge_out_of_bag(self, X: Any, y: np.ndarray) -> None:
        raise NotImplementedError

    def _certify(self) -> None:
        self.certificate_ = f"{len(self.estimators_)} members"
        if hasattr(self, "oob_score_"):
            self.certificate_ = f"out-of-bag score {self.oob_score_:.4g} with {self.certificate_}"

    @property
    def estimators_samples_(self) -> list[np.ndarray]:
        """Rows that each member was fitted on, drawn again from its seed."""
        check_is_fitted(self)
        return [self._drawing.draw(int(seed))[1] for seed in self._seeds]

    def _checked(self, X: Any) -> Any:
        check_is_fitted(self)
        if self._columns is not None:
            return prediction_data(self, X, self._columns)
        return validate_data(self, X, reset=False, **CHECKS)

    def _packed_members(self) -> PackedTrees | None:
        """All members in one, if they are trees of ours."""
        if self._columns is None or not self.estimators_:
            return None
        return self._cache.of([model.tree_ for model in self.estimators_])

    def _mean(self, X: Any, ask: Callable[[Any, Any], np.ndarray]) -> np.ndarray:
        """Mean of what the members answer about their features of a checked X."""
        packed = self._packed_members()
        if packed is not None:
            with limited(self.n_jobs):
                return sum_leaf_values(packed, X) / len(self.estimators_)
        work = delayed(ask)
        answers: Any = Parallel(n_jobs=self.n_jobs, verbose=self.verbose)(
            work(model, X[:, features]) for model, features in zip(self.estimators_, self.estimators_features_)
        )
        return np.asarray(sum(answers) / len(self.estimators_))

    def _out_of_bag_sums(self, X: Any, ask: Callable[[Any, Any], np.ndarray]) -> tuple[np.ndarray, np.ndarray]:
        """Sums of the answers of the members that did not see a row, and how many they are."""
        total, count = 0.0, np.zeros(len(self._drawn_mask(0)))
        for t, (model, features) in enumerate(zip(self.estimators_, self.estimators_features_)):
            rows = np.flatnonzero(~self._drawn_mask(t))
            answer = ask(model, X[rows][:, features])
            total = np.zeros((len(count), *answer.shape[1:])) if t == 0 else total
            total[rows] += answer  # type: ignore[index]
            count[rows] += 1
        if (count == 0).any():
            warnings.warn(
                "Some inputs do not have OOB scores. This probably means too few estimators were used to compute any "
                "reliable oob estimates.",
                stacklevel=4,
            )
        return np.asarray(total), count

    def _drawn_mask(self, t: int) -> np.ndarray:
        mask = np.zeros(self._drawing.n, dtype=bool)
        mask[self._drawing.draw(int(self._seeds[t]))[1]] = True
        return mask

    def __len__(self) -> int:
        return len(self.estimators_)

    def __getitem__(self, index: Any) -> Any:
        return self.estimators_[index]

    def __iter__(self) -> Iterator[Any]:
        return iter(self.estimators_)

    def __getstate__(self) -> dict[str, Any]:
        state: Any = super().__getstate__()
        return {name: value for name, value in state.items() if name != "_cache"}

    def __setstate__(self, state: dict[str, Any]) -> None:
        super().__setstate__(state)
        self._cache = PackedCache()

    def get_metadata_routing(self) -> MetadataRouter:
        """How metadata reach the members.

        Returns
        -------
        MetadataRouter
            Of `fit` and the methods that predict.
        """
        base = self._base()
        asked = "predict_proba" if hasattr(base, "predict_proba") else "predict"
        logs = "predict_log_proba" if hasattr(base, "predict_log_proba") else asked
        mapping = MethodMapping()
        for caller, callee in (("fit", "fit"), ("decision_function", "decision_function"), ("predict", asked)):
            mapping.add(caller=caller, callee=callee)
        mapping.add(caller="predict_proba", callee=asked).add(caller="predict_log_proba", callee=logs)
        return MetadataRouter(owner=self).add(estimator=base, method_mapping=mapping)

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        base = get_tags(self._base()).input_tags
        tags.input_tags.sparse, tags.input_tags.allow_nan = base.sparse, base.allow_nan
        return tags
