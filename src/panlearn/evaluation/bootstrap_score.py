r"""The bootstrap estimates of a method's score: plain, out-of-bag, .632 and .632+, with standard errors.

Sample b takes row i N_i^b times and gives model b, whose loss at row i is Q_i^b; I_i^b = 1 if N_i^b = 0 [efron1997]:

    plain         mean over b and i of Q_i^b
    out-of-bag    Err1 = mean over i of E_i,   E_i = Σ_b I_i^b Q_i^b / Σ_b I_i^b     (leave-one-out bootstrap)
    apparent      err  = mean loss, on all rows, of the model fitted to all rows
    .632          0.368 err + 0.632 Err1
    .632+         (1 - w) err + w min(Err1, γ),   w = 0.632 / (1 - 0.368 R),   R = (min(Err1, γ) - err) / (γ - err)

γ is the no-information value, the loss if y said nothing about x; R, the relative overfitting, is 0 for a model that is
as good on new rows as on its own and 1 for one that has learned nothing but its rows.

`bootstrap_losses` has the standard errors.

Cost: n_splits + 1 fits, and predictions of all rows by each model; 3 n numbers of memory a process.
"""

from typing import Any, NamedTuple

import numpy as np
from sklearn.base import is_classifier, is_regressor
from sklearn.metrics import check_scoring
from sklearn.utils import check_consistent_length, column_or_1d
from sklearn.utils.parallel import Parallel, delayed

from panlearn.core.errors import DataError
from panlearn.core.progress import progress
from panlearn.evaluation.bootstrap import codes_of, draw_seeds, units_of
from panlearn.evaluation.bootstrap_losses import Losses, Problem, losses_of, scores_of, sum_rows, sum_samples
from panlearn.evaluation.refit import check_weights, require_estimator, takes_weights
from panlearn.evaluation.row_losses import ROW_LOSSES

METHODS = ("plain", "out_of_bag", ".632", ".632+")


class BootstrapScore(NamedTuple):
    """The four estimates, higher being better, and what they are made of."""

    score: float  # the estimate that was asked for
    standard_error: float  # of that estimate
    plain: float
    out_of_bag: float
    point632: float
    point632_plus: float
    apparent: float  # of the model of all rows, on the same rows
    no_information: float  # if y said nothing about x
    overfitting: float  # R, from 0 to 1
    weight: float  # w, of the out-of-bag score in .632+: from 0.632 to 1
    never_drawn: float  # mean share of the rows that a sample left out: near 0.368
    samples: np.ndarray  # (n_splits,) out-of-bag score of each sample; nan where a sample's rows have none


