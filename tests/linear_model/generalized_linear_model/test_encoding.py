"""Data frames, arrays and masks give the same rows; names and places of the parameters."""

# pyright: reportCallIssue=false, reportArgumentType=false, reportOptionalSubscript=false

import numpy as np
import pandas as pd
import polars as pl
import pytest
import scipy.sparse as sp

from panlearn.linear_model.generalized_linear_model.encoding import learn

TABLE = pd.DataFrame(
    {
        "a": [1.0, 2.0, 3.0, 4.0],
        "size": pd.Categorical(["L", "S", "M", "S"], categories=["S", "M", "L", "XL"], ordered=True),
        "b": [5, 6, 7, 8],
        "town": ["x", "z", "x", "y"],
    }
)
NAMES = tuple(TABLE.columns)
SIZES = pl.Enum(["S", "M", "L", "XL"])


@pytest.mark.parametrize(
    "table",
    [
        TABLE,
        TABLE.astype({"town": object}),
        TABLE.astype({"town": "category"}),
        pl.DataFrame(
            {"a": TABLE.a, "size": pl.Series(list(TABLE["size"]), dtype=SIZES), "b": TABLE.b, "town": TABLE.town}
        ),
        pl.DataFrame(
            {
                "a": TABLE.a,
                "size": pl.Series(list(TABLE["size"]), dtype=SIZES),
                "b": TABLE.b,
                "town": pl.Series(list(TABLE.town)).cast(pl.Categorical),
            }
        ),
    ],
    ids=["pandas", "object", "category", "polars", "polars categorical"],
)
def test_tables(table):
    """Levels in the order declared, or sorted; those that never occur are left out."""
    encoding = learn(table, NAMES, "from_dtype")
    assert encoding.numeric == (0, 2)
    assert [levels.tolist() for levels in encoding.categories] == [["S", "M", "L"], ["x", "y", "z"]]
    rows = encoding.rows(table)
    np.testing.assert_array_equal(rows.numeric, [[1, 5], [2, 6], [3, 7], [4, 8]])
    np.testing.assert_array_equal(rows.codes, [[2, 0], [0, 2], [1, 0], [0, 1]])
    assert encoding.parameters(True)[0] == ["a", "size[M]", "size[L]", "b", "town[y]", "town[z]"]
    assert encoding.kept(True, True).tolist() == [0, 3, 4, 1, 6, 7, 8]
    assert len(encoding.parameters(False)[0]) == 8


@pytest.mark.parametrize("chosen", [[1], ["x1"], [False, True], [-1]])
def test_arrays(chosen):
    X = np.array([[0.5, 7], [1.5, 3], [2.5, 7]])
    encoding = learn(X, ("x0", "x1"), chosen)
    assert encoding.categories[0].tolist() == [3, 7]
    assert encoding.rows(X).codes[:, 0].tolist() == [1, 0, 1]
    negative = learn(X - 5, ("x0", "x1"), chosen)
    assert negative.categories[0].tolist() == [-2, 2]


def test_offset_columns():
    encoding = learn(TABLE, NAMES, "from_dtype", offset="a", exposure="b")
    assert encoding.numeric == ()
    np.testing.assert_allclose(encoding.rows(TABLE).offset, TABLE.a + np.log(TABLE.b))


def test_neighbouring_columns_are_not_copied():
    X = np.zeros((3, 4))
    assert np.shares_memory(learn(X, tuple("abcd"), [3]).rows(X).numeric, X)


def test_edge_cases():
    encoding = learn(TABLE, NAMES, "from_dtype")
    with pytest.raises(ValueError, match="'town' has the level 'w'"):
        encoding.rows(TABLE.assign(town="w"))
    with pytest.raises(ValueError, match="'town' has missing values"):
        learn(TABLE.assign(town=["x", None, "y", "z"]), NAMES, "from_dtype")
    with pytest.raises(ValueError, match="'size' has missing values"):
        learn(TABLE.assign(size=pd.Categorical(["S", None, "M", "L"])), NAMES, "from_dtype")
    with pytest.raises(ValueError, match="'b' has missing values"):
        learn(pl.DataFrame({"a": [1.0], "b": pl.Series([None], dtype=pl.String)}), ("a", "b"), "from_dtype")
    with pytest.raises(ValueError, match="categorical_features must hold"):
        learn(np.zeros((2, 2)), ("a", "b"), ["c"])
    with pytest.raises(ValueError, match="a sparse X is encoded already"):
        learn(sp.csr_array((2, 2)), ("a", "b"), [0])
    with pytest.raises(ValueError, match="exposure must be"):
        learn(TABLE, NAMES, "from_dtype", exposure="a").rows(TABLE.assign(a=0.0))
