"""The table of the module's docstring, row by row."""

import numpy as np
import pandas as pd
import pytest

from panlearn.core.errors import DataError
from panlearn.datasets import load_wine_quality
from panlearn.evaluation.tasks import infer_task, prepare_target

rng = np.random.default_rng(0)
TARGETS = {
    "texts, two": (["yes", "no"] * 20, "binary"),
    "truth values": ([True, False, True], "binary"),
    "texts, three": (["a", "b", "c"] * 9, "multiclass"),
    "numbers, two": ([1, 2] * 20, "binary"),
    "two and missing": ([1.0, 2.0, None], "binary"),
    "fractions": ([0.5, 1.5, 2.5], "regression"),
    "claims": (rng.poisson(0.6, 1000), "counts"),
    "codes 0, 1, 2": ([0, 1, 2] * 50, "multiclass"),
    "unequal codes 0, 1, 2": ([0] * 80 + [1] * 15 + [2] * 5, "multiclass"),
    "digits": (np.arange(1000) % 10, "multiclass"),
    "passenger class": ([1, 2, 3, 3] * 20, "multiclass"),
    "years": (np.arange(1900, 2000), "regression"),
    "prices": (rng.integers(15_000, 500_000, 500), "regression"),
    "large counts are amounts": (rng.poisson(300, 500), "regression"),
    "grades with rare ends": (load_wine_quality()["quality"], "regression"),
}


@pytest.mark.parametrize("case", TARGETS)
def test_task_is_inferred(case):
    values, task = TARGETS[case]
    assert infer_task(pd.Series(values, name="y")) == task


def test_choice_between_classes_and_amounts_is_said_and_can_be_overruled():
    quality = pd.Series(load_wine_quality()["quality"])
    assert "task multiclass" in prepare_target(quality).notes[0]
    overruled = prepare_target(quality, "multiclass")
    assert (overruled.classes, overruled.notes) == (("3", "4", "5", "6", "7", "8", "9"), ())


def test_labels_are_ordered_as_values_not_as_texts():
    assert prepare_target(pd.Series([2, 10, 9] * 5, name="y"), "multiclass").classes == ("2", "9", "10")


def test_whole_floats_are_the_labels_of_the_integers():
    assert prepare_target(pd.Series([1.0, 2.0, 1.0])).classes == ("1", "2")


@pytest.mark.parametrize(
    ("values", "task", "says"),
    [
        (["a"] * 5, None, "one value only"),
        ([None] * 5, None, "empty in every row"),
        (["a", "b", "c"] * 5, "binary", "use multiclass"),
        (["a", "b", "c"] * 5, "regression", "holds 'a'"),
        ([-1, 0, 5] * 5, "counts", "reaches -1"),
        ([1.0, np.inf, 2.5], None, "infinite"),
        ([f"text {i}" for i in range(300)], None, "too many for classes"),
        ([1, 2, 3], "clustering", "task must be one of"),
    ],
)
def test_targets_that_cannot_be_learned(values, task, says):
    with pytest.raises(DataError, match=says):
        prepare_target(pd.Series(values, name="y"), task)
