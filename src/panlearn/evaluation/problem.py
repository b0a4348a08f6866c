"""The question put to every method alike: which rows, which columns, which target, which folds, which scores."""

import difflib
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from panlearn.core.errors import DataError
from panlearn.evaluation.columns import ROW_NUMBER, describe_column
from panlearn.evaluation.comparison import Column, DataSummary
from panlearn.evaluation.metrics import Metric, choose_metric, metrics_of
from panlearn.evaluation.splits import Splits, make_splits
from panlearn.evaluation.tasks import Target, prepare_target


class Problem(NamedTuple):
    """All that a comparison holds fixed."""

    table: pd.DataFrame  # features of the rows that have a target
    columns: tuple[Column, ...]  # one for each feature
    target: Target
    splits: Splits
    metric: Metric  # the one that decides
    metrics: tuple[Metric, ...]  # all of the task, the deciding one first
    summary: DataSummary
    seed: int

    @property
    def outputs(self) -> int:
        """How many outputs a method has to fit: the number of classes beyond two, else 1."""
        return len(self.target.classes) if self.target.task == "multiclass" else 1


def pose(
    table: Any,
    target: str,
    *,
    task: str | None = None,
    metric: str | None = None,
    cv: int = 5,
    seed: int = 0,
    group: str | None = None,
    time: str | None = None,
) -> Problem:
    """Describe a table, find its task, and cut it into folds.

    Parameters
    ----------
    table : pandas.DataFrame, or a table with `to_pandas`
        The data.
    target : str
        The column to predict.
    task, metric : str, optional
        Inferred from the target; the default of the task.
    cv, seed : int
        Folds, and the seed that shuffles them.
    group, time : str, optional
        Column of groups that have to stay together; column of times to go forward in.

    Returns
    -------
    Problem
        The problem.

    Raises
    ------
    DataError
        If a column does not exist or the data do not allow an answer.

    Examples
    --------
    >>> table = pd.DataFrame({"row": range(20), "x": [1.0, 2.0] * 10, "y": [0.5, 1.5] * 5 + [2.5, 3.5] * 5})
    >>> problem = pose(table, "y", cv=4)
    >>> problem.target.task, problem.columns[0].note
    ('regression', 'numbers the rows')
    """
    table = _as_pandas(table)
    for role, name in {"target": target, "group": group, "time": time}.items():
        if name is not None:
            find_column(table, name, role)
    if len(dict.fromkeys(filter(None, (target, group, time)))) < 1 + (group is not None) + (time is not None):
        raise DataError("target, group and time have to be different columns")
    notes = [*table.attrs.get("notes", ())]
    known = table[target].notna()
    if not known.all():
        notes.append(f"{_rows(int((~known).sum()))} without a target ({target} is empty) left out.")
    kept = table[known].reset_index(drop=True)
    if len(kept) == 1:
        raise DataError(f"the table has 1 row with a target: a comparison needs at least {2 * cv} for {cv} folds")
    if len(kept) == 0:
        raise DataError(f"the target {target!r} is empty in every row: choose another column")
    prepared = prepare_target(kept[target], task)
    aside = [name for name in (target, group, time) if name]
    features = kept.drop(columns=aside)
    columns = _describe(features)
    if all(column.kind == "dropped" for column in columns):
        raise DataError(_nothing_left(columns))
    copies = _copies(kept, columns)
    splits = make_splits(
        prepared,
        cv=cv,
        seed=seed,
        group=None if group is None else kept[group],
        time=None if time is None else kept[time],
        copies=copies,
    )
    if copies is not None:
        stay = "" if group or time else ": they stay in one fold with their original"
        notes.append(f"{_rows(len(kept) - int(copies.max()) - 1)} are exact copies of others{stay}.")
    notes += [*_notes_on(columns), *prepared.notes, *splits.notes]
    notes += [f"{name} orders or groups the rows and is not a feature." for name in aside[1:]]
    summary = DataSummary(
        path=str(table.attrs.get("path", "")),
        rows=len(kept),
        columns=columns,
        target=target,
        task=prepared.task,
        classes=prepared.classes,
        target_counts=tuple(int(np.sum(prepared.values == label)) for label in prepared.classes),
        notes=tuple(notes),
    )
    main = choose_metric(prepared.task, metric)
    metrics = (main, *(m for m in metrics_of(prepared.task) if m.name != main.name))
    return Problem(features, columns, prepared, splits, main, metrics, summary, seed)


