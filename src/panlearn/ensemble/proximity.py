"""Proximity: two rows are alike if many trees send them to the same leaf [breiman2001].

    prox(x, z) = 1/T sum_t [leaf_t(x) = leaf_t(z)]

A similarity that needs no scale of the features and ignores those that the target does not depend on: for clustering,
outliers, filling of gaps. With one column of zeros and ones for each leaf of each tree it is a product of two sparse
matrices; the cost is the number of pairs of rows that share a leaf.
"""

import numpy as np
from scipy.sparse import csr_matrix

DENSE = 1 << 25  # entries, 256 MB, beyond which the answer stays sparse


def shared_leaves(rows: np.ndarray, others: np.ndarray) -> np.ndarray | csr_matrix:
    """Share of the trees in which the leaves (n, T) and (m, T) agree, (n, m)."""
    found = _indicator(rows, others) @ _indicator(others, rows).T
    found.data /= rows.shape[1]
    found = csr_matrix(found)
    return found.toarray() if rows.shape[0] * others.shape[0] <= DENSE else found


def _indicator(leaves: np.ndarray, others: np.ndarray) -> csr_matrix:
    """A column for each node of each tree; ones at the row's leaves."""
    n, trees = leaves.shape
    sizes = np.maximum(leaves.max(axis=0, initial=0), others.max(axis=0, initial=0)) + 1
    columns = leaves + np.append(0, np.cumsum(sizes)[:-1])
    start = np.arange(0, n * trees + 1, trees)
    return csr_matrix((np.ones(n * trees), columns.ravel(), start), shape=(n, int(sizes.sum())))
