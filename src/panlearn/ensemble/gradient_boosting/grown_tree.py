"""A grown tree in the units of the data: thresholds instead of codes, values instead of quantised sums.

The value of a leaf is -G / (H + lambda), within its bounds, |G| lowered by the L1 penalty. With constant curvature the
quantised sums are more exact than the gradients; otherwise g and h are added up anew, in the order of the rows.
"""

from typing import NamedTuple

import numpy as np

from panlearn.core.jit import kernel
from panlearn.core.threads import map_chunks
from panlearn.ensemble.gradient_boosting.bin_layout import BinnedRows
from panlearn.ensemble.gradient_boosting.gradients import Gradients
from panlearn.ensemble.gradient_boosting.growth_state import Growing
from panlearn.ensemble.gradient_boosting.numeric_split import leaf_value
from panlearn.ensemble.gradient_boosting.row_partition import add_to_rows
from panlearn.tree.tree_structure import NO_FEATURE, Tree

ONE_OUTPUT = np.ones(1, np.intp)


class GrownTree(NamedTuple):
    """A tree and the rows it was grown on, leaf by leaf."""

    tree: Tree  # value: leaf values without learning rate; impurity: minus the gain of the split
    leaves: np.ndarray  # (leaves,) node of each leaf
    order: np.ndarray  # (m,) int32, rows; ascending within a leaf
    starts: np.ndarray  # (leaves + 1,) rows of leaf l: order[starts[l]:starts[l + 1]]


def to_tree(grown: Growing, binned: BinnedRows, gradients: Gradients) -> Tree:
    """The tree with thresholds and values in the units of the data.

    Parameters
    ----------
    grown : Growing
        Finished.
    binned : BinnedRows
        What it was grown on.
    gradients : Gradients
        What it was grown for.

    Returns
    -------
    Tree
    """
    n = int(grown.state["n_nodes"][0])
    nodes = grown.nodes[:n]
    feature = nodes["feature"].astype(np.int32)
    leaf = nodes["left"] < 0  # its best split, if any, was not made
    asked = ~leaf & (binned.bins.n_categories[feature] == 0)  # a threshold: elsewhere `code` is not set
    threshold = np.full(n, np.nan)
    threshold[asked] = binned.upper[feature[asked], nodes["code"][asked]]
    threshold[leaf], feature[leaf] = NO_FEATURE, NO_FEATURE
    category_start, category_words = _category_sets(nodes["subset"], feature, binned)
    return Tree(
        children_left=nodes["left"].astype(np.int32),
        children_right=nodes["right"].astype(np.int32),
        feature=feature,
        threshold=threshold,
        missing_go_to_left=(nodes["missing_left"] > 0) & ~leaf,
        impurity=np.where(leaf, 0.0, nodes["gain"]) * (-gradients.unit_g * gradients.unit_g / gradients.unit_h),
        n_node_samples=nodes["rows"].copy(),
        weighted_n_node_samples=nodes["h"] * gradients.unit_h,
        value=(nodes["value"] * (gradients.unit_g / gradients.unit_h)).reshape(n, 1, 1),
        n_features=len(binned.by_column),
        n_classes=ONE_OUTPUT,
        category_start=category_start,
        category_words=category_words,
        branch_start=np.full(n, -1, np.int32),
        branches=np.empty(0, np.int32),
    )


def _category_sets(sets: np.ndarray, feature: np.ndarray, binned: BinnedRows) -> tuple[np.ndarray, np.ndarray]:
    """Sets of categories from sets of codes."""
    start = np.full(feature.size, -1, np.int32)
    if not binned.bins.n_categories.any():
        return start, np.empty(0, np.uint32)
    words: list[np.ndarray] = []
    size = 0
    for node in np.flatnonzero(feature >= 0):
        f = feature[node]
        levels = int(binned.bins.n_categories[f])
        if levels:
            codes = np.flatnonzero(np.unpackbits(sets[node].view(np.uint8), bitorder="little"))
            chosen = binned.upper[f, codes[codes < binned.bins.n_codes[f]]].astype(np.int64)
            bits = np.zeros(32 * -(-levels // 32), np.uint8)
            bits[chosen] = 1
            packed = np.packbits(bits, bitorder="little").view("<u4").astype(np.uint32)
            words.append(np.concatenate([np.array([packed.size], np.uint32), packed]))
            start[node] = size
            size += words[-1].size
    return start, np.concatenate([*words, np.empty(0, np.uint32)])


@kernel
def sum_leaves(gradient, hessian, order, starts, sums, first, stop):
    """Sums of g and h of leaves first to stop."""
    for leaf in range(first, stop):
        g, h = 0.0, 0.0
        for i in range(np.uint64(starts[leaf]), np.uint64(starts[leaf + 1])):
            r = np.uint64(order[i])
            g += np.float64(gradient[r])
            h += np.float64(hessian[r])
        sums[leaf, 0], sums[leaf, 1] = g, h


@kernel
def fill_leaf_values(sums, leaves, nodes, units, rules, value):
    """Set `value` of the leaves from the sums of g and h; bounds and penalties are in quantised units."""
    unit_g, unit_h = units
    for leaf in range(leaves.size):
        node = leaves[leaf]
        w = leaf_value(sums[leaf, 0] / unit_g, sums[leaf, 1] / unit_h, nodes[node], rules[0])
        value[node, 0, 0] = w * (unit_g / unit_h)


def add_leaf_values(raw: np.ndarray, grown: GrownTree, scale: float = 1.0) -> None:
    """Add the leaf values to the raw predictions of the rows that the tree was grown on.

    Parameters
    ----------
    raw : ndarray of shape (n,)
        Changed in place; float32 or float64, contiguous.
    grown : GrownTree
        A tree.
    scale : float
        Factor of the values: the learning rate.
    """
    values = (scale * grown.tree.value[grown.leaves, 0, 0]).astype(raw.dtype)
    stops, m = grown.starts[1:], grown.order.size
    map_chunks(lambda a, b: add_to_rows(raw, grown.order, stops, values, a, b), m, work=2.0 * m)
