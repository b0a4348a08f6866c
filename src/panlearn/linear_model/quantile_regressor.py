"""Quantile regression: a linear model of the quantile q of y given x [koenker1978].

    minimise   1/S sum_i s_i rho_q(y_i - x_i'w - b) + alpha |w|_1,     rho_q(r) = max(q r, (q - 1) r),  S = sum_i s_i

A share q of the rows ends below the plane, as the mean is where the residuals balance. q = 1/2 is least absolute
deviations: outliers in y do not matter. Two quantiles make an interval whose width may change with x.

Dense X with few columns is solved by an interior-point method whose steps cost n p^2, the rest by HiGHS on the dual
linear programme: n bounded variables and p + 1 equations, whose multipliers are the weights.

When it fails: planes of different quantiles may cross where there are few rows. The optimum need not be unique.

Course notes: 003 §1.2 (the squared error whose place the pinball loss takes).
"""

from typing import Any, ClassVar

import numpy as np
from scipy import sparse
from scipy.optimize import linprog
from sklearn.base import RegressorMixin
from sklearn.utils.validation import check_is_fitted, validate_data

from panlearn.core.base import Estimator
from panlearn.core.blocks import require_finite
from panlearn.core.constraints import BOOLEAN, NONNEGATIVE, UNIT, options, validated
from panlearn.core.errors import DataError
from panlearn.core.registry import method
from panlearn.core.threads import single_threaded_blas
from panlearn.losses.pinball import Pinball
from panlearn.optimize.frisch_newton import Fit, Rows, solve

COLUMNS = 500  # up to which normal equations are cheaper than a sparse simplex
RETIRED = ("interior-point", "revised simplex")
SUCCESS = 0  # status of `linprog`


