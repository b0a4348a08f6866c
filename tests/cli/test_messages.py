"""Errors are one line, and an exit code that scripts can read."""

import pytest
import typer
from typer.testing import CliRunner

from panlearn.cli.messages import WIDTH, PlainErrors, console
from panlearn.core.errors import DataError

ERRORS = {
    "data": (DataError("no column 'x'"), 1, "panlearn: no column 'x'\n"),
    "disk": (OSError(28, "No space left on device"), 1, "No space left on device"),
    "memory": (MemoryError(), 1, "take a sample of the rows"),
    "mistake": (ZeroDivisionError("division\nby zero"), 1, "unexpected ZeroDivisionError: division by zero"),
    "Ctrl-C": (KeyboardInterrupt(), 130, "stopped by Ctrl-C"),
    "asked for": (typer.Exit(3), 3, ""),
}


def app_that_raises(error):
    app = typer.Typer(cls=PlainErrors)

    @app.command()
    def one():
        raise error

    @app.command()
    def two(): ...

    return app


@pytest.mark.parametrize("case", ERRORS)
def test_an_error_is_a_line_and_a_code(case, monkeypatch):
    monkeypatch.delenv("PANLEARN_DEBUG", raising=False)
    error, code, says = ERRORS[case]
    result = CliRunner().invoke(app_that_raises(error), ["one"])
    assert result.exit_code == code
    assert says in result.stderr
    assert result.stderr.count("\n") <= 1
    assert "Traceback" not in result.output


def test_debugging_shows_where(monkeypatch):
    monkeypatch.setenv("PANLEARN_DEBUG", "1")
    error = ZeroDivisionError()
    assert CliRunner().invoke(app_that_raises(error), ["one"]).exception is error


def test_output_to_a_file_is_wide_enough_for_tables(monkeypatch):
    monkeypatch.delenv("COLUMNS", raising=False)
    assert console().width >= WIDTH or console().is_terminal
