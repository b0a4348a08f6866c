r"""Quadratic discriminant analysis: normal classes, each with a covariance of its own, hence curved boundaries.

    P(k | x) proportional to pi_k |S_k|^(-1/2) exp(-(x - m_k)' S_k^-1 (x - m_k) / 2)

The maximum-likelihood estimates are the mean and covariance of each class, from one pass over the rows. There are
K p (p + 1) / 2 covariances to estimate where the linear rule has p (p + 1) / 2: with few rows a class the shared
covariance predicts better although it is wrong (note 001 §4.1), and shrinkage lies between [friedman1989].

Cost: n p^2 multiplications in BLAS-3, and K p^3; K p^2 a row in prediction. When it fails: fewer rows in a class than
features, which is an error without shrinkage; outliers; heavy tails.
"""

from typing import Any, ClassVar

import numpy as np
from scipy.special import log_softmax, softmax
from sklearn.utils.validation import check_is_fitted, validate_data

from panlearn.core.blocks import RowSource, require_weight
from panlearn.core.constraints import ARRAY, BOOLEAN, NONNEGATIVE, UNIT, options, validated
from panlearn.core.errors import DataError
from panlearn.core.registry import method
from panlearn.discriminant_analysis.gaussian_classifier import GaussianClassifier, blas_for
from panlearn.discriminant_analysis.linear_rule import class_priors, log_priors
from panlearn.discriminant_analysis.quadratic_rule import Ellipsoid, ellipsoid, is_doubtful, log_densities, refined
from panlearn.optimize.class_moments import ClassMoments, class_moments


