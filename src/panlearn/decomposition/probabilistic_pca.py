"""Probabilistic PCA: principal components as a density, fitted by maximum likelihood [tipping1999].

    x = W z + m + noise,   z ~ N(0, I_k),   noise ~ N(0, sigma^2 I_p),   so   x ~ N(m, W W' + sigma^2 I)

With the eigenpairs (lambda_j, v_j) of the covariance (divided by n) the likelihood is largest at

    W = [v_1 sqrt(lambda_1 - sigma^2), ..., v_k sqrt(lambda_k - sigma^2)] up to a rotation,
    sigma^2 = mean of lambda_(k+1) ... lambda_p,

so complete rows need no iteration. Rows with missing entries do: `missing_components`. As sigma^2 goes to 0 the mean of
z given x becomes the orthogonal projection of PCA; before, it is shrunk towards 0.

Cost: that of `PCA`; with missing entries n p k^2 operations an iteration. It fails with noise of a different size in
each column (factor analysis), and where the rows lie in a plane exactly.

Course notes: 001 §10.2, 004 §10.
"""

from typing import Any, ClassVar

import numpy as np
from sklearn.utils import check_array, check_random_state
from sklearn.utils.validation import check_is_fitted, validate_data

from panlearn.core.blocks import ArrayRows, RowSource, require_finite
from panlearn.core.constraints import COUNT, NONNEGATIVE, RANDOM, VERBOSE, validated
from panlearn.core.errors import DataError
from panlearn.core.registry import method
from panlearn.decomposition.linear_gaussian import FLOATS, LinearGaussian, fixed_signs
from panlearn.decomposition.missing_components import filled_in, fit_missing, posterior, principal
from panlearn.decomposition.principal_axes import Search, principal_axes


