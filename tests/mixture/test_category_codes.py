"""Categories as columns of zeros and ones."""

import numpy as np
import pandas as pd
import pytest
from sklearn.preprocessing import OneHotEncoder

from panlearn.core.errors import DataError
from panlearn.mixture.category_codes import find_categories, indicators, missing_in


@pytest.mark.parametrize(
    "X",
    [
        np.array([[3, 1], [2, 1], [3, 5]]),
        np.array([[3.5, -1], [2, 1], [3.5, 5]], dtype=np.float32),
        np.array([["b", "x"], ["a", "x"], ["b", "y"]]),
        np.array([["b", 1], ["a", 2], ["b", 1]], dtype=object),
        np.array([[True], [False]]),
    ],
)
def test_indicators_are_those_of_one_hot_encoding(X):
    categories, encoder = find_categories(X), OneHotEncoder().fit(X)
    for ours, theirs in zip(categories, encoder.categories_, strict=True):
        assert ours.tolist() == theirs.tolist()
    found = indicators(X, categories, ignore_unknown=False)
    np.testing.assert_array_equal(found.toarray(), encoder.transform(X).toarray())


def test_missing_values_have_no_column():
    X = np.array([["b", None], [np.nan, 2.0], [pd.NA, 1.0]], dtype=object)
    assert missing_in(X[:, 0]).tolist() == [False, True, True]
    categories = find_categories(X)
    assert [values.tolist() for values in categories] == [["b"], [1.0, 2.0]]
    np.testing.assert_array_equal(
        indicators(X, categories, ignore_unknown=False).toarray(), [[1, 0, 0], [0, 0, 1], [0, 1, 0]]
    )
    assert missing_in(np.array(["nan"])).tolist() == [False]


def test_values_that_were_not_there():
    categories = find_categories(np.array([[1.0], [3.0]]))
    with pytest.raises(DataError, match=r"Column 0 of X holds 2.0"):
        indicators(np.array([[2.0]]), categories, ignore_unknown=False)
    np.testing.assert_array_equal(indicators(np.array([[9.0]]), categories, ignore_unknown=True).toarray(), [[0, 0]])
    nothing = find_categories(np.array([[np.nan]]))
    assert indicators(np.array([[1.0]]), nothing, ignore_unknown=True).shape == (1, 0)


def test_values_that_cannot_be_categories():
    with pytest.raises(DataError, match="mixes kinds"):
        find_categories(np.array([["a"], [1]], dtype=object))
    with pytest.raises(DataError, match="infinity"):
        find_categories(np.array([[1.0], [np.inf]]))
