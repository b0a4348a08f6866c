"""Folds: every row is tested by a model that has not seen it, nor anything that gives it away.

| splitter | rule | when |
|---|---|---|
| stratified k-fold | each fold has the classes in their overall shares [kohavi1995] | classes, by default |
| k-fold | rows at random | amounts and counts, by default |
| group k-fold | all rows of a group (a patient, a site) in one fold | rows of a group resemble each other |
| ... over the distinct rows | exact copies of a row in one fold | a table holds copies |
| forward in time | k + 1 periods; each but the first is predicted from all before it | tomorrow is to be predicted |

Where a table of measurements holds exact copies of rows, the copies stay in one fold. It matters: a forest explains
51 % of the variance of the bundled wine grades if copies are dealt out like other rows, since it remembers them, and
39 % if they are not. Random folds over grouped or timed rows also give scores that new data will not repeat: the
model recognises the group, or interpolates between yesterday and tomorrow. Groups and equal times never straddle the
line between training and test, and the column that defines them is not a feature. The same seed gives the same folds.
"""

from typing import NamedTuple

import numpy as np
import pandas as pd
from sklearn.model_selection import GroupKFold, KFold, StratifiedGroupKFold, StratifiedKFold, TimeSeriesSplit

from panlearn.core.errors import DataError
from panlearn.evaluation.columns import date_format
from panlearn.evaluation.tasks import CLASSIFICATION, Target


class Fold(NamedTuple):
    """Row numbers of one round of cross-validation."""

    train: np.ndarray
    test: np.ndarray


class Splits(NamedTuple):
    """The folds, and how to call them."""

    folds: tuple[Fold, ...]
    title: str  # "stratified 5-fold"
    notes: tuple[str, ...]


def make_splits(
    target: Target,
    *,
    cv: int = 5,
    seed: int = 0,
    group: pd.Series | None = None,
    time: pd.Series | None = None,
    copies: np.ndarray | None = None,
) -> Splits:
    """Cut the rows into folds.

    Parameters
    ----------
    target : Target
        Labels or amounts.
    cv : int
        Number of folds, at least 2.
    seed : int
        Of the shuffling.
    group : pandas.Series, optional
        Group of each row.
    time : pandas.Series, optional
        Time of each row: numbers, or dates written one way.
    copies : ndarray of int, optional
        The same number for rows that are copies of each other; they stay together.

    Returns
    -------
    Splits
        `cv` folds; their test sets do not overlap.

    Raises
    ------
    DataError
        If there are too few rows, groups or times, or both `group` and `time` are given.

    Examples
    --------
    >>> target = Target(np.arange(8.0), "regression", (), ())
    >>> for fold in make_splits(target, cv=3, time=pd.Series([1, 1, 2, 2, 3, 3, 4, 4])).folds:
    ...     print(fold.train, fold.test)
    [0 1] [2 3]
    [0 1 2 3] [4 5]
    [0 1 2 3 4 5] [6 7]
    """
    n = len(target.values)
    if isinstance(cv, bool) or not isinstance(cv, int) or cv < 2:
        raise DataError(f"cv must be an integer of at least 2, got {cv!r}")
    if group is not None and time is not None:
        raise DataError("group and time cannot be combined: give one of them")
    if n < 2 * cv:
        raise DataError(f"{n} rows with a target are too few for {cv} folds: {_fewer(n // 2)}")
    if time is not None:
        return _forward(time, cv)
    if group is not None:
        return _grouped(target, group, cv, seed)
    if copies is not None:
        return _over_distinct_rows(target, cv, seed, copies)
    if target.task in CLASSIFICATION:
        return _stratified(target, cv, seed)
    return Splits(_folds(KFold(cv, shuffle=True, random_state=seed), n), f"{cv}-fold", ())


def _over_distinct_rows(target: Target, cv: int, seed: int, copies: np.ndarray) -> Splits:
    """Fold the first row of each set of copies; the others follow it."""
    first, number = np.unique(copies, return_index=True, return_inverse=True)[1:]
    splits = make_splits(target._replace(values=target.values[first]), cv=cv, seed=seed)
    spread = [
        Fold(np.flatnonzero(np.isin(number, fold.train)), np.flatnonzero(np.isin(number, fold.test)))
        for fold in splits.folds
    ]
    return splits._replace(folds=tuple(spread), title=f"{splits.title} over the distinct rows")


