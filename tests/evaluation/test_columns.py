"""Kinds of columns, and tables that come in another form than in training."""

import numpy as np
import pandas as pd
import pytest

from panlearn.core.errors import DataError
from panlearn.evaluation.columns import DateParts, TableColumns, date_format, describe_column

n = 60
rng = np.random.default_rng(0)
COLUMNS = {
    "measurement": (rng.normal(size=n), "numeric"),
    "whole numbers": (rng.integers(0, 9, n), "numeric"),
    "nullable whole numbers": (pd.array([1, None, 3] * 20, dtype="Int64"), "numeric"),
    "few words": (["red", "white", None] * 20, "categorical"),
    "truth": ([True, False] * 30, "categorical"),
    "one value or missing": (["yes", None] * 30, "categorical"),
    "sentences": ([f"the {i}th of these wines is good" for i in range(n)], "text"),
    "Chinese": ([f"这个酒店非常好第{i}次入住" for i in range(n)], "text"),
    "ISO dates": (pd.date_range("2024-01-01", periods=n).astype(str), "date"),
    "timestamps": (pd.date_range("2024-01-01", periods=n), "date"),
    "dates with dots": ([f"{1 + i % 28}.02.2024" for i in range(n)], "date"),
    "empty": ([None] * n, "dropped"),
    "constant": ([7] * n, "dropped"),
    "row number": (np.arange(n)[::-1] + 1, "dropped"),
    "customer_id": (np.arange(n) * 7 + 3, "dropped"),
    "code": ([f"K{i:04d}" for i in range(n)], "dropped"),
}


@pytest.mark.parametrize("name", COLUMNS)
def test_kind(name):
    values, kind = COLUMNS[name]
    described = describe_column(pd.Series(values, name=name))
    assert described.kind == kind
    assert bool(described.note) == (kind == "dropped" or name == "one value or missing")


def test_day_first_is_told_from_any_day_beyond_the_twelfth():
    assert date_format(pd.Series(["03/04/2024", "04/05/2024"])) == "%m/%d/%Y"
    assert date_format(pd.Series(["03/04/2024", "13/05/2024"])) == "%d/%m/%Y"
    assert date_format(pd.Series(["03/04/2024", "soon"])) == ""


def test_columns_keep_the_kind_of_training():
    columns = TableColumns({"x": "numeric", "c": "categorical"}).fit(pd.DataFrame({"x": [1], "c": [3]}))
    found = columns.transform(pd.DataFrame({"c": [3.0, None], "other": [1, 2], "x": ["4", "unknown"]}))
    assert found["x"].tolist()[0] == 4.0
    assert np.isnan(found["x"].iloc[1])
    assert found["c"].tolist() == ["3", "(missing)"]


def test_nullable_and_infinite_numbers_become_missing():
    columns = TableColumns({"x": "numeric"})
    assert columns.fit_transform(pd.DataFrame({"x": pd.array([1, None], dtype="Int64")}))["x"].isna().sum() == 1
    assert columns.fit_transform(pd.DataFrame({"x": [1.0, np.inf]}))["x"].isna().sum() == 1


def test_absent_column_is_named():
    columns = TableColumns({"x": "numeric"}).fit(pd.DataFrame({"x": [1]}))
    with pytest.raises(DataError, match="no column 'x'"):
        columns.transform(pd.DataFrame({"y": [1]}))


def test_dates_read_as_text_or_as_time_give_the_same_parts():
    texts = pd.DataFrame({"d": ["2024-02-29", "1969-12-31", None]})
    times = texts.assign(d=pd.to_datetime(texts["d"]))
    columns = TableColumns({"d": "date"}).fit(texts)
    parts = [DateParts().fit_transform(columns.transform(table)) for table in (texts, times)]
    np.testing.assert_array_equal(*parts)
    np.testing.assert_array_equal(parts[0][1], [-1, 1969, 12, 31, 2, 0])  # a Wednesday
    assert np.isnan(parts[0][2]).all()
