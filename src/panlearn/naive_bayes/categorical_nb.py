r"""Categorical naive Bayes: each feature is one of several categories, as codes 0, 1, 2 and so on.

    log P(x_j = c | k) = log((N_kjc + alpha) / (N_k + alpha C_j))

N_kjc is how many of the N_k rows of class k have category c of feature j, C_j the number of categories. The smoothing
alpha keeps a category that a class has not seen possible. No order of the categories is used, and none assumed.

Cost: n p look-ups for the fit, n p K for a prediction. When it fails: categories with few rows (most of their
probability is alpha's), and features that repeat each other.
"""

from typing import Any, ClassVar

import numpy as np
from sklearn.utils.validation import _check_sample_weight, check_non_negative, validate_data

from panlearn.core.blocks import ArrayRows, RowSource, require_weight
from panlearn.core.constraints import ARRAY, COUNT, NONNEGATIVE
from panlearn.core.errors import DataError
from panlearn.core.registry import method
from panlearn.core.threads import map_chunks
from panlearn.naive_bayes.discrete_nb import DiscreteNB

ROWS = 1 << 13  # rows of a block: its codes and scores stay in cache


def category_counts(codes: np.ndarray, y: np.ndarray, weight: np.ndarray | None, shape: tuple[int, int]) -> np.ndarray:
    """How often each category occurs in each class, (K, C); a code below 0 or NaN is none.

    Examples
    --------
    >>> category_counts(np.array([0, 1, 1]), np.array([0, 0, 1]), None, (2, 2))
    array([[1., 1.],
           [0., 1.]])
    """
    n_classes, n_categories = shape
    keys = codes * n_classes + y
    found = np.bincount(keys, weight, minlength=n_classes * n_categories)
    return np.ascontiguousarray(found.reshape(n_categories, n_classes).T, dtype=np.float64)


def category_scores(codes: np.ndarray, tables: list[np.ndarray], offset: np.ndarray) -> np.ndarray:
    """offset_k plus the sum over features of tables_j[k, code], (n, K).

    Examples
    --------
    >>> category_scores(np.array([[1], [0]]), [np.array([[0.0, 5.0]])], np.ones(1))
    array([[6.],
           [1.]])
    """
    out, columns = np.empty((len(codes), len(offset))), [np.ascontiguousarray(table.T) for table in tables]

    def part(start: int, stop: int) -> None:
        for a in range(start, stop, ROWS):
            block = np.ascontiguousarray(codes[a : min(a + ROWS, stop)].T)
            total = np.tile(offset, (block.shape[1], 1))
            for column, table in zip(block, columns, strict=True):
                total += np.take(table, column, axis=0, mode="clip")  # "raise" would check every code again
            out[a : a + len(total)] = total

    map_chunks(part, len(codes), work=4.0 * codes.size * len(offset), align=ROWS if len(codes) > 4 * ROWS else 1)
    return out


