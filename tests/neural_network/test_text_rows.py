"""Texts to numbers: words, vocabulary, vectors, and what is refused."""

from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

from panlearn.core.errors import DataError
from panlearn.neural_network.text_rows import (
    WORDS,
    documents,
    found_vectors,
    numbered,
    tokenizer,
    vector_table,
    vocabulary,
)


def test_documents():
    texts = ["a b", "c"]
    frame = pd.DataFrame({"text": texts})
    for X in (texts, tuple(texts), np.array(texts), np.array(texts, dtype=object)[:, None], frame, frame.text):
        assert documents(X) == texts
    assert documents([["a", "b"], ("c",)]) == [["a", "b"], ("c",)]


@pytest.mark.parametrize(
    ("X", "words"),
    [
        ("one text", "pass \\[text\\]"),
        (None, "NoneType"),
        (3, "int"),
        ([], "0 sample"),
        (np.array([["a", "b"]]), "text column"),
        (np.eye(3), "text column"),
        (["a", None], "text 1 is a NoneType"),
        (["a", float("nan")], "fill missing"),
        ([b"a"], "decode"),
        ([["a", 3]], "strings"),
        ({"a": 1}, "dict"),
    ],
)
def test_documents_refuses(X, words):
    with pytest.raises(DataError, match=words):
        documents(X)


def test_tokenizer():
    cut = tokenizer("word", WORDS, True)
    assert cut("It's GOOD, isn't it?! 3.5") == ["it's", "good", ",", "isn't", "it", "?", "!", "3", ".", "5"]
    assert cut(["As", "it is"]) == ["As", "it is"]
    assert cut("") == []
    assert tokenizer("char", WORDS, False)("好A") == ["好", "A"]
    assert tokenizer(str.split, WORDS, True)("a  b") == ["a", "b"]


def test_vocabulary():
    texts = [["b", "a", "b"], ["c", "b"], ["a"]]
    assert vocabulary(texts, 1, None) == {"b": 1, "a": 2, "c": 3}
    assert vocabulary(texts, 2, None) == {"b": 1, "a": 2}
    assert vocabulary(texts, 1, 1) == {"b": 1}
    assert vocabulary([[], []], 1, None) == {}


def test_numbered():
    rows = numbered([["a", "x", "b"], [], ("b",)], {"a": 1, "b": 2}, None)
    assert rows.values.tolist() == [1, 0, 2, 0, 2]
    assert rows.lengths().tolist() == [3, 1, 1]
    assert numbered([["a", "x", "b"], []], {"a": 1}, 2).values.tolist() == [1, 0, 0]


def test_vectors():
    keyed = SimpleNamespace(key_to_index={"a": 1, "z": 0}, vectors=np.array([[0.0, 1.0], [2.0, 3.0]]))
    for vectors in (keyed, {"a": [2, 3], "z": [0, 1]}, pd.Series({"a": [2, 3], "z": [0, 1]})):
        table = vector_table({"b": 1, "a": 2}, vectors)
        assert table.dtype == np.float32
        np.testing.assert_array_equal(table, [[0, 0], [np.nan, np.nan], [2, 3]])
        rows, known = found_vectors({"b": 1, "a": 2}, vectors)
        assert rows.tolist(), known.tolist() == ([2], [[2, 3]])


@pytest.mark.parametrize(
    ("vectors", "words"),
    [
        ({"z": [1.0]}, "none of the 2"),
        ({"a": [1.0], "b": [1.0, 2.0]}, "one length"),
        ({"a": 1.0}, "one length"),
        ({"a": [np.inf]}, "infinity"),
        (3, "map words"),
        ([1.0], "map words"),
    ],
)
def test_bad_vectors(vectors, words):
    with pytest.raises(DataError, match=words):
        vector_table({"a": 1, "b": 2}, vectors)
