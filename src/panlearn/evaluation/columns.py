"""What each column holds, and whether it can help: told from the column alone, never from the target.

| kind | the column holds | it becomes |
|---|---|---|
| numeric | numbers | itself, the median where it is missing, and a mark that it was missing |
| categorical | truth values, or texts that repeat | one column of zeros and ones a category |
| text | texts of several words (or of Chinese, Japanese or Thai script), mostly different | weighted counts of words |
| date | dates, written one way | year, month, day, weekday, hour, and days since 1970 |
| dropped | nothing, one value, a number a row, an identifier a row | nothing; the note says why |

`TableColumns` is the first step of every pipeline: it remembers the kinds that it saw in training, and gives each
column of a new table that kind, so that a model trained on one file reads another whose cells were parsed otherwise.
"""

import re
from typing import Any

import numpy as np
import pandas as pd
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.utils.validation import check_is_fitted

from panlearn.core.errors import DataError
from panlearn.evaluation.comparison import Column

MISSING = "(missing)"  # the category of an empty cell
ROW_NUMBER = "numbers the rows"
SAMPLE = 2000  # cells looked at to tell texts and dates
WIDE_SCRIPT = re.compile(
    "[\u0e00-\u0e7f\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff]"
)  # scripts without blanks between words
DATE = re.compile(r"\d{4}[-/.]\d{1,2}([-/.]\d{1,2})?([T ].*)?|\d{1,2}[-/.]\d{1,2}[-/.]\d{2,4}( .*)?")
DATE_FORMATS = ("ISO8601", "%Y/%m/%d", "%m/%d/%Y", "%d/%m/%Y", "%d.%m.%Y", "%d-%m-%Y", "%m-%d-%Y")
TIMES = ("", " %H:%M", " %H:%M:%S")


def describe_column(column: pd.Series) -> Column:
    """Tell the kind of a column.

    Parameters
    ----------
    column : pandas.Series
        The column, named.

    Returns
    -------
    Column
        Name, kind, missing and distinct cells, an example, and a note if there is something to say.

    Examples
    --------
    >>> describe_column(pd.Series(["red", "white", "red"], name="colour")).kind
    'categorical'
    >>> describe_column(pd.Series([None, None], name="comment")).note
    'empty in every row'
    """
    present = column.dropna()
    values = present.astype(str) if present.dtype == object else present
    distinct = int(values.nunique())
    kind, note = _kind(column, values, distinct)
    example = str(present.iloc[0]) if len(present) else ""
    example = example if len(example) <= 40 else example[:39] + "…"
    return Column(str(column.name), kind, int(column.isna().sum()), distinct, example, note)


def _kind(column: pd.Series, present: pd.Series, distinct: int) -> tuple[str, str]:
    missing = len(column) - len(present)
    if distinct == 0:
        return "dropped", "empty in every row"
    if distinct == 1 and missing == 0:
        return "dropped", "one value in every row"
    if pd.api.types.is_datetime64_any_dtype(column):
        return "date", ""
    if distinct == 1 or pd.api.types.is_bool_dtype(column) or isinstance(column.dtype, pd.CategoricalDtype):
        return "categorical", "one value or missing" if distinct == 1 else ""
    if pd.api.types.is_numeric_dtype(column):
        return _kind_of_numbers(column, present, distinct)
    return _kind_of_texts(present.astype(str), distinct)


def _kind_of_numbers(column: pd.Series, present: pd.Series, distinct: int) -> tuple[str, str]:
    whole = distinct == len(column) >= 20 and not (present % 1).any()
    if whole and present.max() - present.min() == distinct - 1:
        return "dropped", ROW_NUMBER
    if whole and re.search(r"(^|[_ .-])(id|key|uuid|index|no|nr)$", str(column.name), re.IGNORECASE):
        return "dropped", "an identifier: different in every row"
    infinite = int(np.isinf(present.to_numpy(dtype=float)).sum())
    return "numeric", f"{infinite} infinite cells taken as missing" if infinite else ""


