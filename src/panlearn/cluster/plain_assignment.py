"""The nearest centre by all distances: the E step of k-means on few rows, on sparse rows, and in prediction.

    |x - c|^2 = |x|^2 + |c|^2 - 2 x.c

so that one product of the rows with the centres does it; |x|^2 is the same for all centres and is left out.
"""

from typing import Any

import numpy as np
from scipy.sparse import csr_matrix, issparse

from panlearn.cluster.lloyd import Assignment, Sums
from panlearn.core.threads import map_chunks

BYTES = 1 << 20  # of the distances that are held at a time


def nearest(X: Any, centres: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Nearest centre of each row, and |c|^2 - 2 x.c for it.

    Parameters
    ----------
    X : ndarray or CSR matrix of shape (n, p)
        Rows.
    centres : ndarray of shape (k, p)
        Centres.

    Returns
    -------
    label : ndarray of shape (n,)
        int32.
    value : ndarray of shape (n,)
        Squared distance less |x|^2.
    """
    n, k = X.shape[0], len(centres)
    half, factor = 0.5 * np.einsum("ij,ij->i", centres, centres), np.ascontiguousarray(centres.T)
    label, value = np.empty(n, np.int32), np.empty(n)
    block = max(64, BYTES // (8 * k))

    def part(start: int, stop: int) -> None:
        for a in range(start, stop, block):
            b = min(a + block, stop)
            D = half - X[a:b] @ factor
            found = D.argmin(axis=1)
            label[a:b] = found
            value[a:b] = 2.0 * D[np.arange(b - a), found]

    entries = X.nnz if issparse(X) else X.size
    map_chunks(part, n, work=2.0 * k * (entries + n))
    return label, value


class PlainAssignment(Assignment):
    """Rows whose distances are all computed.

    Parameters
    ----------
    X : ndarray or CSR matrix of shape (n, p)
        Rows in double precision.
    weight : ndarray of shape (n,), optional
        Weights; an empty array stands for none.
    """

    def __init__(self, X: Any, weight: np.ndarray | None = None) -> None:
        n = X.shape[0]
        self.X, self.weight = X, np.ones(n) if weight is None or not weight.size else weight
        self.present = (self.weight > 0).astype(np.float64)
        self.label, self.value = np.full(n, -1, np.int32), np.zeros(n)
        self.square = np.asarray(X.multiply(X).sum(axis=1)).ravel() if issparse(X) else np.einsum("ij,ij->i", X, X)

    def assign(self, centres: np.ndarray) -> int:
        """Give each row its nearest centre and sum the rows; returns how many changed."""
        label, self.value = nearest(self.X, centres)
        changed = int(np.count_nonzero(label != self.label))
        self.label, k, n = label, len(centres), len(label)
        member = csr_matrix((self.weight, label, np.arange(n + 1)), shape=(n, k)).T
        total = member @ self.X
        self.sums = Sums(
            total.toarray() if issparse(total) else np.asarray(total),
            np.bincount(label, self.weight, k),
            np.bincount(label, self.present, k),
        )
        return changed

    def distances(self, centres: np.ndarray) -> np.ndarray:
        """Squared distance of each row of positive weight to its centre, 0 for the others."""
        return self._distances(centres) * (self.weight > 0)

    def _distances(self, centres: np.ndarray) -> np.ndarray:
        if not issparse(self.X):
            return np.square(self.X - centres[self.label]).sum(axis=1)
        inner = np.asarray(self.X.multiply(centres[self.label]).sum(axis=1)).ravel()
        return np.maximum(self.square - 2 * inner + np.square(centres).sum(axis=1)[self.label], 0.0)

    def row(self, i: int) -> tuple[np.ndarray, float]:
        """One row and its weight."""
        x = self.X[[i]].toarray()[0] if issparse(self.X) else self.X[i]
        return x, float(self.weight[i])

    def inertia(self, centres: np.ndarray) -> float:
        """Weighted sum of the squared distances to the centres of the labels."""
        return float(self._distances(centres) @ self.weight)
