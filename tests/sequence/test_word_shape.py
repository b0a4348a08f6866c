"""Shapes of words: signs, runs, letters without case."""

from hypothesis import given
from hypothesis import strategies as st

from panlearn.sequence.word_shape import word_shape
from tests.oracles.token_features import shape


@given(st.text())
def test_matches_oracle(word):
    assert word_shape(word) == shape(word)
    assert len(word_shape(word, collapse=False)) == len(word)


def test_words_of_one_kind_have_one_shape():
    assert word_shape("London") == word_shape("Rome") == "Xx"
    assert word_shape("2026-11-22") == "0-0-0"
    assert word_shape("北京2008") == "c0"
    assert word_shape("") == ""
