"""What the support vector machines share: kernel and data at the door, the dual solved, decision values.

Every machine here is a hyperplane in the feature space of a kernel k(x, z) = phi(x)'phi(z) [boser1992], [cortes1995]:

    f(x) = w'phi(x) + b = sum_i beta_i k(x_i, x) + b,        w = sum_i beta_i phi(x_i)

beta solves the dual quadratic programme of `panlearn.svm.dual_problem`; each machine is a choice of its signs, offsets
and bounds. Rows with beta_i = 0 play no part in f; the others are the support vectors. A weight s_i multiplies the
bound C of its row, so that whole numbers act as repetitions; rows of weight 0 (or below) are left out.

Certificate: the largest violation of the KKT conditions over all variables (what `tol` bounds) and the duality gap;
for classifiers also the margin 2 / |w|.

Hard margin: C = inf allows no slack. Where the constraints cannot be met the dual has no solution: the solver gives up,
and an error says so.

Course notes: 000 §2.1 to §2.5.
"""

from collections.abc import Sequence
from numbers import Integral, Real
from typing import Any, ClassVar, NamedTuple

import numpy as np
from scipy.sparse import issparse
from sklearn.utils.extmath import safe_sparse_dot
from sklearn.utils.validation import (
    _check_sample_weight,
    _num_samples,
    check_consistent_length,
    check_is_fitted,
    column_or_1d,
    validate_data,
)

from panlearn.core.base import Estimator
from panlearn.core.constraints import BOOLEAN, NONNEGATIVE, POSITIVE, VERBOSE, Interval, options
from panlearn.core.errors import DataError
from panlearn.svm.dual_problem import DualFit, DualProblem
from panlearn.svm.dual_solver import solve_dual
from panlearn.svm.kernel_function import KernelFunction, kernel_diagonal, kernel_times, squared_norms
from panlearn.svm.linear_dual import linear_dual_pays, solve_linear_dual

SMALL, DENSE = 1e6, 0.25  # entries, and share of them not zero, up to and from which sparse X is better off dense
TOO_LARGE = (
    "The dual coefficients or intercepts are not finite. The input data may contain large values and need to be "
    "preprocessed."
)


class Rows(NamedTuple):
    """Rows to fit on: those of positive weight."""

    kernel: KernelFunction
    X: Any  # (n, p); for a precomputed or callable kernel its matrix (n, n)
    points: Any  # X for the solver: a sparse one that is small or has few zeros as an array
    y: np.ndarray  # (n,)
    weight: np.ndarray  # (n,)
    place: np.ndarray  # (n,) row of the data as they were given

    @property
    def gram(self) -> np.ndarray | None:
        """The kernel matrix, where it is what was given."""
        return self.X if self.kernel.name == "precomputed" else None

    def take(self, index: np.ndarray) -> "Rows":
        """Some rows, in the order of the index."""
        X = self.X[index if self.gram is None else np.ix_(index, index)]
        points = X if self.points is self.X else self.points[index]
        return Rows(self.kernel, X, points, self.y[index], self.weight[index], self.place[index])


