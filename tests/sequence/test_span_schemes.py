"""Strict schemes: well-formed tags, the peer on any tags, which scheme tags are of."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from panlearn.core.errors import DataError
from panlearn.sequence.span_schemes import SCHEMES, scheme_of, strict_spans
from panlearn.sequence.tag_spans import read_tags


def found(y, scheme):
    tags = read_tags(y)
    spans = strict_spans(tags, SCHEMES[scheme])
    starts = spans.starts - tags.offsets[spans.sequences]
    stops = spans.stops - tags.offsets[spans.sequences]
    return list(zip(spans.sequences.tolist(), spans.types, starts.tolist(), stops.tolist(), strict=True))


@pytest.mark.parametrize(
    ("scheme", "tags"),
    [
        ("IOB1", "I-A I-A B-A O I-B"),
        ("IOB2", "B-A I-A B-A O B-B"),
        ("IOE2", "I-A E-A E-A O E-B"),
        ("IOBES", "B-A E-A S-A O S-B"),
        ("BILOU", "B-A L-A U-A O U-B"),
    ],
)
def test_the_same_spans_in_each_scheme(scheme, tags):
    assert found([tags.split()], scheme) == [(0, "A", 0, 2), (0, "A", 2, 3), (0, "B", 4, 5)]


@pytest.mark.parametrize("scheme", list(SCHEMES))
@settings(deadline=None, max_examples=80)
@given(data=st.data())
def test_matches_peer(scheme, data):
    peer = pytest.importorskip("seqeval.scheme")
    tags = ["O", *(f"{letter}-{kind}" for letter in SCHEMES[scheme].letters if letter != "O" for kind in "AB")]
    y = data.draw(st.lists(st.lists(st.sampled_from(tags), max_size=8), min_size=1, max_size=3))
    entities = peer.Entities(y, getattr(peer, scheme)).entities
    theirs = [(i, e.tag, e.start, e.end) for i, sequence in enumerate(entities) for e in sequence]
    assert found(y, scheme) == theirs


@pytest.mark.parametrize(
    ("letters", "scheme"),
    [
        ("BI", "IOB2"),
        ("B", "IOB2"),
        ("IE", "IOE2"),
        ("E", "IOE2"),
        ("S", "IOBES"),
        ("BIE", "IOBES"),
        ("BIL", "BILOU"),
        ("U", "BILOU"),
        ("BU", "BILOU"),
        ("BES", "IOBES"),
        ("", "IOB2"),
    ],
)
def test_the_scheme_of_some_letters(letters, scheme):
    tags = read_tags([["O", *(f"{letter}-A" for letter in letters)]])
    assert scheme_of(None, tags).name == scheme


def test_a_scheme_has_many_names():
    tags = read_tags([["O"]])
    IOB2 = type("IOB2", (), {})
    assert scheme_of("IOB2", tags) is scheme_of(IOB2, tags) is scheme_of(SCHEMES["IOB2"], tags)
    with pytest.raises(DataError, match="scheme must be one of"):
        scheme_of("BIO", tags)


def test_bad_tags():
    with pytest.raises(DataError, match="'E-A' is none of IOB2"):
        found([["E-A"]], "IOB2")
    for odd in (["I-A"], ["B-A", "U-A", "E-A"], ["NOUN"]):
        with pytest.raises(DataError, match="name the scheme"):
            scheme_of(None, read_tags([odd]))
