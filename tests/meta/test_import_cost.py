"""`import panlearn` costs little beyond scikit-learn, and loads neither torch nor matplotlib."""

import json
import subprocess
import sys

import pytest

HEAVY = {"torch", "matplotlib", "numba", "pandas", "polars", "pyarrow", "typer", "jinja2", "rich", "skops"}


def loaded(code: str) -> set[str]:
    """Modules in `sys.modules` after running `code` in a fresh interpreter."""
    script = f"{code}\nimport json, sys\nprint(json.dumps(sorted(sys.modules)))"
    result = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    return set(json.loads(result.stdout))


def test_the_package_itself_is_light():
    before, after = loaded("import sklearn"), loaded("import sklearn, panlearn")
    assert not HEAVY & after - before
    assert len(after - before) <= 10, sorted(after - before)


AREAS = (
    "linear_model",
    "svm",
    "tree",
    "ensemble",
    "cluster",
    "mixture",
    "decomposition",
    "discriminant_analysis",
    "naive_bayes",
    "evaluation",
    "semi_supervised",
    "sequence",
    "optimize",
    "core.persistence",
    "datasets",
)


@pytest.mark.parametrize("area", AREAS)
def test_areas_leave_pictures_and_networks_alone(area):
    assert not {"torch", "matplotlib", "typer", "jinja2", "rich", "skops"} & loaded(f"import panlearn.{area}")


def test_the_command_line_starts_without_the_areas():
    """`panlearn --help` answers at once: it needs neither numba nor matplotlib."""
    pytest.importorskip("panlearn.cli")
    assert not {"torch", "matplotlib"} & loaded("import panlearn.cli")
