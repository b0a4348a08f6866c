"""The bootstrap splitter: any function of scikit-learn takes it, and 36.8 % of the rows are never drawn."""

import pickle

import numpy as np
import pytest
import sklearn
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.base import clone
from sklearn.datasets import load_iris
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV, cross_val_score, cross_validate, learning_curve, validation_curve
from sklearn.tree import DecisionTreeClassifier

from panlearn.core.errors import DataError
from panlearn.evaluation import Bootstrap
from panlearn.evaluation.bootstrap import codes_of, draw, draw_seeds, units_of

X, y = load_iris(return_X_y=True)


def fresh():
    return DecisionTreeClassifier(max_depth=2, random_state=0)


@settings(deadline=None, max_examples=50)
@given(st.integers(2, 60), st.integers(0, 100))
def test_invariants(n, seed):
    """n draws, ascending; the test rows are exactly those not drawn, and there is one."""
    for train, test in Bootstrap(3, random_state=seed).split(np.zeros((n, 1))):
        assert len(train) == n
        assert (np.diff(train) >= 0).all()
        assert sorted({*train, *test}) == list(range(n))
        assert not {*train} & {*test}
        assert test.size


def test_share_never_drawn():
    n, B = 500, 400
    left = np.array([test.size / n for _, test in Bootstrap(B, random_state=0).split(np.zeros((n, 1)))])
    expected = (1 - 1 / n) ** n
    assert abs(left.mean() - expected) < 4 * left.std() / np.sqrt(B)


def test_every_row_is_drawn_alike():
    counts = np.array(list(Bootstrap(2000, random_state=0).counts(np.zeros((20, 1)))))
    assert abs(counts.mean(axis=0) - 1).max() < 5 * np.sqrt(1 / 2000)
    assert abs(counts.var() - 19 / 20) < 0.05  # binomial(20, 1/20)


def test_reproducible():
    first, second = (list(Bootstrap(4, random_state=7).split(X)) for _ in range(2))
    assert all(np.array_equal(a[0], b[0]) for a, b in zip(first, second, strict=True))
    splitter = Bootstrap(4, random_state=7)
    for (train, _), (_, test) in zip(splitter.split(X), splitter.split(X), strict=True):
        assert not {*train} & {*test}  # the same samples at each call
    more = list(Bootstrap(9, random_state=7).split(X))
    assert all(np.array_equal(a[0], b[0]) for a, b in zip(first, more, strict=False))
    assert not np.array_equal(next(Bootstrap(1).split(X))[0], next(Bootstrap(1).split(X))[0])


@pytest.mark.parametrize("stratified", [False, True])
def test_functions_of_scikit_learn_take_it(stratified):
    cv = Bootstrap(5, stratified=stratified, random_state=0)
    model = fresh()
    by_hand = [fresh().fit(X[a], y[a]).score(X[b], y[b]) for a, b in cv.split(X, y)]
    np.testing.assert_allclose(cross_val_score(model, X, y, cv=cv), by_hand)
    np.testing.assert_allclose(cross_validate(model, X, y, cv=cv)["test_score"], by_hand)
    search = GridSearchCV(model, {"max_depth": [1, 2]}, cv=clone(cv, safe=False)).fit(X, y)
    assert search.best_params_ == {"max_depth": 2}
    np.testing.assert_allclose(
        validation_curve(model, X, y, param_name="max_depth", param_range=[2], cv=cv)[1][0], by_hand
    )
    assert learning_curve(model, X, y, cv=cv, train_sizes=np.array([150]))[1].shape == (1, 5)
    assert cv.get_n_splits() == 5
    assert repr(cv) == f"Bootstrap(n_splits=5, random_state=0, stratified={stratified})"
    assert next(iter(pickle.loads(pickle.dumps(cv)).split(X, y)))[0].size == 150


def test_groups_are_drawn_whole():
    groups = np.repeat(np.arange(30), 5)
    for counts in Bootstrap(20, random_state=0).counts(X, y, groups):
        assert (np.ptp(counts.reshape(30, 5), axis=1) == 0).all()
        assert counts[::5].sum() == 30
    text = np.array([f"p{g}" for g in groups])
    assert (
        cross_val_score(LogisticRegression(max_iter=500), X, y, groups=text, cv=Bootstrap(3, random_state=0)).size == 3
    )
    with sklearn.config_context(enable_metadata_routing=True):
        score = cross_val_score(
            DecisionTreeClassifier(), X, y, params={"groups": text}, cv=Bootstrap(3, random_state=0)
        )
    assert score.size == 3


def test_strata_keep_their_size():
    labels = np.array(["a"] * 10 + ["b"] * 3 + ["c"])
    for counts in Bootstrap(50, stratified=True, random_state=0).counts(np.zeros((14, 1)), labels):
        assert [counts[labels == c].sum() for c in "abc"] == [10, 3, 1]


@pytest.mark.parametrize("wrong", [0, -1, 2.5, "5", True, None])
def test_wrong_number_of_splits(wrong):
    with pytest.raises(ValueError, match="n_splits must be"):
        Bootstrap(wrong)


def test_edge_cases():
    with pytest.raises(ValueError, match="True or False"):
        Bootstrap(stratified="yes")  # type: ignore[arg-type]
    for n in (0, 1):
        with pytest.raises(DataError, match=f"at least 2 rows to draw from, got {n}"):
            next(Bootstrap().split(np.zeros((n, 1))))
    for train, test in Bootstrap(20, random_state=0).split(np.zeros((2, 1))):
        assert train.tolist() in ([0, 0], [1, 1])
        assert test.tolist() == [1 - train[0]]
    with pytest.raises(DataError, match="at least 2 groups"):
        next(Bootstrap().split(X, y, np.zeros(150)))
    with pytest.raises(DataError, match="give one of them"):
        next(Bootstrap(stratified=True).split(X, y, np.arange(150)))
    with pytest.raises(DataError, match="pass y"):
        next(Bootstrap(stratified=True).split(X))
    with pytest.raises(DataError, match="every class has one row"):
        next(Bootstrap(stratified=True).split(X[:3], [1, 2, 3]))
    with pytest.raises(ValueError, match="inconsistent"):
        next(Bootstrap().split(X, y[:5]))


def test_codes_and_units():
    assert codes_of(np.array([["b"], ["a"]]), "y").tolist() == [1, 0]
    with pytest.raises(DataError, match="2 missing values"):
        codes_of([1.0, np.nan, np.nan], "groups")
    with pytest.raises(DataError, match="no order"):
        codes_of(np.array([1, "a", None], dtype=object), "groups")
    with pytest.raises(DataError, match="one value for each row"):
        codes_of(np.zeros((2, 2)), "y")
    unit, strata = units_of(X, y, None, stratified=True)
    assert unit.tolist() == list(range(150))
    assert [s.size for s in strata] == [50, 50, 50]


def test_draws_come_back_from_their_seed():
    seeds = draw_seeds(3, 5)
    strata = [np.arange(40)]
    assert np.array_equal(
        draw(strata, np.random.default_rng(seeds[2])), list(Bootstrap(5, random_state=3).counts(np.zeros((40, 1))))[2]
    )
