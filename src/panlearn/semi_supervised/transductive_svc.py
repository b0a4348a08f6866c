"""Transductive (semi-supervised) support vector classification: the labelling with the largest margin and least error.

    minimise over w, b, y_u    1/2 |w|^2 + C sum_labelled s_i L(y_i f(x_i)) + C_u sum_unlabelled s_j L(y_j f(x_j))
    f(x) = w'phi(x) + b,       L(m) = max(0, 1 - m)^2 or max(0, 1 - m),     y_u in {-1, 1}

Of all labelings of the unlabelled rows, each with its support vector machine, the one that costs least [vapnik1998].
For given f the best label is the sign of f, so an unlabelled row costs L(|f(x_j)|): it wants to be outside the margin,
and the boundary passes where there are few rows. Often all unlabelled rows on one side would cost least; so the share
of positive ones is held at that of the labelled rows, or at a given one.

The problem is not convex. `label_branch_and_bound` solves it exactly for few unlabelled rows, `label_switching` finds a
local minimum for many; both on machines for given labels: `soft_label_newton` (linear), `soft_label_kernel` (Gram
matrix), `soft_label_dual` (hinge).

When it fails: where the boundary between the classes is not one of low density, unlabelled rows do harm.

Course notes: 001 §9.4.
"""

from contextlib import nullcontext
from typing import Any, ClassVar

import numpy as np
from scipy.sparse import csr_array
from sklearn.utils import check_random_state
from sklearn.utils.extmath import safe_sparse_dot
from sklearn.utils.validation import _check_sample_weight, check_is_fitted, validate_data

from panlearn.core.base import Classifier
from panlearn.core.constraints import (
    ARRAY,
    COUNT,
    NATURAL,
    NONNEGATIVE,
    POSITIVE,
    RANDOM,
    UNIT,
    VERBOSE,
    Interval,
    Real,
    options,
    validated,
)
from panlearn.core.errors import DataError
from panlearn.core.registry import method
from panlearn.core.threads import single_threaded_blas
from panlearn.semi_supervised.label_branch_and_bound import best_labelling
from panlearn.semi_supervised.label_switching import Schedule, Transduction, TransductiveProblem, switch_labels
from panlearn.semi_supervised.soft_label_machine import machine_of, scaled_gamma
from panlearn.svm.kernel_function import KernelFunction, kernel_times

FEW, SMALL = 12, 1000  # unlabelled rows, and rows, up to which `method="auto"` is exact
UNLABELLED = -1


