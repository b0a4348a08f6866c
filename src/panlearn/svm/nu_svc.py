"""Support vector classification with a share of errors instead of a price [scholkopf2000].

    minimise over w, b, rho, xi     1/2 |w|^2 - nu rho + 1/n sum_i xi_i
    subject to                      y_i (w'phi(x_i) + b) >= rho - xi_i,    xi_i >= 0,    rho >= 0

nu bounds the share of rows inside the margin from above, and the share of support vectors from below. In the dual each
alpha_i is at most s_i (weight of the row), and the alphas of either class add up to nu sum_i s_i / 2; so nu is feasible
up to twice the share of the smaller class. The solution is divided by rho, which makes it that of `SVC` with C = 1/rho.

When it fails: a smaller class below the share nu / 2 (`class_weight="balanced"` always allows nu up to 1).

Course notes: 000 §2.5 (slack).
"""

from collections.abc import Sequence
from itertools import pairwise
from typing import Any, ClassVar

import numpy as np

from panlearn.core.constraints import Interval, Real
from panlearn.core.errors import DataError
from panlearn.core.registry import method
from panlearn.svm.dual_problem import DualFit, DualProblem
from panlearn.svm.one_vs_one import Sample, pairs_of
from panlearn.svm.support_vector_classifier import SupportVectorClassifier

SHARE = Interval(Real, 0.0, 1.0, closed="right")


