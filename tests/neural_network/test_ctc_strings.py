"""Strings as numbers, and what cannot be aligned."""

import numpy as np
import pytest

from panlearn.core.errors import DataError
from panlearn.neural_network.ctc_network import BEHIND
from panlearn.neural_network.ctc_strings import checked_strings, coded, labels_of, padded_target, require_frames


def test_round_trip():
    strings = ["one", "", "two"]
    labels = labels_of(strings)
    numbers = coded(strings, labels)
    assert ["".join(labels[i] for i in string) for string in numbers] == strings
    table = padded_target(numbers)
    assert table.shape == (3, 3)
    assert (table[1] == BEHIND).all()
    assert labels_of([["b", 1], ["a"]])[0] == ""
    assert padded_target(coded([[1, 2]], ["", 1, 2])).tolist() == [[1, 2]]


def test_refusals():
    for call, words in (
        (lambda: checked_strings("abc"), "one string"),
        (lambda: checked_strings(3), "int"),
        (lambda: checked_strings(["a", ["b"]]), "one kind"),
        (lambda: checked_strings(["a", None]), r"y\[1\]"),
        (lambda: labels_of(["", ""]), "empty"),
        (lambda: labels_of([["", "a"]]), "blank"),
        (lambda: coded(["ab"], ["", "a"]), r"y\[0\] holds 'b'"),
        (lambda: require_frames([np.array([1]), np.array([1, 1])], [1, 2], 1), "utterance 1 .* need 3 frames"),
        (lambda: require_frames([np.array([1, 2])], [1], 4), "lower `stacking`"),
    ):
        with pytest.raises(DataError, match=words):
            call()
