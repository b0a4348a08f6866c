"""Votes of boosted classifiers: trees are gone through all at once, anything else copy by copy."""

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from panlearn.tree.tree_structure import Tree


def sum_votes(copies: Sequence[Any], votes: np.ndarray, classes: np.ndarray, X: Any) -> np.ndarray:
    """Sum the votes of the copies.

    Parameters
    ----------
    copies : sequence of classifiers
        Fitted.
    votes : ndarray
        What each has to give: all to the class it predicts, minus a share of 1 / (K - 1) to each other.
    classes : ndarray of shape (K,)
        Labels.
    X : ndarray or sparse matrix of shape (n, p)
        Rows.

    Returns
    -------
    ndarray of shape (n, K)
        Sums.
    """
    if not _share_classes(copies, classes, X):
        total = np.zeros((X.shape[0], len(classes)))
        for copy, vote in zip(copies, votes, strict=False):
            total += _spread(copy.predict(X), classes, vote)
        return total
    from panlearn.tree.prediction import pack_trees, sum_leaf_values

    return sum_leaf_values(pack_trees([copy.tree_ for copy in copies], node_votes(copies, votes)), X)


def staged_votes(copies: Sequence[Any], votes: np.ndarray, classes: np.ndarray, X: Any) -> Iterator[np.ndarray]:
    """Sum the votes of the copies, and show the sums after each.

    Parameters
    ----------
    copies, votes, classes, X
        As for `sum_votes`.

    Yields
    ------
    ndarray of shape (n, K)
        The same array each time, changed.
    """
    total = np.zeros((X.shape[0], len(classes)))
    if not _share_classes(copies, classes, X):
        for copy, vote in zip(copies, votes, strict=False):
            total += _spread(copy.predict(X), classes, vote)
            yield total
        return
    from panlearn.tree.prediction import pack_trees, sum_leaf_values

    packed = pack_trees([copy.tree_ for copy in copies], node_votes(copies, votes))
    for t in range(len(copies)):
        yield sum_leaf_values(packed, X, total, first=t, last=t + 1)


def are_plain_trees(copies: Sequence[Any], X: Any) -> bool:
    """Whether each copy is one of our binary trees on the columns of X as they are.

    Parameters
    ----------
    copies : sequence of estimators
        Fitted.
    X : ndarray or sparse matrix
        Rows to predict.

    Returns
    -------
    bool
    """
    if X.ndim != 2 or X.dtype.kind not in "fiub":
        return False
    trees = [getattr(copy, "tree_", None) for copy in copies]
    return all(
        isinstance(tree, Tree) and tree.n_outputs == 1 and (tree.branch_start < 0).all() for tree in trees
    ) and all(getattr(copy, "is_categorical_", None) is None for copy in copies)


def node_votes(copies: Sequence[Any], votes: np.ndarray) -> list[np.ndarray]:
    """What each node of the copies' trees adds to the sums, one (nodes, K) array a tree."""
    return [
        _spread(copy.tree_.value[:, 0].argmax(axis=1), np.arange(copy.n_classes_), vote)
        for copy, vote in zip(copies, votes, strict=False)
    ]


def _spread(predicted: np.ndarray, classes: np.ndarray, vote: float) -> np.ndarray:
    """The vote for the class predicted, (n, K), against the others in equal parts."""
    return np.where(predicted[:, None] == classes, vote, -vote / max(1, len(classes) - 1))


def _share_classes(copies: Sequence[Any], classes: np.ndarray, X: Any) -> bool:
    return are_plain_trees(copies, X) and all(np.array_equal(copy.classes_, classes) for copy in copies)
