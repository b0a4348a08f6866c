"""Mixtures of products: within a component the columns are independent, so a row's log-density is a matrix product.

    log p(x, k) = log pi_k + sum_j log p(x_j | k)  =  z'a_k - g'b_k + c_k

z holds indicators of the row's values (dense or sparse), g marks the columns that are missing. Two families are of this
form: `BernoulliMixture` (z = x) and `CategoricalMixture` (z = one column for each category).

E step    J = Z A' - G B' + c,    log p(x) = logsumexp_k J,    r = exp(J - log p(x))
M step    from the sums  N = sum w r,  sum w r z,  sum w r g:  two matrix products a block, E and M in one pass

A missing value is left out of the product: that is exact here, since independent columns say nothing of each other
once the component is known (a Gaussian has to condition: `missing_gaussian`). Cost of an iteration: 4 n k columns
flops; no n x k matrix is kept.

Smoothing: each category is counted `alpha` times more than it is seen, as in naive Bayes, which is the M step under a
Dirichlet prior with exponents alpha. EM then climbs, and stops by, the log-posterior
(log-likelihood + alpha sum log theta) / n.
"""

import warnings
from abc import abstractmethod
from collections.abc import Iterator
from typing import Any, ClassVar, NamedTuple

import numpy as np
from scipy.sparse import issparse
from scipy.special import softmax
from sklearn.exceptions import ConvergenceWarning
from sklearn.utils import check_random_state
from sklearn.utils.validation import _check_sample_weight, check_is_fitted

from panlearn.core.blocks import ArrayRows, Rows, RowSource, in_memory, reduce_rows, require_weight
from panlearn.core.constraints import BOOLEAN, COUNT, NATURAL, NONNEGATIVE, RANDOM, VERBOSE, options, validated
from panlearn.core.errors import DataError
from panlearn.core.threads import map_chunks, scratch
from panlearn.mixture.mixture_model import MixtureModel
from panlearn.optimize.em import Packing, best_em

BLOCK = 1024  # rows of a block in prediction
START_ROWS = 5000  # a start needs no more rows than this: EM sees them all


class Parameters(NamedTuple):
    """What EM improves."""

    weights: np.ndarray  # (k,): pi
    theta: np.ndarray  # (k, columns of Z): probability of each indicator


class Terms(NamedTuple):
    """The log-joint of a row as an affine function of its indicators."""

    slopes: np.ndarray  # (k, columns of Z): a
    gaps: np.ndarray  # (k, columns of G): b
    constants: np.ndarray  # (k,): c


class Sums(NamedTuple):
    """Over the rows, each with its weight."""

    value: float  # log p(x)
    counts: np.ndarray  # (k,): r
    seen: np.ndarray  # (k, columns of Z): r z
    gaps: np.ndarray  # (k, columns of G): r g; empty where nothing is missing