class SupportVectorMachine(Estimator):
    """Base of the kernel machines."""

    kernel: Any
    degree: int
    gamma: Any
    coef0: float
    shrinking: bool
    tol: float
    cache_size: float
    verbose: Any
    max_iter: int
    support_: np.ndarray
    support_vectors_: Any
    dual_coef_: Any
    intercept_: np.ndarray
    _n_support: np.ndarray
    _expected_failed_checks: ClassVar[dict[str, str]] = {
        f"check_sample_weight_equivalence_on_{kind}_data": (
            'gamma="scale" is a statistic of the rows as given, as in scikit-learn; with a number for gamma it holds'
        )
        for kind in ("dense", "sparse")
    }
    _parameter_constraints: ClassVar[dict[str, list]] = {
        "kernel": [options("linear", "poly", "rbf", "laplacian", "sigmoid", "precomputed"), callable],
        "degree": [Interval(Integral, 0, None, closed="left")],
        "gamma": [options("scale", "auto"), NONNEGATIVE],
        "coef0": [Interval(Real, None, None, closed="neither")],
        "shrinking": [BOOLEAN],
        "tol": [POSITIVE],
        "cache_size": [POSITIVE],
        "verbose": [VERBOSE],
        "max_iter": [Interval(Integral, -1, None, closed="left")],
    }

    def _rows(self, X: Any, y: Any, sample_weight: Any, **checks: Any) -> Rows:
        """Validate the data and leave out rows without weight."""
        sparse = issparse(X)
        if sparse and self.kernel == "precomputed":
            raise TypeError("Sparse precomputed kernels are not supported. Use X.toarray().")
        given = X
        if callable(self.kernel):
            check_consistent_length(X, y)
            y = column_or_1d(y, warn=True)
            X = self._called(X, X)
        else:
            X, y = self._validated(X, y, **checks)
        n = _num_samples(X)
        if self.kernel == "precomputed" and n != X.shape[1]:
            raise DataError(f"Precomputed matrix must be a square matrix. Input is a {n}x{X.shape[1]} matrix.")
        self._sparse = sparse and not callable(self.kernel)
        self.shape_fit_ = given.shape if hasattr(given, "shape") else (n,)
        if callable(self.kernel):
            self._fit_rows = given  # all of them: a function may count on being called with the rows of `fit`
        points = X.toarray() if issparse(X) and _is_better_dense(X) else X
        rows = Rows(self._kernel_function(points), X, points, y, np.ones(n), np.arange(n))
        if sample_weight is None:
            return rows
        if not (np.asarray(sample_weight, dtype=np.float64) > 0).any():
            raise DataError("Invalid input - all samples have zero or negative weights.")
        rows = rows._replace(weight=_check_sample_weight(sample_weight, X, dtype=np.float64))
        return rows if (rows.weight > 0).all() else rows.take(np.flatnonzero(rows.weight > 0))

    def _validated(self, X: Any, y: Any = "no_validation", **checks: Any) -> Any:
        found = validate_data(
            self,
            X,
            y,
            accept_sparse="csr",
            dtype=[np.float64, np.float32],
            order="C",
            **checks,
        )
        X = found[0] if isinstance(found, tuple) else found
        if issparse(X) and not X.has_canonical_format:
            X = X.copy()  # the caller's keeps its order
            X.sum_duplicates()
        return (X, found[1]) if isinstance(found, tuple) else X

    def _called(self, A: Any, B: Any) -> np.ndarray:
        """Values of a kernel given as a function."""
        values = self.kernel(A, B)
        values = np.asarray(values.toarray() if issparse(values) else values, dtype=np.float64, order="C")
        shape = _num_samples(A), _num_samples(B)
        if values.shape != shape:
            raise DataError(
                f"The kernel function must return an array of shape {shape}, one value for each pair of rows. "
                f"Got shape {values.shape}: X.shape[1] should be equal to {shape[1]}."
            )
        if not np.isfinite(values).all():
            raise DataError("The kernel function returned NaN or infinity for some pair of rows.")
        return values

    def _kernel_function(self, X: Any) -> KernelFunction:
        """The kernel with gamma as a number; sets `_gamma`."""
        if callable(self.kernel) or self.kernel == "precomputed":
            self._gamma = 0.0
            return KernelFunction("precomputed", 0.0, self.degree, self.coef0, None)
        self._gamma = _scale(self.kernel, X) if self.gamma == "scale" else self.gamma
        self._gamma = 1.0 / X.shape[1] if self.gamma == "auto" else float(self._gamma)
        kernel = KernelFunction(self.kernel, self._gamma, self.degree, self.coef0, None)
        with np.errstate(over="ignore", invalid="ignore"):
            largest = kernel_diagonal(kernel, X).max() if kernel.name == "poly" else squared_norms(X).max()
        if not np.isfinite(largest):
            raise DataError(TOO_LARGE)
        return kernel

    def _solve(self, kernel: KernelFunction, X: Any, problem: DualProblem, gram: np.ndarray | None) -> DualFit:
        """The dual, solved by what its kernel and shape ask for."""
        hard = np.isinf(problem.upper).any()
        if gram is None and kernel.name == "linear" and linear_dual_pays(X, problem):
            fit = solve_linear_dual(X, problem, tol=self.tol, max_iter=self.max_iter)
        else:
            fit = solve_dual(
                kernel,
                X,
                problem,
                tol=self.tol,
                max_iter=self.max_iter,
                cache_size_mb=self.cache_size,
                shrinking=self.shrinking,
                verbose=bool(self.verbose),
                gram=gram,
            )
        if hard and fit.violation > self.tol and not 0 <= self.max_iter <= fit.n_iter:
            raise DataError(
                f"C=inf allows no error, but {type(self).__name__} finds no function of this kernel without one. Set "
                "a finite C, or use a kernel that tells the points apart (a larger gamma); identical rows need one "
                "target."
            )
        return fit

    def _keep(self, rows: Rows, coef: np.ndarray, support: np.ndarray) -> None:
        """Set the attributes of the support vectors: coef (k, n) of the rows, the columns of which to keep."""
        self.support_ = rows.place[support].astype(np.int32)
        own = rows.gram is None
        self.support_vectors_ = rows.X[support] if own else np.empty((0, 0))
        self.dual_coef_ = np.ascontiguousarray(coef[:, support])
        if self._sparse:
            self.dual_coef_ = type(rows.X)(self.dual_coef_)
        if not np.isfinite(coef).all() or not np.isfinite(self.intercept_).all():
            raise DataError(TOO_LARGE)

    def _certify(self, fits: Sequence[DualFit], words: str = "") -> None:
        """Set the certificate of some solved duals; warn of those that did not converge."""
        violation, gap = max(fit.violation for fit in fits), max(fit.gap for fit in fits)
        self.certificate_ = f"KKT violation {violation:.0e}, duality gap {gap:.0e}{words}"
        self.fit_status_ = int(violation > self.tol)
        if self.fit_status_:
            limit = (
                f"max_iter={self.max_iter}" if self.max_iter >= 0 else "no step got further, or ten million were made"
            )
            self._warn_unconverged(
                f"Solver terminated early ({limit}).  Consider pre-processing your data with "
                f"StandardScaler or MinMaxScaler. The largest KKT violation is {violation:.1e}, tol is {self.tol:.1e}",
                "Raise max_iter or tol, or lower C.",
            )

    def _queried(self, X: Any) -> Any:
        """Rows to predict, validated; for a callable kernel its values with the support vectors."""
        check_is_fitted(self)
        if callable(self.kernel):
            return self._called(X, self._fit_rows)
        X = self._validated(X, reset=False)
        if issparse(X) and not self._sparse:
            raise DataError(
                f"cannot use sparse input in {type(self).__name__!r} trained on dense data; fit on sparse X, or use "
                "X.toarray()."
            )
        if self._n_support.sum() != len(self.support_):
            raise DataError(f"The internal representation of {type(self).__name__} was altered")
        return X

    def _expansion(self, X: Any, coef: np.ndarray, start: int = 0, stop: int | None = None) -> np.ndarray:
        """Kernel expansion over the support vectors from start to stop, (n, k), from coef (their number, k)."""
        which = slice(start, stop)
        if callable(self.kernel) or self.kernel == "precomputed":
            return kernel_times(KernelFunction("precomputed"), X, self.support_[which], coef)
        kernel = KernelFunction(self.kernel, self._gamma, self.degree, self.coef0, None)
        return kernel_times(kernel, X, self.support_vectors_[which], coef)

    @property
    def n_support_(self) -> np.ndarray:
        """Number of support vectors, of each class for classifiers."""
        if not hasattr(self, "_n_support"):
            raise AttributeError(f"{type(self).__name__} has no attribute 'n_support_' before fit")
        return self._n_support

    @property
    def coef_(self) -> Any:
        """Weights of the features, for the linear kernel; not to be written to."""
        if self.kernel != "linear":
            raise AttributeError("coef_ is only available when using a linear kernel")
        coef = self._weights()
        (coef.data if issparse(coef) else coef).flags.writeable = False
        return coef

    def _weights(self) -> Any:
        """W of the linear kernel, (1, p)."""
        return safe_sparse_dot(self.dual_coef_, self.support_vectors_)

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.input_tags.pairwise = self.kernel == "precomputed"
        tags.input_tags.sparse = self.kernel != "precomputed"
        return tags


