"""Multi-task Lasso and elastic net: several targets that choose their features together [yuan2006], [obozinski2010].

    min_{W, b}  1/2 sum_i s_i |y_i - Wx_i - b|^2 + alpha (rho sum_j |w_j| + (1 - rho)/2 sum_j |w_j|^2),   sum_i s_i = 1

w_j holds the weights of feature j for all targets, and |w_j| is its length: rho = `l1_ratio` = 1 is the Lasso of whole
columns, so that a feature serves every target or none. Where the targets depend on the same features, each helps to
find them; where they do not, one Lasso for each target fits better. With one target it is the ordinary elastic net.

Solved by block coordinate descent over a working set (`optimize.block_coordinate_descent`): n p t operations for each
gradient of all columns, of which some five to ten are needed, and the rest on the working set alone.

Course notes: 003 §1.7.1.
"""

from numbers import Number
from typing import Any, ClassVar

import numpy as np
from scipy.sparse import csr_array, issparse
from sklearn.utils.validation import _check_sample_weight, validate_data

from panlearn.core.constraints import BOOLEAN, COUNT, NONNEGATIVE, RANDOM, UNIT, options, validated
from panlearn.core.errors import DataError
from panlearn.core.registry import method
from panlearn.core.threads import single_threaded_blas
from panlearn.linear_model.linear_predictor import LinearPredictor

UNCONVERGED = (
    "Objective did not converge. You might want to increase the number of iterations (max_iter), raise tol, or scale "
    "the features to a common range."
)


