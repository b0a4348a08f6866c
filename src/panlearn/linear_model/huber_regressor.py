"""Huber regression: least squares for most rows, least absolute deviations for outliers [huber1964].

    minimise over w, b, sigma > 0     sum_i s_i (sigma + sigma phi(r_i / sigma)) + alpha |w|^2,   r_i = x_i'w + b - y_i
    phi(u) = u^2                         |u| <= epsilon
             2 epsilon |u| - epsilon^2   beyond

sigma is the scale of the inliers, found together with the weights: so which rows are outliers does not depend on the
units of y. sigma phi(r / sigma) is the perspective of a convex function, hence jointly convex in (w, b, sigma). Its
Hessian is a Gram matrix of the inliers; as the function is quadratic but for sigma and for the rows that change
sides, Newton's method ends in about ten steps of n p^2 operations. Many columns, or sparse rows: the same steps by
conjugate gradients, from products with X.

When it fails: a hyperplane through all rows has sigma = 0, where the objective is not smooth; the fit stops just above
and returns the hyperplane. epsilon = 1 has it always (least absolute deviations: `QuantileRegressor`). And rows that
are outliers in x rather than in y keep their pull.

Course notes: 003 §1.2 (the squared error, whose sensitivity to outliers this removes).
"""

from typing import Any, ClassVar

import numpy as np
from scipy.sparse import issparse
from sklearn.base import RegressorMixin
from sklearn.utils.validation import check_is_fitted, validate_data

from panlearn.core.base import Estimator
from panlearn.core.blocks import ArrayRows, require_finite
from panlearn.core.constraints import BOOLEAN, NATURAL, NONNEGATIVE, validated
from panlearn.core.errors import DataError
from panlearn.core.registry import method
from panlearn.core.threads import single_threaded_blas
from panlearn.linear_model.huber_objective import FLOOR, HuberObjective
from panlearn.optimize.newton import Minimum, newton, newton_cg

COLUMNS = 1000  # more than these, and products with the Hessian are cheaper than the Hessian
SMALL, DENSE = 1e6, 0.25  # entries, and share of them not zero, up to and from which sparse X is better off dense
NORMAL = 1.4826  # standard deviation of a normal variable over its median absolute deviation


