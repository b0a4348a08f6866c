"""What a language model adds; the end of an utterance."""

import math
from typing import Any

import numpy as np
import pytest

from panlearn.decode import Lexicon, NGramModel
from panlearn.decode.ctc_beam_search import Options
from panlearn.decode.ctc_beam_state import new_search, rules_of
from panlearn.decode.ctc_beam_words import end_bonus, finish, unit_bonus


def given(**kwargs) -> Any:
    defaults = dict.fromkeys(("language_model", "lexicon", "labels"))
    return rules_of(Options(0, 4, 1, -5.0, -10.0, alpha=0.5, beta=2.0, **{**defaults, **kwargs}), 3)


def test_bonus_of_a_token():
    model = NGramModel.of(["ab", "a"], 2)
    rules, judge, trie = given(language_model=model, labels=["", "a", "b"])
    assert trie is None
    gain, after = unit_bonus(judge.start, 1, rules, judge)
    assert gain == pytest.approx(0.5 * model.log_prob("a", ends=False) + 2.0)
    assert end_bonus(after, rules, judge) == pytest.approx(
        0.5 * (model.log_prob("a") - model.log_prob("a", ends=False))
    )
    assert unit_bonus(0, 1, rules, None) == (0.0, 0)


def test_an_unfinished_word_is_no_utterance():
    rules, judge, trie = given(lexicon=Lexicon({"x": [1, 2]}))
    search = new_search(4, 3, 0)
    search.nodes["place"][0] = 1  # inside "x"
    scores, words = np.zeros(4), np.zeros(4, np.int64)
    finish(rules, judge, trie, search, scores, words)
    assert (scores[0], words[0]) == (-math.inf, -1)
