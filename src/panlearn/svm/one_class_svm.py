"""One-class support vector machine: a region that holds all but a share nu of the rows [scholkopf2001].

    minimise over w, rho, xi     1/2 |w|^2 - rho + 1/(nu n) sum_i xi_i,      w'phi(x_i) >= rho - xi_i,    xi_i >= 0

The hyperplane parts the rows from the origin of the feature space with the largest distance rho / |w|. nu bounds the
share of rows outside from above and the share of support vectors from below. The dual, scaled by nu n:

    minimise over alpha          1/2 alpha'K alpha,       0 <= alpha_i <= s_i,    sum_i alpha_i = nu sum_i s_i

For the rbf kernel it is the smallest ball around the rows as well, since all have the same length in feature space.

When it fails: a linear kernel on data around the origin, which no hyperplane parts from it; gamma so large that each
row is its own region.

Course notes: 000 §2.
"""

from typing import Any, ClassVar

import numpy as np
from sklearn.base import OutlierMixin
from sklearn.utils.validation import _num_samples

from panlearn.core.constraints import validated
from panlearn.core.registry import method
from panlearn.svm.dual_problem import DualProblem
from panlearn.svm.nu_svc import SHARE, filled
from panlearn.svm.support_vector_machine import SingleMachine


@method(
    "One-class support vector machine",
    tasks=(),  # no target to score it by
    notes=("000 2",),
    needs=("scaled",),
    cost=lambda n, p, k: 0.3 * n * n * (2 * p + 20),
)
class OneClassSVM(OutlierMixin, SingleMachine):
    """The region of high density, as the side of a hyperplane in feature space; outliers are outside.

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
        Stop when the KKT conditions are violated by no more.
    nu : float, default=0.5
        Most outliers and least support vectors among the rows of `fit`, as shares; in (0, 1].
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
        alpha of the support vectors.
    intercept_ : ndarray of shape (1,)
        -rho.
    offset_ : float
        rho: `decision_function` is `score_samples` less it.
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
    [scholkopf2001], [chang2011]; course notes 000 §2

    Examples
    --------
    >>> import numpy as np
    >>> from panlearn.svm import OneClassSVM
    >>> X = np.random.default_rng(0).normal(size=(200, 2))
    >>> model = OneClassSVM(nu=0.1).fit(X)
    >>> model.predict([[0.0, 0.0], [5.0, 5.0]])
    array([ 1, -1])
    """

    _parameter_constraints: ClassVar[dict[str, list]] = {**SingleMachine._parameter_constraints, "nu": [SHARE]}

    def __init__(
        self,
        *,
        kernel: Any = "rbf",
        degree: int = 3,
        gamma: Any = "scale",
        coef0: float = 0.0,
        tol: float = 1e-3,
        nu: float = 0.5,
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
        self.nu = nu
        self.shrinking = shrinking
        self.cache_size = cache_size
        self.verbose = verbose
        self.max_iter = max_iter

    @validated
    def fit(self, X: Any, y: Any = None, sample_weight: Any = None) -> "OneClassSVM":
        """Fit the model.

        Parameters
        ----------
        X : array-like or sparse matrix of shape (n, p)
            Features; for `kernel="precomputed"` the kernel matrix (n, n).
        y : object, optional
            Not used.
        sample_weight : array-like of shape (n,), optional
            Weights of the rows. Rows of weight 0 or below are left out.

        Returns
        -------
        OneClassSVM
            The fitted estimator.
        """
        rows = self._rows(X, np.ones(_num_samples(X)), sample_weight)
        upper, n = rows.weight, len(rows.weight)
        start = filled(upper, self.nu * upper.sum())
        self._fit_one(rows, DualProblem(np.arange(n), np.ones(n), np.zeros(n), upper, start))
        self.offset_ = -float(self.intercept_[0])
        return self

    def decision_function(self, X: Any) -> np.ndarray:
        """Signed distance to the hyperplane, up to the factor |w|.

        Parameters
        ----------
        X : array-like or sparse matrix of shape (n, p)
            Features; for `kernel="precomputed"` kernel values with the rows of `fit`.

        Returns
        -------
        ndarray of shape (n,)
            Positive inside.
        """
        return self._values(X)

    def score_samples(self, X: Any) -> np.ndarray:
        """The kernel expansion w'phi(x): the larger, the more like the rows of `fit`.

        Parameters
        ----------
        X : array-like or sparse matrix of shape (n, p)
            Features; for `kernel="precomputed"` kernel values with the rows of `fit`.

        Returns
        -------
        ndarray of shape (n,)
            Scores.
        """
        return self.decision_function(X) + self.offset_

    def predict(self, X: Any) -> np.ndarray:
        """Whether rows are inside.

        Parameters
        ----------
        X : array-like or sparse matrix of shape (n, p)
            Features; for `kernel="precomputed"` kernel values with the rows of `fit`.

        Returns
        -------
        ndarray of shape (n,)
            1 inside, -1 outside.
        """
        return np.where(self.decision_function(X) > 0, 1, -1)

    @classmethod
    def _warm_kernels(cls) -> None:
        cls().fit(np.random.default_rng(0).normal(size=(60, 3)))
