"""Which task a target asks for: told from its values alone, and always open to being told otherwise.

The rules, in the order they are tried:

| the target holds | the task is |
|---|---|
| texts or truth values, two different | binary |
| texts or truth values, more | multiclass |
| two different numbers | binary |
| numbers with fractions | regression |
| whole numbers from 0 up to at most 99, four or more different, most of them small (skewness > 0.5) | counts |
| at most 20 different whole numbers, each in at least 1 % of the rows and in 5 rows | multiclass |
| other whole numbers | regression |

Whole numbers are ambiguous: 1, 2, 3 may be codes of classes or amounts. The last three rules take them for classes only
where every value is common, as codes are. A grade with rare ends (wine quality: 3 to 9, of which 9 occurs five times in
6,497 rows) is an amount: missing it by one is a smaller mistake than missing it by three. The choice is said with the
leaderboard, with the option that overrules it.
"""

from typing import NamedTuple

import numpy as np
import pandas as pd
from scipy.stats import skew

from panlearn.core.errors import DataError

TASKS = ("binary", "multiclass", "regression", "counts")
CLASSIFICATION = ("binary", "multiclass")
MAX_CODES = 20  # different whole numbers that may still be classes
MAX_CLASSES = 200  # more labels than this are texts, not classes
MAX_COUNT = 99


class Target(NamedTuple):
    """The column to predict, ready for an estimator."""

    values: np.ndarray  # (n,) str labels, or float64 amounts
    task: str  # one of TASKS
    classes: tuple[str, ...]  # labels in the order of their values; () for amounts
    notes: tuple[str, ...]  # what had to be decided, a sentence each


def infer_task(target: pd.Series) -> str:
    """Tell the task from the values of the target.

    Parameters
    ----------
    target : pandas.Series
        The column to predict; missing cells are passed over.

    Returns
    -------
    {"binary", "multiclass", "regression", "counts"}
        The task by the table above.

    Raises
    ------
    DataError
        If the target holds a single value, or none.

    Examples
    --------
    >>> infer_task(pd.Series(["yes", "no", "yes"]))
    'binary'
    >>> infer_task(pd.Series([0, 0, 0, 0, 0, 1, 0, 2, 0, 3, 1, 0]))  # insurance claims
    'counts'
    """
    present = target.dropna()
    distinct = present.nunique()
    if distinct < 2:
        what = f"holds one value only ({present.iloc[0]!r})" if distinct else "is empty in every row"
        raise DataError(f"the target {target.name!r} {what}: there is nothing to learn; choose another column")
    if distinct == 2:
        return "binary"
    if not pd.api.types.is_numeric_dtype(present) or pd.api.types.is_bool_dtype(present):
        return "multiclass"
    values = present.to_numpy(dtype=float)
    if np.any(values != np.round(values)):
        return "regression"
    if values.min() == 0 and values.max() <= MAX_COUNT and distinct >= 4 and skew(values) > 0.5:
        return "counts"
    rarest = present.value_counts().min()
    if distinct <= MAX_CODES and rarest >= max(5, 0.01 * len(present)):
        return "multiclass"
    return "regression"


def prepare_target(target: pd.Series, task: str | None = None) -> Target:
    """Turn the target into labels or amounts, and check that they suit the task.

    Parameters
    ----------
    target : pandas.Series
        The column to predict, without missing cells.
    task : {"binary", "multiclass", "regression", "counts"}, optional
        The task; inferred by default.

    Returns
    -------
    Target
        Values, task and classes.

    Raises
    ------
    DataError
        If the target cannot be learned, or not under this task.

    Examples
    --------
    >>> prepare_target(pd.Series([10.0, 9.0, 10.0])).classes  # in the order of the numbers, not of the texts
    ('9', '10')
    """
    inferred = infer_task(target)
    chosen = task or inferred
    if chosen not in TASKS:
        raise DataError(f"task must be one of {', '.join(TASKS)}, got {chosen!r}")
    if chosen in CLASSIFICATION:
        return _labels(target, chosen, () if task else _remark(target, chosen))
    return _amounts(target, chosen, () if task else _remark(target, chosen))


def _labels(target: pd.Series, task: str, notes: tuple[str, ...]) -> Target:
    distinct = pd.unique(target)
    try:
        ordered = sorted(distinct)
    except TypeError:  # texts and numbers in one column
        ordered = sorted(distinct, key=str)
    texts = list(dict.fromkeys(_text(value) for value in ordered))
    if task == "binary" and len(texts) != 2:
        raise DataError(f"task binary needs a target of two values; {target.name!r} has {len(texts)}: use multiclass")
    if task == "multiclass" and len(texts) == 2:
        task = "binary"
    if len(texts) > min(MAX_CLASSES, max(2, len(target) // 2)):
        raise DataError(
            f"the target {target.name!r} has {len(texts)} values in {len(target)} rows, too many for classes: "
            "choose another column" + (", or the task regression" if pd.api.types.is_numeric_dtype(target) else "")
        )
    return Target(np.array([_text(value) for value in target], dtype=str), task, tuple(texts), notes)


def _text(value: object) -> str:
    """A label as text; 3.0 is the label 3, since a missing cell turns a column of whole numbers into floats."""
    return str(int(value)) if isinstance(value, float) and value.is_integer() else str(value)


def _amounts(target: pd.Series, task: str, notes: tuple[str, ...]) -> Target:
    try:
        values = np.asarray(pd.to_numeric(target), dtype=np.float64)
    except (ValueError, TypeError):
        example = next(v for v in target if not _is_number(v))
        raise DataError(
            f"task {task} needs numbers; the target {target.name!r} holds {example!r}: use binary or multiclass"
        ) from None
    if not np.isfinite(values).all():
        raise DataError(f"the target {target.name!r} holds infinite values: remove those rows or repair them")
    if task == "counts" and values.min() < 0:
        raise DataError(f"task counts needs values of 0 and above; the target {target.name!r} reaches {values.min():g}")
    return Target(values, task, (), notes)


def _is_number(value: object) -> bool:
    try:
        float(str(value))
    except ValueError:
        return False
    return True


def _remark(target: pd.Series, task: str) -> tuple[str, ...]:
    """What to say when whole numbers could have been taken otherwise."""
    if not pd.api.types.is_numeric_dtype(target) or pd.api.types.is_bool_dtype(target) or target.nunique() <= 2:
        return ()
    if (target % 1).any() or target.nunique() > MAX_CLASSES:
        return ()
    other = {"multiclass": "amounts: task regression", "counts": "amounts: task regression"}
    kind = {"multiclass": "classes", "counts": "counts"}.get(task, "amounts")
    span = f"{_text(float(target.min()))} to {_text(float(target.max()))}"
    return (
        f"{target.name} holds whole numbers, {span}, taken as {kind} (to take them as "
        f"{other.get(task, 'classes: task multiclass')}).",
    )