@method(
    "Quadratic discriminant analysis",
    tasks=("binary", "multiclass"),
    notes=("001 4", "002 discriminative/generative"),
    needs=("dense",),
    cost=lambda n, p, k: 2.0 * n * p * p + 20.0 * max(k, 2) * p**3,
    settings={"solver": "eigen", "shrinkage": "auto"},
)
class QuadraticDiscriminantAnalysis(GaussianClassifier):
    """Classifier from normal classes with covariances of their own.

    Parameters
    ----------
    solver : {"svd", "eigen"}, default="svd"
        "svd" goes back to the rows where sums over them lose digits, and takes `reg_param`; "eigen" takes the
        covariance matrices as they are. Both take shrinkage.
    shrinkage : None, float, "auto", "ledoit_wolf" or "oas", default=None
        Share by which each covariance is drawn towards a multiple of the identity, from 0 to 1, or how to choose it;
        "auto" is Ledoit and Wolf's.
    priors : array-like of shape (K,), optional
        Probabilities of the classes; by default as frequent as they are.
    reg_param : float, default=0.0
        Share by which "svd" draws each covariance towards the identity itself, from 0 to 1.
    store_covariance : bool, default=False
        Keep `covariance_`.
    tol : float, default=1e-4
        Least variance of an axis, in the units of the features or of their deviations, of a regular covariance.
    covariance_estimator : estimator, optional
        Object with `fit` and `covariance_`, used for each class instead of `shrinkage`.

    Attributes
    ----------
    covariance_ : list of K ndarray of shape (p, p)
        Covariances of the classes, if `store_covariance`.
    means_ : ndarray of shape (K, p)
        Class means.
    priors_ : ndarray of shape (K,)
        Class priors.
    rotations_ : list of K ndarray of shape (p, p)
        Axes of the ellipsoids.
    scalings_ : list of K ndarray of shape (p,)
        Variances along them.
    classes_ : ndarray of shape (K,)
        Labels.
    certificate_ : str
        The largest condition number of the classes.
    n_features_in_ : int
        Number of features.
    feature_names_in_ : ndarray of shape (p,)
        Names of the features, if X has string column names.

    Raises
    ------
    ValueError
        If y has one class, or a class one row.
    LinAlgError
        If the covariance of a class is singular.

    References
    ----------
    [friedman1989], [hastie2009], [ledoit2004], [chen2010]; course note 001 §4.1

    Examples
    --------
    Two classes around one centre, one wide and one narrow: no line parts them, an ellipse does.

    >>> import numpy as np
    >>> from panlearn.discriminant_analysis import LinearDiscriminantAnalysis, QuadraticDiscriminantAnalysis
    >>> y = np.arange(600) % 2
    >>> X = np.random.default_rng(0).normal(size=(600, 2)) * (1 + 4 * y[:, None])
    >>> models = LinearDiscriminantAnalysis(), QuadraticDiscriminantAnalysis()
    >>> [round(model.fit(X, y).score(X, y), 1) for model in models]
    [0.5, 0.9]
    """

    _expected_failed_checks: ClassVar[dict[str, str]] = dict.fromkeys(
        (
            "check_sample_weights_shape",
            "check_sample_weights_not_overwritten",
            "check_sample_weight_equivalence_on_dense_data",
            "check_sample_weight_equivalence_on_sparse_data",
        ),
        "its classes have so few rows that their covariances are singular, which is an error",
    )
    _parameter_constraints: ClassVar[dict[str, list]] = {
        "solver": [options("svd", "eigen")],
        "shrinkage": [options("auto", "ledoit_wolf", "oas"), UNIT, None],
        "priors": [ARRAY, None],
        "reg_param": [UNIT],
        "store_covariance": [BOOLEAN],
        "tol": [NONNEGATIVE],
        "covariance_estimator": [object],
    }

    def __init__(
        self,
        *,
        solver: str = "svd",
        shrinkage: Any = None,
        priors: Any = None,
        reg_param: float = 0.0,
        store_covariance: bool = False,
        tol: float = 1e-4,
        covariance_estimator: Any = None,
    ) -> None:
        self.solver = solver
        self.shrinkage = shrinkage
        self.priors = priors
        self.reg_param = reg_param
        self.store_covariance = store_covariance
        self.tol = tol
        self.covariance_estimator = covariance_estimator

    @validated
    def fit(self, X: Any, y: Any = None, sample_weight: Any = None) -> "QuadraticDiscriminantAnalysis":
        """Estimate mean and covariance of each class.

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
        QuadraticDiscriminantAnalysis
            The fitted estimator.
        """
        source = self._labelled(self._source(X, y, sample_weight))
        self._check_settings(sample_weight)
        self._moments = class_moments(source, len(self.classes_), "each")
        require_weight(self._moments.weight.sum())
        with blas_for(source.n_features):
            self._solve(self._moments, source, self._dtype(source))
        return self

    @validated
    def partial_fit(
        self, X: Any, y: Any = None, classes: Any = None, sample_weight: Any = None
    ) -> "QuadraticDiscriminantAnalysis":
        """Add rows to the sums and solve again: the same answer as one fit on all of them.

        As long as a class has too few rows for a covariance, `certificate_` says so and `predict` raises.

        Parameters
        ----------
        X : array-like or sparse matrix of shape (n, p), or RowSource
            Features.
        y : array-like of shape (n,)
            Labels.
        classes : array-like of shape (K,), optional
            All labels that will ever come; needed in the first call.
        sample_weight : array-like of shape (n,), optional
            Weights of the rows, at least 0.

        Returns
        -------
        QuadraticDiscriminantAnalysis
            The estimator.
        """
        source, first = self._batch(X, y, classes, sample_weight)
        self._moments = self._grown(source, first, "each")
        require_weight(self._moments.weight.sum())
        try:
            self._solve(self._moments, None, self._dtype(source))
        except (DataError, np.linalg.LinAlgError) as error:
            vars(self).pop("rotations_", None)
            self.certificate_ = f"not fitted yet: {error}"
        return self

    def decision_function(self, X: Any) -> np.ndarray:
        """Log-posteriors up to a constant of the row.

        Parameters
        ----------
        X : array-like or sparse matrix of shape (n, p)
            Features.

        Returns
        -------
        ndarray of shape (n,) for two classes, (n, K) for more
            For two classes the log-odds of the second.
        """
        scores = self._scores(X)
        return scores[:, 1] - scores[:, 0] if len(self.classes_) == 2 else scores

    def predict(self, X: Any) -> np.ndarray:
        """The most probable class of each row.

        Parameters
        ----------
        X : array-like or sparse matrix of shape (n, p)
            Features.

        Returns
        -------
        ndarray of shape (n,)
            Labels.
        """
        best = self._scores(X).argmax(axis=1)
        return self.classes_[best]

    def predict_proba(self, X: Any) -> np.ndarray:
        """Posterior probabilities.

        Parameters
        ----------
        X : array-like or sparse matrix of shape (n, p)
            Features.

        Returns
        -------
        ndarray of shape (n, K)
            Probabilities.
        """
        return softmax(self._scores(X), axis=1)

    def predict_log_proba(self, X: Any) -> np.ndarray:
        """Logarithms of the posterior probabilities.

        Parameters
        ----------
        X : array-like or sparse matrix of shape (n, p)
            Features.

        Returns
        -------
        ndarray of shape (n, K)
            Logarithms.
        """
        return log_softmax(self._scores(X), axis=1)

    def _scores(self, X: Any) -> np.ndarray:
        check_is_fitted(self, "rotations_")
        X = validate_data(self, X, accept_sparse="csr", dtype=[np.float64, np.float32], reset=False)
        offsets = log_priors(self.priors_) - 0.5 * np.array([found.log_determinant for found in self._ellipsoids])
        return log_densities(X, self.means_, self._ellipsoids, offsets)

    def _solve(self, moments: ClassMoments, source: RowSource | None, dtype: type) -> None:
        self.priors_ = class_priors(self.priors, moments.weight).astype(dtype)
        for label, rows in zip(self.classes_, moments.rows, strict=True):
            if rows < 2:
                raise DataError(f"y has only {rows:.0f} sample in class {label}, covariance is ill defined.")
        covariances = self._covariances(source, moments)
        plain = self.solver == "svd" and not self.shrinkage and self.covariance_estimator is None
        if self.solver == "svd" and self.reg_param:
            covariances = (1 - self.reg_param) * covariances + self.reg_param * np.eye(moments.mean.shape[1])
        found: list[Ellipsoid] = []
        for k, covariance in enumerate(covariances):
            one = ellipsoid(covariance, self.tol)
            if isinstance(one, int) or (plain and moments.rows[k] <= len(covariance)):
                raise np.linalg.LinAlgError(self._singular(k, int(moments.rows[k]), len(covariance)))
            if plain and not self.reg_param and source is not None and is_doubtful(one):
                one = refined(source, k, moments.mean[k], np.diag(covariance), moments.weight[k])
            found.append(one._replace(whitener=one.whitener.astype(dtype)))
        self.means_ = moments.mean.astype(dtype)
        self.scalings_ = [one.scaling.astype(dtype) for one in found]
        self.rotations_ = [one.rotation.astype(dtype) for one in found]
        self._ellipsoids = found
        if self.store_covariance:
            self.covariance_ = [covariance.astype(dtype) for covariance in covariances]
        worst = max(one.condition for one in found)
        self.certificate_ = f"closed form; condition number of the correlations at most {worst:.2g}"

    def _singular(self, k: int, rows: int, p: int) -> str:
        """What is wrong with the covariance of class k, and what to do."""
        text = f"The covariance matrix of class {self.classes_[k]} is not full rank."
        if self.solver == "svd" and rows <= p:
            return (
                f"{text} When using `solver='svd'` the number of samples in each class should be more than the number "
                f"of features, but class {self.classes_[k]} has {rows} samples and {p} features. Try using "
                "`solver='eigen'` and setting the parameter `shrinkage` for regularization."
            )
        name = "shrinkage" if self.solver == "eigen" else "reg_param"
        return f"{text} Increase the value of `{name}` to reduce the collinearity."