@method(
    "Huber regression",
    tasks=("regression",),
    notes=("003 1.2",),
    cost=lambda n, p, k: 15.0 * n * p * min(p, 100),
)
class HuberRegressor(RegressorMixin, Estimator):
    """Linear regression that outliers in y pull with bounded force.

    Parameters
    ----------
    epsilon : float, default=1.35
        Residuals beyond epsilon times the scale count as outliers, at least 1; 1.35 keeps 95 % of the efficiency of
        least squares for normal errors.
    max_iter : int, default=100
        Most Newton iterations.
    alpha : float, default=1e-4
        Strength of the L2 penalty, at least 0.
    warm_start : bool, default=False
        Start from the coefficients of the last fit.
    fit_intercept : bool, default=True
        Fit an intercept, which is not penalised.
    tol : float, default=1e-5
        Stop when the largest gradient component of the mean objective is below it, with y and the columns of X in
        units of their spread.

    Attributes
    ----------
    coef_ : ndarray of shape (p,)
        Weights.
    intercept_ : float
        Intercept.
    scale_ : float
        sigma, in units of y.
    outliers_ : ndarray of shape (n,)
        Whether a row is an outlier: |residual| > epsilon sigma.
    n_iter_ : int
        Newton iterations.
    gradient_norm_ : float
        Certificate: what `tol` bounds.
    certificate_ : str
        The same in words.
    n_features_in_ : int
        Number of features.
    feature_names_in_ : ndarray of shape (p,)
        Names of the features, if X has string column names.

    Raises
    ------
    ValueError
        If `epsilon` is below 1, or a parameter or the data cannot be used.

    References
    ----------
    [huber1964], [nocedal2006] ch. 7

    Examples
    --------
    One wild value does not move the line through the others:

    >>> import numpy as np
    >>> from panlearn.linear_model import HuberRegressor
    >>> X, y = np.arange(8.0)[:, None], 2 * np.arange(8.0) + [0.1, -0.1] * 4
    >>> y[5] = 500.0
    >>> model = HuberRegressor().fit(X, y)
    >>> round(float(model.coef_[0]), 1), model.outliers_.nonzero()[0].tolist()
    (2.0, [5])
    """

    _parameter_constraints: ClassVar[dict[str, list]] = {
        "epsilon": [NONNEGATIVE],
        "max_iter": [NATURAL],
        "alpha": [NONNEGATIVE],
        "warm_start": [BOOLEAN],
        "fit_intercept": [BOOLEAN],
        "tol": [NONNEGATIVE],
    }

    def __init__(
        self,
        *,
        epsilon: float = 1.35,
        max_iter: int = 100,
        alpha: float = 1e-4,
        warm_start: bool = False,
        fit_intercept: bool = True,
        tol: float = 1e-5,
    ) -> None:
        self.epsilon = epsilon
        self.max_iter = max_iter
        self.alpha = alpha
        self.warm_start = warm_start
        self.fit_intercept = fit_intercept
        self.tol = tol

    @validated
    def fit(self, X: Any, y: Any, sample_weight: Any = None) -> "HuberRegressor":
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
        HuberRegressor
            The fitted estimator.
        """
        if self.epsilon < 1:
            raise DataError(
                f"The 'epsilon' parameter of HuberRegressor must be in the range [1, inf). Got {self.epsilon}."
            )
        source: Any = self._source(X, y, sample_weight, y_numeric=True)
        require_finite(source)
        X, y, weight = source.rows
        y = y.astype(np.float64, copy=False)
        middle = float(np.median(y)) if self.fit_intercept else 0.0
        centred = y - middle
        spread = NORMAL * float(np.median(np.abs(centred))) or float(np.abs(centred).max()) or 1.0
        Z, basis = _reduced(X)
        f, start = self._objective(ArrayRows(Z, centred / spread, weight), middle, spread, basis)
        found = self._minimise(f, start)
        w = found.x[:-2] * spread / f.unit
        self.coef_ = (w if basis is None else basis @ w).astype(X.dtype)
        self.intercept_ = float(middle + spread * found.x[-2]) if self.fit_intercept else 0.0
        self.scale_ = float(spread * found.x[-1])
        self.outliers_ = np.abs(y - X @ self.coef_ - self.intercept_) > self.epsilon * self.scale_
        self.n_iter_, self.gradient_norm_ = found.n_iter, found.gradient_norm
        self.certificate_ = f"gradient norm {found.gradient_norm:.0e} of mean loss {found.value * spread:.4g}"
        if not found.converged:
            self._warn_unconverged(
                f"the gradient norm is {found.gradient_norm:.1e}, tol is {self.tol:.1e}", "Raise max_iter or tol."
            )
        return self

    def _objective(
        self, source: ArrayRows, middle: float, spread: float, basis: np.ndarray | None
    ) -> tuple[HuberObjective, np.ndarray]:
        """The objective in units of the columns and of y, and where to start."""
        n, p = source.rows.X.shape
        f = HuberObjective(source, np.ones(p), np.zeros(p), float(self.epsilon), self.fit_intercept)
        unit = np.sqrt(f.products.squares(np.full((n, 1), 1 / n))[:, 0])
        f.unit = np.where(unit > 0, unit, 1.0)
        f.l2[:-2] = 2 * self.alpha * spread / f.total / f.unit**2  # of |w|^2, divided by spread as the losses are
        start = np.append(np.zeros(p + 1), 1.0)
        if self.warm_start and hasattr(self, "coef_") and len(self.coef_) == self.n_features_in_:
            w = self.coef_ if basis is None else basis.T @ self.coef_
            b, sigma = (self.intercept_ - middle) / spread, max(self.scale_ / spread, 2 * FLOOR)
            start = np.append(w * f.unit / spread, [b, sigma])
        return f, start

    def _minimise(self, f: HuberObjective, start: np.ndarray) -> Minimum:
        X: Any = f.source.rows.X
        with single_threaded_blas():
            if issparse(X) or start.size > COLUMNS:
                return newton_cg(f, start, tol=self.tol, max_iter=self.max_iter)
            return newton(f, start, tol=self.tol, max_iter=self.max_iter)

    def predict(self, X: Any) -> np.ndarray:
        """Predict targets.

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


def _reduced(X: Any) -> tuple[Any, np.ndarray | None]:
    """X for the solver, and for p > n a basis of its row space, (p, n): w lies in it, and |w| is that in the basis."""
    if issparse(X) and (X.shape[0] * X.shape[1] <= SMALL or X.nnz > DENSE * X.shape[0] * X.shape[1]):
        X = X.toarray()
    if issparse(X) or X.shape[1] <= X.shape[0]:
        return X, None
    basis, triangle = np.linalg.qr(X.T)
    return np.ascontiguousarray(triangle.T), basis
