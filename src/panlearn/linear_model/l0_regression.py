"""Best-subset (L0) regression: least squares on the few columns that explain the target best [hazimeh2020].

    F(w, b) = 1/(2S) sum_i s_i (y_i - x_i'w - b)^2 + l2/2 |w|^2 + alpha |w|_0,    |w|_0 <= max_nonzero,    S = sum_i s_i

|w|_0 is the number of weights that are not zero. Unlike the Lasso's |w|_1 it does not shrink the weights it keeps; a
little l2 helps where the noise is large. The intercept is not penalised.

The search (`optimize.best_subset`) climbs from the empty set to the largest size wanted, swaps columns until no swap of
one for another helps at any size, walks back down, and exchanges several at a time. Its answer is a local minimum in a
large neighbourhood; `optimize.subset_bounds` adds what can be proven about the global one: by branch and bound with few
columns, by duality with an l2 penalty. The size is given, priced (alpha), or chosen by cross-validation or an
information criterion; with k columns, squared error R and S rows

    AIC   S log(R/S) + 2k          BIC   S log(R/S) + k log S          EBIC   BIC + 2 log C(p, k)  [chen2008]

Cost: some n p for each column of the support and its rivals; no p x p matrix. When it fails: with strongly correlated
columns and little signal there are many local minima of nearly the same error, and which columns are "the best" means
little.

Course notes: 000 §3.4.
"""

from typing import Any, ClassVar, NamedTuple

import numpy as np
from scipy.sparse import csr_array
from scipy.special import gammaln
from sklearn.model_selection import check_cv
from sklearn.utils import assert_all_finite

from panlearn.core.blocks import in_memory
from panlearn.core.constraints import BOOLEAN, COUNT, NATURAL, NONNEGATIVE, VERBOSE, options, validated
from panlearn.core.errors import DataError
from panlearn.core.registry import method
from panlearn.linear_model.linear_predictor import LinearPredictor
from panlearn.optimize.unit_columns import UnitColumns
from panlearn.penalties import L0

LONGEST = 100  # largest size tried unless one is given