def bootstrap_score(
    estimator: Any,
    X: Any,
    y: Any,
    *,
    scoring: Any = None,
    method: str = ".632+",
    n_splits: int = 200,
    stratified: bool | None = None,
    groups: Any = None,
    sample_weight: Any = None,
    use_weights: bool | None = None,
    n_jobs: int | None = None,
    random_state: Any = None,
    verbose: int = 0,
) -> BootstrapScore:
    """Score a method by the bootstrap: plain, out-of-bag, .632 and .632+.

    Parameters
    ----------
    estimator : estimator
        The method; copies of it are fitted.
    X : array_like of shape (n, p)
        Rows, in any form the estimator takes.
    y : array_like of shape (n,)
        Labels or amounts.
    scoring : str, callable or None, default=None
        A score of scikit-learn; accuracy for classifiers and R² for regressors by default.
    method : {".632+", ".632", "out_of_bag", "plain"}, default=".632+"
        The estimate that `score` and `standard_error` report; all are computed.
    n_splits : int, default=200
        Number of samples, at least 2.
    stratified : bool or None, default=None
        Draw within each class; done for classifiers without `groups` by default.
    groups : array_like of shape (n,), optional
        Whole groups are drawn.
    sample_weight : array_like of shape (n,), optional
        Weights of the rows, in fits and in losses.
    use_weights : bool or None, default=None
        Give the estimator each drawn row once with its count as weight; done where its `fit` takes weights by default.
        False copies rows.
    n_jobs : int or None, default=None
        Processes.
    random_state : int, RandomState instance or None, default=None
        Seed of the samples, and of each `random_state` of the estimator that is None. The answer does not depend on
        `n_jobs`.
    verbose : int, default=0
        1 shows a progress bar.

    Returns
    -------
    BootstrapScore
        The estimates, higher being better.

    Raises
    ------
    DataError
        If the data cannot be judged so: fewer than 2 rows or groups, a sample with one class, predictions that are not
        finite, no score in any sample.

    References
    ----------
    [efron1983], [efron1997], [wager2014], note 002 (evaluation)

    Examples
    --------
    A full tree remembers its rows, so that its apparent score says nothing: labels that a coin gave, right half the
    time, .632 judges too well and .632+ does not.

    >>> import numpy as np
    >>> from panlearn.evaluation import bootstrap_score
    >>> from panlearn.tree import DecisionTreeClassifier
    >>> rng = np.random.default_rng(0)
    >>> X, y = rng.normal(size=(200, 3)), rng.integers(2, size=200)
    >>> found = bootstrap_score(DecisionTreeClassifier(), X, y, n_splits=50, random_state=0)
    >>> print(f"{found.apparent:.1f} {found.point632:.1f} {found.point632_plus:.1f}")
    1.0 0.7 0.5
    """
    require_estimator(estimator)
    if method not in METHODS:
        raise ValueError(f"method must be one of {', '.join(map(repr, METHODS))}. Got {method!r} instead.")
    if not isinstance(n_splits, (int, np.integer)) or isinstance(n_splits, bool) or n_splits < 2:
        raise ValueError(f"n_splits must be an integer in the range [2, inf). Got {n_splits!r} instead.")
    problem = _pose(estimator, X, y, scoring, groups, stratified, sample_weight)
    problem = problem._replace(weighted=takes_weights(estimator) if use_weights is None else use_weights)
    if problem.weighted and not takes_weights(estimator):
        raise DataError(f"{type(estimator).__name__}.fit takes no sample_weight: pass use_weights=False.")
    seeds = draw_seeds(random_state, n_splits)
    _require_two_classes(problem, seeds)
    by_row = isinstance(problem.scoring, str)
    task = delayed(losses_of if by_row else scores_of)
    with Parallel(n_jobs=n_jobs, return_as="generator") as parallel:
        results: Any = parallel(task(problem, int(seed)) for seed in seeds)
        steps = progress(n_splits, "bootstrap", enabled=verbose)
        found = (sum_rows if by_row else sum_samples)(problem, seeds, (next(results) for _ in steps))
    return _report(problem, found, method)


def _pose(
    estimator: Any, X: Any, y: Any, scoring: Any, groups: Any, stratified: bool | None, sample_weight: Any
) -> Problem:
    """Look at the data once."""
    check_consistent_length(X, y, groups)
    y = column_or_1d(y)
    if y.dtype.kind == "f" and not np.isfinite(y).all():
        raise DataError("y holds values that are not finite: remove those rows.")
    classifier = is_classifier(estimator)
    if scoring is None:
        if not classifier and not is_regressor(estimator):
            raise ValueError(f"{type(estimator).__name__} is neither classifier nor regressor: pass scoring.")
        scoring = "accuracy" if classifier else "r2"
    known = isinstance(scoring, str) and scoring in ROW_LOSSES
    if not known and sample_weight is not None:
        raise DataError(f"sample_weight goes with the scores {', '.join(ROW_LOSSES)}, got scoring={scoring!r}.")
    labels = known and ROW_LOSSES[scoring].labels
    stratified = (classifier and groups is None) if stratified is None else stratified
    unit, strata = units_of(X, y, groups, stratified=stratified)
    if known and not labels:
        y = y.astype(np.float64)
    problem = Problem(
        estimator,
        X,
        y,
        target=codes_of(y, "y") if labels else y,
        classes=np.unique(y) if labels else np.empty(0),
        sample_weight=check_weights(estimator, sample_weight, y.size),
        unit=unit,
        strata=strata,
        weighted=False,
        scoring=scoring if known else check_scoring(estimator, scoring=scoring),
    )
    if known and not labels:
        _require_variance(problem)
    return problem


