"""Elastic net: least squares with absolute values and squares of the weights as penalty [zou2005].

    min_{w,b}  1/(2n) sum_i (y_i - b - x_i'w)^2 + alpha (rho sum_j c_j |w_j| + (1 - rho)/2 sum_j c_j w_j^2)

rho is `l1_ratio`: 1 is the Lasso, 0 ridge regression with alpha n in the place of its alpha. The absolute values
choose: most weights of the solution are exactly 0. The squares share: correlated columns, of which the Lasso keeps an
arbitrary one, get similar weights, and p > n no longer limits the number of weights to n.

The penalised problem has the same solutions as one with a constraint: with t = sum_j c_j |w_j| at the Lasso's solution,
no weights within that budget fit better. `constraint_` is that t.

Solved by coordinate descent on a working set (`panlearn.optimize.elastic_net`), stopped by the duality gap. It fails to
say which of two equal columns matters: either may get the weight at rho = 1. Shrunken weights are biased towards 0.
Course notes: 003 §1.7.1, 000 §3.4, 002 (L1/L2).
"""

import warnings
from numbers import Number
from typing import Any, ClassVar

import numpy as np
from scipy.sparse import csc_matrix, csr_matrix, issparse
from sklearn.utils.validation import _check_sample_weight, assert_all_finite, validate_data

from panlearn.core.blocks import ArrayRows
from panlearn.core.constraints import ARRAY, BOOLEAN, COUNT, NONNEGATIVE, RANDOM, UNIT, options, validated
from panlearn.core.errors import DataError
from panlearn.core.registry import method
from panlearn.linear_model.linear_predictor import LinearPredictor
from panlearn.optimize import least_squares
from panlearn.optimize.centred_columns import CentredColumns

REMEDY = (
    "Objective did not converge. You might want to increase the number of iterations (max_iter), to raise tol or "
    "alpha, or to scale the features to a common range."
)


