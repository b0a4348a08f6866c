"""Lasso and elastic net whose penalty is chosen by cross-validation [tibshirani1996], [stone1974], [friedman2010].

    min_{w, b}  1/2 sum_i s_i (y_i - x_i'w - b)^2 + alpha (rho |w|_1 + (1 - rho)/2 |w|^2),     sum_i s_i = 1

For each share rho of L1 a falling grid of strengths alpha is fitted on the rows outside each fold, every solution the
start of the next. The pair of least mean error on the rows held out is then fitted on all rows.

With many rows, no fold reads them twice: the path and the held-out errors follow from X'X, X'y and y'y, and those of
the rows outside a fold are the sums over all folds less the fold's own (`path_cross_validation`). So the cost is n p^2
once, and what 100 strengths and any number of folds add does not depend on n. With more columns than that pays for,
the paths run on the columns of X with a weight of 0 for the rows held out.

Cross-validation chooses for prediction: it tends to keep some features too many.

Course notes: 003 §1.7.1, 002 (L1/L2, choice of hyperparameters).
"""

from numbers import Integral
from typing import Any, ClassVar

from panlearn.core.constraints import (
    ARRAY,
    BOOLEAN,
    COUNT,
    NONNEGATIVE,
    POSITIVE,
    RANDOM,
    UNIT,
    VERBOSE,
    options,
    validated,
)
from panlearn.core.registry import method
from panlearn.linear_model.path_cv import PathCV


@method(
    "Lasso, cross-validated",
    tasks=("regression",),
    notes=("003 1.7.1", "002 L1/L2"),
    needs=("scaled",),
    cost=lambda n, p, k: 2.0 * n * p * min(n, p) * k,
)
class LassoCV(PathCV):
    """Lasso whose strength is chosen by cross-validation.

    Minimises 1/(2n) |y - Xw - b|^2 + alpha |w|_1 at the alpha of least held-out error.

    Parameters
    ----------
    eps : float, default=1e-3
        Least strength of the grid, as a share of the largest.
    alphas : int or array-like, default=100
        Number of strengths in the grid, or the strengths themselves.
    fit_intercept : bool, default=True
        Fit an intercept.
    precompute : {"auto"}, bool or array-like, default="auto"
        Whether Gram matrices are formed; "auto" decides by shape. A matrix given here means True: each fold needs its
        own.
    max_iter : int, default=1000
        Most sweeps for one strength.
    tol : float, default=1e-4
        Stop at a duality gap of `tol` times the mean square of the centred target.
    copy_X : bool, default=True
        Kept for scikit-learn's signature: X is never changed.
    cv : int, splitter or iterable, default=None
        Folds: a number (5 by default), a splitter of scikit-learn, or pairs of train and test rows.
    verbose : bool or int, default=False
        Kept for scikit-learn's signature.
    n_jobs : int, default=None
        Not used: threads are set by `panlearn.threads`.
    positive : bool, default=False
        Restrict the weights to be at least 0.
    random_state : int, RandomState or None, default=None
        Kept for scikit-learn's signature, as `selection` is: nothing here is random.
    selection : {"cyclic", "random"}, default="cyclic"
        Not used: the working set decides on the order.

    Attributes
    ----------
    alpha_ : float
        Strength of least held-out error.
    mse_path_ : ndarray of shape (strengths, folds)
        Held-out mean squared errors.
    alphas_ : ndarray of shape (strengths,)
        The grid, falling.
    coef_ : ndarray of shape (p,)
        Weights, fitted on all rows.
    intercept_ : float
        Value at x = 0.
    dual_gap_ : float
        Certificate: the objective is at most this far from its minimum.
    n_iter_ : int
        Sweeps of the last fit.
    certificate_ : str
        The gap in words.
    n_features_in_ : int
        Number of features.
    feature_names_in_ : ndarray of shape (p,)
        Names of the features, if X has string column names.

    Raises
    ------
    ValueError
        If y has several columns, a fold has no rows, or a parameter or the data cannot be used.

    References
    ----------
    [tibshirani1996], [stone1974], [friedman2010]

    Examples
    --------
    One feature of five matters. The strength is chosen for prediction, which tends to keep a feature too many:

    >>> import numpy as np
    >>> from panlearn.linear_model import LassoCV
    >>> rng = np.random.default_rng(0)
    >>> X = rng.normal(size=(200, 5))
    >>> model = LassoCV(alphas=[0.01, 0.2, 1.0]).fit(X, 2 * X[:, 1] + 2 * rng.normal(size=200))
    >>> model.alpha_, np.flatnonzero(model.coef_).tolist()
    (0.2, [1, 4])
    """

    _parameter_constraints: ClassVar[dict[str, list]] = {
        "eps": [POSITIVE],
        "alphas": [COUNT, ARRAY],
        "fit_intercept": [BOOLEAN],
        "precompute": [options("auto"), ARRAY, BOOLEAN],
        "max_iter": [COUNT],
        "tol": [NONNEGATIVE],
        "copy_X": [BOOLEAN],
        "cv": ["cv_object"],
        "verbose": [VERBOSE],
        "n_jobs": [None, Integral],
        "positive": [BOOLEAN],
        "random_state": [RANDOM],
        "selection": [options("cyclic", "random")],
    }

    def __init__(
        self,
        *,
        eps: float = 1e-3,
        alphas: Any = 100,
        fit_intercept: bool = True,
        precompute: Any = "auto",
        max_iter: int = 1000,
        tol: float = 1e-4,
        copy_X: bool = True,
        cv: Any = None,
        verbose: Any = False,
        n_jobs: int | None = None,
        positive: bool = False,
        random_state: Any = None,
        selection: str = "cyclic",
    ) -> None:
        self.eps = eps
        self.alphas = alphas
        self.fit_intercept = fit_intercept
        self.precompute = precompute
        self.max_iter = max_iter
        self.tol = tol
        self.copy_X = copy_X
        self.cv = cv
        self.verbose = verbose
        self.n_jobs = n_jobs
        self.positive = positive
        self.random_state = random_state
        self.selection = selection

    @validated
    def fit(self, X: Any, y: Any, sample_weight: Any = None, **params: Any) -> "LassoCV":
        """Choose the penalty by cross-validation, then fit all rows with it.

        Parameters
        ----------
        X : array-like or sparse matrix of shape (n, p)
            Features.
        y : array-like of shape (n,)
            Target.
        sample_weight : float or array-like of shape (n,), optional
            Weights of the rows, at least 0, in the fits and in the held-out errors.
        **params : dict
            Parameters of the splitter, as `groups`, if scikit-learn's metadata routing is enabled.

        Returns
        -------
        LassoCV
            The fitted estimator.
        """
        return self._fit(X, y, sample_weight, params)


