"""Sums over row blocks: one form for data in memory, on disk, and (later) on a cluster.

Gram matrices, gradients, Hessians, histograms, responsibilities, transition counts: nearly every statistic of machine
learning is a sum over rows. A method writes its statistic for one block of rows; `reduce_rows` maps it over all blocks
and adds the results. What the rows are is the business of a `RowSource`:

- `ArrayRows`: arrays in memory or memory-mapped files; blocks are views, spread over threads;
- `FileRows`: a CSV, TSV or Parquet file read in chunks, never whole. Each pass of the method reads the file once.

A statistic need not be a sum: any associative `combine` works, for example the stacking of triangles in a QR
factorisation by row blocks [demmel2012].
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from numbers import Integral
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

import numpy as np
from scipy.sparse import issparse
from sklearn.utils import assert_all_finite

from panlearn.core.errors import DataError
from panlearn.core.threads import map_chunks

T = TypeVar("T")
BLOCK_BYTES = 1 << 21  # a block with its working copy stays in a core's L2 cache
CHUNK_ROWS = 1 << 16  # rows of a file read at a time


class Rows(NamedTuple):
    """A block of rows."""

    X: Any  # (m, p) ndarray or CSR
    y: Any  # (m,) or (m, targets) ndarray, or None
    weight: np.ndarray | None  # (m,)

    def __getitem__(self, rows: slice | np.ndarray) -> "Rows":  # type: ignore[override]
        y, weight = (None if part is None else part[rows] for part in (self.y, self.weight))
        if isinstance(rows, slice) and rows.step is None:
            return Rows(row_slice(self.X, *rows.indices(self.X.shape[0])[:2]), y, weight)
        return Rows(self.X[rows], y, weight)


def row_slice(X: Any, start: int, stop: int) -> Any:
    """Rows start to stop; of a CSR array without a copy of its entries, as of a dense one."""
    if not (issparse(X) and X.format == "csr"):
        return X[start:stop]
    begin, end = X.indptr[start], X.indptr[stop]
    parts = (X.data[begin:end], X.indices[begin:end], X.indptr[start : stop + 1] - begin)
    return type(X)(parts, shape=(stop - start, X.shape[1]))


class RowSource:
    """Rows that can be walked over any number of times, piece by piece."""

    n_features: int
    n_rows: int | None = None  # None where only a pass over the rows would tell
    feature_names: list[str] | None = None

    def pieces(self) -> Iterator[Rows]:
        """Parts that fit in memory, in order."""
        raise TypeError("RowSource is abstract: use ArrayRows or FileRows")

    def prepare(self, block: Rows) -> Rows:
        """What is done to each block before a statistic sees it."""
        return block


class ArrayRows(RowSource):
    """Rows of arrays in memory or memory-mapped.

    Parameters
    ----------
    X : ndarray or CSR of shape (n, p)
        Features.
    y : ndarray of shape (n,) or (n, targets), optional
        Targets.
    weight : ndarray of shape (n,), optional
        Weights of the rows.
    """

    def __init__(self, X: Any, y: np.ndarray | None = None, weight: np.ndarray | None = None) -> None:
        self.rows, (self.n_rows, self.n_features) = Rows(X, y, weight), X.shape

    def pieces(self) -> Iterator[Rows]:
        """The one piece there is."""
        yield self.rows


class FileRows(RowSource):
    r"""Rows of a CSV, TSV or Parquet file of numbers, read in chunks.

    Parameters
    ----------
    path : str or Path
        The file; `.gz` may follow `.csv` and `.tsv`.
    target : str
        Column of y.
    features : list of str, optional
        Columns of X; by default all that are neither target nor weight.
    weight : str, optional
        Column of row weights.
    chunk_rows : int
        Rows in memory at a time.

    Raises
    ------
    DataError
        If the file or a column is missing or cannot be read, there are no rows, a column of X holds something other
        than finite numbers, the target has empty cells, or a weight is negative.

    Examples
    --------
    >>> import tempfile, pathlib
    >>> from panlearn.core.blocks import FileRows
    >>> from panlearn.linear_model import LinearRegression
    >>> path = pathlib.Path(tempfile.mkdtemp()) / "line.csv"
    >>> _ = path.write_text("x,y\n0,1\n1,3\n2,5\n")
    >>> LinearRegression().fit(FileRows(path, target="y")).coef_
    array([2.])
    """

    def __init__(
        self,
        path: str | Path,
        *,
        target: str,
        features: list[str] | None = None,
        weight: str | None = None,
        chunk_rows: int = CHUNK_ROWS,
    ) -> None:
        self.path, self.chunk_rows = Path(path), chunk_rows
        if not isinstance(chunk_rows, Integral) or chunk_rows < 1:
            raise DataError(f"chunk_rows must be an integer in the range [1, inf). Got {chunk_rows!r} instead.")
        if not self.path.is_file():
            raise DataError(f"path must name a file; there is none at '{path}'. Check the spelling and the folder.")
        self.target, self.weight = target, weight
        with self._reading():
            columns = self._columns()
        self.feature_names = [c for c in columns if c not in (target, weight)] if features is None else list(features)
        self.n_features = len(self.feature_names)
        for name in [*self.feature_names, target, *([weight] if weight else [])]:
            if name not in columns:
                raise DataError(f"'{path}' has no column {name!r}; its columns are {', '.join(columns[:20])}.")
        if not self.feature_names:
            raise DataError(f"'{path}' has no column left for the features; name some in `features`.")

    @contextmanager
    def _reading(self) -> Iterator[None]:
        """Name the file in the reader's own errors, which are kinds of ValueError, OSError or EOFError."""
        try:
            yield
        except DataError:
            raise
        except (ValueError, OSError, EOFError) as error:
            raise DataError(
                f"'{self.path}' cannot be read as {self._form}: {str(error).strip().rstrip('.')}."
            ) from error

    @property
    def _form(self) -> str:
        endings = [suffix.lower() for suffix in self.path.suffixes]
        if endings[-1:] in ([".parquet"], [".pq"]):
            return "Parquet"
        return "TSV" if ".tsv" in endings else "CSV"

    @property
    def _text_format(self) -> dict[str, Any]:
        return {"sep": "\t" if self._form == "TSV" else ",", "index_col": False}

    def _columns(self) -> list[str]:
        if self._form == "Parquet":
            from pyarrow.parquet import read_schema

            return list(read_schema(self.path).names)
        import pandas as pd

        return list(pd.read_csv(self.path, nrows=0, **self._text_format).columns)

    def _tables(self) -> Iterator[Any]:
        if self._form == "Parquet":
            from pyarrow.parquet import ParquetFile

            with ParquetFile(self.path) as file:
                wanted = [*(self.feature_names or []), self.target, *([self.weight] if self.weight else [])]
                for batch in file.iter_batches(self.chunk_rows, columns=wanted):
                    yield batch.to_pandas()
        else:
            import pandas as pd

            # all columns: with `usecols`, pandas takes rows that are too long for good ones
            reader: Any = pd.read_csv(self.path, chunksize=self.chunk_rows, **self._text_format)
            with reader:
                yield from reader

    def pieces(self) -> Iterator[Rows]:
        """Chunks of the file."""
        numeric = set()
        with self._reading():
            for table in filter(len, self._tables()):
                rows = self._rows(table)
                numeric.add(rows.y.dtype.kind in "biuf")
                if len(numeric) > 1:
                    raise self._fault(self.target, "holds numbers in some rows and text in others; use one of them")
                yield rows
        if not numeric:
            raise DataError(f"'{self.path}' has no rows below its header; check the file.")

    def _rows(self, table: Any) -> Rows:
        X, y, weight = self._numbers(table[self.feature_names]), table[self.target], None
        if y.isna().any() or (y.dtype.kind == "f" and np.isinf(y).any()):
            raise self._fault(self.target, "has empty or infinite cells; fill or drop them first")
        if self.weight:
            weight = self._numbers(table[[self.weight]])[:, 0]
            if weight.min() < 0:
                raise self._fault(self.weight, "has negative weights; a weight must be at least 0")
        return Rows(X, y.to_numpy(), weight)

    def _numbers(self, table: Any) -> np.ndarray:
        try:
            if any(dtype.kind in "mM" for dtype in table.dtypes):  # NumPy would count nanoseconds
                raise TypeError
            values = table.to_numpy(dtype=np.float64)
        except (TypeError, ValueError):
            bad = next(c for c in table.columns if table[c].dtype.kind not in "biuf")
            raise self._fault(bad, "holds text or dates; encode it as numbers first") from None
        if not np.isfinite(values).all():
            bad = table.columns[~np.isfinite(values).all(axis=0)][0]
            raise self._fault(bad, "has empty or infinite cells; fill or drop them first")
        return values

    def _fault(self, column: str, what: str) -> DataError:
        return DataError(f"column {column!r} of '{self.path}' {what}.")


