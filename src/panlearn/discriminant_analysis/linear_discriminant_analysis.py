r"""Linear discriminant analysis: normal classes with one covariance, hence straight boundaries.

    P(x | k) = N(x; m_k, S),   P(k) = pi_k        =>        P(k | x) = softmax_k(w_k'x + b_k)

The maximum-likelihood estimates are the class means, the class frequencies, and S = sum_k (n_k / n) S_k, the
covariances of the classes averaged by their sizes (note 001 §4.1): one pass over the rows and one p x p system.
`panlearn.optimize.class_moments` is the pass, `linear_rule` the algebra.

Cost: n p^2 multiplications, in BLAS-3, and p^3. When it fails: classes of different shapes (use the quadratic rule),
heavy tails and outliers (logistic regression models P(k | x) alone and asks less of x; note 001 §4.3), and p near n
without shrinkage.
"""

import warnings
from typing import Any, ClassVar

import numpy as np
from scipy.special import expit, log_expit, log_softmax, softmax
from sklearn.base import ClassNamePrefixFeaturesOutMixin, TransformerMixin
from sklearn.utils.validation import check_is_fitted, validate_data

from panlearn.core.blocks import RowSource, in_memory, require_weight
from panlearn.core.constraints import ARRAY, BOOLEAN, COUNT, NONNEGATIVE, UNIT, options, validated
from panlearn.core.errors import DataError
from panlearn.core.linear_classifier import LinearClassifier
from panlearn.core.registry import method
from panlearn.discriminant_analysis import linear_rule as rules
from panlearn.discriminant_analysis.gaussian_classifier import GaussianClassifier, blas_for
from panlearn.discriminant_analysis.shrinkage import LEDOIT_WOLF, fourth_powers, scales, shrunk
from panlearn.optimize.class_moments import ClassMoments, class_moments