@method(
    "Elastic net, cross-validated",
    tasks=("regression",),
    notes=("003 1.7.1", "002 L1/L2"),
    needs=("scaled",),
    cost=lambda n, p, k: 2.0 * n * p * min(n, p) * k,
)
class ElasticNetCV(PathCV):
    """Elastic net whose strength and share of L1 are chosen by cross-validation.

    Minimises 1/(2n) |y - Xw - b|^2 + alpha (l1_ratio |w|_1 + (1 - l1_ratio)/2 |w|^2).

    Parameters
    ----------
    l1_ratio : float or list of float, default=0.5
        Share of L1 in the penalty; of several, cross-validation chooses one.
    eps : float, default=1e-3
        Least strength of the grid, as a share of the largest.
    alphas : int or array-like, default=100
        Number of strengths in the grid, or the strengths themselves.
    fit_intercept : bool, default=True
        Fit an intercept.
    precompute : {"auto"}, bool or array-like, default="auto"
        Whether Gram matrices are formed; "auto" decides by shape. A matrix given here means True: each fold needs its
        own.
    max_iter : int, default=1000
        Most sweeps for one strength.
    tol : float, default=1e-4
        Stop at a duality gap of `tol` times the mean square of the centred target.
    cv : int, splitter or iterable, default=None
        Folds: a number (5 by default), a splitter of scikit-learn, or pairs of train and test rows.
    copy_X : bool, default=True
        Kept for scikit-learn's signature: X is never changed.
    verbose : bool or int, default=False
        Kept for scikit-learn's signature.
    n_jobs : int, default=None
        Not used: threads are set by `panlearn.threads`.
    positive : bool, default=False
        Restrict the weights to be at least 0.
    random_state : int, RandomState or None, default=None
        Kept for scikit-learn's signature, as `selection` is: nothing here is random.
    selection : {"cyclic", "random"}, default="cyclic"
        Not used: the working set decides on the order.

    Attributes
    ----------
    alpha_ : float
        Strength of least held-out error.
    l1_ratio_ : float
        Share of L1 of least held-out error.
    mse_path_ : ndarray of shape (strengths, folds) or (ratios, strengths, folds)
        Held-out mean squared errors.
    alphas_ : ndarray of shape (strengths,) or (ratios, strengths)
        The grid, falling.
    coef_ : ndarray of shape (p,)
        Weights, fitted on all rows.
    intercept_ : float
        Value at x = 0.
    dual_gap_ : float
        Certificate: the objective is at most this far from its minimum.
    n_iter_ : int
        Sweeps of the last fit.
    certificate_ : str
        The gap in words.
    n_features_in_ : int
        Number of features.
    feature_names_in_ : ndarray of shape (p,)
        Names of the features, if X has string column names.

    Raises
    ------
    ValueError
        If y has several columns, a fold has no rows, or a parameter or the data cannot be used.

    References
    ----------
    [zou2005], [stone1974], [friedman2010]

    Examples
    --------
    Where all features matter, a larger share of L2 predicts better:

    >>> import numpy as np
    >>> from panlearn.linear_model import ElasticNetCV
    >>> rng = np.random.default_rng(0)
    >>> X = rng.normal(size=(40, 30))
    >>> ElasticNetCV(l1_ratio=[0.1, 0.9]).fit(X, X.sum(axis=1) + 3 * rng.normal(size=40)).l1_ratio_
    0.1
    """

    _parameter_constraints: ClassVar[dict[str, list]] = {
        "l1_ratio": [UNIT, ARRAY],
        "eps": [POSITIVE],
        "alphas": [COUNT, ARRAY],
        "fit_intercept": [BOOLEAN],
        "precompute": [options("auto"), ARRAY, BOOLEAN],
        "max_iter": [COUNT],
        "tol": [NONNEGATIVE],
        "cv": ["cv_object"],
        "copy_X": [BOOLEAN],
        "verbose": [VERBOSE],
        "n_jobs": [None, Integral],
        "positive": [BOOLEAN],
        "random_state": [RANDOM],
        "selection": [options("cyclic", "random")],
    }

    def __init__(
        self,
        *,
        l1_ratio: Any = 0.5,
        eps: float = 1e-3,
        alphas: Any = 100,
        fit_intercept: bool = True,
        precompute: Any = "auto",
        max_iter: int = 1000,
        tol: float = 1e-4,
        cv: Any = None,
        copy_X: bool = True,
        verbose: Any = False,
        n_jobs: int | None = None,
        positive: bool = False,
        random_state: Any = None,
        selection: str = "cyclic",
    ) -> None:
        self.l1_ratio = l1_ratio
        self.eps = eps
        self.alphas = alphas
        self.fit_intercept = fit_intercept
        self.precompute = precompute
        self.max_iter = max_iter
        self.tol = tol
        self.cv = cv
        self.copy_X = copy_X
        self.verbose = verbose
        self.n_jobs = n_jobs
        self.positive = positive
        self.random_state = random_state
        self.selection = selection

    @validated
    def fit(self, X: Any, y: Any, sample_weight: Any = None, **params: Any) -> "ElasticNetCV":
        """Choose the penalty by cross-validation, then fit all rows with it.

        Parameters
        ----------
        X : array-like or sparse matrix of shape (n, p)
            Features.
        y : array-like of shape (n,)
            Target.
        sample_weight : float or array-like of shape (n,), optional
            Weights of the rows, at least 0, in the fits and in the held-out errors.
        **params : dict
            Parameters of the splitter, as `groups`, if scikit-learn's metadata routing is enabled.

        Returns
        -------
        ElasticNetCV
            The fitted estimator.
        """
        return self._fit(X, y, sample_weight, params)
