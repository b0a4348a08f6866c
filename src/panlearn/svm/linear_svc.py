"""Linear support vector classification: the widest street between two classes, without a kernel [boser1992], [fan2008].

    two classes     minimise 1/2 |w|^2 + C sum_i s_i loss(y_i (x_i'w + b)),     y = -1 or 1
                    loss = max(0, 1 - m) (hinge) or its square,     |w|_1 in the place of 1/2 |w|^2 for penalty="l1"
    K classes       "ovr": one such machine for each class against the rest; the largest x'w_k + b_k decides
                    "crammer_singer": one problem, loss max over k of (1 if k is not y_i) + x_i'(w_k - w_{y_i})

The solver depends on the shape of X (`linear_machine`): Newton's method and an interior-point method for many rows and
few columns, dual coordinate descent for text. Each ends with a certificate.

The intercept is by default a weight of the constant feature `intercept_scaling`, hence penalised, as LIBLINEAR has it:
the same data give the same model. `intercept_scaling=numpy.inf` leaves it unpenalised, as in `SVC`.

When it fails: features on different scales get penalties of different strength: scale them first.

Course notes: 000 §2, §2.5 (soft margin).
"""

from typing import Any, ClassVar

import numpy as np
from sklearn.utils import check_random_state
from sklearn.utils.class_weight import compute_class_weight

from panlearn.core.blocks import require_finite
from panlearn.core.constraints import BOOLEAN, NATURAL, POSITIVE, RANDOM, VERBOSE, options, validated
from panlearn.core.errors import DataError
from panlearn.core.linear_classifier import LinearClassifier
from panlearn.core.registry import method
from panlearn.svm.linear_machine import LinearMachine, Solution, intercept_scale, unconverged


