"""Principal component analysis: the plane through the data that keeps the most of them [pearson1901].

Two questions with one answer, for rows x_i with mean m and orthonormal v_1 ... v_k:

    maximum variance   max sum_j Var(v_j'x) = max sum_j v_j'C v_j                        note 001 §10.2.1
    minimum error      min 1/n sum_i |x_i - m - sum_j (v_j'(x_i - m)) v_j|^2             note 001 §10.2.2

As |x - m|^2 = sum_j (v_j'(x - m))^2 + |rest|^2, what the first gains the second loses, so both have the solution
C v_j = lambda_j v_j with the largest lambda_j (`docs/methods/pca.md` derives it both ways). The new variables
z_j = v_j'(x - m) have variance lambda_j and are uncorrelated; the mean squared error is the sum of the other lambda.

Solvers: `principal_axes`. Rows with missing entries: `missing_components`. Rows in batches: `partial_fit` adds up the
scatter matrix, so that its answer is that of one fit.

When it fails: columns in different units (scale them first; the largest unit wins otherwise), structure that is not
linear, outliers, directions of small variance that matter for a target.
"""

from numbers import Integral
from typing import Any, ClassVar

import numpy as np
from sklearn.utils import assert_all_finite, check_random_state

from panlearn.core.blocks import ArrayRows, RowSource, is_sparse, require_finite
from panlearn.core.constraints import BOOLEAN, COUNT, NATURAL, NONNEGATIVE, RANDOM, UNIT, VERBOSE, options, validated
from panlearn.core.errors import DataError
from panlearn.core.registry import method
from panlearn.decomposition.component_count import component_count
from panlearn.decomposition.linear_gaussian import LinearGaussian, fixed_signs
from panlearn.decomposition.missing_components import fit_missing, principal
from panlearn.decomposition.principal_axes import TOL, Axes, Search, axes_of, principal_axes
from panlearn.decomposition.scatter import Scatter, merge, scatter_of

EM_TOL, EM_ITERATIONS = 1e-5, 1000  # gain of log-likelihood a row at which EM stops, and its most iterations

OVERFLOW = "The squares of X overflow float64; divide X by a constant first."


