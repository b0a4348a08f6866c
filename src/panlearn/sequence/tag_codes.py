"""Tags as numbers, and back: the labels of many sequences as one array of codes.

Labels are strings, or anything that can be a key of a dictionary; they are numbered as they first appear, as CRFsuite
does, for an order of the labels is no part of the model.
"""

from collections.abc import Iterable, Sequence
from itertools import chain, pairwise
from typing import Any

import numpy as np

from panlearn.core.errors import DataError


def tag_lists(y: Any, name: str = "y") -> list[Sequence[Any]]:
    """Check that y holds a sequence of labels for each sequence, and return it as a list."""
    if isinstance(y, (str, bytes, dict)) or not hasattr(y, "__iter__"):
        raise DataError(f"{name} must be a list with a list of labels for each sequence. Got {type(y).__name__}.")
    found = list(y)
    for s, tags in enumerate(found):
        if isinstance(tags, (str, bytes, dict)) or not hasattr(tags, "__len__"):
            raise DataError(
                f"{name} must hold a list of labels for each sequence. Entry {s} is {tags!r}: for one sequence pass "
                f"[{name}]."
            )
    return found


def check_lengths(tags: Sequence[Sequence[Any]], offsets: np.ndarray, name: str = "y") -> None:
    """Raise unless there is a label for each token."""
    if len(tags) != len(offsets) - 1:
        raise DataError(f"X and {name} must hold as many sequences: X has {len(offsets) - 1}, {name} {len(tags)}.")
    own, lengths = np.fromiter(map(len, tags), np.int64, len(tags)), np.diff(offsets)
    if (own != lengths).any():
        s = int(np.flatnonzero(own != lengths)[0])
        raise DataError(
            f"the numbers of items and labels differ in sequence {s}: |x| = {lengths[s]}, |y| = {own[s]}. Give each "
            "token one label."
        )


def number(tags: Iterable[Sequence[Any]], known: Iterable[Any] = ()) -> dict[Any, int]:
    """Number the labels as they first appear, behind those already known.

    Raises
    ------
    DataError
        If a label is missing (None or NaN) or cannot be a key.
    """
    try:
        labels = dict.fromkeys(chain(known, chain.from_iterable(tags)))
    except TypeError as error:
        raise DataError(f"labels must be strings or numbers: {error}.") from None
    for label in labels:
        if label is None or label != label:  # NaN is the one thing that differs from itself
            raise DataError(f"y holds the label {label!r}: each token needs a label. Drop its sequence, or label it.")
    return {label.item() if isinstance(label, np.generic) else label: i for i, label in enumerate(labels)}


def codes_of(tags: Sequence[Sequence[Any]], places: dict[Any, int], unknown: int | None = None) -> np.ndarray:
    """Codes (n,) int32 of all labels, end to end.

    Parameters
    ----------
    tags : sequence of sequence
        Labels.
    places : dict
        From label to code.
    unknown : int, optional
        Code of labels that are not in `places`; without it they raise.

    Returns
    -------
    ndarray of int32
        Codes.

    Raises
    ------
    DataError
        If a label is not in `places` and there is no code for such.
    """
    n = sum(map(len, tags))
    flat = chain.from_iterable(tags)
    if unknown is not None:
        return np.fromiter((places.get(label, unknown) for label in flat), np.int32, n)
    try:
        return np.fromiter(map(places.__getitem__, flat), np.int32, n)
    except KeyError as error:
        known = [label for label in places if label is not None]
        raise DataError(f"the label {error.args[0]!r} was not in the training data, which had {known}.") from None


def as_lists(codes: np.ndarray, offsets: np.ndarray, classes: Sequence[Any]) -> list[list[Any]]:
    """Labels of each sequence."""
    flat = list(map(classes.__getitem__, codes.tolist()))
    return [flat[a:b] for a, b in pairwise(offsets.tolist())]
