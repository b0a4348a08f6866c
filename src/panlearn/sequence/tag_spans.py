"""Spans in tag sequences, as the script conlleval finds them [tjongkimsang2000].

    B-PER I-PER O B-LOC     ->     PER from 0 to 1, LOC from 3 to 3

A tag is a letter, "-", and a type (or the type first, with `suffix`): B(egin), I(nside), E(nd), S(ingle) or O(utside).
Between two tags a span may begin, and one may end; whether, says a table of their letters and whether their types are
the same. conlleval takes any sequence of tags: an I that follows O, or another type, begins a span [ramshaw1995].

A rule is three signs: letter before, letter here (? for any, + for any but O), and = for the same type, ! for another
one, * for both. Course note: 004 §11.
"""

import warnings
from collections.abc import Iterable, Sequence
from itertools import chain
from typing import Any, NamedTuple

import numpy as np

from panlearn.core.errors import DataError

LETTERS = "OBIESUL."  # any other letter has the number len(LETTERS)
STARTS = "?B* ?S* EE* EI* SE* SI* OE* OI* ?+!"
ENDS = "E?* S?* BB* BS* BO* IB* IS* IO* +?!"


class Tags(NamedTuple):
    """Tags of some sequences, one after the other, each sequence with an O behind it."""

    codes: np.ndarray  # (n + s,) which of the distinct tags
    distinct: list[str]
    letters: np.ndarray  # (distinct,) number of the letter of each
    types: list[str]  # type of each distinct tag
    offsets: np.ndarray  # (s + 1,) int64: sequence i is offsets[i] to offsets[i + 1] - 1


class Spans(NamedTuple):
    """Spans, by their begin; places count the O behind each sequence before."""

    types: list[str]
    starts: np.ndarray
    stops: np.ndarray  # the place behind the last
    sequences: np.ndarray  # which sequence


def read_tags(y: Iterable[Iterable[str]], *, suffix: bool = False) -> Tags:
    """Tags as numbers.

    Parameters
    ----------
    y : iterable of sequences of str
        Tags.
    suffix : bool, default=False
        Whether the letter is the last of the tag.

    Returns
    -------
    Tags
        The same, and what they consist of.

    Raises
    ------
    DataError
        If y is not made of sequences of tags, or a tag is no text.
    """
    sequences = [_sequence(i, tags) for i, tags in enumerate(y)]
    number: dict[Any, int] = {"O": 0}
    for tag in dict.fromkeys(chain.from_iterable(sequences)):
        if not isinstance(tag, str) or not tag:
            raise DataError(f"the tag {tag!r} is no text: tags are as 'B-PER' or 'O'.")
        number.setdefault(tag, len(number))
    lengths = np.array([0, *(len(tags) + 1 for tags in sequences)], np.int64)
    flat = chain.from_iterable((*tags, "O") for tags in sequences)
    codes = np.fromiter(map(number.__getitem__, flat), np.int64, int(lengths.sum()))
    distinct = list(number)
    letters = [tag[-1] if suffix else tag[0] for tag in distinct]
    if suffix:
        types = [tag[:-1].rsplit("-", maxsplit=1)[0] or "_" for tag in distinct]
    else:
        types = [tag[1:].split("-", maxsplit=1)[-1] or "_" for tag in distinct]
    return Tags(codes, distinct, np.array([_letter(letter) for letter in letters]), types, np.cumsum(lengths))


def _sequence(i: int, tags: Any) -> list[str]:
    if isinstance(tags, (str, bytes)) or not hasattr(tags, "__iter__"):
        raise DataError(
            f"y must be a list of sequences of tags, but item {i} is {tags!r:.40}: pass [y] for one sequence."
        )
    return tags.tolist() if isinstance(tags, np.ndarray) else list(tags)


def _letter(letter: str) -> int:
    place = LETTERS.find(letter)
    return len(LETTERS) if place < 0 else place


