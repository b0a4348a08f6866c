"""Count, mean and scatter of each class in one pass over the rows: all that a Gaussian generative classifier needs.

    n_k = sum w_i,    m_k = (1 / n_k) sum w_i x_i,    S_k = sum w_i (x_i - m_k)(x_i - m_k)'      over rows i of class k

The rows of a block are sorted by class, shifted by a guess c_k of the mean of their class, and multiplied:

    S_k = G_k - s_k s_k' / n_k,     G_k = Z'Z,   s_k = sum z_i,   z_i = x_i - c_k

so that the work is one BLAS-3 product [chan1983]. The guess comes from a sample of the rows. Where it was so far off
that the subtraction lost digits, a second pass is made with the means of the first. Sparse rows are not shifted: their
means are subtracted from the products alone, and the zeros are never touched.

Cost: n p^2 multiplications for the scatter as a matrix, n p for its diagonal. Note 001 §4.1.
"""

from typing import Any, NamedTuple

import numpy as np
from scipy.sparse import issparse

from panlearn.core.blocks import RowSource, is_sparse, reduce_rows, require_finite
from panlearn.core.threads import scratch

EPS = float(np.finfo(np.float64).eps)
SAMPLE = 2048  # rows that the guess of the means is taken from
LOST = 1e6  # a scatter below its correction by this factor has lost six digits
SPARSE_ROWS = 1 << 16  # rows of a sparse block


class ClassMoments(NamedTuple):
    """Sums over the rows of each of K classes."""

    rows: np.ndarray  # (K,) rows with positive weight
    weight: np.ndarray  # (K,) n_k
    mean: np.ndarray  # (K, p) m_k; zeros for a class without rows
    scatter: np.ndarray  # "each": (K, p, p); "pooled": their sum, (1, p, p); "diagonal": (K, p)

    @property
    def total_mean(self) -> np.ndarray:
        """Mean over all rows, (p,)."""
        return self.weight @ self.mean / max(self.weight.sum(), np.finfo(float).tiny)

    @property
    def between(self) -> np.ndarray:
        """Scatter of the class means around the total mean, (p, p): what the total has beyond the classes."""
        away = np.sqrt(self.weight)[:, None] * (self.mean - self.total_mean)
        return away.T @ away


def class_moments(source: RowSource, n_classes: int, form: str) -> ClassMoments:
    """Counts, means and scatter of each class.

    Parameters
    ----------
    source : RowSource
        Rows whose y are codes 0 … n_classes - 1.
    n_classes : int
        K.
    form : {"diagonal", "pooled", "each"}
        What is kept of the scatter.

    Returns
    -------
    ClassMoments
        The sums.

    Raises
    ------
    ValueError
        If a feature is NaN or infinite.

    Examples
    --------
    >>> import numpy as np
    >>> from panlearn.core.blocks import ArrayRows
    >>> X = np.array([[1.0], [3.0], [10.0]])
    >>> found = class_moments(ArrayRows(X, np.array([0, 0, 1])), 2, "diagonal")
    >>> found.mean.ravel(), found.scatter.ravel()
    (array([ 2., 10.]), array([2., 0.]))
    """
    with np.errstate(over="ignore", invalid="ignore"):  # `_finite` looks at the sums
        shift = _guess(source, n_classes)
        found = _pass(source, shift, form)
        if not all(np.isfinite(part).all() for part in found):
            require_finite(source)
        if not is_sparse(source) and _inaccurate(found, shift):
            found = _pass(source, found.mean, form)
    _clear_constants(found, 4096 * EPS if is_sparse(source) else (8 * EPS) ** 2)
    return found


def merge(a: ClassMoments, b: ClassMoments) -> ClassMoments:
    """Moments of the rows of both [chan1983].

    Parameters
    ----------
    a, b : ClassMoments
        Of the same classes and the same form.

    Returns
    -------
    ClassMoments
        Of all rows.
    """
    weight = a.weight + b.weight
    share = np.divide(b.weight, weight, out=np.zeros_like(weight), where=weight > 0)
    away = b.mean - a.mean
    factor = a.weight * share  # n_a n_b / (n_a + n_b)
    if a.scatter.ndim == 2:
        extra = factor[:, None] * away**2
    elif len(a.scatter) < len(away):
        extra = ((factor[:, None] * away).T @ away)[None]
    else:
        extra = np.einsum("k,ki,kj->kij", factor, away, away)
    return ClassMoments(a.rows + b.rows, weight, a.mean + share[:, None] * away, a.scatter + b.scatter + extra)


def grouped(X: Any, codes: np.ndarray, n_classes: int) -> tuple[Any, np.ndarray, np.ndarray]:
    """Rows of a block sorted by class, in scratch memory, with their order and the edges of the classes.

    Parameters
    ----------
    X : ndarray or CSR of shape (m, p)
        The block.
    codes : ndarray of shape (m,)
        Classes.
    n_classes : int
        K.

    Returns
    -------
    tuple
        Sorted rows as float64; the order, (m,); and edges, (K + 1,): class k has the rows edges[k] to edges[k + 1].
    """
    order = np.argsort(codes.astype(np.int16) if n_classes < 1 << 15 else codes, kind="stable")  # by radix if short
    edges = np.zeros(n_classes + 1, dtype=np.intp)
    np.cumsum(np.bincount(codes, minlength=n_classes), out=edges[1:])
    if issparse(X):
        return X[order].astype(np.float64, copy=False), order, edges
    same = X.dtype == np.float64
    Z = np.take(X, order, axis=0, out=scratch("grouped", X.shape, X.dtype.type), mode="clip")  # "raise" would buffer
    return Z if same else Z.astype(np.float64), order, edges


