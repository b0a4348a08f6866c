"""Polynomial regression: least squares on monomials of the features, still linear in its weights [tan2019] §1.7.2.

    f(x) = b + sum_a w_a x^a,    x^a = x_1^a_1 ... x_p^a_p,    1 <= |a| <= degree

With p features there are C(p + degree, degree) - 1 monomials: the table of features grows fast, but it never exists
here. Monomials are computed for one block of rows at a time and go straight into the Gram matrix of least squares.
Each feature is divided by its largest size first, since powers of large numbers ruin the conditioning; `coef_` is in
the original units all the same.

When it fails: outside the data polynomials run away, and high degrees follow the noise. `degree="cv"` chooses the
degree by 5-fold cross-validation; every fold's Gram matrix is the whole one minus the fold's part, so the choice costs
two passes over the data at the highest degree.

Course notes: 003 §1.7.2, 001 §2.3.
"""

from itertools import chain, combinations, combinations_with_replacement
from typing import Any, ClassVar

import numpy as np
from sklearn.utils.validation import check_is_fitted, validate_data

from panlearn.core.blocks import MappedRows, Rows, RowSource, reduce_rows, require_finite
from panlearn.core.constraints import BOOLEAN, COUNT, NONNEGATIVE, options, validated
from panlearn.core.registry import method
from panlearn.linear_model.linear_predictor import LinearPredictor
from panlearn.optimize import least_squares

FOLDS = 5


@method(
    "Polynomial regression",
    tasks=("regression", "counts"),
    notes=("003 1.7.2", "001 2.3"),
    needs=("scaled", "dense"),
    cost=lambda n, p, k: n * (p * (p + 3) / 2.0) ** 2,
    settings={"alpha": 1.0},
)
class PolynomialRegression(LinearPredictor):
    """Least squares on all monomials up to a degree, with interactions.

    Parameters
    ----------
    degree : int or "cv", default=2
        Highest degree, at least 1; "cv" takes the one from 1 to `max_degree` with the least cross-validated error.
    max_degree : int, default=5
        Highest degree that "cv" tries.
    interaction_only : bool, default=False
        Leave out powers above 1 of a single feature.
    alpha : float, default=0.0
        L2 penalty on the weights of the scaled monomials, at least 0.
    fit_intercept : bool, default=True
        Fit an intercept, which is not penalised.
    positive : bool, default=False
        Restrict the coefficients to be at least 0.

    Attributes
    ----------
    coef_ : ndarray of shape (monomials,) or (targets, monomials)
        Weights of the monomials in the original units of X.
    intercept_ : float or ndarray of shape (targets,)
        Value at x = 0.
    powers_ : ndarray of shape (monomials, p)
        Exponents of the monomials: x^powers_[j] has weight coef_[j].
    degree_ : int
        The degree used.
    cv_errors_ : ndarray of shape (max_degree,)
        Mean squared error of each degree in cross-validation; only with degree="cv".
    gradient_norm_ : float
        Certificate: see `LinearRegression`.
    certificate_ : str
        The same in words.
    n_features_in_ : int
        Number of features.
    feature_names_in_ : ndarray of shape (p,)
        Names of the features, if X has string column names.

    Raises
    ------
    ValueError
        If a parameter is out of its range or the data cannot be used.

    References
    ----------
    [gergonne1815], [tan2019] §1.7.2

    Examples
    --------
    Uniformly accelerated motion, s = 1 + 2 t + 3 t^2, is recovered exactly:

    >>> import numpy as np
    >>> from panlearn.linear_model import PolynomialRegression
    >>> t = np.arange(6.0)[:, None]
    >>> model = PolynomialRegression(degree=2).fit(t, (1 + 2 * t + 3 * t**2).ravel())
    >>> model.coef_.round(9), round(float(model.intercept_), 9)
    (array([2., 3.]), 1.0)
    """

    _parameter_constraints: ClassVar[dict[str, list]] = {
        "degree": [COUNT, options("cv")],
        "max_degree": [COUNT],
        "interaction_only": [BOOLEAN],
        "alpha": [NONNEGATIVE],
        "fit_intercept": [BOOLEAN],
        "positive": [BOOLEAN],
    }

    def __init__(
        self,
        degree: int | str = 2,
        *,
        max_degree: int = 5,
        interaction_only: bool = False,
        alpha: float = 0.0,
        fit_intercept: bool = True,
        positive: bool = False,
    ) -> None:
        self.degree = degree
        self.max_degree = max_degree
        self.interaction_only = interaction_only
        self.alpha = alpha
        self.fit_intercept = fit_intercept
        self.positive = positive

    @validated
    def fit(self, X: Any, y: Any = None, sample_weight: Any = None) -> "PolynomialRegression":
        """Fit the model.

        Parameters
        ----------
        X : array-like of shape (n, p), or RowSource
            Features; with a RowSource (a file larger than memory) y is None.
        y : array-like of shape (n,) or (n, targets)
            Targets.
        sample_weight : array-like of shape (n,), optional
            Weights of the rows, at least 0.

        Returns
        -------
        PolynomialRegression
            The fitted estimator.
        """
        source = self._source(X, y, sample_weight, accept_sparse=False, multi_output=True, y_numeric=True)
        scale = _largest_sizes(source)
        self.degree_ = self._choose(source, scale) if self.degree == "cv" else int(self.degree)
        self.powers_ = exponents(source.n_features, self.degree_, self.interaction_only)
        self._fit_least_squares(monomial_rows(source, self.powers_, scale), np.array([float(self.alpha)]))
        units = np.prod(scale**self.powers_, axis=1)
        self.coef_ = (self.coef_ / units).astype(self.coef_.dtype)
        self._scale = scale
        return self

    def _choose(self, source: RowSource, scale: np.ndarray) -> int:
        """Degree of least cross-validated error; fold k holds every 5th row from the k-th of each block."""
        powers = exponents(source.n_features, self.max_degree, self.interaction_only)
        rows, alpha = monomial_rows(source, powers, scale), np.array([float(self.alpha)])
        shift = least_squares.sampled_mean(rows, self.fit_intercept)

        def statistic(X: Any, y: Any, weight: np.ndarray | None) -> tuple:
            parts = [Rows(X, y, weight)[slice(k, None, FOLDS)] for k in range(FOLDS)]
            return tuple(least_squares.block_moments(*part, shift) for part in parts)

        folds = reduce_rows(statistic, rows, work=float(rows.n_features) ** 2)
        whole = [sum(fields) for fields in zip(*folds, strict=True)]
        errors = np.zeros((self.max_degree, FOLDS))
        for degree in range(1, self.max_degree + 1):
            kept = np.flatnonzero(powers.sum(axis=1) <= degree)
            for k, fold in enumerate(folds):
                rest = least_squares.Moments(*(a - b for a, b in zip(whole, fold, strict=True)))
                part = least_squares.Centre(shift.x[kept], shift.y)
                found = least_squares.solve_moments(_columns_of(rest, kept), part, alpha, self.fit_intercept)
                fold = _columns_of(fold, kept)
                errors[degree - 1, k] = (
                    np.inf if found is None else least_squares.squared_error(fold, part, found.coef, found.intercept)
                )
        self.cv_errors_ = errors.sum(axis=1) / whole[-1]
        return int(self.cv_errors_.argmin()) + 1

    def predict(self, X: Any) -> np.ndarray:
        """Predict targets.

        Parameters
        ----------
        X : array-like of shape (n, p)
            Features.

        Returns
        -------
        ndarray of shape (n,) or (n, targets)
            Values of the polynomial.
        """
        check_is_fitted(self)
        X = validate_data(self, X, dtype=[np.float64, np.float32], reset=False)
        units = np.prod(self._scale**self.powers_, axis=1)
        out = monomials(X / self._scale, self.powers_) @ (self.coef_ * units).T + self.intercept_
        return out.astype(X.dtype, copy=False)

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.input_tags.sparse = False
        return tags


