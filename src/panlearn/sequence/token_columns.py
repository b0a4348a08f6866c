"""Tokens as columns: each distinct word is kept once, and a token is its number.

A token is a word, or a tuple of columns (word, tag, ...). Sequences are read one by one, some 50 ns a token and column,
so that they may come from a generator.
"""

from array import array
from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

import numpy as np

from panlearn.core.errors import DataError


class Columns(NamedTuple):
    """Tokens of all sequences, one after the other."""

    words: list[list[str]]  # distinct values of each column
    codes: list[np.ndarray]  # (n,) int32 of each column: which value
    offsets: np.ndarray  # (s + 1,) int64: tokens of sequence i are offsets[i] to offsets[i + 1]


def read_columns(X: Iterable[Sequence]) -> Columns:
    """Read sequences of tokens.

    Parameters
    ----------
    X : iterable of sequences
        Tokens are str, or tuples of str, all of one length.

    Returns
    -------
    Columns
        None at all where there is no token.

    Raises
    ------
    DataError
        If a token is something else; it says where.

    Examples
    --------
    >>> columns = read_columns([["the", "dog"], ["the", "cat"]])
    >>> columns.words, columns.codes[0].tolist()
    ([['the', 'dog', 'cat']], [0, 1, 0, 2])
    """
    if isinstance(X, (str, bytes, dict)) or not hasattr(X, "__iter__"):
        raise DataError(f"X must be a list of sequences of tokens, got {type(X).__name__}: pass [X] for one sequence.")
    numbers: list[defaultdict[Any, int]] = []
    codes: list[array] = []
    lengths = array("q", [0])
    for i, sequence in enumerate(X):
        columns = _columns(i, sequence)
        if columns and not numbers:
            numbers = [defaultdict() for _ in columns]
            for number in numbers:
                number.default_factory = number.__len__  # a new word gets the next number
            codes = [array("i") for _ in columns]
        if columns and len(columns) != len(numbers):
            raise DataError(f"sequence {i} of X has {len(columns)} columns a token, those before had {len(numbers)}.")
        lengths.append(len(columns[0]) if columns else 0)
        for number, code, column in zip(numbers, codes, columns, strict=False):
            try:
                code.extend(map(number.__getitem__, column))
            except TypeError:
                raise DataError(f"sequence {i} of X holds a token that is no text: tokens are str.") from None
    for number in numbers:
        _check_words(number)
    filled = [np.frombuffer(code, np.int32) for code in codes]
    return Columns([list(number) for number in numbers], filled, np.cumsum(lengths, dtype=np.int64))


def _columns(i: int, sequence: Any) -> list[Sequence]:
    """Columns of one sequence; none if it is empty."""
    if isinstance(sequence, np.ndarray):
        sequence = sequence.tolist()
    if isinstance(sequence, (str, bytes, dict)) or not hasattr(sequence, "__iter__"):
        raise DataError(f"sequence {i} of X is {sequence!r:.50}: it must be a list of tokens; cut a text into words.")
    sequence = sequence if isinstance(sequence, (list, tuple)) else list(sequence)
    if not sequence or isinstance(sequence[0], str):
        return [sequence] if sequence else []
    if any(isinstance(token, str) or not hasattr(token, "__len__") for token in sequence):
        raise DataError(f"sequence {i} of X must hold words, or tuples (word, tag, ...), not both or something else.")
    try:
        return list(zip(*sequence, strict=True))
    except ValueError:
        raise DataError(f"sequence {i} of X has tokens with {sorted({*map(len, sequence)})} columns.") from None


def _check_words(words: Iterable) -> None:
    for word in words:
        if not isinstance(word, str):
            raise DataError(
                f"X holds the token {word!r}, a {type(word).__name__}: tokens are str; write numbers as text."
            )