@method(
    "Multi-task elastic net",
    tasks=(),
    notes=("003 1.7.1",),
    needs=("scaled",),
    cost=lambda n, p, k: 10.0 * n * p * k,
)
class MultiTaskElasticNet(LinearPredictor):
    """Elastic net on the lengths of the features' weight vectors.

    Minimises 1/(2n) |Y - XW|^2 + alpha l1_ratio sum_j |w_j| + alpha (1 - l1_ratio)/2 sum_j |w_j|^2, scikit-learn's
    objective, over all targets at once.

    Parameters
    ----------
    alpha : float, default=1.0
        Strength of the penalty, at least 0.
    l1_ratio : float, default=0.5
        Share of the lengths in the penalty; the rest goes to their squares.
    fit_intercept : bool, default=True
        Fit an intercept for each target.
    copy_X : bool, default=True
        Kept for scikit-learn's signature: X is never changed.
    max_iter : int, default=1000
        Most sweeps over the working set.
    tol : float, default=1e-4
        Stop at a duality gap of `tol` times the mean square of the centred targets.
    warm_start : bool, default=False
        Start from the coefficients of the last fit.
    random_state : int, RandomState or None, default=None
        Kept for scikit-learn's signature, as `selection` is: nothing here is random.
    selection : {"cyclic", "random"}, default="cyclic"
        Not used: the working set decides on the order.

    Attributes
    ----------
    coef_ : ndarray of shape (targets, p)
        Weights; a feature that is left out has a column of zeros.
    intercept_ : ndarray of shape (targets,)
        Values at x = 0.
    dual_gap_ : float
        Certificate: the objective is at most this far from its minimum.
    eps_ : float
        The gap asked for, times the number of rows.
    n_iter_ : int
        Sweeps made.
    certificate_ : str
        The gap in words.
    n_features_in_ : int
        Number of features.
    feature_names_in_ : ndarray of shape (p,)
        Names of the features, if X has string column names.

    Raises
    ------
    ValueError
        If y is a vector, or a parameter or the data cannot be used.

    References
    ----------
    [yuan2006], [obozinski2010], [bertrand2021]

    Examples
    --------
    Both targets depend on the first feature, and only one weakly on the second: the targets decide together.

    >>> import numpy as np
    >>> from panlearn.linear_model import MultiTaskElasticNet
    >>> X = np.array([[1.0, 1.0], [1.0, -1.0], [-1.0, 1.0], [-1.0, -1.0]])
    >>> Y = np.column_stack([3 * X[:, 0], 4 * X[:, 0] + 0.3 * X[:, 1]])
    >>> MultiTaskElasticNet(alpha=1.0, l1_ratio=1.0).fit(X, Y).coef_.round(6).tolist()
    [[2.4, 0.0], [3.2, 0.0]]
    """

    _parameter_constraints: ClassVar[dict[str, list]] = {
        "alpha": [NONNEGATIVE],
        "l1_ratio": [UNIT],
        "fit_intercept": [BOOLEAN],
        "copy_X": [BOOLEAN],
        "max_iter": [COUNT],
        "tol": [NONNEGATIVE],
        "warm_start": [BOOLEAN],
        "random_state": [RANDOM],
        "selection": [options("cyclic", "random")],
    }

    def __init__(
        self,
        alpha: float = 1.0,
        *,
        l1_ratio: float = 0.5,
        fit_intercept: bool = True,
        copy_X: bool = True,
        max_iter: int = 1000,
        tol: float = 1e-4,
        warm_start: bool = False,
        random_state: Any = None,
        selection: str = "cyclic",
    ) -> None:
        self.alpha = alpha
        self.l1_ratio = l1_ratio
        self.fit_intercept = fit_intercept
        self.copy_X = copy_X
        self.max_iter = max_iter
        self.tol = tol
        self.warm_start = warm_start
        self.random_state = random_state
        self.selection = selection

    @validated
    def fit(self, X: Any, y: Any, sample_weight: Any = None) -> "MultiTaskElasticNet":
        """Fit the model.

        Parameters
        ----------
        X : array-like or sparse matrix of shape (n, p)
            Features.
        y : array-like of shape (n, targets)
            Targets.
        sample_weight : float or array-like of shape (n,), optional
            Weights of the rows, at least 0.

        Returns
        -------
        MultiTaskElasticNet
            The fitted estimator.
        """
        from panlearn.linear_model.path_cross_validation import ColumnProblem
        from panlearn.optimize.block_coordinate_descent import block_path

        X, y, weight = checked(self, X, y, sample_weight, several=True)
        start = getattr(self, "coef_", None) if self.warm_start else None
        start = start if start is not None and start.shape == (y.shape[1], X.shape[1]) else None
        with single_threaded_blas():
            problem = ColumnProblem(X, y, weight, self.fit_intercept)
            share, source = self._share(), problem.source
            strengths = (np.array([self.alpha * share]), np.array([self.alpha * (1.0 - share)]))
            found = block_path(source, *strengths, start=start, tol=self.tol, max_iter=self.max_iter)
        self.coef_ = np.asfortranarray(found.coefs[0], dtype=X.dtype)
        intercept = source.y_mean - found.coefs[0] @ problem.columns.mean
        self.intercept_ = intercept.astype(X.dtype) if self.fit_intercept else np.zeros(len(intercept), X.dtype)
        self.n_iter_, self.dual_gap_ = int(found.sweeps[0]), float(found.gaps[0])
        self.eps_ = self.tol * source.y_square * len(y)
        self.certificate_ = f"duality gap {self.dual_gap_:.0e} of objective at zero {source.y_square / 2:.4g}"
        if self.dual_gap_ > self.tol * source.y_square:
            self._warn_unconverged(f"the duality gap is {self.dual_gap_:.1e}", UNCONVERGED)
        return self

    def _share(self) -> float:
        return float(self.l1_ratio)

    @property
    def sparse_coef_(self) -> csr_array:
        """`coef_` as a sparse array."""
        return csr_array(self.coef_)

    @classmethod
    def _warm_kernels(cls) -> None:
        """Compile the kernels of block coordinate descent."""
        X = np.random.default_rng(0).normal(size=(20, 5))
        cls(alpha=0.1).fit(X, X[:, :2])

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.target_tags.multi_output, tags.target_tags.single_output = True, False
        return tags


