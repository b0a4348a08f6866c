"""Worked facts of the notes on activations and convolutions."""

import sys

import pytest

from panlearn.cli.tour_neural import examples


def test_every_figure_agrees():
    rows = list(examples())
    assert {row.note for row in rows} == {"001 §6.2", "001 §7.1.1", "002 CNN", "003 §2.1.4.2"}
    assert [row.quantity for row in rows if not row.agrees] == []
    assert {row.quantity: row.computed for row in rows}["largest slope of sigmoid"] == pytest.approx(0.25, abs=1e-9)


def test_without_torch_it_has_nothing_to_say(monkeypatch):
    for name in [name for name in sys.modules if name.startswith("panlearn.nn")]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "torch", None)
    monkeypatch.delattr("panlearn.nn", raising=False)
    assert list(examples()) == []
