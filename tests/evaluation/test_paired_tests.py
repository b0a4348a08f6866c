"""Paired tests: published figures, the definitions with loops, and the laws they claim."""

import numpy as np
import pytest
from scipy import stats
from sklearn.datasets import load_iris, make_moons
from sklearn.model_selection import GridSearchCV, KFold, RepeatedStratifiedKFold, cross_val_score
from sklearn.svm import SVC
from sklearn.tree import DecisionTreeClassifier

from panlearn.core.errors import DataError
from panlearn.evaluation import Bootstrap, corrected_t_test, f_test_5x2cv, paired_test, t_test_5x2cv

IRIS = load_iris(return_X_y=True)


def test_published_figures():
    """Scikit-learn's example of comparing models by grid search: t = 0.750, one-sided p = 0.227."""
    X, y = make_moons(noise=0.352, random_state=1, n_samples=100)
    cv = RepeatedStratifiedKFold(n_splits=10, n_repeats=10, random_state=0)
    grid = [{"kernel": ["linear"]}, {"kernel": ["rbf"]}]
    search = GridSearchCV(SVC(random_state=0), grid, scoring="roc_auc", cv=cv, refit=False).fit(X, y)
    linear, rbf = (np.array([search.cv_results_[f"split{k}_test_score"][at] for k in range(100)]) for at in range(2))
    found = corrected_t_test(rbf - linear, test_share=10 / 90)
    assert found.statistic == pytest.approx(0.750, abs=0.0005)
    assert found.p_value / 2 == pytest.approx(0.227, abs=0.0005)


def test_matches_oracle():
    """The formulas of the papers, term by term."""
    rng = np.random.default_rng(0)
    d = rng.normal(0.02, 0.03, (5, 2))
    squares = within = 0.0
    for i in range(5):
        mean = (d[i, 0] + d[i, 1]) / 2
        within += (d[i, 0] - mean) ** 2 + (d[i, 1] - mean) ** 2
        squares += d[i, 0] ** 2 + d[i, 1] ** 2
    t, f = t_test_5x2cv(d), f_test_5x2cv(d.ravel())
    assert t.statistic == pytest.approx(d[0, 0] / np.sqrt(within / 5))
    assert t.p_value == pytest.approx(2 * stats.t.cdf(-abs(t.statistic), 5))
    assert f.statistic == pytest.approx(squares / (2 * within))
    assert f.p_value == pytest.approx(1 - stats.f.cdf(f.statistic, 10, 5))
    k = 7
    e = rng.normal(0.1, 1, k)
    c = corrected_t_test(e, test_share=0.25)
    assert c.statistic == pytest.approx(e.mean() / np.sqrt((1 / k + 0.25) * e.var(ddof=1)))
    assert c.difference == pytest.approx(e.mean())


def test_ordinary_t_test_is_the_limit():
    e = np.random.default_rng(1).normal(0.3, 1, 12)
    statistic, p_value = stats.ttest_1samp(e, 0)
    found = corrected_t_test(e, test_share=1e-12)
    assert (found.statistic, found.p_value) == pytest.approx((statistic, p_value))


def test_level():
    """Independent normal differences, for which the laws are derived: at most 5 % are found different."""
    d = np.random.default_rng(0).normal(size=(1000, 5, 2))
    for test in (t_test_5x2cv, f_test_5x2cv):
        level = np.mean([test(x).p_value < 0.05 for x in d])
        assert 0.01 < level < 0.05 + 3 * np.sqrt(0.05 * 0.95 / 1000)


def test_methods_are_scored_on_the_same_splits():
    tree, stump = DecisionTreeClassifier(max_depth=3, random_state=0), DecisionTreeClassifier(max_depth=1)
    cv = KFold(5, shuffle=True, random_state=0)
    found = paired_test(tree, stump, *IRIS, test="corrected_t", cv=cv)
    d = cross_val_score(tree, *IRIS, cv=cv) - cross_val_score(stump, *IRIS, cv=cv)
    assert found == corrected_t_test(d, test_share=1 / 4)
    loose = paired_test(tree, tree, *IRIS, test="corrected_t", cv=KFold(5, shuffle=True))
    assert loose == (0, 0, 1)


@pytest.mark.parametrize("test", ["5x2cv_f", "5x2cv_t", "corrected_t"])
def test_invariances(test):
    """Swapping the methods turns the sign; the same seed gives the same answer."""
    tree, stump = DecisionTreeClassifier(max_depth=2, random_state=0), DecisionTreeClassifier(max_depth=1)
    cv = Bootstrap(10, random_state=0) if test == "corrected_t" else None
    one, other = (paired_test(*pair, *IRIS, test=test, cv=cv) for pair in ((tree, stump), (stump, tree)))
    assert one.p_value == pytest.approx(other.p_value)
    assert one.p_value < 0.05
    assert one.difference == -other.difference > 0
    assert one == paired_test(tree, stump, *IRIS, test=test, cv=cv)


def test_no_difference_and_no_spread():
    for test in (t_test_5x2cv, f_test_5x2cv):
        assert test(np.zeros(10)).p_value == 1
        assert test(np.full(10, 0.25)).p_value == 0
    assert corrected_t_test(np.zeros(4), test_share=0.1).p_value == 1
    assert corrected_t_test(np.full(4, -0.25), test_share=0.1).statistic == -np.inf


def test_edge_cases():
    tree = DecisionTreeClassifier()
    for wrong in (np.zeros(9), np.zeros((2, 5))):
        with pytest.raises(DataError, match="5 repetitions of 2 folds"):
            f_test_5x2cv(wrong)
    with pytest.raises(DataError, match="finite"):
        t_test_5x2cv(np.full(10, np.nan))
    for wrong in ([1.0], [1.0, np.nan]):
        with pytest.raises(DataError, match="at least 2 finite"):
            corrected_t_test(wrong, test_share=0.1)
    for share in (0, -1, np.nan, np.inf):
        with pytest.raises(ValueError, match="test_share"):
            corrected_t_test([1, 2], test_share=share)
    with pytest.raises(ValueError, match="test must be"):
        paired_test(tree, tree, *IRIS, test="t")
    with pytest.raises(ValueError, match="cv goes with"):
        paired_test(tree, tree, *IRIS, cv=3)
