"""Tokens as numbers: what a batch looks up is what the words are."""

from typing import Any

import numpy as np
import torch

from panlearn.neural_network.tagger_rows import LETTERS, casing_of, learn_coding, token_rows

TEXTS = [["To", "Rome", "!"], ["to", "Oslo", "and", "to", "Rome"], [""]]


def coding(texts: Any = TEXTS, **settings) -> Any:
    given = {"lowercase": True, "casing": True, "characters": True, "min_df": 1, "max_features": None}
    return learn_coding(texts, **{**given, **settings})


def test_a_batch_holds_what_the_tokens_are():
    learnt = coding()
    rows = token_rows(TEXTS, learnt)
    columns, lengths, letters = rows.take(torch.tensor([2, 0, 1]))
    assert lengths.tolist() == [1, 3, 5]
    back = {number: letter for letter, number in learnt.characters.items()}
    for i, text in enumerate([TEXTS[2], TEXTS[0], TEXTS[1]]):
        for t, token in enumerate(text):
            assert columns[i, t, 0] == learnt.words[token.lower()]
            assert columns[i, t, 2] == casing_of(token)
            assert "".join(back[k] for k in letters[i, t].tolist() if k > 1) == token
        assert (columns[i, len(text) :] == 0).all()
    assert (columns[1, 0, 0], columns[1, 0, 1]) == (columns[2, 0, 0], columns[1, 0, 1])  # To and to: one word,
    assert columns[1, 0, 1] != columns[2, 0, 1]  # two spellings
    assert letters.shape[2] == 4  # of the longest word in the batch


def test_every_place_has_a_letter():
    letters = token_rows(TEXTS, coding()).take(torch.arange(3))[2]
    assert (letters[..., 0] > 0).all()


def test_words_and_letters_not_met():
    learnt = coding()
    columns, _, letters = token_rows([["Paris", "to"]], learnt).take(torch.tensor([0]))
    assert columns[0, :, 0].tolist() == [0, learnt.words["to"]]
    assert letters[0, 0, 0] == 1  # P
    assert letters[0, 0, 2] == 1  # r stands in no word of the three texts
    assert letters[0, 0, 4] == learnt.characters["s"]


def test_without_letters_and_casing():
    learnt = coding(characters=False, casing=False, lowercase=False, min_df=2)
    assert set(learnt.words) == {"Rome"}
    rows = token_rows(TEXTS, learnt)
    assert rows.letters is None
    columns, lengths = rows.take(torch.tensor([1]))
    assert columns[0, :, 0].tolist() == [0, 0, 0, 0, 1]
    assert lengths.tolist() == [5]
    assert (columns[..., 2] == 0).all()
    assert rows.lengths().tolist() == [3, 5, 1]
    assert len(rows) == 3


def test_long_words_are_cut():
    word = "x" * 500
    letters = token_rows([[word]], coding([[word]])).take(torch.tensor([0]))[2]
    assert letters.shape[2] == LETTERS


def test_casings():
    words = ["", "-", "a", "é", "A", "Rome", "ROME", "iPhone", "12", "1a", "A1", "房"]
    assert [casing_of(word) for word in words] == [0, 0, 1, 1, 2, 2, 3, 4, 5, 6, 6, 0]
    assert np.unique([casing_of(chr(k)) for k in range(300)]).max() < 7
