"""Strings as arrays and back."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from panlearn.sequence.string_table import pack, unpack


@given(st.lists(st.text()))
def test_there_and_back(strings):
    letters, lengths = pack(strings)
    assert unpack(letters, lengths) == strings
    assert letters.dtype == np.uint8


def test_half_a_surrogate_survives():
    assert unpack(*pack(["a\ud800", "\0\n"])) == ["a\ud800", "\0\n"]
