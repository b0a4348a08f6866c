"""Tables of the report: every cell as text, with the value to sort it by."""

from typing import NamedTuple

import numpy as np

from panlearn.evaluation.comparison import Comparison, Row
from panlearn.plot.labels import format_number, score_decimals
from panlearn.report.wording import (
    finite_scores,
    format_bytes,
    format_seconds,
    is_guess,
    larger_is_better,
    metric_title,
    plus_minus,
    scored,
)


class Cell(NamedTuple):
    """One cell of a sortable table."""

    text: str
    sort: str  # a number, or the text itself; "" sorts last
    numeric: bool
    spread: str = ""  # "± 0.012", under the text


class Header(NamedTuple):
    """The title of a sortable column."""

    title: str
    ascending: bool  # the order that puts the best on top
    numeric: bool


class Line(NamedTuple):
    """One method of the leaderboard."""

    rank: str
    name: str
    title: str
    cells: tuple[Cell, ...]
    error: str  # with what it cost: "did not run: ..."
    best: bool
    guess: bool  # the dummy that ignores the columns


class Leaderboard(NamedTuple):
    """The table of methods; `headers` and `cells` run in parallel after rank and name."""

    headers: tuple[Header, ...]
    lines: tuple[Line, ...]


def leaderboard(comparison: Comparison) -> Leaderboard:
    """Turn the rows of a comparison into text, with the same decimals all down a column."""
    metrics = comparison.metrics or (comparison.metric,)
    decimals = {metric: _column_decimals(comparison, metric) for metric in metrics}
    ran = scored(comparison)
    certified = any(row.certificate for row in comparison.rows)
    lines = []
    for position, row in enumerate(comparison.rows, start=1):
        cells = [_score_cell(finite_scores(row, metric), decimals[metric]) for metric in metrics]
        cells += [_seconds_cell(row.fit_seconds), _seconds_cell(row.predict_seconds), _bytes_cell(row)]
        source = row.source.removesuffix(" baseline")
        cells.append(Cell(source, source, False))
        if certified:
            cells.append(Cell(row.certificate, row.certificate, False))
        rank = "" if row.error else str(position)
        failure = (
            f"{'incomplete' if finite_scores(row, comparison.metric).size else 'did not run'}: {row.error}"
            if row.error
            else ""
        )
        lines.append(Line(rank, row.name, row.title, tuple(cells), failure, bool(ran) and row is ran[0], is_guess(row)))
    headers = [Header(metric_title(comparison, m), not larger_is_better(comparison, m), True) for m in metrics]
    headers += [Header(title, True, True) for title in ("Fit", "Predict", "Memory")]
    headers += [Header(title, True, False) for title in ("Source", "Certificate")[: 1 + certified]]
    return Leaderboard(tuple(headers), tuple(lines))


def class_shares(comparison: Comparison, limit: int = 12) -> list[tuple[str, str, float]]:
    """Classes by frequency: label, number of rows as text, share in percent; rare ones are summed up."""
    counts = comparison.data.target_counts
    total = sum(counts)
    if total == 0:
        return []
    order = sorted(range(len(counts)), key=lambda i: -counts[i])
    shown = order[:limit] if len(order) > limit + 1 else order
    shares = [(comparison.data.classes[i], format_number(counts[i], 0), 100 * counts[i] / total) for i in shown]
    if len(shown) < len(order):
        rest = sum(counts[i] for i in order[limit:])
        shares.append((f"{len(order) - limit} other classes", format_number(rest, 0), 100 * rest / total))
    return shares


def _column_decimals(comparison: Comparison, metric: str) -> int:
    spreads = [scores.std(ddof=1) for row in comparison.rows if (scores := finite_scores(row, metric)).size > 1]
    return score_decimals(float(np.median(spreads))) if spreads else 3


def _score_cell(scores: np.ndarray, decimals: int) -> Cell:
    if scores.size == 0:
        return Cell("–", "", True)
    mean, _, spread = plus_minus(scores, decimals).partition(" ")
    return Cell(mean, repr(float(scores.mean())), True, spread)


def _seconds_cell(seconds: np.ndarray) -> Cell:
    known = np.asarray(seconds, dtype=float)
    known = known[np.isfinite(known)]
    if known.size == 0:
        return Cell("–", "", True)
    median = float(np.median(known))
    return Cell(format_seconds(median), repr(median), True)


def _bytes_cell(row: Row) -> Cell:
    if not np.isfinite(row.fit_seconds).any():
        return Cell("–", "", True)
    return Cell(format_bytes(row.peak_bytes), str(int(row.peak_bytes)), True)
