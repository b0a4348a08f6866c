"""Attributes of one token: CRFsuite's rules, and what is no attribute."""

from decimal import Decimal

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from panlearn.core.errors import DataError
from panlearn.sequence.attribute_items import collect

NAMES = st.text("ab:é", min_size=1, max_size=3)
NUMBERS = st.floats(-9, 9) | st.integers(-9, 9) | st.booleans()
ITEMS = st.recursive(
    st.dictionaries(NAMES, NUMBERS | NAMES, max_size=4) | st.lists(NAMES, max_size=3) | st.sets(NAMES, max_size=3),
    lambda inner: st.dictionaries(NAMES, inner | NUMBERS | NAMES, max_size=3),
    max_leaves=4,
)


def collected(item):
    names, values = [], {}
    collect(item, names, values)
    return names, [values.get(place, 1.0) for place in range(len(names))]


@settings(deadline=None)
@given(ITEMS)
def test_matches_peer(item):
    pycrfsuite = pytest.importorskip("pycrfsuite")
    names, values = collected(item)
    (theirs,) = pycrfsuite.ItemSequence([item]).items()
    assert dict(zip(names, values, strict=True)) == theirs


def test_zero_is_a_value():
    names = ["a", "b", "c", "d:e", "f:"]
    assert collected({"a": 0, "b": 0.0, "c": False, "d": {"e": -0.0}, "f": ""}) == (names, [0.0, 0.0, 0.0, 0.0, 1.0])


def test_bytes_and_numbers_of_numpy():
    item = {b"\xc3\xa9": b"x", "n": np.float32(0.5), "t": np.bool_(True), "d": Decimal(2), np.str_("s"): np.str_("v")}
    assert collected(item) == (["é:x", "n", "t", "d", "s:v"], [1.0, 0.5, 1.0, 2.0, 1.0])


@pytest.mark.parametrize(
    ("item", "message"),
    [
        ("the", "plain words use TokenFeatures"),
        (3, "must be a dict"),
        ({"a": None}, "value None"),
        ({"a": float("nan")}, "value nan"),
        ({"a": -np.inf}, "value -inf"),
        ({"a": {"b": object}}, "'b' has the value"),
        ({1: 2}, "name 1 is a int"),
        ([1], "name 1 is a int"),
        ({b"\xff": 1}, "UTF-8"),
    ],
)
def test_what_is_no_attribute(item, message):
    with pytest.raises(DataError, match=message):
        collected(item)