def _guess(source: RowSource, n_classes: int) -> np.ndarray:
    """Means of the classes in a sample of the first piece; that of all its rows for a class it has no row of."""
    if is_sparse(source):
        return np.zeros((n_classes, source.n_features))
    piece = next(iter(source.pieces()))
    sample = source.prepare(piece[slice(None, None, max(1, len(piece.X) // SAMPLE))])
    Z, _, edges = grouped(sample.X, sample.y, n_classes)
    shift = np.tile(Z.mean(axis=0), (n_classes, 1))
    for k in np.flatnonzero(np.diff(edges)):
        shift[k] = Z[edges[k] : edges[k + 1]].mean(axis=0)
    return np.where(np.isfinite(shift), shift, 0.0)


def _pass(source: RowSource, shift: np.ndarray, form: str) -> ClassMoments:
    n_classes, p = shift.shape

    def statistic(X: Any, y: np.ndarray, weight: np.ndarray | None) -> ClassMoments:
        return _block(X, y, weight, shift, form)

    rows = SPARSE_ROWS if is_sparse(source) else max(16 * n_classes, (1 << 21) // (8 * p))
    sums = reduce_rows(statistic, source, work=4.0 * p + (form != "diagonal") * p * p, rows=rows)
    divisor = np.where(sums.weight > 0, sums.weight, 1.0)[:, None]
    away = sums.mean / divisor  # the sums s_k stand in the place of the means
    if form == "diagonal":
        scatter = np.maximum(sums.scatter - sums.mean * away, 0.0)
    elif form == "pooled":
        scatter = sums.scatter - (sums.mean.T @ away)[None]
    else:
        scatter = sums.scatter - np.einsum("ki,kj->kij", sums.mean, away)
    mean = np.where(sums.weight[:, None] > 0, shift + away, 0.0)
    return ClassMoments(sums.rows, sums.weight, mean, scatter)


def _block(X: Any, codes: np.ndarray, weight: np.ndarray | None, shift: np.ndarray, form: str) -> ClassMoments:
    """Sums of one block; those of z in the place of the means."""
    n_classes, p = shift.shape
    Z, order, edges = grouped(X, codes, n_classes)
    root = np.ones(len(order)) if weight is None else np.sqrt(weight[order])
    sums = np.zeros((n_classes, p))
    scatter = np.zeros({"diagonal": (n_classes, p), "pooled": (1, p, p), "each": (n_classes, p, p)}[form])
    counts, weights = np.diff(edges).astype(np.float64), np.diff(edges).astype(np.float64)
    if weight is not None:
        counts = np.bincount(codes, weight > 0, minlength=n_classes)
        weights = np.bincount(codes, weight, minlength=n_classes)
    for k in np.flatnonzero(np.diff(edges)):
        own = slice(edges[k], edges[k + 1])
        z, r = Z[own], root[own]
        if issparse(z):
            z = z if weight is None else z.multiply(r[:, None]).tocsr()
        else:
            z -= shift[k]
            if weight is not None:
                z *= r[:, None]
        sums[k] = r @ z
        if form == "each":
            scatter[k] = _gram(z)
        elif form == "diagonal":
            scatter[k] = np.asarray(z.multiply(z).sum(axis=0)).ravel() if issparse(z) else np.einsum("ij,ij->j", z, z)
    if form == "pooled":
        scatter[0] = _gram(Z if weight is None or not issparse(Z) else Z.multiply(root[:, None]).tocsr())
    return ClassMoments(counts, weights, sums, scatter)


def _gram(Z: Any) -> np.ndarray:
    gram = Z.T @ Z  # NumPy calls BLAS syrk, half the work, where both factors are one array
    return gram.toarray() if issparse(gram) else gram


def _clear_constants(found: ClassMoments, rounding: float) -> None:
    """Set to 0 the scatter of features whose variance is a rounding error of their squared mean, in place."""
    square = found.weight[:, None] * found.mean**2
    if found.scatter.ndim == 2:
        found.scatter[found.scatter <= rounding * square] = 0.0
        return
    square = square if len(found.scatter) == len(square) else square.sum(axis=0, keepdims=True)
    for scatter, limit in zip(found.scatter, rounding * square, strict=True):
        constant = np.diag(scatter) <= limit
        scatter[constant] = 0.0
        scatter[:, constant] = 0.0


def _inaccurate(found: ClassMoments, shift: np.ndarray) -> bool:
    """Whether the guess of the means was so far off that the scatter lost digits."""
    away = found.mean - shift
    moved = np.abs(away) > 1e-12 * np.abs(shift)  # a constant column is off by rounding alone
    correction = found.weight[:, None] * np.where(moved, away, 0.0) ** 2
    if found.scatter.ndim == 2:
        return bool((correction > LOST * found.scatter).any())
    if len(found.scatter) < len(shift):
        correction = correction.sum(axis=0, keepdims=True)
    return bool((correction > LOST * np.einsum("kii->ki", found.scatter)).any())
