"""Trees of a forest on disk: one set of arrays for all trees, without what follows from the rest.

A node in memory has some 70 bytes; what cannot be recomputed takes about 12 in classification and 20 in regression:

- thresholds and features of inner nodes only; children only where the nodes are not in depth-first order;
- numbers of rows and weights of the leaves: those of an inner node are their sums;
- fractions of classes in the leaves as whole weights, where those reproduce all fractions exactly;
- impurities that are not zero; every array in the narrowest type that holds it without loss.

`restore_trees(store_trees(trees))` has the same arrays bit for bit.
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from panlearn.tree.tree_structure import LEAF, NO_FEATURE, Tree

NARROW = (np.uint8, np.int8, np.uint16, np.int16, np.uint32, np.int32, np.float32)


class StoredTrees(NamedTuple):
    """The trees one after the other; an array is None where it follows from the others."""

    nodes: np.ndarray  # (trees,) number of nodes
    is_leaf: np.ndarray  # bits, one a node
    left: np.ndarray | None  # of inner nodes; None: depth-first, a left child follows its parent
    right: np.ndarray | None
    feature: np.ndarray  # of inner nodes
    threshold: np.ndarray  # of inner nodes
    missing_left: np.ndarray  # bits, one an inner node
    has_impurity: np.ndarray  # bits, one a node
    impurity: np.ndarray  # where it is not zero
    leaf_rows: np.ndarray  # rows of a leaf
    leaf_weight: np.ndarray  # weight of a leaf
    inner_weight: np.ndarray | None  # None: the sums over the leaves
    leaf_value: np.ndarray  # (leaves, outputs, classes); weights of the classes where inner_value is None
    inner_value: np.ndarray | None  # None: from the weights of the classes
    subsets: tuple[np.ndarray, ...] | None  # starts, words, and number of words a tree; None: no categories
    n_features: int
    n_classes: np.ndarray


def store_trees(trees: Sequence[Tree]) -> StoredTrees:
    """The trees without what follows from the rest."""
    both = {name: np.concatenate([getattr(tree, name) for tree in trees]) for name in _PER_NODE}
    sizes = np.array([tree.node_count for tree in trees])
    leaf = both["children_left"] == LEAF
    inner, links = ~leaf, _depth_first(leaf, sizes)
    ordered = np.array_equal(links[0], both["children_left"]) and np.array_equal(links[1], both["children_right"])
    parents = _Sums(both["children_left"], both["children_right"], sizes)
    weight, value = both["weighted_n_node_samples"], both["value"]
    weight_follows = np.array_equal(parents.up(np.where(leaf, weight, 0.0)), weight)
    mass = np.rint(value * weight[:, None, None])
    value_follows = np.array_equal(_fractions(parents.up(np.where(leaf[:, None, None], mass, 0.0)), weight), value)
    impurity, subset = both["impurity"], both["category_start"]
    return StoredTrees(
        nodes=sizes,
        is_leaf=np.packbits(leaf),
        left=None if ordered else _narrow(both["children_left"][inner]),
        right=None if ordered else _narrow(both["children_right"][inner]),
        feature=_narrow(both["feature"][inner]),
        threshold=_narrow(both["threshold"][inner]),
        missing_left=np.packbits(both["missing_go_to_left"][inner]),
        has_impurity=np.packbits(impurity != 0),
        impurity=_narrow(impurity[impurity != 0]),
        leaf_rows=_narrow(both["n_node_samples"][leaf]),
        leaf_weight=_narrow(weight[leaf]),
        inner_weight=None if weight_follows else _narrow(weight[inner]),
        leaf_value=_narrow((mass if value_follows else value)[leaf]),
        inner_value=None if value_follows else _narrow(value[inner]),
        subsets=None if (subset < 0).all() else _subsets(trees),
        n_features=trees[0].n_features,
        n_classes=trees[0].n_classes,
    )


def restore_trees(stored: StoredTrees) -> list[Tree]:
    """The trees as they were."""
    total = int(stored.nodes.sum())
    leaf = np.unpackbits(stored.is_leaf, count=total).astype(bool)
    inner, n_inner = ~leaf, int(total - np.count_nonzero(leaf))
    left, right = _depth_first(leaf, stored.nodes) if stored.left is None else (np.full(total, LEAF, np.int32),) * 2
    if stored.left is not None and stored.right is not None:
        left, right = left.copy(), right.copy()
        left[inner], right[inner] = stored.left, stored.right
    sums = _Sums(left, right, stored.nodes)
    weight = sums.up(_spread(stored.leaf_weight, leaf, np.float64))
    if stored.inner_weight is not None:
        weight[inner] = stored.inner_weight
    value = _spread(stored.leaf_value, leaf, np.float64)
    if stored.inner_value is None:
        value = _fractions(sums.up(value), weight)
    else:
        value[inner] = stored.inner_value
    missing = np.zeros(total, bool)
    missing[inner] = np.unpackbits(stored.missing_left, count=n_inner).astype(bool)
    has_impurity = np.unpackbits(stored.has_impurity, count=total).astype(bool)
    arrays = {
        "children_left": left,
        "children_right": right,
        "feature": _spread(stored.feature, inner, np.int32, NO_FEATURE),
        "threshold": _spread(stored.threshold, inner, np.float64, NO_FEATURE),
        "missing_go_to_left": missing,
        "impurity": _spread(stored.impurity, has_impurity, np.float64),
        "n_node_samples": sums.up(_spread(stored.leaf_rows, leaf, np.int64)),
        "weighted_n_node_samples": weight,
        "value": value,
        "category_start": np.full(total, -1, np.int32)
        if stored.subsets is None
        else stored.subsets[0].astype(np.int32),
    }
    return _cut(arrays, stored)


_PER_NODE = (
    "children_left",
    "children_right",
    "feature",
    "threshold",
    "missing_go_to_left",
    "impurity",
    "n_node_samples",
    "weighted_n_node_samples",
    "value",
    "category_start",
)


def _cut(arrays: dict[str, np.ndarray], stored: StoredTrees) -> list[Tree]:
    """One Tree for each range of nodes."""
    ends, words_at = np.cumsum(stored.nodes), 0
    trees = []
    for t, (size, end) in enumerate(zip(stored.nodes, ends)):
        n_words = 0 if stored.subsets is None else int(stored.subsets[2][t])
        words = np.zeros(0, np.uint32) if stored.subsets is None else stored.subsets[1][words_at : words_at + n_words]
        words_at += n_words
        trees.append(
            Tree(
                **{name: array[end - size : end] for name, array in arrays.items()},
                n_features=stored.n_features,
                n_classes=stored.n_classes,
                category_words=words,
                branch_start=np.full(size, -1, np.int32),
                branches=np.zeros(0, np.int32),
            )
        )
    return trees


def _subsets(trees: Sequence[Tree]) -> tuple[np.ndarray, ...]:
    words = [tree.category_words for tree in trees]
    starts = np.concatenate([tree.category_start for tree in trees])
    return _narrow(starts), np.concatenate(words), np.array([len(w) for w in words])


def _narrow(array: np.ndarray) -> np.ndarray:
    """The same numbers in the narrowest type that holds them all; NaN only fits a float."""
    for dtype in NARROW:
        with np.errstate(invalid="ignore", over="ignore"):
            small = array.astype(dtype)
        if np.array_equal(small, array, equal_nan=array.dtype.kind == "f"):
            return small
    return array


def _spread(values: np.ndarray, where: np.ndarray, dtype: type, fill: float = 0) -> np.ndarray:
    out = np.full((len(where), *values.shape[1:]), fill, dtype)
    out[where] = values
    return out


def _fractions(mass: np.ndarray, weight: np.ndarray) -> np.ndarray:
    with np.errstate(invalid="ignore", divide="ignore"):
        return mass / weight[:, None, None]


def _depth_first(leaf: np.ndarray, sizes: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Children of nodes in depth-first order: the left one follows its parent, the right one its left subtree."""
    from panlearn.ensemble.forest_storage_kernels import depth_first

    return depth_first(leaf, sizes)


class _Sums:
    """Sums of what the leaves hold over the nodes above them, children before parents."""

    def __init__(self, left: np.ndarray, right: np.ndarray, sizes: np.ndarray) -> None:
        self.links = left, right, sizes

    def up(self, values: np.ndarray) -> np.ndarray:
        """The values with each inner node holding the sum of its children's."""
        from panlearn.ensemble.forest_storage_kernels import sum_up

        out = np.ascontiguousarray(values)
        sum_up(*self.links, out.reshape(len(out), -1))
        return out
