"""No fold tests a row it has trained on, nor its group, nor its future."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from panlearn.core.errors import DataError
from panlearn.evaluation.splits import make_splits
from panlearn.evaluation.tasks import Target


def amounts(n):
    return Target(np.arange(n, dtype=float), "regression", (), ())


def labels(values):
    return Target(np.array(values), "multiclass", tuple(sorted(set(values))), ())


@given(n=st.integers(10, 60), cv=st.integers(2, 5), seed=st.integers(0, 99))
@settings(max_examples=30, deadline=None)
def test_folds_partition_the_rows(n, cv, seed):
    for target in (amounts(n), labels(["a", "b"] * (n // 2) + ["a"] * (n % 2))):
        folds = make_splits(target, cv=cv, seed=seed).folds
        assert sorted(np.concatenate([fold.test for fold in folds])) == list(range(n))
        assert all(not set(fold.train) & set(fold.test) for fold in folds)
        assert all(len(fold.train) + len(fold.test) == n for fold in folds)


def test_same_seed_same_folds_other_seed_other_folds():
    first, again, other = (make_splits(amounts(40), seed=seed).folds[0].test for seed in (1, 1, 2))
    np.testing.assert_array_equal(first, again)
    assert set(first) != set(other)


def test_classes_keep_their_shares():
    target = labels(["a"] * 80 + ["b"] * 20)
    for fold in make_splits(target, cv=4).folds:
        assert np.sum(target.values[fold.test] == "b") == 5


def test_a_rare_class_is_dealt_out_and_said():
    splits = make_splits(labels(["a"] * 20 + ["b"] * 20 + ["c"] * 2), cv=5)
    assert splits.notes == ("Class c has 2 rows: not every fold can test it.",)
    assert sum(len(fold.test) for fold in splits.folds) == 42


@given(groups=st.lists(st.integers(0, 8), min_size=30, max_size=60), classes=st.booleans())
@settings(max_examples=30, deadline=None)
def test_a_group_is_never_on_both_sides(groups, classes):
    n, column = len(groups), pd.Series(groups, name="patient")
    target = labels((["a", "b"] * n)[:n]) if classes else amounts(n)
    try:
        folds = make_splits(target, cv=3, group=column).folds
    except DataError:
        return  # too few groups, or a fold without a second class
    for fold in folds:
        assert not set(column[fold.train]) & set(column[fold.test])


@given(times=st.lists(st.integers(0, 30), min_size=30, max_size=60))
@settings(max_examples=30, deadline=None)
def test_training_is_always_before_testing(times):
    column = pd.Series(times, name="day")
    if column.nunique() <= 4:
        return
    for fold in make_splits(amounts(len(times)), cv=4, time=column).folds:
        assert column[fold.train].max() < column[fold.test].min()  # strictly: equal times stay together


@given(copies=st.lists(st.integers(0, 20), min_size=30, max_size=60), classes=st.booleans())
@settings(max_examples=30, deadline=None)
def test_copies_are_never_on_both_sides(copies, classes):
    codes = np.array(copies)
    if len(set(copies)) < 12:
        return
    target = labels([("a", "b")[code % 2] for code in copies]) if classes else amounts(len(copies))
    try:
        folds = make_splits(target, cv=3, copies=codes).folds
    except DataError:
        return  # one class is too rare
    assert sorted(np.concatenate([fold.test for fold in folds])) == list(range(len(copies)))
    for fold in folds:
        assert not set(codes[fold.train]) & set(codes[fold.test])


def test_dates_order_by_time_not_by_text():
    dates = pd.Series([f"{day}.{month}.2024" for month in (9, 10, 11) for day in (1, 12, 20)], name="day")
    first = make_splits(amounts(9), cv=2, time=dates).folds[0]
    assert first.train.tolist() == [0, 1, 2]
    assert first.test.tolist() == [3, 4, 5]


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        ({"cv": 1}, "at least 2"),
        ({"cv": 20}, "use at most 15 folds"),
        ({"group": pd.Series([1, 2] * 15, name="g")}, "2 groups for 5 folds"),
        ({"group": pd.Series([1.0, None] * 15, name="g")}, "15 empty cells"),
        ({"time": pd.Series([1, 2] * 15, name="t")}, "2 different times"),
        ({"time": pd.Series(["soon"] * 30, name="t")}, "holds 'soon'"),
        ({"time": pd.Series(range(30)), "group": pd.Series(range(30))}, "cannot be combined"),
    ],
)
def test_splits_that_cannot_be_made(arguments, says):
    with pytest.raises(DataError, match=says):
        make_splits(amounts(30), **arguments)


def test_classes_too_small_for_the_folds():
    with pytest.raises(DataError, match="every class has fewer than 5 rows"):
        make_splits(labels(["a", "b", "c", "d"] * 4), cv=5)