class SubsetPath(NamedTuple):
    """The best subsets found, one for each size."""

    sizes: np.ndarray  # (m,)
    supports: list[np.ndarray]  # indices of the columns, ascending
    coefs: Any  # (m, p) sparse rows
    intercepts: np.ndarray  # (m,)
    losses: np.ndarray  # (m,) F without the price of the columns
    scores: np.ndarray  # (m,) what the size is chosen by, the smaller the better


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
    max_nodes : int, default=10000
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
    >>> X = np.array([[1, 0, 2], [0, 1, 2], [-1, 0, -2], [0, -1, -2], [2, 0, 1], [-2, 0, -1]])
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
        max_nodes: int = 10_000,
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
        from panlearn.optimize.best_subset import best_subsets

        X, y, weight = in_memory(self._source(X, y, sample_weight, y_numeric=True))
        y = np.asarray(y, dtype=np.float64)
        total = float(len(y) if weight is None else weight.sum())
        if not total > 0:
            raise DataError("sample_weight must have a positive sum, got only zeros; leave it out for equal weights.")
        data = self._columns(X, y, weight, total)
        criterion = self._criterion()
        most = self._largest(X.shape, criterion, total)
        priced = criterion is None and self.alpha > 0
        price = 2.0 * total * self.alpha if priced else 0.0
        wanted = range(1, most + 1) if criterion or priced else [most]
        found = best_subsets(data, most, wanted, price=price, max_iter=self.max_iter)
        best = {k: subset.columns for k, subset in found.best.items()}
        kept = sorted(best) if criterion or priced else [max(best)]
        path = self._path(data, {k: best[k] for k in kept}, total)
        scores = self._scores(criterion, path, (X, y, weight), total)
        at = int(np.argmin(scores))
        self.n_iter_, self.n_swaps_ = found.walks, found.swaps
        chosen = self._certify(data, path, at, price, total, settled=kept[at] in found.inescapable or kept[at] == 0)
        self._set(data, chosen, path._replace(scores=scores), X.dtype)
        return self

    # data

    def _columns(self, X: Any, y: np.ndarray, weight: np.ndarray | None, total: float) -> UnitColumns:
        with np.errstate(invalid="ignore", over="ignore"):  # said below, by name
            data = UnitColumns(X, y, weight, self.fit_intercept, self.l2 * total)
        if not data.finite:
            assert_all_finite(X, input_name="X", estimator_name=type(self).__name__)
            raise DataError("X or y holds numbers whose squares overflow; divide its columns by their largest size.")
        return data

    def _criterion(self) -> str | None:
        if self.criterion != "auto":
            return self.criterion
        return "ebic" if self.max_nonzero is None and self.alpha == 0 else None

    def _largest(self, shape: tuple[int, int], criterion: str | None, total: float) -> int:
        """Largest size to try."""
        n, p = shape
        most = p if self.l2 > 0 else max(0, min(p, n - bool(self.fit_intercept)))
        if self.max_nonzero is not None:
            return min(most, self.max_nonzero)
        if criterion is None or p < 3 or total < 4:
            return most
        return min(most, LONGEST, max(1, int(total / (max(0.5, np.log(np.log(total))) * np.log(p)))))

    # path

    def _path(self, data: UnitColumns, subsets: dict[int, np.ndarray], total: float) -> SubsetPath:
        """Coefficients and losses of the subsets."""
        rows, intercepts, losses = [], [], []
        for columns in subsets.values():
            columns.sort()
            w = data.refined(columns)
            rows.append(w / data.length[columns])
            intercepts.append(data.y_mean - float(rows[-1] @ data.mean[columns]))
            residual = data.residual(columns, w)
            losses.append(0.5 * float(residual @ residual) / total + 0.5 * self.l2 * float(rows[-1] @ rows[-1]))
        sizes = np.array([len(row) for row in rows])
        where = (np.concatenate(rows), np.concatenate(list(subsets.values())), np.append(0, np.cumsum(sizes)))
        coefs = csr_array(where, shape=(len(rows), len(data.cross)))
        empty = np.zeros(len(rows))
        return SubsetPath(sizes, list(subsets.values()), coefs, np.array(intercepts), np.array(losses), empty)

    def _scores(self, criterion: str | None, path: SubsetPath, rows: tuple, total: float) -> np.ndarray:
        if criterion is None:
            return path.losses + self.alpha * path.sizes
        if criterion == "cv":
            return self._validation_errors(path.sizes, *rows)
        squares = path.coefs.multiply(path.coefs).sum(axis=1)
        errors = 2.0 * path.losses - self.l2 * squares  # mean squares, without the l2 penalty
        k, p = path.sizes, path.coefs.shape[1]
        fit = total * np.log(np.maximum(errors, 1e-15 * errors.max(initial=1e-300)))
        if criterion == "aic":
            return fit + 2.0 * k
        choices = gammaln(p + 1) - gammaln(k + 1) - gammaln(p - k + 1)
        return fit + np.log(total) * k + (2.0 * choices if criterion == "ebic" else 0.0)

    def _validation_errors(self, sizes: np.ndarray, X: Any, y: np.ndarray, weight: np.ndarray | None) -> np.ndarray:
        """Mean squared error of each size on rows left out; infinite for sizes that a fold cannot have."""
        from panlearn.optimize.best_subset import best_subsets

        weight = np.ones(len(y)) if weight is None else weight
        X = X.tocsr() if hasattr(X, "tocsr") else X
        errors = np.zeros(len(sizes))
        for train, test in check_cv(self.cv).split(X, y):
            total = float(weight[train].sum())
            if not total > 0:
                continue
            data = self._columns(X[train], y[train], weight[train], total)
            most = min(int(sizes[-1]), self._largest((len(train), X.shape[1]), None, total))
            best = best_subsets(data, most, range(1, most + 1), max_iter=self.max_iter).best
            path = self._path(data, {k: best[k].columns for k in sorted(best)}, total)
            residual = y[test][:, None] - X[test] @ path.coefs.T.toarray() - path.intercepts
            squares = dict(zip(path.sizes.tolist(), weight[test] @ residual**2, strict=True))
            errors += [squares.get(int(k), np.inf) for k in sizes]
        return errors / weight.sum()

    # certificate

    def _certify(
        self, data: UnitColumns, path: SubsetPath, at: int, price: float, total: float, *, settled: bool
    ) -> np.ndarray:
        """Set the certificate of the chosen subset; returns it, or a better one that the proof came upon."""
        from panlearn.optimize.subset_bounds import prove

        chosen = path.supports[at]
        residual = data.residual(chosen, data.refined(chosen))
        best = 2.0 * total * float(path.losses[at]) + price * len(chosen)
        lower: float | None = best
        p, nodes = len(data.cross), self.max_nodes
        sizes = range(min(p, self._largest((len(data.y), p), None, total)) + 1) if price else [len(chosen)]
        if price and len(sizes) > LONGEST:
            sizes = []
        for k in sizes:
            bound = prove(data, k, best - price * k, residual, nodes) if self.max_nodes else None
            if bound is None:
                lower = None
                break
            nodes = max(1, nodes - bound.nodes)
            if bound.columns is not None:
                chosen, best = np.sort(bound.columns), bound.error + price * k
            lower = min(lower, bound.lower + price * k)
        lower = None if not len(sizes) else lower
        scale = 2.0 * total
        self.objective_ = best / scale
        self.lower_bound_ = None if lower is None else lower / scale
        self.optimality_gap_ = None if lower is None else (best - lower) / best if best > 0 else 0.0
        self.certificate_ = self._words(len(chosen), p, settled, bool(price))
        if not settled:
            self._warn_unconverged("swaps of columns still lower the error", "Raise max_iter.")
        if self.verbose:
            print(f"L0Regression: {self.certificate_}")  # noqa: T201
        return chosen

    def _words(self, k: int, p: int, settled: bool, priced: bool) -> str:
        gap, start = self.optimality_gap_, f"{k} of {p} columns"
        if gap is not None and gap <= 1e-8:
            return f"{start}, proven the best subset" + ("" if priced else " of this size")
        within = "" if gap is None else f", objective at most {100 * gap:.2g} % above the best"
        return start + within + (", no swap of one column lowers the error" if settled else "")

    def _set(self, data: UnitColumns, chosen: np.ndarray, path: SubsetPath, dtype: Any) -> None:
        dtype = np.float32 if dtype == np.float32 else np.float64
        coef, intercept = data.solution(chosen, data.refined(chosen))
        self.coef_, self.support_, self.path_ = coef.astype(dtype), chosen, path
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
