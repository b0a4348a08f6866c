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
from contextlib import nullcontext
from numbers import Integral
from typing import Any, ClassVar

import numpy as np
from scipy.sparse import random_array
from scipy.special import log_softmax
from sklearn.utils.validation import check_is_fitted, validate_data

from panlearn.core.base import Classifier
from panlearn.core.blocks import ArrayRows, MappedRows, RowSource, density, is_sparse
from panlearn.core.constraints import (
    BOOLEAN,
    NATURAL,
    NONNEGATIVE,
    POSITIVE_OR_INF,
    RANDOM,
    UNIT,
    VERBOSE,
    options,
    validated,
)
from panlearn.core.errors import DataError
from panlearn.core.registry import method
from panlearn.core.threads import single_threaded_blas
from panlearn.linear_model.cross_entropy_objective import CrossEntropyObjective, CrossEntropyProducts, thinned
from panlearn.losses import BinaryCrossEntropy, SoftmaxCrossEntropy
from panlearn.optimize.newton import Minimum, newton, newton_cg
from panlearn.penalties import L2

# A Hessian is formed for few parameters, or for more if there are many rows each: most work is then saved by a start
# from part of the rows. Elsewhere products with the Hessian are cheaper (measured on 10 shapes, 2 cores).
SMALL, LARGE, ROWS = 32, 1500, 200
SPARSE = 0.25  # share of entries that are not zero below which products with X are cheaper than dense blocks of it
LARGE_PRODUCT = 1e7  # multiplications from which a dense product with X gains by a threaded BLAS
THIN, COARSE = 10, 1e-3  # the start is found on every 10th row, to this gradient norm


