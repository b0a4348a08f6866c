"""`panlearn methods` is the table of what registered itself, filtered on request."""

import pytest
from typer.testing import CliRunner

from panlearn.cli import app
from panlearn.core.registry import discover


@pytest.fixture(autouse=True)
def wide(monkeypatch):
    monkeypatch.setenv("COLUMNS", "300")


def listed(*arguments):
    result = CliRunner().invoke(app, ["methods", *arguments])
    assert result.exit_code == 0, result.output
    return {line.split("panlearn.")[1].split()[0] for line in result.stdout.splitlines() if "panlearn." in line}


def test_all_and_by_task_and_by_area():
    assert {f"panlearn.{name}" for name in listed()} == {entry.path for entry in discover()}
    assert {f"panlearn.{name}" for name in listed("--task", "binary")} == {e.path for e in discover(task="binary")}
    assert all(name.startswith("linear_model") for name in listed("--area", "linear_model"))


def test_by_words():
    assert listed("ridge") == {"linear_model.Ridge"}
    assert listed("no such method") == set()


@pytest.mark.parametrize("arguments", [["--task", "rank"], ["--area", "trees"]])
def test_unknown_filters_name_the_known_ones(arguments):
    result = CliRunner().invoke(app, ["methods", *arguments])
    assert result.exit_code == 1
    assert "choose among" in result.stderr


def test_warmup_says_what_it_took():
    result = CliRunner().invoke(app, ["warmup"])
    assert result.exit_code == 0
    assert "kernels compiled in" in result.stdout
