"""Categorical mixture: the latent class model, for columns of categories [goodman1974].

    p(x) = sum_k pi_k prod_j theta_kj(x_j)          theta_kj(c): how often component k gives column j the category c

E step    r_ik ∝ pi_k prod_j theta_kj(x_ij)
M step    theta_kj(c) = (sum of r_ik over x_ij = c, + alpha) / (sum of r_ik over x_ij seen, + alpha categories)

With one column of zeros and ones for each category the log-joint is a sparse matrix product, k additions for each value
that is there; a missing value has no such column, and so leaves its factor out. Columns may have any number of
categories, numbers or text. With two categories each it is the Bernoulli mixture.

When it fails: labels of the components are arbitrary; the classes are identified only if there are enough columns
(2 log2 k + 1 columns of two categories suffice for k classes [allman2009]); a column of nearly distinct values (names,
numbers with decimals) says nothing and pulls rows apart. Note 004 §10.
"""

from typing import Any, ClassVar

import numpy as np
from scipy.special import softmax
from sklearn.utils.validation import validate_data

from panlearn.core.blocks import ArrayRows, RowSource
from panlearn.core.constraints import options
from panlearn.core.errors import DataError
from panlearn.core.registry import method
from panlearn.mixture.category_codes import find_categories, indicators
from panlearn.mixture.product_mixture import Parameters, ProductMixture, Sums, Terms


@method(
    "Categorical mixture (latent classes)",
    tasks=("density",),
    notes=("004 10", "001 10.1"),
    needs=("dense", "codes"),
    cost=lambda n, p, k: 4.0 * n * p * max(k, 1) * 30,
)
class CategoricalMixture(ProductMixture):
    """Mixture of independent columns of categories, fitted by EM.

    Parameters
    ----------
    n_components : int, default=1
        Number of components k.
    tol : float, default=1e-3
        Stop when an iteration raises the mean log-posterior of a row by less.
    alpha : float, default=1.0
        Smoothing: how often each category is counted beyond what is seen, at least 0 (1e-10 stands for less).
    handle_unknown : {"error", "missing"}, default="error"
        What to do with a category that was not there in `fit`: refuse it, or leave it out like a missing value.
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
    categories_ : list of p ndarrays
        Categories of each column.
    probabilities_ : list of p ndarrays, each of shape (k, categories)
        theta.
    converged_ : bool
        Whether an iteration gained less than `tol`.
    n_iter_ : int
        Iterations of the best start.
    lower_bound_ : float
        Mean log-posterior: (log-likelihood + alpha sum of log theta) / n.
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
        If there are fewer rows than components, or a column mixes numbers and text.

    References
    ----------
    [goodman1974], [dempster1977], note 004 §10

    Examples
    --------
    Text and numbers side by side; the row that gives its size alone belongs to the small ones:

    >>> import numpy as np
    >>> from panlearn.mixture import CategoricalMixture
    >>> X = np.array([["red", 1], ["red", 1], ["blue", 3], ["blue", 3], [None, 1]] * 8, dtype=object)
    >>> model = CategoricalMixture(2, alpha=0.1, random_state=0).fit(X)
    >>> labels = model.predict(X[:5])
    >>> (labels == labels[0]).tolist()
    [True, True, False, False, True]
    """

    categories_: list[np.ndarray]
    probabilities_: list[np.ndarray]
    _parameter_constraints: ClassVar[dict[str, list]] = {
        **ProductMixture._parameter_constraints,
        "handle_unknown": [options("error", "missing")],
    }

    _expected_failed_checks: ClassVar[dict[str, str]] = {
        "check_sample_weight_equivalence_on_dense_data": "it predicts rows whose values were not there in fit, "
        "which handle_unknown='error' refuses",
    }

    def __init__(
        self,
        n_components: int = 1,
        *,
        tol: float = 1e-3,
        alpha: float = 1.0,
        handle_unknown: str = "error",
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
        self.handle_unknown = handle_unknown

    def _rows(self, X: Any, sample_weight: Any = None, *, fitting: bool = False) -> RowSource:
        X = validate_data(self, X, dtype=None, ensure_all_finite=False, reset=fitting)
        weight = self._weights_of(sample_weight, X)
        if fitting:  # a row of weight 0 is no row: its categories do not count
            self.categories_ = find_categories(X if weight is None else X[weight > 0])
            if not any(len(values) for values in self.categories_):
                raise DataError("X has no value at all: every one is missing.")
        Z = indicators(X, self.categories_, ignore_unknown=fitting or self.handle_unknown == "missing")
        return ArrayRows(Z, None, weight)

    @property
    def _column_of(self) -> np.ndarray:
        """The column of X behind each column of Z."""
        return np.repeat(np.arange(len(self.categories_)), [len(values) for values in self.categories_])

    def _maximise(self, sums: Sums) -> Parameters:
        column = self._column_of
        counts = sums.seen + self._alpha
        totals = np.array([np.bincount(column, weights=row, minlength=len(self.categories_)) for row in counts])
        return Parameters(sums.counts / sums.counts.sum(), counts / totals[:, column])

    def _terms(self, parameters: Parameters) -> Terms:
        weights = np.log(np.maximum(parameters.weights, np.finfo(float).tiny))
        return Terms(np.log(parameters.theta), np.zeros((len(weights), 0)), weights)

    def _log_prior(self, theta: np.ndarray) -> float:
        return self._alpha * float(np.log(theta).sum())

    def _parameters(self) -> Parameters:
        return Parameters(self.weights_, np.concatenate(self.probabilities_, axis=1))

    def _store(self, parameters: Parameters) -> None:
        ends = np.cumsum([len(values) for values in self.categories_])[:-1]
        self.weights_, self.probabilities_ = parameters.weights, np.split(parameters.theta, ends, axis=1)

    def _n_parameters(self) -> int:
        free = sum(max(len(values) - 1, 0) for values in self.categories_)
        return len(self.weights_) * free + len(self.weights_) - 1

    def _free(self, theta: np.ndarray) -> np.ndarray:
        return np.log(theta)

    def _bound(self, free: np.ndarray) -> np.ndarray:
        ends = np.cumsum([len(values) for values in self.categories_])[:-1]
        parts = [softmax(part, axis=1) for part in np.split(free, ends, axis=1) if part.size]
        return np.maximum(np.concatenate(parts, axis=1), np.finfo(float).tiny)

    def _draw(self, component: int, count: int, rng: Any) -> np.ndarray:
        columns = []
        for values, theta in zip(self.categories_, self.probabilities_, strict=True):
            codes = rng.choice(len(values), count, p=theta[component]) if values.size else None
            columns.append(np.full(count, np.nan) if codes is None else values[codes])
        numbers = all(column.dtype.kind in "iufb" for column in columns)
        return np.column_stack(columns if numbers else [column.astype(object) for column in columns])

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.input_tags.categorical = tags.input_tags.string = tags.input_tags.allow_nan = True
        return tags
