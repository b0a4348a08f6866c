"""Tries by hand; spellings that cannot be."""

import math
from typing import Any

import numpy as np
import pytest

from panlearn.core.errors import DataError
from panlearn.decode import Lexicon
from panlearn.decode.key_table import FREE, place_of


def walk(lexicon, tokens) -> Any:
    """Words at the end of a way through the trie; None where there is no way."""
    node = 0
    for token in tokens:
        at = place_of(lexicon.trie.edges, node * lexicon.trie.stride + token)
        if lexicon.trie.edges["key"][at] == FREE:
            return None
        node = lexicon.trie.edges["node"][at]
    found, word = [], lexicon.trie.nodes["first"][node]
    while word >= 0:
        found.append(lexicon.words[word])
        word = lexicon.trie.more[word]
    return found


def test_words_are_where_their_spelling_leads():
    rng = np.random.default_rng(0)
    spellings = {str(i): rng.integers(1, 4, rng.integers(1, 6)).tolist() for i in range(60)}
    lexicon = Lexicon(spellings)
    for word, tokens in spellings.items():
        assert word in walk(lexicon, tokens)
    assert sorted(word for t in {tuple(s) for s in spellings.values()} for word in walk(lexicon, t)) == sorted(
        spellings
    )
    assert walk(lexicon, [1, 2, 3] * 5) is None


def test_variants_and_labels():
    lexicon = Lexicon({"either": [["i", "th"], ["ai", "th"]], "thigh": ["th", "ai"]}, ["", "i", "ai", "th"])
    assert walk(lexicon, [1, 3]) == walk(lexicon, [2, 3]) == ["either"]
    assert walk(lexicon, [3, 2]) == ["thigh"]
    assert walk(lexicon, [3]) == []
    assert lexicon.trie.separator == -1
    assert lexicon.trie.unknown == -math.inf
    assert Lexicon(["ab"], ["", "a", "b", " "], separator=" ").trie.separator == 3


def test_refusals():
    wrong: list[tuple[Any, dict[str, Any], str]] = [
        ({}, {}, "there are none"),
        ({"x": []}, {}, "empty"),
        ({"x": [1, 2]}, {"separator": 2}, "separator inside"),
        (["ab"], {}, "pass `labels`"),
        (["ab"], {"labels": ["", "a"]}, "not among the labels"),
        ({"x": [-1]}, {}, "no number"),
        ({"x": [1]}, {"unknown": -1.0}, "needs a separator"),
        ({"x": [1]}, {"unknown": 1.0, "separator": 2}, "log-probability"),
    ]
    for given, kwargs, words in wrong:
        with pytest.raises(DataError, match=words):
            Lexicon(given, **kwargs)
