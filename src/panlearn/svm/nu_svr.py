"""Support vector regression whose tube is as wide as a share of errors needs [scholkopf2000].

    minimise over w, b, epsilon     1/2 |w|^2 + C (nu n epsilon + sum_i max(0, |y_i - w'phi(x_i) - b| - epsilon))

nu bounds the share of rows outside the tube from above, and the share of support vectors from below; epsilon follows.
In the dual, the alphas of rows above the tube and those of rows below it each add up to C nu sum_i s_i / 2.

Course notes: 000 §2.
"""

from typing import Any, ClassVar

import numpy as np

from panlearn.core.constraints import POSITIVE, validated
from panlearn.core.registry import method
from panlearn.svm.dual_problem import DualProblem
from panlearn.svm.nu_svc import SHARE, filled
from panlearn.svm.support_vector_machine import SingleMachine
from panlearn.svm.svr import SupportVectorRegressor


@method(
    "Nu support vector regression",
    tasks=("regression",),
    notes=("000 2",),
    needs=("scaled",),
    cost=lambda n, p, k: 0.7 * n * n * (2 * p + 20),
)
class NuSVR(SupportVectorRegressor):
    """Support vector regression in which nu bounds the share of rows outside the tube.

    Parameters
    ----------
    nu : float, default=0.5
        Most rows outside the tube and least support vectors, as shares; in (0, 1].
    C : float, default=1.0
        Price of an error, above 0.
    kernel : {"linear", "poly", "rbf", "laplacian", "sigmoid", "precomputed"} or callable, default="rbf"
        As for `SVC`.
    degree : int, default=3
        Degree of the polynomial.
    gamma : {"scale", "auto"} or float, default="scale"
        As for `SVC`.
    coef0 : float, default=0.0
        Constant of the polynomial and sigmoid kernels.
    shrinking : bool, default=True
        Let rows that look settled make way first in a block; for the time it takes, not for the answer.
    tol : float, default=1e-3
        Stop when the KKT conditions are violated by no more, in units of y.
    cache_size : float, default=200
        Megabytes for kernel values.
    verbose : bool, default=False
        Show progress.
    max_iter : int, default=-1
        Most steps; -1 for no limit.

    Attributes
    ----------
    epsilon_ : float
        Half the width of the tube.
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
        If a parameter or the data cannot be used.

    References
    ----------
    [scholkopf2000], [chang2011]; course notes 000 §2

    Examples
    --------
    A fifth of the rows may be outside the tube, however wide it has to be for that:

    >>> import numpy as np
    >>> from panlearn.svm import NuSVR
    >>> rng = np.random.default_rng(0)
    >>> X = rng.uniform(size=(100, 1))
    >>> model = NuSVR(nu=0.2, C=10.0, tol=1e-6).fit(X, X[:, 0] + rng.normal(size=100))
    >>> outside = np.abs(model.predict(X) - X[:, 0]) > model.epsilon_
    >>> 1.0 < model.epsilon_ < 2.0
    True
    """

    _parameter_constraints: ClassVar[dict[str, list]] = {
        **SingleMachine._parameter_constraints,
        "nu": [SHARE],
        "C": [POSITIVE],
    }

    def __init__(
        self,
        *,
        nu: float = 0.5,
        C: float = 1.0,
        kernel: Any = "rbf",
        degree: int = 3,
        gamma: Any = "scale",
        coef0: float = 0.0,
        shrinking: bool = True,
        tol: float = 1e-3,
        cache_size: float = 200,
        verbose: bool = False,
        max_iter: int = -1,
    ) -> None:
        self.nu = nu
        self.C = C
        self.kernel = kernel
        self.degree = degree
        self.gamma = gamma
        self.coef0 = coef0
        self.shrinking = shrinking
        self.tol = tol
        self.cache_size = cache_size
        self.verbose = verbose
        self.max_iter = max_iter

    @validated
    def fit(self, X: Any, y: Any, sample_weight: Any = None) -> "NuSVR":
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
        NuSVR
            The fitted estimator.
        """
        rows = self._rows(X, y, sample_weight, y_numeric=True)
        y, n = rows.y.astype(np.float64, copy=False), len(rows.y)
        upper = self.C * rows.weight
        problem = DualProblem(
            row=np.tile(np.arange(n), 2),
            sign=np.repeat([1.0, -1.0], n),
            offset=np.tile(-y, 2),
            upper=np.tile(upper, 2),
            start=np.tile(filled(upper, self.nu * upper.sum() / 2), 2),
            by_sign=True,
        )
        self.epsilon_ = -self._fit_one(rows, problem).rho_by_sign
        return self