@method(
    "Logistic (softmax) regression",
    tasks=("binary", "multiclass"),
    notes=("000 3.3", "001 4.2-4.5", "004 7"),
    needs=("scaled",),
    cost=lambda n, p, k: 10.0 * n * p * k * min(p * k, 100),
)
class LogisticRegression(Classifier):
    """Logistic regression, with an L2 penalty or none, for two or more classes.

    Parameters
    ----------
    penalty : {"l2", "deprecated"} or None, default="deprecated"
        scikit-learn's old spelling: None means `C=inf`.
    C : float, default=1.0
        Inverse strength of the penalty, > 0; `inf` for none.
    l1_ratio : float, default=0.0
        Share of L1 in the penalty. Only 0 is supported by this class.
    dual : bool, default=False
        Kept for scikit-learn's signature, as `intercept_scaling`, `random_state` and `n_jobs` are: they concern
        LIBLINEAR and SAG only.
    tol : float, default=1e-4
        Stop when the largest gradient component of F (see the module) is below it.
    fit_intercept : bool, default=True
        Fit an intercept, which is never penalised.
    intercept_scaling : float, default=1
        Not used.
    class_weight : dict, "balanced" or None, default=None
        Weights of the classes.
    random_state : int, RandomState or None, default=None
        Not used: nothing here is random.
    solver : {"auto", "newton-cholesky", "newton-cg", "lbfgs", "liblinear", "sag", "saga"}, default="auto"
        "newton-cholesky" forms Hessians, "newton-cg" only multiplies by them; every other name of scikit-learn means
        "auto", which chooses between the two: the minimum is the same.
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
        Certificate: largest gradient component of F there.
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
        "penalty": [options("l2", "deprecated"), None],
        "C": [POSITIVE_OR_INF],
        "l1_ratio": [UNIT, None],
        "dual": [BOOLEAN],
        "tol": [NONNEGATIVE],
        "fit_intercept": [BOOLEAN],
        "intercept_scaling": [NONNEGATIVE],
        "class_weight": [dict, options("balanced"), None],
        "random_state": [RANDOM],
        "solver": [options("auto", "newton-cholesky", "newton-cg", "lbfgs", "liblinear", "sag", "saga")],
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
        if self.penalty is None and self.C != 1.0:
            warnings.warn("Setting penalty=None will ignore the C and l1_ratio parameters", stacklevel=2)
        if self.l1_ratio:
            raise DataError(f"l1_ratio must be 0.0 here, got {self.l1_ratio}; only the L2 penalty is supported.")
        source = self._source(X, y, sample_weight)
        counts = self._encoded(source)
        loss = BinaryCrossEntropy() if len(self.classes_) == 2 else SoftmaxCrossEntropy(len(self.classes_))
        penalty = L2(0.0 if self.penalty is None else 1.0 / (self.C * counts.sum()))
        found = self._minimise(source, loss, penalty, counts)
        theta = found.x.reshape(source.n_features + 1, loss.columns)
        if loss.columns > 1:  # a constant added to all classes changes no probability: the least norm has mean 0
            theta -= theta.mean(axis=1, keepdims=True)
        dtype = np.float32 if getattr(X, "dtype", None) == np.float32 else np.float64
        self.coef_ = np.ascontiguousarray(theta[:-1].T, dtype=dtype)
        self.intercept_ = theta[-1].astype(dtype)
        self.n_iter_ = np.array([max(min(1, self.max_iter), found.n_iter)], dtype=np.int32)
        self.objective_, self.gradient_norm_ = found.value, found.gradient_norm
        self.certificate_ = f"gradient norm {found.gradient_norm:.0e} of mean loss {found.value:.4g}"
        self._report(found, penalty)
        return self

    def _encoded(self, source: RowSource) -> np.ndarray:
        """Replace labels in memory by codes; returns the total weight of each class."""
        if not isinstance(source, ArrayRows):
            self.classes_ = np.unique(np.concatenate([np.unique(piece.y) for piece in source.pieces()]))
            self._encode(self.classes_)
            codes = [(np.searchsorted(self.classes_, piece.y), piece.weight) for piece in source.pieces()]
            return sum(np.bincount(c, w, minlength=len(self.classes_)) for c, w in codes)  # type: ignore[return-value]
        _, y, weight = source.rows
        codes = self._encode(y)
        weight = self._class_weighted(self.class_weight, y, weight)
        source.rows = source.rows._replace(y=codes, weight=weight)
        return np.bincount(codes, weight, minlength=len(self.classes_)).astype(np.float64)

    def _minimise(self, source: RowSource, loss: Any, penalty: L2, counts: np.ndarray) -> Minimum:
        size, n = (source.n_features + 1) * loss.columns, source.n_rows
        form = n is None or ((size <= SMALL or LARGE >= size <= n / ROWS) and density(source) > SPARSE)
        arguments: Any = (loss, penalty, float(counts.sum()), self.fit_intercept)
        classes = None if isinstance(source, ArrayRows) else self.classes_
        dense = MappedRows(source, lambda X: X.toarray(), source.n_features) if is_sparse(source) else source
        objective = CrossEntropyObjective(dense, *arguments, classes=classes)
        x = self._warm(objective.start(counts), objective.shape)
        if isinstance(source, ArrayRows) and (
            self.solver == "newton-cg" or not (form or self.solver == "newton-cholesky")
        ):
            f = CrossEntropyProducts(source, *arguments)
            large = not is_sparse(source) and float(n or 0) * size > LARGE_PRODUCT
            with nullcontext() if large else single_threaded_blas():
                return newton_cg(f, x, tol=self.tol, max_iter=self.max_iter)
        with single_threaded_blas():
            return self._descend(objective, x, self.tol)

    def _descend(self, f: CrossEntropyObjective, x: np.ndarray, tol: float) -> Minimum:
        """Newton's method from the minimiser over every `THIN`-th row, if so few rows still tell enough.

        The part is found the same way. Its minimiser and its Hessian are near those of the whole, for a tenth of the
        cost: what is left for the whole are a few passes for the gradient.
        """
        hessian, rows = None, f.source.rows if isinstance(f.source, ArrayRows) else None
        if rows is not None and f.large and rows.X.shape[0] >= ROWS * x.size:
            part = thinned(f.source, THIN)
            weight = part.rows.weight
            total = float(len(part.rows.y) if weight is None else weight.sum())
            if total > 0:
                few = CrossEntropyObjective(part, f.loss, f.penalty, total, f.intercept)
                x = self._descend(few, x, max(tol, COARSE)).x
                hessian = few.derivatives(x, False)[2]
        return newton(f, x, tol=tol, max_iter=self.max_iter, keep=f.large, hessian=hessian)

    def _warm(self, start: np.ndarray, shape: tuple[int, int]) -> np.ndarray:
        if self.warm_start and hasattr(self, "coef_") and self.coef_.T.shape == (shape[0] - 1, shape[1]):
            return np.vstack([self.coef_.T, self.intercept_]).astype(np.float64).ravel()
        return start

    def _report(self, found: Minimum, penalty: L2) -> None:
        if self.verbose:
            print(f"LogisticRegression: {found.n_iter} iterations, {self.certificate_}")  # noqa: T201
        if not found.converged:
            self._warn_unconverged(
                f"the gradient norm is {found.gradient_norm:.1e}, tol is {self.tol:.1e}",
                "Raise max_iter or tol, or scale the features to a common range.",
            )
        elif penalty.alpha == 0 and found.value < 10 * self.tol:
            self._warn_unconverged(
                f"the mean loss is {found.value:.1e}",
                "A hyperplane separates the classes, so without a penalty the weights have no finite optimum; set C.",
            )

    def decision_function(self, X: Any) -> np.ndarray:
        """Raw predictions x'w + b, in log-odds.

        Parameters
        ----------
        X : array-like or sparse matrix of shape (n, p)
            Features.

        Returns
        -------
        ndarray of shape (n,) for two classes, (n, K) for more
            Positive for the second class; up to a constant log P(k | x) for more.
        """
        check_is_fitted(self)
        X = validate_data(self, X, accept_sparse="csr", dtype=[np.float64, np.float32], reset=False)
        z = np.asarray(X @ self.coef_.T) + self.intercept_
        return z[:, 0] if z.shape[1] == 1 else z

    def predict(self, X: Any) -> np.ndarray:
        """The most probable label of each row.

        Parameters
        ----------
        X : array-like or sparse matrix of shape (n, p)
            Features.

        Returns
        -------
        ndarray of shape (n,)
            Labels.
        """
        z = self.decision_function(X)
        return self.classes_[(z > 0).astype(np.intp) if z.ndim == 1 else z.argmax(axis=1)]

    def predict_proba(self, X: Any) -> np.ndarray:
        """Class probabilities.

        Parameters
        ----------
        X : array-like or sparse matrix of shape (n, p)
            Features.

        Returns
        -------
        ndarray of shape (n, K)
            Probabilities in the order of `classes_`.
        """
        z = self.decision_function(X)
        if z.ndim == 2:
            return SoftmaxCrossEntropy(z.shape[1]).probabilities(z)
        return BinaryCrossEntropy().probabilities(np.column_stack([-z, z]))

    def predict_log_proba(self, X: Any) -> np.ndarray:
        """Logarithms of the class probabilities, exact also where they are tiny.

        Parameters
        ----------
        X : array-like or sparse matrix of shape (n, p)
            Features.

        Returns
        -------
        ndarray of shape (n, K)
            Log-probabilities in the order of `classes_`.
        """
        z = self.decision_function(X)
        if z.ndim == 1:
            return -np.logaddexp(0.0, np.column_stack([z, -z]))
        return log_softmax(z, axis=1)

    @classmethod
    def _warm_kernels(cls) -> None:
        """Compile the kernels of sparse data."""
        X = random_array((20_000, 50), density=0.5, format="csr", rng=np.random.default_rng(0))
        cls(solver="newton-cg").fit(X, np.arange(20_000) % 2)

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.input_tags.sparse = True
        return tags
