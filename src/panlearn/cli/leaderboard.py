"""The leaderboard as a table for people, and as CSV and JSON for programs."""

import csv
import json
import math
from pathlib import Path
from typing import Any

import numpy as np
from rich import box
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from panlearn.evaluation.comparison import Comparison, Row
from panlearn.evaluation.metrics import metrics_of

WIDE = 100  # columns of a terminal that shows two more metrics and the source


def print_leaderboard(comparison: Comparison, console: Console) -> None:
    """Print what was compared, the lines of the leaderboard, and what there is to remark."""
    data = comparison.data
    used = sum(column.kind != "dropped" for column in data.columns)
    where = data.path or "wine quality (bundled)"
    classes = f" ({', '.join(data.classes[:6])}{', ...' if len(data.classes) > 6 else ''})" if data.classes else ""
    console.print(
        f"{escape(where)}: {data.rows:,} rows, {used} columns; target {escape(data.target)}: "
        f"{data.task}{escape(classes)}; {escape(comparison.splitter)}",
        soft_wrap=True,
    )
    for note in (*data.notes, *comparison.notes):
        console.print(f"  - {escape(note)}", style="dim", soft_wrap=True)
    console.print(_table(comparison, comparison.metrics[1:3] if console.width >= WIDE else ()))
    for row in comparison.rows:
        if row.error:
            console.print(f"  {escape(row.name)}: {escape(row.error)}", style="yellow", soft_wrap=True)


def _table(comparison: Comparison, others: tuple[str, ...]) -> Table:
    titles = {metric.name: metric.title for metric in metrics_of(comparison.data.task)}
    arrow = "the higher the better" if comparison.greater_is_better else "the lower the better"
    caption = f"sorted by {titles[comparison.metric]}, {arrow}; fit and predict: the method's own time a fold"
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, collapse_padding=True, caption=caption, caption_justify="left")
    table.add_column("", justify="right")
    table.add_column("method", no_wrap=True)
    table.add_column(f"{titles[comparison.metric]} ± s.d.", justify="right", no_wrap=True)
    for name in others:
        table.add_column(titles[name], justify="right", min_width=8)
    for title in ("fit", "predict", "memory"):
        table.add_column(title, justify="right", no_wrap=True)
    if others:
        table.add_column("source", no_wrap=True)
    for place, row in enumerate(comparison.rows, 1):
        table.add_row(
            *_cells(comparison, row, place, others)[: len(table.columns)],
            style="bold" if place == 1 and not row.error else "",
        )
    return table


def _cells(comparison: Comparison, row: Row, place: int, others: tuple[str, ...]) -> list[str]:
    scores = row.scores[comparison.metric]
    if not np.isfinite(scores).any():
        return ["-", escape(row.name), "failed", *[""] * (len(others) + 3), _source(row)]
    known = scores[np.isfinite(scores)]
    spread = float(known.std(ddof=1)) if known.size > 1 else 0.0
    main = f"{number(float(np.nanmean(scores)))} ± {number(spread)}"
    more = [number(_mean(row.scores[name])) for name in others]
    times = [seconds(_mean(row.fit_seconds)), seconds(_mean(row.predict_seconds))]
    return [str(place), escape(row.name), main, *more, *times, megabytes(row.peak_bytes), _source(row)]


def _source(row: Row) -> str:
    return row.source.rpartition(" ")[2]  # "panlearn", or "baseline": which one, its name says


def _mean(values: np.ndarray) -> float:
    return float(np.nanmean(values)) if np.isfinite(values).any() else math.nan


def number(value: float) -> str:
    """Four digits after the point for scores, fewer for large amounts.

    Examples
    --------
    >>> number(0.87243), number(48211.93), number(float("nan"))
    ('0.8724', '48,212', '-')
    """
    if not math.isfinite(value):
        return "-"
    digits = 4 if abs(value) < 10 else 2 if abs(value) < 1000 else 0
    text = f"{value:,.{digits}f}"
    return text.removeprefix("-") if float(text.replace(",", "")) == 0 else text


def seconds(value: float) -> str:
    """Seconds with a unit, two digits.

    Examples
    --------
    >>> seconds(0.00213), seconds(1.26), seconds(75.0)
    ('2.1 ms', '1.3 s', '75 s')
    """
    if not math.isfinite(value):
        return "-"
    amount, unit = (value * 1000, "ms") if value < 0.9995 else (value, "s")
    return f"{amount:.{0 if amount >= 9.95 else 1}f} {unit}"


def megabytes(value: int) -> str:
    """Bytes in megabytes.

    Examples
    --------
    >>> megabytes(52_400_000), megabytes(10)
    ('52 MB', '<1 MB')
    """
    return "<1 MB" if value < 1e6 else f"{value / 1e6:,.0f} MB"


def write_leaderboard(comparison: Comparison, folder: Path) -> None:
    """Write `leaderboard.csv` and `leaderboard.json`; a value that was not computed is empty, or null."""
    lines = [_line(comparison, row, place) for place, row in enumerate(comparison.rows, 1)]
    with (folder / "leaderboard.csv").open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(lines[0] if lines else ["place"])
        writer.writerows(["" if value is None else value for value in line.values()] for line in lines)
    whole = {
        "data": comparison.data.path,
        "target": comparison.data.target,
        "task": comparison.data.task,
        "metric": comparison.metric,
        "greater_is_better": comparison.greater_is_better,
        "splitter": comparison.splitter,
        "rows": lines,
        "notes": [*comparison.data.notes, *comparison.notes],
        "partial": comparison.partial,
        "seconds": round(comparison.seconds, 3),
        "versions": comparison.versions,
    }
    (folder / "leaderboard.json").write_text(json.dumps(whole, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")


def _line(comparison: Comparison, row: Row, place: int) -> dict[str, Any]:
    line: dict[str, Any] = {"place": place, "method": row.name, "title": row.title, "source": row.source}
    for name in comparison.metrics:
        values = row.scores[name][np.isfinite(row.scores[name])]
        line[name] = float(values.mean()) if values.size else None
        line[f"{name}_sd"] = float(values.std(ddof=1)) if values.size > 1 else None
    for name, values in (("fit_seconds", row.fit_seconds), ("predict_seconds", row.predict_seconds)):
        line[name] = _mean(values) if np.isfinite(values).any() else None
    return line | {"peak_bytes": row.peak_bytes, "certificate": row.certificate, "error": row.error}
