r"""One fitted decision tree as flat arrays: the structure shared by single trees, forests and boosting.

Node 0 is the root, and a child comes after its parent. A node asks one of three questions:

- *threshold*: x_j <= threshold goes to `children_left`, else to `children_right` (CART, C4.5 on numbers);
- *subset*: a category whose code is in the node's set goes left (CART and boosting on categories);
- *multiway*: a category goes to its own branch (ID3 and C4.5 on categories).

A missing value goes where `missing_go_to_left` says; C4.5 sends it down all branches in proportion to their weights.
"""

from typing import Any, NamedTuple

import numpy as np
from scipy.sparse import csr_matrix, issparse

from panlearn.core.threads import map_chunks

LEAF = -1  # child of a leaf
NO_FEATURE = -2  # feature and threshold of a leaf
SPARSE_ROWS = 1 << 22  # entries of the dense block that stands for rows of a sparse matrix


class Tree(NamedTuple):
    """A decision tree; the arrays that scikit-learn's `tree_` has carry its names."""

    children_left: np.ndarray  # (nodes,) int32; LEAF at a leaf; first branch of a multiway node
    children_right: np.ndarray  # (nodes,) int32; LEAF at a leaf; last branch of a multiway node
    feature: np.ndarray  # (nodes,) int32; NO_FEATURE at a leaf
    threshold: np.ndarray  # (nodes,) float64; NO_FEATURE at a leaf, NaN where the question is about a category
    missing_go_to_left: np.ndarray  # (nodes,) bool
    impurity: np.ndarray  # (nodes,) float64
    n_node_samples: np.ndarray  # (nodes,) int64
    weighted_n_node_samples: np.ndarray  # (nodes,) float64
    value: np.ndarray  # (nodes, outputs, classes) float64: fractions of the classes, or (nodes, outputs, 1) means
    n_features: int
    n_classes: np.ndarray  # (outputs,) intp; ones in regression
    category_start: np.ndarray  # (nodes,) int32 into category_words; -1 where the question is no subset
    category_words: np.ndarray  # uint32; from category_start: number of words k, then k words of 32 codes each
    branch_start: np.ndarray  # (nodes,) int32 into branches; -1 where the node is not multiway
    branches: np.ndarray  # int32; from branch_start: number of branches k, then child of code 0 … k-1 (LEAF: none)

    @property
    def node_count(self) -> int:
        """Number of nodes, leaves included."""
        return len(self.feature)

    @property
    def capacity(self) -> int:
        """Number of nodes: the arrays hold no spare room."""
        return len(self.feature)

    @property
    def n_leaves(self) -> int:
        """Number of leaves."""
        return int(np.count_nonzero(self.children_left == LEAF))

    @property
    def n_outputs(self) -> int:
        """Number of targets."""
        return len(self.n_classes)

    @property
    def max_n_classes(self) -> int:
        """Number of classes of the target that has most; 1 in regression."""
        return int(self.n_classes.max())

    @property
    def max_depth(self) -> int:
        """Number of questions on the longest path."""
        return int(self.depths().max())

    def depths(self) -> np.ndarray:
        """Number of questions above each node, (nodes,)."""
        from panlearn.tree.tree_routing import node_depths

        return node_depths(self.children_left, self.children_right, self.branch_start, self.branches)

    def apply(self, X: Any) -> np.ndarray:
        """Leaf that each row of X ends in, (n,) intp; a category whose branch does not exist stays at its node."""
        from panlearn.tree.tree_routing import Questions, route

        questions, leaves = Questions(*(getattr(self, name) for name in Questions._fields)), np.empty(X.shape[0], int)
        if not issparse(X):
            X = X if isinstance(X, np.ndarray) and X.dtype in (np.float32, np.float64) else np.asarray(X, dtype=float)
            work = 20.0 * len(X)
            map_chunks(lambda a, b: route(X[a:b], questions, leaves[a:b]), len(X), work=work)
            return leaves
        X, step = X.tocsr(), max(1, SPARSE_ROWS // max(1, X.shape[1]))
        for a in range(0, X.shape[0], step):
            route(np.asarray(X[a : a + step].toarray(), dtype=float), questions, leaves[a : a + step])
        return leaves

    def predict(self, X: Any) -> np.ndarray:
        """Value of each row's leaf, (n, outputs, classes); for one output (n, classes)."""
        found = self.value.take(self.apply(X), axis=0)
        return found[:, 0] if self.n_outputs == 1 else found

    def decision_path(self, X: Any) -> csr_matrix:
        """Which nodes each row visits: a sparse matrix of ones, (n, nodes)."""
        leaves, parents = self.apply(X), self.parents()
        lengths = self.depths()[leaves] + 1
        start = np.concatenate([[0], np.cumsum(lengths)])
        nodes = np.empty(start[-1], dtype=np.intp)
        at, place = leaves, start[1:] - 1  # from the leaf upwards, all rows at once
        while len(at):
            nodes[place] = at
            inside = at > 0
            at, place = parents[at[inside]], place[inside] - 1
        return csr_matrix((np.ones(len(nodes), dtype=np.intp), nodes, start), shape=(len(leaves), self.node_count))

    def parents(self) -> np.ndarray:
        """Parent of each node, (nodes,) intp; -1 for the root."""
        parents = np.full(self.node_count, -1, dtype=np.intp)
        for children in (self.children_left, self.children_right):
            inner = np.flatnonzero(children != LEAF)
            parents[children[inner]] = inner
        for node in np.flatnonzero(self.branch_start >= 0):
            start = self.branch_start[node] + 1
            children = self.branches[start : start + self.branches[start - 1]]
            parents[children[children != LEAF]] = node
        return parents

    def compute_feature_importances(self, normalize: bool = True) -> np.ndarray:
        """Weighted decrease of impurity that the questions about each feature bring, (features,)."""
        mass, parents = self.weighted_n_node_samples * self.impurity, self.parents()
        decrease = mass.copy()  # of a node: its own mass less that of its children
        np.subtract.at(decrease, parents[1:], mass[1:])
        inner = self.children_left != LEAF
        importances = np.bincount(self.feature[inner], decrease[inner], minlength=self.n_features)
        importances = importances / self.weighted_n_node_samples[0]
        total = importances.sum()
        return importances / total if normalize and total > 0.0 else importances