@method(
    "Probabilistic PCA",
    tasks=("decomposition", "density"),
    notes=("001 10.2", "004 10"),
    cost=lambda n, p, k: 2.0 * n * p * min(n, p),
    needs=("scaled", "dense"),
)
class ProbabilisticPCA(LinearGaussian):
    """Gaussian density with a covariance of low rank plus noise; missing entries allowed.

    Parameters
    ----------
    n_components : int, default=None
        k, below p and the number of rows; None: the largest.
    tol : float, default=1e-6
        With missing entries: stop when an iteration gains less log-likelihood a row.
    max_iter : int, default=1000
        Most iterations.
    random_state : int, RandomState or None, default=None
        Start of EM.
    verbose : int, default=0
        Show progress.

    Attributes
    ----------
    components_ : ndarray of shape (k, p)
        Orthonormal axes of the loadings, largest variance first; the entry of largest size is positive.
    explained_variance_ : ndarray of shape (k,)
        Variances of the density along them, noise included.
    explained_variance_ratio_ : ndarray of shape (k,)
        The same as shares of the sum over all directions.
    noise_variance_ : float
        sigma^2.
    mean_ : ndarray of shape (p,)
        m.
    n_components_ : int
        k.
    log_likelihood_ : float
        Mean log-likelihood of a row's seen entries.
    log_likelihood_path_ : ndarray of shape (n_iter_,)
        The same at each iteration, never falling; one entry for complete rows.
    n_iter_ : int
        Iterations of EM; 1 for complete rows, which need none.
    converged_ : bool
        Whether the last iteration gained less than `tol`.
    certificate_ : str
        Log-likelihood and its last gain, in words.
    n_features_in_ : int
        Number of columns.
    feature_names_in_ : ndarray of shape (p,)
        Names of the columns, if X has string column names.

    Raises
    ------
    ValueError
        If a parameter or the data cannot be used.

    References
    ----------
    [tipping1999], [dempster1977]

    Examples
    --------
    A third of the entries missing at random hardly moves the axis of a long thin cloud:

    >>> import numpy as np
    >>> from panlearn.decomposition import ProbabilisticPCA
    >>> rng = np.random.default_rng(0)
    >>> X = rng.normal(size=(500, 1)) @ [[3.0, 2.0, 1.0]] + 0.1 * rng.normal(size=(500, 3))
    >>> X[rng.random(X.shape) < 1 / 3] = np.nan
    >>> model = ProbabilisticPCA(n_components=1, random_state=0).fit(X)
    >>> (model.components_[0] / model.components_[0, 2]).round(1)
    array([3., 2., 1.])
    """

    _expected_failed_checks: ClassVar[dict[str, str]] = {
        "check_sample_weight_equivalence_on_dense_data": "its 15 rows in 30 columns lie in a plane exactly, so "
        "that the likelihood has no maximum; it holds for more rows than columns (tested)",
    }
    _parameter_constraints: ClassVar[dict[str, list]] = {
        "n_components": [COUNT, None],
        "tol": [NONNEGATIVE],
        "max_iter": [COUNT],
        "random_state": [RANDOM],
        "verbose": [VERBOSE],
    }
    _fills_in: ClassVar[bool] = True

    def __init__(
        self,
        n_components: Any = None,
        *,
        tol: float = 1e-6,
        max_iter: int = 1000,
        random_state: Any = None,
        verbose: int = 0,
    ) -> None:
        self.n_components = n_components
        self.tol = tol
        self.max_iter = max_iter
        self.random_state = random_state
        self.verbose = verbose

    @validated
    def fit(self, X: Any, y: Any = None, sample_weight: Any = None) -> "ProbabilisticPCA":
        """Maximise the likelihood.

        Parameters
        ----------
        X : array-like or RowSource of shape (n, p)
            Rows; NaN where an entry is missing.
        y : None
            Ignored.
        sample_weight : array-like of shape (n,), optional
            Weights of the rows.

        Returns
        -------
        ProbabilisticPCA
            The fitted estimator.
        """
        source = self._source(X, None, sample_weight, accept_sparse=False)
        p, n = source.n_features, source.n_rows or np.inf
        most = int(min(n, p)) - 1
        k = most if self.n_components is None else self.n_components
        if not 1 <= k <= max(most, 0):
            raise DataError(
                f"n_components={k} must be between 1 and min(n_samples, n_features) - 1 = {most}: n_samples={n:g}, "
                f"n_features={p}. The noise needs a direction of its own."
            )
        search = Search(check_random_state(self.random_state))
        rows = source.rows.X if isinstance(source, ArrayRows) else None
        if rows is not None and np.isnan(rows).any():
            if np.isinf(rows).any():
                raise DataError("Input X contains infinity or a value too large for dtype('float64').")
            self._fit_incomplete(source, k, search)
            return self
        axes = principal_axes(source, k, "auto", search)
        if not np.isfinite(axes.total):
            require_finite(source)
            raise DataError("The squares of X overflow float64; divide X by a constant first.")
        variances = axes.squares[:k] / axes.weight
        noise = max(axes.total / axes.weight - float(variances.sum()), 0.0) / (p - k)
        if not noise > 1e-14 * float(variances.max(initial=0.0)):
            raise DataError(
                f"The rows fit a plane of {k} dimensions exactly, so the likelihood has no bound: lower n_components."
            )
        # log N summed over the rows: the distances average to p at the optimum
        value = -0.5 * (p * np.log(2 * np.pi) + np.log(variances).sum() + (p - k) * np.log(noise) + p)
        self._store(axes.components[:k], variances, noise, axes.mean, _dtype(source))
        self.log_likelihood_, self.log_likelihood_path_ = float(value), np.array([value])
        self.n_iter_, self.converged_ = 1, True
        self.certificate_ = f"log-likelihood a row {value:.6g}, the maximum in closed form"
        return self

    def _fit_incomplete(self, source: RowSource, k: int, search: Search) -> None:
        found = fit_missing(source, k, random=search.random, tol=self.tol, max_iter=self.max_iter, verbose=self.verbose)
        components, variances = principal(found.parameters)
        self._store(components, variances, found.parameters.noise, found.parameters.mean, _dtype(source))
        self.log_likelihood_, self.log_likelihood_path_ = found.log_likelihood, found.trace
        self.n_iter_, self.converged_ = found.n_iter, found.converged
        gain = float(np.diff(found.trace)[-1]) if len(found.trace) > 1 else np.inf
        self.certificate_ = (
            f"log-likelihood a row {found.log_likelihood:.6g}, last gain {gain:.0e} after {found.n_iter} iterations"
        )
        if not found.converged:
            self._warn_unconverged(f"EM still gains {gain:.0e} a row", "Raise max_iter or tol, or lower n_components.")

    def _store(self, components: np.ndarray, variances: np.ndarray, noise: float, mean: np.ndarray, dtype: Any) -> None:
        k, p = components.shape
        self.components_, self.explained_variance_ = fixed_signs(components).astype(dtype), variances.astype(dtype)
        self.explained_variance_ratio_ = (variances / (variances.sum() + (p - k) * noise)).astype(dtype)
        self.mean_, self.noise_variance_, self.n_components_ = mean.astype(dtype), float(noise), k

    def transform(self, X: Any) -> np.ndarray:
        """Expectation of z given the seen entries of each row.

        Parameters
        ----------
        X : array-like of shape (n, p)
            Rows; NaN where an entry is missing.

        Returns
        -------
        ndarray of shape (n, k)
            E z.
        """
        check_is_fitted(self)
        z = posterior(self._checked(X), self._subspace()).mean
        return z.astype(self.components_.dtype, copy=False)

    def inverse_transform(self, X: Any) -> np.ndarray:
        """Expectation of x given z.

        Parameters
        ----------
        X : array-like of shape (n, k)
            z.

        Returns
        -------
        ndarray of shape (n, p)
            W z + m.
        """
        check_is_fitted(self)
        X = check_array(X, input_name="X", dtype=FLOATS)
        return X @ self._subspace().loadings.T.astype(X.dtype) + self.mean_

    def fill_in(self, X: Any) -> np.ndarray:
        """Replace each missing entry by its expectation given the seen entries of its row.

        Parameters
        ----------
        X : array-like of shape (n, p)
            Rows.

        Returns
        -------
        ndarray of shape (n, p)
            Rows without NaN.
        """
        check_is_fitted(self)
        return filled_in(self._checked(X), self._subspace())

    def _checked(self, X: Any) -> Any:
        return validate_data(self, X, dtype=FLOATS, reset=False, ensure_all_finite="allow-nan")

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.input_tags.allow_nan = True
        tags.transformer_tags.preserves_dtype = ["float64", "float32"]
        return tags


def _dtype(source: RowSource) -> Any:
    return source.rows.X.dtype if isinstance(source, ArrayRows) else np.float64
