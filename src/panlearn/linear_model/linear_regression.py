"""Least squares: min_{w,b} 1/2 |y - Xw - b|^2, in closed form [legendre1805], [tan2019].

    gradient      X'(Xw - y) = 0
    solution      w* = (X'X)^-1 X'y            on centred columns; b = mean(y) - mean(x)'w

Cost: one pass over the rows for the Gram matrix X'X, n p^2 operations in BLAS-3, then p^3/3 for Cholesky. The normal
equations square the condition number of X; a pivot test catches the cases where that would cost accuracy, and the
answer then comes from a QR factorisation by row blocks and an SVD, as it does for p > n. Of the many solutions of a
rank-deficient problem it is the one of least norm. See `panlearn.optimize.least_squares`.

When it fails: outliers pull the line (squared error), correlated columns make single weights meaningless (use `Ridge`).

Course notes: 003 §1.1-1.3, 000 §3.1-3.2, 001 §2.
"""

from numbers import Integral
from typing import Any, ClassVar

import numpy as np

from panlearn.core.blocks import is_sparse
from panlearn.core.constraints import BOOLEAN, NONNEGATIVE, validated
from panlearn.core.registry import method
from panlearn.linear_model.linear_predictor import LinearPredictor


@method(
    "Linear regression (least squares)",
    tasks=("regression", "counts"),
    notes=("003 1.1-1.3", "000 3.1-3.2", "001 2"),
    cost=lambda n, p, k: n * p * min(n, p),
)
class LinearRegression(LinearPredictor):
    """Linear regression by least squares.

    Minimises 1/2 sum_i w_i (y_i - x_i'w - b)^2; of several minimisers it returns the one of least norm.

    Parameters
    ----------
    fit_intercept : bool, default=True
        Fit the intercept b; it is not part of the norm.
    copy_X : bool, default=True
        Kept for scikit-learn's signature: X is never changed.
    tol : float, default=1e-6
        Relative tolerance of LSQR, used only for sparse X with too many columns for a Gram matrix.
    n_jobs : int, default=None
        Kept for scikit-learn's signature: threads are set by `panlearn.threads`.
    positive : bool, default=False
        Restrict the coefficients to be at least 0.

    Attributes
    ----------
    coef_ : ndarray of shape (p,) or (targets, p)
        Weights, in units of y per unit of x.
    intercept_ : float or ndarray of shape (targets,)
        Value at x = 0.
    rank_ : int
        Numerical rank of the centred X; dense X only.
    singular_ : ndarray of shape (min(n, p),)
        Singular values of the centred X; dense X only.
    gradient_norm_ : float
        Certificate: largest component of the gradient X'(Xw + b - y), relative to the largest at w = 0.
    certificate_ : str
        The same in words.
    n_features_in_ : int
        Number of features.
    feature_names_in_ : ndarray of shape (p,)
        Names of the features, if X has string column names.

    Raises
    ------
    ValueError
        If X or y has NaN or infinite entries, no rows, or different numbers of rows.

    References
    ----------
    [legendre1805], [golub2013] chapter 5, [tan2019] §1.3

    Examples
    --------
    The six students of course note 003 §1.3:

    >>> from panlearn.linear_model import LinearRegression
    >>> X = [[78, 66], [70, 93], [61, 71], [73, 66], [79, 81], [93, 95]]
    >>> y = [77, 86, 60, 69, 70, 88]
    >>> model = LinearRegression().fit(X, y)
    >>> model.coef_.round(2), round(float(model.intercept_), 2)
    (array([0.42, 0.45]), 7.74)
    """

    _parameter_constraints: ClassVar[dict[str, list]] = {
        "fit_intercept": [BOOLEAN],
        "copy_X": [BOOLEAN],
        "tol": [NONNEGATIVE],
        "n_jobs": [None, Integral],
        "positive": [BOOLEAN],
    }

    def __init__(
        self,
        *,
        fit_intercept: bool = True,
        copy_X: bool = True,
        tol: float = 1e-6,
        n_jobs: int | None = None,
        positive: bool = False,
    ) -> None:
        self.fit_intercept = fit_intercept
        self.copy_X = copy_X
        self.tol = tol
        self.n_jobs = n_jobs
        self.positive = positive

    @validated
    def fit(self, X: Any, y: Any = None, sample_weight: Any = None) -> "LinearRegression":
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
        LinearRegression
            The fitted estimator.
        """
        source = self._source(X, y, sample_weight, multi_output=True, y_numeric=True)
        found = self._fit_least_squares(source, np.zeros(1), tol=self.tol)
        if found.rank >= 0 and not is_sparse(source):
            self.rank_ = found.rank
            self._spectrum: Any = found.gram if found.singular is None else found.singular
        return self

    @property
    def singular_(self) -> np.ndarray:
        """Singular values of the centred X, falling; of the Gram matrix, where that gave the solution."""
        if self._spectrum.ndim == 1:
            return self._spectrum
        return np.sqrt(np.maximum(np.linalg.eigvalsh(self._spectrum)[::-1], 0.0))
