"""Best-subset (L0) regression: least squares on the few columns that explain the target best [hazimeh2020].

    F(w, b) = 1/(2S) sum_i s_i (y_i - x_i'w - b)^2 + l2/2 |w|^2 + alpha |w|_0,    |w|_0 <= max_nonzero,    S = sum_i s_i

|w|_0 is the number of weights that are not zero. Unlike the Lasso's |w|_1 it does not shrink the weights it keeps; a
little l2 helps where the noise is large. The intercept is not penalised.

The search (`optimize.best_subset`) climbs from the empty set to the largest size wanted, swaps columns until no swap of
one for another helps at any size, walks back down, and exchanges several at a time. Its answer is a local minimum in a
large neighbourhood; `optimize.subset_bounds` adds what can be proven about the global one: by branch and bound with few
columns, by duality with an l2 penalty. The size is given, priced (alpha), or chosen by cross-validation or an
information criterion (`linear_model.subset_selection`).

Cost: some n p for each column of the support and its rivals; no p x p matrix. When it fails: with strongly correlated
columns and little signal there are many local minima of nearly the same error, and which columns are "the best" means
little.

Course notes: 000 §3.4.
"""

from contextlib import nullcontext
from typing import Any, ClassVar

import numpy as np
from sklearn.utils import assert_all_finite

from panlearn.core.blocks import in_memory
from panlearn.core.constraints import BOOLEAN, COUNT, NATURAL, NONNEGATIVE, VERBOSE, options, validated
from panlearn.core.errors import DataError
from panlearn.core.registry import method
from panlearn.core.threads import single_threaded_blas
from panlearn.linear_model.linear_predictor import LinearPredictor
from panlearn.linear_model.subset_selection import (
    LONGEST,
    SubsetPath,
    certificate,
    information,
    largest_size,
    resolved,
    subset_path,
)
from panlearn.optimize.unit_columns import UnitColumns

THREADED = 2e7  # entries of X from which its products gain by a threaded BLAS


