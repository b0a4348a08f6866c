"""Sums of the trees of some rounds, by `panlearn.tree.prediction`.

Course notes: 000 §4.6.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np

from panlearn.tree.prediction import PackedTrees, pack_trees, sum_leaf_values
from panlearn.tree.tree_structure import Tree


def pack_rounds(rounds: Sequence[Sequence[Tree]], scales: Sequence[float]) -> PackedTrees:
    """Lay the trees of rounds out for prediction.

    Parameters
    ----------
    rounds : sequence of sequences of Tree
        The trees of each round, one for each column of the raw prediction; at least one round.
    scales : sequence of float
        Factor of each round.

    Returns
    -------
    PackedTrees
        Round after round, column after column.
    """
    k = len(rounds[0])
    trees = [tree for stage in rounds for tree in stage]
    values = [tree.value * scale for stage, scale in zip(rounds, scales, strict=True) for tree in stage]
    return pack_trees(trees, values, columns=np.tile(np.arange(k), len(rounds)), n_outputs=k)


def sum_trees(rounds: Sequence[Sequence[Tree]], scales: Sequence[float], X: Any) -> np.ndarray:
    """Sum of the trees of rounds, times their factors, for each row.

    Parameters
    ----------
    rounds : sequence of sequences of Tree
        As for `pack_rounds`.
    scales : sequence of float
        Factor of each round.
    X : ndarray or sparse matrix of shape (n, p)
        Rows.

    Returns
    -------
    ndarray of shape (n, k)
    """
    return sum_leaf_values(pack_rounds(rounds, scales), X)
