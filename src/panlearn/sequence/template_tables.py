"""The attributes that a template makes, as sorted numbers.

What is seen at a token has a number c (below), -1 for nothing. Parts c_1, ..., c_k with m_1, ..., m_k numbers each
become one key, from the left:

    r_1 = c_1,   r_i = rank of (r_{i-1} m_i + c_i) among those of the training data,     attribute = first + r_k

so that no key passes 2^62, however many parts there are. Numbers below 2 R stand for places beyond the ends (R: the
farthest place of any template): _B-1, ..., _B-R, _B+1, ..., _B+R; the others for what is seen of words.
"""

from collections.abc import Iterator, Sequence
from itertools import accumulate, chain, repeat
from typing import NamedTuple, overload

import numpy as np

from panlearn.sequence.feature_templates import Template, View


class Seen(NamedTuple):
    """One part of a template at each token."""

    codes: np.ndarray  # (n,) int32, -1 where nothing is seen
    size: int  # numbers there are


class TemplateTable(NamedTuple):
    """Attributes of one template."""

    first: int  # number of its first attribute
    sizes: list[int]  # m_1, ..., m_k
    inner: list[np.ndarray]  # sorted keys of the parts 1 to i, for 1 < i < k
    keys: np.ndarray  # (attributes,) int64, sorted


def shifted(codes: np.ndarray, place: int, offsets: np.ndarray, reach: int) -> np.ndarray:
    """Numbers of the tokens some places on; beyond the ends of a sequence, those of the places there.

    Parameters
    ----------
    codes : ndarray of shape (n,)
        Numbers of the tokens.
    place : int
        How far.
    offsets : ndarray of shape (s + 1,)
        Where sequences begin.
    reach : int
        R.

    Returns
    -------
    ndarray of shape (n,)
        Numbers.

    Examples
    --------
    >>> shifted(np.array([5, 6, 7, 8]), -1, np.array([0, 3, 4]), 2).tolist()
    [0, 5, 6, 0]
    >>> shifted(np.array([5, 6, 7, 8]), 2, np.array([0, 3, 4]), 2).tolist()
    [7, 2, 3, 3]
    """
    moved = np.empty_like(codes)
    starts, stops, away = offsets[:-1], offsets[1:], abs(place)
    if place < 0:
        moved[away:] = codes[:-away]
    else:
        moved[: max(len(codes) - away, 0)] = codes[away:]
    for i in range(away):  # the i-th token from the end that the place is beyond of
        long_enough = stops - starts > i
        rows = starts[long_enough] + i if place < 0 else stops[long_enough] - 1 - i
        moved[rows] = away - i - 1 + (reach if place > 0 else 0)
    return moved


def fitted_table(parts: Sequence[Seen], first: int, min_count: int, n: int) -> tuple[TemplateTable, np.ndarray]:
    """Find the attributes of a template.

    Parameters
    ----------
    parts : sequence of Seen
        Its parts; without any there is one attribute, which all tokens have.
    first : int
        Number of its first attribute.
    min_count : int
        Fewest tokens of an attribute.
    n : int
        Number of tokens.

    Returns
    -------
    table : TemplateTable
        Its attributes.
    numbers : ndarray of shape (n,)
        The attribute of each token, -1 for none.
    """
    sizes, inner = [part.size for part in parts], []
    keys = parts[0].codes.astype(np.int64) if parts else np.zeros(n, np.int64)
    for i, part in enumerate(parts[1:]):
        if i:
            inner.append(np.unique(keys[keys >= 0]))
            keys = _ranks(inner[-1], keys)
        keys = _joined(keys, part)
    distinct, counts = np.unique(keys[keys >= 0], return_counts=True)
    table = TemplateTable(first, sizes, inner, distinct[counts >= min_count])
    return table, _numbers(table, keys)


def numbers_in(table: TemplateTable, parts: Sequence[Seen], n: int) -> np.ndarray:
    """Attribute of each of n tokens, -1 for one that is not in the table.

    Parameters
    ----------
    table : TemplateTable
        Attributes of the template.
    parts : sequence of Seen
        Its parts at the tokens.
    n : int
        Number of tokens.

    Returns
    -------
    ndarray of shape (n,)
        Numbers.
    """
    keys = parts[0].codes.astype(np.int64) if parts else np.zeros(n, np.int64)
    for i, part in enumerate(parts[1:]):
        keys = _joined(_ranks(table.inner[i - 1], keys) if i else keys, part)
    return _numbers(table, keys)


def _joined(keys: np.ndarray, part: Seen) -> np.ndarray:
    return np.where((keys < 0) | (part.codes < 0), -1, keys * part.size + part.codes)


def _numbers(table: TemplateTable, keys: np.ndarray) -> np.ndarray:
    ranks = _ranks(table.keys, keys)
    return np.where(ranks < 0, -1, ranks + table.first)


def _ranks(known: np.ndarray, keys: np.ndarray) -> np.ndarray:
    """Place of each key among the known ones, which are sorted; -1 where it is none of them."""
    if not len(known):
        return np.full(len(keys), -1)
    if known[-1] < 4 * len(keys):  # a table of all keys there could be costs less than a search
        places = np.full(known[-1] + 2, -1)
        places[known] = np.arange(len(known))
        return places[np.clip(keys, -1, len(places) - 1)]
    places = np.searchsorted(known, keys)
    places[places == len(known)] = 0
    return np.where(known[places] == keys, places, -1)


class TemplateNames(Sequence):
    """Names of the attributes, each put together when it is asked for."""

    def __init__(
        self, templates: Sequence[Template], tables: Sequence[TemplateTable], words: dict[View, list[str]], reach: int
    ) -> None:
        beyond = [f"_B{sign}{i}" for sign in "-+" for i in range(1, reach + 1)]
        self.templates, self.tables = templates, tables
        self.seen = {view: beyond + seen for view, seen in words.items()}  # what each number stands for
        self.ends = list(accumulate(len(table.keys) for table in tables))

    def __len__(self) -> int:
        return self.ends[-1] if self.ends else 0

    @overload
    def __getitem__(self, index: int) -> str: ...
    @overload
    def __getitem__(self, index: slice) -> list[str]: ...
    def __getitem__(self, index):
        if isinstance(index, slice):
            return [self[i] for i in range(*index.indices(len(self)))]
        number = range(len(self))[index]
        k = int(np.searchsorted(self.ends, number, side="right"))
        place = number - self.tables[k].first
        return next(self._of(k, slice(place, place + 1)))

    def __iter__(self) -> Iterator[str]:
        return chain.from_iterable(self._of(k, slice(None)) for k in range(len(self.tables)))

    def _of(self, k: int, places: slice) -> Iterator[str]:
        """Names of some attributes of a template, from their keys."""
        template, table = self.templates[k], self.tables[k]
        keys, values = table.keys[places], []
        if not table.sizes:
            return repeat(template.literals[0], len(keys))
        for i in range(len(table.sizes) - 1, 0, -1):
            keys, codes = np.divmod(keys, table.sizes[i])
            values.append(map(self.seen[template.parts[i].view].__getitem__, codes.tolist()))
            keys = table.inner[i - 2][keys] if i > 1 else keys
        values.append(map(self.seen[template.parts[0].view].__getitem__, keys.tolist()))
        return map(template.form.format, *reversed(values))