def transitions(tags: Tags, rules: str) -> np.ndarray:
    """Whether one of the rules holds between each tag and the one before it.

    Parameters
    ----------
    tags : Tags
        Tags.
    rules : str
        Rules of three signs each.

    Returns
    -------
    ndarray of bool of shape (n + s,)
        Before the first tag stands an O.
    """
    table = np.zeros((len(LETTERS) + 1, len(LETTERS) + 1, 2), bool)
    for before, here, types in rules.split():
        rows, columns = (_rows(sign) for sign in (before, here))
        table[np.ix_(rows, columns, [0, 1] if types == "*" else [int(types == "=")])] = True
    type_numbers = {name: i for i, name in enumerate(dict.fromkeys(tags.types))}
    types = np.array([type_numbers[name] for name in tags.types])[tags.codes]
    letters = tags.letters[tags.codes]
    before, type_before = np.roll(letters, 1), np.roll(types, 1)  # the last is an O, as is the one before the first
    return table[before, letters, (types == type_before).astype(np.int64)]


def _rows(sign: str) -> list[int]:
    if sign == "?":
        return list(range(len(LETTERS) + 1))
    return (
        [i for i in range(len(LETTERS) + 1) if LETTERS[i : i + 1] not in ("O", ".")] if sign == "+" else [_letter(sign)]
    )


def spans_of(tags: Tags, starts: np.ndarray, stops: np.ndarray, kinds: np.ndarray) -> Spans:
    """Spans from their first places and the places behind their last.

    Parameters
    ----------
    tags : Tags
        Where they are.
    starts, stops : ndarray of int
        Places.
    kinds : ndarray of int
        A place that has the type of the span.

    Returns
    -------
    Spans
        With types and sequences.
    """
    types = [tags.types[code] for code in tags.codes[kinds].tolist()]
    return Spans(types, starts, stops, np.searchsorted(tags.offsets, starts, side="right") - 1)


def lenient_spans(tags: Tags, *, suffix: bool = False) -> Spans:
    """Spans by conlleval's rules.

    Parameters
    ----------
    tags : Tags
        Tags.
    suffix : bool, default=False
        Whether the letter is the last of the tag, for the warning about others.

    Returns
    -------
    Spans
        In their order.
    """
    marks = ("-B", "-I", "-E", "-S") if suffix else ("B-", "I-", "E-", "S-")
    fits = str.endswith if suffix else str.startswith
    if odd := [tag for tag in tags.distinct if tag not in ("O", "B", "I", "E", "S") and not fits(tag, marks)]:
        warnings.warn(f"{', '.join(map(repr, odd[:5]))}: no tags of spans, as 'B-PER' or 'O' are.", stacklevel=4)
    ends = np.flatnonzero(transitions(tags, ENDS))
    starts = np.where(transitions(tags, STARTS), np.arange(len(tags.codes)), 0)
    return spans_of(tags, np.maximum.accumulate(starts)[ends - 1], ends, ends - 1) if len(ends) else _no_spans()


def _no_spans() -> Spans:
    empty = np.empty(0, np.int64)
    return Spans([], empty, empty, empty)


def get_entities(seq: Sequence, suffix: bool = False) -> list[tuple[str, int, int]]:
    """Spans of a tag sequence, or of several ones put together with an O behind each.

    Parameters
    ----------
    seq : sequence of str, or of sequences of str
        Tags.
    suffix : bool, default=False
        Whether the letter is the last of the tag.

    Returns
    -------
    list of (type, first, last)
        Spans.

    References
    ----------
    [tjongkimsang2000], note 004 §11

    Examples
    --------
    >>> get_entities(["B-PER", "I-PER", "O", "B-LOC"])
    [('PER', 0, 1), ('LOC', 3, 3)]
    """
    nested = any(not isinstance(part, str) for part in seq)
    found = lenient_spans(read_tags(seq if nested else [seq], suffix=suffix), suffix=suffix)
    return list(zip(found.types, found.starts.tolist(), (found.stops - 1).tolist(), strict=True))
