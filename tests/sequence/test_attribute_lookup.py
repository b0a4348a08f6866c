"""Look-up of known attributes: the same as to make their names and to look those up."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from panlearn.core.errors import DataError
from panlearn.sequence.attribute_items import collect
from panlearn.sequence.attribute_lookup import AttributeLookup

VALUES = st.sampled_from(["x", "y", "y:z", 0, 1, 1.0, True, False, 0.5, -0.0, b"x", ["p", "q"], {"p": 0}])
TOKENS = st.dictionaries(st.sampled_from(["a", "a:y", "b", b"b"]), VALUES) | st.lists(
    st.sampled_from("ab") | st.sampled_from(["x", "y"])
)
KNOWN = {"a": 0, "a:x": 1, "a:y:z": 2, "b": 3, "b:p": 4, "x": 5}


def by_name(sequence):
    codes, values, ends = [], {}, []
    for token in sequence:
        names, own = [], {}
        collect(token, names, own)
        for place, name in enumerate(names):
            code, value = KNOWN.get(name, -1), own.get(place, 1.0)
            codes.append(code if value or code < 0 else -2 - code)
            if value not in (0.0, 1.0):
                values[len(codes) - 1] = value
        ends.append(len(codes))
    return codes, values, ends


def marked(read):
    """With the values of 0 marked as `AttributeEncoder` does it."""
    codes = [-2 - code if read.values.get(place) == 0.0 else code for place, code in enumerate(read.codes)]
    return codes, {place: value for place, value in read.values.items() if value}, read.ends


@settings(deadline=None)
@given(st.lists(st.lists(TOKENS, max_size=3), max_size=4))
def test_numbers_are_those_of_the_names(sequences):
    lookup = AttributeLookup(KNOWN)
    for sequence in sequences * 2:  # the second time most pairs are remembered
        assert marked(lookup.read(0, sequence)) == by_name(sequence)
    assert set(lookup._pairs.values()) <= {sign for code in KNOWN.values() for sign in (code, -2 - code)}


@pytest.mark.parametrize("token", ["the", "", 3, None, {"a": None}, {"a": float("nan")}, [1], [["a"]], {1: "x"}])
def test_what_is_no_token(token):
    lookup = AttributeLookup(KNOWN)
    for _ in range(2):
        with pytest.raises(DataError, match="token 1 of sequence 7 of X"):
            lookup.read(7, [{"a": 1}, token])