def exponents(p: int, degree: int, interaction_only: bool = False) -> np.ndarray:
    """Exponents of all monomials of p features with degree 1 to `degree`, (monomials, p), in graded order.

    Examples
    --------
    >>> exponents(2, 2).tolist()  # x1, x2, x1^2, x1 x2, x2^2
    [[1, 0], [0, 1], [2, 0], [1, 1], [0, 2]]
    """
    choose = combinations if interaction_only else combinations_with_replacement
    chosen = list(chain.from_iterable(choose(range(p), d) for d in range(1, degree + 1)))
    powers = np.zeros((len(chosen), p), dtype=np.int64)
    for row, features in enumerate(chosen):
        np.add.at(powers[row], list(features), 1)
    return powers


def monomials(X: np.ndarray, powers: np.ndarray) -> np.ndarray:
    """Values of the monomials, (n, monomials): each is an earlier one times a feature."""
    out = np.empty((X.shape[0], len(powers)))
    place = {tuple(row): j for j, row in enumerate(powers.tolist())}
    for j, row in enumerate(powers):
        last = int(np.flatnonzero(row)[-1])
        parent = row.copy()
        parent[last] -= 1
        out[:, j] = X[:, last] if not parent.any() else out[:, place[tuple(parent.tolist())]] * X[:, last]
    return out


def monomial_rows(source: RowSource, powers: np.ndarray, scale: np.ndarray) -> MappedRows:
    """The monomials of the scaled features, block by block."""
    return MappedRows(source, lambda X: monomials(X / scale, powers), len(powers))


def _largest_sizes(source: RowSource) -> np.ndarray:
    """Largest |x| of each feature over rows that count; 1 for a feature of zeros."""

    def statistic(X: Any, y: Any, weight: np.ndarray | None) -> np.ndarray:
        return np.abs(X if weight is None else X[weight > 0]).max(axis=0, initial=0.0)

    largest = reduce_rows(statistic, source, work=2.0 * source.n_features, combine=np.maximum)
    if not np.isfinite(largest).all():
        require_finite(source)
    return np.where(largest > 0, largest, 1.0).astype(np.float64)


def _columns_of(s: least_squares.Moments, kept: np.ndarray) -> least_squares.Moments:
    return s._replace(gram=s.gram[np.ix_(kept, kept)], cross=s.cross[kept], x=s.x[kept])
