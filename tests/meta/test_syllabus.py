"""A row of the syllabus is done when its names import, are documented, and are exercised by a test; done stays done."""

import importlib
import inspect
import re
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
ROWS = tomllib.loads((ROOT / "docs" / "syllabus.toml").read_text(encoding="utf-8"))["method"]


def missing(row: dict) -> list[str]:
    """What keeps a row from being done."""
    found = []
    for path in row["api"]:
        module, _, name = path.rpartition(".")
        try:
            thing = getattr(importlib.import_module(module), name)
        except (ModuleNotFoundError, AttributeError):
            found.append(f"{path} is not there")
            continue
        if not inspect.getdoc(thing):
            found.append(f"{path} has no docstring")
        area = module.removeprefix("panlearn.")
        tests = "".join(file.read_text(encoding="utf-8") for file in (ROOT / "tests" / area).rglob("test_*.py"))
        if not re.search(rf"\b{name}\b", tests):
            found.append(f"{path} is not exercised in tests/{area}")
    return found


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row["id"])
def test_row_is_what_it_says(row):
    lacking = missing(row)
    if row.get("done"):
        assert not lacking, f"'{row['title']}' was done; now {'; '.join(lacking)}"
    else:
        assert lacking, f"'{row['title']}' is done: write `done = true` in its row of docs/syllabus.toml"


def test_status(record_property, capsys):
    """The state of the whole, printed with `pytest -s`: a syllabus has 60 rows, each with a note and a name."""
    done = [row["id"] for row in ROWS if row.get("done")]
    record_property("done", ", ".join(done))
    with capsys.disabled():
        print(f"\nsyllabus: {len(done)} of {len(ROWS)} rows done ({', '.join(done) or 'none'})")  # noqa: T201
    assert len({row["id"] for row in ROWS}) == len(ROWS) >= 60
    assert all(row["notes"] and row["api"] and row["title"] for row in ROWS)
