"""Quantiles from the members of the leaves [meinshausen2006]: what `ForestRegressor.predict_quantiles` computes.

The rows of each leaf are kept as numbers of the training targets in ascending order, 4 bytes a row and tree. For a row
x the weights of the members of its leaves are added up, one pass over T leaves; then one pass over the targets in
ascending order finds all levels. Cost: O(members of the leaves + n) a row.
"""

from typing import Any, NamedTuple

import numpy as np
from scipy.sparse import issparse

from panlearn.core.errors import DataError
from panlearn.core.threads import map_chunks
from panlearn.tree.prediction import apply_trees
from panlearn.tree.training_data import TrainingData


class LeafMembers(NamedTuple):
    """Training rows by leaf; a row is known by the rank of its target."""

    target: np.ndarray  # (n,) targets, ascending
    rank: np.ndarray  # uint32, members of the leaves, tree after tree, leaf after leaf
    weight: np.ndarray  # float32, of a member as a share of its leaf
    start: np.ndarray  # int64 into rank; from tree[t] + node to the next
    tree: np.ndarray  # (trees,) int64 into start


def leaf_members(forest: Any, data: TrainingData) -> LeafMembers:
    """The rows that each tree was grown on, by leaf."""
    if data.y.shape[1] != 1:
        raise DataError("keep_members=True needs one target. Fit one forest a target.")
    X = data.X.tocsr() if issparse(data.X) else data.X
    leaves = apply_trees(forest._packed_trees(), X)
    order = np.argsort(data.y[:, 0], kind="stable")
    ranks, weights, starts, tree, at, total = [], [], [], [], 0, 0
    for t, (model, sampled) in enumerate(zip(forest.estimators_, forest.estimators_samples_)):
        count = np.bincount(sampled, minlength=len(order)).astype(np.float64)
        if not forest.bootstrap and data.weight is not None:
            count = data.weight
        seen = np.flatnonzero(count[order] > 0)  # ranks of the rows in this tree
        leaf, weight = leaves[order[seen], t], count[order[seen]]
        by_leaf = np.argsort(leaf, kind="stable")
        mass = np.bincount(leaf, weight, minlength=model.tree_.node_count)
        ranks.append(seen[by_leaf].astype(np.uint32))
        weights.append((weight / mass[leaf])[by_leaf].astype(np.float32))
        ends = np.append(0, np.cumsum(np.bincount(leaf, minlength=model.tree_.node_count)))
        starts.append(ends + total)
        tree.append(at)
        at, total = at + len(ends), total + len(seen)
    return LeafMembers(
        data.y[order, 0], np.concatenate(ranks), np.concatenate(weights), np.concatenate(starts), np.array(tree)
    )


def weighted_quantiles(members: LeafMembers, leaves: np.ndarray, levels: np.ndarray) -> np.ndarray:
    """Quantiles of the rows whose leaves are given, (n, trees) -> (n, levels)."""
    from panlearn.ensemble.quantile_kernels import find_quantiles

    out, order = np.empty((len(leaves), len(levels))), np.argsort(levels)
    ascending = levels[order]
    work = float(len(leaves)) * (len(members.target) + 20.0 * leaves.shape[1])
    map_chunks(lambda a, b: find_quantiles(members, leaves[a:b], ascending, out[a:b]), len(leaves), work=work)
    unsorted = np.empty_like(out)
    unsorted[:, order] = out
    return unsorted