@method(
    "Best-subset (L0) regression",
    tasks=("regression", "counts"),
    notes=("000 3.4",),
    cost=lambda n, p, k: 100.0 * n * p,
)
class L0Regression(LinearPredictor):
    """Least squares with few weights that are not zero.

    Minimises F of the module's docstring.

    Parameters
    ----------
    max_nonzero : int, default=None
        Most weights that are not zero. By default all columns, or with a criterion n / (log log n log p), at most 100.
    alpha : float, default=0.0
        Price of a weight that is not zero, at least 0, in the units of F; not used with a criterion.
    l2 : float, default=0.0
        Squared penalty on the weights, at least 0.
    criterion : {"auto", "cv", "aic", "bic", "ebic"} or None, default="auto"
        What chooses the size, up to `max_nonzero`. None takes the size with the least F; "auto" is "ebic" if neither
        `max_nonzero` nor `alpha` is given, else None.
    cv : int, cross-validation generator or iterable, default=5
        Folds for "cv".
    fit_intercept : bool, default=True
        Fit the intercept b.
    max_iter : int, default=1
        Most times that the path of sizes is walked down and up; more may find a better subset on hard problems.
    max_nodes : int, default=2000
        Most nodes of the branch and bound that certifies the answer; 0 for no attempt.
    verbose : int, default=0
        1 prints the certificate at the end.

    Attributes
    ----------
    coef_ : ndarray of shape (p,)
        Weights, in units of y per unit of x.
    intercept_ : float
        Value at x = 0.
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
    n_iter_ : int
        Walks along the path of sizes.
    n_swaps_ : int
        Swaps of columns that lowered the error.
    certificate_ : str
        What is known about the solution, in words.
    n_features_in_ : int
        Number of features.
    feature_names_in_ : ndarray of shape (p,)
        Names of the features, if X has string column names.

    Raises
    ------
    ValueError
        If a parameter or the data cannot be used.

    References
    ----------
    [hazimeh2020], [bertsimas2020], [furnival1974], [zhu2020]

    Examples
    --------
    The best single column is not among the best two; adding one column after the other would miss that.

    >>> import numpy as np
    >>> from panlearn.linear_model import L0Regression
    >>> X = np.array([[1, -1, 0.1], [1, 1, 2.1], [-1, 1, 0.1], [-1, -1, -2.3]])
    >>> y = X[:, 0] + X[:, 1]
    >>> [L0Regression(max_nonzero=k).fit(X, y).support_.tolist() for k in (1, 2)]
    [[2], [0, 1]]
    >>> L0Regression(max_nonzero=1).fit(X, y).certificate_
    '1 of 3 columns, proven the best subset of this size'
    """

    _parameter_constraints: ClassVar[dict[str, list]] = {
        "max_nonzero": [NATURAL, None],
        "alpha": [NONNEGATIVE],
        "l2": [NONNEGATIVE],
        "criterion": [options("auto", "cv", "aic", "bic", "ebic"), None],
        "cv": ["cv_object"],
        "fit_intercept": [BOOLEAN],
        "max_iter": [COUNT],
        "max_nodes": [NATURAL],
        "verbose": [VERBOSE],
    }

    def __init__(
        self,
        max_nonzero: int | None = None,
        *,
        alpha: float = 0.0,
        l2: float = 0.0,
        criterion: str | None = "auto",
        cv: Any = 5,
        fit_intercept: bool = True,
        max_iter: int = 1,
        max_nodes: int = 2000,
        verbose: int = 0,
    ) -> None:
        self.max_nonzero = max_nonzero
        self.alpha = alpha
        self.l2 = l2
        self.criterion = criterion
        self.cv = cv
        self.fit_intercept = fit_intercept
        self.max_iter = max_iter
        self.max_nodes = max_nodes
        self.verbose = verbose

    @validated
    def fit(self, X: Any, y: Any = None, sample_weight: Any = None) -> "L0Regression":
        """Fit the model.

        Parameters
        ----------
        X : array-like or sparse matrix of shape (n, p), or RowSource
            Features; a RowSource, with y None, is read into memory.
        y : array-like of shape (n,)
            Target.
        sample_weight : array-like of shape (n,), optional
            Weights of the rows, at least 0.

        Returns
        -------
        L0Regression
            The fitted estimator.
        """
        rows = in_memory(self._source(X, y, sample_weight, y_numeric=True))
        small = rows.X.shape[0] * rows.X.shape[1] < THREADED
        with single_threaded_blas() if small else nullcontext():
            self._fit(rows.X, np.asarray(rows.y, dtype=np.float64), rows.weight)
        return self

    def _fit(self, X: Any, y: np.ndarray, weight: np.ndarray | None) -> None:
        from panlearn.optimize.best_subset import best_subsets

        total = float(len(y) if weight is None else weight.sum())
        if not total > 0:
            raise DataError("sample_weight must have a positive sum, got only zeros; leave it out for equal weights.")
        data = self._columns(X, y, weight, total)
        criterion = resolved(self.criterion, self.max_nonzero, self.alpha)
        most = self._largest(X.shape, criterion, total)
        price = 2.0 * total * self.alpha if criterion is None else 0.0
        one_size = criterion is None and not price
        found = best_subsets(
            data, most, [most] if one_size else range(1, most + 1), price=price, max_iter=self.max_iter
        )
        kept = [max(found.best)] if one_size else sorted(found.best)
        path = self._path(data, [found.best[k] for k in kept], total)
        path = path._replace(scores=self._scores(criterion, path, (X, y, weight), total))
        at = int(np.argmin(path.scores))
        self.path_, self.n_iter_, self.n_swaps_ = path, found.walks, found.swaps
        chosen = self._certified(data, at, price, total)
        self._set(data, chosen, X.dtype)
        settled = kept[at] in found.inescapable or kept[at] == 0
        self._report(len(chosen), len(data.cross), settled, bool(price))

    # data

    def _columns(self, X: Any, y: np.ndarray, weight: np.ndarray | None, total: float) -> UnitColumns:
        with np.errstate(invalid="ignore", over="ignore"):  # said below, by name
            data = UnitColumns(X, y, weight, self.fit_intercept, self.l2 * total)
        if not data.finite:
            assert_all_finite(X, input_name="X", estimator_name=type(self).__name__)
            raise DataError("X or y holds numbers whose squares overflow; divide its columns by their largest size.")
        return data

    def _largest(self, shape: tuple[int, int], criterion: str | None, total: float) -> int:
        n, p = shape
        most = p if self.l2 > 0 else max(0, min(p, n - bool(self.fit_intercept)))
        return largest_size(most, p, total, self.max_nonzero, criterion)

    # path

    def _path(self, data: UnitColumns, subsets: list[Any], total: float) -> SubsetPath:
        """Coefficients and losses of the subsets."""
        rows = []
        for columns, explained, w in subsets:
            order = np.argsort(columns)
            columns, coef = columns[order], w[order] / data.length[columns[order]]
            loss = max(0.0, data.square - explained) / (2.0 * total)
            rows.append((columns, coef, data.y_mean - float(coef @ data.mean[columns]), loss))
        return subset_path(rows, len(data.cross))

    def _scores(self, criterion: str | None, path: SubsetPath, rows: tuple, total: float) -> np.ndarray:
        if criterion is None:
            return path.losses + self.alpha * path.sizes
        if criterion == "cv":
            return self._validation_errors(path.sizes, *rows)
        errors = 2.0 * path.losses - self.l2 * path.coefs.multiply(path.coefs).sum(axis=1)  # mean squares
        deviance = total * np.log(np.maximum(errors, 1e-15 * errors.max(initial=1e-300)))
        return information(criterion, deviance, path.sizes, path.coefs.shape[1], total)

    def _validation_errors(self, sizes: np.ndarray, X: Any, y: np.ndarray, weight: np.ndarray | None) -> np.ndarray:
        """Mean squared error of each size on rows left out; infinite for sizes that a fold cannot have."""
        from sklearn.model_selection import check_cv  # not needed to import the area: it loads half of scikit-learn

        from panlearn.optimize.best_subset import best_subsets

        weight = np.ones(len(y)) if weight is None else weight
        X = X.tocsr() if hasattr(X, "tocsr") else X
        errors = np.zeros(len(sizes))
        folds: Any = check_cv(self.cv)
        for train, test in folds.split(X, y):
            total = float(weight[train].sum())
            if not total > 0:
                continue
            data = self._columns(X[train], y[train], weight[train], total)
            most = min(int(sizes[-1]), self._largest((len(train), X.shape[1]), None, total))
            best = best_subsets(data, most, range(1, most + 1), max_iter=self.max_iter).best
            path = self._path(data, [best[k] for k in sorted(best)], total)
            residual = y[test][:, None] - X[test] @ path.coefs.T.toarray() - path.intercepts
            squares = dict(zip(path.sizes.tolist(), weight[test] @ residual**2, strict=True))
            errors += [squares.get(int(k), np.inf) for k in sizes]
        return errors / weight.sum()

    # certificate

    def _certified(self, data: UnitColumns, at: int, price: float, total: float) -> np.ndarray:
        """Bound the objective of a subset of the path; returns it, or a better one that the proof came upon."""
        from panlearn.optimize.subset_bounds import prove

        chosen, p = self.path_.supports[at], len(data.cross)
        residual = data.residual(chosen, data.refined(chosen))
        best = 2.0 * total * float(self.path_.losses[at]) + price * len(chosen)
        sizes = list(range(self._largest((len(data.y), p), None, total) + 1)) if price else [len(chosen)]
        lower, nodes = best, self.max_nodes
        known = nodes > 0 and len(sizes) <= LONGEST + 1
        for k in sizes if known else []:
            bound = prove(data, k, best - price * k, residual, nodes)
            if bound is None:
                known = False
                break
            if bound.columns is not None:
                chosen, best = np.sort(bound.columns), bound.error + price * k
            lower, nodes = min(lower, bound.lower + price * k), max(1, nodes - bound.nodes)
        self.objective_ = best / (2.0 * total)
        self.lower_bound_ = lower / (2.0 * total) if known else None
        self.optimality_gap_ = ((best - lower) / best if best > 0 else 0.0) if known else None
        return chosen

    def _report(self, k: int, p: int, settled: bool, priced: bool) -> None:
        self.certificate_ = certificate(k, p, self.optimality_gap_, settled, priced)
        if not settled:
            self._warn_unconverged("swaps of columns still lower the error", "Raise max_iter.")
        if self.verbose:
            print(f"L0Regression: {self.certificate_}")  # noqa: T201

    def _set(self, data: UnitColumns, chosen: np.ndarray, dtype: Any) -> None:
        dtype = np.float32 if dtype == np.float32 else np.float64
        coef, intercept = data.solution(chosen, data.refined(chosen))
        self.coef_, self.support_ = coef.astype(dtype), chosen
        self.intercept_ = dtype(intercept) if self.fit_intercept else 0.0

    @classmethod
    def _warm_kernels(cls) -> None:
        rng = np.random.default_rng(0)
        X = rng.normal(size=(60, 300))
        cls(3).fit(X, X[:, 0] + rng.normal(size=60))
        cls(2).fit(X[:, :6], X[:, 0] + rng.normal(size=60))

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.target_tags.multi_output = False
        return tags
