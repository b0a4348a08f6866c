"""Logistic regression whose penalty is chosen by cross-validation [stone1974], [friedman2010].

For each fold and each share of L1 the whole grid of strengths is fitted on the rows outside the fold and scored on the
fold. The mean score chooses the penalty, with which all rows are fitted.

A fit starts from the solution of the next strength in the grid, a few Newton steps away, and what does not depend on
the penalty is computed once a fold: the copy of its rows, their columns where X is sparse, the rotation where there are
more columns than rows. Folds of small data run on a thread each.

Course notes: 002 (choice of hyperparameters), 003 §1.5.
"""

import warnings
from numbers import Integral, Real
from typing import Any, ClassVar

import numpy as np
from sklearn import get_config
from sklearn.utils.metadata_routing import UNUSED, MetadataRouter, MethodMapping, process_routing

from panlearn.core.blocks import ArrayRows
from panlearn.core.constraints import (
    ARRAY,
    BOOLEAN,
    COUNT,
    NATURAL,
    NONNEGATIVE,
    POSITIVE,
    RANDOM,
    VERBOSE,
    options,
    validated,
)
from panlearn.core.errors import DataError
from panlearn.core.registry import method
from panlearn.linear_model.logistic_classifier import LogisticClassifier
from panlearn.linear_model.logistic_parameters import DEPRECATED, SEVERAL, SOLVERS, check_solver, named
from panlearn.linear_model.logistic_paths import Paths, fit_folds, score_folds
from panlearn.linear_model.logistic_solvers import LogisticProblem


