r"""Naive Bayes for mixed columns: numbers, categories and counts side by side, each with its own kind of density.

    log P(k, x) = log pi_k + sum over numbers     of log N(x_j; m_kj, v_kj)
                           + sum over categories  of log((N_kjc + alpha) / (N_kj + alpha C_j))
                           + sum over counts      of log Poisson(x_j; l_kj)
    l_kj = (s_kj + alpha l_j) / (N_kj + alpha)

with s_kj the sum of a count in class k, and l_j its mean over all classes, towards which a small class is drawn.
Independent Poisson counts are, given their total, one multinomial draw: the columns of counts do together what
multinomial naive Bayes does, and say something of the total besides.

Since the features are independent given the class, a missing value is integrated out by leaving its factor out of the
product: exact, without imputing. In `fit` it is left out of the sums of its column. A category that `fit` did not see
is left out as well.

Cost: one pass over the table for the fit and one for a prediction. When it fails: numbers that are far from normal
(take their logarithm), columns that repeat each other. Note 001 §4.2.
"""

from typing import Any, ClassVar, NamedTuple

import numpy as np
from scipy.special import gammaln
from sklearn.utils import check_array, check_consistent_length
from sklearn.utils.validation import _check_sample_weight, _check_y, validate_data

from panlearn.core.blocks import ArrayRows, require_weight
from panlearn.core.categorical_columns import encode_columns, learn_columns
from panlearn.core.constraints import ARRAY, NONNEGATIVE, options, validated
from panlearn.core.errors import DataError
from panlearn.core.registry import method
from panlearn.core.threads import map_chunks
from panlearn.naive_bayes.categorical_nb import category_counts, category_scores
from panlearn.naive_bayes.naive_bayes_classifier import NaiveBayesClassifier, class_priors

ROWS = 1 << 13  # rows of a block in prediction
TINY = 1e-290  # least variance


class ColumnSums(NamedTuple):
    """Sums of one column of numbers or counts over the rows of each class that have a value."""

    weight: np.ndarray  # (K,)
    mean: np.ndarray  # (K,)
    scatter: np.ndarray  # (K,) around the mean


def column_sums(x: np.ndarray, y: np.ndarray, weight: np.ndarray | None, n_classes: int) -> ColumnSums:
    """Weight, mean and scatter of a column in each class; NaN is left out.

    Examples
    --------
    >>> column_sums(np.array([1.0, 3.0, np.nan]), np.array([0, 0, 0]), None, 1)
    ColumnSums(weight=array([2.]), mean=array([2.]), scatter=array([2.]))
    """
    seen = ~np.isnan(x)
    if not seen.all():
        x, y, weight = x[seen], y[seen], None if weight is None else weight[seen]
    total = np.bincount(y, weight, minlength=n_classes).astype(np.float64)
    divisor = np.where(total > 0, total, 1.0)
    mean = np.bincount(y, x if weight is None else weight * x, minlength=n_classes) / divisor
    away = x - mean[y]
    scatter = np.bincount(y, away**2 if weight is None else weight * away**2, minlength=n_classes)
    return ColumnSums(total, mean, scatter)


def merged(a: ColumnSums, b: ColumnSums) -> ColumnSums:
    """Sums of both [chan1983].

    Examples
    --------
    >>> one, two = (column_sums(np.array([x]), np.array([0]), None, 1) for x in (1.0, 3.0))
    >>> merged(one, two).scatter
    array([2.])
    """
    weight = a.weight + b.weight
    share = b.weight / np.where(weight > 0, weight, 1.0)
    away = b.mean - a.mean
    return ColumnSums(weight, a.mean + share * away, a.scatter + b.scatter + a.weight * share * away**2)


