"""Estimates by hand."""

import math

import pytest

from panlearn.decode.ngram_estimates import kneser_ney


def test_single_words_by_hand():
    """Counts a 3, b 1, </s> 2: one n-gram occurs once, one twice, so d = 1 / 3; two words in three share 4 places."""
    grams = kneser_ney([["a", "a"], ["a", "b"]], 1)
    d, spread = 1 / 3, 1 / 3 * 3 / 6 / 4
    for word, count in (("a", 3), ("b", 1), ("</s>", 2)):
        assert math.exp(grams[(word,)][0]) == pytest.approx((count - d) / 6 + spread)
    assert math.exp(grams[("<unk>",)][0]) == pytest.approx(spread)
    assert grams[("<s>",)][0] == -math.inf


def test_lower_orders_count_what_precedes():
    """Bigrams <s>a, ab, ba, b</s>, a</s>: a and </s> follow two words each, b one."""
    grams = kneser_ney([["a", "b", "a"], ["a", "b"]], 2)
    p = {word: math.exp(grams[(word,)][0]) for word in ("a", "b", "</s>", "<unk>")}
    assert p["a"] == pytest.approx(p["</s>"])
    assert p["a"] > p["b"] > p["<unk>"]
    assert sum(p.values()) == pytest.approx(1.0)
