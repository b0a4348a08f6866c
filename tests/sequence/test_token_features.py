"""Token features: string by string, what the defaults mean, unknown words, columns, bad data."""

import pickle
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.exceptions import NotFittedError

import panlearn
from panlearn.core.errors import DataError
from panlearn.sequence import TokenFeatures
from tests.oracles import token_features as oracle

WORDS = ["The", "dog", "McDonald's", "B-52", "é", "{x}", "%x[0,0]", "ΑΒγ", "房间", "walking"]
TEMPLATES = [
    "U%x[-1,0]/%X[0,0]/%x[2,0]",
    "s=%suffix2[1,0]|%shape[0,0]",
    "P=%Prefix3[-2,0]",
    't:%t[0,0,"^[A-Z]"]%m[0,0,"[0-9]+"]',
    "const",
    "{}%x[0,0]%x[-1,0]%x[1,0]%x[-2,0]",
]
SEQUENCES = st.lists(st.lists(st.sampled_from(WORDS), max_size=6), min_size=1, max_size=4).filter(any)


def named(rows, names):
    return [{names[j] for j in rows.indices[a:b]} for a, b in zip(rows.indptr[:-1], rows.indptr[1:], strict=True)]


@settings(deadline=None, max_examples=60)
@given(SEQUENCES, SEQUENCES, st.booleans())
def test_matches_oracle(X, other, own):
    features = TokenFeatures(templates=TEMPLATES) if own else TokenFeatures(window=3, affixes=(2, 3))
    rows = features.fit_transform(X)
    expected = oracle.rows(X, features.templates_)
    assert named(rows, features.names_) == expected
    assert rows.n_attributes == features.n_attributes_ == len(set(features.names_)) == len(set().union(*expected))
    assert [features._names()[j] for j in range(-2, 1)] == [features.names_[j] for j in range(-2, 1)]
    known = set(features.names_)
    assert named(features.transform(other), features.names_) == [
        row & known for row in oracle.rows(other, features.templates_)
    ]
    assert rows.offsets.tolist() == np.cumsum([0, *map(len, X)]).tolist()
    assert rows.values is None
    assert rows.indices.dtype == np.int32


def test_matches_peer():
    """CRFsuite's own data structures hold the same attributes when they are given as strings."""
    pycrfsuite = pytest.importorskip("pycrfsuite")
    X = [["The", "dog"], ["A", "dog", "barks"]]
    features = TokenFeatures(window=1, bigrams=False)
    rows = named(features.fit_transform(X), features.names_)
    items = [item for part in ((0, 2), (2, 5)) for item in pycrfsuite.ItemSequence(rows[slice(*part)]).items()]
    assert items == [dict.fromkeys(row, 1.0) for row in rows]


def test_the_defaults_as_templates():
    features = TokenFeatures(window=1, affixes=(2, 2)).fit([["Big", "dogs"]])
    assert features.templates_ == [
        "bias",
        "w[-1]=%X[-1,0]",
        "w=%X[0,0]",
        "w[+1]=%X[1,0]",
        "w[-1]|w=%X[-1,0]|%X[0,0]",
        "w|w[+1]=%X[0,0]|%X[1,0]",
        "prefix2=%Prefix2[0,0]",
        "suffix2=%Suffix2[0,0]",
        "shape=%shape[0,0]",
    ]
    assert TokenFeatures(0, None, False, False, False).fit([["Big"]]).names_ == ["bias", "w=Big"]


