"""Edits against recursion, and the counts by hand."""

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from panlearn.core.errors import DataError
from panlearn.decode import character_error_rate, edit_counts, word_error_rate
from tests.oracles.ctc import edit_distance

STRINGS = st.lists(st.text("abc", max_size=6), max_size=5)


@settings(deadline=None, max_examples=60)
@given(STRINGS, STRINGS)
def test_counts_the_fewest_edits(y_true, y_pred):
    n = min(len(y_true), len(y_pred))
    y_true, y_pred = y_true[:n], y_pred[:n]
    counts = edit_counts(y_true, y_pred, "character")
    assert sum(counts[:3]) == sum(map(edit_distance, y_true, y_pred))
    assert counts.n_reference == sum(map(len, y_true))
    assert counts.n_reference - counts.deletions + counts.insertions == sum(map(len, y_pred))
    other = edit_counts(y_pred, y_true, "character")
    assert sum(other[:3]) == sum(counts[:3])
    assert edit_counts(y_true, y_true, "character")[:3] == (0, 0, 0)


def test_by_hand():
    assert edit_counts(["one two three"], ["one too three four"]) == (1, 1, 0, 3)
    assert edit_counts([[1, 2, 3], ["x"]], [[1, 3], ["y"]], "token") == (1, 0, 1, 4)
    assert word_error_rate(["a b", "c d"], ["a", "c d e"]) == 0.5
    assert character_error_rate(["five"], ["fine"]) == 0.25
    assert word_error_rate(["a"], ["b c d"]) == 3.0
    assert word_error_rate([""], [""]) == 0.0
    assert word_error_rate([""], ["a"]) == np.inf
    assert word_error_rate([], []) == 0.0


def test_refusals():
    nested: Any = [["a"]]
    for call, words in (
        (lambda: word_error_rate("a", "a"), "list of strings|lists of strings"),
        (lambda: word_error_rate(["a"], ["a", "b"]), "equally many"),
        (lambda: word_error_rate(nested, nested), 'unit="token"'),
        (lambda: edit_counts(["a"], ["a"], "letter"), "unit"),
    ):
        with pytest.raises(DataError, match=words):
            call()
