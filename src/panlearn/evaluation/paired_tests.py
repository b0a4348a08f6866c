r"""Is one method better than another? Tests on the differences of their scores on the same splits.

Scores of folds are not independent: training sets overlap, so the ordinary paired t test of k-fold scores finds
differences where there are none. Three tests that allow for it, d being the difference of two scores on one split:

| test | data | statistic | law if the methods are equal |
|---|---|---|---|
| 5×2 cv, t [dietterich1998] | 5 times 2 folds | d₁₁ / √(Σ s_i² / 5) | t, 5 degrees of freedom |
| 5×2 cv, F [alpaydin1999] | the same | Σ Σ d_ij² / (2 Σ s_i²) | F(10, 5) |
| corrected t [nadeau2003] | k splits, n₁ rows train, n₂ test | d̄ / √((1/k + n₂/n₁) s²) | t, k - 1 |

s_i² = (d_i1 - d̄_i)² + (d_i2 - d̄_i)² is the variance within repetition i, s² that over all splits. The t test of 5×2 cv
looks at the first difference alone, so its answer hangs on the order of the folds; the F test uses all ten, and its law
is an approximation that errs on the side of caution. The corrected test works with any repeated splits, the
bootstrap's too, and has more power than either with many.

They ask about the *method* on training sets of that size; McNemar's test (`mcnemar_test`) asks about two fitted models
on one set of test rows. Many pairs need a correction for many tests [demsar2006].
"""

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike
from scipy import stats

from panlearn.core.errors import DataError


class PairedResult(NamedTuple):
    """A test of the hypothesis that two methods are equally good."""

    difference: float  # first minus second
    statistic: float
    p_value: float  # two-sided


def t_test_5x2cv(differences: ArrayLike) -> PairedResult:
    """Dietterich's t test of five repetitions of two folds.

    Parameters
    ----------
    differences : array_like of shape (5, 2), or (10,) in the order of `RepeatedKFold(n_splits=2, n_repeats=5)`
        Score of the first method minus score of the second, on each fold.

    Returns
    -------
    PairedResult
        Equal scores everywhere give p = 1, and equal differences that are not 0 p = 0.

    Raises
    ------
    DataError
        If there are not ten finite differences.

    References
    ----------
    [dietterich1998]

    Examples
    --------
    >>> found = t_test_5x2cv([[0.05, 0.03], [0.04, 0.06], [0.02, 0.04], [0.05, 0.03], [0.03, 0.05]])
    >>> print(f"t = {found.statistic:.2f}, p = {found.p_value:.3f}")
    t = 3.54, p = 0.017
    """
    d = _ten(differences)
    variance = np.sum((d - d.mean(axis=1, keepdims=True)) ** 2) / 5
    statistic = _ratio(d[0, 0], np.sqrt(variance))
    return PairedResult(float(d.mean()), statistic, float(2 * stats.t.sf(abs(statistic), 5)))


def f_test_5x2cv(differences: ArrayLike) -> PairedResult:
    """Alpaydin's F test of five repetitions of two folds.

    Parameters
    ----------
    differences : array_like of shape (5, 2), or (10,) in the order of `RepeatedKFold(n_splits=2, n_repeats=5)`
        Score of the first method minus score of the second, on each fold.

    Returns
    -------
    PairedResult
        Equal scores everywhere give p = 1.

    Raises
    ------
    DataError
        If there are not ten finite differences.

    References
    ----------
    [alpaydin1999]

    Examples
    --------
    >>> found = f_test_5x2cv([[0.05, 0.03], [0.04, 0.06], [0.02, 0.04], [0.05, 0.03], [0.03, 0.05]])
    >>> print(f"F = {found.statistic:.1f}, p = {found.p_value:.3f}")
    F = 8.7, p = 0.014
    """
    d = _ten(differences)
    within = np.sum((d - d.mean(axis=1, keepdims=True)) ** 2)
    statistic = _ratio(float(np.sum(d**2)), 2 * within)
    p_value = 1.0 if not d.any() else float(stats.f.sf(statistic, 10, 5))
    return PairedResult(float(d.mean()), statistic, p_value)


