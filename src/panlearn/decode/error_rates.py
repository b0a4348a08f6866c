"""How wrong a transcript is: edits that turn it into the reference, per word or character [levenshtein1966].

    d(i, j) = min { d(i-1, j-1) + [a_i != b_j],  d(i, j-1) + 1 (insertion),  d(i-1, j) + 1 (deletion) }

    rate = (substitutions + insertions + deletions) / length of the reference,     summed over all utterances

so that a rate can exceed 1. One row of d is kept; each entry carries the counts of its substitutions and insertions in
its low digits, so that of equally short ways the one with the fewest substitutions is counted. Cost: the product of the
two lengths. Course note: 001 §8.5.
"""

from collections.abc import Hashable, Sequence
from itertools import chain
from typing import Any, NamedTuple

import numpy as np

from panlearn.core.errors import DataError
from panlearn.core.jit import kernel

BITS = 21  # of each count: strings up to two million
UNIT = 1 << 2 * BITS  # an edit
SUBSTITUTION, INSERTION = UNIT + (1 << BITS), UNIT + 1
UNITS = {"word": str.split, "character": list, "token": list}


class EditCounts(NamedTuple):
    """Edits of all utterances, and how many words, characters or tokens the references have."""

    substitutions: int
    insertions: int
    deletions: int
    n_reference: int

    @property
    def rate(self) -> float:
        """Edits per unit of the references; 0 or inf where these are empty."""
        edits = self.substitutions + self.insertions + self.deletions
        return edits / self.n_reference if self.n_reference else float("inf") if edits else 0.0


def edit_counts(y_true: Sequence[Any], y_pred: Sequence[Any], unit: str = "word") -> EditCounts:
    """Count the edits between references and transcripts.

    Parameters
    ----------
    y_true, y_pred : sequence of n strings, or of n sequences of tokens
        References and transcripts.
    unit : {"word", "character", "token"}, default="word"
        What is counted: words between blanks, characters, or the members of sequences.

    Returns
    -------
    EditCounts
        Sums over all.

    Raises
    ------
    ValueError
        If there are not equally many of both, or an entry is no string where words or characters are counted.

    References
    ----------
    [levenshtein1966], note 001 §8.5

    Examples
    --------
    >>> edit_counts(["one two three"], ["one too three four"])
    EditCounts(substitutions=1, insertions=1, deletions=0, n_reference=3)
    """
    if unit not in UNITS:
        raise DataError(f"unit must be one of {sorted(UNITS)}, got {unit!r}.")
    if isinstance(y_true, str) or isinstance(y_pred, str):
        raise DataError("y_true and y_pred must be lists of strings, got one string: pass [text].")
    if len(y_true) != len(y_pred):
        raise DataError(f"y_true and y_pred must be equally many, got {len(y_true)} and {len(y_pred)}.")
    codes: dict[Hashable, int] = {}
    sides = [_coded(side, unit, codes) for side in (y_true, y_pred)]
    (a, starts_a), (b, starts_b) = sides
    counts = np.zeros(3, np.int64)
    longest = int(np.diff(starts_b).max(initial=0))
    count_edits(a, starts_a, b, starts_b, np.empty(longest + 1, np.int64), counts)
    substitutions, insertions, deletions = counts.tolist()
    return EditCounts(substitutions, insertions, deletions, len(a))


def word_error_rate(y_true: Sequence[str], y_pred: Sequence[str]) -> float:
    """Edits of words per word of the references.

    Parameters
    ----------
    y_true, y_pred : sequence of n strings
        References and transcripts.

    Returns
    -------
    float
        At least 0; above 1 where more was heard than said.

    References
    ----------
    [levenshtein1966], note 001 §8.5

    Examples
    --------
    >>> word_error_rate(["one two three four"], ["one too three four"])
    0.25
    """
    return edit_counts(y_true, y_pred, "word").rate


def character_error_rate(y_true: Sequence[str], y_pred: Sequence[str]) -> float:
    """Edits of characters per character of the references, blanks included.

    Parameters
    ----------
    y_true, y_pred : sequence of n strings
        References and transcripts.

    Returns
    -------
    float
        At least 0; above 1 where more was heard than said.

    References
    ----------
    [levenshtein1966], note 001 §8.5

    Examples
    --------
    >>> character_error_rate(["five"], ["fine"])
    0.25
    """
    return edit_counts(y_true, y_pred, "character").rate


def _coded(side: Sequence[Any], unit: str, codes: dict[Hashable, int]) -> tuple[np.ndarray, np.ndarray]:
    """Strings as numbers end to end, and where each begins."""
    odd = next((x for x in side if not isinstance(x, str)), None) if unit != "token" else None
    if odd is not None:
        raise DataError(f'unit="{unit}" needs strings, got {odd!r}; unit="token" counts members of lists.')
    parts = [UNITS[unit](x) for x in side]
    starts = np.append(0, np.cumsum([len(part) for part in parts], dtype=np.int64)).astype(np.int64)
    numbers = (codes.setdefault(x, len(codes)) for x in chain.from_iterable(parts))
    return np.fromiter(numbers, np.int64, int(starts[-1])), starts


@kernel
def count_edits(a, starts_a, b, starts_b, row, counts):  # writes row, counts
    """Add up substitutions, insertions and deletions of all pairs."""
    for k in range(starts_a.size - 1):
        first, n = starts_b[k], starts_b[k + 1] - starts_b[k]
        for j in range(n + 1):
            row[j] = j * INSERTION
        for i in range(starts_a[k], starts_a[k + 1]):
            diagonal = row[0]
            row[0] += UNIT
            for j in range(1, n + 1):
                same = diagonal if a[i] == b[first + j - 1] else diagonal + SUBSTITUTION
                diagonal = row[j]
                row[j] = min(same, row[j] + UNIT, row[j - 1] + INSERTION)
        edits, mask = row[n], (1 << BITS) - 1
        substitutions, insertions = (edits >> BITS) & mask, edits & mask
        counts[0] += substitutions
        counts[1] += insertions
        counts[2] += (edits >> 2 * BITS) - substitutions - insertions
