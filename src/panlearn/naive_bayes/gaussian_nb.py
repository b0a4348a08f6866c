r"""Gaussian naive Bayes: each feature is normal within a class, with a mean and variance of its own.

    log P(x_j | k) = -(log(2 pi v_kj) + (x_j - m_kj)^2 / v_kj) / 2

It is the quadratic rule with diagonal covariances: K p variances where the full matrices have K p (p + 1) / 2. With one
variance a feature for all classes the posterior of two classes would be sigma(w'x + b) again, w_j = (m_1j - m_0j) / v_j
(note 001 §4.2). A share `var_smoothing` of the largest variance is added to all, so that a feature which is constant
within a class does not decide alone.

Cost: n p for the fit, n p K for a prediction, blocks of rows at a time. When it fails: features that are skewed or have
two peaks within a class; features that repeat each other, which then count twice.
"""

from typing import Any, ClassVar

import numpy as np

from panlearn.core.blocks import RowSource, require_weight
from panlearn.core.constraints import ARRAY, NONNEGATIVE, validated
from panlearn.core.registry import method
from panlearn.core.threads import map_chunks, scratch
from panlearn.naive_bayes.naive_bayes_classifier import NaiveBayesClassifier, class_priors
from panlearn.optimize.class_moments import ClassMoments, class_moments, merge

BLOCK = 1 << 19  # bytes of a block of rows in prediction: it and its working copy stay in cache
TINY = 1e-290  # least variance


