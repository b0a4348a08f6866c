"""Trees of words: read from brackets or nested tuples, and checked.

    (3 (2 It) (4 (4 good) (2 .)))            label, then a word or the children, as in the sentiment treebank
    (3, (2, "It"), (4, (4, "good"), (2, ".")))     the same as nested tuples

Nodes are numbered as they open, so node 0 is the root, and the children of a node stand in the order of their numbers.
No function here calls itself: a tree may be as deep as it likes.

Course note: 003 §2.4.
"""

import gzip
import re
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from panlearn.core.errors import DataError

TOKENS = re.compile(r"[()]|[^ \t\r\n()]+")  # a word may hold a no-break space: "8 1/2" in the sentiment treebank


class WordTree(NamedTuple):
    """A tree of words; parents stand before their children, whose order is that of their numbers.

    Examples
    --------
    "Dogs chase the cat" by its dependencies: every node has a word, so inner nodes have input.

    >>> from panlearn.neural_network import WordTree
    >>> import numpy as np
    >>> tree = WordTree(np.array([-1, 0, 0, 2]), ("chase", "Dogs", "cat", "the"), (None, None, None, None))
    >>> [tree.words[v] for v in np.flatnonzero(tree.parents == 0)]
    ['Dogs', 'cat']
    """

    parents: np.ndarray  # (m,) parent of each node, -1 for node 0, the root
    words: tuple[str | None, ...]  # m: word of each leaf; None at inner nodes that have none
    labels: tuple[Any, ...]  # m: label of each node, or None


def read_trees(source: Any, labels: Mapping[Any, Any] | None = None) -> list[WordTree]:
    r"""Read trees in brackets, one a line.

    Parameters
    ----------
    source : path, str, or sequence
        A file, plain or with gzip, as a `Path`; a string with a tree a line; or a sequence of trees, each a string,
        nested tuples (label, word) and (label, child, ...), or a `WordTree`.
    labels : mapping, optional
        What each label becomes. Nodes whose label it lacks train nothing, and trees whose root's it lacks are left out:
        `{0: 0, 1: 0, 3: 1, 4: 1}` makes five grades of mood two.

    Returns
    -------
    list of WordTree
        The trees. Labels made of digits become whole numbers, and "_" is no label.

    Raises
    ------
    DataError
        If brackets do not match or a node is empty; the message names the tree.

    Examples
    --------
    >>> from panlearn.neural_network import read_trees
    >>> tree, = read_trees("(3 (2 It) (4 (4 good) (2 .)))")
    >>> tree.parents.tolist(), tree.words
    ([-1, 0, 0, 2, 2], (None, 'It', None, 'good', '.'))
    >>> read_trees("(3 (2 It) (4 works))", {3: "+", 4: "+"})[0].labels
    ('+', None, '+')
    """
    if isinstance(source, Path):
        data = source.read_bytes()
        source = (gzip.decompress(data) if data[:2] == b"\x1f\x8b" else data).decode()
    if isinstance(source, str):
        source = [line for line in source.split("\n") if line.strip()]
    trees = [as_tree(tree, i) for i, tree in enumerate(source)]
    if labels is None:
        return trees
    trees = [tree._replace(labels=tuple(labels.get(label) for label in tree.labels)) for tree in trees]
    return [tree for tree in trees if tree.labels[0] is not None]


def as_tree(given: Any, number: int) -> WordTree:
    """Return a string, nested tuples, or a tree as a tree.

    Parameters
    ----------
    given : str, tuple, list or WordTree
        The tree.
    number : int
        Which it is, for messages.

    Returns
    -------
    WordTree
        Checked.

    Raises
    ------
    DataError
        If it is none.
    """
    if isinstance(given, WordTree):
        return _checked(given, number)
    if isinstance(given, str):
        return _grown(_events_of_text(given), number)
    if isinstance(given, (tuple, list)):
        return _grown(_events_of_tuples(given, number), number)
    raise DataError(
        f"tree {number} is a {type(given).__name__} ({given!r:.60}); a tree is a string in brackets, nested tuples "
        "(label, word) and (label, child, ...), or a WordTree of read_trees."
    )


