"""Categories to codes: frames, arrays, missing, unseen, many levels, wrong input."""

import numpy as np
import pandas as pd
import pytest
from scipy import sparse

from panlearn.core.categorical_columns import encode_columns, learn_columns, n_categories
from panlearn.core.errors import DataError


def frame():
    return pd.DataFrame(
        {
            "text": ["b", None, "a", "b"],
            "number": [1.0, np.nan, 3.0, 4.0],
            "category": pd.Categorical([30, 10, 10, None], categories=[10, 20, 30]),
            "flag": [True, False, True, True],
            "nullable": pd.array([1, None, 3, 4], dtype="Int64"),
            "objects": np.array([1, None, 2.5, 4], dtype=object),
        }
    )


CODES = np.array(
    [
        [1, 1, 1, 1, 1, 1],
        [np.nan, np.nan, 0, 0, np.nan, np.nan],
        [0, 3, 0, 1, 3, 2.5],
        [1, 4, np.nan, 1, 4, 4],
    ]
)


def test_frame_by_its_types():
    X = frame()
    columns = learn_columns(X, "from_dtype")
    np.testing.assert_array_equal(columns.is_categorical, [True, False, True, True, False, False])
    np.testing.assert_array_equal(n_categories(columns), [2, 0, 2, 2, 0, 0])  # level 20 occurs in no row
    np.testing.assert_array_equal(encode_columns(X, columns), CODES)


@pytest.mark.parametrize("kind", [object, "string", "category"])
def test_text_of_any_type_gives_the_same_codes(kind):
    X = pd.DataFrame({"x": pd.Series(["b", "a", None, "c"]).astype(kind)})
    columns = learn_columns(X, "from_dtype")
    np.testing.assert_array_equal(encode_columns(X, columns)[:, 0], [1, 0, np.nan, 2])


def test_polars_gives_what_pandas_gives():
    pl = pytest.importorskip("polars")
    flags = [True, False, None, True]
    X = pl.DataFrame({"text": ["b", None, "a", "b"], "number": [1.0, None, 3.0, 4.0], "flag": flags})
    X = X.with_columns(pl.col("text").cast(pl.Categorical).alias("category"))
    columns = learn_columns(X, "from_dtype")
    np.testing.assert_array_equal(n_categories(columns), [2, 0, 2, 2])
    text, nan = [1, np.nan, 0, 1], np.nan
    expected = np.column_stack([text, [1, nan, 3, 4], [1, 0, nan, 1], text])
    np.testing.assert_array_equal(encode_columns(X, columns), expected)


@pytest.mark.parametrize("wanted", [[0], np.array([True, False]), ["colour"]])
def test_columns_are_named_in_three_ways(wanted):
    X = np.array([["red", 1.5], ["blue", 2.5], [None, 3.5]], dtype=object)
    columns = learn_columns(X, wanted, feature_names=["colour", "size"])
    np.testing.assert_array_equal(encode_columns(X, columns), [[1, 1.5], [0, 2.5], [np.nan, 3.5]])


def test_numbers_as_categories():
    X = np.array([[7.0], [-3.0], [np.nan], [7.0], [1e9]])
    columns = learn_columns(X, [0])
    np.testing.assert_array_equal(columns.levels[0], [-3.0, 7.0, 1e9])
    np.testing.assert_array_equal(encode_columns(X, columns)[:, 0], [1, 0, np.nan, 1, 2])
    np.testing.assert_array_equal(encode_columns(X.astype(np.float32), columns)[:, 0], [1, 0, np.nan, 1, 2])
    unseen = np.array([[7.0], [8.0], [-1e300], [1e300], [np.inf]])
    np.testing.assert_array_equal(encode_columns(unseen, columns)[:, 0], [1, np.nan, np.nan, np.nan, np.nan])


def test_unseen_categories_are_missing():
    columns = learn_columns(frame(), "from_dtype")
    new = frame().assign(text=["a", "z", "", "b"], category=pd.Categorical([20, 30, 10, 99]))
    codes = encode_columns(new, columns)
    np.testing.assert_array_equal(codes[:, 0], [0, np.nan, np.nan, 1])
    np.testing.assert_array_equal(codes[:, 2], [np.nan, 1, 0, np.nan])


def test_ten_thousand_levels():
    rng = np.random.default_rng(0)
    codes = np.concatenate([np.arange(10_000), rng.integers(0, 10_000, 20_000)])
    names = np.array([f"level {k:05d}" for k in range(10_000)], dtype=object)
    X = pd.DataFrame({"text": names[codes], "category": pd.Categorical(names[codes]), "number": codes * 3})
    columns = learn_columns(X, [0, 1, 2])
    np.testing.assert_array_equal(n_categories(columns), 10_000)
    np.testing.assert_array_equal(encode_columns(X, columns), np.repeat(codes[:, None], 3, axis=1))


def test_column_without_any_value():
    X = pd.DataFrame({"x": pd.Series([None, None], dtype="category"), "y": [1.0, 2.0]})
    columns = learn_columns(X, "from_dtype")
    assert n_categories(columns)[0] == 0
    assert np.isnan(encode_columns(X, columns)[:, 0]).all()
    assert np.isnan(encode_columns(X.assign(x=pd.Categorical(["a", "b"])), columns)[:, 0]).all()


def test_levels_of_mixed_kinds():
    X = np.array([["a"], [1], [None], [2.5], ["b"]], dtype=object)
    columns = learn_columns(X, [0])
    codes = encode_columns(X, columns)[:, 0]
    assert np.isnan(codes[2])
    assert sorted(codes[[0, 1, 3, 4]]) == [0, 1, 2, 3]


def test_none_is_categorical_without_being_asked():
    X = np.arange(6.0).reshape(3, 2)
    for wanted in (None, "from_dtype", []):
        assert not learn_columns(X, wanted).is_categorical.any()
    np.testing.assert_array_equal(encode_columns(X, learn_columns(X, None)), X)


@pytest.mark.parametrize(
    ("wanted", "message"),
    [
        ("colour", "must be None"),
        ([0.5], "bool, int or str"),
        ([True, False], "boolean mask must have shape"),
        ([6], r"\[0, n_features - 1\]"),
        ([-1], r"\[0, n_features - 1\]"),
        (["colour"], "not a valid feature name"),
    ],
)
def test_wrong_choice_of_columns(wanted, message):
    with pytest.raises(DataError, match=message):
        learn_columns(frame(), wanted)


def test_wrong_data():
    X = np.array([["red", 1.5], ["blue", 2.5]], dtype=object)
    with pytest.raises(DataError, match=r"Column 0 .*'red'.* not categorical"):
        encode_columns(X, learn_columns(X, None))
    with pytest.raises(DataError, match="no feature names"):
        learn_columns(X, ["colour"])
    columns = learn_columns(X, [0])
    with pytest.raises(DataError, match="held text in fit"):
        encode_columns(np.ones((2, 2)), columns)
    with pytest.raises(DataError, match="held numbers in fit"):
        encode_columns(X, learn_columns(np.ones((2, 2)), [0]))
    with pytest.raises(DataError, match="3 features"):
        encode_columns(np.ones((2, 3)), columns)
    with pytest.raises(TypeError, match="argument must be a string or a real number"):
        learn_columns(np.array([[{"a": 1}]], dtype=object), [0])
    with pytest.raises(DataError, match="dense"):
        learn_columns(sparse.csr_array(np.ones((2, 2))), [0])