def find_column(table: pd.DataFrame, name: str, role: str = "target") -> None:
    """Check that a table has a column.

    Raises
    ------
    DataError
        If it has not; the message names the most similar ones.

    Examples
    --------
    >>> find_column(pd.DataFrame(columns=["quality", "colour"]), "qualty")
    Traceback (most recent call last):
    panlearn.core.errors.DataError: no column 'qualty' for the target: did you mean 'quality'?
    """
    names = [str(column) for column in table.columns]
    if name in names:
        return
    plain = {n.lower(): n for n in names}
    close = [plain[n] for n in difflib.get_close_matches(name.lower(), plain, n=3, cutoff=0.6)]
    if close:
        raise DataError(f"no column {name!r} for the {role}: did you mean {' or '.join(map(repr, close))}?")
    some = ", ".join(names[:12]) + (", ..." if len(names) > 12 else "")
    raise DataError(f"no column {name!r} for the {role}: the table has {some}")


def _as_pandas(table: Any) -> pd.DataFrame:
    """The table as pandas' own, with names that are texts and each used once."""
    if not isinstance(table, pd.DataFrame):
        if not hasattr(table, "to_pandas"):
            raise DataError(f"the table has to be a DataFrame, got {type(table).__name__}: read files with read_table")
        table = table.to_pandas()
    table = table.rename(columns=str)
    if not table.columns.is_unique:
        raise DataError(f"two columns are called {table.columns[table.columns.duplicated()][0]!r}: rename one")
    if len(table) == 0:
        raise DataError("the table has no rows")
    return table


def _rows(n: int) -> str:
    return f"{n:,} row{'s' * (n != 1)}"


def _describe(features: pd.DataFrame) -> tuple[Column, ...]:
    """Describe the columns; one that numbers the rows is all there is to predict from, if it is the only one."""
    columns = tuple(describe_column(pd.Series(features[name])) for name in features.columns)
    if all(column.kind == "dropped" for column in columns):
        columns = tuple(c._replace(kind="numeric", note="") if c.note == ROW_NUMBER else c for c in columns)
    return columns


def _nothing_left(columns: tuple[Column, ...]) -> str:
    if not columns:
        return "the table has no column beside the target: add columns to predict from"
    some = "; ".join(f"{column.name} ({column.note})" for column in columns[:5])
    return f"no column is left to predict from: {some}"


def _notes_on(columns: tuple[Column, ...]) -> list[str]:
    """Remarks on the features: what was dropped, where cells are empty."""
    notes = [f"{column.name} is left out: {column.note}." for column in columns if column.kind == "dropped"]
    holes = {column.name: column.missing for column in columns if column.missing and column.kind != "dropped"}
    if holes:
        worst = sorted(holes, key=lambda name: -holes[name])[:5]
        more = f" and {len(holes) - 5} more columns" if len(holes) > 5 else ""
        notes.append(f"Empty cells: {', '.join(f'{holes[name]:,} in {name}' for name in worst)}{more}.")
    return notes


def _copies(table: pd.DataFrame, columns: tuple[Column, ...]) -> np.ndarray | None:
    """Number the distinct rows, if some are copies that cannot be chance: three or more columns are measurements."""
    if sum(column.kind == "numeric" and column.distinct > 20 for column in columns) < 3:
        return None
    codes = table.groupby(list(table.columns), sort=False, dropna=False).ngroup().to_numpy()
    return codes if codes.max() + 1 < 0.99 * len(table) else None