def _fewer(most: int) -> str:
    return f"use at most {most} folds" if most >= 2 else "collect more rows"


def _folds(splitter: object, n: int, y: np.ndarray | None = None, groups: np.ndarray | None = None) -> tuple[Fold, ...]:
    found = splitter.split(np.zeros((n, 0)), y, groups)  # type: ignore[attr-defined]
    return tuple(Fold(train, test) for train, test in found)


def _stratified(target: Target, cv: int, seed: int) -> Splits:
    """Stratified folds; rows of a class with fewer than `cv` rows are dealt out like any others."""
    labels, counts = np.unique(target.values, return_counts=True)
    rare = {str(label) for label in labels[counts < cv]}
    if len(rare) == len(labels):
        raise DataError(f"every class has fewer than {cv} rows: {_fewer(int(counts.max()))}")
    strata = np.where(np.isin(target.values, list(rare)), labels[np.argmax(counts)], target.values)
    notes = tuple(
        f"Class {label} has {count} row{'s' * (count > 1)}: not every fold can test it."
        for label, count in zip(labels.tolist(), counts.tolist(), strict=True)
        if label in rare
    )
    folds = _folds(StratifiedKFold(cv, shuffle=True, random_state=seed), len(strata), strata)
    _check_classes(target, folds)
    return Splits(folds, f"stratified {cv}-fold", notes)


def _grouped(target: Target, group: pd.Series, cv: int, seed: int) -> Splits:
    if group.isna().any():
        raise DataError(
            f"the group column {group.name!r} has {int(group.isna().sum())} empty cells: fill or remove them"
        )
    codes, names = pd.factorize(group)
    if len(names) < cv:
        raise DataError(f"the group column {group.name!r} has {len(names)} groups for {cv} folds: {_fewer(len(names))}")
    if target.task not in CLASSIFICATION:
        splitter = GroupKFold(cv, shuffle=True, random_state=seed)
        return Splits(_folds(splitter, len(codes), groups=codes), f"{cv}-fold, by {group.name}", ())
    strata = np.unique(target.values, return_inverse=True)[1]
    if np.bincount(strata).max() < cv:
        raise DataError(f"every class has fewer than {cv} rows: {_fewer(int(np.bincount(strata).max()))}")
    folds = _folds(StratifiedGroupKFold(cv, shuffle=True, random_state=seed), len(codes), strata, codes)
    _check_classes(target, folds)
    return Splits(folds, f"stratified {cv}-fold, by {group.name}", ())


def _check_classes(target: Target, folds: tuple[Fold, ...]) -> None:
    if any(len(np.unique(target.values[fold.train])) < 2 for fold in folds):
        raise DataError(
            "a fold would train on one class only: collect more rows of the rarer class, or use fewer folds"
        )


def _forward(time: pd.Series, cv: int) -> Splits:
    """Forward in time, over the distinct times, so that equal times stay together."""
    order = _as_time(time)
    ranks = np.unique(order, return_inverse=True)[1]
    periods = int(ranks.max()) + 1
    if periods <= cv:
        raise DataError(
            f"the time column {time.name!r} has {periods} different times for {cv} folds: {_fewer(periods - 1)}"
        )
    folds = []
    for train, test in TimeSeriesSplit(cv).split(np.zeros((periods, 1))):
        folds.append(Fold(np.flatnonzero(np.isin(ranks, train)), np.flatnonzero(np.isin(ranks, test))))
    return Splits(tuple(folds), f"{cv} periods forward in {time.name}", ())


def _as_time(time: pd.Series) -> np.ndarray:
    """Numbers in the order of time."""
    if time.isna().any():
        raise DataError(f"the time column {time.name!r} has {int(time.isna().sum())} empty cells: fill or remove them")
    if pd.api.types.is_numeric_dtype(time):
        return time.to_numpy(dtype=np.float64)
    form = date_format(time.astype(str))
    if not form:
        raise DataError(
            f"the time column {time.name!r} holds {str(time.iloc[0])!r}: give numbers, or dates written one way"
        )
    dates = pd.to_datetime(time, format=form, utc=True).dt.tz_localize(None)
    return dates.to_numpy().astype("datetime64[ns]").astype(np.int64)
