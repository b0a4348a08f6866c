"""What `compare` returns: plain tuples that the command line prints and the report draws."""

from typing import Any, NamedTuple

import numpy as np


class Column(NamedTuple):
    """One column of the table, as it was read and as it is used."""

    name: str
    kind: str  # "numeric", "categorical", "text", "date", "dropped"
    missing: int  # empty cells
    distinct: int  # different values
    example: str  # a value, shortened
    note: str  # why it was dropped or treated as it is; "" if there is nothing to say


class DataSummary(NamedTuple):
    """The table a comparison ran on."""

    path: str  # as given by the user; "" for a table that was not read from a file, as the bundled one
    rows: int
    columns: tuple[Column, ...]  # the features
    target: str
    task: str  # "binary", "multiclass", "regression", "counts"
    classes: tuple[str, ...]  # labels in sorted order; () for regression
    target_counts: tuple[int, ...]  # rows per class; () for regression
    notes: tuple[str, ...]  # remarks on the data, one sentence each ("207 empty cells in total_bedrooms")


class Row(NamedTuple):
    """One line of the leaderboard."""

    name: str  # unique: "Ridge", "sklearn: HistGradientBoosting"
    title: str  # textbook name
    source: str  # "panlearn" or "scikit-learn baseline"
    scores: dict[str, np.ndarray]  # metric -> (folds,)
    fit_seconds: np.ndarray  # (folds,)
    predict_seconds: np.ndarray  # (folds,)
    peak_bytes: int  # largest rise of the process's memory during a fit (`measurement.py` says how it is told)
    certificate: str  # what the fit says of its own answer, "gradient norm 3e-9"; "" for baselines
    prediction: np.ndarray  # (n,) out-of-fold prediction; nan or "" where the fold was not run
    probability: np.ndarray | None  # (n, classes) out-of-fold probabilities
    error: str  # why it did not run, or not all folds ("time budget: 2 of 5 folds"); "" if it did


class Comparison(NamedTuple):
    """A leaderboard with what is needed to draw its report."""

    data: DataSummary
    metric: str  # the one the leaderboard is sorted by: "accuracy", "r2", ...
    greater_is_better: bool
    metrics: tuple[str, ...]  # every metric computed, the main one first
    rows: tuple[Row, ...]  # best first; failed ones last
    target: np.ndarray  # (n,) true values or labels
    folds: np.ndarray  # (n,) the fold in which a row was tested, -1 if in none
    splitter: str  # "stratified 5-fold"
    best: Any  # the winning pipeline fitted on all rows; None if nothing ran
    importances: dict[str, np.ndarray]  # column -> (repeats,) fall of the main score when it is permuted
    learning_curve: dict[str, np.ndarray]  # "rows" (m,), "train" (m, folds), "test" (m, folds)
    pipeline_html: str  # scikit-learn's diagram of the preprocessing and the winner
    versions: dict[str, str]  # package -> version
    citations: tuple[str, ...]  # keys of refs.bib that the compared methods cite
    seconds: float  # wall time of the whole comparison
    partial: bool  # True when a time budget or Ctrl-C ended it early
    notes: tuple[str, ...]  # remarks ("Ctrl-C: 2 of 7 methods compared")
    command: str = ""  # the command line that made it; "" if it was called from Python
    ended_by: str = ""  # what made it partial: "time budget", "Ctrl-C"; the command's exit code depends on it
