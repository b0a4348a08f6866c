"""`panlearn methods` lists exactly what the walk over the package finds."""

import re

import pytest

from panlearn.core.registry import discover

cli = pytest.importorskip("panlearn.cli")
if not hasattr(cli, "app"):
    pytest.skip("panlearn.cli has no app", allow_module_level=True)


def test_methods_lists_what_discover_finds(monkeypatch):
    from typer.testing import CliRunner

    monkeypatch.setenv("COLUMNS", "400")
    result = CliRunner().invoke(cli.app, ["methods"])
    assert result.exit_code == 0, result.output
    for entry in discover():
        assert re.search(rf"\b{entry.name}\b", result.output), f"{entry.path} is not listed"
    listed = {*re.findall(r"\bpanlearn\.\w+\.\w+", result.output)}
    assert listed <= {entry.path for entry in discover()} or not listed
