"""Bernoulli mixture: rows of yes and no that come from k kinds, latent class analysis in one word [bishop2006] §9.3.3.

    p(x) = sum_k pi_k prod_j theta_kj^x_j (1 - theta_kj)^(1 - x_j)

In logarithms the product over columns is a matrix product, x'logit(theta_k) + sum_j log(1 - theta_kj): both steps of EM
run at the speed of BLAS, or cost what X stores where it is sparse. A missing x_j leaves its factor out.

E step    r_ik ∝ pi_k p(x_i | k)
M step    pi_k = N_k / n,    theta_kj = (sum_i r_ik x_ij + alpha) / (N_kj + 2 alpha),    N_kj sums r_ik over x_ij seen

The columns of one component are independent, those of the mixture are not: covariance between columns is what the
components explain. When it fails: with many columns the posteriors are nearly 0 or 1, EM is close to k-means and stays
where it starts (raise `n_init`); columns that depend on each other for another reason ask for more components than
there are kinds. Note 004 §10.
"""

from typing import Any, ClassVar

import numpy as np
from scipy.sparse import csr_matrix, issparse
from scipy.special import expit, logit
from sklearn.utils.validation import validate_data

from panlearn.core.blocks import ArrayRows, FileRows, MappedRows, RowSource
from panlearn.core.constraints import NONNEGATIVE
from panlearn.core.errors import DataError
from panlearn.core.registry import method
from panlearn.mixture.product_mixture import Parameters, ProductMixture, Sums, Terms

CERTAIN = 1e-12  # how close to 0 and 1 a jump may go


