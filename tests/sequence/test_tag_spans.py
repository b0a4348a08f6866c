"""Spans by conlleval's rules: the peer's, well-formed tags of any scheme, odd tags."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from panlearn.core.errors import DataError
from panlearn.sequence.tag_spans import get_entities, lenient_spans, read_tags

TAGS = st.sampled_from(["O", *(f"{letter}-{kind}" for letter in "BIES" for kind in ("A", "B-x"))])
SEQUENCES = st.lists(st.lists(TAGS, max_size=7), min_size=1, max_size=4)
SPANS = st.lists(st.tuples(st.integers(0, 2), st.integers(1, 4), st.sampled_from("AB")), max_size=5)


def tagged(spans, scheme):
    """Tags of spans (gap before, length, type), and the spans."""
    tags, expected = [], []
    for gap, length, kind in spans:
        tags += ["O"] * gap
        expected.append((kind, len(tags), len(tags) + length - 1))
        letters = ["I"] * length
        if "B" in scheme:
            letters[0] = "B"
        if "E" in scheme:
            letters[-1] = "E"
        if "S" in scheme and length == 1:
            letters[0] = "S"
        tags += [f"{letter}-{kind}" for letter in letters]
    return tags, expected


@pytest.mark.parametrize("scheme", ["IOB", "IOE", "IOBES"])
@given(SPANS)
def test_finds_what_was_tagged(scheme, spans):
    tags, expected = tagged(spans, scheme)
    assert get_entities(tags) == expected


@settings(deadline=None)
@given(SEQUENCES, st.booleans())
def test_matches_peer(y, suffix):
    peer = pytest.importorskip("seqeval.metrics.sequence_labeling")
    if suffix:
        y = [[tag if tag == "O" else f"{tag[2:]}-{tag[0]}" for tag in tags] for tags in y]
    assert get_entities(y, suffix) == peer.get_entities(y, suffix)
    assert get_entities(y[0], suffix) == peer.get_entities(y[0], suffix)


@settings(deadline=None)
@given(SEQUENCES)
def test_invariances(y):
    """Sequences do not touch each other, and arrays of tags are tags."""
    spans = lenient_spans(read_tags(y))
    places = spans.starts - read_tags(y).offsets[spans.sequences]
    together = list(zip(spans.sequences.tolist(), spans.types, places.tolist(), strict=True))
    apart = [(i, kind, start) for i, tags in enumerate(y) for kind, start, _ in (get_entities(tags) if tags else [])]
    assert together == apart
    assert lenient_spans(read_tags([np.array(tags, dtype=object) for tags in y])).types == spans.types


def test_edge_cases():
    assert get_entities([]) == get_entities([[], []]) == get_entities(["O"]) == []
    assert get_entities(["B", "I", "O", "S"]) == [("_", 0, 1), ("_", 3, 3)]
    assert get_entities(["I-PER", "I-LOC"]) == [("PER", 0, 0), ("LOC", 1, 1)]


def test_tags_without_spans_are_warned_about():
    with pytest.warns(UserWarning, match="'NOUN', 'VERB': no tags of spans"):
        get_entities(["NOUN", "VERB"])


@pytest.mark.parametrize("y", [["B-PER"], [["B-PER", 3]], [["B-PER", ""]], [3], [["O", None]]])
def test_bad_data(y):
    with pytest.raises(DataError):
        read_tags(y)