class ProductMixture(MixtureModel):
    """What the two families share; a family encodes rows and says what its M step and its terms are."""

    _parameter_constraints: ClassVar[dict[str, list]] = {
        "n_components": [COUNT],
        "tol": [NONNEGATIVE],
        "alpha": [NONNEGATIVE],
        "max_iter": [NATURAL],
        "n_init": [COUNT],
        "init_params": [options("kmeans", "k-means++", "random", "random_from_data")],
        "random_state": [RANDOM],
        "warm_start": [BOOLEAN],
        "verbose": [VERBOSE],
        "accelerate": [BOOLEAN],
    }

    def __init__(
        self,
        n_components: int = 1,
        *,
        tol: float = 1e-3,
        alpha: float = 1.0,
        max_iter: int = 100,
        n_init: int = 1,
        init_params: str = "kmeans",
        random_state: Any = None,
        warm_start: bool = False,
        verbose: int = 0,
        accelerate: bool = False,
    ) -> None:
        self.n_components = n_components
        self.tol = tol
        self.alpha = alpha
        self.max_iter = max_iter
        self.n_init = n_init
        self.init_params = init_params
        self.random_state = random_state
        self.warm_start = warm_start
        self.verbose = verbose
        self.accelerate = accelerate

    @abstractmethod
    def _rows(self, X: Any, sample_weight: Any = None, *, fitting: bool = False) -> RowSource:
        """Rows whose X is Z and whose y is G, or None where nothing is missing."""

    @abstractmethod
    def _maximise(self, sums: Sums) -> Parameters:
        """M step."""

    @abstractmethod
    def _terms(self, parameters: Parameters) -> Terms:
        """The log-joint as an affine function."""

    @abstractmethod
    def _log_prior(self, theta: np.ndarray) -> float:
        """Alpha times the sum of the logs of all probabilities."""

    @abstractmethod
    def _parameters(self) -> Parameters:
        """The fitted parameters."""

    @abstractmethod
    def _store(self, parameters: Parameters) -> None:
        """Set the fitted parameters."""

    @abstractmethod
    def _free(self, theta: np.ndarray) -> np.ndarray:
        """Theta in coordinates that may take any value."""

    @abstractmethod
    def _bound(self, free: np.ndarray) -> np.ndarray:
        """Theta from such coordinates."""

    @staticmethod
    def _weights_of(sample_weight: Any, X: Any) -> np.ndarray | None:
        if sample_weight is None:
            return None
        return _check_sample_weight(sample_weight, X, dtype=np.float64, ensure_non_negative=True)

    @property
    def _alpha(self) -> float:
        return max(float(self.alpha), 1e-10)  # a probability of 0 could never grow again, and has no logarithm

    @validated
    def fit(self, X: Any, y: Any = None, sample_weight: Any = None) -> Any:
        """Fit the mixture by EM.

        Parameters
        ----------
        X : array-like of shape (n, p)
            Rows; missing values as NaN.
        y : object
            Ignored.
        sample_weight : array-like of shape (n,), optional
            Weights of the rows, at least 0: 2 counts a row twice.

        Returns
        -------
        object
            The fitted estimator.
        """
        source, k = self._rows(X, sample_weight, fitting=True), self.n_components
        if source.n_rows is not None and source.n_rows < k:
            raise DataError(
                f"Expected n_samples >= n_components but got n_components = {k}, n_samples = {source.n_rows}"
            )
        resumed = self.warm_start and hasattr(self, "converged_")
        resumed = resumed and self._parameters().theta.shape == (k, source.n_features)
        total = reduce_rows(lambda Z, G, w: np.array([Z.shape[0] if w is None else w.sum()], float), source, work=1)[0]
        require_weight(total)

        def step(parameters: Parameters) -> tuple[float, Parameters]:
            sums = self._sums(source, parameters)
            return (sums.value + self._log_prior(parameters.theta)) / total, self._maximise(sums)

        starts = iter([self._parameters()]) if resumed else self._starts(source)
        fit = best_em(
            step,
            starts,
            tol=self.tol,
            max_iter=self.max_iter,
            packing=Packing(self._pack, self._unpack) if self.accelerate else None,
            before=self.lower_bound_ if resumed else -np.inf,
            verbose=self.verbose,
            title=type(self).__name__,
        )
        self._store(fit.parameters)
        gain = self._keep_course(fit, "mean log-posterior")
        if not fit.converged and self.max_iter > 0:
            self._warn_unconverged(f"the last iteration gained {gain:.1e}", "Raise max_iter or tol.")
        return self

    def _pack(self, parameters: Parameters) -> np.ndarray:
        weights = np.maximum(parameters.weights, np.finfo(float).tiny)  # a component may have lost all rows
        return np.concatenate([np.log(weights), self._free(parameters.theta).ravel()])

    def _unpack(self, vector: np.ndarray) -> Parameters:
        k = self.n_components
        return Parameters(softmax(vector[:k]), self._bound(vector[k:].reshape(k, -1)))

    def _starts(self, source: RowSource) -> Iterator[Parameters]:
        """One start for each run, from soft or hard shares of some rows."""
        random = check_random_state(self.random_state)
        Z, G, w = next(source.pieces()) if not isinstance(source, ArrayRows) else source.rows
        if not isinstance(source, ArrayRows):
            Z, G, w = source.prepare(Rows(Z, None, w))
        use = np.flatnonzero(w > 0) if w is not None else np.arange(Z.shape[0])
        if len(use) < self.n_components:
            raise DataError(f"{len(use)} rows of positive weight are fewer than n_components = {self.n_components}.")
        for _ in range(self.n_init):
            rows = random.choice(use, START_ROWS, replace=False) if len(use) > START_ROWS else use
            part = None if w is None else w[rows]
            block = _numbers(Z[rows])
            R = self._shares(block, part, random)
            yield self._maximise(_weigh(R, block, None if G is None else G[rows], part))

    def _shares(self, Z: Any, weight: np.ndarray | None, random: np.random.RandomState) -> np.ndarray:
        """Shares of rows in components, (k, rows), to start from."""
        (n, _), k = Z.shape, self.n_components
        if self.init_params == "random":
            R = random.uniform(size=(k, n))
            return R / R.sum(axis=0)
        R = np.zeros((k, n))
        if self.init_params == "random_from_data":
            R[np.arange(k), random.choice(n, k, replace=n < k)] = 1.0
            return R
        from panlearn.cluster import KMeans, kmeans_plusplus

        if self.init_params == "k-means++":
            _, chosen = kmeans_plusplus(Z, k, random_state=random, sample_weight=weight)
            R[np.arange(k), chosen] = 1.0
            return R
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ConvergenceWarning)  # fewer distinct rows than components: EM copes
            labels = KMeans(k, n_init=1, random_state=random).fit(Z, sample_weight=weight).labels_
        R[labels, np.arange(n)] = 1.0
        return R

    def _sums(self, source: RowSource, parameters: Parameters) -> Sums:
        terms = self._terms(parameters)

        def statistic(Z: Any, G: Any, w: np.ndarray | None) -> Sums:
            Z, G = _numbers(Z), G if issparse(G) else None  # the target of a file plays no part
            J = _log_joint(terms, Z, G)
            value = _normalise(J)
            part = _weigh(J, Z, G, w)
            return part._replace(value=float(value.sum() if w is None else value @ w))

        return reduce_rows(statistic, source, work=4.0 * terms.slopes.size)

    def _checked(self, X: Any) -> Any:
        check_is_fitted(self)
        return in_memory(self._rows(X))

    def _says(self, X: Any, what: str) -> np.ndarray:
        Z, G, _ = X
        terms = self._terms(self._parameters())
        n, k = Z.shape[0], len(self.weights_)
        out = np.empty((n, k) if what == "shares" else n, np.int64 if what == "label" else np.float64)

        def part(start: int, stop: int) -> None:
            for a in range(start, stop, BLOCK):
                rows = slice(a, min(a + BLOCK, stop))
                J = _log_joint(terms, _numbers(Z[rows]), None if G is None else G[rows])
                if what == "label":
                    out[rows] = J.argmax(axis=0)
                    continue
                value = _normalise(J)
                out[rows] = J.T if what == "shares" else value

        map_chunks(part, n, work=4.0 * terms.slopes.size * n)
        return out


