"""Logistic and softmax regression: linear models of class probabilities [cox1958], [bishop2006] §4.3.

    two classes   P(y=1 | x) = 1 / (1 + exp(-(x'w + b)))
    K classes     P(y=k | x) = exp(x'w_k + b_k) / sum_l exp(x'w_l + b_l)
    objective     F(w, b) = 1/S sum_i s_i loss_i + 1/(2 C S) |w|^2,    S = sum_i s_i

which is scikit-learn's objective divided by C S, so that its gradient does not grow with the data. The posterior of
two Gaussian classes with one covariance has exactly this form (note 001 §4): logistic regression fits it directly.

F is convex and smooth: Newton's method finds its minimum in a handful of steps. With few columns each step forms the
Hessian in one pass over row blocks, n p^2 operations in BLAS-3, from a start found on a tenth of the rows; with many
columns (text) it only multiplies by the Hessian, inside preconditioned conjugate gradients. Both stop when the largest
component of the gradient is below `tol`.

When it fails: if a hyperplane separates the classes and there is no penalty, the likelihood has no maximum: weights
grow for ever. The fit stops with finite weights and says so.

Course notes: 000 §3.3, 001 §4.2-4.5, 004 §7.
"""

import warnings
from numbers import Integral
from typing import Any, ClassVar

import numpy as np
from scipy.sparse import issparse, random_array

from panlearn.core.blocks import ArrayRows
from panlearn.core.constraints import (
    BOOLEAN,
    NATURAL,
    NONNEGATIVE,
    POSITIVE,
    POSITIVE_OR_INF,
    RANDOM,
    UNIT,
    VERBOSE,
    options,
    validated,
)
from panlearn.core.registry import method
from panlearn.linear_model.logistic_classifier import LogisticClassifier
from panlearn.linear_model.logistic_parameters import SOLVERS, check_solver, penalty_of
from panlearn.linear_model.logistic_solvers import LogisticProblem

N_JOBS = (
    "'n_jobs' has no effect since 1.8 and will be removed in 1.10. You provided 'n_jobs={}', please leave it "
    "unspecified."
)