@method(
    "Bernoulli mixture",
    tasks=("density",),
    notes=("004 10", "001 9.1", "001 10.1"),
    cost=lambda n, p, k: 4.0 * n * p * max(k, 1) * 30,
)
class BernoulliMixture(ProductMixture):
    """Mixture of independent yes-or-no columns, fitted by EM.

    Parameters
    ----------
    n_components : int, default=1
        Number of components k.
    tol : float, default=1e-3
        Stop when an iteration raises the mean log-posterior of a row by less.
    alpha : float, default=1.0
        Smoothing: how often each value is counted beyond what is seen, at least 0 (1e-10 stands for less).
    binarize : float or None, default=0.0
        Values above it are yes; None where X holds 0 and 1 only.
    max_iter : int, default=100
        Most EM iterations.
    n_init : int, default=1
        Starts; the best fit is kept.
    init_params : {"kmeans", "k-means++", "random", "random_from_data"}, default="kmeans"
        How to start: from k-means clusters, from rows far apart, from random shares, from random rows. At most 5000
        rows are used for it.
    random_state : int, RandomState or None, default=None
        Seed of the starts, and of `sample`.
    warm_start : bool, default=False
        Start from the parameters of the last fit.
    verbose : int, default=0
        Show progress.
    accelerate : bool, default=False
        Jump along the iterates by SQUAREM: fewer iterations where components overlap and `tol` is small.

    Attributes
    ----------
    weights_ : ndarray of shape (k,)
        pi.
    means_ : ndarray of shape (k, p)
        theta, the probabilities of yes.
    converged_ : bool
        Whether an iteration gained less than `tol`.
    n_iter_ : int
        Iterations of the best start.
    lower_bound_ : float
        Mean log-posterior: (log-likelihood + alpha sum of log theta and log(1 - theta)) / n.
    lower_bounds_ : list of float
        The same at each iteration; it never falls.
    certificate_ : str
        Where EM stopped, in words.
    n_features_in_ : int
        Number of columns.
    feature_names_in_ : ndarray of shape (p,)
        Names of the columns, if X has string column names.

    Raises
    ------
    ValueError
        If there are fewer rows than components, X holds infinities, or other values than 0 and 1 with `binarize=None`.

    References
    ----------
    [bishop2006] §9.3.3, [dempster1977], note 004 §10

    Examples
    --------
    Two kinds of rows, one answer missing; what is left of the row still tells its kind:

    >>> import numpy as np
    >>> from panlearn.mixture import BernoulliMixture
    >>> X = np.array([[1, 1, 0, 0]] * 20 + [[0, 0, 1, 1]] * 10, dtype=float)
    >>> X[0, 0] = np.nan
    >>> model = BernoulliMixture(2, alpha=0.5, random_state=0).fit(X)
    >>> np.sort(model.weights_).round(2), bool(model.predict(X)[0] == model.predict(X)[1])
    (array([0.33, 0.67]), True)
    """

    means_: np.ndarray
    _parameter_constraints: ClassVar[dict[str, list]] = {
        **ProductMixture._parameter_constraints,
        "binarize": [NONNEGATIVE, None],
    }

    _expected_failed_checks: ClassVar[dict[str, str]] = dict.fromkeys(
        ("check_estimator_sparse_array", "check_estimator_sparse_matrix"),
        "it asks every estimator with predict_proba for the tags of a classifier",
    )

    def __init__(
        self,
        n_components: int = 1,
        *,
        tol: float = 1e-3,
        alpha: float = 1.0,
        binarize: float | None = 0.0,
        max_iter: int = 100,
        n_init: int = 1,
        init_params: str = "kmeans",
        random_state: Any = None,
        warm_start: bool = False,
        verbose: int = 0,
        accelerate: bool = False,
    ) -> None:
        super().__init__(
            n_components,
            tol=tol,
            alpha=alpha,
            max_iter=max_iter,
            n_init=n_init,
            init_params=init_params,
            random_state=random_state,
            warm_start=warm_start,
            verbose=verbose,
            accelerate=accelerate,
        )
        self.binarize = binarize

    def _rows(self, X: Any, sample_weight: Any = None, *, fitting: bool = False) -> RowSource:
        if isinstance(X, FileRows):
            self._source(X, None, sample_weight)
            return MappedRows(X, self._yes, X.n_features)
        X = validate_data(
            self, X, accept_sparse="csr", dtype=[np.float64, np.float32], ensure_all_finite="allow-nan", reset=fitting
        )
        gaps: Any = _gaps(X)
        return ArrayRows(self._yes(X), gaps, self._weights_of(sample_weight, X))

    def _yes(self, X: Any) -> Any:
        """What is 1, with 0 for what is missing; bytes where X is dense."""
        values = X.data if issparse(X) else X
        if self.binarize is not None:
            yes = values > self.binarize  # NaN is not above anything
        else:
            yes = values == 1
            if not (yes | (values == 0) | np.isnan(values)).all():
                raise DataError("X must hold 0, 1 and NaN only with binarize=None; set binarize to a threshold.")
        return csr_matrix((yes.astype(np.float64), X.indices, X.indptr), shape=X.shape) if issparse(X) else yes

    def _maximise(self, sums: Sums) -> Parameters:
        seen = sums.counts[:, None] - (sums.gaps if sums.gaps.size else 0.0)
        theta = (sums.seen + self._alpha) / (np.maximum(seen, sums.seen) + 2 * self._alpha)
        return Parameters(sums.counts / sums.counts.sum(), theta)

    def _terms(self, parameters: Parameters) -> Terms:
        no = np.log1p(-parameters.theta)
        weights = np.log(np.maximum(parameters.weights, np.finfo(float).tiny))
        return Terms(np.log(parameters.theta) - no, no, weights + no.sum(axis=1))

    def _log_prior(self, theta: np.ndarray) -> float:
        return self._alpha * float((np.log(theta) + np.log1p(-theta)).sum())

    def _parameters(self) -> Parameters:
        return Parameters(self.weights_, self.means_)

    def _store(self, parameters: Parameters) -> None:
        self.weights_, self.means_ = parameters

    def _n_parameters(self) -> int:
        return self.means_.size + len(self.weights_) - 1

    def _free(self, theta: np.ndarray) -> np.ndarray:
        return logit(theta)

    def _bound(self, free: np.ndarray) -> np.ndarray:
        return np.clip(expit(free), CERTAIN, 1 - CERTAIN)

    def _draw(self, component: int, count: int, rng: Any) -> np.ndarray:
        return (rng.uniform(size=(count, self.n_features_in_)) < self.means_[component]).astype(np.float64)

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.input_tags.sparse = tags.input_tags.allow_nan = True
        return tags


def _gaps(X: Any) -> csr_matrix | None:
    """Where X is missing, or None."""
    if not issparse(X):
        missing = np.isnan(X)
        return csr_matrix(missing, dtype=np.float64) if missing.any() else None
    missing = np.isnan(X.data)
    if not missing.any():
        return None
    gaps = csr_matrix((missing.astype(np.float64), X.indices, X.indptr), shape=X.shape, copy=True)
    gaps.eliminate_zeros()
    return gaps
