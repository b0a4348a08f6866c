"""Tables for a network: numbers, perhaps standardised; categories as codes; sparse rows made dense a batch at a time.

    (x - mean) / scale        of each numeric column, from the rows of the first fit; scale 1 where a column is constant

A network's weights start on one scale, and so should its inputs: a column in thousands saturates units, one in
thousandths is not heard. Course notes: 001 §7.2.2, 004 §4.
"""

from typing import Any, NamedTuple

import numpy as np
import torch
from scipy.sparse import csr_array, csr_matrix, issparse
from sklearn.utils.validation import check_array, validate_data
from torch import Tensor

from panlearn.core.categorical_columns import CategoricalColumns, encode_columns, learn_columns, n_categories
from panlearn.core.errors import DataError
from panlearn.neural_network.training.batches import Rows, TensorRows

FLOATS: Any = (np.float64, np.float32)


class TableColumns(NamedTuple):
    """What `fit` has learnt about the columns."""

    dtype: str  # "float64" or "float32", that of X and of the network
    categories: CategoricalColumns | None = None  # None: all columns are numbers
    mean: np.ndarray | None = None  # (p,) of the numeric columns; None: left as they are
    scale: np.ndarray | None = None  # (p,) standard deviations

    @property
    def levels(self) -> list[int]:
        """Categories of each categorical column."""
        return [] if self.categories is None else [int(k) for k in n_categories(self.categories) if k]

    def n_numbers(self, p: int) -> int:
        """Numeric columns among p."""
        return p if self.categories is None else p - int(self.categories.is_categorical.sum())


class SparseRows(NamedTuple):
    """Rows of a CSR matrix, dense when they are asked for."""

    matrix: csr_matrix | csr_array
    mean: np.ndarray | None
    scale: np.ndarray | None

    def __len__(self) -> int:
        return self.matrix.shape[0]  # type: ignore[index]

    @property
    def row_bytes(self) -> int:
        """Bytes of a dense row."""
        return self.matrix.shape[1] * self.matrix.dtype.itemsize  # type: ignore[index]

    def lengths(self) -> Tensor | None:
        """All rows are equally long."""
        return None

    def take(self, indices: Tensor) -> tuple[Tensor, ...]:
        """Some rows, (b, p)."""
        dense = self.matrix[indices.numpy()].toarray()
        return (torch.from_numpy(_scaled(dense, self.mean, self.scale)),)


def learn_table(estimator: Any, X: Any, categorical_features: Any, standardize: bool) -> tuple[TableColumns, Rows]:
    """Check the table of a fit.

    Parameters
    ----------
    estimator : estimator
        Gets `n_features_in_` and `feature_names_in_`.
    X : array-like, frame or sparse matrix of shape (n, p)
        The table.
    categorical_features : object
        As for `learn_columns`.
    standardize : bool
        Whether to learn means and scales.

    Returns
    -------
    TableColumns, Rows
        What was learnt, and the rows.
    """
    categories = None
    if categorical_features is not None:
        categories = learn_columns(X, categorical_features, feature_names=getattr(X, "columns", None))
        categories = categories if categories.is_categorical.any() else None
    numbers, codes = _parts(estimator, X, categories, reset=True)
    columns = TableColumns(numbers.dtype.name, categories)
    if standardize:
        mean, scale = _moments(numbers)
        columns = columns._replace(mean=mean, scale=scale)
    return columns, _rows(numbers, codes, columns)


def table_rows(estimator: Any, X: Any, columns: TableColumns) -> Rows:
    """Check a table by what was learnt.

    Parameters
    ----------
    estimator : estimator
        Fitted.
    X : array-like, frame or sparse matrix of shape (n, p)
        The table.
    columns : TableColumns
        From `learn_table`.

    Returns
    -------
    Rows
        The rows, in the type of the network.
    """
    return _rows(*_parts(estimator, X, columns.categories, reset=False), columns)


def _parts(
    estimator: Any, X: Any, categories: CategoricalColumns | None, *, reset: bool
) -> tuple[Any, np.ndarray | None]:
    """Numbers (n, p), dense or CSR, and codes (n, c)."""
    if categories is None:
        return validate_data(estimator, X, accept_sparse="csr", dtype=FLOATS, reset=reset), None
    if issparse(X):
        raise DataError("A sparse X cannot hold categorical columns. Pass a dense X, or categorical_features=None.")
    validate_data(estimator, X, reset=reset, skip_check_array=True)  # the names of the columns
    matrix, chosen = encode_columns(X, categories), categories.is_categorical
    codes = matrix[:, chosen]
    unknown = n_categories(categories)[chosen]
    codes = np.where(np.isnan(codes), unknown, codes).astype(np.int64)
    numbers = matrix[:, ~chosen]
    if numbers.shape[1]:
        numbers = check_array(numbers, dtype=FLOATS, input_name="X", estimator=estimator)
    return numbers.astype(np.float32, copy=False), codes


def _moments(numbers: Any) -> tuple[np.ndarray, np.ndarray]:
    """Means and standard deviations of columns, in float64."""
    if issparse(numbers):
        mean = np.asarray(numbers.mean(axis=0, dtype=np.float64)).ravel()
        squares = np.asarray(numbers.multiply(numbers).mean(axis=0, dtype=np.float64)).ravel()
        scale = np.sqrt(np.maximum(squares - mean * mean, 0.0))
    else:
        mean, scale = numbers.mean(axis=0, dtype=np.float64), numbers.std(axis=0, dtype=np.float64)
    return mean, np.where(scale > 1e-12 * np.maximum(1.0, np.abs(mean)), scale, 1.0)


def _scaled(numbers: np.ndarray, mean: np.ndarray | None, scale: np.ndarray | None) -> np.ndarray:
    if mean is None or scale is None:
        return numbers
    return ((numbers - mean) / scale).astype(numbers.dtype)


def _rows(numbers: Any, codes: np.ndarray | None, columns: TableColumns) -> Rows:
    numbers = numbers.astype(columns.dtype, copy=False)
    if issparse(numbers):
        return SparseRows(numbers, columns.mean, columns.scale)
    numbers = np.require(_scaled(numbers, columns.mean, columns.scale), requirements=["C", "W"])
    parts = (numbers,) if codes is None else (numbers, codes)
    return TensorRows(tuple(torch.from_numpy(part) for part in parts))
