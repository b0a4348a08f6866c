"""What all generalised linear models share: reading the data, the fit, prediction, D^2, inference.

    y_i ~ family with mean mu_i and variance phi V(mu_i) / s_i,      g(mu_i) = x_i'w + b + offset_i      [nelder1972]

See `losses.exponential_family` for families and links, `objective` for what is minimised, `fisher_scoring` for how.
"""

from contextlib import suppress
from typing import Any, NamedTuple

import numpy as np
from sklearn.base import RegressorMixin
from sklearn.utils.validation import (
    _check_sample_weight,
    check_array,
    check_consistent_length,
    check_is_fitted,
    column_or_1d,
    validate_data,
)

from panlearn.core.base import Estimator
from panlearn.core.blocks import ArrayRows, MappedRows, RowSource
from panlearn.core.errors import DataError
from panlearn.core.threads import single_threaded_blas
from panlearn.linear_model.generalized_linear_model import fisher_scoring
from panlearn.linear_model.generalized_linear_model.design_rows import DesignRows
from panlearn.linear_model.generalized_linear_model.encoding import Encoding, labelled, learn, log_exposure
from panlearn.linear_model.generalized_linear_model.fisher_scoring import Problem
from panlearn.linear_model.generalized_linear_model.inference import Inference
from panlearn.linear_model.generalized_linear_model.information import (
    infer,
    least_norm,
    moments_at,
    polished,
    total_deviance,
)
from panlearn.linear_model.generalized_linear_model.penalty import build
from panlearn.losses.exponential_family import ExponentialFamilyLoss, PowerVariance
from panlearn.optimize.newton import Minimum, largest

FLOATS = [np.float64, np.float32]
ROUNDING = 1e-10  # share of the gradient at the start that rounding may leave
LEFT = 1e-8  # share of their curvature by which what is left to go may change rows, before `polished`
CHEAP = 1e6  # numbers in X up to which a pass costs next to nothing


class Settings(NamedTuple):
    """What the estimators differ in."""

    loss: ExponentialFamilyLoss
    l1_ratio: float = 0.0
    smoothness: Any = None
    difference_order: int = 1
    categorical_features: Any = "from_dtype"
    drop_first: bool | str = "auto"


