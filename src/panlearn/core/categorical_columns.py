"""Categories as codes: what trees, forests and boosting do with columns of text or of a categorical type.

A tree asks of a category whether its code is in a set, so nothing but equality of categories matters: a column with k
levels becomes the codes 0 … k-1 of the sorted levels that `fit` has seen, as floats. NaN stands for what is missing and
for a category that `fit` has not seen: both then go where the node sends missing values.

Cost: one hash look-up (text) or one binary search (numbers) a row; no loop over the rows in Python, so that 10,000
levels are no dearer than ten. Course note 000 §4.2 (features of a decision tree are categories there).
"""

from typing import Any, NamedTuple

import numpy as np
from scipy.sparse import issparse

from panlearn.core.errors import DataError


class CategoricalColumns(NamedTuple):
    """What `fit` has learnt about the columns.

    Examples
    --------
    >>> import numpy as np
    >>> X = np.array([["red", 1.5], ["blue", 2.5], [None, 3.5]], dtype=object)
    >>> columns = learn_columns(X, [0])
    >>> columns.levels[0], encode_columns(X, columns)[:, 0]
    (array(['blue', 'red'], dtype='<U4'), array([ 1.,  0., nan]))
    """

    levels: tuple[np.ndarray | None, ...]  # one entry a column: None (numeric), or the levels in the order of codes

    @property
    def is_categorical(self) -> np.ndarray:
        """Which columns hold categories, (p,) bool."""
        return np.array([levels is not None for levels in self.levels], dtype=bool)


def learn_columns(X: Any, categorical_features: Any, *, feature_names: Any = None) -> CategoricalColumns:
    """Find the categorical columns and their levels.

    Parameters
    ----------
    X : array-like, pandas or polars frame of shape (n, p)
        Features.
    categorical_features : None, "from_dtype", or array-like of bool, int or str
        Which columns are categorical: none; those of a categorical, text or bool type in a frame; a mask, indices or
        names.
    feature_names : array-like of shape (p,), optional
        Names of the columns of an array.

    Returns
    -------
    CategoricalColumns
        The levels of each column.

    Raises
    ------
    ValueError
        If `categorical_features` names a column that is not there, or X is sparse and a column is categorical.
    """
    X = X if _is_frame(X) or hasattr(X, "shape") else np.asarray(X)
    shape = np.shape(X) if not hasattr(X, "shape") else X.shape
    if len(shape) != 2:
        return CategoricalColumns(())  # the validation that follows refuses it
    names = list(X.columns) if _is_frame(X) else feature_names
    mask = _categorical_mask(X, categorical_features, shape[1], names)
    if mask.any() and issparse(X):
        raise DataError("A sparse X cannot hold categorical columns. Pass a dense X, or categorical_features=None.")
    return CategoricalColumns(tuple(_levels(_column(X, j), j) if mask[j] else None for j in range(shape[1])))


def encode_columns(X: Any, columns: CategoricalColumns) -> np.ndarray:
    """Matrix of numbers: codes in categorical columns, NaN where a value is missing or was not seen in `fit`.

    Parameters
    ----------
    X : array-like, pandas or polars frame of shape (n, p)
        Features.
    columns : CategoricalColumns
        As `learn_columns` returned it.

    Returns
    -------
    ndarray of shape (n, p)
        float64.

    Raises
    ------
    ValueError
        If a numeric column holds text, or the kind of a categorical column is not that of `fit`.
    """
    X = X if _is_frame(X) or hasattr(X, "shape") else np.asarray(X)
    if X.shape[1] != len(columns.levels):
        raise DataError(f"X has {X.shape[1]} features, but {len(columns.levels)} features were seen in fit.")
    out = np.empty(X.shape)
    for j, levels in enumerate(columns.levels):
        values = _column(X, j)
        out[:, j] = _numbers(values, j) if levels is None else _codes(values, levels, j)
    return out


def n_categories(columns: CategoricalColumns) -> np.ndarray:
    """Number of levels of each column.

    Parameters
    ----------
    columns : CategoricalColumns
        As `learn_columns` returned it.

    Returns
    -------
    ndarray of shape (p,)
        int32; 0 for a numeric column.
    """
    return np.array([0 if levels is None else len(levels) for levels in columns.levels], dtype=np.int32)


def _is_frame(X: Any) -> bool:
    return type(X).__module__.partition(".")[0] in ("pandas", "polars") and hasattr(X, "columns")


def _column(X: Any, j: int) -> np.ndarray:
    """One column: numbers (missing as NaN), bool, or objects."""
    if not _is_frame(X):
        values = np.asarray(X[:, j])
        return values if values.dtype.kind in "biuf" else values.astype(object)
    if hasattr(X, "to_series"):  # polars
        series = X.to_series(j)
        if series.dtype.is_numeric():
            return series.to_numpy()
        return series.to_numpy() if _is_plain_bool(series) else _objects(series.to_list())
    series = X.iloc[:, j]
    if isinstance(series.dtype, np.dtype):
        return series.to_numpy()
    if series.dtype.kind in "iuf" and not hasattr(series, "cat"):  # nullable numbers
        return series.to_numpy(dtype=np.float64, na_value=np.nan)
    return series.to_numpy(dtype=object)


def _is_plain_bool(series: Any) -> bool:
    return str(series.dtype) == "Boolean" and series.null_count() == 0


def _objects(values: list) -> np.ndarray:
    out = np.empty(len(values), dtype=object)
    out[:] = values
    return out


