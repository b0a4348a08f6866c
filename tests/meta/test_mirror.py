"""Tests mirror the sources one for one, and every estimator has an oracle or says why it needs none."""

import ast
import inspect
from pathlib import Path

import pytest

from panlearn.core.registry import Entry, discover

ROOT = Path(__file__).parents[2]
SOURCE = ROOT / "src" / "panlearn"
MODULES = sorted(
    path.relative_to(SOURCE) for path in SOURCE.rglob("*.py") if path.name not in ("__init__.py", "__main__.py")
)
# Modules whose facts are tested under another name, with the reason.
ELSEWHERE = {
    "linear_model/linear_predictor.py": "a base class; tested through test_linear_regression.py and test_ridge.py",
    "evaluation/comparison.py": "tuples without behaviour",
    "cli/commands.py": "tested through the commands",
}
# The tests of design.md's section on tests, which each estimator's file holds by name.
REQUIRED = (
    "test_matches_oracle",
    "test_matches_peer",
    "test_optimality",
    "test_invariances",
    "test_edge_cases",
    "test_reproducible",
)


def test_file_of(module: Path) -> Path:
    return ROOT / "tests" / module.parent / f"test_{module.name}"


test_file_of.__test__ = False  # type: ignore[attr-defined]


@pytest.mark.parametrize("module", MODULES, ids=str)
def test_every_module_has_its_test_file(module):
    if module.as_posix() in ELSEWHERE:
        pytest.skip(ELSEWHERE[module.as_posix()])
    assert test_file_of(module).is_file(), f"add {test_file_of(module).relative_to(ROOT)}"


def test_the_exceptions_are_still_there():
    assert {name for name in ELSEWHERE if not (SOURCE / name).is_file()} <= {"cli/commands.py"}


def names_in(path: Path) -> set[str]:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    return {node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)}


@pytest.mark.parametrize("entry", list(discover()), ids=lambda entry: entry.name)
def test_every_estimator_holds_the_required_tests(entry: Entry):
    module = Path(inspect.getfile(entry.estimator)).resolve().relative_to(SOURCE)
    missing = set(REQUIRED) - names_in(test_file_of(module))
    assert not missing, f"{test_file_of(module).relative_to(ROOT)} lacks {sorted(missing)}"


@pytest.mark.parametrize("entry", list(discover()), ids=lambda entry: entry.name)
def test_every_estimator_has_an_oracle(entry: Entry):
    """A slow, obvious version in tests/oracles, or a reason in the test file: `NO_ORACLE = "..."`."""
    module = Path(inspect.getfile(entry.estimator)).resolve().relative_to(SOURCE)
    text = test_file_of(module).read_text(encoding="utf-8")
    assert "tests.oracles" in text or "NO_ORACLE" in text, f"no oracle is imported in {test_file_of(module).name}"