@method(
    "Categorical naive Bayes",
    tasks=(),
    notes=("001 4", "002 discriminative/generative"),
    cost=lambda n, p, k: 8.0 * n * p,
)
class CategoricalNB(DiscreteNB):
    """Naive Bayes for categories coded as whole numbers; `MixedNB` takes them as they are, beside numbers.

    Parameters
    ----------
    alpha : float, default=1.0
        Added to every count, at least 0.
    force_alpha : bool, default=True
        Keep an alpha below 1e-10, as 0, which makes what was never seen impossible.
    fit_prior : bool, default=True
        Priors as frequent as the classes are; else all alike.
    class_prior : array-like of shape (K,), optional
        Probabilities of the classes.
    min_categories : int or array-like of shape (p,), optional
        Least number of categories of each feature; by default as many as `fit` sees.

    Attributes
    ----------
    category_count_ : list of p ndarray of shape (K, C_j)
        Counts of the categories.
    class_count_ : ndarray of shape (K,)
        Rows, or weight, of each class.
    class_log_prior_ : ndarray of shape (K,)
        Logarithms of the priors.
    classes_ : ndarray of shape (K,)
        Labels.
    feature_log_prob_ : list of p ndarray of shape (K, C_j)
        Logarithms of the probabilities.
    n_categories_ : ndarray of shape (p,)
        C.
    certificate_ : str
        The estimates are in closed form.
    n_features_in_ : int
        Number of features.
    feature_names_in_ : ndarray of shape (p,)
        Names of the features, if X has string column names.

    Raises
    ------
    ValueError
        If a code is negative, or min_categories does not hold whole numbers, one or p of them.
    IndexError
        If `predict` meets a code beyond the categories of the fit.

    References
    ----------
    [domingos1997], [hastie2009]; course note 001 §4.2

    Examples
    --------
    >>> import numpy as np
    >>> from panlearn.naive_bayes import CategoricalNB
    >>> X, y = np.array([[0], [0], [1]]), [0, 0, 0]
    >>> np.exp(CategoricalNB(min_categories=3).fit(X, y).feature_log_prob_[0])  # (2, 1, 0) plus 1 each, over 6
    array([[0.5       , 0.33333333, 0.16666667]])
    """

    _parameter_constraints: ClassVar[dict[str, list]] = {
        **DiscreteNB._parameter_constraints,
        "min_categories": [None, ARRAY, COUNT],
        "alpha": [NONNEGATIVE],
    }

    def __init__(
        self,
        *,
        alpha: float = 1.0,
        force_alpha: bool = True,
        fit_prior: bool = True,
        class_prior: Any = None,
        min_categories: Any = None,
    ) -> None:
        self.alpha = alpha
        self.force_alpha = force_alpha
        self.fit_prior = fit_prior
        self.class_prior = class_prior
        self.min_categories = min_categories

    def _counted_rows(self, X: Any, y: Any, sample_weight: Any, **checks: Any) -> RowSource:
        if isinstance(X, RowSource):
            return self._source(X, y, sample_weight, **checks)
        X, y = validate_data(self, X, y, dtype="int", accept_sparse=False, **checks)
        check_non_negative(X, "CategoricalNB (input X)")
        if sample_weight is not None:
            sample_weight = _check_sample_weight(sample_weight, X, dtype=np.float64)
        return ArrayRows(X, y, sample_weight)

    def _check_X(self, X: Any) -> np.ndarray:
        X = validate_data(self, X, dtype="int", accept_sparse=False, reset=False)
        check_non_negative(X, "CategoricalNB (input X)")
        beyond = np.flatnonzero(X.max(axis=0) >= self.n_categories_)
        if len(beyond):
            j = beyond[0]
            raise IndexError(
                f"index {X[:, j].max()} is out of bounds for axis 1 with size {self.n_categories_[j]}: feature {j} has "
                "a category that fit did not see. Set min_categories, or use MixedNB, which leaves it out."
            )
        return X

    def _count(self, source: RowSource, *, first: bool) -> None:
        shape = (len(self.classes_), source.n_features)
        if first:
            self.class_count_ = np.zeros(shape[0])
            self.category_count_ = [np.zeros((shape[0], 0)) for _ in range(shape[1])]
        for piece in source.pieces():
            rows = source.prepare(piece)
            codes = np.asarray(rows.X).astype(np.int64, copy=False)
            self.n_categories_ = self._sizes(codes.max(axis=0) + 1)
            self.class_count_ = self.class_count_ + np.bincount(rows.y, rows.weight, minlength=shape[0])
            self._add(codes, rows.y, rows.weight)
        require_weight(self.class_count_.sum())
        self.n_categories_ = np.array([count.shape[1] for count in self.category_count_], dtype=np.int64)

    def _add(self, codes: np.ndarray, y: np.ndarray, weight: np.ndarray | None) -> None:
        """Add rows to the counts, which grow where a batch has new categories."""
        for a in range(0, len(codes), 8 * ROWS):
            rows = slice(a, a + 8 * ROWS)
            columns = np.ascontiguousarray(codes[rows].T)
            for j, column in enumerate(columns):
                old = self.category_count_[j]
                size = max(old.shape[1], int(self.n_categories_[j]))
                new = category_counts(column, y[rows], None if weight is None else weight[rows], (len(old), size))
                new[:, : old.shape[1]] += old
                self.category_count_[j] = new

    def _sizes(self, seen: np.ndarray) -> np.ndarray:
        """Number of categories of each feature, from those seen."""
        if self.min_categories is None:
            return seen
        least = np.array(self.min_categories)
        if not np.issubdtype(least.dtype, np.signedinteger):
            raise DataError(f"'min_categories' should have integral type. Got {least.dtype} instead.")
        if least.ndim and least.shape != seen.shape:
            raise DataError(
                f"'min_categories' should have shape ({len(seen)},) when an array-like is provided. Got {least.shape} "
                "instead."
            )
        return np.maximum(seen, least)

    def _update_feature_log_prob(self, alpha: Any) -> None:
        smoothed = [count + alpha for count in self.category_count_]
        self.feature_log_prob_ = [np.log(count) - np.log(count.sum(axis=1, keepdims=True)) for count in smoothed]

    def _joint_log_likelihood(self, X: np.ndarray) -> np.ndarray:
        return category_scores(X, self.feature_log_prob_, self.class_log_prior_)

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.input_tags.categorical = True
        tags.input_tags.sparse = False
        return tags
