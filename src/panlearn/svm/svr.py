"""Support vector regression: errors up to epsilon cost nothing [drucker1997], [smola2004].

    minimise over w, b     1/2 |w|^2 + C sum_i s_i max(0, |y_i - w'phi(x_i) - b| - epsilon)

Each row has two Lagrange multipliers, alpha_i for y above the tube of width 2 epsilon and alpha*_i for y below it, of
which one is 0: beta_i = alpha_i - alpha*_i, and rows inside the tube are no support vectors. The dual:

    minimise over alpha, alpha*     1/2 beta'K beta + epsilon sum_i (alpha_i + alpha*_i) - y'beta
    subject to                      0 <= alpha, alpha* <= C s_i,    sum_i beta_i = 0

Cost: as `SVC` with twice the variables, but the same kernel values. When it fails: y on a scale for which epsilon and C
are not meant (scale y), or features on unlike scales.

Course notes: 000 §2.
"""

from typing import Any, ClassVar

import numpy as np
from sklearn.base import RegressorMixin

from panlearn.core.constraints import NONNEGATIVE, POSITIVE_OR_INF, validated
from panlearn.core.registry import method
from panlearn.svm.dual_problem import DualProblem
from panlearn.svm.support_vector_machine import SingleMachine


class SupportVectorRegressor(RegressorMixin, SingleMachine):
    """Base of `SVR` and `NuSVR`."""

    def fit(self, X: Any, y: Any, sample_weight: Any = None) -> "SupportVectorRegressor":
        """Fit the model."""
        raise NotImplementedError

    def predict(self, X: Any) -> np.ndarray:
        """Predict targets.

        Parameters
        ----------
        X : array-like or sparse matrix of shape (n, p)
            Features; for `kernel="precomputed"` kernel values with the rows of `fit`.

        Returns
        -------
        ndarray of shape (n,)
            f(x).
        """
        return self._values(X)

    @classmethod
    def _warm_kernels(cls) -> None:
        rng = np.random.default_rng(0)
        X = rng.normal(size=(60, 3))
        cls().fit(X, X[:, 0] + rng.normal(size=60))


@method(
    "Support vector regression",
    tasks=("regression",),
    notes=("000 2",),
    needs=("scaled",),
    cost=lambda n, p, k: 0.5 * n * n * (2 * p + 20),
)
class SVR(SupportVectorRegressor):
    """Regression by a function that stays within epsilon of most targets and is as flat as it can be.

    Parameters
    ----------
    kernel : {"linear", "poly", "rbf", "laplacian", "sigmoid", "precomputed"} or callable, default="rbf"
        As for `SVC`.
    degree : int, default=3
        Degree of the polynomial.
    gamma : {"scale", "auto"} or float, default="scale"
        As for `SVC`.
    coef0 : float, default=0.0
        Constant of the polynomial and sigmoid kernels.
    tol : float, default=1e-3
        Stop when the KKT conditions are violated by no more, in units of y.
    C : float, default=1.0
        Price of an error beyond epsilon, above 0; inf allows none.
    epsilon : float, default=0.1
        Error that costs nothing, in units of y, at least 0.
    shrinking : bool, default=True
        Let rows that look settled make way first in a block; for the time it takes, not for the answer.
    cache_size : float, default=200
        Megabytes for kernel values.
    verbose : bool, default=False
        Show progress.
    max_iter : int, default=-1
        Most steps; -1 for no limit.

    Attributes
    ----------
    support_ : ndarray of shape (m,)
        Rows that are support vectors.
    support_vectors_ : ndarray or sparse matrix of shape (m, p)
        These rows.
    n_support_ : ndarray of shape (1,)
        How many there are.
    dual_coef_ : ndarray or sparse matrix of shape (1, m)
        beta of the support vectors.
    intercept_ : ndarray of shape (1,)
        b.
    coef_ : ndarray or sparse matrix of shape (1, p)
        w, for the linear kernel.
    kkt_violation_ : float
        Certificate: largest violation of the KKT conditions, what `tol` bounds.
    duality_gap_ : float
        Certificate: primal minus dual objective.
    objective_ : float
        Value of the dual's minimisation.
    certificate_ : str
        The same in words.
    n_iter_ : int
        Steps.
    fit_status_ : int
        0 if it converged.
    shape_fit_ : tuple of int
        Shape of X in `fit`.
    n_features_in_ : int
        Number of features.
    feature_names_in_ : ndarray of shape (p,)
        Names of the features, if X has string column names.

    Raises
    ------
    ValueError
        If the data cannot be used, or C is inf and no function stays within epsilon.

    References
    ----------
    [drucker1997], [smola2004]; course notes 000 §2

    Examples
    --------
    Rows within epsilon of the line are no support vectors:

    >>> import numpy as np
    >>> from panlearn.svm import SVR
    >>> X = np.arange(9.0)[:, None]
    >>> model = SVR(kernel="linear", epsilon=0.5, C=10.0).fit(X, 2 * X[:, 0])
    >>> model.support_.tolist(), round(float(model.coef_[0, 0]), 3)
    ([0, 8], 1.875)
    """

    _parameter_constraints: ClassVar[dict[str, list]] = {
        **SingleMachine._parameter_constraints,
        "C": [POSITIVE_OR_INF],
        "epsilon": [NONNEGATIVE],
    }

    def __init__(
        self,
        *,
        kernel: Any = "rbf",
        degree: int = 3,
        gamma: Any = "scale",
        coef0: float = 0.0,
        tol: float = 1e-3,
        C: float = 1.0,
        epsilon: float = 0.1,
        shrinking: bool = True,
        cache_size: float = 200,
        verbose: bool = False,
        max_iter: int = -1,
    ) -> None:
        self.kernel = kernel
        self.degree = degree
        self.gamma = gamma
        self.coef0 = coef0
        self.tol = tol
        self.C = C
        self.epsilon = epsilon
        self.shrinking = shrinking
        self.cache_size = cache_size
        self.verbose = verbose
        self.max_iter = max_iter

    @validated
    def fit(self, X: Any, y: Any, sample_weight: Any = None) -> "SVR":
        """Fit the model.

        Parameters
        ----------
        X : array-like or sparse matrix of shape (n, p)
            Features; for `kernel="precomputed"` the kernel matrix (n, n).
        y : array-like of shape (n,)
            Targets.
        sample_weight : array-like of shape (n,), optional
            Factors on C, row by row. Rows of weight 0 or below are left out.

        Returns
        -------
        SVR
            The fitted estimator.
        """
        rows = self._rows(X, y, sample_weight, y_numeric=True)
        y, n = rows.y.astype(np.float64, copy=False), len(rows.y)
        problem = DualProblem(
            row=np.tile(np.arange(n), 2),
            sign=np.repeat([1.0, -1.0], n),
            offset=np.concatenate([self.epsilon - y, -self.epsilon - y]),
            upper=np.tile(self.C * rows.weight, 2),
            start=np.zeros(2 * n),
        )
        self._fit_one(rows, problem)
        return self