def normal_log_densities(X: np.ndarray, mean: np.ndarray, variance: np.ndarray, offset: np.ndarray) -> np.ndarray:
    """offset_k - sum_j (x_j - m_kj)^2 / (2 v_kj), (n, K).

    Examples
    --------
    >>> normal_log_densities(np.array([[2.0]]), np.zeros((1, 1)), np.ones((1, 1)), np.zeros(1))
    array([[-2.]])
    """
    (n, p), dtype = X.shape, mean.dtype
    out, inverse = np.empty((n, len(mean)), dtype=dtype), 1 / np.sqrt(2 * variance)
    rows = max(16, BLOCK // (8 * p))

    def part(start: int, stop: int) -> None:
        with np.errstate(over="ignore"):  # too far from every class: -inf
            for a in range(start, stop, rows):
                block = X[a : min(a + rows, stop)]
                Z = scratch("standardised", block.shape, dtype.type)
                for k in range(len(mean)):
                    np.subtract(block, mean[k], out=Z)
                    np.multiply(Z, inverse[k], out=Z)
                    np.subtract(offset[k], np.einsum("ij,ij->i", Z, Z), out=out[a : a + len(block), k])

    map_chunks(part, n, work=3.0 * n * p * len(mean), align=rows)
    return out


@method(
    "Gaussian naive Bayes",
    tasks=("binary", "multiclass"),
    notes=("001 4", "002 discriminative/generative"),
    needs=("dense",),
    cost=lambda n, p, k: 6.0 * n * p,
)
class GaussianNB(NaiveBayesClassifier):
    """Naive Bayes for numbers: a normal density a feature and class.

    Parameters
    ----------
    priors : array-like of shape (K,), optional
        Probabilities of the classes; by default as frequent as they are.
    var_smoothing : float, default=1e-9
        Share of the largest variance of a feature that is added to all variances, at least 0.

    Attributes
    ----------
    class_count_ : ndarray of shape (K,)
        Rows, or weight, of each class.
    class_prior_ : ndarray of shape (K,)
        Class priors.
    classes_ : ndarray of shape (K,)
        Labels.
    epsilon_ : float
        What was added to the variances.
    theta_ : ndarray of shape (K, p)
        Means.
    var_ : ndarray of shape (K, p)
        Variances, with epsilon_.
    certificate_ : str
        The estimates are in closed form.
    n_features_in_ : int
        Number of features.
    feature_names_in_ : ndarray of shape (p,)
        Names of the features, if X has string column names.

    Raises
    ------
    ValueError
        If priors do not fit the classes, or a batch has a new label.

    References
    ----------
    [domingos1997], [hastie2009]; course note 001 §4.2

    Examples
    --------
    A batch after the other gives the same as all rows at once:

    >>> import numpy as np
    >>> from panlearn.naive_bayes import GaussianNB
    >>> X, y = np.random.default_rng(0).normal(size=(90, 2)), np.arange(90) % 3
    >>> whole, parts = GaussianNB().fit(X, y), GaussianNB()
    >>> for rows in np.split(np.arange(90), 3):
    ...     _ = parts.partial_fit(X[rows], y[rows], classes=[0, 1, 2])
    >>> np.allclose(whole.var_, parts.var_)
    True
    """

    _parameter_constraints: ClassVar[dict[str, list]] = {"priors": [ARRAY, None], "var_smoothing": [NONNEGATIVE]}

    def __init__(self, *, priors: Any = None, var_smoothing: float = 1e-9) -> None:
        self.priors = priors
        self.var_smoothing = var_smoothing

    @validated
    def fit(self, X: Any, y: Any = None, sample_weight: Any = None) -> "GaussianNB":
        """Estimate means and variances.

        Parameters
        ----------
        X : array-like of shape (n, p), or RowSource
            Features; with a RowSource (a file larger than memory) y is None.
        y : array-like of shape (n,)
            Labels.
        sample_weight : array-like of shape (n,), optional
            Weights of the rows, at least 0.

        Returns
        -------
        GaussianNB
            The fitted estimator.
        """
        source = self._labelled(self._source(X, y, sample_weight, accept_sparse=False), 1)
        self._solve(class_moments(source, len(self.classes_), "diagonal"), source)
        return self

    @validated
    def partial_fit(self, X: Any, y: Any = None, classes: Any = None, sample_weight: Any = None) -> "GaussianNB":
        """Add a batch of rows.

        Parameters
        ----------
        X : array-like of shape (n, p), or RowSource
            Features.
        y : array-like of shape (n,)
            Labels.
        classes : array-like of shape (K,), optional
            All labels that will ever come; needed in the first call.
        sample_weight : array-like of shape (n,), optional
            Weights of the rows, at least 0.

        Returns
        -------
        GaussianNB
            The fitted estimator.
        """
        first = self._first_call(classes)
        source = self._known(self._source(X, y, sample_weight, accept_sparse=False, reset=first))
        new = class_moments(source, len(self.classes_), "diagonal")
        self._solve(new if first else merge(self._moments, new), source)
        return self

    def _solve(self, moments: ClassMoments, source: RowSource) -> None:
        """Set the fitted attributes from the sums."""
        require_weight(moments.weight.sum())
        self._moments = moments
        priors = class_priors(self.priors, moments.weight)
        total = moments.weight.sum()
        n = np.where(moments.weight > 0, moments.weight, 1.0)[:, None]
        away = moments.mean - moments.total_mean
        spread = (moments.scatter.sum(axis=0) + moments.weight @ away**2) / total
        self.epsilon_ = self.var_smoothing * spread.max()
        piece = next(iter(source.pieces()))
        dtype = np.float32 if piece.X.dtype == np.float32 else np.float64
        self.theta_, self.var_ = moments.mean.astype(dtype), (moments.scatter / n + self.epsilon_).astype(dtype)
        self.class_count_, self.class_prior_ = moments.weight.astype(dtype), priors.astype(dtype)
        self.certificate_ = f"closed form; {total:.6g} rows in {len(self.classes_)} classes"

    def _joint_log_likelihood(self, X: np.ndarray) -> np.ndarray:
        variance = np.maximum(self.var_.astype(np.float64), TINY)
        with np.errstate(divide="ignore"):  # a class that cannot occur
            offset = np.log(self.class_prior_.astype(np.float64)) - 0.5 * np.log(2 * np.pi * variance).sum(axis=1)
        return normal_log_densities(X, self.theta_, variance, offset)
