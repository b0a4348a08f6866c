"""Tokens as numbers, for a tagger: the word, its letters, and how it is written.

    word        its number among the words of the training texts; 0 for any other
    casing      small, Capital, ALL CAPITALS, miXed, digits, with a digit, other: seven kinds [collobert2011]
    letters     numbers of its first `LETTERS` characters; 1 for a character not met in training, 0 behind the end

All three are found once for each distinct word: a text is then one number a token, and a batch looks the rest up.

Course note: 004 §11.
"""

from collections.abc import Sequence
from itertools import chain
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from panlearn.neural_network.text_rows import vocabulary
from panlearn.neural_network.training.rows import RaggedRows

LETTERS = 32  # characters read of a word: addresses of web pages would make all words of a batch as long
N_CASINGS = 7
UNKNOWN_LETTER = 1


class Coding(NamedTuple):
    """How words become numbers; learnt in `fit`."""

    words: dict[str, int]  # from 1, the frequent ones first; 0 is every other word
    lowercase: bool  # whether words are looked up in small letters
    casing: bool
    characters: dict[str, int] | None  # from 2; None where letters are not read


class TokenRows(NamedTuple):
    """Texts, one number a token, and a table of what the tokens are."""

    texts: RaggedRows  # numbers of the distinct tokens
    columns: Tensor  # (u, 3) int64: number of the word, of the distinct token, casing (0 where it is not read)
    letters: Tensor | None  # (u, c) int64

    def __len__(self) -> int:
        return len(self.texts)

    @property
    def row_bytes(self) -> int:
        """Bytes of a row of average length."""
        return self.texts.row_bytes * (3 + (0 if self.letters is None else self.letters.shape[1]))

    def lengths(self) -> Tensor:
        """Tokens of each text."""
        return self.texts.lengths()

    def take(self, indices: Tensor) -> tuple[Tensor, ...]:
        """What tokens are (b, t, 3), lengths (b,), and where they are read, letters (b, t, c)."""
        tokens, lengths = self.texts.take(indices)
        beyond = torch.arange(tokens.shape[1]) >= lengths[:, None]
        columns = self.columns[tokens].masked_fill_(beyond[..., None], 0)
        if self.letters is None:
            return columns, lengths
        letters = self.letters[tokens].masked_fill_(beyond[..., None], 0)
        letters[..., 0].masked_fill_(beyond, UNKNOWN_LETTER)  # a word has at least one letter
        longest = max(1, int((letters != 0).sum(-1).max())) if letters.numel() else 1
        return columns, lengths, letters[..., :longest]


def learn_coding(
    texts: Sequence[Sequence[str]],
    *,
    lowercase: bool,
    casing: bool,
    characters: bool,
    min_df: int,
    max_features: int | None,
) -> Coding:
    """Number the words and characters of training texts.

    Parameters
    ----------
    texts : sequence of sequence of str
        Tokens of each text.
    lowercase, casing, characters : bool
        What is read of a word, see `Coding`.
    min_df : int
        Texts that a word must occur in to have a number of its own.
    max_features : int or None
        Most words with a number.

    Returns
    -------
    Coding
        For `token_rows`.

    Examples
    --------
    >>> coding = learn_coding([["To", "Rome"], ["to", "Oslo"]], lowercase=True, casing=True, characters=True,
    ...                       min_df=1, max_features=None)
    >>> coding.words["to"], coding.characters["o"]
    (1, 8)
    """
    read = [[word.lower() for word in text] for text in texts] if lowercase else texts
    words = vocabulary(read, min_df, max_features)
    if not characters:
        return Coding(words, lowercase, casing, None)
    letters = sorted(set(chain.from_iterable(set(chain.from_iterable(texts)))))
    return Coding(words, lowercase, casing, {letter: i for i, letter in enumerate(letters, UNKNOWN_LETTER + 1)})


def token_rows(texts: Sequence[Sequence[str]], coding: Coding) -> TokenRows:
    """Texts as rows.

    Parameters
    ----------
    texts : sequence of sequence of str
        Tokens of each text, at least one.
    coding : Coding
        From `learn_coding`.

    Returns
    -------
    TokenRows
        What batches are cut from.
    """
    places: dict[str, int] = {}
    numbers = [np.array([places.setdefault(token, len(places)) for token in text], np.int64) for text in texts]
    read = [token.lower() for token in places] if coding.lowercase else list(places)
    columns = np.zeros((len(places), 3), np.int64)
    columns[:, 0] = [coding.words.get(word, 0) for word in read]
    columns[:, 1] = np.arange(len(places))
    if coding.casing:
        columns[:, 2] = [casing_of(token) for token in places]
    letters = None if coding.characters is None else torch.from_numpy(_letters(list(places), coding.characters))
    return TokenRows(RaggedRows.of(numbers), torch.from_numpy(columns), letters)


def casing_of(word: str) -> int:
    """Kind of writing of a word, 0 to 6.

    Parameters
    ----------
    word : str
        The word.

    Returns
    -------
    int
        Other, small, Capital, ALL CAPITALS, miXed, digits, with a digit.

    Examples
    --------
    >>> [casing_of(word) for word in ("-", "rome", "Rome", "USA", "McDonald", "1984", "747s")]
    [0, 1, 2, 3, 4, 5, 6]
    """
    if word.isdigit():
        return 5
    if any(letter.isdigit() for letter in word):
        return 6
    if word.islower():
        return 1
    if word[:1].isupper() and (len(word) == 1 or word[1:].islower()):
        return 2
    if word.isupper():
        return 3
    return 4 if any(letter.isupper() for letter in word) else 0


def _letters(words: list[str], characters: dict[str, int]) -> np.ndarray:
    """Numbers of the letters of words, (u, c); a word without letters has one that is unknown."""
    cut = [word[:LETTERS] for word in words]
    table = np.zeros((len(cut), max(map(len, cut), default=1) or 1), np.int64)
    for row, word in zip(table, cut):
        row[: len(word)] = [characters.get(letter, UNKNOWN_LETTER) for letter in word]
    table[:, 0] = np.maximum(table[:, 0], UNKNOWN_LETTER)
    return table
