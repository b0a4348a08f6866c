"""The matrix of a table: what becomes of each kind of column, and that nothing is learned from test rows."""

from typing import Any

import numpy as np
import pandas as pd
import pytest
import scipy.sparse as sp

from panlearn.evaluation.columns import describe_column
from panlearn.evaluation.preprocessing import make_preprocessing

n = 80
TABLE = pd.DataFrame(
    {
        "x": [1.0, 2.0, None, 4.0] * 20,
        "colour": (["red", "white"] * 36) + ["rosé", "orange", None, "green"] * 2,
        "review": [f"good wine number {i} from the hills" for i in range(n)],
        "sold": pd.date_range("2024-01-01", periods=n, freq="17D").astype(str),
        "empty": [None] * n,
    }
)


def matrix(needs=(), table=TABLE, columns=tuple(TABLE)):
    described = [describe_column(pd.Series(table[name])) for name in columns]
    return make_preprocessing(described, table, needs=needs)


def names_of(steps: Any) -> list[str]:
    return [str(name) for name in steps.get_feature_names_out()]


def test_names_of_the_features_are_readable():
    names = names_of(matrix(columns=("x", "colour", "sold", "empty")).fit(TABLE))
    assert names[:5] == ["x", "missingindicator_x", "colour_red", "colour_white", "colour_infrequent_sklearn"]
    assert "sold: weekday" in names
    assert not any("empty" in name for name in names)


@pytest.mark.parametrize("needs", [("dense",), ("dense", "codes"), ("dense", "nonnegative")])
def test_dense_means_dense_and_finite(needs):
    X = matrix(needs).fit_transform(TABLE)
    assert isinstance(X, np.ndarray)
    assert np.isfinite(X).all()
    if "nonnegative" in needs:
        assert X.min() >= 0


def test_text_keeps_the_matrix_sparse():
    assert sp.issparse(matrix(("scaled",)).fit_transform(TABLE))


def test_scaled_numbers_have_mean_zero_and_unit_variance():
    X = matrix(("scaled", "dense"), columns=("x", "sold")).fit_transform(TABLE)
    np.testing.assert_allclose(X.mean(axis=0), 0, atol=1e-12)
    np.testing.assert_allclose(X.std(axis=0)[:2], 1)


def test_nothing_is_learned_from_rows_that_are_only_transformed():
    train, test = TABLE.iloc[:40], TABLE.iloc[40:].assign(x=1e9, colour="blue", review="unheard of")
    steps = matrix(("scaled",))
    expected = steps.fit_transform(train).toarray()
    steps.transform(test)
    np.testing.assert_array_equal(steps.transform(train).toarray(), expected)


def test_chinese_is_cut_into_characters():
    table = pd.DataFrame({"评论": [f"房间{i}很好服务不错" for i in range(40)]})
    names = names_of(matrix(table=table, columns=("评论",)).fit(table))
    assert "很好" in names


def test_codes_are_one_column_a_category_column_and_new_ones_are_apart():
    table = TABLE[["colour"]]
    steps = matrix(("codes", "dense"), columns=("colour",)).fit(table)
    codes = steps.transform(pd.DataFrame({"colour": ["red", "white", "never seen"]}))
    assert codes.shape == (3, 1)
    assert codes[2, 0] == -1
    assert codes[0, 0] != codes[1, 0]


def test_native_keeps_missing_numbers_and_makes_categories():
    steps = matrix(("native",)).fit(TABLE)
    frame = steps.transform(TABLE.assign(colour=["never seen", *TABLE["colour"][1:]]))
    assert frame.dtypes.iloc[0] == "category"
    assert frame.isna().iloc[0, 0]  # a new category is no category
    assert frame.iloc[1, 0] == frame.iloc[3, 0] != frame.iloc[2, 0]
    numbers = frame.select_dtypes("number")
    x = next(numbers[name] for name in numbers if numbers[name].isna().any())
    np.testing.assert_array_equal(x, TABLE["x"])
    assert steps.transform(TABLE).dtypes.equals(frame.dtypes)
