"""The tour: printed digits are met, misprints are known, disagreements are loud."""

import sys
from types import ModuleType

import pytest
from typer import Exit

import panlearn.cli
from panlearn.cli.tour import agrees_with_digits, check, tour, tour_rows


@pytest.mark.parametrize(
    ("printed", "computed", "agrees"),
    [
        ("90.53", 90.534999, True),
        ("90.53", 90.5351, False),
        ("-0.006", -0.00622, True),
        ("-0.006", 0.00622, False),
        ("10", 10.4, True),
        ("10", 10.6, False),
        ("0.33", 0.33779, False),
        ("0.5", float("nan"), False),
        ("0.5", float("inf"), False),
    ],
)
def test_agreement_is_to_the_printed_digits(printed, computed, agrees):
    assert agrees_with_digits(printed, computed) is agrees


def test_a_misprint_must_round_to_its_correction():
    right = check("e", "003 §1.4", "w", "0.33", 0.33779, corrected="0.34")
    wrong = check("e", "003 §1.4", "w", "0.33", 0.33, corrected="0.34")
    assert (right.agrees, right.erratum) == (True, "it is 0.34")
    assert not wrong.agrees


def test_all_examples_agree_and_the_table_says_so(capsys, monkeypatch):
    monkeypatch.setenv("COLUMNS", "120")  # no line is broken
    tour()
    printed = capsys.readouterr().out
    rows = tour_rows()
    assert f"of {len(rows)} figures agree" in printed
    assert "2 known misprints of the notes, 0 disagree." in " ".join(printed.split())
    for row in rows:
        assert row.quantity in printed


def test_a_new_module_joins_by_its_name(monkeypatch, tmp_path):
    name = "panlearn.cli.tour_zzz"
    added = ModuleType(name)
    added.examples = lambda: iter([check("made up", "999 §9", "one", "1", 2.0)])  # type: ignore[attr-defined]
    (tmp_path / "tour_zzz.py").write_text("")
    monkeypatch.setitem(sys.modules, name, added)
    monkeypatch.setattr(panlearn.cli, "__path__", [*panlearn.cli.__path__, str(tmp_path)])
    assert tour_rows()[-1].quantity == "one"
    with pytest.raises(Exit) as stopped:
        tour()
    assert stopped.value.exit_code == 1