def _numbers(Z: Any) -> Any:
    """A block as numbers: dense indicators are kept as bytes, an eighth of the memory."""
    if issparse(Z):
        return Z
    block = scratch("mixture rows", Z.shape)
    np.copyto(block, Z)
    return block


def _log_joint(terms: Terms, Z: Any, G: Any) -> np.ndarray:
    """(k, n): components in rows, so that maxima and sums over them vectorise."""
    if issparse(Z):
        J = np.ascontiguousarray((Z @ terms.slopes.T).T)
    else:
        J = np.dot(terms.slopes, Z.T, out=scratch("mixture joint", (len(terms.slopes), len(Z))))
    if G is not None:
        J -= (G @ terms.gaps.T).T
    J += terms.constants[:, None]
    return J


def _normalise(J: np.ndarray) -> np.ndarray:
    """Log-joints to shares, in place; returns the rows' log-densities."""
    top = J.max(axis=0)
    J -= top
    np.exp(J, out=J)
    total = J.sum(axis=0)
    J /= total
    return top + np.log(total)


def _weigh(R: np.ndarray, Z: Any, G: Any, weight: np.ndarray | None) -> Sums:
    """Sums of the M step from shares (k, n), which are overwritten."""
    if weight is not None:
        R *= weight
    seen = np.ascontiguousarray((Z.T @ R.T).T) if issparse(Z) else R @ Z
    gaps = np.zeros((len(R), 0)) if G is None else np.ascontiguousarray((G.T @ R.T).T)
    return Sums(0.0, R.sum(axis=1), seen, gaps)