class MappedRows(RowSource):
    """Rows whose features are computed block by block, so that the wider matrix never exists as a whole.

    Parameters
    ----------
    source : RowSource
        Where the rows come from.
    function : callable
        Maps the (m, p) features of a block to (m, n_features).
    n_features : int
        Columns that `function` returns.
    """

    def __init__(self, source: RowSource, function: Callable[[Any], Any], n_features: int) -> None:
        self.source, self.function = source, function
        self.n_rows, self.n_features = source.n_rows, n_features

    def pieces(self) -> Iterator[Rows]:
        """The pieces of the source, not yet mapped."""
        return self.source.pieces()

    def prepare(self, block: Rows) -> Rows:
        """The block with its new features."""
        block = self.source.prepare(block)
        return block._replace(X=self.function(block.X))


def add(a: T, b: T) -> T:
    """Sum of two statistics: arrays in place, tuples field by field."""
    if isinstance(a, tuple):
        fields = [add(x, y) for x, y in zip(a, b, strict=True)]  # type: ignore[call-overload]
        return type(a)(*fields) if hasattr(a, "_fields") else type(a)(fields)  # type: ignore[return-value]
    a += b  # type: ignore[operator]
    return a


def reduce_rows(
    statistic: Callable[..., T], source: RowSource, *, work: float, combine: Callable[[T, T], T] = add, rows: int = 0
) -> T:
    """Map a statistic over row blocks and add the results.

    Parameters
    ----------
    statistic : callable
        `statistic(X, y, weight)` of one block: an array, a number, or a tuple of them. It must not keep the block.
    source : RowSource
        The rows.
    work : float
        Elementary operations per row; decides whether threads pay.
    combine : callable
        Associative; adds by default. It may reuse its first argument.
    rows : int
        Rows of a block; by default what fits in a core's cache.

    Returns
    -------
    The combined statistic. Blocks are combined in the order of the rows: the answer depends on the number of threads
    only through rounding, and not at all on which thread is faster.

    Examples
    --------
    >>> import numpy as np
    >>> from panlearn.core.blocks import ArrayRows, reduce_rows
    >>> X = np.arange(6.0).reshape(3, 2)
    >>> reduce_rows(lambda X, y, w: X.T @ X, ArrayRows(X), work=4)
    array([[20., 26.],
           [26., 35.]])
    """
    total = None
    block = rows or max(256, BLOCK_BYTES // (8 * max(1, source.n_features)))
    for piece in source.pieces():

        def part(start: int, stop: int, piece: Rows = piece) -> T:
            result = None
            for a in range(start, stop, block):
                value = statistic(*source.prepare(piece[a : min(a + block, stop)]))
                result = value if result is None else combine(result, value)
            return result  # type: ignore[return-value]

        n = piece.X.shape[0]
        for value in map_chunks(part, n, work=n * work, align=block):
            total = value if total is None else combine(total, value)
    if total is None:
        raise DataError("the source has no rows; check the file.")
    return total


def in_memory(source: RowSource) -> Rows:
    """All rows of a source as arrays."""
    pieces = [source.prepare(piece) for piece in source.pieces()]
    if len(pieces) == 1:
        return pieces[0]
    X, y, weight = (None if parts[0] is None else np.concatenate(parts) for parts in zip(*pieces, strict=True))
    return Rows(X, y, weight)


class CodedRows(RowSource):
    """Rows whose labels become the codes 0 … K-1 of sorted classes, block by block.

    Parameters
    ----------
    source : RowSource
        Rows with labels.
    classes : ndarray of shape (K,)
        The labels, sorted.
    """

    def __init__(self, source: RowSource, classes: np.ndarray) -> None:
        self.source, self.classes = source, classes
        self.n_rows, self.n_features = source.n_rows, source.n_features

    def pieces(self) -> Any:
        """The pieces of the source with codes for labels."""
        for piece in self.source.pieces():
            yield piece._replace(y=np.searchsorted(self.classes, piece.y))


def require_finite(source: RowSource) -> None:
    """Raise scikit-learn's error if a feature is NaN or infinite.

    Raises
    ------
    ValueError
        Names what was found.
    """
    for piece in source.pieces():
        assert_all_finite(piece.X, input_name="X")


def require_weight(total: float) -> None:
    """Raise if no row counts.

    Raises
    ------
    DataError
        If the sum of the weights is not positive.
    """
    if not total > 0:
        raise DataError("sample_weight must have at least one positive entry; all of them are 0.")


def density(source: RowSource) -> float:
    """Share of stored entries: below 1 for sparse arrays."""
    X: Any = source.rows.X if isinstance(source, ArrayRows) else None
    return X.nnz / max(1, X.shape[0] * X.shape[1]) if issparse(X) else 1.0


def is_sparse(source: RowSource) -> bool:
    """Whether the blocks are sparse."""
    while isinstance(source, MappedRows):
        source = source.source
    return isinstance(source, ArrayRows) and issparse(source.rows.X)
