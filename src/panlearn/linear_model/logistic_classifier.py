"""What logistic regression and its cross-validation share: labels and weights, fitted attributes, predictions."""

from typing import Any

import numpy as np
from scipy.special import log_softmax

from panlearn.core.blocks import ArrayRows, RowSource, require_weight
from panlearn.core.errors import DataError
from panlearn.core.linear_classifier import LinearClassifier
from panlearn.linear_model.logistic_parameters import SHORT_INDICES, UNCONVERGED
from panlearn.linear_model.logistic_solvers import LogisticProblem
from panlearn.losses import BinaryCrossEntropy, SoftmaxCrossEntropy
from panlearn.optimize.newton import Minimum

LIBLINEAR_MOST = 1e30


class LogisticClassifier(LinearClassifier):
    """Base of logistic regression and its cross-validation; raw predictions are log-odds."""

    class_weight: Any
    solver: str
    tol: float
    verbose: int

    def _source(self, X: Any, y: Any, sample_weight: Any, **checks: Any) -> RowSource:
        """Rows to fit on; a solver that scikit-learn names refuses what scikit-learn's refuses."""
        source = super()._source(X, y, sample_weight, accept_large_sparse=self.solver not in SHORT_INDICES, **checks)
        if self.solver == "liblinear" and isinstance(source, ArrayRows) and source.rows.X.max() > LIBLINEAR_MOST:
            raise DataError(
                "Using the 'liblinear' solver while X contains a maximum value > 1e30 results in a frozen fit. Please "
                "choose another solver or rescale the input X."
            )
        return source

    def _encoded(self, source: RowSource) -> np.ndarray:
        """Replace labels in memory by codes, weigh the classes; returns the total weight of each class."""
        if not isinstance(source, ArrayRows):
            self.classes_ = np.unique(np.concatenate([np.unique(piece.y) for piece in source.pieces()]))
            self._encode(self.classes_)
            codes = [(np.searchsorted(self.classes_, piece.y), piece.weight) for piece in source.pieces()]
            return sum(np.bincount(c, w, minlength=len(self.classes_)) for c, w in codes)  # type: ignore[return-value]
        _, y, weight = source.rows
        codes = self._encode(y)
        if self.class_weight == "balanced":  # by weighted frequencies: weights stay repetitions
            counts = np.bincount(codes, weight, minlength=len(self.classes_))
            factors = counts.sum() / (len(counts) * np.where(counts > 0, counts, np.inf))
            weight = factors[codes] * (1.0 if weight is None else weight)
        else:
            weight = self._class_weighted(self.class_weight, y, weight)
        source.rows = source.rows._replace(y=codes, weight=weight)
        counts = np.bincount(codes, weight, minlength=len(self.classes_)).astype(np.float64)
        require_weight(counts.sum())
        return counts

    def _keep(self, problem: LogisticProblem, found: Minimum, l1: float, l2: float) -> None:
        """Set the fitted attributes from a minimum."""
        piece = next(iter(problem.source.pieces()))
        dtype = np.float32 if piece.X.dtype == np.float32 else np.float64
        theta = identified(found.x.reshape(problem.shape), l1)
        self.coef_ = np.ascontiguousarray(theta[:-1].T, dtype=dtype)
        self.intercept_ = theta[-1].astype(dtype)
        self.objective_, self.gradient_norm_ = found.value, found.gradient_norm
        self.certificate_ = f"gradient norm {found.gradient_norm:.0e} of mean loss {found.value:.4g}"
        if l1 > 0:
            self.dual_gap_ = problem.gap(found, l1, l2)
            self.certificate_ = f"duality gap {self.dual_gap_:.0e}, sub{self.certificate_}"

    def _report(self, found: Minimum, unpenalised: bool) -> None:
        if self.verbose:
            print(f"{type(self).__name__}: {found.n_iter} iterations, {self.certificate_}")  # noqa: T201
        if not found.converged:
            named = UNCONVERGED.get(self.solver, "").format(found.n_iter)
            self._warn_unconverged(
                f"{named}{'; ' if named else ''}the gradient norm is {found.gradient_norm:.1e}, tol is {self.tol:.1e}",
                "Raise max_iter or tol, or scale the features to a common range.",
            )
        elif unpenalised and found.value < 10 * self.tol:
            self._warn_unconverged(
                f"the mean loss is {found.value:.1e}",
                "A hyperplane separates the classes, so without a penalty the weights have no finite optimum; set C.",
            )

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

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        if self.solver == "liblinear" and tags.classifier_tags is not None:
            tags.classifier_tags.multi_class = False
        return tags


def identified(theta: np.ndarray, l1: float) -> np.ndarray:
    """Parameters (p + 1, k) of which those of several classes add up to 0, unless absolute values fix them.

    A constant added to all classes changes no probability; the squared penalty is least where the mean is 0.

    Examples
    --------
    >>> import numpy as np
    >>> identified(np.array([[1.0, 2.0, 6.0]]), l1=0.0)
    array([[-2., -1.,  3.]])
    """
    if theta.shape[1] == 1:
        return theta
    theta = theta.copy()
    free = slice(None) if l1 == 0 else slice(-1, None)
    theta[free] -= theta[free].mean(axis=1, keepdims=True)
    return theta
