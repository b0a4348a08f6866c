"""The scatter matrix of rows about their mean, in one pass: S = sum_i w_i (x_i - m)(x_i - m)', m the weighted mean.

The covariance is S / (sum_i w_i - 1), weights counting as repetitions. Three things make the pass fast and exact:

- Blocks of rows that stay in a core's cache, one block a thread, each by BLAS `syrk`, which computes one triangle. One
  product of the whole matrix, X'X, is several times slower where X is tall: BLAS does not split its long sum.
- The columns are shifted by a sampled mean s inside the blocks, and exactly in the end,
  S = sum w (x - s)(x - s)' - (sum w)(m - s)(m - s)'. Without the first, columns whose mean is far above their spread
  would lose digits.
- Two scatters merge exactly [chan1983], so rows may come in pieces (`partial_fit`, files):
  S = S_a + S_b + (w_a w_b / (w_a + w_b)) (m_a - m_b)(m_a - m_b)'.

Cost: n p^2 operations, p^2 memory a thread. It fails where eigenvalues below 1e-16 of the largest matter: S squares
the condition number of the rows (see `principal_axes`).

Course note: 001 §10.2.1.
"""

from typing import Any, NamedTuple

import numpy as np
from scipy.sparse import issparse

from panlearn.core.blocks import RowSource, is_sparse, reduce_rows
from panlearn.core.threads import scratch

SAMPLE = 2048  # rows whose mean is the shift
SPARSE_ROWS = 1 << 16  # rows of a sparse block
BLOCK_BYTES = 1 << 20  # of a dense block


class Scatter(NamedTuple):
    """Second moments of rows about their mean."""

    weight: float  # sum of the weights: the number of rows, counting repetitions
    mean: np.ndarray  # (p,)
    matrix: np.ndarray  # (p, p)


class Spread(NamedTuple):
    """The same without the mixed moments."""

    weight: float
    mean: np.ndarray  # (p,)
    squares: np.ndarray  # (p,) diagonal of the scatter matrix


def scatter_of(source: RowSource) -> Scatter:
    """Scatter matrix of all rows; NaN or infinite where a row is, or where the squares overflow."""
    shift, p = sampled_mean(source), source.n_features

    def statistic(X: Any, y: Any, weight: np.ndarray | None) -> tuple[float, np.ndarray, np.ndarray]:
        Z, total, ones = shifted(X, weight, shift)
        gram = Z.T @ Z  # NumPy calls syrk, half the work, where both factors are one array
        return total, ones @ Z, gram.toarray() if issparse(gram) else gram

    rows = SPARSE_ROWS if is_sparse(source) else max(256, BLOCK_BYTES // (8 * p))
    with np.errstate(invalid="ignore", over="ignore"):
        weight, sums, gram = reduce_rows(statistic, source, work=p * (p + 4.0), rows=rows)
        away = sums / weight
        gram -= weight * np.outer(away, away)
        return Scatter(weight, shift + away, gram)


def merge(a: Scatter, b: Scatter) -> Scatter:
    """Scatter of the rows of both."""
    weight = a.weight + b.weight
    apart = b.mean - a.mean
    matrix = a.matrix + b.matrix + (a.weight * b.weight / weight) * np.outer(apart, apart)  # [chan1983]
    return Scatter(weight, a.mean + apart * (b.weight / weight), matrix)


def spread_of(source: RowSource) -> Spread:
    """Means and sums of squares of the columns."""
    shift = sampled_mean(source)

    def statistic(X: Any, y: Any, weight: np.ndarray | None) -> tuple[float, np.ndarray, np.ndarray]:
        Z, total, ones = shifted(X, weight, shift)
        squares = np.asarray(Z.multiply(Z).sum(axis=0)).ravel() if issparse(Z) else np.einsum("ij,ij->j", Z, Z)
        return total, ones @ Z, squares

    with np.errstate(invalid="ignore", over="ignore"):
        weight, sums, squares = reduce_rows(
            statistic, source, work=4.0 * source.n_features, rows=SPARSE_ROWS if is_sparse(source) else 0
        )
        away = sums / weight
        return Spread(weight, shift + away, np.maximum(squares - weight * away**2, 0.0))


def shifted(X: Any, weight: np.ndarray | None, shift: np.ndarray) -> tuple[Any, float, np.ndarray]:
    """The block diag(v)(X - shift) with v = sqrt(weight), the weights' sum, and v; sparse blocks have no shift."""
    sparse = issparse(X)
    Z: Any = X.astype(np.float64, copy=False) if sparse else np.subtract(X, shift, out=scratch("shifted", X.shape))
    if weight is None:
        return Z, float(X.shape[0]), np.ones(X.shape[0])
    root = np.sqrt(weight)
    Z = Z.multiply(root[:, None]).tocsr() if sparse else np.multiply(Z, root[:, None], out=Z)
    return Z, float(weight.sum()), root


def sampled_mean(source: RowSource) -> np.ndarray:
    """Means over some rows of the first piece, spread over it; zeros for sparse rows, which stay sparse."""
    if is_sparse(source):
        return np.zeros(source.n_features)
    piece = next(iter(source.pieces()))
    sample = source.prepare(piece[slice(None, None, max(1, piece.X.shape[0] // SAMPLE))])
    with np.errstate(invalid="ignore", over="ignore"):
        mean = np.asarray(sample.X.mean(axis=0, dtype=np.float64))
    return np.where(np.isfinite(mean), mean, 0.0)