class GeneralizedLinearModel(RegressorMixin, Estimator):
    """Base of the estimators; a subclass stores its parameters and says its `Settings`."""

    alpha: float
    fit_intercept: bool
    solver: str
    max_iter: int
    tol: float
    warm_start: bool
    verbose: int
    coef_: np.ndarray
    intercept_: Any
    _encoding: Encoding
    _infers = False  # whether `fit` keeps an `Inference`

    def _settings(self) -> Settings:
        raise TypeError("GeneralizedLinearModel is abstract: use GeneralizedLinearRegressor")

    def _fit(self, X: Any, y: Any, sample_weight: Any, offset: Any, exposure: Any) -> Any:
        settings = self._settings()
        self._loss = settings.loss
        rows = self._read(X, y, sample_weight, offset, exposure, settings)
        self._drop_first = self.alpha == 0 if settings.drop_first == "auto" else bool(settings.drop_first)
        problem = self._problem(rows, settings)
        free = self.alpha == 0 and settings.smoothness is None and problem.size <= fisher_scoring.LARGE
        if free and self._infers:  # to a small share of the standard errors, as `polished` needs it
            problem = problem._replace(promise=LEFT**2 / problem.size)
        with np.errstate(over="ignore", invalid="ignore", divide="ignore"):  # steps may leave the domain, and return
            start = self._start(problem)
            tol = self._attainable(problem, start)
            solver = self.solver if self.solver in ("newton-cholesky", "newton-cg") else "auto"
            found = fisher_scoring.minimise(problem, start, tol=tol, max_iter=self.max_iter, solver=solver)
        vars(self).pop("inference_", None)
        if free:
            found = self._identify(found, problem)
        self._keep(found, problem, np.float32 if getattr(X, "dtype", None) == np.float32 else np.float64)
        self._report(found, problem, start)
        return self

    def _identify(self, found: Minimum, problem: Problem) -> Minimum:
        """Choose among equal minimisers, and keep what the data say about them."""
        with np.errstate(all="ignore"), single_threaded_blas():
            moments = moments_at(problem, found.x)
            if not np.isfinite(moments.information).all():
                return found
            x = found.x
            if self._infers and found.converged:
                x, moments = polished(problem, x, moments)
            found = found._replace(x=least_norm(problem, x, moments))
            if self._infers:
                names = self.coef_names_
                self.inference_ = infer(problem, found.x, names, max(1, found.n_iter), moments, "expected")
        return found

    def _read(self, X: Any, y: Any, sample_weight: Any, offset: Any, exposure: Any, settings: Settings) -> RowSource:
        """Rows whose X are `DesignRows`; sets `_encoding`."""
        chosen = settings.categorical_features
        if isinstance(X, RowSource):
            self._source(X, y, sample_weight)
            if not all(part is None or isinstance(part, str) for part in (offset, exposure)):
                raise DataError("offset and exposure of a RowSource must be names of its columns.")
            self._encoding = learn(X, self._names(X.n_features), chosen, offset, exposure)
            self._check_range(X)
            return MappedRows(X, self._encoding.rows, X.n_features)
        if _is_table(X, chosen):
            validate_data(self, X, skip_check_array=True)
            y = _target(y)
            check_consistent_length(X, y)
            if sample_weight is not None:
                sample_weight = _check_sample_weight(sample_weight, y, dtype=np.float64, ensure_non_negative=True)
        else:
            accepted = ["csr", "csc"]
            X, y, sample_weight = self._source(X, y, sample_weight, accept_sparse=accepted, y_numeric=True).rows  # type: ignore[attr-defined]
        self._encoding = learn(X, self._names(X.shape[1]), chosen, offset, exposure)
        rows = self._encoding.rows(X, _offset(offset, exposure, X.shape[0]))
        source = ArrayRows(rows, np.ascontiguousarray(y, dtype=np.float64), sample_weight)
        self._check_range(source)
        if sample_weight is not None and not (sample_weight > 0).all() and sample_weight.any():
            used = np.flatnonzero(sample_weight)  # what has no weight need not have a finite loss
            source = ArrayRows(rows.select(used), source.rows.y[used], sample_weight[used])
        return source

    def _names(self, p: int) -> tuple[str, ...]:
        return tuple(getattr(self, "feature_names_in_", [f"x{j}" for j in range(p)]))

    def _check_range(self, source: RowSource) -> None:
        family = self._loss.family
        if not all(family.allows(np.asarray(piece.y, dtype=np.float64)) for piece in source.pieces()):
            raise DataError(
                f"Some value(s) of y are out of the valid range of the loss of the {family.name} family: "
                f"y must be {family.allowed}."
            )

    def _problem(self, source: RowSource, settings: Settings) -> Problem:
        encoding = self._encoding
        kept = encoding.kept(self._drop_first, self.fit_intercept)
        size = len(encoding.numeric) + sum(map(len, encoding.categories)) + 1
        self.coef_names_ = encoding.parameters(self._drop_first)[0]
        coding = encoding, self._drop_first, self.fit_intercept
        penalty = build(*coding, self.alpha, settings.l1_ratio, settings.smoothness, settings.difference_order)
        return Problem(source, self._loss, penalty, size, kept, self.fit_intercept, *fisher_scoring.sums_of(source))

    def _start(self, problem: Problem) -> np.ndarray:
        if self.warm_start and hasattr(self, "coef_") and len(self.coef_) + self.fit_intercept == len(problem.kept):
            x = np.append(self.coef_, [self.intercept_] * self.fit_intercept).astype(np.float64)
            if np.isfinite(problem.objective().value(x)):
                return x
        return fisher_scoring.start_of(problem)

    def _attainable(self, problem: Problem, start: np.ndarray) -> float:
        """The tolerance, or what rounding leaves of the gradient at the start where that is larger."""
        if (problem.source.n_rows or np.inf) * problem.size > CHEAP:  # one more pass would cost more than it saves
            return self.tol
        return max(self.tol, 0.001 * ROUNDING * largest(problem.objective().gradient(start)[1]))

    def _keep(self, found: Minimum, problem: Problem, dtype: type) -> None:
        x = found.x.astype(dtype)
        self.coef_, self.intercept_ = (x[:-1], x[-1]) if self.fit_intercept else (x, 0.0)
        self.n_iter_ = max(1, found.n_iter)
        self.objective_, self.objective_path_ = found.value, found.trace
        self.gradient_norm_ = found.gradient_norm
        kind = "subgradient" if problem.penalty.l1.any() else "gradient"
        self.certificate_ = f"{kind} norm {found.gradient_norm:.0e} of objective {found.value:.4g}"

    def _report(self, found: Minimum, problem: Problem, start: np.ndarray) -> None:
        if self.verbose:
            print(f"{type(self).__name__}: {self.n_iter_} iterations, {self.certificate_}")  # noqa: T201
        if found.converged:
            return
        with np.errstate(all="ignore"):  # is it rounding that keeps the gradient from vanishing?
            size = largest(problem.objective().gradient(start)[1]) + problem.penalty.quadratic.size(found.x)
        if found.gradient_norm <= ROUNDING * size:
            return
        self._warn_unconverged(
            f"the gradient norm is {found.gradient_norm:.1e}, tol is {self.tol:.1e}",
            "Raise max_iter or tol, or scale the features; if means run into the edge of the domain, use link='log'.",
        )

    def _design(self, X: Any, offset: Any, exposure: Any) -> DesignRows:
        check_is_fitted(self)
        if _is_table(X, self._settings().categorical_features):
            validate_data(self, X, skip_check_array=True, reset=False)
        else:
            X = validate_data(self, X, accept_sparse=["csr", "csc", "coo"], dtype=FLOATS, reset=False)
        return self._encoding.rows(X, _offset(offset, exposure, X.shape[0]))

    def _linear_predictor(self, X: Any, offset: Any = None, exposure: Any = None) -> np.ndarray:
        rows = self._design(X, offset, exposure)
        full = np.zeros(rows.size)
        intercept = [self.intercept_] * self.fit_intercept
        full[self._encoding.kept(self._drop_first, self.fit_intercept)] = np.append(self.coef_, intercept)
        return rows.forward(full).astype(
            rows.numeric.dtype if self.coef_.dtype == np.float32 else np.float64, copy=False
        )

    def predict(self, X: Any, offset: Any = None, exposure: Any = None) -> np.ndarray:
        """Means of the response.

        Parameters
        ----------
        X : array-like, sparse matrix or data frame of shape (n, p)
            Features.
        offset : array-like of shape (n,), optional
            Added to the linear predictor.
        exposure : array-like of shape (n,), optional
            Its logarithm is added to the linear predictor.

        Returns
        -------
        ndarray of shape (n,)
            In the units of y.
        """
        z = self._linear_predictor(X, offset, exposure)
        return self._loss.mean(z)

    def score(self, X: Any, y: Any, sample_weight: Any = None, offset: Any = None, exposure: Any = None) -> float:
        """Share of the deviance explained, D^2 = 1 - D(y, mu) / D(y, mean of y).

        Parameters
        ----------
        X : array-like, sparse matrix or data frame of shape (n, p)
            Features.
        y : array-like of shape (n,)
            Targets.
        sample_weight : array-like of shape (n,), optional
            Weights of the rows.
        offset : array-like of shape (n,), optional
            Added to the linear predictor, also in the model without features.
        exposure : array-like of shape (n,), optional
            Its logarithm is added to the linear predictor.

        Returns
        -------
        float
            1 for a perfect prediction, 0 for that of a constant.
        """
        problem = self._given(X, y, sample_weight, offset, exposure)
        found = total_deviance(problem.source, problem, self._parameters())
        with np.errstate(all="ignore"):
            null = fisher_scoring.null_deviance(problem.source.rows, self._loss, problem.mean, problem.total)  # type: ignore[attr-defined]
        return float(1.0 - found / null) if null > 0 else float(found <= 0)

    def deviance(self, X: Any, y: Any, sample_weight: Any = None, offset: Any = None, exposure: Any = None) -> float:
        """Deviance of data under the model, twice what the log-likelihood lacks to its largest value, at phi = 1.

        Parameters
        ----------
        X : array-like, sparse matrix or data frame of shape (n, p)
            Features.
        y : array-like of shape (n,)
            Targets.
        sample_weight : array-like of shape (n,), optional
            Weights of the rows.
        offset : array-like of shape (n,), optional
            Added to the linear predictor.
        exposure : array-like of shape (n,), optional
            Its logarithm is added to the linear predictor.

        Returns
        -------
        float
            Sum over the rows.
        """
        problem = self._given(X, y, sample_weight, offset, exposure)
        return total_deviance(problem.source, problem, self._parameters())

    def infer(
        self,
        X: Any,
        y: Any,
        sample_weight: Any = None,
        offset: Any = None,
        exposure: Any = None,
        covariance: str = "expected",
    ) -> Inference:
        """Standard errors, tests and information criteria of the fitted coefficients from the data of the fit.

        Parameters
        ----------
        X : array-like, sparse matrix or data frame of shape (n, p)
            Features.
        y : array-like of shape (n,)
            Targets.
        sample_weight : array-like of shape (n,), optional
            Weights of the rows.
        offset : array-like of shape (n,), optional
            Added to the linear predictor.
        exposure : array-like of shape (n,), optional
            Its logarithm is added to the linear predictor.
        covariance : {"expected", "observed", "robust"}
            From the expected or the observed information, or robust to a wrong variance function (HC0).

        Returns
        -------
        Inference
            See `panlearn.linear_model.generalized_linear_model.inference`.
        """
        problem = self._given(X, y, sample_weight, offset, exposure)
        x = self._parameters()
        return infer(problem, x, self.coef_names_, self.n_iter_, moments_at(problem, x, covariance), covariance)

    def _parameters(self) -> np.ndarray:
        return np.append(self.coef_, [self.intercept_] * self.fit_intercept).astype(np.float64)

    def _given(self, X: Any, y: Any, sample_weight: Any, offset: Any, exposure: Any) -> Problem:
        """The problem of the fitted model on other rows."""
        rows = self._design(X, offset, exposure)
        y = _target(y)
        check_consistent_length(y, np.empty(rows.shape[0]))
        if sample_weight is not None:
            sample_weight = _check_sample_weight(sample_weight, y, dtype=np.float64, ensure_non_negative=True)
        source = ArrayRows(rows, y, sample_weight)
        self._check_range(source)
        return self._problem(source, self._settings())

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.input_tags.sparse = True
        with suppress(ValueError, TypeError):  # a wrong family or link is reported by fit
            tags.target_tags.positive_only = not self._settings().loss.family.allows(np.array([-1.0]))
        return tags


