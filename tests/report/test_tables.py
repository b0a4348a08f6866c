"""Cells of the report's tables."""

import numpy as np

from panlearn.report.tables import class_shares, leaderboard
from tests.report.conftest import KINDS


def test_every_row_is_a_line_with_a_cell_under_every_header(kind):
    comparison = KINDS[kind]()
    board = leaderboard(comparison)
    assert [line.name for line in board.lines] == [row.name for row in comparison.rows]
    assert all(len(line.cells) == len(board.headers) for line in board.lines)
    assert [line.error for line in board.lines] == [
        row.error and f"did not run: {row.error}" for row in comparison.rows
    ]


def test_an_incomplete_method_keeps_its_scores_but_has_no_rank():
    full = KINDS["partial"]()
    row = full.rows[0]._replace(error="time budget: 2 of 5 folds")
    line = leaderboard(full._replace(rows=(row,))).lines[0]
    assert (line.rank, line.error, line.best) == ("", "incomplete: time budget: 2 of 5 folds", True)
    assert line.cells[0].text.startswith("0.8")


def test_sort_keys_are_the_numbers_behind_the_text(binary):
    scores = [float(line.cells[0].sort) for line in leaderboard(binary).lines if line.rank]
    expected = [row.scores["accuracy"].mean() for row in binary.rows if not row.error]
    np.testing.assert_array_equal(scores, expected)


def test_missing_values_sort_as_empty(binary):
    failed = leaderboard(binary).lines[-1]
    assert [cell.sort for cell in failed.cells[:5]] == [""] * 5
    assert failed.rank == ""


def test_losses_are_sorted_upwards_and_scores_downwards(binary):
    first = {header.title: header.ascending for header in leaderboard(binary).headers}
    assert first == {"accuracy": False, "log loss": True, "Fit": True, "Predict": True, "Memory": True} | {
        "Source": True,
        "Certificate": True,
    }


def test_shares_of_many_classes_sum_to_everything(binary):
    counts = tuple(range(1, 101))
    data = binary.data._replace(classes=tuple(f"c{i}" for i in range(100)), target_counts=counts)
    shares = class_shares(binary._replace(data=data))
    assert shares[0] == ("c99", "100", 100 * 100 / sum(counts))
    assert shares[-1][0] == "88 other classes"
    assert np.isclose(sum(percent for _, _, percent in shares), 100)


def test_regression_has_no_shares(binary):
    data = binary.data._replace(classes=(), target_counts=())
    assert class_shares(binary._replace(data=data)) == []
