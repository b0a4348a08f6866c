"""Gradient boosting by brute force: every threshold of every feature of every leaf is tried, row by row sums.

Leaf-wise growth; missing values are tried on both sides. Ties go to the first feature and the lowest threshold.
"""

from itertools import pairwise
from typing import Any, NamedTuple

import numpy as np


class Node:
    """A leaf, or a question with two children."""

    def __init__(self, rows: np.ndarray, depth: int) -> None:
        self.rows, self.depth = rows, depth
        self.question: Any = None
        self.children: tuple[Node, Node] | None = None
        self.value = 0.0


class Settings(NamedTuple):
    """Limits and penalties."""

    max_leaves: int = 31
    max_depth: int = 1000
    min_rows: int = 20
    min_hessian: float = 1e-3
    l2: float = 0.0


def goes_left(X: np.ndarray, question: tuple) -> np.ndarray:
    """Which rows answer the question (feature, threshold, whether missing values go left) by yes."""
    feature, threshold, missing_left = question
    x = X[:, feature]
    return np.where(np.isnan(x), missing_left, x <= threshold)


def score(g: np.ndarray, h: np.ndarray, l2: float) -> float:
    """G^2 / (H + l2)."""
    return g.sum() ** 2 / (h.sum() + l2)


def questions(X: np.ndarray, rows: np.ndarray):
    """All questions that divide these rows, by feature and ascending threshold."""
    for feature in range(X.shape[1]):
        x = np.unique(X[:, feature][~np.isnan(X[:, feature])])
        missing = np.isnan(X[rows, feature]).any()
        for low, high in pairwise(x):
            for missing_left in (False, True) if missing else (False,):
                yield feature, (low + high) / 2, missing_left
        if missing and len(x):
            yield feature, np.inf, False


def best_split(X: np.ndarray, g: np.ndarray, h: np.ndarray, node: Node, s: Settings) -> tuple[float, tuple | None]:
    """Largest gain and its question."""
    best, found = 0.0, None
    rows = node.rows
    if node.depth >= s.max_depth or len(rows) < 2 * s.min_rows:
        return best, found
    whole = score(g[rows], h[rows], s.l2)
    for question in questions(X, rows):
        left = goes_left(X[rows], question)
        a, b = rows[left], rows[~left]
        if min(len(a), len(b)) < s.min_rows or min(h[a].sum(), h[b].sum()) < s.min_hessian:
            continue
        gain = score(g[a], h[a], s.l2) + score(g[b], h[b], s.l2) - whole
        if gain > best * (1 + 1e-9) + 1e-12:
            best, found = gain, question
    return best, found


def grow(X: np.ndarray, g: np.ndarray, h: np.ndarray, s: Settings) -> Node:
    """A tree: the leaf whose best split gains most is divided next."""
    root = Node(np.arange(len(X)), 0)
    leaves = [root]
    splits = {id(root): best_split(X, g, h, root, s)}
    while len(leaves) < s.max_leaves:
        leaf = max(leaves, key=lambda leaf: splits[id(leaf)][0])
        gain, question = splits[id(leaf)]
        if gain <= 0.0 or question is None:
            break
        left = goes_left(X[leaf.rows], question)
        leaf.question = question
        leaf.children = (Node(leaf.rows[left], leaf.depth + 1), Node(leaf.rows[~left], leaf.depth + 1))
        leaves.remove(leaf)
        for child in leaf.children:
            splits[id(child)] = best_split(X, g, h, child, s)
            leaves.append(child)
    for leaf in leaves:
        leaf.value = -g[leaf.rows].sum() / (h[leaf.rows].sum() + s.l2)
    return root


def predict(root: Node, X: np.ndarray) -> np.ndarray:
    """Value of the leaf of each row."""
    found = np.empty(len(X))
    for i in range(len(X)):
        node = root
        while node.children is not None:
            node = node.children[0 if goes_left(X[i : i + 1], node.question)[0] else 1]
        found[i] = node.value
    return found


def boost(X: np.ndarray, y: np.ndarray, derivatives: Any, rounds: int, rate: float, start: float, s: Settings):
    """Trees one after the other; raw predictions of the training rows, and the trees."""
    raw, trees = np.full(len(X), start), []
    for _ in range(rounds):
        g, h = derivatives(raw, y)
        trees.append(grow(X, g, h, s))
        raw = raw + rate * predict(trees[-1], X)
    return raw, trees