@method(
    "Multi-task Lasso",
    tasks=(),
    notes=("003 1.7.1",),
    needs=("scaled",),
    cost=lambda n, p, k: 10.0 * n * p * k,
)
class MultiTaskLasso(MultiTaskElasticNet):
    """Lasso on the lengths of the features' weight vectors: a feature serves all targets or none.

    Minimises 1/(2n) |Y - XW|^2 + alpha sum_j |w_j|.

    Parameters
    ----------
    alpha : float, default=1.0
        Strength of the penalty, at least 0.
    fit_intercept : bool, default=True
        Fit an intercept for each target.
    copy_X : bool, default=True
        Kept for scikit-learn's signature: X is never changed.
    max_iter : int, default=1000
        Most sweeps over the working set.
    tol : float, default=1e-4
        Stop at a duality gap of `tol` times the mean square of the centred targets.
    warm_start : bool, default=False
        Start from the coefficients of the last fit.
    random_state : int, RandomState or None, default=None
        Kept for scikit-learn's signature, as `selection` is: nothing here is random.
    selection : {"cyclic", "random"}, default="cyclic"
        Not used: the working set decides on the order.

    Attributes
    ----------
    coef_ : ndarray of shape (targets, p)
        Weights; a feature that is left out has a column of zeros.
    intercept_ : ndarray of shape (targets,)
        Values at x = 0.
    dual_gap_ : float
        Certificate: the objective is at most this far from its minimum.
    eps_ : float
        The gap asked for, times the number of rows.
    n_iter_ : int
        Sweeps made.
    certificate_ : str
        The gap in words.
    n_features_in_ : int
        Number of features.
    feature_names_in_ : ndarray of shape (p,)
        Names of the features, if X has string column names.

    Raises
    ------
    ValueError
        If y is a vector, or a parameter or the data cannot be used.

    References
    ----------
    [yuan2006], [obozinski2010], [bertrand2021]

    Examples
    --------
    Orthogonal features: correlations (3, 4) of length 5 shrink to length 4, along their own direction.

    >>> import numpy as np
    >>> from panlearn.linear_model import MultiTaskLasso
    >>> X = np.array([[1.0, 1.0], [1.0, -1.0], [-1.0, 1.0], [-1.0, -1.0]])
    >>> MultiTaskLasso(alpha=1.0).fit(X, np.column_stack([3 * X[:, 0], 4 * X[:, 0]])).coef_.round(6).tolist()
    [[2.4, 0.0], [3.2, 0.0]]
    """

    _parameter_constraints: ClassVar[dict[str, list]] = {
        name: rule for name, rule in MultiTaskElasticNet._parameter_constraints.items() if name != "l1_ratio"
    }

    def __init__(
        self,
        alpha: float = 1.0,
        *,
        fit_intercept: bool = True,
        copy_X: bool = True,
        max_iter: int = 1000,
        tol: float = 1e-4,
        warm_start: bool = False,
        random_state: Any = None,
        selection: str = "cyclic",
    ) -> None:
        self.alpha = alpha
        self.fit_intercept = fit_intercept
        self.copy_X = copy_X
        self.max_iter = max_iter
        self.tol = tol
        self.warm_start = warm_start
        self.random_state = random_state
        self.selection = selection

    def _share(self) -> float:
        return 1.0


def checked(model: Any, X: Any, y: Any, sample_weight: Any, *, several: bool) -> tuple[Any, np.ndarray, Any]:
    """Data of a fit with one or with `several` targets, sparse X by columns; a number as weight means none."""
    if issparse(y):
        raise DataError("y must be dense; pass y.toarray().")
    dtypes = [np.float64, np.float32]
    X, y = validate_data(model, X, y, accept_sparse="csc", dtype=dtypes, multi_output=True, y_numeric=True)
    if several and y.ndim == 1:
        name = type(model).__name__.removeprefix("MultiTask")
        raise DataError(f"For mono-task outputs, use {name}; y has shape {y.shape}.")
    if sample_weight is None or isinstance(sample_weight, Number):
        return X, np.asarray(y, dtype=np.float64), None
    weight = _check_sample_weight(sample_weight, X, dtype=np.float64, ensure_non_negative=True)
    return X, np.asarray(y, dtype=np.float64), weight
