"""What the cross-validated Lasso models share: the grid, the folds, the choice, and the fit on all rows."""

from numbers import Integral, Real
from typing import Any

import numpy as np
from sklearn import get_config
from sklearn.utils import check_scalar
from sklearn.utils.metadata_routing import MetadataRouter, MethodMapping, process_routing
from sklearn.utils.validation import column_or_1d

from panlearn.core.errors import DataError
from panlearn.linear_model.linear_predictor import LinearPredictor
from panlearn.linear_model.multi_task_lasso import UNCONVERGED, checked
from panlearn.linear_model.path_cross_validation import (
    SQUARE,
    ColumnFolds,
    MomentFolds,
    Settings,
    check_folds,
    fold_errors,
)

SMALLEST = np.finfo(np.float64).resolution  # strength of every grid point where y does not depend on X at all


class PathCV(LinearPredictor):
    """Base of linear models whose penalty is chosen by cross-validation along a path."""

    several = False  # y has several columns
    alphas: Any
    eps: float
    cv: Any
    tol: float
    max_iter: int

    def _fit(self, X: Any, y: Any, sample_weight: Any, params: dict) -> Any:
        """Choose the penalty by cross-validation, then fit all rows with it."""
        from sklearn.model_selection import check_cv  # not needed to import the area: it loads half of scikit-learn

        splits = self._routed(sample_weight, params)
        X, y, weight = checked(self, X, y, sample_weight, several=self.several)
        if not self.several:
            if y.ndim == 2 and y.shape[1] > 1:
                raise DataError(f"For multi-task outputs, use MultiTask{type(self).__name__}; y has shape {y.shape}.")
            y = column_or_1d(y, warn=True)
        splitter: Any = check_cv(self.cv)
        folds = [(np.asarray(a), np.asarray(b)) for a, b in splitter.split(X, y, **splits)]
        folds = [tuple(np.flatnonzero(part) if part.dtype == bool else part for part in fold) for fold in folds]
        check_folds(folds, weight)
        data = (MomentFolds if self._by_moments(X) else ColumnFolds)(X, y, weight, folds, self.fit_intercept)
        problem, settings = data.all(), self._settings()
        ratios = np.atleast_1d(np.asarray(getattr(self, "l1_ratio", 1.0), dtype=np.float64)).tolist()
        grids = self._grids(ratios, problem.cross)
        errors, excess = fold_errors(data, ratios, grids, settings)
        self.mse_path_ = errors[0] if len(ratios) == 1 else errors
        best, place = np.unravel_index(errors.mean(axis=2).argmin(), errors.shape[:2])
        self.alpha_ = float(grids[best][place])
        self.alphas_ = np.array(grids) if isinstance(self.alphas, Integral) and len(ratios) > 1 else grids[0]
        if hasattr(self, "l1_ratio"):
            self.l1_ratio_ = ratios[best]
        self._fit_best(problem, ratios[best], settings, excess, X.dtype)
        return self

    def _settings(self) -> Settings:
        return Settings(self.fit_intercept, self.tol, self.max_iter, bool(getattr(self, "positive", False)))

    def _by_moments(self, X: Any) -> bool:
        """Whether a p x p matrix for each fold costs less than the passes over X that it saves."""
        n, p = X.shape
        wanted = getattr(self, "precompute", "auto")
        if isinstance(wanted, bool | np.bool_):
            return bool(wanted)
        return not isinstance(wanted, str) or (p <= SQUARE and p <= 2 * n)

    def _grids(self, ratios: list[float], cross: np.ndarray) -> list[np.ndarray]:
        """Strengths to try for each ratio, falling; the first is the least at which all weights are zero."""
        if not isinstance(self.alphas, Integral):
            for k, alpha in enumerate(self.alphas):
                check_scalar(alpha, f"alphas[{k}]", target_type=Real, min_val=0.0, include_boundaries="left")
            return [np.sort(np.asarray(self.alphas, dtype=np.float64))[::-1]] * len(ratios)
        if 0.0 in ratios:
            raise DataError(
                "Automatic alpha grid generation is not supported for l1_ratio=0. Please supply a grid by providing "
                "your estimator with the appropriate `alphas=` argument."
            )
        size = np.linalg.norm(cross, axis=0) if cross.ndim == 2 else np.abs(cross)
        largest = float((cross if getattr(self, "positive", False) else size).max(initial=0.0))
        count = int(self.alphas)
        return [
            np.geomspace(largest / ratio, largest / ratio * self.eps, count)
            if largest / ratio > SMALLEST
            else np.full(count, SMALLEST)
            for ratio in ratios
        ]

    def _fit_best(self, problem: Any, ratio: float, settings: Settings, excess: float, dtype: Any) -> None:
        alpha = np.array([self.alpha_])
        finer = settings._replace(tol=settings.tol * problem.refine)
        found = problem.path(alpha * ratio, alpha * (1 - ratio), finer)
        self.coef_ = found.coefs[0].astype(dtype)
        self.intercept_ = (
            found.intercepts[0].astype(dtype) if self.fit_intercept else dtype.type(0) * self.coef_[..., 0]
        )
        self.dual_gap_, self.n_iter_ = float(found.gaps[0]), int(found.sweeps[0])
        spread = f"{problem.source.y_square / 2:.4g}"
        self.certificate_ = f"duality gap {self.dual_gap_:.0e} of objective at zero {spread}"
        worst = max(excess, found._replace(limit=settings.tol * problem.source.y_square).excess)
        if worst > 1.0:
            self._warn_unconverged(f"a duality gap is {worst:.1e} times what tol asks for", UNCONVERGED)

    def get_metadata_routing(self) -> MetadataRouter:
        """Who gets which parameter of `fit`: the splitter.

        Returns
        -------
        MetadataRouter
            scikit-learn's description.
        """
        splitting = MethodMapping().add(caller="fit", callee="split")
        router = MetadataRouter(owner=self).add_self_request(self)
        from sklearn.model_selection import check_cv

        return router.add(splitter=check_cv(self.cv), method_mapping=splitting)

    def _routed(self, sample_weight: Any, params: dict) -> dict:
        """Parameters for the splitter."""
        if get_config()["enable_metadata_routing"]:
            weight = {} if sample_weight is None else {"sample_weight": sample_weight}
            return process_routing(self, "fit", **weight, **params).splitter.split
        if params:
            raise DataError(
                f"Passing extra keyword arguments to {type(self).__name__}.fit is only supported if "
                f"enable_metadata_routing=True, which sklearn.set_config sets. Extra parameters are: {set(params)}"
            )
        return {}

    @classmethod
    def _warm_kernels(cls) -> None:
        """Compile the kernels of both routes."""
        X = np.random.default_rng(0).normal(size=(30, 5))
        for part in (X, X[:6, :].T @ X[:6, :].repeat(4, axis=1)):
            model: Any = cls()
            model.set_params(alphas=3, cv=2).fit(part, part[:, :2] if cls.several else part[:, 0])

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.target_tags.multi_output, tags.target_tags.single_output = self.several, not self.several
        return tags
