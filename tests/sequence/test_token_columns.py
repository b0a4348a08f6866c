"""Columns of tokens: each word once, from any kind of sequence."""

from typing import Any

import numpy as np
import pytest

from panlearn.core.errors import DataError
from panlearn.sequence.token_columns import read_columns


def test_words_are_numbered_as_they_come():
    columns = read_columns(iter([("b", "a"), (), ("a", "c", "b")]))
    assert columns.words == [["b", "a", "c"]]
    assert columns.codes[0].tolist() == [0, 1, 1, 2, 0]
    assert columns.offsets.tolist() == [0, 2, 2, 5]


def test_tuples_become_columns():
    tuples, arrays = [("a", "N"), ("b", "N")], np.array([["a", "N"], ["b", "N"]])
    same: list[Any] = [tuples, list(map(list, tuples)), arrays]
    for x in same:
        columns = read_columns([x])
        assert columns.words == [["a", "b"], ["N"]]
        assert [codes.tolist() for codes in columns.codes] == [[0, 1], [0, 0]]


def test_no_token():
    assert read_columns([[], []]).offsets.tolist() == [0, 0, 0]
    assert read_columns([]).words == []


def test_columns_must_agree():
    with pytest.raises(DataError, match="sequence 1 of X has 1 columns a token, those before had 2"):
        read_columns([[("a", "b")], ["a"]])
