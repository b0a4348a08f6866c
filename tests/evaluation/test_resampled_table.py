"""Tables of each library: columns told apart, rows added, kinds kept."""

import numpy as np
import pandas as pd
import polars as pl
import pytest
from scipy import sparse

from panlearn.evaluation.resampled_table import categorical_columns, codes_of, numbers_of, take, with_new_rows


def frame():
    return pd.DataFrame(
        {
            "size": [1.5, np.nan, 3.0],
            "count": np.array([1, 2, 9], np.int32),
            "kind": pd.Categorical(["a", None, "a"], categories=["a", "b"]),
            "name": ["u", "v", "u"],
            "flag": [True, False, True],
        }
    )


@pytest.mark.parametrize(
    ("chosen", "expected"),
    [
        ("auto", [2, 3, 4]),
        (None, []),
        ([1, -1], [1, 4]),
        (["kind", "count"], [1, 2]),
        ([True] + 4 * [False], [0]),
        ([], []),
    ],
)
def test_categorical_columns(chosen, expected):
    for table in (frame(), pl.from_pandas(frame())):
        assert categorical_columns(table, chosen).tolist() == expected
    assert categorical_columns(np.zeros((2, 3)), "auto").tolist() == []


@pytest.mark.parametrize("chosen", ["none", ["no such"], [7], [0.5], [True, False]])
def test_columns_that_are_not_there(chosen):
    with pytest.raises(ValueError, match="categorical_features must"):
        categorical_columns(frame(), chosen)


def test_new_rows_keep_kinds_types_and_levels():
    numeric, categorical = np.array([0, 1]), np.array([2, 3, 4])
    donors, numbers = np.array([[1, 1, 0], [0, 0, 1]]), np.array([[np.nan, 3.6], [0.5, 1.2]])
    for table in (frame(), pl.from_pandas(frame())):
        new = with_new_rows(table, numeric, numbers, categorical, donors)
        assert list(new.dtypes) == list(table.dtypes)
        assert new["count"].to_list() if isinstance(new, pl.DataFrame) else new["count"].tolist() == [1, 2, 9, 4, 1]
        below = take(new, np.array([3, 4]))
        assert list(below["name"]) == ["v", "u"]
        assert list(below["flag"]) == [True, False]
        assert list(pd.isna(np.array(list(below["kind"]), dtype=object))) == [True, False]


def test_integers_with_gaps_keep_their_gaps():
    table = pd.DataFrame({"n": pd.array([1, None, 5], dtype="Int64")})
    for table_ in (table, pl.DataFrame({"n": [1, None, 5]})):
        numbers = numbers_of(table_, np.array([0]))
        np.testing.assert_array_equal(numbers, [[1], [np.nan], [5]])
        new = with_new_rows(table_, np.array([0]), np.array([[2.4], [np.nan]]), np.empty(0, int), np.empty((2, 0), int))
        values = list(new["n"])
        assert values[3] == 2
        assert pd.isna(values[4])


def test_codes_are_equal_where_entries_are():
    for table in (frame(), pl.from_pandas(frame()), frame().to_numpy(dtype=object)):
        codes = codes_of(table, np.array([2, 3, 4]))
        np.testing.assert_array_equal(codes, [[0, 0, 0], [1, 1, 1], [0, 0, 0]])


def test_arrays():
    whole = np.arange(6).reshape(3, 2)
    new = with_new_rows(whole, np.array([0]), np.array([[1.6]]), np.array([1]), np.array([[2]]))
    np.testing.assert_array_equal(new[3:], [[2, 5]])
    assert new.dtype == whole.dtype
    thin = sparse.csr_array(whole)
    new = with_new_rows(thin, np.arange(2), sparse.csr_array([[0.0, 1.0]]), np.empty(0, int), np.empty((1, 0), int))
    np.testing.assert_array_equal(new.toarray(), [*whole.tolist(), [0, 1]])


@pytest.mark.parametrize("bad", [np.array([["a"]], dtype=object), np.array([[np.inf]])])
def test_numbers_that_are_none(bad):
    with pytest.raises(ValueError, match=r"no numbers|infinity"):
        numbers_of(bad, np.array([0]))