@method(
    "Logistic (softmax) regression",
    tasks=("binary", "multiclass"),
    notes=("000 3.3", "001 4.2-4.5", "004 7"),
    needs=("scaled",),
    cost=lambda n, p, k: 10.0 * n * p * k * min(p * k, 100),
)
class LogisticRegression(LogisticClassifier):
    """Logistic regression with an L1, L2 or elastic-net penalty or none, for two or more classes.

    Parameters
    ----------
    penalty : {"l1", "l2", "elasticnet", "deprecated"} or None, default="deprecated"
        scikit-learn's old spelling of `l1_ratio`; None means `C=inf`.
    C : float, default=1.0
        Inverse strength of the penalty, > 0; `inf` for none.
    l1_ratio : float, default=0.0
        Share of L1 in the penalty, (l1_ratio |w|_1 + (1 - l1_ratio)/2 |w|^2) / C: 0 is L2, 1 is L1.
    dual : bool, default=False
        Kept for scikit-learn's signature, as `intercept_scaling`, `random_state` and `n_jobs` are: they concern
        LIBLINEAR and SAG only.
    tol : float, default=1e-4
        Stop when the largest (sub)gradient component of F (see the module) is below it.
    fit_intercept : bool, default=True
        Fit an intercept, which is never penalised.
    intercept_scaling : float, default=1
        Not used.
    class_weight : dict, "balanced" or None, default=None
        Weights of the classes.
    random_state : int, RandomState or None, default=None
        Not used: nothing here is random.
    solver : {"auto", "newton-cholesky", "newton-cg", "lbfgs", "liblinear", "sag", "saga"}, default="auto"
        "auto" chooses by the shape of the data and the penalty (`panlearn.linear_model.logistic_solvers`);
        "newton-cholesky" forms Hessians, "newton-cg" only multiplies by them. Every other name of scikit-learn means
        "auto", but refuses the penalties that scikit-learn's solver refuses: the minimum is the same.
    max_iter : int, default=100
        Most Newton iterations.
    verbose : int, default=0
        1 prints the objective and the gradient norm at the end.
    warm_start : bool, default=False
        Start from the coefficients of the last fit.
    n_jobs : int, default=None
        Not used: threads are set by `panlearn.threads`.

    Attributes
    ----------
    classes_ : ndarray of shape (K,)
        The labels.
    coef_ : ndarray of shape (1, p) or (K, p)
        Weights: log-odds per unit of x.
    intercept_ : ndarray of shape (1,) or (K,)
        Intercepts.
    n_iter_ : ndarray of shape (1,)
        Newton iterations over all rows, at least 1 unless `max_iter` is 0.
    objective_ : float
        F at the solution.
    gradient_norm_ : float
        Certificate: largest component of the (sub)gradient of F there.
    dual_gap_ : float
        With an L1 penalty: bound on how far `objective_` is above the minimum.
    certificate_ : str
        The same in words.
    n_features_in_ : int
        Number of features.
    feature_names_in_ : ndarray of shape (p,)
        Names of the features, if X has string column names.

    Raises
    ------
    ValueError
        If y has one class, or a parameter or the data cannot be used.

    References
    ----------
    [cox1958], [bishop2006] §4.3, [nocedal2006] ch. 7, [tan2019]

    Examples
    --------
    The gradient vanishes at the solution, so the mean predicted probability is the share of the class:

    >>> import numpy as np
    >>> from panlearn.linear_model import LogisticRegression
    >>> X, y = np.arange(8.0)[:, None], np.array([0, 0, 1, 0, 0, 1, 1, 1])
    >>> model = LogisticRegression(tol=1e-10).fit(X, y)
    >>> round(float(model.predict_proba(X)[:, 1].mean()), 9)
    0.5
    """

    _parameter_constraints: ClassVar[dict[str, list]] = {
        "penalty": [options("l1", "l2", "elasticnet", "deprecated"), None],
        "C": [POSITIVE_OR_INF],
        "l1_ratio": [UNIT, None],
        "dual": [BOOLEAN],
        "tol": [NONNEGATIVE],
        "fit_intercept": [BOOLEAN],
        "intercept_scaling": [POSITIVE],
        "class_weight": [dict, options("balanced"), None],
        "random_state": [RANDOM],
        "solver": [SOLVERS],
        "max_iter": [NATURAL],
        "verbose": [VERBOSE],
        "warm_start": [BOOLEAN],
        "n_jobs": [None, Integral],
    }

    def __init__(
        self,
        penalty: str | None = "deprecated",
        *,
        C: float = 1.0,
        l1_ratio: float | None = 0.0,
        dual: bool = False,
        tol: float = 1e-4,
        fit_intercept: bool = True,
        intercept_scaling: float = 1,
        class_weight: Any = None,
        random_state: Any = None,
        solver: str = "auto",
        max_iter: int = 100,
        verbose: int = 0,
        warm_start: bool = False,
        n_jobs: int | None = None,
    ) -> None:
        self.penalty = penalty
        self.C = C
        self.l1_ratio = l1_ratio
        self.dual = dual
        self.tol = tol
        self.fit_intercept = fit_intercept
        self.intercept_scaling = intercept_scaling
        self.class_weight = class_weight
        self.random_state = random_state
        self.solver = solver
        self.max_iter = max_iter
        self.verbose = verbose
        self.warm_start = warm_start
        self.n_jobs = n_jobs

    @validated
    def fit(self, X: Any, y: Any = None, sample_weight: Any = None) -> "LogisticRegression":
        """Fit the model.

        Parameters
        ----------
        X : array-like or sparse matrix of shape (n, p), or RowSource
            Features; with a RowSource (a file larger than memory) y is None.
        y : array-like of shape (n,)
            Labels.
        sample_weight : array-like of shape (n,), optional
            Weights of the rows, at least 0.

        Returns
        -------
        LogisticRegression
            The fitted estimator.
        """
        name, C, l1_ratio = penalty_of(self.penalty, self.C, self.l1_ratio, self.solver, self.dual)
        if self.n_jobs is not None:
            warnings.warn(N_JOBS.format(self.n_jobs), FutureWarning, stacklevel=2)
        source = self._source(X, y, sample_weight)
        counts = self._encoded(source)
        check_solver(self.solver, name, self.dual, len(self.classes_))
        classes = None if isinstance(source, ArrayRows) else self.classes_
        problem = LogisticProblem(source, counts, self.fit_intercept, classes)
        l1, l2 = problem.strengths(C, l1_ratio)
        start = self._warm(problem.shape)
        found = problem.solve(l1, l2, start=start, solver=self.solver, tol=self.tol, max_iter=self.max_iter)
        self._keep(problem, found, l1, l2)
        self.n_iter_ = np.array([max(min(1, self.max_iter), found.n_iter)], dtype=np.int32)
        self._report(found, l1 + l2 == 0)
        return self

    def _warm(self, shape: tuple[int, int]) -> np.ndarray | None:
        coef = getattr(self, "coef_", None)
        if not self.warm_start or coef is None or coef.T.shape != (shape[0] - 1, shape[1]):
            return None
        coef = coef.toarray() if issparse(coef) else coef
        return np.vstack([coef.T, self.intercept_]).astype(np.float64).ravel()

    @classmethod
    def _warm_kernels(cls) -> None:
        """Compile the kernels of sparse data."""
        X = random_array((20_000, 50), density=0.5, format="csr", rng=np.random.default_rng(0))
        cls(solver="newton-cg").fit(X, np.arange(20_000) % 2)