def _variance(problem: Problem) -> float:
    weight = problem.weight()
    with np.errstate(over="ignore", under="ignore"):
        return float(weight @ (problem.target - weight @ problem.target) ** 2)


def _require_variance(problem: Problem) -> None:
    variance = _variance(problem)
    if not np.isfinite(variance):
        raise DataError("y is too large for its squares: divide it by its largest absolute value.")
    if problem.scoring == "r2" and (variance == 0 or np.ptp(problem.target[problem.weight() > 0]) == 0):
        raise DataError(
            "y is constant (or too small for its squares), and R² is not defined then: use "
            "scoring='neg_mean_squared_error', or multiply y."
        )


def _require_two_classes(problem: Problem, seeds: np.ndarray) -> None:
    """No sample may hold one class only; found before the first fit."""
    if not is_classifier(problem.estimator):
        return
    code = codes_of(problem.y, "y")
    if code.max() == 0:
        raise DataError(f"y has only one class, {problem.y[0]!r}: there is nothing to predict.")
    for seed in seeds:
        if np.ptp(code[problem.counts(int(seed))[problem.unit] > 0]) == 0:
            raise DataError(
                "a bootstrap sample holds one class only: pass stratified=True (without groups), or collect more rows "
                "of the rarer class."
            )


def relative_overfitting(out_of_bag: float, apparent: float, no_information: float) -> float:
    """R of the .632+ estimate, from losses.

    Examples
    --------
    >>> relative_overfitting(0.5, 0.0, 0.5), relative_overfitting(0.3, 0.25, 0.5), relative_overfitting(0.2, 0.3, 0.5)
    (1.0, 0.2, 0.0)
    """
    worst = min(out_of_bag, no_information)
    return (worst - apparent) / (no_information - apparent) if worst > apparent else 0.0


def _report(problem: Problem, found: Losses, method: str) -> BootstrapScore:
    """Losses combined, and turned into scores."""
    R = relative_overfitting(found.out_of_bag, found.apparent, found.no_information)
    w = 0.632 / (1 - 0.368 * R)
    worst = min(found.out_of_bag, found.no_information) if R > 0 else found.out_of_bag
    losses = {
        "plain": found.plain,
        "out_of_bag": found.out_of_bag,
        ".632": 0.368 * found.apparent + 0.632 * found.out_of_bag,
        ".632+": (1 - w) * found.apparent + w * worst,
        "apparent": found.apparent,
        "no_information": found.no_information,
    }
    if isinstance(problem.scoring, str):
        kind = ROW_LOSSES[problem.scoring]
        variance = 1.0 if kind.labels else _variance(problem)
        scores = {name: kind.score(loss, variance) for name, loss in losses.items()}
        slope = kind.slope(losses[method], variance)
        ratio = losses[method] / found.out_of_bag if found.out_of_bag > 0 else 1.0
        samples = np.array([kind.score(loss, variance) for loss in found.samples])
    else:
        scores, slope, ratio, samples = {name: -loss for name, loss in losses.items()}, 1.0, 1.0, found.samples
    return BootstrapScore(
        score=scores[method],
        standard_error=found.standard_error * slope * ratio,
        plain=scores["plain"],
        out_of_bag=scores["out_of_bag"],
        point632=scores[".632"],
        point632_plus=scores[".632+"],
        apparent=scores["apparent"],
        no_information=scores["no_information"],
        overfitting=R,
        weight=w,
        never_drawn=found.never_drawn,
        samples=samples,
    )