class SingleMachine(SupportVectorMachine):
    """Base of the machines with one dual: regression and one class."""

    def _fit_one(self, rows: Rows, problem: DualProblem) -> DualFit:
        """Solve, and set the fitted attributes."""
        fit = self._solve(rows.kernel, rows.points, problem, rows.gram)
        self.intercept_ = np.array([fit.intercept])
        support = np.flatnonzero(fit.beta)
        self._n_support = np.array([len(support)], dtype=np.int32)
        self._keep(rows, fit.beta[None], support)
        self.n_iter_, self.kkt_violation_ = int(fit.n_iter), fit.violation
        self.duality_gap_, self.objective_ = fit.gap, fit.objective
        self._certify([fit])
        return fit

    def _values(self, X: Any) -> np.ndarray:
        """f(x), (n,)."""
        X = self._queried(X)
        if not len(self.support_):
            return np.full(_num_samples(X), self.intercept_[0])
        if self.kernel == "linear":
            values = safe_sparse_dot(X, self._weights().T, dense_output=True)
        else:
            coef = self.dual_coef_.toarray() if issparse(self.dual_coef_) else self.dual_coef_
            values = self._expansion(X, coef.T)
        return np.asarray(values).ravel() + self.intercept_[0]


def _is_better_dense(X: Any) -> bool:
    size = X.shape[0] * X.shape[1]
    return size <= SMALL or X.nnz > DENSE * size


def _scale(kernel: str, X: Any) -> float:
    """Gamma that does not depend on the unit of X: distances are divided by their spread."""
    if issparse(X):
        square, mean = float(X.multiply(X).mean(dtype=np.float64)), float(X.mean(dtype=np.float64))
        variance = square - mean**2
    else:
        with np.errstate(over="ignore", invalid="ignore"):
            variance = float(X.var(dtype=np.float64))
    if not np.isfinite(variance):
        raise DataError(TOO_LARGE)
    spread = (
        np.sqrt(max(variance, 0.0)) if kernel == "laplacian" else variance
    )  # |x - z|_1 grows as X, |x - z|^2 as X^2
    return 1.0 / (X.shape[1] * spread) if spread > 0 else 1.0