@method(
    "Principal component analysis",
    tasks=("decomposition",),
    notes=("001 10.2",),
    cost=lambda n, p, k: min(2.0 * n * p * min(n, p), 60.0 * n * p * (k + 8)),
    needs=("scaled",),
)
class PCA(LinearGaussian):
    """Principal component analysis of dense, sparse, streamed or incomplete rows.

    Parameters
    ----------
    n_components : int, float or "mle", default=None
        Components to keep. A float in (0, 1): as many as explain this share of the variance. "mle": the most probable
        number [minka2001]. None: all, min(n, p); one fewer for "arpack" and for incomplete rows.
    copy : bool, default=True
        Without effect: X is never changed.
    whiten : bool, default=False
        Divide the projections by their standard deviations.
    svd_solver : {"auto", "full", "covariance_eigh", "arpack", "randomized"}, default="auto"
        "covariance_eigh": eigenvectors of the covariance. "full": singular values of all rows. "randomized": block
        Krylov spaces. "arpack": Lanczos. "auto" chooses by shape, and leaves the covariance where it loses digits.
    tol : float, default=0.0
        Of "arpack": accuracy of the singular values, 0 for all digits. Of "randomized": share of the explained
        variance that may be missed, 0 for 1e-5.
    iterated_power : int or "auto", default="auto"
        Passes of "randomized" after the first; "auto" stops by `tol`.
    n_oversamples : int, default=10
        Columns of the block of "randomized" beyond `n_components`, if `iterated_power` is a number.
    power_iteration_normalizer : {"auto", "QR", "LU", "none"}, default="auto"
        Without effect: blocks are made orthonormal.
    random_state : int, RandomState or None, default=None
        Start of "randomized", "arpack" and EM.
    verbose : int, default=0
        Show the progress of EM.

    Attributes
    ----------
    components_ : ndarray of shape (k, p)
        Principal axes, orthonormal rows, largest variance first; the entry of largest size is positive.
    explained_variance_ : ndarray of shape (k,)
        Variances of the projections, divided by n - 1.
    explained_variance_ratio_ : ndarray of shape (k,)
        The same as shares of the total variance.
    singular_values_ : ndarray of shape (k,)
        Of the centred rows.
    mean_ : ndarray of shape (p,)
        Mean.
    n_components_ : int
        k.
    n_samples_ : int
        Number of rows; the sum of their weights if there are any.
    noise_variance_ : float
        Mean variance of the directions left out.
    reconstruction_error_ : float
        Mean squared distance of a row from its reconstruction: the sum of the variances left out, divided by n.
    residual_ : float
        Certificate: the largest length of C v - lambda v, relative to the largest lambda.
    solver_ : str
        The solver used; "em" for incomplete rows.
    n_iter_ : int
        Passes of an iterative solver, 0 otherwise.
    log_likelihood_ : float
        Of an incomplete fit: mean log-likelihood of a row's seen entries.
    certificate_ : str
        What the fit reached, in words.
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
    [pearson1901], [hotelling1933], [tipping1999], [musco2015], [golub2013] ch. 8

    Examples
    --------
    Two columns that move together are one component, and the two new variables are uncorrelated:

    >>> import numpy as np
    >>> from panlearn.decomposition import PCA
    >>> X = np.array([[-1, -1], [-2, -1], [-3, -2], [1, 1], [2, 1], [3, 2.0]])
    >>> model = PCA().fit(X)
    >>> model.explained_variance_ratio_.round(3)
    array([0.992, 0.008])
    >>> np.corrcoef(model.transform(X).T).round(12)[0, 1] == 0
    np.True_

    A missing entry is read off the plane that the complete rows lie near:

    >>> X[0, 1] = np.nan
    >>> model = PCA(n_components=1, random_state=0).fit(X)
    >>> model.inverse_transform(model.transform(X))[0].round(1)
    array([-1. , -0.6])
    """

    _expected_failed_checks: ClassVar[dict[str, str]] = {
        "check_fit_score_takes_y": "it calls partial_fit after fit, which keeps no scatter matrix to go on from",
        "check_sample_weight_equivalence_on_dense_data": "all components of 15 rows in 30 columns: repeated rows "
        "change their number, min(n, p), and axes without variance are arbitrary; with fewer of them it holds (tested)",
        "check_sample_weight_equivalence_on_sparse_data": "the same as for dense rows",
    }
    _parameter_constraints: ClassVar[dict[str, list]] = {
        "n_components": [NATURAL, UNIT, options("mle"), None],
        "copy": [BOOLEAN],
        "whiten": [BOOLEAN],
        "svd_solver": [options("auto", "full", "covariance_eigh", "arpack", "randomized")],
        "tol": [NONNEGATIVE],
        "iterated_power": [options("auto"), NATURAL],
        "n_oversamples": [COUNT],
        "power_iteration_normalizer": [options("auto", "QR", "LU", "none")],
        "random_state": [RANDOM],
        "verbose": [VERBOSE],
    }

    def __init__(
        self,
        n_components: Any = None,
        *,
        copy: bool = True,
        whiten: bool = False,
        svd_solver: str = "auto",
        tol: float = 0.0,
        iterated_power: Any = "auto",
        n_oversamples: int = 10,
        power_iteration_normalizer: str = "auto",
        random_state: Any = None,
        verbose: int = 0,
    ) -> None:
        self.n_components = n_components
        self.copy = copy
        self.whiten = whiten
        self.svd_solver = svd_solver
        self.tol = tol
        self.iterated_power = iterated_power
        self.n_oversamples = n_oversamples
        self.power_iteration_normalizer = power_iteration_normalizer
        self.random_state = random_state
        self.verbose = verbose

    _fills_in: ClassVar[bool] = True

    @validated
    def fit(self, X: Any, y: Any = None, sample_weight: Any = None) -> "PCA":
        """Find the principal axes.

        Parameters
        ----------
        X : array-like, sparse matrix or RowSource of shape (n, p)
            Rows; NaN where an entry is missing.
        y : None
            Ignored.
        sample_weight : array-like of shape (n,), optional
            Weights of the rows, counted as repetitions: their sum must exceed 1.

        Returns
        -------
        PCA
            The fitted estimator.
        """
        vars(self).pop("_scatter", None)
        source = self._source(X, None, sample_weight)
        k, all_values = self._wanted(source.n_rows or np.inf, source.n_features)
        axes = principal_axes(source, k, self.svd_solver, self._search(), all_values=all_values)
        _check_weight(axes.weight)
        if np.isfinite(axes.total):
            self._store(axes, _dtype(source))
        elif isinstance(source, ArrayRows) and not is_sparse(source) and _only_missing(source.rows.X):
            self._fit_incomplete(source, axes.weight)
        else:
            if isinstance(source, ArrayRows):  # infinity is the fault, not NaN
                assert_all_finite(source.rows.X, allow_nan=True, input_name="X")
            require_finite(source)
            raise DataError(OVERFLOW)
        return self

    @validated
    def partial_fit(self, X: Any, y: Any = None, sample_weight: Any = None) -> "PCA":
        """Add rows: the answer is that of one fit to all rows seen so far.

        Parameters
        ----------
        X : array-like or sparse matrix of shape (n, p)
            More rows.
        y : None
            Ignored.
        sample_weight : array-like of shape (n,), optional
            Their weights.

        Returns
        -------
        PCA
            The fitted estimator.
        """
        before: Scatter | None = getattr(self, "_scatter", None)
        if before is None and hasattr(self, "components_"):
            raise DataError(
                "partial_fit cannot go on from fit, which keeps no scatter matrix: begin with partial_fit, on a clone."
            )
        source = self._source(X, None, sample_weight, reset=before is None)
        scatter = scatter_of(source)
        if not np.isfinite(scatter.matrix).all():
            require_finite(source)
            raise DataError(OVERFLOW)
        scatter = scatter if before is None else merge(before, scatter)
        _check_weight(scatter.weight)
        k, all_values = self._wanted(scatter.weight, source.n_features)
        self._scatter = scatter
        self._store(axes_of(scatter, None if all_values else k), _dtype(source))
        return self

    def _wanted(self, n: float, p: int) -> tuple[int, bool]:
        """Components to find, and whether all variances are needed to choose among them."""
        wanted, small, solver = self.n_components, int(min(n, p)), self.svd_solver
        iterative = solver in ("arpack", "randomized")
        if wanted is None:
            return small - (solver == "arpack"), False
        if isinstance(wanted, str) and iterative:
            raise DataError(f"n_components={wanted!r} cannot be a string with svd_solver={solver!r}")
        if wanted == "mle" and n < p:
            raise DataError("n_components='mle' is only supported if n_samples >= n_features")
        if not iterative and (isinstance(wanted, str) or 0 < wanted < 1):
            return small, True
        if not isinstance(wanted, Integral) or not int(iterative) <= int(wanted) <= small:
            raise DataError(
                f"n_components={wanted!r} must be between {int(iterative)} and min(n_samples, n_features)={small} "
                f"with svd_solver={('full' if solver == 'auto' else solver)!r}"
            )
        if solver == "arpack" and wanted == small:
            raise DataError(
                f"n_components={wanted!r} must be strictly less than min(n_samples, n_features)={small} "
                f"with svd_solver={solver!r}"
            )
        return int(wanted), False

    def _search(self) -> Search:
        power = None if self.iterated_power == "auto" else int(self.iterated_power)
        return Search(check_random_state(self.random_state), self.tol, power, self.n_oversamples)

    def _store(self, axes: Axes, dtype: Any) -> None:
        """Set the fitted attributes."""
        n, p = axes.weight, axes.components.shape[1]
        small = int(min(n, p))
        wanted = len(axes.squares) if self.n_components is None else self.n_components
        k = min(component_count(wanted, axes.squares[:small] / (n - 1), axes.total / (n - 1), n), small)
        kept = axes.squares[:k]
        whole = len(axes.squares) >= small
        rest = float(axes.squares[k:].sum()) if whole else max(axes.total - float(kept.sum()), 0.0)
        self.components_ = fixed_signs(axes.components[:k]).astype(dtype)
        self.mean_, self.singular_values_ = axes.mean.astype(dtype), np.sqrt(kept).astype(dtype)
        self.explained_variance_ = (kept / (n - 1)).astype(dtype)
        share = kept / (n - 1) / (axes.total / (n - 1)) if axes.total > 0 else np.zeros(k)  # as component_count rounds
        self.explained_variance_ratio_ = share.astype(dtype)
        self.noise_variance_ = rest / (n - 1) / (small - k) if k < small else 0.0
        self.reconstruction_error_, self.residual_ = rest / n, axes.residual
        self.n_components_, self.n_samples_ = k, int(n) if float(n).is_integer() else n
        self.solver_, self.n_iter_ = axes.route, axes.n_iter
        self.certificate_ = (
            f"{k} components explain {100 * share.sum():.4g} % of the variance, reconstruction error {rest / n:.4g}; "
            f"eigenpairs within {axes.residual:.0e}, largest correlation {axes.correlation:.0e}"
        )
        if axes.route == "randomized" and self.iterated_power == "auto" and axes.left > 100 * (self.tol or TOL):
            self._warn_unconverged(
                f"about {axes.left:.0e} of the explained variance is missed", "Raise tol, or use svd_solver='full'."
            )

    def _fit_incomplete(self, source: ArrayRows, n: float) -> None:
        """Fit rows with missing entries by EM, and set the attributes with the same denominators."""
        p, wanted = source.n_features, self.n_components
        if wanted is None:
            wanted = max(1, int(min(n, p)) - 1)
        if not isinstance(wanted, Integral) or not 1 <= int(wanted) < p:
            raise DataError(
                f"n_components={wanted!r} must be an integer between 1 and n_features - 1 = {p - 1} for X with missing "
                "values (NaN); choose one, or fill the values in first."
            )
        random = check_random_state(self.random_state)
        fit = fit_missing(source, int(wanted), random=random, tol=EM_TOL, max_iter=EM_ITERATIONS, verbose=self.verbose)
        components, variances = principal(fit.parameters)
        total = float(variances.sum() + (p - len(variances)) * fit.parameters.noise)
        axes = Axes(n, fit.parameters.mean, components, n * variances, n * total, 0.0, 0.0, fit.n_iter, "em")
        self._store(axes, source.rows.X.dtype)
        self.noise_variance_ = float(fit.parameters.noise * n / (n - 1))
        self.log_likelihood_ = fit.log_likelihood
        gain = float(np.diff(fit.trace)[-1]) if len(fit.trace) > 1 else np.inf
        self.certificate_ = (
            f"log-likelihood a row {fit.log_likelihood:.6g}, last gain {gain:.0e} after {fit.n_iter} iterations of EM; "
            f"{wanted} components explain {100 * variances.sum() / total:.4g} % of the model's variance"
        )
        if not fit.converged:
            self._warn_unconverged(f"EM still gains {gain:.0e} a row", "Lower n_components.")

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.input_tags.sparse = True
        tags.input_tags.allow_nan = True
        tags.transformer_tags.preserves_dtype = ["float64", "float32"]
        return tags


def _dtype(source: RowSource) -> Any:
    return source.rows.X.dtype if isinstance(source, ArrayRows) else np.float64


def _only_missing(X: np.ndarray) -> bool:
    """Whether X has NaN but no infinity."""
    return bool(np.isnan(X).any()) and not np.isinf(X).any()


def _check_weight(n: float) -> None:
    if not n > 1:
        raise DataError(
            f"n_samples={n:g}: a variance needs more than one sample. Weights count as repetitions; if they sum to 1, "
            "multiply them by the number of rows."
        )
