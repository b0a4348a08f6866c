"""Strings and lists of tokens as numbers: 0 is the blank, the tokens of the training strings follow in their order.

A string is spelt by its characters; a list by its members (phonemes, words). Course note: 001 §8.5.
"""

from collections.abc import Hashable, Iterable, Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor

from panlearn.core.errors import DataError
from panlearn.decode.forced_alignment import frames_needed
from panlearn.neural_network.ctc_network import BEHIND

BLANK_LABEL = ""


def checked_strings(y: Any) -> list[Sequence[Hashable]]:
    """Check what was said.

    Parameters
    ----------
    y : sequence
        Strings, or lists of hashable tokens; not both.

    Returns
    -------
    list
        The same.

    Raises
    ------
    DataError
        If y is one string, or an entry is neither.

    Examples
    --------
    >>> checked_strings("seven")
    Traceback (most recent call last):
    panlearn.core.errors.DataError: y must be a list of strings, got one string: pass [text].
    """
    if isinstance(y, (str, bytes)):
        raise DataError("y must be a list of strings, got one string: pass [text].")
    if not hasattr(y, "__iter__") or isinstance(y, dict):
        raise DataError(f"y must be a list of strings, or of lists of tokens; got {type(y).__name__}.")
    strings: list[Any] = [item.tolist() if isinstance(item, (np.ndarray, Tensor)) else item for item in y]
    kinds = {isinstance(item, str) for item in strings}
    odd = next((i for i, item in enumerate(strings) if not isinstance(item, (str, list, tuple))), None)
    if odd is not None:
        raise DataError(f"y[{odd}] is {strings[odd]!r}; each must be a string, or a list of tokens.")
    if len(kinds) > 1:
        raise DataError("y holds both strings and lists: pass one kind.")
    return strings


def labels_of(strings: Iterable[Sequence[Hashable]]) -> list[Any]:
    """Names of the tokens, that of the blank first.

    Examples
    --------
    >>> labels_of(["one", "two"])
    ['', 'e', 'n', 'o', 't', 'w']
    """
    tokens = {token for string in strings for token in string}
    if not tokens:
        raise DataError("all strings of y are empty: there is nothing to learn.")
    if BLANK_LABEL in tokens:
        raise DataError('y holds the empty token "", which stands for the blank: leave it out.')
    try:
        return [BLANK_LABEL, *sorted(tokens)]  # type: ignore[type-var]
    except TypeError:  # of several types
        return [BLANK_LABEL, *sorted(tokens, key=repr)]


def coded(strings: Sequence[Sequence[Hashable]], labels: Sequence[Any]) -> list[np.ndarray]:
    """Numbers of the tokens of each string."""
    number = {label: i for i, label in enumerate(labels)}
    found = []
    for i, string in enumerate(strings):
        new = next((token for token in string if number.get(token, 0) == 0), None)
        if new is not None:
            raise DataError(
                f"y[{i}] holds {new!r}, which was in no string of the fit: fit on all tokens that will come."
            )
        found.append(np.array([number[token] for token in string], dtype=np.int64))
    return found


def padded_target(numbers: Sequence[np.ndarray]) -> Tensor:
    """Strings as a table (n, longest), `BEHIND` behind their ends."""
    lengths = np.array([len(string) for string in numbers], dtype=np.int64)
    table = np.full((len(numbers), lengths.max(initial=1)), BEHIND, np.int64)
    table[np.arange(table.shape[1]) < lengths[:, None]] = np.concatenate(numbers)
    return torch.from_numpy(table)


def require_frames(numbers: Sequence[np.ndarray], n_frames: Sequence[int], stacking: int) -> None:
    """Every string must have an alignment.

    Parameters
    ----------
    numbers : sequence of ndarray
        Strings.
    n_frames : sequence of int
        Frames that the network answers to, behind the stacking.
    stacking : int
        Frames made one.

    Raises
    ------
    DataError
        If one has not; the message names it.
    """
    for i, (string, n) in enumerate(zip(numbers, n_frames)):
        needed = frames_needed(string)
        if n < needed:
            made = f" made of {stacking} each" if stacking > 1 else ""
            remedy = "lower `stacking`, or leave the utterance out" if stacking > 1 else "leave the utterance out"
            raise DataError(
                f"utterance {i} is too short: its {len(string)} tokens need {needed} frames (one each, and a blank "
                f"between equal neighbours), but it has {n}{made}: {remedy}."
            )
