"""Rows of an array, a sparse matrix or a data frame: taken, told apart by kind, and put together again.

Resampling needs four things of a table, whatever library it comes from: rows by index, the numeric columns as one
array, the categorical ones as whole numbers, and a table of the same kind out of new columns. New categories are rows
to copy from, so that a column keeps its type and its levels.
"""

from typing import Any

import numpy as np
from scipy.sparse import issparse
from scipy.sparse import vstack as stack_sparse

from panlearn.core.errors import DataError


def is_pandas(X: Any) -> bool:
    """Whether it is a data frame or series of pandas."""
    return hasattr(X, "iloc")


def is_polars(X: Any) -> bool:
    """Whether it is a data frame or series of polars."""
    return type(X).__module__.partition(".")[0] == "polars"


def take(X: Any, rows: np.ndarray) -> Any:
    """Rows by index, in their order."""
    return X.iloc[rows] if is_pandas(X) else X[rows]


def categorical_columns(X: Any, chosen: Any) -> np.ndarray:
    """Indices of the categorical columns.

    Parameters
    ----------
    X : array, sparse matrix or data frame
        The table.
    chosen : "auto", None or array-like
        "auto" takes the columns of a data frame that hold no numbers, and none of an array; else indices, names or a
        mask.

    Returns
    -------
    ndarray of int
    """
    width = X.shape[1]
    if chosen is None:
        return np.empty(0, np.int64)
    if isinstance(chosen, str):
        if chosen != "auto":
            raise DataError(f"categorical_features must be 'auto', indices, names or a mask. Got {chosen!r} instead.")
        return np.array([c for c in range(width) if not _is_number(X, c)], np.int64)
    given = np.asarray(chosen)
    if given.dtype.kind == "b" and given.shape == (width,):
        return np.flatnonzero(given)
    names = [str(name) for name in getattr(X, "columns", ())]
    if given.dtype.kind in "UO" and names and set(map(str, given)) <= set(names):
        return np.sort([names.index(str(name)) for name in given]).astype(np.int64)
    if given.size == 0 or (given.dtype.kind in "iu" and (-width <= given).all() and (given < width).all()):
        return np.unique(given.astype(np.int64) % width)
    raise DataError(f"categorical_features must name or index columns of X, which has {width}. Got {chosen!r} instead.")


def _is_number(X: Any, c: int) -> bool:
    if is_pandas(X):
        from pandas.api.types import is_bool_dtype, is_numeric_dtype

        return is_numeric_dtype(X.dtypes.iloc[c]) and not is_bool_dtype(X.dtypes.iloc[c])
    return X.dtypes[c].is_numeric() if is_polars(X) else True


def _column(X: Any, c: int) -> Any:
    return X.iloc[:, c] if is_pandas(X) else X[:, int(c)]


def numbers_of(X: Any, columns: np.ndarray) -> Any:
    """Some columns as one array of floats, or as they are where sparse."""
    if issparse(X):
        return X.tocsr().astype(np.float64 if X.dtype.kind != "f" else X.dtype)
    try:
        if isinstance(X, np.ndarray):
            kept = X[:, columns]
            values = kept.astype(kept.dtype if kept.dtype in (np.float32, np.float64) else np.float64)
        else:
            values = np.empty((X.shape[0], len(columns)))
            for at, c in enumerate(columns):
                column = _column(X, c)
                values[:, at] = (
                    column.to_numpy(float, na_value=np.nan) if is_pandas(X) else column.cast(float).to_numpy()
                )
    except (TypeError, ValueError) as error:
        raise DataError(f"a numeric column holds no numbers ({error}); name it in categorical_features.") from error
    if np.isinf(values).any():
        raise DataError("X contains infinity; SMOTE needs finite numbers, or NaN for missing ones.")
    return values


def codes_of(X: Any, columns: np.ndarray) -> np.ndarray:
    """Some columns as whole numbers from 0, equal where the entries are; missing is a category too."""
    codes = np.empty((X.shape[0], len(columns)), np.int32)
    if len(columns):
        from pandas import factorize

        for at, c in enumerate(columns):
            column = _column(X, c)
            if is_polars(X):
                column = np.array(column.to_list(), dtype=object)
            codes[:, at] = factorize(column, use_na_sentinel=False)[0]
    return codes


def with_new_rows(X: Any, numeric: np.ndarray, numbers: Any, categorical: np.ndarray, donors: np.ndarray) -> Any:
    """The table with new rows below it.

    Parameters
    ----------
    X : array, sparse matrix or data frame
        The table.
    numeric, categorical : ndarray of int
        Columns of either kind.
    numbers : ndarray or sparse matrix of shape (m, len(numeric))
        Numeric columns of the new rows; rounded where the column holds whole numbers.
    donors : ndarray of int of shape (m, len(categorical))
        Rows of X that the categories are copied from.

    Returns
    -------
    As X, with n + m rows.
    """
    if issparse(X):
        return stack_sparse([X, numbers.astype(X.dtype)], format=X.format)
    if isinstance(X, np.ndarray):
        new = np.empty((len(numbers), X.shape[1]), X.dtype)
        new[:, numeric] = np.rint(numbers) if X.dtype.kind in "iub" else numbers
        for at, c in enumerate(categorical):
            new[:, c] = X[donors[:, at], c]
        return np.concatenate([X, new])
    columns: dict[int, Any] = {}
    for at, c in enumerate(numeric):
        columns[int(c)] = _like(_column(X, c), numbers[:, at])
    for at, c in enumerate(categorical):
        columns[int(c)] = take(_column(X, c), donors[:, at])
    ordered = [columns[c] for c in range(X.shape[1])]
    if is_polars(X):
        return X.vstack(type(X)(ordered))
    import pandas as pd

    new = pd.concat([column.reset_index(drop=True) for column in ordered], axis=1)
    new.columns = X.columns
    return pd.concat([X, new], ignore_index=True)


def _like(column: Any, values: np.ndarray) -> Any:
    """Numbers as a column of the same name and type."""
    if is_polars(column):
        import polars as pl

        whole = column.dtype.is_integer()
        missing = np.isnan(values)
        made = pl.Series(column.name, np.where(missing, 0.0, np.rint(values)) if whole else values).cast(column.dtype)
        return made.set(pl.Series(missing), None) if missing.any() and column.null_count() else made
    import pandas as pd
    from pandas.api.types import is_integer_dtype

    return pd.Series(np.rint(values) if is_integer_dtype(column.dtype) else values, name=column.name).astype(
        column.dtype
    )