def _categorical_mask(X: Any, wanted: Any, p: int, names: Any) -> np.ndarray:
    mask = np.zeros(p, dtype=bool)
    if wanted is None:
        return mask
    if isinstance(wanted, str):
        if wanted != "from_dtype":
            raise DataError(f'categorical_features must be None, "from_dtype", or array-like. Got {wanted!r}.')
        return np.array([_dtype_is_categorical(X, j) for j in range(p)], dtype=bool) if _is_frame(X) else mask
    wanted = np.asarray(wanted)
    if wanted.size == 0:
        return mask
    kinds = set(map(type, np.ravel(wanted).tolist())) - {bool, int, str}
    if kinds:
        got = wanted.dtype.name if wanted.dtype.kind != "O" else ", ".join(sorted(kind.__name__ for kind in kinds))
        raise DataError(f"categorical_features must be an array-like of bool, int or str, got: {got}.")
    if wanted.dtype.kind == "b":
        if wanted.shape != (p,):
            raise DataError(
                "categorical_features set as a boolean mask must have shape (n_features,), "
                f"got: {wanted.shape} for {p} features."
            )
        return wanted
    if wanted.dtype.kind in "UO":
        return _mask_of_names(wanted, mask, names)
    if wanted.min() < 0 or wanted.max() >= p:
        raise DataError(
            "categorical_features set as integer indices must be in [0, n_features - 1], "
            f"got {wanted.tolist()} for {p} features."
        )
    mask[wanted] = True
    return mask


def _mask_of_names(wanted: np.ndarray, mask: np.ndarray, names: Any) -> np.ndarray:
    if names is None:
        raise DataError(
            "categorical_features should be passed as an array of integers or as a boolean mask when X has no "
            "feature names. Pass a frame, or indices."
        )
    places = {name: j for j, name in enumerate(names)}
    for name in wanted.tolist():
        if name not in places:
            raise DataError(
                f"categorical_features has an item value {name!r} which is not a valid feature name of the training "
                f"data. Observed feature names: {list(names)}"
            )
        mask[places[name]] = True
    return mask


def _dtype_is_categorical(X: Any, j: int) -> bool:
    if hasattr(X, "to_series"):  # polars
        return str(X.dtypes[j]).partition("(")[0] in ("Categorical", "Enum", "String", "Boolean")
    dtype = X.dtypes.iloc[j]
    if dtype.kind == "O" and isinstance(dtype, np.dtype):  # a column of objects that are all numbers or None is numeric
        kinds = set(map(type, X.iloc[:, j]))
        return any(issubclass(kind, (str, bool, np.bool_)) for kind in kinds)
    return dtype.name in ("category", "bool", "boolean") or dtype.name.partition("[")[0] in ("string", "str")


def _levels(values: np.ndarray, j: int) -> np.ndarray:
    """Sorted distinct values that are not missing."""
    if values.dtype.kind != "O":
        found = np.unique(values)
        return found[:-1] if found.dtype.kind == "f" and len(found) and np.isnan(found[-1]) else found
    present = [key for key in _distinct(values, j) if not _is_missing(key)]
    if all(isinstance(key, str) for key in present):
        return np.array(sorted(present), dtype=str)
    if all(isinstance(key, (int, float, np.number, np.bool_)) for key in present):
        return np.unique(np.array(present, dtype=np.float64))
    found = np.empty(len(present), dtype=object)
    found[:] = sorted(present, key=lambda key: (type(key).__name__, key if _is_ordered(key) else str(key)))
    return found


def _distinct(values: np.ndarray, j: int) -> dict:
    try:
        return dict.fromkeys(values)
    except TypeError:
        raise TypeError(
            f"Column {j} of X holds an object that is no category: argument must be a string or a real number."
        ) from None


def _is_missing(key: Any) -> bool:
    return key is None or type(key).__name__ in ("NAType", "NaTType") or (isinstance(key, float) and key != key)


def _is_ordered(key: Any) -> bool:
    return isinstance(key, (str, int, float, np.generic))


def _codes(values: np.ndarray, levels: np.ndarray, j: int) -> np.ndarray:
    """Positions of the values among the levels, NaN for the others."""
    if values.dtype.kind == "O":
        keys = _distinct(values, j)
        if levels.dtype.kind in "biuf" and any(isinstance(key, str) for key in keys):
            raise DataError(f"Column {j} of X held numbers in fit but holds text now. Convert it as for fit.")
        table = {level: float(code) for code, level in enumerate(levels.tolist())}
        codes = {key: table.get(key, np.nan) for key in keys}
        return np.fromiter(map(codes.__getitem__, values), np.float64, len(values))
    if levels.dtype.kind in "UO":
        if levels.dtype.kind == "U" and not np.isnan(values.astype(np.float64)).all():
            raise DataError(f"Column {j} of X held text in fit but holds numbers now. Convert it as for fit.")
        return _codes(values.astype(object), levels, j)
    if len(levels) == 0:
        return np.full(len(values), np.nan)
    place = np.minimum(np.searchsorted(levels, values), len(levels) - 1)
    return np.where(levels[place] == values, place, np.nan)


def _numbers(values: np.ndarray, j: int) -> np.ndarray:
    if values.dtype.kind in "biuf":
        return values.astype(np.float64, copy=False)
    if values.dtype.kind == "O" and any(type(key).__name__ == "NAType" for key in _distinct(values, j)):
        values = np.array([None if _is_missing(value) else value for value in values], dtype=object)
    try:
        return values.astype(np.float64)
    except ValueError:
        text = next((value for value in values if isinstance(value, str)), values.dtype.name)
        raise DataError(
            f"Column {j} of X holds no numbers ({text!r}) and is not categorical. Name it in categorical_features, or "
            "pass a frame with a column of text or of a categorical type."
        ) from None
