"""The wheel holds what the code reads at run time: references, type marker, data set, report templates."""

import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
DATA = [
    path.relative_to(ROOT / "src").as_posix()
    for path in sorted((ROOT / "src" / "panlearn").rglob("*"))
    if path.is_file() and path.suffix not in (".py", ".pyc", ".nbi", ".nbc")
]


@pytest.fixture(scope="module")
def wheel(tmp_path_factory) -> zipfile.ZipFile:
    pytest.importorskip("hatchling")
    folder = tmp_path_factory.mktemp("dist")
    build = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder)]
    subprocess.run(build, cwd=ROOT, check=True, capture_output=True)
    return zipfile.ZipFile(next(folder.glob("*.whl")))


def test_every_data_file_is_in(wheel):
    assert {"panlearn/py.typed", "panlearn/core/refs.bib"} <= {*DATA}
    assert {*DATA} <= {*wheel.namelist()}


def test_nothing_else_is_in(wheel):
    assert {name.partition("/")[0] for name in wheel.namelist()} == {"panlearn", "panlearn-0.1.0.dist-info"}


def test_metadata(wheel):
    text = wheel.read("panlearn-0.1.0.dist-info/METADATA").decode()
    for line in ("Name: panlearn", "Requires-Python: >=3.11", "License-Expression: BSD-3-Clause"):
        assert line in text
    assert "torch" not in "".join(line for line in text.splitlines() if "Requires-Dist" in line and "extra" not in line)
