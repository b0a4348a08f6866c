"""What `SVC` and `NuSVC` share: classes, pairs of them, votes, probabilities.

Course notes: 000 §2.
"""

from itertools import pairwise
from typing import Any, ClassVar

import numpy as np
from scipy.sparse import issparse, vstack
from sklearn.exceptions import NotFittedError
from sklearn.utils import check_random_state
from sklearn.utils.class_weight import compute_class_weight
from sklearn.utils.extmath import safe_sparse_dot
from sklearn.utils.metaestimators import available_if
from sklearn.utils.validation import check_is_fitted

from panlearn.core.base import Classifier
from panlearn.core.constraints import BOOLEAN, RANDOM, options, validated
from panlearn.core.errors import DataError
from panlearn.svm.dual_problem import DualFit
from panlearn.svm.kernel_function import KernelFunction, kernel_matrix, kernel_times
from panlearn.svm.one_vs_one import (
    FEW,
    Machines,
    Sample,
    one_vs_rest,
    pair_coefficients,
    pair_values,
    pairs_of,
    solve_pairs,
    votes,
)
from panlearn.svm.pairwise_coupling import couple
from panlearn.svm.platt_scaling import FOLDS, Sigmoid, fit_sigmoid, fit_steps
from panlearn.svm.support_vector_machine import Rows, SupportVectorMachine

MEGABYTE = 2**20
TALL = 1000  # rows above which pairs with a linear kernel may do better without its matrix


def _gives_probabilities(model: Any) -> bool:
    if model.probability in (False, "deprecated"):
        raise AttributeError("predict_proba is not available when probability=False")
    return True


