"""The table of methods is what the areas list and describe, and nothing else."""

import sys

import pytest

import panlearn
from panlearn.core.registry import TASKS, areas, discover, method

SETTINGS = {"tasks": ("regression",), "notes": ("000 1",), "cost": lambda n, p, k: float(n * p * k)}


@pytest.fixture
def area(tmp_path, monkeypatch):
    """Add an area to the package, for one test."""

    def add(name: str, text: str) -> None:
        (tmp_path / name).mkdir()
        (tmp_path / name / "__init__.py").write_text(text)
        added.append(name)

    added: list[str] = []
    monkeypatch.setattr(panlearn, "__path__", [*panlearn.__path__, str(tmp_path)])
    yield add
    for name in added:
        sys.modules.pop(f"panlearn.{name}", None)
        panlearn.__dict__.pop(name, None)


LION = """
from panlearn.core.registry import method


@method("Lion", tasks=("regression", "binary"), notes=(), cost=lambda n, p, k: 1.0, needs=("dense",), settings={"a": 1})
class Lion:
    pass


class Cub(Lion):
    pass


@method("Hidden", tasks=("regression",), notes=(), cost=lambda n, p, k: 1.0)
class Hidden:
    pass


def roar():
    pass


__all__ = ["Cub", "Lion", "roar"]
"""


def test_a_new_area_is_discovered(area):
    """What its `__all__` lists and `method` describes; not a subclass without a line of its own, nor the unlisted."""
    before = {entry.path for entry in discover()}
    area("zoo", LION)
    assert "zoo" in areas()
    entries = {entry.path: entry for entry in discover()}
    assert set(entries) - before == {"panlearn.zoo.Lion"}
    lion = entries["panlearn.zoo.Lion"]
    assert lion.name == lion.estimator.__name__ == "Lion"
    assert lion.method.title == "Lion"
    assert lion.method.needs == ("dense",)
    assert lion.method.settings == {"a": 1}
    assert [entry.name for entry in discover(task="binary") if entry.path.startswith("panlearn.zoo")] == ["Lion"]
    assert not [entry for entry in discover(task="clustering") if entry.name == "Lion"]
    assert panlearn.zoo.Lion is lion.estimator  # type: ignore[attr-defined]


def test_an_area_without_its_optional_dependency_is_passed_over(area):
    before = [entry.path for entry in discover()]
    area("deep", "import a_package_that_is_not_installed\n")
    assert "deep" in areas()
    assert [entry.path for entry in discover()] == before


@pytest.mark.parametrize("text", ["import panlearn.core.no_such_module\n", "from panlearn import no_such_area\n"])
def test_a_fault_of_the_package_itself_is_not_passed_over(area, text):
    area("broken", text)
    with pytest.raises(ImportError, match="no_such"):
        list(discover())


def test_method_refuses_unknown_tasks():
    with pytest.raises(ValueError, match=r"tasks must be among \('regression', .*got \['cooking'\]"):
        method("Soup", **{**SETTINGS, "tasks": ("regression", "cooking")})


def test_method_describes_and_returns_the_class():
    class Plain:
        pass

    assert method("Plain", **SETTINGS)(Plain) is Plain
    described = Plain._method  # type: ignore[attr-defined]
    assert (described.title, described.needs, described.settings) == ("Plain", (), {})
    assert described.cost(2, 3, 4) == 24


def test_edge_cases(area):
    """An empty area, one without `__all__`, and private modules add nothing and break nothing."""
    before = [entry.path for entry in discover()]
    area("empty", "")
    area("_private", LION)
    area("stale", "__all__ = ['gone']\n")
    assert [entry.path for entry in discover()] == before
    assert "_private" not in areas()


def test_entries_are_sorted_and_importable():
    entries = list(discover())
    assert [entry.path for entry in entries] == sorted(entry.path for entry in entries)
    assert {"LinearRegression", "LogisticRegression"} <= {entry.name for entry in entries}
    for entry in entries:
        assert set(entry.method.tasks) <= set(
            TASKS
        )  # none: a method that `compare` has no task for, as several targets
        assert entry.method.cost(100, 10, 2) > 0
    for task in TASKS:
        assert [e for e in entries if task in e.method.tasks] == list(discover(task=task))