@method(
    "Nu support vector classification",
    tasks=("binary", "multiclass"),
    notes=("000 2",),
    needs=("scaled",),
    cost=lambda n, p, k: 0.5 * n * n * (2 * p + 20),
    settings={"class_weight": "balanced"},  # feasible whatever the classes are
)
class NuSVC(SupportVectorClassifier):
    """Support vector classification in which nu bounds the share of margin errors.

    Parameters
    ----------
    nu : float, default=0.5
        Most margin errors and least support vectors, as shares of the rows; in (0, 1].
    kernel : {"linear", "poly", "rbf", "laplacian", "sigmoid", "precomputed"} or callable, default="rbf"
        As for `SVC`.
    degree : int, default=3
        Degree of the polynomial.
    gamma : {"scale", "auto"} or float, default="scale"
        As for `SVC`.
    coef0 : float, default=0.0
        Constant of the polynomial and sigmoid kernels.
    shrinking : bool, default=True
        Let rows that look settled make way first in a block; for the time it takes, not for the answer.
    probability : bool, "sigmoid" or "isotonic", default=False
        Calibrate probabilities on five folds; True is "sigmoid".
    tol : float, default=1e-3
        Stop when the KKT conditions, before the division by rho, are violated by no more.
    cache_size : float, default=200
        Megabytes for kernel values.
    class_weight : dict or "balanced", optional
        Factors on the bounds of alpha by class (scikit-learn takes but does not use it).
    verbose : bool, default=False
        Show progress.
    max_iter : int, default=-1
        Most steps; -1 for no limit.
    decision_function_shape : {"ovr", "ovo"}, default="ovr"
        A decision value for each class or for each pair of classes.
    break_ties : bool, default=False
        Break ties of the votes by the sums of decision values rather than by the order of the classes.
    random_state : int, RandomState or None, default=None
        Seed of the folds of `probability`.

    Attributes
    ----------
    classes_ : ndarray of shape (K,)
        Labels.
    support_ : ndarray of shape (m,)
        Rows that are support vectors, class by class.
    support_vectors_ : ndarray or sparse matrix of shape (m, p)
        These rows.
    n_support_ : ndarray of shape (K,)
        How many there are of each class.
    dual_coef_ : ndarray or sparse matrix of shape (K - 1, m)
        alpha_i y_i / rho of a support vector in the machines of its class against the others.
    intercept_ : ndarray of shape (K (K - 1) / 2,)
        b of each pair.
    coef_ : ndarray or sparse matrix of shape (K (K - 1) / 2, p)
        w of each pair, for the linear kernel.
    margin_ : ndarray of shape (K (K - 1) / 2,)
        2 / |w| of each pair.
    kkt_violation_ : ndarray of shape (K (K - 1) / 2,)
        Certificate: largest violation of the KKT conditions, what `tol` bounds.
    duality_gap_ : ndarray of shape (K (K - 1) / 2,)
        Certificate: primal minus dual objective.
    objective_ : ndarray of shape (K (K - 1) / 2,)
        Value of the dual's minimisation.
    certificate_ : str
        The worst of these in words.
    n_iter_ : ndarray of shape (K (K - 1) / 2,)
        Steps.
    fit_status_ : int
        0 if all pairs converged.
    class_weight_ : ndarray of shape (K,)
        Factor of each class.
    probA_, probB_ : ndarray of shape (K (K - 1) / 2,)
        Slopes and offsets of the calibration by sigmoids.
    shape_fit_ : tuple of int
        Shape of X in `fit`.
    n_features_in_ : int
        Number of features.
    feature_names_in_ : ndarray of shape (p,)
        Names of the features, if X has string column names.

    Raises
    ------
    ValueError
        If nu is infeasible for the sizes of the classes, or the data cannot be used.

    References
    ----------
    [scholkopf2000], [chang2011]; course notes 000 §2

    Examples
    --------
    >>> import numpy as np
    >>> from panlearn.svm import NuSVC
    >>> rng = np.random.default_rng(0)
    >>> X = rng.normal(size=(200, 2))
    >>> y = X[:, 0] + rng.normal(size=200) > 0
    >>> model = NuSVC(nu=0.6, tol=1e-6).fit(X, y)
    >>> inside = np.abs(model.decision_function(X)) * np.where(model.predict(X) == y, 1, -1) < 0.999
    >>> bool(inside.mean() <= 0.6 <= len(model.support_) / 200)
    True
    """

    _parameter_constraints: ClassVar[dict[str, list]] = {
        **SupportVectorClassifier._parameter_constraints,
        "nu": [SHARE],
    }

    _expected_failed_checks: ClassVar[dict[str, str]] = {
        **SupportVectorClassifier._expected_failed_checks,
        "check_class_weight_classifiers": "with weights of 1000 and 0.0001 no usable nu is feasible: an error",
    }

    def __init__(
        self,
        *,
        nu: float = 0.5,
        kernel: Any = "rbf",
        degree: int = 3,
        gamma: Any = "scale",
        coef0: float = 0.0,
        shrinking: bool = True,
        probability: Any = False,
        tol: float = 1e-3,
        cache_size: float = 200,
        class_weight: Any = None,
        verbose: bool = False,
        max_iter: int = -1,
        decision_function_shape: str = "ovr",
        break_ties: bool = False,
        random_state: Any = None,
    ) -> None:
        self.nu = nu
        self.kernel = kernel
        self.degree = degree
        self.gamma = gamma
        self.coef0 = coef0
        self.shrinking = shrinking
        self.probability = probability
        self.tol = tol
        self.cache_size = cache_size
        self.class_weight = class_weight
        self.verbose = verbose
        self.max_iter = max_iter
        self.decision_function_shape = decision_function_shape
        self.break_ties = break_ties
        self.random_state = random_state

    def _check(self, sample: Sample) -> None:
        """Nu must be feasible for each pair of classes."""
        total = np.array([sample.weight[a:b].sum() for a, b in pairwise(sample.ends)])
        for i, j in pairs_of(len(total)):
            most = 2 * min(total[i], total[j]) / (total[i] + total[j])
            if self.nu > most * (1 + 1e-9):
                raise DataError(
                    f"specified nu is infeasible: nu={self.nu} is above {most:.4g}, twice the share of the smaller of "
                    f"the classes {self.classes_[i]!r} and {self.classes_[j]!r}. Lower nu or set class_weight."
                )

    def _machine(self, sample: Sample) -> DualFit:
        y, upper = np.repeat([1.0, -1.0], sample.sizes), sample.weight
        sums = [upper[y > 0].sum(), upper[y < 0].sum()]
        each = min(self.nu * sum(sums) / 2, *sums)  # a fold may have too few rows of a class
        start = np.concatenate([filled(upper[y > 0], each), filled(upper[y < 0], each)])
        problem = DualProblem(np.arange(len(y)), y, np.zeros(len(y)), upper, start, by_sign=True)
        fit = self._solve(sample.kernel, sample.X, problem, sample.gram)
        rho = fit.rho_by_sign
        if not rho > 1e-12 * np.abs(fit.products).max(initial=0.0):  # classes that cannot be told apart have no margin
            return fit
        return fit._replace(beta=fit.beta / rho, products=fit.products / rho, intercept=fit.intercept / rho)

    def _certify(self, fits: Sequence[DualFit], words: str = "") -> None:
        super()._certify(fits, words)
        rho, violation = min((fit.rho_by_sign, fit.violation) for fit in fits)
        if rho <= violation:
            self._warn_unconverged(
                f"the margin rho is {rho:.1e}, no larger than the KKT violation {violation:.1e}",
                "No hyperplane of this kernel has a margin with so few errors (raise nu), or tol is too large.",
            )

    @classmethod
    def _warm_kernels(cls) -> None:
        rng = np.random.default_rng(0)
        X = rng.normal(size=(60, 3))
        cls(nu=0.1).fit(X, X[:, 0] + rng.normal(size=60) > 0)


def filled(upper: np.ndarray, total: float) -> np.ndarray:
    """A feasible start: the first variables at their bounds, one between, the rest 0.

    Examples
    --------
    >>> filled(np.array([1.0, 1.0, 1.0]), 1.5)
    array([1. , 0.5, 0. ])
    """
    return np.clip(total - np.append(0.0, np.cumsum(upper)[:-1]), 0.0, upper)
