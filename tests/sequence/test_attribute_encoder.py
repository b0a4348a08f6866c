"""Attribute encoder: numbers and names, values, matrices, hashes, streams, bad data."""

import pickle
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import sparse
from sklearn.exceptions import NotFittedError

import panlearn
from panlearn.core.errors import DataError
from panlearn.sequence import AttributeEncoder
from panlearn.sequence.attribute_items import collect

TOKENS = st.dictionaries(st.sampled_from("abc"), st.sampled_from(["x", "y", 1, 0.5, True, ["p", "q"]])) | st.lists(
    st.sampled_from(["a:x", "b", "z"])
)
SEQUENCES = st.lists(st.lists(TOKENS, max_size=4), min_size=1, max_size=4)


def rows_of(encoded, names):
    """Names and values of each token."""
    values = np.ones(len(encoded.indices)) if encoded.values is None else encoded.values
    edges = zip(encoded.indptr[:-1], encoded.indptr[1:], strict=True)
    return [[(names[j], v) for j, v in zip(encoded.indices[a:b], values[a:b], strict=True)] for a, b in edges]


def by_hand(X):
    rows = []
    for token in (token for sequence in X for token in sequence):
        names, values = [], {}
        collect(token, names, values)
        rows.append([(name, values.get(place, 1.0)) for place, name in enumerate(names)])
    return rows


@settings(deadline=None, max_examples=60)
@given(SEQUENCES, SEQUENCES)
def test_rows_are_those_of_the_tokens(X, other):
    encoder = AttributeEncoder()
    encoded = encoder.fit_transform(iter(X))
    rows = by_hand(X)
    names = encoder.names_ or []
    assert rows_of(encoded, names) == rows
    assert names == list(dict.fromkeys(name for row in rows for name, _ in row))
    assert encoded.n_attributes == encoder.n_attributes_ == len(names)
    assert encoded.offsets.tolist() == np.cumsum([0, *map(len, X)]).tolist()
    assert (encoded.values is None) == all(v == 1 for row in rows for _, v in row)
    assert (encoded.indptr.dtype, encoded.indices.dtype) == (np.int64, np.int32)
    known = set(names)
    left = [[pair for pair in row if pair[0] in known] for row in by_hand(other)]
    assert rows_of(encoder.transform(iter(other)), names) == left


def test_values_of_zero_are_listed_apart():
    encoder = AttributeEncoder()
    X = [[{"a": 1, "b": False}, {"c": 2.0, "d": 0}], [{"b": True, "a": 0.0}]]
    for rows in (encoder.fit_transform(X), encoder.transform(X), encoder.transform(X)):
        assert rows_of(rows, encoder.names_) == [[("a", 1.0)], [("c", 2.0)], [("b", 1.0)]]
        assert rows.zeros is not None
        assert rows.zeros.tolist() == [[0, 1], [1, 3], [2, 0]]
    assert encoder.transform([[{"never": 0}]]).zeros is None


def test_values_begin_late():
    encoded = AttributeEncoder().fit_transform([[{"a": 1}], [{"a": 2}], [["a"]]])
    assert encoded.values is not None
    assert encoded.values.tolist() == [1.0, 2.0, 1.0]


def test_hashes_are_numbers_of_names():
    X = [[{"a": "x", "b": 2.0}], [["a:x"]]]
    encoder = AttributeEncoder(hashed=True, n_hashed=1000).fit(X)
    first, other = encoder.transform(X), AttributeEncoder(hashed=True, n_hashed=1000).fit_transform([[["a:x"]]])
    assert first.indices[0] == first.indices[2] == other.indices[0]
    assert first.indices[0] != first.indices[1]
    assert first.n_attributes == 1000
    assert encoder.names_ is None
    assert encoder.transform([[["new"]]]).indptr.tolist() == [0, 1]


def test_matrices():
    dense = np.array([[1.0, 0.0, 2.0], [0.0, 0.0, 0.0]])
    for X in ([dense, dense[:1]], [sparse.csr_matrix(dense), sparse.coo_array(dense[:1])], iter([dense, dense[:1]])):
        encoder = AttributeEncoder()
        encoded = encoder.fit_transform(X)
        table = sparse.csr_array((encoded.values, encoded.indices, encoded.indptr), shape=(3, 3))
        np.testing.assert_array_equal(table.toarray(), dense[[0, 1, 0]])
        assert encoded.offsets.tolist() == [0, 2, 3]
        assert encoder.names_ == ["x0", "x1", "x2"]
        assert encoder.transform([]).n_attributes == 3
    assert AttributeEncoder().fit_transform([dense > 1]).values is None
    with pytest.raises(DataError, match="sequence 1 of X has 2 attributes, but 3"):
        AttributeEncoder().fit([dense, dense[:, :2]])
    with pytest.raises(DataError, match="NaN"):
        AttributeEncoder().fit([dense * np.nan])


@pytest.mark.parametrize("hashed", [False, True])
def test_state_survives(tmp_path, hashed):
    X = [[{"word": "é\n", "n": 0.5}], []]
    encoder = AttributeEncoder(hashed=hashed)
    rows = encoder.fit_transform(X)
    copies: list[Any] = [pickle.loads(pickle.dumps(encoder)), panlearn.load(panlearn.save(encoder, tmp_path / "e"))]
    for copy in copies:
        np.testing.assert_array_equal(copy.transform(X).indices, rows.indices)
        assert copy.names_ == encoder.names_
    with pytest.raises(NotFittedError):
        AttributeEncoder().transform(X)


def test_empty():
    encoder = AttributeEncoder().fit([[], [{}], [["a"]]])
    assert encoder.transform([]).offsets.tolist() == [0]
    assert encoder.transform([[], [{}, {"b": 1}]]).indptr.tolist() == [0, 0, 0]
    assert AttributeEncoder().fit_transform([[]]).n_attributes == 0


@pytest.mark.parametrize(
    ("X", "message"),
    [
        ([], "no sequence"),
        ("ab", "got str"),
        (None, "got NoneType"),
        ({"a": 1}, "got dict"),
        ([{"a": 1}], "sequence 0 of X is a dict"),
        (["ab"], "sequence 0 of X is a str"),
        ([[["a"]], [["a"], ["b"], {"a": np.nan}]], "token 2 of sequence 1 of X: the attribute 'a' has the value nan"),
        ([["the", "dog"]], "token 0 of sequence 0 of X: it is 'the'"),
        (sparse.eye_array(3), "pass .X."),
    ],
)
def test_bad_data(X, message):
    with pytest.raises(DataError, match=message):
        AttributeEncoder().fit(X)
