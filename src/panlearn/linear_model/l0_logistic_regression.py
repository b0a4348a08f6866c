"""Best-subset (L0) logistic regression: class probabilities from few columns [hazimeh2020].

    F(w, b) = 1/S sum_i s_i log(1 + exp(-y_i (x_i'w + b))) + l2/2 |w|^2 + alpha |w|_0,    |w|_0 <= max_nonzero

with y_i = -1 or 1, S = sum_i s_i, and |w|_0 the number of weights that are not zero. The intercept is not penalised.

The search (`optimize.best_subset_loss`) ranks all additions, removals and swaps of columns by Newton's model of F and
fits the best of them exactly. With up to 20 columns the answer is proven by branch and bound. The size is given, priced
(alpha), or chosen by cross-validation or an information criterion (`linear_model.subset_selection`).

When it fails: a few columns may separate the classes. Without l2 their weights would grow for ever; the default l2
keeps them finite.

Course notes: 000 §3.3-3.4, 001 §4.2.
"""

from typing import Any, ClassVar

import numpy as np
from sklearn.utils import assert_all_finite

from panlearn.core.blocks import in_memory
from panlearn.core.constraints import BOOLEAN, COUNT, NATURAL, NONNEGATIVE, VERBOSE, options, validated
from panlearn.core.errors import DataError
from panlearn.core.registry import method
from panlearn.linear_model.logistic_classifier import LogisticClassifier
from panlearn.linear_model.subset_selection import (
    LONGEST,
    SubsetPath,
    certificate,
    information,
    largest_size,
    resolved,
    subset_path,
)
from panlearn.losses import BinaryCrossEntropy


