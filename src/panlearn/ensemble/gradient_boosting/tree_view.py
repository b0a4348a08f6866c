"""A boosted tree as scikit-learn's `_predictors` shows it: one record a node, leaf values with the learning rate.

For code written against that attribute; nothing here is used for fitting or predicting.
"""

from typing import NamedTuple

import numpy as np

from panlearn.tree.tree_structure import LEAF, Tree

WORDS = 8  # 32-bit words of a set of 256 categories
NODE = np.dtype(
    [
        ("value", "f8"),
        ("count", "u4"),
        ("feature_idx", "i8"),
        ("num_threshold", "f8"),
        ("missing_go_to_left", "u1"),
        ("left", "u4"),
        ("right", "u4"),
        ("gain", "f8"),
        ("depth", "u4"),
        ("is_leaf", "u1"),
        ("bin_threshold", "u1"),
        ("is_categorical", "u1"),
        ("bitset_idx", "u4"),
    ]
)


class TreeView(NamedTuple):
    """A tree and the factor of its round."""

    tree: Tree
    scale: float

    @property
    def nodes(self) -> np.ndarray:
        """Records of the nodes, (nodes,)."""
        tree = self.tree
        nodes = np.zeros(tree.node_count, NODE)
        leaf = tree.children_left == LEAF
        categorical = tree.category_start >= 0
        nodes["value"], nodes["count"] = self.scale * tree.value.reshape(len(leaf)), tree.n_node_samples
        nodes["is_leaf"], nodes["depth"], nodes["is_categorical"] = leaf, tree.depths(), categorical
        nodes["missing_go_to_left"] = tree.missing_go_to_left
        nodes["feature_idx"] = np.where(leaf, 0, tree.feature)
        nodes["num_threshold"] = np.where(leaf | categorical, 0.0, tree.threshold)
        nodes["left"], nodes["right"] = np.maximum(tree.children_left, 0), np.maximum(tree.children_right, 0)
        nodes["bitset_idx"][categorical] = np.arange(np.count_nonzero(categorical))
        return nodes

    @property
    def raw_left_cat_bitsets(self) -> np.ndarray:
        """Sets of the categories that go left, (subset nodes, 8) words; codes from 256 on are left out."""
        starts = self.tree.category_start[self.tree.category_start >= 0]
        sets = np.zeros((len(starts), WORDS), np.uint32)
        for row, start in zip(sets, starts, strict=True):
            words = self.tree.category_words[start + 1 : start + 1 + self.tree.category_words[start]][:WORDS]
            row[: len(words)] = words
        return sets

    def get_n_leaf_nodes(self) -> int:
        """Number of leaves."""
        return self.tree.n_leaves

    def get_max_depth(self) -> int:
        """Depth of the deepest leaf."""
        return self.tree.max_depth
