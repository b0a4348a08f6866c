"""Ridge regression: min_{w,b} 1/2 |y - Xw - b|^2 + 1/2 alpha |w|^2 [hoerl1970], [tan2019].

    gradient      X'(Xw - y) + alpha w = 0
    solution      w* = (X'X + alpha I)^-1 X'y = X'(XX' + alpha I)^-1 y

X'X + alpha I = V (S^2 + alpha I) V' is invertible for every alpha > 0, whatever the rank of X: along the i-th singular
direction the least-squares weight shrinks by s_i^2 / (s_i^2 + alpha). The first form costs n p^2 + p^3/3, the second,
used for p > n, n^2 p + n^3/3.

The intercept is not penalised by default: shifting y by a constant should shift the prediction by it. The worked
example of course note 003 §1.4 does penalise it; `penalize_intercept=True` reproduces it.

Course notes: 003 §1.4, 000 §3.4, 002 (L1/L2).
"""

from typing import Any, ClassVar

import numpy as np

from panlearn.core.constraints import ARRAY, BOOLEAN, COUNT, NONNEGATIVE, RANDOM, options, validated
from panlearn.core.errors import DataError
from panlearn.core.registry import method
from panlearn.linear_model.linear_predictor import LinearPredictor

ROUTES = {"auto": "auto", "cholesky": "cholesky", "svd": "svd", "lsqr": "lsqr", "sparse_cg": "lsqr"}


@method(
    "Ridge regression",
    tasks=("regression", "counts"),
    notes=("003 1.4", "000 3.4", "002 L1/L2"),
    needs=("scaled",),
    cost=lambda n, p, k: n * p * min(n, p),
)
class Ridge(LinearPredictor):
    """Least squares with an L2 penalty on the weights.

    Minimises 1/2 sum_i w_i (y_i - x_i'w - b)^2 + 1/2 alpha |w|^2, which has the same minimiser as scikit-learn's
    objective without the halves.

    Parameters
    ----------
    alpha : float or array-like of shape (targets,), default=1.0
        Strength of the penalty, at least 0, in units of x squared times the number of rows; one for each target
        if an array.
    fit_intercept : bool, default=True
        Fit the intercept b.
    copy_X : bool, default=True
        Kept for scikit-learn's signature: X is never changed.
    max_iter : int, default=None
        Most iterations of LSQR, used only for sparse X with too many columns for a Gram matrix.
    tol : float, default=1e-4
        Relative tolerance of LSQR.
    solver : {"auto", "cholesky", "svd", "lsqr", "sparse_cg", "sag", "saga", "lbfgs"}, default="auto"
        "auto" chooses by shape, sparsity and conditioning. "sparse_cg" runs LSQR, its stable form. "sag", "saga" and
        "lbfgs", names of scikit-learn, mean "auto": the exact answer comes sooner than their approximation.
    positive : bool, default=False
        Restrict the coefficients to be at least 0.
    random_state : int, RandomState or None, default=None
        Kept for scikit-learn's signature: nothing here is random.
    penalize_intercept : bool, default=False
        Count the intercept in the penalty, as course note 003 §1.4 does.

    Attributes
    ----------
    coef_ : ndarray of shape (p,) or (targets, p)
        Weights, in units of y per unit of x; (p,) also for y of shape (n, 1).
    intercept_ : float or ndarray of shape (targets,)
        Value at x = 0.
    n_iter_ : ndarray of shape (targets,) or None
        Iterations of LSQR; None for a direct solution.
    solver_ : str
        The solver asked for; for "auto" the one chosen: "cholesky" (of p or n equations), "svd", "lsqr" or "nnls".
    gradient_norm_ : float
        Certificate: largest component of the objective's gradient, relative to the largest at w = 0.
    certificate_ : str
        The same in words.
    n_features_in_ : int
        Number of features.
    feature_names_in_ : ndarray of shape (p,)
        Names of the features, if X has string column names.

    Raises
    ------
    ValueError
        If `alpha` is negative or of the wrong length, or X or y cannot be used.

    References
    ----------
    [hoerl1970], [hastie2009] §3.4.1, [tan2019] §1.4

    Examples
    --------
    Shrinkage: a column of squared length 2 under alpha = 2 keeps half of its weight.

    >>> from panlearn.linear_model import Ridge
    >>> X, y = [[-1.0], [1.0]], [-3.0, 3.0]
    >>> float(Ridge(alpha=0.0).fit(X, y).coef_[0]), float(Ridge(alpha=2.0).fit(X, y).coef_[0])
    (3.0, 1.5)
    """

    _parameter_constraints: ClassVar[dict[str, list]] = {
        "alpha": [NONNEGATIVE, ARRAY],
        "fit_intercept": [BOOLEAN],
        "copy_X": [BOOLEAN],
        "max_iter": [COUNT, None],
        "tol": [NONNEGATIVE],
        "solver": [options(*ROUTES, "sag", "saga", "lbfgs")],
        "positive": [BOOLEAN],
        "random_state": [RANDOM],
        "penalize_intercept": [BOOLEAN],
    }

    _expected_failed_checks: ClassVar[dict[str, str]] = {
        "check_non_transformer_estimators_n_iter": "n_iter_ is None for a direct solution, as in scikit-learn's Ridge",
    }

    def __init__(
        self,
        alpha: float | Any = 1.0,
        *,
        fit_intercept: bool = True,
        copy_X: bool = True,
        max_iter: int | None = None,
        tol: float = 1e-4,
        solver: str = "auto",
        positive: bool = False,
        random_state: Any = None,
        penalize_intercept: bool = False,
    ) -> None:
        self.alpha = alpha
        self.fit_intercept = fit_intercept
        self.copy_X = copy_X
        self.max_iter = max_iter
        self.tol = tol
        self.solver = solver
        self.positive = positive
        self.random_state = random_state
        self.penalize_intercept = penalize_intercept

    @validated
    def fit(self, X: Any, y: Any = None, sample_weight: Any = None) -> "Ridge":
        """Fit the model.

        Parameters
        ----------
        X : array-like or sparse matrix of shape (n, p), or RowSource
            Features; with a RowSource (a file larger than memory) y is None.
        y : array-like of shape (n,) or (n, targets)
            Targets.
        sample_weight : array-like of shape (n,), optional
            Weights of the rows, at least 0.

        Returns
        -------
        Ridge
            The fitted estimator.
        """
        source = self._source(X, y, sample_weight, multi_output=True, y_numeric=True)
        found = self._fit_least_squares(
            source,
            self._penalties(source),
            penalize_intercept=self.penalize_intercept,
            route=ROUTES.get(self.solver, "auto"),
            tol=self.tol,
            max_iter=self.max_iter,
        )
        if len(found.coef) == 1:  # a column of targets gives a vector of weights, as in scikit-learn's Ridge
            self.coef_ = self.coef_.ravel()
        self.solver_ = self.solver if self.solver != "auto" else {"dual": "cholesky"}.get(found.route, found.route)
        self.n_iter_ = np.full(len(found.coef), found.n_iter) if found.n_iter else None
        return self

    def _penalties(self, source: Any) -> np.ndarray:
        alpha = np.atleast_1d(np.asarray(self.alpha, dtype=np.float64))
        y = next(iter(source.pieces())).y
        targets = 1 if y.ndim == 1 else y.shape[1]
        if alpha.ndim != 1 or alpha.size not in (1, targets) or not (alpha >= 0).all():
            raise DataError(
                f"alpha must be a number in the range [0.0, inf) or one such number for each of {targets} targets; "
                f"got {self.alpha!r}."
            )
        return alpha
