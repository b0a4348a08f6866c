"""Trees of words as tensors: numbers of words and parents, end to end; and the labels of all nodes.

A batch is padded like one of sequences: words and parents (b, m) for trees of up to m nodes, -1 where there is nothing,
and the nodes of each tree (b,). Node 0 of a tree is its root.

Course note: 003 §2.4.
"""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from panlearn.core.errors import DataError
from panlearn.neural_network.tree_reading import WordTree

NO_LABEL = -100  # a node that trains nothing; the number that torch's losses pass over


class TreeRows(NamedTuple):
    """Trees end to end; the module gets them padded: numbers of words, parents, and nodes of each tree."""

    words: Tensor  # (sum of nodes,) number of the word; -1 where there is none
    parents: Tensor  # (sum of nodes,) within the tree
    starts: Tensor  # (n + 1,)

    def __len__(self) -> int:
        return len(self.starts) - 1

    @property
    def row_bytes(self) -> int:
        """Bytes of a tree, on average."""
        return max(1, 1000 * len(self.words) // max(1, len(self)))  # what its states take, more than its words

    def lengths(self) -> Tensor:
        """Nodes of each tree."""
        return self.starts.diff()

    def take(self, indices: Tensor) -> tuple[Tensor, ...]:
        """Words and parents of some trees, (b, m), and their nodes, (b,)."""
        starts = self.starts[indices]
        lengths = self.starts[indices + 1] - starts
        steps = torch.arange(int(lengths.max()) if len(lengths) else 0)
        beyond = steps >= lengths[:, None]
        places = (starts[:, None] + steps).masked_fill_(beyond, 0)
        return self.words[places].masked_fill_(beyond, -1), self.parents[places].masked_fill_(beyond, -1), lengths


def tree_rows(trees: Sequence[WordTree], vocabulary: Mapping[str, int], lowercase: bool) -> TreeRows:
    """Number the words of trees.

    Parameters
    ----------
    trees : sequence of WordTree
        Checked trees.
    vocabulary : mapping
        From word to number; words it lacks are 0.
    lowercase : bool
        Whether words are put in lower case first.

    Returns
    -------
    TreeRows
        The same, as tensors.
    """
    number = vocabulary.get
    flat = (word for tree in trees for word in tree.words)
    codes = [-1 if word is None else number(word.lower() if lowercase else word, 0) for word in flat]
    starts = np.cumsum([0, *(len(tree.words) for tree in trees)])
    parents = np.concatenate([tree.parents for tree in trees]).astype(np.int64)
    return TreeRows(torch.tensor(codes), torch.from_numpy(parents), torch.from_numpy(starts))


def node_targets(trees: Sequence[WordTree], classes: np.ndarray) -> Tensor:
    """Codes of the labels of all nodes.

    Parameters
    ----------
    trees : sequence of WordTree
        Checked trees.
    classes : ndarray of shape (K,)
        Labels in the order of their codes.

    Returns
    -------
    Tensor of shape (n, m), int64
        `NO_LABEL` where a node has none, and behind the last node.

    Raises
    ------
    DataError
        If a label is none of the classes.
    """
    code = {label: k for k, label in enumerate(classes.tolist())} | {None: NO_LABEL}
    target = torch.full((len(trees), max(len(tree.labels) for tree in trees)), NO_LABEL)
    for i, tree in enumerate(trees):
        try:
            target[i, : len(tree.labels)] = torch.tensor([code[label] for label in tree.labels])
        except KeyError as odd:
            raise DataError(
                f"tree {i} has a node labelled {odd.args[0]!r}, which is none of the classes {classes.tolist()}: name "
                "all labels, map them by read_trees(..., labels=...), or set node_labels=False."
            ) from None
    return target
