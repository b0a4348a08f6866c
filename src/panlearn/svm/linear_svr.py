"""Linear support vector regression: a tube of half-width epsilon around a plane, errors count beyond it [vapnik1995].

    minimise 1/2 |w|^2 + C sum_i s_i loss(x_i'w + b - y_i),     loss = max(0, |r| - epsilon) or its square

The rows inside the tube do not matter. Solvers and intercept are those of `LinearSVC`: `intercept_scaling=numpy.inf`
leaves the intercept unpenalised.

When it fails: epsilon is in units of y: a tube that holds all rows gives the zero plane.

Course notes: 000 §2.5 (slack), 003 §1.2 (the squared error whose place the tube takes).
"""

from typing import Any, ClassVar

import numpy as np
from sklearn.base import RegressorMixin
from sklearn.utils import check_random_state
from sklearn.utils.validation import check_is_fitted, validate_data

from panlearn.core.base import Estimator
from panlearn.core.blocks import require_finite
from panlearn.core.constraints import BOOLEAN, NATURAL, NONNEGATIVE, POSITIVE, RANDOM, VERBOSE, options, validated
from panlearn.core.errors import DataError
from panlearn.core.registry import method
from panlearn.svm.linear_machine import LinearMachine, intercept_scale, unconverged


@method(
    "Linear support vector regression",
    tasks=("regression",),
    notes=("000 2",),
    cost=lambda n, p, k: 30.0 * n * p * min(p, 100),
    needs=("scaled",),
)
class LinearSVR(RegressorMixin, Estimator):
    """Linear support vector regression.

    Parameters
    ----------
    epsilon : float, default=0.0
        Half-width of the tube in which errors do not count, at least 0.
    tol : float, default=1e-4
        Stop when the conditions of the optimum fail by at most this, in units of y (see `certificate_`).
    C : float, default=1.0
        Strength of the loss against the penalty, positive.
    loss : {"epsilon_insensitive", "squared_epsilon_insensitive"}, default="epsilon_insensitive"
        Loss of a residual beyond the tube.
    fit_intercept : bool, default=True
        Fit an intercept.
    intercept_scaling : float, default=1.0
        Value of the constant feature whose weight gives the intercept, positive; numpy.inf: it is not penalised.
    dual : "auto" or bool, default="auto"
        Kept for scikit-learn's combinations; the solver is chosen by the shape of X.
    verbose : int, default=0
        Whether to print the certificate.
    random_state : int, RandomState instance or None, default=None
        Chooses the order of the rows in coordinate descent.
    max_iter : int, default=1000
        Most sweeps over the rows, or Newton steps.

    Attributes
    ----------
    coef_ : ndarray of shape (p,)
        Weights.
    intercept_ : ndarray of shape (1,), or 0.0 without intercept
        Intercept.
    n_iter_ : int
        Sweeps or steps.
    objective_ : float
        What is minimised.
    dual_gap_ : float
        Certificate: the objective cannot be lower by more than this.
    certificate_ : str
        The same in words.
    n_features_in_ : int
        Number of features.
    feature_names_in_ : ndarray of shape (p,)
        Names of the features, if X has string column names.

    Raises
    ------
    ValueError
        If loss and dual do not go together, or a parameter or the data cannot be used.

    References
    ----------
    [vapnik1995], [ho2012]

    Examples
    --------
    Whatever the rows inside the tube do, the plane is the same:

    >>> import numpy as np
    >>> from panlearn.svm import LinearSVR
    >>> X, y = np.arange(-3.0, 4.0)[:, None], np.array([-6.0, -4.1, -1.8, 0.2, 2.1, 3.9, 6.0])
    >>> model = LinearSVR(epsilon=0.5, C=10)
    >>> model.fit(X, y).coef_.round(3), model.fit(X, 2 * X[:, 0]).coef_.round(3)
    (array([1.833]), array([1.833]))
    """

    _expected_failed_checks: ClassVar[dict[str, str]] = {
        f"check_sample_weight_equivalence_on_{kind}_data": "the fit stops at tol: equal to 1e-5, not to 1e-7"
        for kind in ("dense", "sparse")
    }
    _parameter_constraints: ClassVar[dict[str, list]] = {
        "epsilon": [NONNEGATIVE],
        "tol": [POSITIVE],
        "C": [POSITIVE],
        "loss": [options("epsilon_insensitive", "squared_epsilon_insensitive")],
        "fit_intercept": [BOOLEAN],
        "intercept_scaling": [float, int],
        "dual": [BOOLEAN, options("auto")],
        "verbose": [VERBOSE],
        "random_state": [RANDOM],
        "max_iter": [NATURAL],
    }

    def __init__(
        self,
        *,
        epsilon: float = 0.0,
        tol: float = 1e-4,
        C: float = 1.0,
        loss: str = "epsilon_insensitive",
        fit_intercept: bool = True,
        intercept_scaling: float = 1.0,
        dual: Any = "auto",
        verbose: int = 0,
        random_state: Any = None,
        max_iter: int = 1000,
    ) -> None:
        self.epsilon = epsilon
        self.tol = tol
        self.C = C
        self.loss = loss
        self.fit_intercept = fit_intercept
        self.intercept_scaling = intercept_scaling
        self.dual = dual
        self.verbose = verbose
        self.random_state = random_state
        self.max_iter = max_iter

    @validated
    def fit(self, X: Any, y: Any, sample_weight: Any = None) -> "LinearSVR":
        """Fit the model.

        Parameters
        ----------
        X : array-like or sparse matrix of shape (n, p)
            Features, on like scales.
        y : array-like of shape (n,)
            Targets.
        sample_weight : array-like of shape (n,), optional
            Factors on C for the rows, at least 0.

        Returns
        -------
        LinearSVR
            The fitted estimator.
        """
        if self.loss == "epsilon_insensitive" and self.dual is False:
            raise DataError(
                "Unsupported set of arguments: The combination of penalty='l2' and loss='epsilon_insensitive' are not "
                "supported when dual=False, Parameters: penalty='l2', loss='epsilon_insensitive', dual=False"
            )
        source: Any = self._source(X, y, sample_weight, y_numeric=True, accept_large_sparse=False)
        require_finite(source)
        X, y, weight = source.rows
        weight = self.C * (np.ones(len(y)) if weight is None else weight)
        scaling = intercept_scale(self)
        machine = LinearMachine(X, self.loss, self.epsilon, scaling, self.tol, self.max_iter)
        found = machine.solve(y.astype(np.float64), weight, check_random_state(self.random_state))
        self.coef_ = found.coef.astype(X.dtype, copy=False)
        self.intercept_: Any = np.array([found.intercept], dtype=X.dtype) if self.fit_intercept else 0.0
        self.n_iter_, self.objective_, self.dual_gap_ = found.n_iter, found.value, found.gap
        self.certificate_ = f"duality gap {max(found.gap, 0.0):.0e} of objective {found.value:.4g}"
        if self.verbose:
            print(f"LinearSVR: {self.n_iter_} iterations, {self.certificate_}")  # noqa: T201
        if not found.converged:
            self._warn_unconverged(*unconverged(self))
        return self

    def predict(self, X: Any) -> np.ndarray:
        """Predict targets.

        Parameters
        ----------
        X : array-like or sparse matrix of shape (n, p)
            Features.

        Returns
        -------
        ndarray of shape (n,)
            x'w + b.
        """
        check_is_fitted(self)
        X = validate_data(self, X, accept_sparse=["csr", "csc", "coo"], dtype=[np.float64, np.float32], reset=False)
        return np.asarray(X @ self.coef_) + self.intercept_

    @classmethod
    def _warm_kernels(cls) -> None:
        """Nothing of its own: `LinearSVC` compiles the kernels."""

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.input_tags.sparse = True
        return tags
