"""From what a user passes (array, sparse matrix, data frame, file) to `DesignRows`, and from parameters to names.

A categorical column is one whose data frame says so (categories, or texts), or one named in `categorical_features`.
Its levels are those seen in `fit`, in the order the data frame declares or sorted; a level not seen there is an error
at prediction, since nothing is known of it. With `drop_first`, the first level is the reference: its coefficient is 0
and not a parameter, which makes an unpenalised model identifiable. Without, all levels have one, which treats them
alike under a penalty.
"""

from typing import Any, NamedTuple

import numpy as np
from scipy.sparse import issparse

from panlearn.core.blocks import RowSource
from panlearn.core.errors import DataError
from panlearn.linear_model.generalized_linear_model.design_rows import DesignRows

LABELS = ("category", "categorical", "enum", "str", "utf8")  # types of columns that hold labels, by their names' start
RANGE = 1_000_000  # whole numbers up to this are coded by a table, not by sorting


class Encoding(NamedTuple):
    """What `fit` learned of the columns."""

    names: tuple[str, ...]  # of the columns of X
    numeric: tuple[int, ...]  # positions in X
    categorical: tuple[int, ...]  # positions in X
    categories: tuple[np.ndarray, ...]  # levels of each categorical column
    offset: tuple[int, ...] = ()  # position of a column to add to the linear predictor
    exposure: tuple[int, ...] = ()  # position of a column whose logarithm is added

    def rows(self, X: Any, offset: np.ndarray | None = None) -> DesignRows:
        """Encode a table, an array or a sparse matrix."""
        numeric, codes = _numeric(X, self.numeric), np.empty((X.shape[0], len(self.categorical)), np.uint32, order="F")
        for k, (j, categories) in enumerate(zip(self.categorical, self.categories)):
            codes[:, k] = _codes(_column(X, j), categories, self.names[j])
        for j in (*self.offset, *self.exposure):
            extra = np.asarray(_column(X, j), dtype=np.float64)
            if j in self.exposure:
                extra = log_exposure(extra)
            offset = extra if offset is None else offset + extra
        return DesignRows(numeric, codes, tuple(len(c) for c in self.categories), offset)

    def kept(self, drop_first: bool, intercept: bool) -> np.ndarray:
        """Places of the parameters in full coding: columns in the order of X, then the intercept."""
        start, places = len(self.numeric), dict[int, np.ndarray]()
        for place, j in enumerate(self.numeric):
            places[j] = np.array([place])
        for j, categories in zip(self.categorical, self.categories):
            places[j] = np.arange(start + drop_first, start + len(categories))
            start += len(categories)
        return np.concatenate([*(places[j] for j in sorted(places)), np.arange(start, start + intercept)]).astype(int)

    def parameters(self, drop_first: bool) -> tuple[list[str], list[int]]:
        """Names of the coefficients, and the column of X that each belongs to."""
        levels = dict(zip(self.categorical, self.categories))
        named = [
            (f"{self.names[j]}[{level}]" if j in levels else self.names[j], j)
            for j in sorted([*self.numeric, *self.categorical])
            for level in (levels[j][drop_first:] if j in levels else [""])
        ]
        return [name for name, _ in named], [j for _, j in named]


def learn(X: Any, names: tuple[str, ...], categorical: Any, offset: Any = None, exposure: Any = None) -> Encoding:
    """Find the categorical columns of X and their levels.

    Parameters
    ----------
    X : ndarray, sparse matrix, data frame or RowSource
        Features.
    names : tuple of str
        Names of its columns.
    categorical : "from_dtype", None, or array-like
        Which columns are categorical: by their type, none, or these, as positions, names or a mask.
    offset, exposure : str, optional
        Columns that are no features.

    Returns
    -------
    Encoding
    """
    extras = [
        () if not isinstance(name, str) else (_positions([name], names, "offset")[0],) for name in (offset, exposure)
    ]
    chosen = labelled(X) if isinstance(categorical, str) else _positions(categorical, names, "categorical_features")
    chosen = [j for j in chosen if j not in (*extras[0], *extras[1])]
    if chosen and issparse(X):
        raise DataError("categorical_features needs a dense X or a data frame; a sparse X is encoded already.")
    if isinstance(X, RowSource):
        seen = [[_levels(piece.X[:, j], names[j]) for j in chosen] for piece in X.pieces()]
        categories = [np.unique(np.concatenate(parts)) for parts in zip(*seen)]
    else:
        categories = [_levels(_column(X, j), names[j]) for j in chosen]
    numeric = tuple(j for j in range(len(names)) if j not in (*chosen, *extras[0], *extras[1]))
    return Encoding(names, numeric, tuple(chosen), tuple(categories), *extras)


def labelled(X: Any) -> list[int]:
    """Positions of the columns of a data frame that hold labels; none for an array."""
    if not hasattr(X, "columns") or isinstance(X, RowSource):
        return []
    return [j for j in range(X.shape[1]) if _holds_labels(_column(X, j))]


