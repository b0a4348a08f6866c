"""Rows that each class shall have, as imbalanced-learn reads `sampling_strategy`."""

import numpy as np
import pytest

from panlearn.evaluation.class_targets import class_targets

THREE = np.repeat(["a", "b", "c"], [10, 4, 2])
TWO = np.repeat([0, 1], [10, 4])


@pytest.mark.parametrize(
    ("name", "up", "down"),
    [
        ("auto", {"b": 10, "c": 10}, {"a": 2, "b": 2}),
        ("all", {"a": 10, "b": 10, "c": 10}, {"a": 2, "b": 2, "c": 2}),
        ("not minority", {"a": 10, "b": 10}, {"a": 2, "b": 2}),
        ("not majority", {"b": 10, "c": 10}, {"b": 2, "c": 2}),
        ("minority", {"c": 10}, None),
        ("majority", None, {"a": 2}),
    ],
)
def test_names(name, up, down):
    for expected, upward in ((up, True), (down, False)):
        if expected is None:
            with pytest.raises(ValueError, match="sampling_strategy must be"):
                class_targets(THREE, name, up=upward)
        else:
            assert class_targets(THREE, name, up=upward) == expected


def test_shares_numbers_and_functions():
    assert class_targets(TWO, 0.5, up=True) == {1: 5}
    assert class_targets(TWO, 0.5, up=False) == {0: 8}
    assert class_targets(TWO, 1, up=False) == {0: 4}
    assert class_targets(TWO, {np.int64(1): 7}, up=True) == {1: 7}
    assert class_targets(TWO, lambda y: {0: (y == 1).sum()}, up=False) == {0: 4}


@pytest.mark.parametrize(
    ("y", "strategy", "up", "message"),
    [
        (TWO, 0.3, True, "asks for 3 rows of class 1, which has 4"),
        (TWO, 0.3, False, "asks for 13 rows"),
        (TWO, 1.5, True, "share"),
        (THREE, 0.5, True, "two classes"),
        (TWO, {2: 5}, True, "not present"),
        (TWO, {1: 2}, True, "use strategy='down'"),
        (TWO, {1: 6}, False, "use strategy='up'"),
        (TWO, {1: -1}, True, "at least 0"),
        (TWO, {1: 4.5}, True, "whole numbers"),
        (TWO, "some", True, "must be"),
        (TWO, None, True, "must be"),
        (np.zeros(5), "auto", True, "more than 1 class"),
    ],
)
def test_what_cannot_be_done(y, strategy, up, message):
    with pytest.raises(ValueError, match=message):
        class_targets(y, strategy, up=up)