def _events_of_text(text: str) -> Iterable[tuple[str, Any]]:
    """Openings with their labels, words, and closings."""
    tokens = TOKENS.findall(text)
    i = 0
    while i < len(tokens):
        if tokens[i] == "(":
            labelled = i + 1 < len(tokens) and tokens[i + 1] not in "()"
            label = tokens[i + 1] if labelled else None
            yield "(", int(label) if label is not None and label.isdecimal() else None if label == "_" else label
            i += 2 if labelled else 1
        else:
            yield (")", None) if tokens[i] == ")" else ("word", tokens[i])
            i += 1


def _events_of_tuples(tree: Sequence[Any], number: int) -> Iterable[tuple[str, Any]]:
    """Openings with their labels, words, and closings."""
    waiting: list[Any] = [tree]
    close = object()
    while waiting:
        node = waiting.pop()
        if node is close:
            yield ")", None
        elif isinstance(node, str):
            yield "word", node
        elif isinstance(node, (tuple, list)) and node and not isinstance(node[0], (tuple, list)):
            yield "(", node[0]
            waiting += [close, *reversed(node[1:])]
        else:
            raise DataError(
                f"tree {number} holds {node!r:.60}; a node is (label, word) or (label, child, ...), with None where "
                "there is no label."
            )


class _Growing:
    """A tree while brackets open and close."""

    def __init__(self, number: int) -> None:
        self.number, self.at = number, -1
        self.parents: list[int] = []
        self.words: list[str | None] = []
        self.labels: list[Any] = []
        self.filled: list[bool] = []  # holds a word or a child

    def open(self, label: Any) -> None:
        """Begin a node."""
        if self.at >= 0:
            if self.words[self.at] is not None:
                raise self._wrong(f"{self.words[self.at]!r} stands beside a bracket; a node holds a word or children")
            self.filled[self.at] = True
        elif self.parents:
            raise self._wrong("it has two roots: one tree a string")
        self.parents.append(self.at)
        self.words.append(None)
        self.labels.append(label)
        self.filled.append(False)
        self.at = len(self.parents) - 1

    def word(self, word: str) -> None:
        """Fill the node that is open."""
        if self.at == -1:
            raise self._wrong(f"{word!r} stands outside the brackets")
        if self.filled[self.at]:
            raise self._wrong(f"{word!r} is one word too many; a node holds one word, or children")
        self.words[self.at], self.filled[self.at] = word, True

    def close(self, _: Any) -> None:
        """End the node that is open."""
        if self.at == -1:
            raise self._wrong("it has a ) too many")
        if not self.filled[self.at]:
            raise self._wrong(f"node {self.at}, labelled {self.labels[self.at]!r}, holds neither a word nor children")
        self.at = self.parents[self.at]

    def done(self) -> WordTree:
        """Return the tree."""
        if self.at != -1:
            raise self._wrong("a bracket is not closed")
        if not self.parents:
            raise self._wrong("it is empty; a tree has at least one node")
        return WordTree(np.array(self.parents), tuple(self.words), tuple(self.labels))

    def _wrong(self, what: str) -> DataError:
        return DataError(f"tree {self.number}: {what}.")


def _grown(events: Iterable[tuple[str, Any]], number: int) -> WordTree:
    """Tree of openings, words and closings."""
    tree = _Growing(number)
    act = {"(": tree.open, "word": tree.word, ")": tree.close}
    for what, value in events:
        act[what](value)
    return tree.done()


def _checked(tree: WordTree, number: int) -> WordTree:
    """Check a tree that was made by hand."""
    parents, m = np.asarray(tree.parents), len(tree.words)
    if parents.shape != (m,) or len(tree.labels) != m or not m:
        raise DataError(
            f"tree {number} must have as many parents as words and labels, got shapes {parents.shape}, ({m},), "
            f"({len(tree.labels)},)."
        )
    if parents[0] != -1 or (parents[1:] < 0).any() or (parents >= np.arange(m)).any():
        raise DataError(
            f"tree {number}: node 0 must be the root, with parent -1, and parents come before their children."
        )
    inner = np.zeros(m, bool)
    inner[parents[1:]] = True
    bare = [v for v in np.flatnonzero(~inner).tolist() if tree.words[v] is None]
    if bare:
        raise DataError(f"tree {number}: node {bare[0]} holds neither a word nor children.")
    return tree
