"""Lasso: least squares with a penalty on the absolute values of the weights [tibshirani1996].

    min_{w,b}  1/(2n) sum_i (y_i - b - x_i'w)^2 + alpha sum_j c_j |w_j|

The corners of {w : sum_j c_j |w_j| <= t} lie on the axes, and the ellipses of equal error touch it there: most weights
are exactly 0, so the Lasso chooses columns while it fits. A weight stays 0 while |x_j'r| / n <= alpha c_j. All are 0
from alpha = max_j |x_j'y| / (n c_j) on, and at most n weights differ from 0 for columns in general position.

It is the elastic net with l1_ratio = 1, and solved as such. Course notes: 003 §1.7.1, 000 §3.4, 002 (L1/L2).
"""

from typing import Any, ClassVar

from panlearn.core.registry import method
from panlearn.linear_model.elastic_net import ElasticNet


@method(
    "Lasso",
    tasks=("regression", "counts"),
    notes=("003 1.7.1", "000 3.4", "002 L1/L2"),
    needs=("scaled",),
    cost=lambda n, p, k: 20.0 * n * p,
    settings={"alpha": 0.01},
)
class Lasso(ElasticNet):
    """Least squares with an L1 penalty on the weights: a linear model that uses few columns.

    Minimises 1/(2n) sum_i (y_i - b - x_i'w)^2 + alpha sum_j c_j |w_j|, with row weights s_i in the place of 1/n as
    s_i / sum(s). c are the penalty weights, 1 by default.

    Parameters
    ----------
    alpha : float, default=1.0
        Strength of the penalty, at least 0. 0 means least squares, for which `LinearRegression` is the right class.
    fit_intercept : bool, default=True
        Fit the intercept b, which is never penalised.
    precompute : bool or array-like of shape (p, p), default=False
        The Gram matrix X'X of the (weighted, centred) columns, if it is known. True and False mean the same: only the
        products of the columns in use are computed.
    copy_X : bool, default=True
        Kept for scikit-learn's signature: X is never changed.
    max_iter : int, default=1000
        Most sweeps of coordinate descent over the working set.
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
        c, at least 0. A column of weight 0 is not penalised; one of infinite weight is left out. Weights 1/|w_j| of a
        first fit give the adaptive Lasso.

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
        t = sum_j c_j |w_j|: w also minimises the squared error subject to sum_j c_j |w_j| <= t.
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
    [tibshirani1996], [friedman2010], [massias2018], [tan2019] §1.7.1

    Examples
    --------
    Only the columns that matter keep a weight, which is shrunken by alpha in units of the column's variance.

    >>> import numpy as np
    >>> from panlearn.linear_model import Lasso
    >>> X = np.array([[1, 1, 1], [1, -1, -1], [-1, 1, -1], [-1, -1, 1]])
    >>> Lasso(alpha=0.5).fit(X, 3 * X[:, 0] - 0.4 * X[:, 1]).coef_
    array([2.5, 0. , 0. ])
    """

    _parameter_constraints: ClassVar[dict[str, list]] = {
        name: allowed for name, allowed in ElasticNet._parameter_constraints.items() if name != "l1_ratio"
    }

    def __init__(
        self,
        alpha: float = 1.0,
        *,
        fit_intercept: bool = True,
        precompute: Any = False,
        copy_X: bool = True,
        max_iter: int | None = 1000,
        tol: float = 1e-4,
        warm_start: bool = False,
        positive: bool = False,
        random_state: Any = None,
        selection: str = "cyclic",
        penalty_weights: Any = None,
    ) -> None:
        self.alpha = alpha
        self.fit_intercept = fit_intercept
        self.precompute = precompute
        self.copy_X = copy_X
        self.max_iter = max_iter
        self.tol = tol
        self.warm_start = warm_start
        self.positive = positive
        self.random_state = random_state
        self.selection = selection
        self.penalty_weights = penalty_weights

    @property
    def _ratio(self) -> float:
        return 1.0