@method(
    "Linear discriminant analysis",
    tasks=("binary", "multiclass"),
    notes=("001 4", "002 discriminative/generative"),
    needs=("dense",),
    cost=lambda n, p, k: 2.0 * n * p * p + 20.0 * p**3,
)
class LinearDiscriminantAnalysis(
    ClassNamePrefixFeaturesOutMixin, TransformerMixin, LinearClassifier, GaussianClassifier
):
    """Classifier and projection from normal classes that share a covariance.

    Parameters
    ----------
    solver : {"svd", "lsqr", "eigen"}, default="svd"
        "svd" whitens the rows and leaves out directions without spread; "lsqr" solves for the weights alone and has no
        `transform`; "eigen" takes generalised eigenvectors, and needs a regular covariance.
    shrinkage : None, float, "auto", "ledoit_wolf" or "oas", default=None
        Share by which the covariance of each class is drawn towards a multiple of the identity, from 0 to 1, or how to
        choose it; "auto" is Ledoit and Wolf's. Every solver takes it.
    priors : array-like of shape (K,), optional
        Probabilities of the classes; by default as frequent as they are.
    n_components : int, optional
        Columns of `transform`, at most min(K - 1, p), the default.
    store_covariance : bool, default=False
        Keep `covariance_` also with solver "svd".
    tol : float, default=1e-4
        Least deviation of a direction that "svd" keeps, in deviations of the features.
    covariance_estimator : estimator, optional
        Object with `fit` and `covariance_`, used for each class instead of `shrinkage`.

    Attributes
    ----------
    coef_ : ndarray of shape (1, p) or (K, p)
        Weights w.
    intercept_ : ndarray of shape (1,) or (K,)
        Offsets b.
    covariance_ : ndarray of shape (p, p)
        Covariance within the classes, averaged by the priors; with "svd" if `store_covariance`.
    explained_variance_ratio_ : ndarray of shape (n_components,)
        Share of the variance between the classes along each component; not with "lsqr".
    means_ : ndarray of shape (K, p)
        Class means.
    priors_ : ndarray of shape (K,)
        Class priors.
    scalings_ : ndarray of shape (p, d)
        Directions of `transform`; not with "lsqr".
    xbar_ : ndarray of shape (p,)
        Mean of the class means by the priors; with "svd".
    classes_ : ndarray of shape (K,)
        Labels.
    certificate_ : str
        Rank and condition of the covariance, or the residual of the system.
    n_features_in_ : int
        Number of features.
    feature_names_in_ : ndarray of shape (p,)
        Names of the features, if X has string column names.

    Raises
    ------
    ValueError
        If y has one class, there are no more rows than classes, or priors do not fit the classes.
    LinAlgError
        If solver "eigen" meets a singular covariance.

    References
    ----------
    [fisher1936], [hastie2009], [ledoit2004], [chen2010]; course note 001 §4.1

    Examples
    --------
    The posterior of two classes is the sigmoid of a linear function:

    >>> import numpy as np
    >>> from panlearn.discriminant_analysis import LinearDiscriminantAnalysis
    >>> rng = np.random.default_rng(0)
    >>> X, y = rng.normal(size=(100, 2)), np.arange(100) % 2
    >>> model = LinearDiscriminantAnalysis().fit(X + 2 * y[:, None], y)
    >>> z = X @ model.coef_[0] + model.intercept_
    >>> np.allclose(model.predict_proba(X)[:, 1], 1 / (1 + np.exp(-z)))
    True
    """

    _parameter_constraints: ClassVar[dict[str, list]] = {
        "solver": [options("svd", "lsqr", "eigen")],
        "shrinkage": [options("auto", "ledoit_wolf", "oas"), UNIT, None],
        "n_components": [COUNT, None],
        "priors": [ARRAY, None],
        "store_covariance": [BOOLEAN],
        "tol": [NONNEGATIVE],
        "covariance_estimator": [object],
    }

    def __init__(
        self,
        solver: str = "svd",
        shrinkage: Any = None,
        priors: Any = None,
        n_components: int | None = None,
        store_covariance: bool = False,
        tol: float = 1e-4,
        covariance_estimator: Any = None,
    ) -> None:
        self.solver = solver
        self.shrinkage = shrinkage
        self.priors = priors
        self.n_components = n_components
        self.store_covariance = store_covariance
        self.tol = tol
        self.covariance_estimator = covariance_estimator

    @validated
    def fit(self, X: Any, y: Any = None, sample_weight: Any = None) -> "LinearDiscriminantAnalysis":
        """Estimate means and covariance, and the linear rule they give.

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
        LinearDiscriminantAnalysis
            The fitted estimator.
        """
        source = self._labelled(self._source(X, y, sample_weight))
        self._check_settings(sample_weight)
        p = source.n_features
        wide = source.n_rows is not None and p > source.n_rows and self._form == "pooled" and self.solver == "svd"
        moments = class_moments(source, len(self.classes_), "diagonal" if wide else self._form)
        require_weight(moments.weight.sum())
        if moments.rows.sum() <= len(self.classes_):
            raise DataError("The number of samples must be more than the number of classes.")
        self._moments = None if wide else moments
        with blas_for(source.n_features):
            self._solve(moments, source, self._dtype(source))
        return self

    @validated
    def partial_fit(
        self, X: Any, y: Any = None, classes: Any = None, sample_weight: Any = None
    ) -> "LinearDiscriminantAnalysis":
        """Add rows to the sums and solve again: the same answer as one fit on all of them.

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
        LinearDiscriminantAnalysis
            The fitted estimator.
        """
        source, first = self._batch(X, y, classes, sample_weight)
        self._moments = self._grown(source, first, self._form)
        require_weight(self._moments.weight.sum())
        self._solve(self._moments, None, self._dtype(source))
        return self

    def transform(self, X: Any) -> np.ndarray:
        """Project on the directions in which the classes differ most.

        Parameters
        ----------
        X : array-like or sparse matrix of shape (n, p)
            Features.

        Returns
        -------
        ndarray of shape (n, n_components)
            Coordinates in which the rows of a class have variance 1.
        """
        if self.solver == "lsqr":
            raise NotImplementedError("transform not implemented for 'lsqr' solver (use 'svd' or 'eigen').")
        check_is_fitted(self)
        X = validate_data(self, X, accept_sparse="csr", dtype=[np.float64, np.float32], reset=False)
        scalings = self.scalings_[:, : self._n_features_out]
        if self.solver == "eigen":
            return np.asarray(X @ scalings)
        return (X - self.xbar_) @ scalings if isinstance(X, np.ndarray) else X @ scalings - self.xbar_ @ scalings

    def predict_proba(self, X: Any) -> np.ndarray:
        """Posterior probabilities: sigmoid or softmax of the linear function.

        Parameters
        ----------
        X : array-like or sparse matrix of shape (n, p)
            Features.

        Returns
        -------
        ndarray of shape (n, K)
            Probabilities.
        """
        z = self.decision_function(X)
        return np.column_stack([expit(-z), expit(z)]) if z.ndim == 1 else softmax(z, axis=1)

    def predict_log_proba(self, X: Any) -> np.ndarray:
        """Logarithms of the posterior probabilities, exact also where those underflow.

        Parameters
        ----------
        X : array-like or sparse matrix of shape (n, p)
            Features.

        Returns
        -------
        ndarray of shape (n, K)
            Logarithms.
        """
        z = self.decision_function(X)
        return np.column_stack([log_expit(-z), log_expit(z)]) if z.ndim == 1 else log_softmax(z, axis=1)

    @property
    def _form(self) -> str:
        """Scatter to keep: one is enough where each class counts by its size and is not shrunk on its own."""
        svd = self.solver == "svd"
        alone = isinstance(self.shrinkage, str) or self.covariance_estimator is not None
        weighted = self.priors is not None and (not svd or self.store_covariance or bool(self.shrinkage))
        return "each" if alone or weighted else "pooled"

    def _solve(self, moments: ClassMoments, source: RowSource | None, dtype: type) -> None:
        """Set the fitted attributes from sums, and from the rows where sums do not suffice."""
        self.priors_ = rules.class_priors(self.priors, moments.weight)
        if abs(self.priors_.sum() - 1.0) > 1e-5:
            warnings.warn("The priors do not sum to 1. Renormalizing", UserWarning, stacklevel=3)
            self.priors_ = self.priors_ / self.priors_.sum()
        most = min(len(self.classes_) - 1, moments.mean.shape[1])
        if self.n_components is not None and self.n_components > most:
            raise DataError("n_components cannot be larger than min(n_features, n_classes - 1).")
        self._n_features_out = most if self.n_components is None else self.n_components
        rule = self._solve_svd(moments, source, dtype) if self.solver == "svd" else self._solve_matrix(moments, source)
        self._keep(rule, moments, dtype)

    def _solve_svd(self, moments: ClassMoments, source: RowSource | None, dtype: type) -> rules.LinearRule:
        n, found = moments.weight.sum(), None
        own = bool(self.shrinkage) or self.covariance_estimator is not None
        if moments.scatter.ndim == 3:
            covariance = self._within(moments, source) if own else moments.scatter.sum(axis=0) / n
            found = rules.whiten(covariance, self.tol, trust=own or source is None)
            variance = np.diag(covariance)
        else:
            variance = moments.scatter.sum(axis=0) / n
        if found is None:
            assert source is not None
            found = rules.whiten_rows(source, moments.mean, variance, n, self.tol)
        rule, centre = rules.fisher_rule(found, moments.mean, self.priors_, self.tol)
        self.xbar_ = centre.astype(dtype)
        if self.store_covariance:
            whole = moments if moments.scatter.ndim == 3 or source is None else None
            whole = class_moments(source, len(self.classes_), "pooled") if whole is None else whole  # type: ignore
            self.covariance_ = self._within(whole, source).astype(dtype)
        return rule

    def _solve_matrix(self, moments: ClassMoments, source: RowSource | None) -> rules.LinearRule:
        within = self._within(moments, source)
        self.covariance_ = within
        if self.solver == "lsqr":
            return rules.solve_least_squares(within, moments.mean, self.priors_)
        return rules.solve_generalised(within, self._total(moments, source), moments.mean, self.priors_)

    def _within(self, moments: ClassMoments, source: RowSource | None) -> np.ndarray:
        """Covariance within the classes, averaged by the priors."""
        n = moments.weight.sum()
        if len(moments.scatter) < len(self.classes_):  # a fixed share commutes with the average
            return shrunk(moments.scatter[0] / n, self.shrinkage, n)
        return np.einsum("k,kij->ij", self.priors_, self._covariances(source, moments))

    def _total(self, moments: ClassMoments, source: RowSource | None) -> np.ndarray:
        """Covariance of all rows, estimated as that of the classes is."""
        if self.covariance_estimator is not None and source is not None:
            return self._estimated(in_memory(source).X)
        n, fourth = moments.weight.sum(), 0.0
        covariance = (moments.scatter.sum(axis=0) + moments.between) / n
        if self.shrinkage in LEDOIT_WOLF and source is not None:
            shape = moments.mean.shape
            scale = np.broadcast_to(scales(np.diag(covariance)), shape)
            fourth = float(fourth_powers(source, np.broadcast_to(moments.total_mean, shape), scale).sum())
        return shrunk(covariance, self.shrinkage, n, fourth)

    def _keep(self, rule: rules.LinearRule, moments: ClassMoments, dtype: type) -> None:
        coef, intercept = rule.coef, rule.intercept
        if len(self.classes_) == 2:
            coef, intercept = coef[1:] - coef[:1], intercept[1:] - intercept[:1]
        self.coef_, self.intercept_ = np.ascontiguousarray(coef, dtype=dtype), intercept.astype(dtype)
        self.means_, self.priors_ = moments.mean.astype(dtype), self.priors_.astype(dtype)
        if rule.scalings is not None and rule.ratio is not None:
            self.scalings_ = rule.scalings.astype(dtype)
            self.explained_variance_ratio_ = rule.ratio[: self._n_features_out].astype(dtype)
        self.certificate_ = rule.certificate