def test_columns_behind_the_word():
    features = TokenFeatures(window=0, affixes=None, shape=False)
    X = [[("Dogs", "NOUN"), ("bark", "VERB")]]
    rows = features.fit_transform(X)
    assert named(rows, features.names_) == [
        {
            "bias",
            "w=dogs",
            "w[-1]|w=_B-1|dogs",
            "w|w[+1]=dogs|bark",
            "c1=NOUN",
            "c1[-1]|c1=_B-1|NOUN",
            "c1|c1[+1]=NOUN|VERB",
        },
        {
            "bias",
            "w=bark",
            "w[-1]|w=dogs|bark",
            "w|w[+1]=bark|_B+1",
            "c1=VERB",
            "c1[-1]|c1=NOUN|VERB",
            "c1|c1[+1]=VERB|_B+1",
        },
    ]
    with pytest.raises(DataError, match="1 columns a token, but 2 in fit"):
        features.transform([["Dogs"]])


def test_rare_attributes_are_left_out():
    X = [["a", "b", "a"], ["c"]]
    features = TokenFeatures(templates="w=%x[0,0]", min_count=2)
    assert features.fit_transform(X).indptr.tolist() == [0, 1, 1, 2, 2]
    assert features.names_ == ["w=a"]


@settings(deadline=None, max_examples=20)
@given(SEQUENCES)
def test_invariances(X):
    """Rows of a sequence do not depend on the other sequences, nor on how sequences are held."""
    features = TokenFeatures().fit(X)
    whole = features.transform(X)
    apart = [features.transform([x]) for x in X]
    np.testing.assert_array_equal(whole.indices, np.concatenate([rows.indices for rows in apart]))
    for same in (tuple(map(tuple, X)), (x for x in X), [np.array(x, dtype=object) for x in X]):
        np.testing.assert_array_equal(features.transform(same).indices, whole.indices)


def test_state_survives(tmp_path):
    X = [["The", "dog", "barks"], [], ["é", "{x}"]]
    features = TokenFeatures()
    rows = features.fit_transform(X)
    copies: list[Any] = [pickle.loads(pickle.dumps(features)), panlearn.load(panlearn.save(features, tmp_path / "f"))]
    for copy in copies:
        np.testing.assert_array_equal(copy.transform(X).indices, rows.indices)
        assert copy.names_ == features.names_ == list(rows.names)
    with pytest.raises(NotFittedError):
        TokenFeatures().transform(X)


def test_edge_cases():
    features = TokenFeatures().fit([["dog"]])
    assert features.transform([]).indptr.tolist() == [0]
    assert features.transform([[], []]).offsets.tolist() == [0, 0, 0]
    assert "w[+2]=_B+2" in features.names_
    assert TokenFeatures(templates=[]).fit_transform([["a"]]).indptr.tolist() == [0, 0]
    far = TokenFeatures(templates="%x[-9,0]%x[9,0]").fit([["a", "b"]])
    assert set(far.names_) == {"_B-9_B+8", "_B-8_B+9"}


@pytest.mark.parametrize(
    ("X", "message"),
    [
        ([], "no token"),
        ([[]], "no token"),
        ("the dog", "pass .X. for one sequence"),
        (["the dog"], "cut a text into words"),
        ([["a", 3]], "token 3, a int"),
        ([["a", None]], "token None"),
        ([["a"], [("a", "b")]], "2 columns a token, those before had 1"),
        ([[("a", "b"), ("a",)]], r"tokens with \[1, 2\] columns"),
        ([[("a", "b"), "ab"]], "not both"),
        ([["a", ["b"]]], "no text"),
        (None, "NoneType"),
    ],
)
def test_bad_data(X, message):
    with pytest.raises(DataError, match=message):
        TokenFeatures().fit(X)


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"affixes": (3, 2)}, "affixes must be two lengths"),
        ({"affixes": (0, 2)}, "affixes must be two lengths"),
        ({"window": -1}, "window"),
        ({"templates": ["%x[0,1]"]}, "column 1, but tokens have 1"),
        ({"templates": ["%y[0,0]"]}, "is none of"),
        ({"min_count": 0}, "min_count"),
    ],
)
def test_bad_parameters(parameters, message):
    with pytest.raises(ValueError, match=message):
        TokenFeatures(**parameters).fit([["a"]])