@method(
    "Logistic regression, strength by cross-validation",
    tasks=("binary", "multiclass"),
    notes=("000 3.3", "001 4.2-4.5", "003 1.5"),
    needs=("scaled",),
    cost=lambda n, p, k: 200.0 * n * p * k * min(p * k, 100),
)
class LogisticRegressionCV(LogisticClassifier):
    """Logistic regression with the strength of its penalty, and its share of L1, chosen by cross-validation.

    Parameters
    ----------
    Cs : int or array-like, default=10
        Inverse strengths; a number means so many between 1e-4 and 1e4 in equal ratios.
    l1_ratios : array-like of shape (m,) or None, default="warn"
        Shares of L1 to choose from. "warn" means (0,), with attributes that lack this axis; None is its deprecated
        spelling.
    fit_intercept : bool, default=True
        Fit an intercept, which is never penalised.
    cv : int, splitter or iterable, default=None
        Folds: by default 5, stratified.
    dual : bool, default=False
        Kept for scikit-learn's signature, as `intercept_scaling`, `random_state` and `n_jobs` are.
    penalty : {"l1", "l2", "elasticnet", "deprecated"}, default="deprecated"
        scikit-learn's old spelling of `l1_ratios`.
    scoring : str, callable or None, default="warn"
        What is best; "warn" and None mean accuracy.
    solver : str, default="auto"
        As in `LogisticRegression`.
    tol : float, default=1e-4
        Stop when the largest (sub)gradient component is below it.
    max_iter : int, default=100
        Most Newton iterations of each fit.
    class_weight : dict, "balanced" or None, default=None
        Weights of the classes, from all rows.
    n_jobs : int, default=None
        Not used: threads are set by `panlearn.threads`.
    verbose : int, default=0
        1 prints the choice and the certificate.
    refit : bool, default=True
        Fit all rows with the best penalty; otherwise average the folds' fits at the best penalty of each.
    intercept_scaling : float, default=1.0
        Not used.
    random_state : int, RandomState or None, default=None
        Not used: nothing here is random.
    use_legacy_attributes : bool, default="warn"
        Form of the attributes below; "warn" means True, as in scikit-learn 1.9.

    Attributes
    ----------
    classes_ : ndarray of shape (K,)
        The labels.
    coef_ : ndarray of shape (1, p) or (K, p)
        Weights.
    intercept_ : ndarray of shape (1,) or (K,)
        Intercepts.
    Cs_ : ndarray of shape (c,)
        The strengths tried.
    l1_ratios_ : ndarray of shape (m,)
        The shares of L1 tried.
    coefs_paths_ : ndarray of shape (folds, m, c, 1 or K, p + 1), or dict of ndarray of shape (folds, c, m, p + 1)
        All fits; the dict is by label, and lacks the axis of m if `l1_ratios` was not given.
    scores_ : ndarray of shape (folds, m, c), or dict of ndarray of shape (folds, c, m)
        All scores.
    C_ : float, or ndarray of shape (1,) or (K,)
        The strength chosen.
    l1_ratio_ : float, or ndarray of shape (1,) or (K,)
        The share of L1 chosen.
    n_iter_ : ndarray of shape (folds, m, c) or (1, folds, c, m)
        Newton iterations of each fit.
    objective_, gradient_norm_, dual_gap_, certificate_
        Of the last fit, as in `LogisticRegression`, if there is one.
    n_features_in_ : int
        Number of features.
    feature_names_in_ : ndarray of shape (p,)
        Names of the features, if X has string column names.

    Raises
    ------
    ValueError
        If y has one class, or a parameter or the data cannot be used.

    References
    ----------
    [stone1974], [friedman2010], [cox1958]

    Examples
    --------
    Two of thirty features matter. Cross-validation finds a strength at which L1 keeps few others:

    >>> import numpy as np
    >>> from panlearn.linear_model import LogisticRegressionCV
    >>> rng = np.random.default_rng(0)
    >>> X = rng.normal(size=(200, 30))
    >>> y = X[:, 0] - X[:, 1] + rng.logistic(size=200) > 0
    >>> model = LogisticRegressionCV(l1_ratios=(1,), scoring="neg_log_loss", use_legacy_attributes=False).fit(X, y)
    >>> sorted(np.argsort(-np.abs(model.coef_[0]))[:2].tolist())
    [0, 1]
    """

    _expected_failed_checks: ClassVar[dict[str, str]] = {
        "check_sparsify_coefficients": "its data has fewer rows in each class than the default number of folds, five"
    }
    __metadata_request__score: ClassVar = {"sample_weight": UNUSED}  # only the scorer may ask for it
    _parameter_constraints: ClassVar[dict[str, list]] = {
        "Cs": [COUNT, ARRAY],
        "l1_ratios": [ARRAY, None, options("warn")],
        "fit_intercept": [BOOLEAN],
        "cv": ["cv_object"],
        "dual": [BOOLEAN],
        "penalty": [options("l1", "l2", "elasticnet", "deprecated")],
        "scoring": [str, callable, None],
        "solver": [SOLVERS],
        "tol": [NONNEGATIVE],
        "max_iter": [NATURAL],
        "class_weight": [dict, options("balanced"), None],
        "n_jobs": [None, Integral],
        "verbose": [VERBOSE],
        "refit": [BOOLEAN],
        "intercept_scaling": [POSITIVE],
        "random_state": [RANDOM],
        "use_legacy_attributes": [BOOLEAN, options("warn")],
    }

    def __init__(
        self,
        *,
        Cs: Any = 10,
        l1_ratios: Any = "warn",
        fit_intercept: bool = True,
        cv: Any = None,
        dual: bool = False,
        penalty: str = "deprecated",
        scoring: Any = "warn",
        solver: str = "auto",
        tol: float = 1e-4,
        max_iter: int = 100,
        class_weight: Any = None,
        n_jobs: int | None = None,
        verbose: int = 0,
        refit: bool = True,
        intercept_scaling: float = 1.0,
        random_state: Any = None,
        use_legacy_attributes: Any = "warn",
    ) -> None:
        self.Cs = Cs
        self.l1_ratios = l1_ratios
        self.fit_intercept = fit_intercept
        self.cv = cv
        self.dual = dual
        self.penalty = penalty
        self.scoring = scoring
        self.solver = solver
        self.tol = tol
        self.max_iter = max_iter
        self.class_weight = class_weight
        self.n_jobs = n_jobs
        self.verbose = verbose
        self.refit = refit
        self.intercept_scaling = intercept_scaling
        self.random_state = random_state
        self.use_legacy_attributes = use_legacy_attributes

    @validated
    def fit(self, X: Any, y: Any, sample_weight: Any = None, **params: Any) -> "LogisticRegressionCV":
        """Choose the penalty, then fit.

        Parameters
        ----------
        X : array-like or sparse matrix of shape (n, p)
            Features.
        y : array-like of shape (n,)
            Labels.
        sample_weight : array-like of shape (n,), optional
            Weights of the rows, at least 0, for fits and scores alike.
        **params : dict
            Parameters of the splitter and the scorer, if scikit-learn's metadata routing is enabled.

        Returns
        -------
        LogisticRegressionCV
            The fitted estimator.
        """
        from sklearn.model_selection import check_cv  # not needed to import the area: it loads half of scikit-learn

        splits, scores = self._routed("fit", sample_weight, params)
        name, shares = self._shares()
        check_solver(self.solver, name, self.dual)
        source = self._source(X, y, sample_weight)
        if not isinstance(source, ArrayRows):
            raise DataError("X must be in memory to be split into folds; read the file, or use LogisticRegression.")
        if isinstance(self.class_weight, dict) and not set(self.class_weight) <= set(np.unique(source.rows.y)):
            raise DataError(
                "The given class_weight dict must have the class labels as keys; "
                f"classes={np.unique(source.rows.y)} but key={self.class_weight.keys()}"
            )
        labels = source.rows.y
        counts = self._encoded(source)
        check_solver(self.solver, name, self.dual, len(self.classes_))
        splitter: Any = check_cv(self.cv, labels, classifier=True)
        folds = list(splitter.split(source.rows.X, labels, **splits))
        self.Cs_ = np.logspace(-4, 4, self.Cs) if isinstance(self.Cs, Integral) else np.asarray(self.Cs, np.float64)
        settings = {"solver": self.solver, "tol": self.tol, "max_iter": self.max_iter}
        ratios = [self._share(share) for share in shares]
        paths = fit_folds(source, len(counts), [f[0] for f in folds], ratios, self.Cs_, self.fit_intercept, settings)
        table = score_folds(source.rows.X, labels, self.classes_, folds, paths, self._get_scorer(), scores)
        problem = LogisticProblem(source, counts, self.fit_intercept)
        if self.refit:
            self._fit_best(problem, shares, paths, table, settings)
        else:
            self._average_best(ratios, paths, table)
        self._attributes(shares, paths, table)
        return self

    def _shares(self) -> tuple[str | None, list]:
        """The penalty in scikit-learn's old spelling, and the shares of L1: [None] if they were not given."""
        ratios = None if isinstance(self.l1_ratios, str) else self.l1_ratios
        if self.penalty == "deprecated":
            if self.l1_ratios is None:
                warnings.warn(
                    "'l1_ratios=None' was deprecated in version 1.8 and will trigger an error in 1.10. Use an "
                    "array-like with values in [0, 1] instead.",
                    FutureWarning,
                    stacklevel=4,
                )
            kinds = {
                named(float(r)) if isinstance(r, Real) else "elasticnet" for r in ([0.0] if ratios is None else ratios)
            }
            name = kinds.pop() if len(kinds) == 1 else "elasticnet"
        else:
            name = self.penalty
            warnings.warn(DEPRECATED.format(**SEVERAL), FutureWarning, stacklevel=4)
        bad = (
            ratios is None or len(ratios) == 0 or any(not isinstance(r, Real) or not 0 <= float(r) <= 1 for r in ratios)
        )
        if name == "elasticnet" and bad:
            raise DataError(f"l1_ratios must be an array-like of numbers between 0 and 1; got (l1_ratios={ratios!r})")
        if name != "elasticnet" and ratios is not None and self.penalty != "deprecated":
            warnings.warn(
                f"l1_ratios parameter is only used when penalty is 'elasticnet'. Got (penalty={name})", stacklevel=4
            )
        return name, [None] if ratios is None else list(ratios)

    def _share(self, share: float | None) -> float:
        if self.penalty in ("l1", "l2"):
            return float(self.penalty == "l1")
        return float(share or 0.0)

    def _fit_best(
        self, problem: LogisticProblem, shares: list, paths: Paths, table: np.ndarray, settings: dict
    ) -> None:
        """Fit all rows with the penalty that is best over all folds."""
        ranked = table.sum(axis=0).T  # strengths first: of equal scores, the first strength wins
        at, share = np.unravel_index(np.argmax(ranked), ranked.shape)
        self._chosen = float(self.Cs_[at]), shares[share]
        l1, l2 = problem.strengths(self._chosen[0], self._share(self._chosen[1]))
        start = paths.coefs[:, share, at].mean(axis=0).T.ravel()
        found = problem.solve(l1, l2, start=start, **settings)
        self._keep(problem, found, l1, l2)
        if self.verbose:
            print(f"{type(self).__name__}: C = {self._chosen[0]:.3g}, {self.certificate_}")  # noqa: T201
        self._warn(np.append(paths.norms.ravel(), found.gradient_norm))

    def _average_best(self, ratios: list[float], paths: Paths, table: np.ndarray) -> None:
        """Average the fits of all folds, each at the penalty that is best for it."""
        ranked = table.swapaxes(1, 2)
        at, share = np.unravel_index(ranked.reshape(len(ranked), -1).argmax(axis=1), ranked.shape[1:])
        theta = paths.coefs[np.arange(len(ranked)), share, at].mean(axis=0)
        self.coef_, self.intercept_ = np.ascontiguousarray(theta[:, :-1]), theta[:, -1].copy()
        self._chosen = float(self.Cs_[at].mean()), float(np.mean([ratios[i] for i in share]))
        self.certificate_ = f"largest gradient norm of the folds' fits {paths.norms.max():.0e}"
        self._warn(paths.norms.ravel())

    def _warn(self, norms: np.ndarray) -> None:
        if (norms > self.tol).any():
            self._warn_unconverged(
                f"{int((norms > self.tol).sum())} of {len(norms)} fits have a gradient norm above tol, up to "
                f"{norms.max():.1e}, tol is {self.tol:.1e}",
                "Raise max_iter or tol, or scale the features to a common range.",
            )

    def _attributes(self, shares: list, paths: Paths, table: np.ndarray) -> None:
        C, share = self._chosen
        del self._chosen
        coefs = paths.coefs if self.fit_intercept else paths.coefs[..., :-1]
        self.l1_ratios_ = np.asarray(shares)
        if self.use_legacy_attributes is False:
            self.C_, self.l1_ratio_ = C, self._share(share)
            self.coefs_paths_, self.scores_, self.n_iter_ = coefs, table, paths.n_iter
            return
        labels = self.classes_[1:] if len(self.classes_) == 2 else self.classes_
        self.C_, self.l1_ratio_ = np.full(len(labels), C), np.array([share] * len(labels))
        # one axis per share of L1 only if shares were given
        inner = slice(None) if shares != [None] else 0
        self.coefs_paths_ = {k: coefs[:, :, :, i].swapaxes(1, 2)[:, :, inner] for i, k in enumerate(labels)}
        self.scores_ = {k: table.swapaxes(1, 2)[:, :, inner] for k in labels}
        self.n_iter_ = paths.n_iter.swapaxes(1, 2)[None, :, :, inner]

    def score(self, X: Any, y: Any, sample_weight: Any = None, **score_params: Any) -> float:
        """Score of the predictions by `scoring`.

        Parameters
        ----------
        X : array-like or sparse matrix of shape (n, p)
            Features.
        y : array-like of shape (n,)
            True labels.
        sample_weight : array-like of shape (n,), optional
            Weights of the rows.
        **score_params : dict
            Parameters of the scorer, if scikit-learn's metadata routing is enabled.

        Returns
        -------
        float
            The score: higher is better.
        """
        return self._get_scorer()(self, X, y, **self._routed("score", sample_weight, score_params)[1])

    def get_metadata_routing(self) -> MetadataRouter:
        """Who gets which parameter of `fit` and `score`: the splitter and the scorer.

        Returns
        -------
        MetadataRouter
            scikit-learn's description.
        """
        scoring = MethodMapping().add(caller="score", callee="score").add(caller="fit", callee="score")
        splitting = MethodMapping().add(caller="fit", callee="split")
        router = MetadataRouter(owner=self).add_self_request(self)
        return router.add(splitter=self.cv, method_mapping=splitting).add(
            scorer=self._get_scorer(), method_mapping=scoring
        )

    def _routed(self, caller: str, sample_weight: Any, params: dict) -> tuple[dict, dict]:
        """Parameters for the splitter and for the scorer."""
        if sample_weight is not None:
            params = {**params, "sample_weight": sample_weight}
        if get_config()["enable_metadata_routing"]:
            routed = process_routing(self, caller, **params)
            return (routed.splitter.split if caller == "fit" else {}), routed.scorer.score
        if extra := set(params) - {"sample_weight"}:
            raise DataError(
                f"Passing extra keyword arguments to {type(self).__name__}.{caller} is only supported if "
                f"enable_metadata_routing=True, which sklearn.set_config sets. Extra parameters passed are: {extra}"
            )
        return {}, params

    def _get_scorer(self) -> Any:
        from sklearn.metrics import get_scorer

        return get_scorer("accuracy" if self.scoring in ("warn", None) else self.scoring)

    @classmethod
    def _warm_kernels(cls) -> None:
        """Compile the kernels of L1 penalties."""
        X = np.random.default_rng(0).normal(size=(60, 5))
        cls(Cs=2, cv=2, l1_ratios=(1,)).fit(X, X[:, 0] > 0)
