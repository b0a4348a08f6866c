"""Worked facts of the notes on sequences."""

from panlearn.cli.tour_sequence import examples


def test_every_figure_agrees():
    rows = list(examples())
    assert {row.note for row in rows} == {"004 §10", "004 §11"}
    assert [(row.quantity, row.computed) for row in rows if not row.agrees] == []
    assert len(rows) == 14