def corrected_t_test(differences: ArrayLike, *, test_share: float) -> PairedResult:
    """Nadeau and Bengio's t test of differences on overlapping splits.

    Parameters
    ----------
    differences : array_like of shape (k,)
        Score of the first method minus score of the second, on each split; k at least 2.
    test_share : float
        Test rows over training rows of a split: 1/9 for ten folds, about 0.582 (0.368 / 0.632) for the bootstrap.

    Returns
    -------
    PairedResult
        Equal scores everywhere give p = 1, and equal differences that are not 0 p = 0.

    Raises
    ------
    DataError
        If there are fewer than 2 differences, or one is not finite.
    ValueError
        If `test_share` is not positive.

    References
    ----------
    [nadeau2003]

    Examples
    --------
    The ordinary test, which `test_share` near 0 gives, is too sure of itself.

    >>> d = [0.03, 0.01, 0.02, 0.04, -0.01, 0.02, 0.03, 0.0, 0.02, 0.01]
    >>> print(*(f"{corrected_t_test(d, test_share=share).p_value:.3f}" for share in (1e-9, 1 / 9)))
    0.006 0.035
    """
    d = np.asarray(differences, dtype=np.float64).ravel()
    if not np.isfinite(test_share) or test_share <= 0:
        raise ValueError(f"test_share must be a float in the range (0, inf). Got {test_share!r} instead.")
    if d.size < 2 or not np.isfinite(d).all():
        raise DataError(f"differences must hold at least 2 finite numbers, got {d.size}, some not finite or too few.")
    statistic = _ratio(d.mean(), np.sqrt((1 / d.size + test_share) * d.var(ddof=1)))
    return PairedResult(float(d.mean()), statistic, float(2 * stats.t.sf(abs(statistic), d.size - 1)))


def paired_test(
    first: Any,
    second: Any,
    X: Any,
    y: Any,
    *,
    test: str = "5x2cv_f",
    cv: Any = None,
    scoring: Any = None,
    groups: Any = None,
    n_jobs: int | None = None,
    random_state: Any = 0,
) -> PairedResult:
    """Score two methods on the same splits and test their difference.

    Parameters
    ----------
    first, second : estimator
        The methods.
    X : array_like of shape (n, p)
        Rows.
    y : array_like of shape (n,)
        Labels or amounts.
    test : {"5x2cv_f", "5x2cv_t", "corrected_t"}, default="5x2cv_f"
        The test.
    cv : splitter, optional
        For "corrected_t"; ten times ten folds by default, stratified for a classifier.
    scoring : str, callable or None, default=None
        A score of scikit-learn; that of the estimators by default.
    groups : array_like of shape (n,), optional
        For the splitter `cv`.
    n_jobs : int or None, default=None
        Processes.
    random_state : int, RandomState instance or None, default=0
        Seed of the default splits.

    Returns
    -------
    PairedResult
        Positive differences speak for the first method.

    Raises
    ------
    ValueError
        If `test` is not one of the three, or is given a `cv` it does not use.
    DataError
        If a score is not finite, or a test set is empty.

    References
    ----------
    [alpaydin1999], [dietterich1998], [nadeau2003]

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from panlearn.evaluation import paired_test
    >>> from panlearn.tree import DecisionTreeClassifier
    >>> stump, tree = DecisionTreeClassifier(max_depth=1), DecisionTreeClassifier(max_depth=3, random_state=0)
    >>> bool(paired_test(tree, stump, *load_iris(return_X_y=True)).p_value < 0.001)
    True
    """
    from sklearn.base import is_classifier
    from sklearn.model_selection import RepeatedKFold, RepeatedStratifiedKFold, cross_val_score

    if test not in ("5x2cv_f", "5x2cv_t", "corrected_t"):
        raise ValueError(f"test must be '5x2cv_f', '5x2cv_t' or 'corrected_t'. Got {test!r} instead.")
    if cv is not None and test != "corrected_t":
        raise ValueError(f"cv goes with test='corrected_t': {test!r} is defined by its five times two folds.")
    if cv is None:
        kind = RepeatedStratifiedKFold if is_classifier(first) else RepeatedKFold
        k, times = (10, 10) if test == "corrected_t" else (2, 5)
        cv = kind(n_splits=k, n_repeats=times, random_state=random_state)
    splits = list(cv.split(X, y, groups))  # once: a splitter without a seed would give each method its own
    scores = [cross_val_score(e, X, y, scoring=scoring, cv=splits, n_jobs=n_jobs) for e in (first, second)]
    differences = scores[0] - scores[1]
    if test == "corrected_t":
        share = float(np.mean([len(test_rows) / np.unique(train_rows).size for train_rows, test_rows in splits]))
        return corrected_t_test(differences, test_share=share)
    return (f_test_5x2cv if test == "5x2cv_f" else t_test_5x2cv)(differences)


def _ten(differences: ArrayLike) -> np.ndarray:
    d = np.asarray(differences, dtype=np.float64)
    if d.size != 10 or d.shape not in ((5, 2), (10,)):
        raise DataError(f"differences must hold 5 repetitions of 2 folds, got the shape {d.shape}.")
    if not np.isfinite(d).all():
        raise DataError("differences must be finite: a method failed on a fold.")
    return d.reshape(5, 2)


def _ratio(difference: float, spread: float) -> float:
    """Statistic; 0 for no difference without spread, infinite for a difference without spread."""
    if spread > 0:
        return float(difference / spread)
    return float(np.copysign(np.inf, difference)) if difference else 0.0