@method(
    "Linear SVM",
    tasks=("binary", "multiclass"),
    notes=("000 2",),
    cost=lambda n, p, k: 30.0 * n * p * min(p, 100) * max(1, k),
    needs=("scaled",),
)
class LinearSVC(LinearClassifier):
    """Linear support vector classification.

    Parameters
    ----------
    penalty : {"l1", "l2"}, default="l2"
        "l1" gives sparse weights.
    loss : {"hinge", "squared_hinge"}, default="squared_hinge"
        Loss of a margin below 1; "l1" goes with the square only.
    dual : "auto" or bool, default="auto"
        Kept for scikit-learn's combinations of penalty and loss; the solver is chosen by the shape of X.
    tol : float, default=1e-4
        Stop when the conditions of the optimum fail by at most this, in units of the margin (see `certificate_`).
    C : float, default=1.0
        Strength of the loss against the penalty, positive.
    multi_class : {"ovr", "crammer_singer"}, default="ovr"
        One machine a class, or all classes in one problem.
    fit_intercept : bool, default=True
        Fit an intercept.
    intercept_scaling : float, default=1.0
        Value of the constant feature whose weight gives the intercept, positive; numpy.inf: it is not penalised.
    class_weight : dict or "balanced", default=None
        Factors on C for the classes; "balanced" makes them inverse to the class frequencies.
    verbose : int, default=0
        Whether to print the certificate.
    random_state : int, RandomState instance or None, default=None
        Chooses the order of the rows in coordinate descent.
    max_iter : int, default=1000
        Most sweeps over the rows, or Newton steps.

    Attributes
    ----------
    coef_ : ndarray of shape (1, p) for two classes, (K, p) for more
        Weights.
    intercept_ : ndarray of shape (1,) or (K,), or 0.0 without intercept
        Intercepts.
    classes_ : ndarray of shape (K,)
        Labels.
    n_iter_ : int
        Sweeps or steps, the most over the machines.
    objective_ : ndarray of shape (machines,)
        What is minimised, for each machine.
    dual_gap_ : ndarray of shape (machines,)
        Certificate: the objective cannot be lower by more than this (for "l1", the largest subgradient component).
    certificate_ : str
        The same in words, for the worst machine.
    n_features_in_ : int
        Number of features.
    feature_names_in_ : ndarray of shape (p,)
        Names of the features, if X has string column names.

    Raises
    ------
    ValueError
        If y has one class, penalty, loss and dual do not go together, or a parameter or the data cannot be used.

    References
    ----------
    [fan2008], [hsieh2008], [keerthi2005], [keerthi2008]

    Examples
    --------
    A penalised intercept bends to a strong penalty, an unpenalised one does not:

    >>> import numpy as np
    >>> from panlearn.svm import LinearSVC
    >>> X, y = [[9.0], [10.0], [12.0], [13.0]], [0, 0, 1, 1]
    >>> [LinearSVC(intercept_scaling=s, C=0.1).fit(X, y).score(X, y) for s in (1.0, np.inf)]
    [0.5, 1.0]
    """

    _parameter_constraints: ClassVar[dict[str, list]] = {
        "penalty": [options("l1", "l2")],
        "loss": [options("hinge", "squared_hinge")],
        "dual": [BOOLEAN, options("auto")],
        "tol": [POSITIVE],
        "C": [POSITIVE],
        "multi_class": [options("ovr", "crammer_singer")],
        "fit_intercept": [BOOLEAN],
        "intercept_scaling": [float, int],
        "class_weight": [None, dict, options("balanced")],
        "verbose": [VERBOSE],
        "random_state": [RANDOM],
        "max_iter": [NATURAL],
    }

    def __init__(
        self,
        penalty: str = "l2",
        loss: str = "squared_hinge",
        *,
        dual: Any = "auto",
        tol: float = 1e-4,
        C: float = 1.0,
        multi_class: str = "ovr",
        fit_intercept: bool = True,
        intercept_scaling: float = 1.0,
        class_weight: Any = None,
        verbose: int = 0,
        random_state: Any = None,
        max_iter: int = 1000,
    ) -> None:
        self.penalty = penalty
        self.loss = loss
        self.dual = dual
        self.tol = tol
        self.C = C
        self.multi_class = multi_class
        self.fit_intercept = fit_intercept
        self.intercept_scaling = intercept_scaling
        self.class_weight = class_weight
        self.verbose = verbose
        self.random_state = random_state
        self.max_iter = max_iter

    @validated
    def fit(self, X: Any, y: Any, sample_weight: Any = None) -> "LinearSVC":
        """Fit the model.

        Parameters
        ----------
        X : array-like or sparse matrix of shape (n, p)
            Features, on like scales.
        y : array-like of shape (n,)
            Labels.
        sample_weight : array-like of shape (n,), optional
            Factors on C for the rows, at least 0.

        Returns
        -------
        LinearSVC
            The fitted estimator.
        """
        self._check()
        source: Any = self._source(X, y, sample_weight, accept_large_sparse=False)
        require_finite(source)
        X, y, weight = source.rows
        codes = self._encode(y)
        scaling = intercept_scale(self)
        factors = compute_class_weight(self.class_weight, classes=self.classes_, y=y, sample_weight=sample_weight)
        weight = self.C * (np.ones(len(codes)) if weight is None else weight)
        if not np.all(np.bincount(codes, weight) > 0):
            present = self.classes_[np.bincount(codes, weight) > 0]
            raise DataError(
                f"LinearSVC needs rows of positive weight in each class; only {present.tolist()} have some. "
                "Drop the other classes, or weight their rows."
            )
        rng = check_random_state(self.random_state)
        if self.multi_class == "crammer_singer":
            from panlearn.svm.linear_crammer_singer import solve_crammer_singer  # compiles or loads kernels

            found = solve_crammer_singer(
                X, codes, weight * factors[codes], scaling, tol=self.tol, max_iter=self.max_iter, rng=rng
            )
            self._keep(found, X.dtype)
        else:
            self._keep(self._one_against_rest(X, codes, weight, factors, scaling, rng), X.dtype)
        return self

    def _check(self) -> None:
        """Refuse what LIBLINEAR refuses."""
        if self.multi_class == "crammer_singer":
            return
        wrong = ""
        if self.penalty == "l1" and self.loss == "hinge":
            wrong = "The combination of penalty='l1' and loss='hinge' is not supported"
        elif (self.penalty == "l1" and self.dual is True) or (self.loss == "hinge" and self.dual is False):
            wrong = (
                f"The combination of penalty='{self.penalty}' and loss='{self.loss}' are not supported "
                f"when dual={self.dual}"
            )
        if wrong:
            raise DataError(
                f"Unsupported set of arguments: {wrong}, Parameters: penalty={self.penalty!r}, loss={self.loss!r}, "
                f"dual={self.dual!r}"
            )

    def _one_against_rest(
        self, X: Any, codes: np.ndarray, weight: np.ndarray, factors: np.ndarray, scaling: float, rng: Any
    ) -> list[Solution]:
        machine = LinearMachine(X, self.loss, 0.0, scaling, self.tol, self.max_iter)
        binary = len(self.classes_) == 2
        found = []
        for k in [1] if binary else range(len(self.classes_)):
            ours = codes == k
            # of several classes LIBLINEAR weights the one that stands against the rest
            C = weight * (factors[codes] if binary else np.where(ours, factors[k], 1.0))
            found.append(machine.solve(np.where(ours, 1.0, -1.0), C, rng, absolute=self.penalty == "l1"))
        return found

    def _keep(self, found: list[Solution], dtype: Any) -> None:
        """Set the fitted attributes."""
        self.coef_ = np.array([one.coef for one in found]).astype(dtype, copy=False)
        self.intercept_: Any = (
            np.array([one.intercept for one in found]).astype(dtype, copy=False) if self.fit_intercept else 0.0
        )
        self.n_iter_ = max(one.n_iter for one in found)
        self.objective_ = np.array([one.value for one in found])
        self.dual_gap_ = np.array([one.gap for one in found])
        worst = int(np.argmax(self.dual_gap_ / np.maximum(self.objective_, 1e-300)))
        measure = "subgradient" if self.penalty == "l1" and self.multi_class == "ovr" else "duality gap"
        self.certificate_ = f"{measure} {max(self.dual_gap_[worst], 0.0):.0e} of objective {self.objective_[worst]:.4g}"
        if self.multi_class == "crammer_singer" and len(self.classes_) == 2:
            self.coef_ = self.coef_[1:] - self.coef_[:1]
            self.intercept_ = self.intercept_[1:] - self.intercept_[:1] if self.fit_intercept else 0.0
        if self.verbose:
            print(f"LinearSVC: {self.n_iter_} iterations, {self.certificate_}")  # noqa: T201
        if not all(one.converged for one in found):
            self._warn_unconverged(*unconverged(self))

    @classmethod
    def _warm_kernels(cls) -> None:
        """Compile coordinate descent."""
        from scipy.sparse import random

        X: Any = random(60, 200, 0.05, format="csr")
        for features in (X, X.toarray()):
            cls(loss="hinge").fit(features, np.arange(60) % 2)
        cls(multi_class="crammer_singer").fit(X, np.arange(60) % 3)
