"""What a comparison found, in plain words and honest numbers.

A best score alone says little. The headline therefore sets it beside a guess that ignores the columns, and asks
whether the lead over the runner-up is larger than its own spread: both methods met the same folds, so the differences
fold by fold cancel what is hard about a fold [demsar2006]. Training sets of folds overlap, so the spread of those
differences, not their standard error, is the yardstick [nadeau2003].
"""

import math
from typing import NamedTuple

import numpy as np

from panlearn.evaluation.comparison import Comparison, Row
from panlearn.evaluation.metrics import metrics_of
from panlearn.plot.labels import format_number, score_decimals

_TASKS = {
    "binary": "one of two classes",
    "multiclass": "one of {classes} classes",
    "regression": "a number",
    "counts": "a count",
}
_GUESSES = {
    "binary": "Always guessing the most frequent class",
    "multiclass": "Always guessing the most frequent class",
    "regression": "Always guessing the mean",
    "counts": "Always guessing the mean",
}


class Headline(NamedTuple):
    """The result in three sentences; each may be empty when there is nothing to say."""

    result: str
    baseline: str
    lead: str


def metric_title(comparison: Comparison, metric: str) -> str:
    """Return the name a reader knows a metric by, "R²" for "r2"."""
    return next((known.title for known in metrics_of(comparison.data.task) if known.name == metric), metric)


def larger_is_better(comparison: Comparison, metric: str) -> bool:
    """Tell the direction of any metric of a comparison."""
    if metric == comparison.metric:
        return comparison.greater_is_better
    return all(known.greater_is_better for known in metrics_of(comparison.data.task) if known.name == metric)


def finite_scores(row: Row, metric: str) -> np.ndarray:
    """Scores of a row on the folds that were run."""
    scores = np.asarray(row.scores.get(metric, ()), dtype=float)
    return scores[np.isfinite(scores)]


def scored(comparison: Comparison) -> list[Row]:
    """Rows with a main score on at least one fold, best first, as the comparison ranked them."""
    return [row for row in comparison.rows if finite_scores(row, comparison.metric).size]


def is_guess(row: Row) -> bool:
    """Whether a row is the guess that ignores the columns."""
    return "dummy" in f"{row.name} {row.title}".lower()


def plus_minus(scores: np.ndarray, decimals: int | None = None) -> str:
    """Mean ± standard deviation of scores; a single score stands alone.

    Examples
    --------
    >>> plus_minus(np.array([0.9, 0.8, 0.85])), plus_minus(np.array([0.9])), plus_minus(np.array([]))
    ('0.850 ± 0.050', '0.900', '–')
    """
    if scores.size == 0:
        return "–"
    spread = float(scores.std(ddof=1)) if scores.size > 1 else 0.0
    decimals = score_decimals(spread) if decimals is None else decimals
    mean = format_number(float(scores.mean()), decimals)
    return f"{mean} ± {format_number(spread, decimals)}" if scores.size > 1 else mean


def headline(comparison: Comparison) -> Headline:
    """Say what was predicted, which method did best, how it compares with a guess and how sure its lead is."""
    rows = scored(comparison)
    data = comparison.data
    if not rows:
        tried = f"None of the {_plural(len(comparison.rows), 'method')} tried" if comparison.rows else "No method"
        return Headline(f"{tried} ran to the end, so there is no prediction of {data.target} to report.", "", "")
    best = rows[0]
    what = _TASKS.get(data.task, data.task).format(classes=len(data.classes))
    used = sum(column.kind != "dropped" for column in data.columns)
    scores = finite_scores(best, comparison.metric)
    folds = f" over {scores.size} folds" if scores.size > 1 else " on a single fold"
    result = (
        f"{best.name} predicts {data.target}, {what}, best{' so far' if best.error else ''} from "
        f"{_plural(used, 'column')} of "
        f"{_plural(data.rows, 'row')}: {metric_title(comparison, comparison.metric)} {plus_minus(scores)}{folds}."
    )
    return Headline(result, _against_guess(comparison, rows), _against_runner_up(comparison, rows))


def _against_guess(comparison: Comparison, rows: list[Row]) -> str:
    guess = next((row for row in rows if is_guess(row)), None)
    if guess is None:
        return ""
    phrase = _GUESSES.get(comparison.data.task, "Guessing")
    score = f"{metric_title(comparison, comparison.metric)} {plus_minus(finite_scores(guess, comparison.metric))}"
    if guess is rows[0]:
        return (
            f"{phrase} gets {score}, and nothing tried does better: the columns hold no signal these methods can use."
        )
    return f"{phrase} gets {score}."


def _against_runner_up(comparison: Comparison, rows: list[Row]) -> str:
    if len(rows) < 2:
        return "Only one method ran, so there is nothing to compare it with."
    runner_up = rows[1]
    lead = paired_lead(comparison, rows[0], runner_up)
    if lead.size < 2:
        return f"With a single fold, whether its lead over {runner_up.name} is luck cannot be said."
    if not lead.any():
        return f"The runner-up, {runner_up.name}, has the same score on every fold."
    mean, spread = float(lead.mean()), float(lead.std(ddof=1))
    decimals = score_decimals(spread)
    text = (
        f"It leads the runner-up, {runner_up.name}, by {format_number(mean, decimals)} ± "
        f"{format_number(spread, decimals)} a fold and wins {int((lead > 0).sum())} of {lead.size} folds: "
    )
    if mean > spread:
        return text + "the lead is larger than its spread over folds, so it is unlikely to be luck of the split."
    return text + "the lead is within its spread over folds, so take the two as equal and prefer the simpler or faster."


def paired_lead(comparison: Comparison, first: Row, second: Row) -> np.ndarray:
    """By how much `first` beats `second`, on the folds both were run on; positive is better.

    Returns
    -------
    ndarray of shape (folds,)
    """
    one, two = (np.asarray(row.scores[comparison.metric], dtype=float) for row in (first, second))
    folds = min(one.size, two.size)
    lead = (one[:folds] - two[:folds]) * (1 if comparison.greater_is_better else -1)
    return lead[np.isfinite(lead)]


def format_seconds(seconds: float) -> str:
    """Return a duration in the unit people would use.

    Examples
    --------
    >>> [format_seconds(s) for s in (0.00042, 0.034, 2.5, 75.0, 7350.0)]
    ['0.42 ms', '34 ms', '2.5 s', '1 min 15 s', '2 h 2 min']
    """
    if not math.isfinite(seconds):
        return "–"
    if seconds < 1:
        return f"{seconds * 1000:.2g} ms" if seconds < 0.0995 else f"{seconds * 1000:.0f} ms"
    if seconds < 59.95:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    if minutes < 60:
        return f"{minutes} min {rest} s"
    return f"{minutes // 60} h {minutes % 60} min"


def format_bytes(size: float) -> str:
    """Return an amount of memory with two digits or more.

    Examples
    --------
    >>> [format_bytes(n) for n in (0, 5300, 12_400_000, 3_210_000_000)]
    ['0 MB', '0.0 MB', '12 MB', '3.2 GB']
    """
    if size >= 1e9:
        return f"{size / 1e9:.1f} GB"
    return f"{size / 1e6:.0f} MB" if size >= 1e7 or size <= 0 else f"{size / 1e6:.1f} MB"


def _plural(count: int, noun: str) -> str:
    return f"{format_number(count, 0)} {noun}{'' if count == 1 else 's'}"