@method(
    "Mixed naive Bayes",
    tasks=("binary", "multiclass"),
    notes=("001 4", "002 discriminative/generative"),
    needs=("native",),
    cost=lambda n, p, k: 20.0 * n * p,
)
class MixedNB(NaiveBayesClassifier):
    """Naive Bayes for tables with numbers, categories and counts, missing values allowed.

    Parameters
    ----------
    categorical : "from_dtype", None, or array-like of bool, int or str, default="from_dtype"
        Columns of categories: those of a frame that hold text, truth values or a categorical type; none; a mask,
        indices or names.
    counts : None, or array-like of bool, int or str, default=None
        Columns of counts, at least 0. All other columns are numbers.
    alpha : float, default=1.0
        Added to the counts of categories, and weight of the common mean of a count; at least 0.
    var_smoothing : float, default=1e-9
        Share of its variance over all rows that is added to the variances of a number, at least 0.
    priors : array-like of shape (K,), optional
        Probabilities of the classes; by default as frequent as they are.

    Attributes
    ----------
    classes_ : ndarray of shape (K,)
        Labels.
    class_count_ : ndarray of shape (K,)
        Rows, or weight, of each class.
    class_prior_ : ndarray of shape (K,)
        Class priors.
    kinds_ : ndarray of shape (p,)
        "number", "category" or "count" for each column.
    categories_ : list of p ndarray or None
        The categories of each column of them.
    theta_ : ndarray of shape (K, p)
        Means of numbers, rates of counts; NaN for categories.
    var_ : ndarray of shape (K, p)
        Variances of numbers; NaN for others.
    category_log_prob_ : list of p ndarray of shape (K, C_j) or None
        Logarithms of the probabilities of categories.
    certificate_ : str
        The estimates are in closed form.
    n_features_in_ : int
        Number of columns.
    feature_names_in_ : ndarray of shape (p,)
        Names of the columns, if X has string column names.

    Raises
    ------
    ValueError
        If a count is negative, a column of numbers holds text, a column is named twice, or a value is infinite.

    References
    ----------
    [domingos1997], [chan1983]; course note 001 §4.2

    Examples
    --------
    A column of text, a column of numbers, a hole in each:

    >>> import numpy as np
    >>> from panlearn.naive_bayes import MixedNB
    >>> X = np.array([["fur", 4.0], ["fur", 5.0], ["scales", None], [None, 0.2], ["scales", 0.3]], dtype=object)
    >>> model = MixedNB(categorical=[0]).fit(X, ["cat", "cat", "carp", "carp", "carp"])
    >>> model.predict(np.array([["fur", None], [None, 0.25]], dtype=object))
    array(['cat', 'carp'], dtype='<U4')
    """

    _parameter_constraints: ClassVar[dict[str, list]] = {
        "categorical": [options("from_dtype"), ARRAY, None],
        "counts": [ARRAY, None],
        "alpha": [NONNEGATIVE],
        "var_smoothing": [NONNEGATIVE],
        "priors": [ARRAY, None],
    }

    def __init__(
        self,
        *,
        categorical: Any = "from_dtype",
        counts: Any = None,
        alpha: float = 1.0,
        var_smoothing: float = 1e-9,
        priors: Any = None,
    ) -> None:
        self.categorical = categorical
        self.counts = counts
        self.alpha = alpha
        self.var_smoothing = var_smoothing
        self.priors = priors

    @validated
    def fit(self, X: Any, y: Any, sample_weight: Any = None) -> "MixedNB":
        """Estimate the density of each column in each class.

        Parameters
        ----------
        X : data frame or array-like of shape (n, p)
            Columns of any kind, missing values allowed.
        y : array-like of shape (n,)
            Labels.
        sample_weight : array-like of shape (n,), optional
            Weights of the rows, at least 0.

        Returns
        -------
        MixedNB
            The fitted estimator.
        """
        Z, y, weight = self._encoded(X, y, sample_weight, first=True)
        codes = self._labelled(ArrayRows(Z, y), 1).rows.y  # type: ignore[attr-defined]
        self._add(Z, codes, weight, first=True)
        return self

    @validated
    def partial_fit(self, X: Any, y: Any, classes: Any = None, sample_weight: Any = None) -> "MixedNB":
        """Add a batch of rows; the categories are those of the first batch.

        Parameters
        ----------
        X : data frame or array-like of shape (n, p)
            Columns of any kind, missing values allowed.
        y : array-like of shape (n,)
            Labels.
        classes : array-like of shape (K,), optional
            All labels that will ever come; needed in the first call.
        sample_weight : array-like of shape (n,), optional
            Weights of the rows, at least 0.

        Returns
        -------
        MixedNB
            The fitted estimator.
        """
        first = self._first_call(classes)
        Z, y, weight = self._encoded(X, y, sample_weight, first=first)
        codes = self._known(ArrayRows(Z, y)).rows.y  # type: ignore[attr-defined]
        self._add(Z, codes, weight, first=first)
        return self

    def _encoded(self, X: Any, y: Any, sample_weight: Any, *, first: bool) -> tuple[np.ndarray, np.ndarray, Any]:
        """Columns as numbers and codes, NaN where there is nothing; labels and weights."""
        validate_data(self, X, y, reset=first, skip_check_array=True)
        if first:
            columns, counts = learn_columns(X, self.categorical), learn_columns(X, self.counts).is_categorical
            if (counts & columns.is_categorical).any():
                raise DataError("A column cannot be both in categorical and in counts.")
            self._columns, self.categories_ = columns, list(columns.levels)
            self.kinds_ = np.where(counts, "count", np.where(columns.is_categorical, "category", "number"))
        Z, y = self._numbers(X), _check_y(y, estimator=self)
        check_consistent_length(Z, y)
        if (Z[:, self.kinds_ == "count"] < 0).any():
            raise DataError("Negative values in data passed to MixedNB (counts): counts are at least 0.")
        if sample_weight is not None:
            sample_weight = _check_sample_weight(sample_weight, Z, dtype=np.float64, ensure_non_negative=True)
        return Z, y, sample_weight

    def _numbers(self, X: Any) -> np.ndarray:
        """Checked matrix of numbers and codes."""
        plain = not self._columns.is_categorical.any() and not hasattr(X, "columns")
        Z = X if plain else encode_columns(X, self._columns)
        checks: Any = {"dtype": np.float64, "ensure_all_finite": "allow-nan"}
        return check_array(Z, **checks, estimator=self, input_name="X")

    def _check_X(self, X: Any) -> np.ndarray:
        if not hasattr(X, "columns"):
            shape_only: Any = {"dtype": None, "ensure_all_finite": False}
            check_array(X, **shape_only, input_name="X")
        validate_data(self, X, reset=False, skip_check_array=True)
        return self._numbers(X)

    def _add(self, Z: np.ndarray, y: np.ndarray, weight: np.ndarray | None, *, first: bool) -> None:
        """Add rows to the sums of all columns."""
        n_classes = len(self.classes_)
        counted = np.bincount(y, weight, minlength=n_classes).astype(np.float64)
        self.class_count_ = counted if first else self.class_count_ + counted
        require_weight(self.class_count_.sum())

        def one(j: int) -> Any:
            x = np.ascontiguousarray(Z[:, j])
            levels = self._columns.levels[j]
            if levels is None:
                return column_sums(x, y, weight, n_classes)
            seen = ~np.isnan(x)
            codes, shape = x[seen].astype(np.int64), (n_classes, len(levels))
            return category_counts(codes, y[seen], None if weight is None else weight[seen], shape)

        new = [one(j) for j in range(Z.shape[1])]
        if not first:
            pairs = zip(self._sums, new, strict=True)
            new = [merged(a, b) if isinstance(b, ColumnSums) else a + b for a, b in pairs]
        self._sums = new
        self._update()

    def _update(self) -> None:
        """Densities from the sums."""
        shape = (len(self.classes_), len(self._sums))
        self.class_prior_ = class_priors(self.priors, self.class_count_)
        self.theta_, self.var_ = np.full(shape, np.nan), np.full(shape, np.nan)
        self.category_log_prob_: list[Any] = [None] * shape[1]
        for j, sums in enumerate(self._sums):
            if not isinstance(sums, ColumnSums):
                smoothed = sums + self.alpha
                with np.errstate(divide="ignore", invalid="ignore"):
                    self.category_log_prob_[j] = np.log(smoothed) - np.log(smoothed.sum(axis=1, keepdims=True))
                continue
            seen = np.where(sums.weight > 0, sums.weight, 1.0)
            total = max(sums.weight.sum(), TINY)
            common = sums.weight @ sums.mean / total
            if self.kinds_[j] == "count":
                rate = (sums.weight * sums.mean + self.alpha * common) / np.maximum(sums.weight + self.alpha, TINY)
                self.theta_[:, j] = rate
            else:
                spread = (sums.scatter.sum() + sums.weight @ (sums.mean - common) ** 2) / total
                self.theta_[:, j] = np.where(sums.weight > 0, sums.mean, common)
                self.var_[:, j] = np.where(sums.weight > 0, sums.scatter / seen, spread) + self.var_smoothing * spread
        self.certificate_ = f"closed form; {self.class_count_.sum():.6g} rows in {shape[0]} classes"

    def _joint_log_likelihood(self, X: np.ndarray) -> np.ndarray:
        with np.errstate(divide="ignore"):  # a class that cannot occur
            out = np.tile(np.log(self.class_prior_), (len(X), 1))
        kinds = [np.flatnonzero(self.kinds_ == kind) for kind in ("number", "count", "category")]

        def part(start: int, stop: int) -> None:
            for a in range(start, stop, ROWS):
                rows = slice(a, min(a + ROWS, stop))
                for columns, scores in zip(kinds, (self._normal, self._poisson, self._categories), strict=True):
                    if len(columns):
                        out[rows] += scores(X[rows][:, columns], columns)

        with np.errstate(over="ignore"):
            map_chunks(part, len(X), work=10.0 * X.size * out.shape[1], align=ROWS if len(X) > 4 * ROWS else 1)
        return out

    def _normal(self, block: np.ndarray, columns: np.ndarray) -> np.ndarray:
        out, holes = np.empty((len(block), len(self.classes_))), np.isnan(block)
        for k, (mean, variance) in enumerate(zip(self.theta_[:, columns], self.var_[:, columns], strict=True)):
            variance = np.maximum(variance, TINY)
            term = block - mean
            term *= term
            term /= variance
            term += np.log(2 * np.pi * variance)
            term[holes] = 0.0
            out[:, k] = -0.5 * term.sum(axis=1)
        return out

    def _poisson(self, block: np.ndarray, columns: np.ndarray) -> np.ndarray:
        holes = np.isnan(block)
        x = np.where(holes, 0.0, block)
        rate = np.maximum(self.theta_[:, columns], TINY)
        return x @ np.log(rate).T - ~holes @ rate.T - gammaln(x + 1).sum(axis=1, keepdims=True)

    def _categories(self, block: np.ndarray, columns: np.ndarray) -> np.ndarray:
        n_classes = len(self.classes_)
        # one more category, of no effect, for what is missing or new
        tables = [np.column_stack([self.category_log_prob_[j], np.zeros(n_classes)]) for j in columns]
        last = np.array([table.shape[1] - 1 for table in tables], dtype=np.float64)
        return category_scores(np.where(np.isnan(block), last, block).astype(np.int64), tables, np.zeros(n_classes))

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.input_tags.allow_nan = True
        tags.input_tags.categorical = True
        return tags