@method(
    "Best-subset (L0) logistic regression",
    tasks=("binary",),
    notes=("000 3.4", "001 4.2"),
    needs=("scaled",),
    cost=lambda n, p, k: 5000.0 * n * p,
    settings={"max_nonzero": 10, "criterion": "ebic", "max_nodes": 0},
)
class L0LogisticRegression(LogisticClassifier):
    """Logistic regression of two classes with few weights that are not zero.

    Minimises F of the module's docstring.

    Parameters
    ----------
    max_nonzero : int, default=None
        Most weights that are not zero. By default all columns, or with a criterion n / (log log n log p), at most 100.
    alpha : float, default=0.0
        Price of a weight that is not zero, at least 0, in the units of F; not used with a criterion.
    l2 : float, default=1e-3
        Squared penalty on the weights, at least 0.
    criterion : {"auto", "cv", "aic", "bic", "ebic"} or None, default="auto"
        What chooses the size, up to `max_nonzero`. None takes the size with the least F; "auto" is "ebic" if neither
        `max_nonzero` nor `alpha` is given, else None.
    cv : int, cross-validation generator or iterable, default=5
        Folds for "cv".
    class_weight : dict, "balanced" or None, default=None
        Weights of the classes.
    fit_intercept : bool, default=True
        Fit the intercept b.
    max_iter : int, default=1
        Most times that the path of sizes is walked down and up; more may find a better subset on hard problems.
    max_nodes : int, default=300
        Most fits of the branch and bound that certifies the answer; 0 for no attempt.
    verbose : int, default=0
        1 prints the certificate at the end.

    Attributes
    ----------
    classes_ : ndarray of shape (2,)
        The labels.
    coef_ : ndarray of shape (1, p)
        Weights: log-odds of the second class per unit of x.
    intercept_ : ndarray of shape (1,)
        Log-odds at x = 0.
    support_ : ndarray of shape (k,)
        Indices of the columns whose weights are not zero.
    path_ : SubsetPath
        The subsets of all sizes tried, with their coefficients, losses and scores.
    objective_ : float
        F at the solution.
    lower_bound_ : float or None
        No weights under the same constraint have a smaller F (with a criterion: none of the same size); None if nothing
        could be certified.
    optimality_gap_ : float or None
        (objective_ - lower_bound_) / objective_: 0 if the solution is proven the best.
    gradient_norm_ : float
        Largest gradient component of F on the support, for columns of unit variance.
    n_iter_ : ndarray of shape (1,)
        Walks along the path of sizes.
    n_swaps_ : int
        Swaps of columns that lowered F.
    certificate_ : str
        What is known about the solution, in words.
    n_features_in_ : int
        Number of features.
    feature_names_in_ : ndarray of shape (p,)
        Names of the features, if X has string column names.

    Raises
    ------
    ValueError
        If y has more or fewer than two classes, or a parameter or the data cannot be used.

    References
    ----------
    [hazimeh2020], [furnival1974], [cox1958]

    Examples
    --------
    Only the third column tells the classes apart:

    >>> import numpy as np
    >>> from panlearn.linear_model import L0LogisticRegression
    >>> X = np.random.default_rng(0).normal(size=(80, 6))
    >>> model = L0LogisticRegression(max_nonzero=1).fit(X, X[:, 2] > 0)
    >>> model.support_
    array([2])
    >>> model.certificate_
    '1 of 6 columns, proven the best subset of this size'
    """

    _parameter_constraints: ClassVar[dict[str, list]] = {
        "max_nonzero": [NATURAL, None],
        "alpha": [NONNEGATIVE],
        "l2": [NONNEGATIVE],
        "criterion": [options("auto", "cv", "aic", "bic", "ebic"), None],
        "cv": ["cv_object"],
        "class_weight": [dict, options("balanced"), None],
        "fit_intercept": [BOOLEAN],
        "max_iter": [COUNT],
        "max_nodes": [NATURAL],
        "verbose": [VERBOSE],
    }
    solver = "newton-cholesky"

    def __init__(
        self,
        max_nonzero: int | None = None,
        *,
        alpha: float = 0.0,
        l2: float = 1e-3,
        criterion: str | None = "auto",
        cv: Any = 5,
        class_weight: Any = None,
        fit_intercept: bool = True,
        max_iter: int = 1,
        max_nodes: int = 300,
        verbose: int = 0,
    ) -> None:
        self.max_nonzero = max_nonzero
        self.alpha = alpha
        self.l2 = l2
        self.criterion = criterion
        self.cv = cv
        self.class_weight = class_weight
        self.fit_intercept = fit_intercept
        self.max_iter = max_iter
        self.max_nodes = max_nodes
        self.verbose = verbose

    @validated
    def fit(self, X: Any, y: Any = None, sample_weight: Any = None) -> "L0LogisticRegression":
        """Fit the model.

        Parameters
        ----------
        X : array-like or sparse matrix of shape (n, p)
            Features.
        y : array-like of shape (n,)
            Labels of two classes.
        sample_weight : array-like of shape (n,), optional
            Weights of the rows, at least 0.

        Returns
        -------
        L0LogisticRegression
            The fitted estimator.
        """
        source = self._source(X, y, sample_weight)
        self._encoded(source)
        if len(self.classes_) > 2:
            raise DataError(
                "Only binary classification is supported. The type of the target is multiclass: "
                f"{len(self.classes_)} classes. Use LogisticRegression, or one-vs-rest."
            )
        X, y, weight = in_memory(source)
        weight = np.ones(len(y)) if weight is None else weight
        total = float(weight.sum())
        criterion = resolved(self.criterion, self.max_nonzero, self.alpha)
        most = largest_size(self._rank(X.shape), X.shape[1], total, self.max_nonzero, criterion)
        price = self.alpha if criterion is None else 0.0
        one_size = criterion is None and not price
        search = self._searched(X, y, weight, most, [most] if one_size else list(range(1, most + 1)), price)
        kept = [max(search.found)] if one_size else sorted(search.found)
        path = self._path(search, kept)
        self.path_ = path._replace(scores=self._scores(criterion, path, (X, y, weight), total))
        at = int(np.argmin(self.path_.scores))
        self._finish(search, kept[at], price, X.dtype)
        return self

    def _rank(self, shape: tuple[int, int]) -> int:
        n, p = shape
        return p if self.l2 > 0 else max(0, min(p, n - bool(self.fit_intercept)))

    def _searched(
        self, X: Any, y: np.ndarray, weight: np.ndarray, most: int, sizes: list[int], price: float = 0.0
    ) -> Any:
        from panlearn.optimize.best_subset_loss import LossSubsets

        with np.errstate(invalid="ignore", over="ignore"):  # said below, by name
            X = X.tocsc() if hasattr(X, "tocsc") else X
            search = LossSubsets(X, y, weight / weight.sum(), BinaryCrossEntropy(), self.l2, self.fit_intercept)
        if not search.finite:
            assert_all_finite(X, input_name="X", estimator_name=type(self).__name__)
            raise DataError("X holds numbers whose squares overflow; divide its columns by their largest size.")
        search.search(most, sizes, price, self.max_iter)
        return search

    def _path(self, search: Any, sizes: list[int]) -> SubsetPath:
        fits = [search.found[k] for k in sizes]
        return subset_path([(fit.columns, fit.w, fit.b, fit.value) for fit in fits], len(search.mean))

    def _scores(self, criterion: str | None, path: SubsetPath, rows: tuple, total: float) -> np.ndarray:
        if criterion is None:
            return path.losses + self.alpha * path.sizes
        if criterion == "cv":
            return self._validation_losses(path.sizes, *rows)
        losses = path.losses - 0.5 * self.l2 * path.coefs.multiply(path.coefs).sum(axis=1)
        return information(criterion, 2.0 * total * losses, path.sizes, path.coefs.shape[1], total)

    def _validation_losses(self, sizes: np.ndarray, X: Any, y: np.ndarray, weight: np.ndarray) -> np.ndarray:
        """Mean loss of each size on rows left out; infinite for sizes that a fold cannot have."""
        from sklearn.model_selection import check_cv  # not needed to import the area: it loads half of scikit-learn

        losses, loss = np.zeros(len(sizes)), BinaryCrossEntropy()
        folds: Any = check_cv(self.cv, y, classifier=True)
        for train, test in folds.split(X, y):
            if not weight[train].sum() > 0:
                continue
            most = min(int(sizes[-1]), self._rank((len(train), X.shape[1])))
            search = self._searched(X[train], y[train], weight[train], most, list(range(1, most + 1)))
            path = self._path(search, sorted(search.found))
            z = X[test] @ path.coefs.T.toarray() + path.intercepts
            sums = [float(weight[test] @ loss.values(column, y[test])) for column in z.T]
            by_size = dict(zip(path.sizes.tolist(), sums, strict=True))
            losses += [by_size.get(int(k), np.inf) for k in sizes]
        return losses / weight.sum()

    def _finish(self, search: Any, k: int, price: float, dtype: Any) -> None:
        """Certify the best fit of a size and set the fitted attributes."""
        best, p, lower = search.found[k], len(search.mean), np.inf
        settled = k in search.inescapable or k == 0
        value = best.value + price * k
        sizes = list(range(p + 1)) if price else [k]
        known = self.max_nodes > 0 and len(sizes) <= LONGEST
        for size in sizes if known else []:
            bound = search.prove(size, value - price * size, self.max_nodes)
            if bound is None:
                known = False
                break
            lower = min(lower, bound[0] + price * size)
            if bound[1] is not None:
                best, value = bound[1], bound[1].value + price * size
        lower = min(lower, value)
        self.objective_ = value
        self.lower_bound_ = lower if known else None
        self.optimality_gap_ = ((value - lower) / value if value > 0 else 0.0) if known else None
        dtype = np.float32 if dtype == np.float32 else np.float64
        self.coef_, self.support_ = np.zeros((1, p), dtype), best.columns
        self.coef_[0, best.columns] = best.w
        self.intercept_, self.gradient_norm_ = np.array([best.b], dtype), best.gradient_norm
        self.n_iter_, self.n_swaps_ = np.array([search.walks], dtype=np.int32), search.swaps
        from panlearn.optimize.best_subset_loss import swaps_tried

        tried = swaps_tried(len(best.columns), p)
        self.certificate_ = certificate(len(best.columns), p, self.optimality_gap_, settled, bool(price), tried)
        if self.verbose:
            print(f"L0LogisticRegression: {self.certificate_}")  # noqa: T201

    @classmethod
    def _warm_kernels(cls) -> None:
        X = np.random.default_rng(0).normal(size=(60, 5))
        cls(2).fit(X, X[:, 0] > 0)

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        if tags.classifier_tags is not None:
            tags.classifier_tags.multi_class = False
        return tags