def _kind_of_texts(present: pd.Series, distinct: int) -> tuple[str, str]:
    some = present.iloc[:: max(1, len(present) // SAMPLE)]
    if date_format(some) and date_format(present):
        return "date", ""
    words = some.str.count(r"\S+").mean()
    wide = some.str.contains(WIDE_SCRIPT).mean() > 0.5 and some.str.len().mean() >= 8
    share = distinct / len(present)
    if (words >= 3 or wide) and share > 0.3 and distinct >= 20:
        return "text", ""
    if share > 0.9 and distinct >= 20:
        return "dropped", "an identifier: different in nearly every row"
    return "categorical", ""


def date_format(texts: pd.Series) -> str:
    """Tell how dates are written; "" if these are not dates, or not all written one way.

    Where day and month cannot be told apart in any row, the month is taken to come first.

    Examples
    --------
    >>> date_format(pd.Series(["03/04/2024", "25/12/2024"]))
    '%d/%m/%Y'
    """
    if not texts.str.fullmatch(DATE).all():
        return ""
    for form in DATE_FORMATS:
        for time in TIMES if form.startswith("%") else ("",):
            if pd.to_datetime(texts, format=form + time, errors="coerce", utc=True).notna().all():
                return form + time
    return ""


class TableColumns(TransformerMixin, BaseEstimator):
    """Give the columns of a table the kinds seen in training; leave out those that cannot help.

    Parameters
    ----------
    kinds : dict of str to str
        Kind by column, "numeric", "categorical", "text" or "date".

    Attributes
    ----------
    date_formats_ : dict of str to str
        How the dates of each date column were written in training.
    feature_names_in_ : ndarray of str
        The columns that a table has to have.

    Raises
    ------
    DataError
        In `transform`, if a column is missing from the table.

    Examples
    --------
    >>> table = pd.DataFrame({"age": ["39", "old"], "name": ["a", "b"]})
    >>> TableColumns({"age": "numeric"}).fit_transform(table)  # what is no number is missing
        age
    0  39.0
    1   NaN
    """

    def __init__(self, kinds: dict[str, str]) -> None:
        self.kinds = kinds

    def fit(self, X: pd.DataFrame, y: Any = None) -> "TableColumns":
        """Remember how dates are written.

        Parameters
        ----------
        X : pandas.DataFrame
            The table.
        y : None
            Ignored.

        Returns
        -------
        TableColumns
            Itself.
        """
        dates = [name for name, kind in self.kinds.items() if kind == "date"]
        self.date_formats_ = {name: date_format(pd.Series(X[name]).dropna().astype(str)) for name in dates}
        self.feature_names_in_ = np.array(list(self.kinds), dtype=object)
        return self

    def transform(self, X: pd.DataFrame) -> pd.DataFrame:
        """Convert the columns.

        Parameters
        ----------
        X : pandas.DataFrame
            A table with at least the columns of training, in any order.

        Returns
        -------
        pandas.DataFrame
            The columns of training: float64, datetime64, or texts as objects.
        """
        check_is_fitted(self)
        if absent := [name for name in self.kinds if name not in X.columns]:
            raise DataError(f"the table has no column {', '.join(map(repr, absent))}, which the model was trained on")
        kept = {name: self._convert(pd.Series(X[name]), kind) for name, kind in self.kinds.items()}
        return pd.DataFrame(kept, index=X.index)

    def _convert(self, column: pd.Series, kind: str) -> pd.Series:
        if kind == "numeric":
            numbers = np.asarray(pd.to_numeric(column, errors="coerce"), dtype=np.float64)
            return pd.Series(np.where(np.isfinite(numbers), numbers, np.nan), index=column.index)
        if kind == "date":
            return _as_dates(column, self.date_formats_[str(column.name)])
        absent = MISSING if kind == "categorical" else ""
        return column.astype(object).map(lambda value: absent if pd.isna(value) else _category(value)).astype(object)

    def get_feature_names_out(self, input_features: Any = None) -> np.ndarray:
        """Names of the columns that are kept.

        Parameters
        ----------
        input_features : None
            Ignored.

        Returns
        -------
        ndarray of str
            The names.
        """
        return np.array(list(self.kinds), dtype=object)


def _as_dates(column: pd.Series, form: str) -> pd.Series:
    dates = column if pd.api.types.is_datetime64_any_dtype(column) else column.astype(str)
    parsed = pd.to_datetime(dates, format=form or None, errors="coerce", utc=True)
    return parsed.dt.tz_localize(None)


def _category(value: Any) -> str:
    """A category as text; 3.0 is the category 3, as where a missing cell made floats of whole numbers."""
    return str(int(value)) if isinstance(value, float) and value.is_integer() else str(value)


class DateParts(TransformerMixin, BaseEstimator):
    """Split dates into numbers a model can use: days since 1970, year, month, day, weekday (Monday is 0) and hour.

    Attributes
    ----------
    feature_names_in_ : ndarray of str
        The date columns.

    Examples
    --------
    >>> table = pd.DataFrame({"sold": pd.to_datetime(["2024-02-29"])})
    >>> DateParts().fit(table).transform(table)
    array([[1.9782e+04, 2.0240e+03, 2.0000e+00, 2.9000e+01, 3.0000e+00, 0.0000e+00]])
    """

    PARTS = ("day number", "year", "month", "day", "weekday", "hour")

    def fit(self, X: pd.DataFrame, y: Any = None) -> "DateParts":
        """Remember the names of the columns.

        Parameters
        ----------
        X : pandas.DataFrame
            Dates.
        y : None
            Ignored.

        Returns
        -------
        DateParts
            Itself.
        """
        self.feature_names_in_ = np.array(X.columns, dtype=object)
        return self

    def transform(self, X: pd.DataFrame) -> np.ndarray:
        """Split each date.

        Parameters
        ----------
        X : pandas.DataFrame
            Dates.

        Returns
        -------
        ndarray of shape (n, 6 * columns)
            The parts; nan where a date is missing.
        """
        parts = []
        for name in X.columns:
            days = (X[name] - pd.Timestamp(0)).dt.total_seconds() / 86_400
            date = X[name].dt
            parts += [np.floor(days), date.year, date.month, date.day, date.day_of_week, date.hour]
        return np.column_stack([np.asarray(part, dtype=np.float64) for part in parts])

    def get_feature_names_out(self, input_features: Any = None) -> np.ndarray:
        """Names of the parts, as "sold: month".

        Parameters
        ----------
        input_features : None
            Ignored.

        Returns
        -------
        ndarray of str
            The names.
        """
        return np.array([f"{name}: {part}" for name in self.feature_names_in_ for part in self.PARTS], dtype=object)


class CategoryFrame(TransformerMixin, BaseEstimator):
    """Make a data frame of a matrix whose first columns are codes, which become categories.

    Parameters
    ----------
    categorical : int
        How many columns hold codes; nan is no category.

    Attributes
    ----------
    levels_ : list of ndarray
        The codes of each of those columns, in order.

    Examples
    --------
    >>> hue_and_acidity = np.array([[0.0, 3.3], [1.0, 3.5], [np.nan, 3.4]])
    >>> CategoryFrame(1).fit_transform(hue_and_acidity).dtypes.astype(str).tolist()
    ['category', 'float64']
    """

    def __init__(self, categorical: int) -> None:
        self.categorical = categorical

    def fit(self, X: np.ndarray, y: Any = None) -> "CategoryFrame":
        """Remember the codes.

        Parameters
        ----------
        X : ndarray of shape (n, p)
            The matrix.
        y : None
            Ignored.

        Returns
        -------
        CategoryFrame
            Itself.
        """
        self.n_features_in_ = X.shape[1]
        self.levels_ = [np.unique(column[~np.isnan(column)]) for column in X[:, : self.categorical].T]
        return self

    def transform(self, X: np.ndarray) -> pd.DataFrame:
        """Convert the columns.

        Parameters
        ----------
        X : ndarray of shape (n, p)
            The matrix.

        Returns
        -------
        pandas.DataFrame of shape (n, p)
            Columns "x0", "x1", …; those of codes with the dtype "category".
        """
        check_is_fitted(self)
        frame = pd.DataFrame(X, columns=self.get_feature_names_out())
        for name, levels in zip(frame.columns, self.levels_):
            frame[name] = pd.Categorical(frame[name], categories=levels)
        return frame

    def get_feature_names_out(self, input_features: Any = None) -> np.ndarray:
        """Names of the columns.

        Parameters
        ----------
        input_features : None
            Ignored.

        Returns
        -------
        ndarray of str
            "x0", "x1", …
        """
        return np.array([f"x{j}" for j in range(self.n_features_in_)], dtype=object)
