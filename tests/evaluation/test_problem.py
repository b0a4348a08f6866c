"""A problem is posed, or refused in one line."""

import numpy as np
import pandas as pd
import polars as pl
import pytest

from panlearn.core.errors import DataError
from panlearn.evaluation.problem import find_column, pose

rng = np.random.default_rng(0)
TABLE = pd.DataFrame(
    {
        "x": rng.normal(size=60),
        "site": ["a", "b", "c"] * 20,
        "day": np.repeat(np.arange(20), 3),
        "empty": [None] * 60,
        "y": rng.normal(size=60),
    }
)


def test_an_all_missing_column_is_left_out_and_said():
    problem = pose(TABLE, "y")
    assert next(column for column in problem.columns if column.name == "empty").kind == "dropped"
    assert "empty is left out: empty in every row." in problem.summary.notes


def test_rows_without_a_target_are_left_out_and_said():
    problem = pose(TABLE.assign(y=TABLE["y"].where(TABLE.index >= 3)), "y")
    assert (problem.summary.rows, len(problem.table)) == (57, 57)
    assert "3 rows without a target (y is empty) left out." in problem.summary.notes


def test_columns_that_make_the_folds_are_no_features():
    assert "site" not in pose(TABLE, "y", group="site", cv=3).table
    assert "day" not in pose(TABLE, "y", time="day").table


def test_polars_tables_are_taken():
    found = pose(pl.DataFrame({name: TABLE[name].tolist() for name in ("x", "site", "y")}), "y")
    assert [column.kind for column in found.columns] == ["numeric", "categorical"]


def test_copies_of_rows_are_noticed_and_kept_together():
    table = pd.DataFrame(rng.normal(size=(50, 4)), columns=list("abcy"))
    posed = pose(pd.concat([table, table[:10]]), "y")
    assert any(
        note.startswith("10 rows are exact copies of others: they stay in one fold") for note in posed.summary.notes
    )
    for fold in posed.splits.folds:
        assert not set(posed.table["a"].iloc[fold.train]) & set(posed.table["a"].iloc[fold.test])
    assert not any("copies" in note for note in pose(table, "y").summary.notes)
    coarse = pd.DataFrame({"a": [1, 2, 3, 4] * 20, "b": ["u", "v"] * 40, "y": rng.normal(size=80).round()})
    assert not any("copies" in note for note in pose(coarse, "y").summary.notes)  # alike by chance


def test_a_lone_row_number_is_a_feature_after_all():
    table = pd.DataFrame({"minute": range(30), "y": rng.normal(size=30)})
    assert pose(table, "y").columns[0].kind == "numeric"


@pytest.mark.parametrize(
    ("table", "arguments", "says"),
    [
        (TABLE, {"target": "Y2"}, "no column 'Y2' for the target"),
        (TABLE, {"target": "sit"}, "did you mean 'site'"),
        (TABLE, {"target": "y", "group": "sites"}, "for the group: did you mean 'site'"),
        (TABLE, {"target": "y", "time": "y"}, "different columns"),
        (TABLE, {"target": "empty"}, "empty in every row"),
        (TABLE.assign(y=1), {"target": "y"}, "one value only"),
        (TABLE[:1], {"target": "y"}, "1 row with a target"),
        (TABLE[:0], {"target": "y"}, "no rows"),
        (TABLE[["y"]], {"target": "y"}, "no column beside the target"),
        (TABLE[["empty", "y"]], {"target": "y"}, "no column is left"),
        (TABLE.rename(columns={"x": "site"}), {"target": "y"}, "two columns are called 'site'"),
        (TABLE, {"target": "y", "metric": "accuracy"}, "choose among r2"),
        (np.ones((9, 2)), {"target": "y"}, "has to be a DataFrame"),
    ],
)
def test_problems_that_cannot_be_posed(table, arguments, says):
    with pytest.raises(DataError, match=says) as caught:
        pose(table, **arguments)
    assert "\n" not in str(caught.value)


def test_unknown_column_far_from_any_lists_them():
    with pytest.raises(DataError, match="the table has x, site, day, empty, y"):
        find_column(TABLE, "temperature")
