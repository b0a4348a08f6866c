"""Numbers as people read them, and files as programs do."""

import json

import numpy as np
from rich.console import Console

from panlearn.cli.leaderboard import megabytes, number, print_leaderboard, seconds, write_leaderboard
from panlearn.datasets import load_wine_quality
from panlearn.evaluation import compare

COMPARISON = compare(load_wine_quality("red")[::8], "quality", cv=2, methods=["dummy", "sklearn: LinearRegression"])


def broken():
    """The comparison with a line that failed, its name full of markup."""
    row = COMPARISON.rows[0]
    nothing = np.full(2, np.nan)
    failed = row._replace(
        name="[red]x[/]", error="ValueError: [b]", scores=dict.fromkeys(row.scores, nothing), fit_seconds=nothing
    )
    return COMPARISON._replace(rows=(*COMPARISON.rows, failed))


def test_numbers():
    assert [number(v) for v in (-0.00001, 12.345, -3.5, 1234567.8)] == ["0.0000", "12.35", "-3.5000", "1,234,568"]
    assert [seconds(v) for v in (0.9999, 0.0123, float("nan"))] == ["1.0 s", "12 ms", "-"]
    assert megabytes(1_500_000_000) == "1,500 MB"


def test_failed_lines_are_shown_as_such_and_names_are_not_markup(capsys):
    print_leaderboard(broken(), Console(width=120))
    shown = capsys.readouterr().out
    assert "[red]x[/]" in shown
    assert "failed" in shown
    assert "ValueError: [b]" in shown


def test_files_hold_null_where_there_is_no_number(tmp_path):
    write_leaderboard(broken(), tmp_path)
    last = json.loads((tmp_path / "leaderboard.json").read_text())["rows"][-1]
    assert (last["r2"], last["fit_seconds"]) == (None, None)
    assert (tmp_path / "leaderboard.csv").read_text().count("\n") == 4
