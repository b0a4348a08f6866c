"""Every citation resolves, every estimator cites its source, no entry is dead weight of a wrong year."""

import ast
from pathlib import Path

import pytest

from panlearn.core.references import keys_in, keys_of, library
from panlearn.core.registry import discover

ROOT = Path(__file__).parents[2]
TEXTS = [
    *sorted((ROOT / "src" / "panlearn").rglob("*.py")),
    *sorted((ROOT / "docs").rglob("*.md")),
    *sorted((ROOT / "tests" / "oracles").rglob("*.py")),
]
# Keys that stand as examples in the module that explains them.
ILLUSTRATIONS = {"author2010"}


@pytest.mark.parametrize("path", TEXTS, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_every_key_resolves(path):
    unknown = {*keys_in(path.read_text(encoding="utf-8"))} - {*library()} - ILLUSTRATIONS
    assert not unknown, f"{path.relative_to(ROOT)} cites {sorted(unknown)}: add them to src/panlearn/core/refs.bib"


@pytest.mark.parametrize("entry", list(discover()), ids=lambda entry: entry.name)
def test_every_estimator_cites_its_source(entry):
    papers = [key for key in keys_of(entry.estimator) if not key.startswith("note")]
    assert papers, f"{entry.path} cites nothing"
    assert entry.method.notes, f"{entry.path} names no section of the course notes"


def test_modules_with_a_lesson_have_a_docstring():
    for path in (ROOT / "src" / "panlearn").rglob("*.py"):
        assert ast.get_docstring(ast.parse(path.read_text(encoding="utf-8"))), path.relative_to(ROOT)
