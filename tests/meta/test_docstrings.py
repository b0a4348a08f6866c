"""Docstrings are complete in numpydoc's sense, and the examples in them show a fact."""

import importlib
import inspect
from collections.abc import Iterator

import pytest
from numpydoc.validate import validate

from panlearn.core.registry import areas

CHECKS = {
    "GL01": "text starts on the first or second line",
    "GL03": "no double blank lines",
    "GL06": "known sections only",
    "GL07": "sections in numpydoc's order",
    "GL08": "there is a docstring",
    "SS01": "there is a summary",
    "SS02": "the summary starts with a capital letter",
    "SS03": "the summary ends with a period",
    "SS04": "no leading spaces in the summary",
    "SS06": "the summary fits on one line",
    "PR01": "every parameter is documented",
    "PR02": "no parameter is documented that does not exist",
    "PR03": "parameters in the order of the signature",
    "PR04": "every parameter has a type",
    "PR07": "every parameter has a description",
    "EX01": "there is an example",
}
RETURNS = {"RT01": "there is a Returns section"}
# Methods whose meaning is scikit-learn's, and which inherit its docstring or repeat the class's.
INHERITED = {
    "set_fit_request",
    "set_score_request",
    "set_params",
    "get_params",
    "get_metadata_routing",
    "set_output",
    "score",
}


def public() -> Iterator[str]:
    """Import paths of every public class and function."""
    yield from ("panlearn.save", "panlearn.load", "panlearn.threads")
    for area in areas():
        try:
            module = importlib.import_module(f"panlearn.{area}")
        except ModuleNotFoundError:
            continue
        for name in getattr(module, "__all__", ()):
            found = getattr(module, name)
            if (inspect.isclass(found) or inspect.isroutine(found)) and found.__module__.startswith("panlearn."):
                yield f"panlearn.{area}.{name}"


def methods() -> Iterator[str]:
    for path in public():
        found = resolve(path)
        if inspect.isclass(found) and not issubclass(found, tuple):
            for name, member in vars(found).items():
                if inspect.isfunction(member) and not name.startswith("_") and name not in INHERITED:
                    yield f"{path}.{name}"


def resolve(path: str):
    found = importlib.import_module("panlearn")
    for part in path.split(".")[1:]:
        found = getattr(found, part)
    return found


def problems(path: str, checks: dict[str, str]) -> list[str]:
    return [f"{code}: {text}" for code, text in validate(path)["errors"] if code in checks]


@pytest.mark.parametrize("path", list(public()))
def test_classes_and_functions(path):
    found = resolve(path)
    checks = CHECKS if inspect.isclass(found) else CHECKS | RETURNS
    if path.startswith("panlearn.cli.") or (inspect.isclass(found) and issubclass(found, (tuple, Exception))):
        checks = {code: text for code, text in checks.items() if code not in ("PR01", "EX01")}
    assert problems(path, checks) == []


@pytest.mark.parametrize("path", list(methods()))
def test_methods(path):
    checks = {code: text for code, text in (CHECKS | RETURNS).items() if code != "EX01"}
    assert problems(path, checks) == []


@pytest.mark.parametrize("path", list(public()))
def test_estimators_document_what_they_learn(path):
    found = resolve(path)
    if not (inspect.isclass(found) and hasattr(found, "_method")):
        pytest.skip("not an estimator")
    text = inspect.getdoc(found) or ""
    for section in ("Parameters", "Attributes", "References", "Examples"):
        assert f"{section}\n{'-' * len(section)}" in text, f"{path} has no section {section}"


@pytest.mark.parametrize("path", list(public()))
def test_examples_are_short(path):
    text = inspect.getdoc(resolve(path)) or ""
    blocks = text.partition("Examples\n--------")[2].split("\n\n")
    for block in blocks:
        printed = [line for line in block.splitlines() if line and not line.startswith((">>>", "..."))]
        assert len(printed) <= 6 or not block.lstrip().startswith(">>>"), f"{path}: an example prints too much"
