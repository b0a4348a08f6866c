"""Multi-task Lasso and elastic net whose penalty is chosen by cross-validation [yuan2006], [stone1974].

The objective is that of `multi_task_lasso`, the grid, the folds and the choice those of `lasso_cv`; the held-out error
is the mean over the targets. With many rows the paths run on moments, as there.

Course notes: 003 §1.7.1, 002 (choice of hyperparameters).
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
    "Multi-task elastic net, cross-validated",
    tasks=(),
    notes=("003 1.7.1", "002 L1/L2"),
    needs=("scaled",),
    cost=lambda n, p, k: 2.0 * n * p * min(n, p) * k,
)
class MultiTaskElasticNetCV(PathCV):
    """Multi-task elastic net whose strength and share of L1 are chosen by cross-validation.

    Minimises the objective of `MultiTaskElasticNet` at the strength and the share of least held-out error.

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
    coef_ : ndarray of shape (targets, p)
        Weights, fitted on all rows.
    intercept_ : ndarray of shape (targets,)
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
        If y has one column only, a fold has no rows, or a parameter or the data cannot be used.

    References
    ----------
    [yuan2006], [obozinski2010], [stone1974]

    Examples
    --------
    >>> import numpy as np
    >>> from panlearn.linear_model import MultiTaskElasticNetCV
    >>> rng = np.random.default_rng(0)
    >>> X = rng.normal(size=(200, 5))
    >>> Y = 2 * X[:, [1]] + rng.normal(size=(200, 3))
    >>> model = MultiTaskElasticNetCV(l1_ratio=[0.1, 0.9]).fit(X, Y)
    >>> model.l1_ratio_, model.mse_path_.shape  # few features matter: more of L1
    (0.9, (2, 100, 5))
    """

    several = True
    _parameter_constraints: ClassVar[dict[str, list]] = {
        "l1_ratio": [UNIT, ARRAY],
        "eps": [POSITIVE],
        "alphas": [COUNT, ARRAY],
        "fit_intercept": [BOOLEAN],
        "max_iter": [COUNT],
        "tol": [NONNEGATIVE],
        "cv": ["cv_object"],
        "copy_X": [BOOLEAN],
        "verbose": [VERBOSE],
        "n_jobs": [None, Integral],
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
        max_iter: int = 1000,
        tol: float = 1e-4,
        cv: Any = None,
        copy_X: bool = True,
        verbose: Any = False,
        n_jobs: int | None = None,
        random_state: Any = None,
        selection: str = "cyclic",
    ) -> None:
        self.l1_ratio = l1_ratio
        self.eps = eps
        self.alphas = alphas
        self.fit_intercept = fit_intercept
        self.max_iter = max_iter
        self.tol = tol
        self.cv = cv
        self.copy_X = copy_X
        self.verbose = verbose
        self.n_jobs = n_jobs
        self.random_state = random_state
        self.selection = selection

    @validated
    def fit(self, X: Any, y: Any, sample_weight: Any = None, **params: Any) -> "MultiTaskElasticNetCV":
        """Choose the penalty by cross-validation, then fit all rows with it.

        Parameters
        ----------
        X : array-like or sparse matrix of shape (n, p)
            Features.
        y : array-like of shape (n, targets)
            Targets.
        sample_weight : float or array-like of shape (n,), optional
            Weights of the rows, at least 0, in the fits and in the held-out errors.
        **params : dict
            Parameters of the splitter, as `groups`, if scikit-learn's metadata routing is enabled.

        Returns
        -------
        MultiTaskElasticNetCV
            The fitted estimator.
        """
        return self._fit(X, y, sample_weight, params)


@method(
    "Multi-task Lasso, cross-validated",
    tasks=(),
    notes=("003 1.7.1", "002 L1/L2"),
    needs=("scaled",),
    cost=lambda n, p, k: 2.0 * n * p * min(n, p) * k,
)
class MultiTaskLassoCV(PathCV):
    """Multi-task Lasso whose strength is chosen by cross-validation.

    Minimises the objective of `MultiTaskLasso` at the strength of least held-out error.

    Parameters
    ----------
    eps : float, default=1e-3
        Least strength of the grid, as a share of the largest.
    alphas : int or array-like, default=100
        Number of strengths in the grid, or the strengths themselves.
    fit_intercept : bool, default=True
        Fit an intercept.
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
    coef_ : ndarray of shape (targets, p)
        Weights, fitted on all rows.
    intercept_ : ndarray of shape (targets,)
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
        If y has one column only, a fold has no rows, or a parameter or the data cannot be used.

    References
    ----------
    [yuan2006], [obozinski2010], [stone1974]

    Examples
    --------
    >>> import numpy as np
    >>> from panlearn.linear_model import MultiTaskLassoCV
    >>> rng = np.random.default_rng(0)
    >>> X = rng.normal(size=(200, 5))
    >>> Y = 2 * X[:, [1]] + rng.normal(size=(200, 3))
    >>> model = MultiTaskLassoCV(alphas=[0.01, 0.2, 1.0]).fit(X, Y)
    >>> model.alpha_, np.flatnonzero(model.coef_.any(axis=0)).tolist()  # the feature that all targets need
    (0.2, [1])
    """

    several = True
    _parameter_constraints: ClassVar[dict[str, list]] = {
        "eps": [POSITIVE],
        "alphas": [COUNT, ARRAY],
        "fit_intercept": [BOOLEAN],
        "max_iter": [COUNT],
        "tol": [NONNEGATIVE],
        "copy_X": [BOOLEAN],
        "cv": ["cv_object"],
        "verbose": [VERBOSE],
        "n_jobs": [None, Integral],
        "random_state": [RANDOM],
        "selection": [options("cyclic", "random")],
    }

    def __init__(
        self,
        *,
        eps: float = 1e-3,
        alphas: Any = 100,
        fit_intercept: bool = True,
        max_iter: int = 1000,
        tol: float = 1e-4,
        copy_X: bool = True,
        cv: Any = None,
        verbose: Any = False,
        n_jobs: int | None = None,
        random_state: Any = None,
        selection: str = "cyclic",
    ) -> None:
        self.eps = eps
        self.alphas = alphas
        self.fit_intercept = fit_intercept
        self.max_iter = max_iter
        self.tol = tol
        self.copy_X = copy_X
        self.cv = cv
        self.verbose = verbose
        self.n_jobs = n_jobs
        self.random_state = random_state
        self.selection = selection

    @validated
    def fit(self, X: Any, y: Any, sample_weight: Any = None, **params: Any) -> "MultiTaskLassoCV":
        """Choose the penalty by cross-validation, then fit all rows with it.

        Parameters
        ----------
        X : array-like or sparse matrix of shape (n, p)
            Features.
        y : array-like of shape (n, targets)
            Targets.
        sample_weight : float or array-like of shape (n,), optional
            Weights of the rows, at least 0, in the fits and in the held-out errors.
        **params : dict
            Parameters of the splitter, as `groups`, if scikit-learn's metadata routing is enabled.

        Returns
        -------
        MultiTaskLassoCV
            The fitted estimator.
        """
        return self._fit(X, y, sample_weight, params)
