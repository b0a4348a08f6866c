"""What an area offers is what its `__all__` lists: sorted, importable, documented, and nothing private."""

import importlib
import inspect

import pytest

import panlearn
from panlearn.core.registry import areas, discover


def load(area: str):
    try:
        return importlib.import_module(f"panlearn.{area}")
    except ModuleNotFoundError as missing:
        pytest.skip(f"panlearn.{area} needs {missing.name}")


def reading_order(name: str) -> tuple[int, str]:
    """Ruff's order: ALL CAPITALS, then classes, then functions."""
    return (0 if name.isupper() else 1 if name[0].isupper() else 2, name)


@pytest.mark.parametrize("area", areas())
def test_all_is_sorted_importable_and_documented(area):
    module = load(area)
    names = list(getattr(module, "__all__", ()))
    assert names == sorted(set(names), key=reading_order)
    assert not [name for name in names if name.startswith("_")]
    for name in names:
        found = getattr(module, name)
        if inspect.isclass(found) or inspect.isroutine(found):
            assert inspect.getdoc(found), f"panlearn.{area}.{name} has no docstring"
    assert inspect.getdoc(module)


def test_the_package_offers_its_areas_lazily():
    assert panlearn.__all__ == sorted(panlearn.__all__)
    assert {*panlearn.__all__, *areas()} <= {*dir(panlearn)}
    for name in panlearn.__all__:
        assert callable(getattr(panlearn, name))
    assert panlearn.linear_model is importlib.import_module("panlearn.linear_model")
    with pytest.raises(AttributeError, match="its areas are"):
        _ = panlearn.no_such_area


def test_estimators_are_found_under_their_public_path():
    for entry in discover():
        area, name = entry.path.removeprefix("panlearn.").split(".")
        assert getattr(importlib.import_module(f"panlearn.{area}"), name) is entry.estimator
