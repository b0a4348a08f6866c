"""A lexicon as a trie: words by their spellings, so that a search follows only beginnings of words.

Node 0 is the root; each node knows which node comes after a token (`panlearn.decode.key_table`), and the words that are
spelt by the way to it. Several words of one spelling ("two", "too" by their sounds) hang at one node.
"""

import math
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from panlearn.core.errors import DataError
from panlearn.decode.key_table import table_of

NO_WORD = -1


EDGE = np.dtype([("key", np.int64), ("node", np.int64)])
NODE = np.dtype([("first", np.int64), ("inner", np.int64)])


class Trie(NamedTuple):
    """A lexicon as arrays."""

    edges: np.ndarray  # table (`key_table`) of EDGE: node * stride + token, the node after it
    nodes: np.ndarray  # (N,) of NODE: first word at a node or -1, and whether longer words go on from it
    more: np.ndarray  # (W,) int64, next word of the same spelling, or -1
    stride: int  # above every token
    separator: int  # token between words, or -1
    unknown: float  # log-probability of a word outside the lexicon, -inf if there is none


class Lexicon:
    """Words with their spellings.

    Parameters
    ----------
    spellings : mapping
        From word to its tokens, or to a list of such where it has several spellings; tokens are the numbers of the
        network's outputs, or what `labels` calls them. A list of words is spelt by its characters.
    labels : sequence, optional
        Names of the tokens, that of the blank among them; numbers by default.
    separator : int or str, optional
        Token between words, a blank space say. Without one, a word may end wherever its spelling does.
    unknown : float, optional
        Log-probability given to a word that is not in the lexicon, on top of what a language model says of "<unk>".
        Needs a separator. By default there are no such words.

    Attributes
    ----------
    words : list
        One entry a spelling.
    trie : Trie
        What decoders read.

    Raises
    ------
    ValueError
        If a spelling is empty, has a token that is not in `labels`, or holds the separator.

    References
    ----------
    [graves2006], note 001 §8.5

    Examples
    --------
    >>> lexicon = Lexicon(["no", "not"], labels=["", " ", "n", "o", "t"], separator=" ")
    >>> len(lexicon.trie.nodes), lexicon.trie.nodes["first"].tolist()  # root, n, no, not
    (4, [-1, -1, 0, 1])
    """

    def __init__(
        self,
        spellings: Mapping[Any, Any] | Sequence[str],
        labels: Sequence[Any] | None = None,
        *,
        separator: Any = None,
        unknown: float | None = None,
    ) -> None:
        number = None if labels is None else {label: i for i, label in enumerate(labels)}
        self.labels = None if labels is None else list(labels)
        between = -1 if separator is None else _number(separator, number, "separator")
        if unknown is not None and (between < 0 or not unknown <= 0):
            raise DataError(f"unknown must be a log-probability, and needs a separator; got {unknown!r}.")
        self.words: list[Any] = []
        spelt: list[tuple[int, ...]] = []
        pairs = spellings.items() if isinstance(spellings, Mapping) else ((word, word) for word in spellings)
        for word, given in pairs:
            for spelling in _variants(given):
                tokens = tuple(_number(token, number, word) for token in spelling)
                if not tokens or between in tokens:
                    raise DataError(f"the word {word!r} is spelt {tokens}: empty, or with the separator inside.")
                self.words.append(word)
                spelt.append(tokens)
        if not spelt:
            raise DataError("a lexicon needs words: there are none.")
        stride = 1 + max(max(map(max, spelt)), between)
        edges, nodes, more = _trie(spelt, stride)
        self.trie = Trie(edges, nodes, more, stride, between, -math.inf if unknown is None else float(unknown))


def _variants(given: Any) -> Sequence[Sequence[Any]]:
    """Spellings of a word: one, or a list of them."""
    if len(given) and not isinstance(given, str) and isinstance(given[0], (list, tuple)):
        return given
    return [given]


def _number(token: Any, number: dict | None, word: Any) -> int:
    """Number of a token."""
    if number is not None:
        if token not in number:
            raise DataError(f"{word!r}: the token {token!r} is not among the labels.")
        return number[token]
    if isinstance(token, (bool, str)) or not isinstance(token, (int, np.integer)) or token < 0:
        raise DataError(f"{word!r}: the token {token!r} is no number of an output; pass `labels` for names.")
    return int(token)


def _trie(spelt: list[tuple[int, ...]], stride: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Nodes in the order of their first word."""
    nodes: dict[tuple[int, int], int] = {}  # (node, token) -> node
    ends: list[int] = []
    for tokens in spelt:
        node = 0
        for token in tokens:
            node = nodes.setdefault((node, token), len(nodes) + 1)
        ends.append(node)
    table, more = np.zeros(len(nodes) + 1, NODE), np.full(len(spelt), NO_WORD, np.int64)
    table["first"] = NO_WORD
    for word in reversed(range(len(spelt))):
        more[word], table["first"][ends[word]] = table["first"][ends[word]], word
    table["inner"][[node for node, _ in nodes]] = 1
    keys = np.array([node * stride + token for node, token in nodes], dtype=np.int64)
    return table_of(keys, EDGE, node=np.array(list(nodes.values()))), table, more