@method(
    "Transductive support vector machine",
    tasks=(),
    notes=("001 9.4",),
    needs=("scaled",),
    cost=lambda n, p, k: 150.0 * k * n * n * (p + n / 30),
)
class TransductiveSVC(Classifier):
    """Support vector classification from labelled and unlabelled rows (S3VM).

    Rows whose label is -1 are unlabelled. Minimises the objective of the module's docstring.

    Parameters
    ----------
    C : float, default=1.0
        Price of the loss of a labelled row, above 0.
    unlabelled_C : float, default=None
        Price of the loss of an unlabelled row, at least 0. By default C: all rows count alike, as in a machine that is
        fitted to all rows with the labels found.
    kernel : {"linear", "poly", "rbf", "laplacian", "sigmoid", "precomputed"} or callable, default="rbf"
        The kernel, as in `panlearn.svm.SVC`.
    degree : float, default=3
        Degree of the polynomial kernel.
    gamma : {"scale", "auto"} or float, default="scale"
        Coefficient of the kernels: 1 / (p Var X), 1 / p, or a number at least 0; for the Laplacian kernel "scale" is
        1 / (p std X).
    coef0 : float, default=0.0
        Constant of the polynomial and sigmoid kernels.
    loss : {"squared_hinge", "hinge"}, default="squared_hinge"
        The loss. The squared one is smooth, so that a fit starts from the last one and ends after a few Newton steps:
        switching needs hundreds of fits. The hinge keeps rows of the kernel matrix in a cache and so fits more of them.
    positive_fraction : float, array-like of shape (K,) or "free", default=None
        Share of the unlabelled rows to be labelled `classes_[1]`, or of each class. By default the shares among the
        labelled rows. If the share is no whole number of rows, the two next to it are allowed. "free" asks for nothing.
    method : {"auto", "exact", "switching"}, default="auto"
        "exact" proves the labels best by branch and bound; "switching" ends at labels that no exchange improves. "auto"
        is "exact" up to 12 unlabelled rows.
    annealing_steps : int, default=10
        Steps in which the price of unlabelled rows rises to `unlabelled_C` while labels are switched.
    temperatures : array-like, default=(0.0, 0.2, 0.5)
        Uncertainty of the labels on that way, a run for each; the best result is kept. 0 is plain switching.
    n_restarts : int, default=0
        Further runs from randomly disturbed starts.
    max_nodes : int, default=100000
        Most nodes of the branch and bound.
    time_limit : float, default=None
        Seconds after which the branch and bound stops with the gap reached; such a fit is not reproducible.
    tol : float, default=1e-6
        Accuracy of the machines: of the gradient or of the optimality conditions, and of what counts as a better
        labelling.
    max_iter : int, default=1000
        Most fits of a machine at the full price in a run of switching.
    cache_size : float, default=200
        Megabytes of kernel rows, for the hinge.
    random_state : int, RandomState instance or None, default=None
        Of the restarts.
    verbose : int, default=0
        1 shows a bar and prints the certificate at the end.

    Attributes
    ----------
    classes_ : ndarray of shape (K,)
        The labels.
    transduction_ : ndarray of shape (n,)
        Labels of all rows, those that were unlabelled included.
    coef_ : ndarray of shape (1, p) or (K, p)
        Weights of the linear kernel, one row for each class against the others if K > 2.
    support_ : ndarray of shape (m,)
        Indices of the rows that carry the kernel expansion; not for the linear kernel.
    support_vectors_ : ndarray or CSR of shape (m, p)
        These rows; empty for a precomputed kernel.
    dual_coef_ : ndarray of shape (1, m) or (K, m)
        Their coefficients.
    intercept_ : ndarray of shape (1,) or (K,)
        Constants of the decision functions.
    objective_ : ndarray of shape (1,) or (K,)
        Values of the objective.
    lower_bound_ : ndarray of shape (1,) or (K,)
        No labels have a lower objective. For switching it is the objective without the unlabelled rows.
    duality_gap_ : ndarray of shape (1,) or (K,)
        How much each machine may still improve for its labels, relative to the objective.
    n_iter_ : ndarray of shape (1,) or (K,)
        Fits of a machine.
    n_nodes_ : ndarray of shape (1,) or (K,)
        Nodes of the branch and bound.
    certificate_ : str
        What is known of the labels, in words.
    n_features_in_ : int
        Number of features.
    feature_names_in_ : ndarray of shape (p,)
        Names of the features, if X has string column names.

    Raises
    ------
    ValueError
        If no row or only one class is labelled, y is an array of strings (use dtype object and -1), or a parameter or
        the data cannot be used.

    References
    ----------
    [vapnik1998], [joachims1999], [sindhwani2006], [chapelle2007], [chapelle2008]

    Examples
    --------
    Between the two labelled points the gap in the unlabelled ones decides, not the middle:

    >>> import numpy as np
    >>> from panlearn.semi_supervised import TransductiveSVC
    >>> X = np.array([0, 1, 2, 3, 4, 5, 9, 10])[:, None]
    >>> y = [0, -1, -1, -1, -1, -1, -1, 1]
    >>> model = TransductiveSVC(C=10, kernel="linear", positive_fraction="free").fit(X, y)
    >>> model.transduction_
    array([0, 0, 0, 0, 0, 0, 1, 1])
    >>> model.certificate_
    'proven the best labels, 13 nodes'
    """

    _parameter_constraints: ClassVar[dict[str, list]] = {
        "C": [POSITIVE],
        "unlabelled_C": [NONNEGATIVE, None],
        "kernel": [options("linear", "poly", "rbf", "laplacian", "sigmoid", "precomputed"), callable],
        "degree": [NONNEGATIVE],
        "gamma": [options("scale", "auto"), NONNEGATIVE],
        "coef0": [Interval(Real, None, None, closed="neither")],
        "loss": [options("squared_hinge", "hinge")],
        "positive_fraction": [UNIT, ARRAY, options("free"), None],
        "method": [options("auto", "exact", "switching")],
        "annealing_steps": [COUNT],
        "temperatures": [ARRAY],
        "n_restarts": [NATURAL],
        "max_nodes": [NATURAL],
        "time_limit": [POSITIVE, None],
        "tol": [POSITIVE],
        "max_iter": [COUNT],
        "cache_size": [POSITIVE],
        "random_state": [RANDOM],
        "verbose": [VERBOSE],
    }
    _expected_failed_checks: ClassVar[dict[str, str]] = {
        "check_classifiers_classes": "-1 marks an unlabelled row, and the check takes it for a class",
    }

    def __init__(
        self,
        C: float = 1.0,
        *,
        unlabelled_C: float | None = None,
        kernel: Any = "rbf",
        degree: float = 3,
        gamma: Any = "scale",
        coef0: float = 0.0,
        loss: str = "squared_hinge",
        positive_fraction: Any = None,
        method: str = "auto",
        annealing_steps: int = 10,
        temperatures: Any = (0.0, 0.2, 0.5),
        n_restarts: int = 0,
        max_nodes: int = 100_000,
        time_limit: float | None = None,
        tol: float = 1e-6,
        max_iter: int = 1000,
        cache_size: float = 200.0,
        random_state: Any = None,
        verbose: int = 0,
    ) -> None:
        self.C = C
        self.unlabelled_C = unlabelled_C
        self.kernel = kernel
        self.degree = degree
        self.gamma = gamma
        self.coef0 = coef0
        self.loss = loss
        self.positive_fraction = positive_fraction
        self.method = method
        self.annealing_steps = annealing_steps
        self.temperatures = temperatures
        self.n_restarts = n_restarts
        self.max_nodes = max_nodes
        self.time_limit = time_limit
        self.tol = tol
        self.max_iter = max_iter
        self.cache_size = cache_size
        self.random_state = random_state
        self.verbose = verbose

    @validated
    def fit(self, X: Any, y: Any, sample_weight: Any = None) -> "TransductiveSVC":
        """Fit the model.

        Parameters
        ----------
        X : array-like or sparse matrix of shape (n, p)
            Features of labelled and unlabelled rows, or their kernel matrix (n, n).
        y : array-like of shape (n,)
            Labels, -1 for unlabelled rows.
        sample_weight : array-like of shape (n,), optional
            Factors of the prices, at least 0; rows of weight 0 are left out.

        Returns
        -------
        TransductiveSVC
            The fitted estimator.
        """
        X, y = validate_data(self, X, y, accept_sparse="csr", dtype=[np.float64, np.float32])
        square = self.kernel == "precomputed"
        if square and X.shape[0] != X.shape[1]:
            raise DataError(f"Precomputed matrix must be a square matrix. Input is a {X.shape[0]}x{X.shape[1]} matrix.")
        if sample_weight is not None:
            sample_weight = _check_sample_weight(sample_weight, X, dtype=np.float64, ensure_non_negative=True)
        weight = np.ones(len(y)) if sample_weight is None else sample_weight
        codes, kept = self._codes(y, weight > 0), np.flatnonzero(weight)
        rows = X if len(kept) == len(y) else X[np.ix_(kept, kept) if square else kept]
        found = self._transduced(rows, codes[kept], weight[kept])
        self._keep(found, rows, kept)
        self._label(y, codes, kept, found, X)
        self._report(found)
        return self

    def _codes(self, y: np.ndarray, counts: np.ndarray) -> np.ndarray:
        """Codes of the labels, -1 for unlabelled rows; sets `classes_`."""
        if y.dtype.kind in "US":
            raise DataError(
                "y has dtype string. If you wish to predict on string targets, use dtype object, and use -1 as the "
                "label for unlabeled samples."
            )
        labelled = np.asarray(y != UNLABELLED, dtype=bool) & counts
        if not labelled.any():
            raise DataError(
                "y has no labelled row: -1 marks unlabelled ones. Label some rows of each class, or use a clustering."
            )
        if y.dtype.kind not in "iub" or labelled.all():
            codes = np.full(len(y), -1)
            codes[labelled] = self._encode(y[labelled])
            return codes
        self._encode(y[labelled])
        return np.where(labelled, np.searchsorted(self.classes_, y), -1)

    def _kernel_function(self) -> KernelFunction:
        if callable(self.kernel):
            return KernelFunction("callable", self._gamma, self.degree, self.coef0, self.kernel)
        return KernelFunction(self.kernel, self._gamma, self.degree, self.coef0)

    def _transduced(self, X: Any, codes: np.ndarray, weight: np.ndarray) -> list[Transduction]:
        """Labels and machines: one for two classes, one against the others for each of more."""
        unlabelled, k = codes < 0, len(self.classes_)
        n_free = int(unlabelled.sum())
        exact = self.method == "exact" or (self.method == "auto" and n_free <= FEW and len(codes) <= SMALL)
        price = float(self.C if self.unlabelled_C is None else self.unlabelled_C)
        cost = np.where(unlabelled, price, self.C) * weight
        counts = np.bincount(codes[~unlabelled], weight[~unlabelled], minlength=k)
        self._gamma = scaled_gamma(self.gamma, self.kernel, X, weight)
        found = []
        with single_threaded_blas() if len(codes) <= SMALL else nullcontext():
            kernel = self._kernel_function()
            machine = machine_of(kernel, X, self.loss, many_fits=exact, cache_size=self.cache_size)
            for j in [1] if k == 2 else range(k):
                y = np.where(unlabelled, 0.0, np.where(codes == j, 1.0, -1.0))
                bounds = self._bounds(j, counts / counts.sum(), n_free)
                found.append(self._solve(TransductiveProblem(machine, y, cost, *bounds), exact))
        return found

    def _bounds(self, j: int, shares: np.ndarray, n_free: int) -> tuple[int, int]:
        """Fewest and most unlabelled rows that are to be of class j."""
        wanted = self.positive_fraction
        if isinstance(wanted, str):
            return 0, n_free
        if wanted is None:
            share = float(shares[j])
        elif np.ndim(wanted) == 0 and len(shares) == 2:
            share = float(wanted)
        else:
            given = np.asarray(wanted, dtype=np.float64)
            if given.shape != shares.shape or not (given >= 0).all() or not np.isclose(given.sum(), 1):
                raise DataError(
                    f"positive_fraction must be None, 'free', or for {len(shares)} classes {len(shares)} shares that "
                    f"add up to 1{' or a single one' if len(shares) == 2 else ''}. Got {wanted!r}."
                )
            share = float(given[j])
        rows = np.round(share * n_free, 9)
        return int(np.floor(rows)), int(np.ceil(rows))

    def _solve(self, problem: TransductiveProblem, exact: bool) -> Transduction:
        if not problem.cost[problem.free].any():
            fit = problem.supervised(self.tol)
            labels = problem.best_labels(fit.decision[problem.free])
            return Transduction(labels, fit, fit.lower, 1, fit.converged)
        temperatures = tuple(float(t) for t in self.temperatures)
        if not temperatures or not all(0 <= t < np.inf for t in temperatures):
            raise DataError(
                f"temperatures must be one or more numbers in the range [0, inf). Got {self.temperatures!r}."
            )
        found = switch_labels(
            problem,
            Schedule(self.annealing_steps, temperatures, self.n_restarts),
            tol=self.tol,
            max_iter=self.max_iter,
            rng=check_random_state(self.random_state),
            verbose=self.verbose,
        )
        if not exact:
            return found
        limits = {"max_nodes": self.max_nodes, "time_limit": self.time_limit}
        return best_labelling(problem, found, tol=self.tol, verbose=self.verbose, **limits)

    def _keep(self, found: list[Transduction], X: Any, kept: np.ndarray) -> None:
        """Set the attributes of the machines."""
        dtype = np.float32 if X.dtype == np.float32 else np.float64
        weights = np.vstack([each.fit.weights for each in found])
        self.intercept_ = np.array([each.fit.intercept for each in found], dtype)
        if self.kernel == "linear":
            coef = safe_sparse_dot(weights, X, dense_output=True) if found[0].fit.expansion else weights
            self.coef_ = np.asarray(coef, dtype)
        else:
            chosen = np.flatnonzero(weights.any(axis=0))
            self.support_ = kept[chosen].astype(np.int32)
            self.support_vectors_ = np.empty((0, 0)) if self.kernel == "precomputed" else X[chosen]
            self.dual_coef_ = weights[:, chosen].astype(dtype)
        self.objective_ = np.array([each.fit.objective for each in found])
        self.lower_bound_ = np.array([min(each.lower, each.fit.objective) for each in found])
        self.duality_gap_ = np.array([each.fit.gap for each in found])
        self.n_iter_ = np.array([each.n_fits for each in found], dtype=np.int32)
        self.n_nodes_ = np.array([each.nodes or 0 for each in found], dtype=np.int32)

    def _label(self, y: np.ndarray, codes: np.ndarray, kept: np.ndarray, found: list[Transduction], X: Any) -> None:
        """Set `transduction_`; rows of weight 0 get the label that is predicted."""
        codes, n = codes.copy(), X.shape[0]
        if (dropped := (codes < 0) & ~np.isin(np.arange(n), kept)).any():
            codes[dropped] = self._choose(self._values(X[dropped]))
        free = kept[codes[kept] < 0]
        if len(found) == 1:
            codes[free] = found[0].labels
        else:
            inside = np.isin(kept, free)
            codes[free] = self._choose(np.column_stack([each.fit.decision[inside] for each in found]))
        self.transduction_ = self.classes_[codes]

    def _report(self, found: list[Transduction]) -> None:
        """Set the certificate; warn if a search was cut short."""
        gap = float(self.duality_gap_.max())
        open_ = 1 - float((self.lower_bound_ / np.maximum(self.objective_, 1e-300)).min())
        nodes, exact = int(self.n_nodes_.sum()), found[0].nodes is not None
        searched = f"{nodes} node{'' if nodes == 1 else 's'}"
        converged = all(each.converged for each in found)
        if exact and converged:
            self.certificate_ = f"proven the best labels, {searched}"
        elif exact:
            self.certificate_ = f"labels within {max(open_, 0.0):.1%} of the best objective, {searched}"
        else:
            self.certificate_ = f"no exchange of labels lowers the objective, duality gap {gap:.0e}"
        if self.verbose:
            print(f"TransductiveSVC: {self.certificate_}")  # noqa: T201
        if not converged:
            self._warn_unconverged(
                self.certificate_ if exact else f"labels were still switched, or the duality gap is {gap:.1e}",
                "Raise max_nodes or time_limit." if exact else "Raise max_iter or tol, or scale the features.",
            )

    def decision_function(self, X: Any) -> np.ndarray:
        """Values f(x): positive for the second class, or a value for each of more classes.

        Parameters
        ----------
        X : array-like or sparse matrix of shape (n, p)
            Features, or kernel values with all rows of `fit`.

        Returns
        -------
        ndarray of shape (n,) for two classes, (n, K) for more
            In units of the margin: 1 and -1 are its edges.
        """
        check_is_fitted(self)
        X = validate_data(self, X, accept_sparse="csr", dtype=[np.float64, np.float32], reset=False)
        values = self._values(X)
        return values[:, 0] if values.shape[1] == 1 else values

    def predict(self, X: Any) -> np.ndarray:
        """Label of each row.

        Parameters
        ----------
        X : array-like or sparse matrix of shape (n, p)
            Features, or kernel values with all rows of `fit`.

        Returns
        -------
        ndarray of shape (n,)
            Labels.
        """
        values = self.decision_function(X)
        return self.classes_[self._choose(values.reshape(len(values), -1))]

    def _values(self, X: Any) -> np.ndarray:
        if self.kernel == "linear":
            return np.asarray(safe_sparse_dot(X, self.coef_.T, dense_output=True)) + self.intercept_
        if len(self.support_) == 0:
            return np.tile(self.intercept_, (X.shape[0], 1))
        with_rows = self.support_ if self.kernel == "precomputed" else self.support_vectors_
        return kernel_times(self._kernel_function(), X, with_rows, self.dual_coef_.T) + self.intercept_

    @staticmethod
    def _choose(values: np.ndarray) -> np.ndarray:
        """Codes of the classes from values (n, 1) or (n, K)."""
        return (values[:, 0] > 0).astype(np.intp) if values.shape[1] == 1 else values.argmax(axis=1)

    @classmethod
    def _warm_kernels(cls) -> None:
        from panlearn.core.threads import GATE

        X = np.random.default_rng(0).normal(size=(40, 2))
        y = np.where(np.arange(40) < 10, X[:, 0] > 0, -1)
        cls(loss="hinge", annealing_steps=2, temperatures=(0.0,)).fit(X, y)
        rows = GATE // 16
        wide = csr_array((np.ones(4 * rows), np.arange(4 * rows) % 7, np.arange(0, 4 * rows + 1, 4)), shape=(rows, 7))
        cls(kernel="linear", annealing_steps=1, temperatures=(0.0,)).fit(wide, np.arange(rows) % 3 - 1)

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.input_tags.sparse = self.kernel != "precomputed"
        tags.input_tags.pairwise = self.kernel == "precomputed"
        return tags
