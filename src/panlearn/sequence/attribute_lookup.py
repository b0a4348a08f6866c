"""Attributes of tokens to the numbers they have: what tagging spends most of its time on.

To make the name "word:the" of word = "the" and to look it up costs a new string, its hash and a comparison. The pairs
of a dict are tuples already, and their parts know their hashes: so each known pair is remembered with its number, and a
token whose pairs are all known is one pass over its items without a line of Python. Only known attributes are
remembered, so that a stream does not grow the memory.

Course note: 004 §11.
"""

from typing import Any

from panlearn.core.errors import DataError
from panlearn.sequence.attribute_items import Read, collect, tokens_of

UNKNOWN = -1


class AttributeLookup:
    """Numbers of known attributes.

    Parameters
    ----------
    known : dict
        From name to number.

    Examples
    --------
    The value 0 of attribute a is marked as -2 - a.

    >>> lookup = AttributeLookup({"word:the": 0, "title": 1})
    >>> lookup.read(0, [{"word": "the", "title": False}, {"word": "cat", "title": 0.5}])
    Read(codes=[0, -3, -1, 1], values={3: 0.5}, ends=[2, 4])
    """

    def __init__(self, known: dict[str, int]) -> None:
        self._known = known
        self._pairs: dict[tuple[str, Any], int] = {}

    def read(self, i: int, sequence: Any) -> Read:
        """Numbers of the attributes of sequence i; -1 if unknown."""
        codes: list[int] = []
        values: dict[int, float] = {}
        ends: list[int] = []
        pair, name = self._pairs.get, self._known.get
        for t, token in enumerate(tokens_of(i, sequence)):
            found: list[Any]
            try:
                found = list(map(pair, token.items()) if type(token) is dict else map(name, token))
            except (TypeError, AttributeError):  # a value that is no key, as a list, or no token at all
                found = [None]
            if None in found or type(token) is str:
                try:
                    found = self._completed(token, found, values, len(codes))
                except DataError as error:
                    raise DataError(f"token {t} of sequence {i} of X: {error}") from None
            codes += found
            ends.append(len(codes))
        return Read(codes, values, ends)

    def _completed(self, token: Any, found: list, values: dict[int, float], start: int) -> list[int]:
        """The numbers of a token with those that were not found at once; its values other than 1 are noted."""
        if type(token) is dict and len(found) == len(token):
            for j, (key, value) in enumerate(token.items()):
                if found[j] is None and (code := self._pair(key, value)) is not None:
                    found[j] = code
        elif type(token) in (list, tuple, set, frozenset) and len(found) == len(token):
            found = [UNKNOWN if code is None and type(name) is str else code for code, name in zip(found, token)]
        if None not in found and type(token) is not str:
            return found
        names: list[str] = []
        own: dict[int, float] = {}
        collect(token, names, own)
        values.update((start + place, value) for place, value in own.items())
        return [self._known.get(name, UNKNOWN) for name in names]

    def _pair(self, key: Any, value: Any) -> int | None:
        """Number of a pair, which is remembered; None if it takes more than a look-up."""
        if type(key) is not str:
            return None
        if type(value) is str:
            code = self._known.get(f"{key}:{value}", UNKNOWN)
        elif type(value) in (bool, int, float) and value in (0, 1):
            code = self._known.get(key, UNKNOWN)
            code = code if value else -2 - code
        else:
            return None
        if code != UNKNOWN:
            self._pairs[key, value] = code
        return code
