"""Worked facts of the notes on recurrent networks."""

import sys
from math import exp, log, tanh

import pytest

from panlearn.cli.tour_recurrent import examples


def test_every_figure_agrees():
    rows = list(examples())
    assert {row.note for row in rows} == {"003 §2.2", "003 §2.2.5", "003 §2.1.3", "001 §8.4", "000 §5.5", "001 §8.5"}
    assert [(row.quantity, row.expected, row.computed) for row in rows if not row.agrees] == []


def test_matches_oracle():
    """The cell, with a pencil."""
    rows = {row.quantity: row.computed for row in examples()}
    i, f, g, o = 3 / 4, 1 / 2, tanh(log(2)), 4 / 5
    c = f * 1.1 + i * g
    assert rows["c = 1/2 · 1.1 + 3/4 · 3/5"] == pytest.approx(c)
    assert rows["h = 4/5 · tanh(1)"] == pytest.approx(o * tanh(c))
    peeping = 1 / (1 + exp(-log(3)))
    assert rows["peephole: c = 3/4 · 1.1 + 3/4 · 3/5"] == pytest.approx(peeping * 1.1 + i * g)


def test_without_torch_it_has_nothing_to_say(monkeypatch):
    for name in [name for name in sys.modules if name.startswith("panlearn.nn")]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "torch", None)
    monkeypatch.delattr("panlearn.nn", raising=False)
    assert list(examples()) == []