def _target(y: Any) -> np.ndarray:
    kind: Any = np.float64
    return column_or_1d(check_array(y, ensure_2d=False, dtype=kind, input_name="y"), warn=True)


def _is_table(X: Any, categorical: Any) -> bool:
    """Whether X is a data frame whose columns have to be read one by one."""
    return hasattr(X, "columns") and hasattr(X, "shape") and categorical is not None and bool(labelled(X))


def _offset(offset: Any, exposure: Any, n: int) -> np.ndarray | None:
    """Offset and logarithm of the exposure, if they are arrays."""
    total = None
    for name, part in (("offset", offset), ("exposure", exposure)):
        if part is None or isinstance(part, str):
            continue
        part = np.asarray(part, dtype=np.float64)
        if part.shape != (n,) or not np.isfinite(part).all():
            raise DataError(f"{name} must hold {n} finite numbers, one for each row. Got shape {part.shape}.")
        part = log_exposure(part) if name == "exposure" else part
        total = part if total is None else total + part
    return total


def sklearn_loss(loss: ExponentialFamilyLoss) -> Any:
    """scikit-learn's object for the same loss, for tools that ask its estimators for one."""
    from sklearn._loss.loss import HalfGammaLoss, HalfPoissonLoss, HalfTweedieLoss, HalfTweedieLossIdentity

    family: PowerVariance = loss.family
    if type(loss.link).__name__ == "Identity":
        return HalfTweedieLossIdentity(power=family.power)
    known = {1.0: HalfPoissonLoss, 2.0: HalfGammaLoss}
    return known[family.power]() if family.power in known else HalfTweedieLoss(power=family.power)