def log_exposure(exposure: np.ndarray) -> np.ndarray:
    """Logarithm of an exposure, which must be positive."""
    if not ((exposure > 0) & (exposure < np.inf)).all():
        raise DataError(f"exposure must be in the range (0, inf). Got {exposure.min()}; drop rows without exposure.")
    return np.log(exposure)


def _holds_labels(column: Any) -> bool:
    kind = str(column.dtype).lower()
    if kind == "object":
        return any(isinstance(value, str) for value in column)
    return kind.startswith(LABELS)


def _column(X: Any, j: int) -> Any:
    return X.iloc[:, j] if hasattr(X, "iloc") else X[:, j]


def _numeric(X: Any, positions: tuple[int, ...]) -> Any:
    """Numeric columns as an array or CSR; a view where they are neighbours."""
    first, last = (positions[0], positions[-1]) if positions else (0, -1)
    pick: Any = slice(first, last + 1) if last - first + 1 == len(positions) else list(positions)
    if issparse(X):
        return X.tocsr() if len(positions) == X.shape[1] else X.tocsr()[:, pick]
    if isinstance(X, np.ndarray):
        return X[:, pick]
    part = X.iloc[:, pick] if hasattr(X, "iloc") else X[:, pick]
    values = part.to_numpy()
    if values.dtype not in (np.float64, np.float32):
        try:
            values = values.astype(np.float64)
        except (TypeError, ValueError) as error:
            raise DataError(f"a column of X holds neither numbers nor labels: {error}; drop or convert it.") from error
    return values.reshape(len(values), len(positions))


def _positions(chosen: Any, names: tuple[str, ...], parameter: str) -> list[int]:
    if chosen is None:
        return []
    chosen = np.asarray(chosen)
    if chosen.dtype == bool and chosen.shape == (len(names),):
        return np.flatnonzero(chosen).tolist()
    found = [names.index(c) if c in names else c for c in chosen.ravel().tolist()]
    if any(not isinstance(j, int) or not -len(names) <= j < len(names) for j in found):
        raise DataError(f"{parameter} must hold names or positions of columns of X, or a mask. Got {chosen.tolist()}.")
    return sorted({j % len(names) for j in found})


def _coded(column: Any, name: str) -> tuple[np.ndarray, np.ndarray]:
    """Codes of a column and what they stand for."""
    if hasattr(column, "null_count") and column.null_count():  # polars
        raise _missing(name)
    if hasattr(column, "cat") and hasattr(column.cat, "codes"):  # pandas
        codes, values = column.cat.codes.to_numpy(), column.cat.categories.to_numpy()
    elif str(column.dtype).startswith(("Categorical", "Enum")):  # polars
        return _coded_by_polars(column)
    else:
        raw = column.to_numpy() if hasattr(column, "to_numpy") else np.asarray(column)
        if raw.dtype.kind == "O" and any(value is None or value != value for value in raw):
            raise _missing(name)
        if raw.dtype.kind == "f" and not np.isfinite(raw).all():
            raise _missing(name)
        return _distinct(raw)
    if codes.min(initial=0) < 0:
        raise _missing(name)
    return codes, values


def _missing(name: str) -> DataError:
    return DataError(f"categorical column {name!r} has missing values; give them a level of their own.")


def _coded_by_polars(column: Any) -> tuple[np.ndarray, np.ndarray]:
    levels = column.unique()
    labels, places = np.asarray(levels.to_list()), levels.to_physical().to_numpy().astype(np.int64)
    order = np.argsort(places if str(column.dtype).startswith("Enum") else labels)  # an Enum declares its order
    table = np.zeros(places.max(initial=0) + 1, np.int64)
    table[places[order]] = np.arange(len(order))
    return table[column.to_physical().to_numpy()], labels[order]


def _distinct(raw: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    whole = raw.dtype.kind in "iu" or (raw.dtype.kind == "f" and bool((raw == np.floor(raw)).all()))
    if whole and raw.size and raw.min() >= 0 and raw.max() < RANGE:
        codes = raw.astype(np.int64)  # a table of the whole numbers instead of a sort
        present = np.flatnonzero(np.bincount(codes))
        place = np.zeros(codes.max() + 1, np.int64)
        place[present] = np.arange(len(present))
        return place[codes], present.astype(raw.dtype)
    values, codes = np.unique(raw.astype(str) if raw.dtype.kind == "O" else raw, return_inverse=True)
    return codes, values


def _levels(column: Any, name: str) -> np.ndarray:
    """The levels that occur."""
    codes, values = _coded(column, name)
    return values[np.bincount(codes, minlength=len(values)) > 0]


def _codes(column: Any, categories: np.ndarray, name: str) -> np.ndarray:
    """Places of the column's values among the levels of `fit`."""
    codes, values = _coded(column, name)
    known = {level: i for i, level in enumerate(categories.tolist())}
    table = np.array([known.get(value, -1) for value in values.tolist()], dtype=np.int64)
    if len(table) == len(categories) and (table == np.arange(len(table))).all():
        return codes
    found = table[codes]
    if found.min(initial=0) < 0:
        unseen = values[codes[found < 0][0]]
        raise DataError(f"categorical column {name!r} has the level {str(unseen)!r}, which was not there in fit.")
    return found