@method(
    "Elastic net",
    tasks=("regression", "counts"),
    notes=("003 1.7.1", "000 3.4", "002 L1/L2"),
    needs=("scaled",),
    cost=lambda n, p, k: 20.0 * n * p,
    settings={"alpha": 0.01},
)
class ElasticNet(LinearPredictor):
    """Least squares with a penalty on the absolute values and on the squares of the weights.

    Minimises 1/(2n) sum_i (y_i - b - x_i'w)^2 + alpha (l1_ratio sum_j c_j |w_j| + (1 - l1_ratio)/2 sum_j c_j w_j^2),
    with row weights s_i in the place of 1/n as s_i / sum(s). c are the penalty weights, 1 by default.

    Parameters
    ----------
    alpha : float, default=1.0
        Strength of the penalty, at least 0. 0 means least squares, for which `LinearRegression` is the right class.
    l1_ratio : float, default=0.5
        Share of the absolute values, from 0 (ridge) to 1 (Lasso).
    fit_intercept : bool, default=True
        Fit the intercept b, which is never penalised.
    precompute : bool or array-like of shape (p, p), default=False
        The Gram matrix X'X of the (weighted, centred) columns, if it is known. True and False mean the same: only the
        products of the columns in use are computed.
    max_iter : int, default=1000
        Most sweeps of coordinate descent over the working set.
    copy_X : bool, default=True
        Kept for scikit-learn's signature: X is never changed.
    tol : float, default=1e-4
        The duality gap asked for, in units of the (weighted, centred) mean square of y.
    warm_start : bool, default=False
        Start from `coef_` of the last fit.
    positive : bool, default=False
        Restrict the weights to be at least 0.
    random_state : int, RandomState or None, default=None
        Kept for scikit-learn's signature: nothing here is random.
    selection : {"cyclic", "random"}, default="cyclic"
        Kept for scikit-learn's signature: coordinates are visited in turn under either name; the minimum is one.
    penalty_weights : array-like of shape (p,), default=None
        c, at least 0. A column of weight 0 is not penalised; one of infinite weight is left out.

    Attributes
    ----------
    coef_ : ndarray of shape (p,) or (targets, p)
        Weights, in units of y per unit of x.
    intercept_ : float or ndarray of shape (targets,)
        Value at x = 0.
    sparse_coef_ : csr_matrix of shape (1, p) or (targets, p)
        The weights that are not 0.
    n_iter_ : int or list of int
        Sweeps of coordinate descent; 1 for a direct solution.
    dual_gap_ : float or ndarray of shape (targets,)
        Certificate: the objective is at most this far above its minimum. For alpha = 0, where no finite bound exists,
        the squared norm of the gradient.
    constraint_ : float or ndarray of shape (targets,)
        t = sum_j c_j |w_j|. For the Lasso, w also minimises the squared error subject to sum_j c_j |w_j| <= t.
    certificate_ : str
        The gap in words.
    n_features_in_ : int
        Number of features.
    feature_names_in_ : ndarray of shape (p,)
        Names of the features, if X has string column names.

    Raises
    ------
    ValueError
        If `penalty_weights` is negative or of the wrong length, or X or y cannot be used.

    References
    ----------
    [zou2005], [friedman2010], [massias2018], [tan2019] §1.7.1

    Examples
    --------
    Of two equal columns the Lasso may choose either; the elastic net gives both the same.

    >>> import numpy as np
    >>> from panlearn.linear_model import ElasticNet
    >>> x = np.array([-2.0, -1.0, 1.0, 2.0])
    >>> ElasticNet(alpha=0.5, tol=1e-12).fit(np.column_stack([x, x]), 3 * x).coef_.round(3)
    array([1.381, 1.381])
    """

    _parameter_constraints: ClassVar[dict[str, list]] = {
        "alpha": [NONNEGATIVE],
        "l1_ratio": [UNIT],
        "fit_intercept": [BOOLEAN],
        "precompute": [BOOLEAN, ARRAY],
        "max_iter": [COUNT, None],
        "copy_X": [BOOLEAN],
        "tol": [NONNEGATIVE],
        "warm_start": [BOOLEAN],
        "positive": [BOOLEAN],
        "random_state": [RANDOM],
        "selection": [options("cyclic", "random")],
        "penalty_weights": [ARRAY, None],
    }

    def __init__(
        self,
        alpha: float = 1.0,
        *,
        l1_ratio: float = 0.5,
        fit_intercept: bool = True,
        precompute: Any = False,
        max_iter: int | None = 1000,
        copy_X: bool = True,
        tol: float = 1e-4,
        warm_start: bool = False,
        positive: bool = False,
        random_state: Any = None,
        selection: str = "cyclic",
        penalty_weights: Any = None,
    ) -> None:
        self.alpha = alpha
        self.l1_ratio = l1_ratio
        self.fit_intercept = fit_intercept
        self.precompute = precompute
        self.max_iter = max_iter
        self.copy_X = copy_X
        self.tol = tol
        self.warm_start = warm_start
        self.positive = positive
        self.random_state = random_state
        self.selection = selection
        self.penalty_weights = penalty_weights

    @validated
    def fit(self, X: Any, y: Any, sample_weight: Any = None, check_input: bool = True) -> "ElasticNet":
        """Fit the model.

        Parameters
        ----------
        X : array-like or sparse matrix of shape (n, p)
            Features. Arrays in Fortran order and CSC matrices are read as they are.
        y : array-like of shape (n,) or (n, targets)
            Targets; each is fitted for itself.
        sample_weight : float or array-like of shape (n,), optional
            Weights of the rows, at least 0; only their ratios matter.
        check_input : bool, default=True
            Whether X and y are checked and converted; without, both must be float arrays (or CSC).

        Returns
        -------
        ElasticNet
            The fitted estimator.
        """
        if self.alpha == 0:
            warnings.warn(
                "With alpha=0, this algorithm does not converge well. "
                "You are advised to use the LinearRegression estimator",
                stacklevel=2,
            )
        X, y, weight = self._checked(X, y, sample_weight, check_input)
        weights = self._column_weights(X.shape[1])
        columns = CentredColumns(X, weight, self.fit_intercept)
        if hasattr(self.precompute, "__array__") and not issparse(X):
            columns.accept_gram(np.asarray(self.precompute, dtype=np.float64))
        targets = y[:, None] if y.ndim == 1 else y
        direct = weights is None and (self.alpha == 0 or self._ratio == 0)
        solve = self._solve_directly if direct else self._descend
        start = self._start(targets.shape[1], X.shape[1])
        try:
            fits = [solve(columns, target, weights, start[k]) for k, target in enumerate(targets.T)]
        except OverflowError as error:
            assert_all_finite(X, input_name="X", estimator_name=type(self).__name__)
            raise DataError(
                "Coordinate descent iterations resulted in non-finite parameter values. The input data may contain "
                "large values and need to be preprocessed."
            ) from error
        self._store(fits, weights, X, y)
        return self

    @property
    def _ratio(self) -> float:
        return float(self.l1_ratio)

    def _checked(self, X: Any, y: Any, sample_weight: Any, check_input: bool) -> tuple[Any, np.ndarray, Any]:
        if check_input:
            if issparse(y):
                raise DataError("y must be dense; pass y.toarray().")
            X, y = validate_data(
                self,
                X,
                y,
                accept_sparse="csc",
                dtype=[np.float64, np.float32],
                ensure_all_finite=False,  # seen in the sums over the rows
                multi_output=True,
                y_numeric=True,
            )
            if issparse(X):
                assert_all_finite(X.data, input_name="X", estimator_name=type(self).__name__)
        if issparse(X) and not X.has_canonical_format:
            X = csc_matrix(X, copy=True)
            X.sum_duplicates()
        if sample_weight is None or isinstance(sample_weight, Number):
            return X, y, None
        weight = _check_sample_weight(sample_weight, X, dtype=np.float64, ensure_non_negative=True)
        if not weight.sum() > 0:
            raise DataError("sample_weight must have a positive sum; all weights are 0.")
        return X, y, weight

    def _column_weights(self, p: int) -> np.ndarray | None:
        if self.penalty_weights is None:
            return None
        weights = np.asarray(self.penalty_weights, dtype=np.float64)
        if weights.shape != (p,) or not (weights >= 0).all():
            raise DataError(
                f"penalty_weights must be {p} numbers in the range [0.0, inf], one for each column of X; got "
                f"{self.penalty_weights!r}."
            )
        return weights

    def _start(self, targets: int, p: int) -> Any:
        coef = np.atleast_2d(getattr(self, "coef_", 0.0)) if self.warm_start else np.zeros((1, 1))
        return coef if coef.shape == (targets, p) else [None] * targets

    def _descend(self, columns: CentredColumns, y: np.ndarray, weights: np.ndarray | None, start: Any) -> Any:
        """Weights, intercept, gap, sweeps and the gap asked for."""
        from panlearn.optimize.elastic_net import elastic_net_path  # compiles or loads kernels

        limit = self.tol * float(np.sum(columns.target(y)[0] ** 2))
        found = elastic_net_path(
            columns,
            y,
            np.array([self.alpha * self._ratio]),
            np.array([self.alpha * (1.0 - self._ratio)]),
            weights=weights,
            positive=self.positive,
            start=start,
            tol=self.tol,
            max_iter=self.max_iter or 1000,
        )
        return found.coefs[0], found.intercepts[0], found.gaps[0], int(found.sweeps[0]), limit

    def _solve_directly(self, columns: CentredColumns, y: np.ndarray, weights: np.ndarray | None, start: Any) -> Any:
        """The same by the normal equations or their stable forms: nothing is to be chosen."""
        X, weight = columns.X, columns.weight
        total = float(len(y) if weight is None else weight.sum())
        source = ArrayRows(X.tocsr() if issparse(X) else X, y, weight)
        found = least_squares.solve(
            source, np.array([self.alpha * total]), intercept=self.fit_intercept, positive=self.positive
        )
        w, (t, _) = found.coef[0], columns.target(y)
        used = np.flatnonzero(w)
        r = t - columns.combine(columns.take(used), used, w[used][:, None])[:, 0]
        fault = columns.pull(r[:, None])[:, 0] - self.alpha * w
        if self.positive:
            fault = np.where(w == 0, np.maximum(fault, 0.0), fault)
        gap = float(fault @ fault) / (2 * self.alpha or 1.0)
        return w, float(found.intercept[0]), gap, max(1, found.n_iter), np.finfo(float).max

    def _store(self, fits: list[Any], weights: np.ndarray | None, X: Any, y: np.ndarray) -> None:
        coefs, intercepts, gaps, sweeps, limits = zip(*fits, strict=True)
        dtype = X.dtype if X.dtype == np.float32 else np.dtype(np.float64)
        coef, intercept, gap = np.array(coefs, dtype), np.array(intercepts, dtype), np.array(gaps)
        factors = 1.0 if weights is None else np.where(np.isinf(weights), 0.0, weights)
        sizes = (np.abs(coef) * factors).sum(axis=1)
        single = len(coefs) == 1
        self.coef_, self.n_iter_ = (coef[0], sweeps[0]) if single else (coef, list(sweeps))
        self.dual_gap_ = float(gap[0]) if single else gap
        self.constraint_ = float(sizes[0]) if single else sizes
        self.intercept_ = intercept[0] if y.ndim == 1 else intercept
        if not self.fit_intercept:
            self.intercept_ = 0.0
        self.certificate_ = f"duality gap {gap.max():.0e}, sum of absolute weights {sizes.sum():.4g}"
        if any(gap > limit for gap, limit in zip(gaps, limits, strict=True)):
            self._warn_unconverged(f"the duality gap is {gap.max():.1e}", REMEDY)

    @property
    def sparse_coef_(self) -> csr_matrix:
        """`coef_` as a sparse matrix."""
        return csr_matrix(np.atleast_2d(self.coef_))

    @classmethod
    def _warm_kernels(cls) -> None:
        """Compile the kernels of coordinate descent."""
        X = np.random.default_rng(0).normal(size=(20, 5))
        cls(alpha=0.1).fit(X, X[:, 0])