class SupportVectorClassifier(Classifier, SupportVectorMachine):
    """Base of the classifiers."""

    probability: Any
    class_weight: Any
    decision_function_shape: str
    break_ties: bool
    random_state: Any
    _parameter_constraints: ClassVar[dict[str, list]] = {
        **SupportVectorMachine._parameter_constraints,
        "probability": [BOOLEAN, options("sigmoid", "isotonic", "deprecated")],
        "class_weight": [options("balanced"), dict, None],
        "decision_function_shape": [options("ovr", "ovo")],
        "break_ties": [BOOLEAN],
        "random_state": [RANDOM],
    }

    def _machine(self, sample: Sample) -> DualFit:
        """Train the machine of two classes, the first of which is the positive one."""
        raise NotImplementedError

    def _check(self, sample: Sample) -> None:
        """Raise if no machine of these classes exists."""

    @validated
    def fit(self, X: Any, y: Any, sample_weight: Any = None) -> "SupportVectorClassifier":
        """Fit the model.

        Parameters
        ----------
        X : array-like or sparse matrix of shape (n, p)
            Features; for `kernel="precomputed"` the kernel matrix (n, n).
        y : array-like of shape (n,)
            Labels.
        sample_weight : array-like of shape (n,), optional
            Factors on C, row by row. Rows of weight 0 or below are left out.

        Returns
        -------
        SupportVectorClassifier
            The fitted estimator.
        """
        rows = self._rows(X, y, sample_weight)
        codes = self._encoded(rows)
        order = np.argsort(codes, kind="stable")
        rows = rows.take(order)
        codes = codes[order]
        ends = np.searchsorted(codes, np.arange(len(self.classes_) + 1))
        sample = Sample(rows.kernel, rows.points, self._shared(rows), rows.weight * self.class_weight_[codes], ends)
        self._check(sample)
        self._keep_machines(rows, sample, solve_pairs(sample, self._machine))
        self._calibrators: list[Any] = []
        if self.probability not in (False, "deprecated"):
            self._calibrate(sample, rows.weight)
        return self

    def _encoded(self, rows: Rows) -> np.ndarray:
        """Codes 0..K-1 of the labels; sets `classes_` and `class_weight_`."""
        if len(rows.y) < self.shape_fit_[0] and (rows.y == rows.y[0]).all():
            raise DataError(
                "Invalid input - all samples with positive weights belong to the same class, for which every "
                "specified nu is infeasible"
            )
        codes = self._encode(rows.y)
        self.class_weight_ = np.ones(len(self.classes_))
        if isinstance(self.class_weight, str):  # by weighted frequencies: weights stay repetitions
            counts = np.bincount(codes, rows.weight)
            self.class_weight_ = counts.sum() / (len(counts) * counts)
        elif self.class_weight:
            self.class_weight_ = compute_class_weight(self.class_weight, classes=self.classes_, y=rows.y)
        return codes

    def _shared(self, rows: Rows) -> np.ndarray | None:
        """The kernel matrix of all rows, where several problems need it and the cache holds it."""
        if rows.gram is not None:
            return rows.gram
        n = len(rows.y)
        once = len(self.classes_) == 2 and self.probability in (False, "deprecated")
        if once or 8 * n * n > self.cache_size * MEGABYTE or (self.kernel == "linear" and n > TALL):
            return None
        return kernel_matrix(rows.kernel, rows.points, rows.points)

    def _keep_machines(self, rows: Rows, sample: Sample, machines: Machines) -> None:
        """Set the fitted attributes."""
        fits, binary = machines.fits, len(self.classes_) == 2
        support = np.flatnonzero(machines.coef.any(axis=0))
        self._n_support = np.diff(np.searchsorted(support, sample.ends)).astype(np.int32)
        # with two classes f is positive for the second, as everywhere in scikit-learn
        self.intercept_ = 0.0 - machines.intercept if binary else machines.intercept
        self._keep(rows, 0.0 - machines.coef if binary else machines.coef, support)
        self.n_iter_ = np.array([fit.n_iter for fit in fits], dtype=np.int32)
        self.kkt_violation_ = np.array([fit.violation for fit in fits])
        self.duality_gap_ = np.array([fit.gap for fit in fits])
        self.objective_ = np.array([fit.objective for fit in fits])
        norms = np.array([fit.beta @ fit.products for fit in fits])
        with np.errstate(divide="ignore"):
            self.margin_ = 2 / np.sqrt(norms.clip(min=0.0))
        least = self.margin_.min()
        self._certify(fits, f", margin {least:.3g}" if binary else f", smallest margin {least:.3g}")

    def _calibrate(self, sample: Sample, weight: np.ndarray) -> None:
        """Calibrators of the pairs from decision values of five folds."""
        rng, ends = check_random_state(self.random_state), sample.ends
        fold = np.concatenate([rng.permutation(size) % FOLDS for size in sample.sizes])
        pairs = pairs_of(len(self.classes_))
        values = np.empty((len(fold), len(pairs)))
        for k in range(FOLDS):
            seen, held = np.flatnonzero(fold != k), np.flatnonzero(fold == k)
            if len(held):
                values[held] = _held_values(sample, seen, held, self._machine)
        fit = fit_steps if self.probability == "isotonic" else fit_sigmoid
        for p, (i, j) in enumerate(pairs):
            both = np.r_[ends[i] : ends[i + 1], ends[j] : ends[j + 1]]
            self._calibrators.append(fit(values[both, p], both < ends[i + 1], weight[both]))

    def _pair_values(self, X: Any) -> np.ndarray:
        """Decision values of the pairs, positive for the first class, (n, K (K - 1) / 2)."""
        X = self._queried(X)
        sign = -1.0 if len(self.classes_) == 2 else 1.0
        if self.kernel == "linear":
            values = safe_sparse_dot(X, self._weights().T, dense_output=True) + self.intercept_
            return sign * np.asarray(values)
        coef = self.dual_coef_.toarray() if issparse(self.dual_coef_) else self.dual_coef_
        ends = np.cumsum([0, *self._n_support])
        if len(self.classes_) <= FEW:
            return sign * (self._expansion(X, pair_coefficients(coef, ends)) + self.intercept_)
        by_class = [self._expansion(X, coef[:, a:b].T, a, b) for a, b in pairwise(ends)]
        return pair_values(by_class, self.intercept_)

    def decision_function(self, X: Any) -> np.ndarray:
        """Decision values.

        Parameters
        ----------
        X : array-like or sparse matrix of shape (n, p)
            Features; for `kernel="precomputed"` kernel values with the rows of `fit`.

        Returns
        -------
        ndarray of shape (n,) for two classes, (n, K) for more, (n, K (K - 1) / 2) with "ovo"
            Positive for the second class. For more classes votes, ties broken by the sum of decision values; with
            "ovo" the value of each pair, positive for its first class.
        """
        values, classes = self._pair_values(X), len(self.classes_)
        if classes == 2:
            return -values[:, 0]
        return one_vs_rest(values, classes) if self.decision_function_shape == "ovr" else values

    def predict(self, X: Any) -> np.ndarray:
        """The class of each row.

        It is the winner of the votes. Probabilities, if fitted, are calibrated afterwards and do not change it: where
        the calibration moves the even chance away from the hyperplane, the most probable class is another one between
        the two.

        Parameters
        ----------
        X : array-like or sparse matrix of shape (n, p)
            Features; for `kernel="precomputed"` kernel values with the rows of `fit`.

        Returns
        -------
        ndarray of shape (n,)
            Labels.
        """
        check_is_fitted(self)
        if self.break_ties and self.decision_function_shape == "ovo":
            raise DataError("break_ties must be False when decision_function_shape is 'ovo'")
        values, classes = self._pair_values(X), len(self.classes_)
        if classes == 2:
            return self.classes_[(values[:, 0] <= 0).astype(np.intp)]
        scores = one_vs_rest(values, classes) if self.break_ties else votes(values > 0, classes)
        return self.classes_[scores.argmax(axis=1)]

    @available_if(_gives_probabilities)
    def predict_proba(self, X: Any) -> np.ndarray:
        """Class probabilities, calibrated on five folds.

        Parameters
        ----------
        X : array-like or sparse matrix of shape (n, p)
            Features; for `kernel="precomputed"` kernel values with the rows of `fit`.

        Returns
        -------
        ndarray of shape (n, K)
            Probabilities in the order of `classes_`. With two classes they rank rows as `decision_function` does.
        """
        values = self._pair_values(X)
        if not self._calibrators:
            raise NotFittedError("predict_proba is not available when fitted with probability=False")
        first = np.column_stack([calibrator(values[:, p]) for p, calibrator in enumerate(self._calibrators)])
        return couple(first, len(self.classes_))

    @available_if(_gives_probabilities)
    def predict_log_proba(self, X: Any) -> np.ndarray:
        """Logarithms of the class probabilities.

        Parameters
        ----------
        X : array-like or sparse matrix of shape (n, p)
            Features; for `kernel="precomputed"` kernel values with the rows of `fit`.

        Returns
        -------
        ndarray of shape (n, K)
            Log-probabilities in the order of `classes_`.
        """
        return np.log(self.predict_proba(X))

    @property
    def probA_(self) -> np.ndarray:
        """Slopes A of Platt's sigmoids, one for each pair; empty without them."""
        return np.array([c.slope for c in self._calibrators if isinstance(c, Sigmoid)])

    @property
    def probB_(self) -> np.ndarray:
        """Offsets B of Platt's sigmoids, one for each pair; empty without them."""
        return np.array([c.offset for c in self._calibrators if isinstance(c, Sigmoid)])

    def _weights(self) -> Any:
        """W of each pair for the linear kernel, (1, p) or (K (K - 1) / 2, p)."""
        coef, vectors = self.dual_coef_, self.support_vectors_
        if len(self.classes_) == 2:
            return safe_sparse_dot(coef, vectors)
        ends = np.cumsum([0, *self._n_support])
        parts = [slice(a, b) for a, b in pairwise(ends)]
        weights = [safe_sparse_dot(coef[:, part], vectors[part]) for part in parts]  # (K - 1, p) for each class
        found = [weights[i][[j - 1]] + weights[j][[i]] for i, j in pairs_of(len(parts))]
        return vstack(found, format="csr") if issparse(vectors) else np.concatenate(found)


def _held_values(sample: Sample, seen: np.ndarray, held: np.ndarray, machine: Any) -> np.ndarray:
    """Decision values of rows that the machines have not seen."""
    part = sample.take(seen)
    machines = solve_pairs(part, machine)
    by_class = []
    for a, b in pairwise(part.ends):
        used = a + np.flatnonzero(machines.coef[:, a:b].any(axis=0))
        coef = machines.coef[:, used].T
        if sample.gram is not None:
            values = kernel_times(KernelFunction("precomputed"), sample.gram[held], seen[used], coef)
        else:
            values = kernel_times(sample.kernel, sample.X[held], part.X[used], coef)
        by_class.append(values)
    return pair_values(by_class, machines.intercept)