@method(
    "Quantile regression",
    tasks=("regression",),
    notes=("003 1.2",),
    cost=lambda n, p, k: 50.0 * n * p * min(p, 100),
    settings={"alpha": 0.0},
)
class QuantileRegressor(RegressorMixin, Estimator):
    """Linear regression of a quantile.

    Parameters
    ----------
    quantile : float, default=0.5
        The quantile q, in (0, 1).
    alpha : float, default=1.0
        Strength of the L1 penalty, at least 0.
    fit_intercept : bool, default=True
        Fit an intercept, which is not penalised.
    solver : {"auto", "frisch-newton", "highs", "highs-ds", "highs-ipm", "interior-point", "revised simplex"}, \
default="auto"
        "auto" takes the interior-point method for dense X with few columns and HiGHS for the rest. The last two are
        names that SciPy has retired: they raise an error.
    solver_options : dict, default=None
        Options of `scipy.optimize.linprog` for the HiGHS solvers.

    Attributes
    ----------
    coef_ : ndarray of shape (p,)
        Weights.
    intercept_ : float
        Intercept.
    n_iter_ : int
        Iterations of the solver.
    dual_gap_ : float
        Certificate: the mean objective cannot be lower by more than this.
    certificate_ : str
        The same in words.
    n_features_in_ : int
        Number of features.
    feature_names_in_ : ndarray of shape (p,)
        Names of the features, if X has string column names.

    Raises
    ------
    ValueError
        If `quantile` is not between 0 and 1, or a parameter or the data cannot be used.

    References
    ----------
    [koenker1978], [portnoy1997]

    Examples
    --------
    Without features the model is the quantile itself, which no outlier moves:

    >>> from panlearn.linear_model import QuantileRegressor
    >>> X, y = [[0.0]] * 5, [1.0, 2.0, 3.0, 4.0, 1000.0]
    >>> [round(QuantileRegressor(quantile=q).fit(X, y).intercept_, 9) for q in (0.3, 0.5, 0.7)]
    [2.0, 3.0, 4.0]
    """

    _parameter_constraints: ClassVar[dict[str, list]] = {
        "quantile": [UNIT],
        "alpha": [NONNEGATIVE],
        "fit_intercept": [BOOLEAN],
        "solver": [options("auto", "frisch-newton", "highs", "highs-ds", "highs-ipm", *RETIRED)],
        "solver_options": [dict, None],
    }

    def __init__(
        self,
        *,
        quantile: float = 0.5,
        alpha: float = 1.0,
        fit_intercept: bool = True,
        solver: str = "auto",
        solver_options: dict | None = None,
    ) -> None:
        self.quantile = quantile
        self.alpha = alpha
        self.fit_intercept = fit_intercept
        self.solver = solver
        self.solver_options = solver_options

    @validated
    def fit(self, X: Any, y: Any, sample_weight: Any = None) -> "QuantileRegressor":
        """Fit the model.

        Parameters
        ----------
        X : array-like or sparse matrix of shape (n, p)
            Features.
        y : array-like of shape (n,)
            Targets.
        sample_weight : array-like of shape (n,), optional
            Weights of the rows, at least 0.

        Returns
        -------
        QuantileRegressor
            The fitted estimator.
        """
        if not 0 < self.quantile < 1:
            raise DataError(
                "The 'quantile' parameter of QuantileRegressor must be a float in the range (0.0, 1.0). "
                f"Got {self.quantile} instead."
            )
        if self.solver in RETIRED:
            raise DataError(f"Solver {self.solver} is not anymore available in SciPy >= 1.11.0. Use 'auto'.")
        source: Any = self._source(X, y, sample_weight, y_numeric=True)
        require_finite(source)
        X, y, weight = source.rows
        dtype = X.dtype
        share = np.ones(len(y)) if weight is None else weight
        if not share.all():
            X, y, share = X[share > 0], y[share > 0], share[share > 0]
        dense = isinstance(X, np.ndarray) and X.shape[1] <= COLUMNS
        by_newton = self.solver == "frisch-newton" or (self.solver == "auto" and dense)
        found = (self._by_newton if by_newton else self._by_highs)(X, y.astype(np.float64), share)
        self.coef_ = found.theta[:-1].astype(dtype)
        self.intercept_ = float(found.theta[-1])
        self.n_iter_, self.dual_gap_ = found.n_iter, found.gap / float(share.sum())
        self.certificate_ = f"duality gap {self.dual_gap_:.0e} of {found.value / float(share.sum()):.4g}"
        return self

    def _by_newton(self, X: Any, y: np.ndarray, share: np.ndarray) -> Fit:
        """The interior-point method, with y and the columns of X in units of their spread."""
        X = X.toarray() if sparse.issparse(X) else X
        middle = float(np.median(y)) if self.fit_intercept else 0.0
        spread = float(np.abs(y - middle).mean()) or 1.0
        unit = np.abs(X).max(axis=0).astype(np.float64)
        unit[unit == 0] = 1.0
        l1 = np.full(X.shape[1], 2 * self.alpha * float(share.sum())) / unit
        A = Rows(X / unit, share, l1, self.fit_intercept)
        rows = len(A.l1)
        targets, levels = np.zeros(len(y) + rows), np.full(len(y) + rows, 0.5)
        targets[: len(y)], levels[: len(y)] = share * (y - middle) / spread, self.quantile
        with single_threaded_blas():
            found = solve(A, targets, levels)
        if not found.converged:
            self._warn_unconverged(
                f"the relative duality gap is {found.gap / max(found.value, 1e-300):.1e}", "Use solver='highs'."
            )
        theta = spread * found.theta
        theta[:-1] /= unit
        theta[-1] += middle
        return found._replace(theta=theta, value=spread * found.value, gap=spread * found.gap)

    def _by_highs(self, X: Any, y: np.ndarray, share: np.ndarray) -> Fit:
        """HiGHS: max y'd with |X'd| <= alpha S, 1'd = 0, s (q - 1) <= d <= s q."""
        n, p = X.shape
        equations: Any
        strength = self.alpha * float(share.sum())
        equations = sparse.hstack([sparse.csr_array(X).T, sparse.eye_array(p)])
        if self.fit_intercept:
            ones = sparse.hstack([np.ones((1, n)), sparse.csr_array((1, p))])
            equations = sparse.vstack([equations, ones])
        size = equations.shape[0]
        lower = np.append((self.quantile - 1) * share, np.full(p, -strength))
        upper = np.append(self.quantile * share, np.full(p, strength))
        result: Any = linprog(
            np.append(-y, np.zeros(p)),
            A_eq=equations.tocsc(),
            b_eq=np.zeros(size),
            bounds=np.column_stack([lower, upper]),
            method="highs" if self.solver == "auto" else self.solver,
            options=self.solver_options,
        )
        solution: Any = result.x
        if result.status != SUCCESS or result.eqlin.marginals is None:
            self._warn_unconverged(
                f"Linear programming for QuantileRegressor did not succeed.\n{result.message}",
                "Raise the limit in solver_options.",
            )
        marginals = np.zeros(size) if solution is None else -np.asarray(result.eqlin.marginals)
        theta: Any = marginals if self.fit_intercept else np.append(marginals, 0.0)
        if solution is not None:  # a bound that does not bind has multiplier 0, but for rounding
            theta[:-1][np.abs(solution[n:]) < (1 - 1e-9) * strength] = 0.0
        losses = Pinball(self.quantile).values(X @ theta[:-1] + theta[-1], y)
        value = float(share @ losses) + strength * float(np.abs(theta[:-1]).sum())
        gap = value + float(result.fun) if solution is not None else np.inf
        return Fit(theta, value, max(gap, 0.0), int(result.nit), result.status == SUCCESS)

    def predict(self, X: Any) -> np.ndarray:
        """Predict the quantile.

        Parameters
        ----------
        X : array-like or sparse matrix of shape (n, p)
            Features.

        Returns
        -------
        ndarray of shape (n,)
            x'w + b.
        """
        check_is_fitted(self)
        X = validate_data(self, X, accept_sparse=["csr", "csc", "coo"], dtype=[np.float64, np.float32], reset=False)
        return np.asarray(X @ self.coef_) + self.intercept_

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.input_tags.sparse = True
        return tags
