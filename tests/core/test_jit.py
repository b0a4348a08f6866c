"""The kernel cache: never stale, found again, tidy, and nobody else's business."""

import os
import shutil
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import numba
import numpy as np
import pytest

from panlearn.core import jit
from panlearn.core.jit import EXACT, kernel, warmup
from panlearn.core.registry import Entry, Method

SOURCE = Path(jit.__file__)
RUN = "from toy.caller import call; print(call(1.0), sum(call.stats.cache_hits.values()))"
NAIVE = "import numba\n\n\ndef kernel(function):\n    return numba.njit(cache=True)(function)\n"


class Toy:
    """A package of three files: core/jit.py as it is, a kernel in one, a kernel that calls it in the other."""

    def __init__(self, folder: Path) -> None:
        self.root, self.home = folder / "site" / "toy", folder / "home"
        (self.root / "core").mkdir(parents=True)
        (self.root / "__init__.py").write_text("")
        (self.root / "core" / "__init__.py").write_text("")
        shutil.copy(SOURCE, self.root / "core" / "jit.py")
        decorated = "from toy.core.jit import kernel\n{}\n\n@kernel\ndef {}(x):\n    return {}\n"
        self.decorated = decorated
        self.write_factor(20.0)
        (self.root / "caller.py").write_text(
            decorated.format("from toy.callee import scaled\n", "call", "scaled(x) + 0.5")
        )

    def write_factor(self, factor: float) -> None:
        (self.root / "callee.py").write_text(self.decorated.format("", "scaled", f"{factor} * x"))

    def run(self, code: str = RUN, **environment: str) -> list[float]:
        """What a fresh process prints, by default the result of the caller and its hits of the cache."""
        inherited = {k: v for k, v in os.environ.items() if not k.startswith("NUMBA_")}
        # LOCALAPPDATA and HOME do on Windows and macOS what XDG_CACHE_HOME does elsewhere
        home = dict.fromkeys(("XDG_CACHE_HOME", "LOCALAPPDATA", "HOME"), str(self.home))
        path = {"PYTHONPATH": str(self.root.parent), "PYTHONDONTWRITEBYTECODE": "1"}
        command = [sys.executable, "-W", "error", "-c", code]
        everything = {**inherited, **home, **path, **environment}
        done = subprocess.run(command, env=everything, capture_output=True, text=True, timeout=120, check=False)
        assert done.returncode == 0, done.stderr
        return [float(word) for word in done.stdout.split()]

    def folders(self) -> set[Path]:
        return {path for path in self.home.rglob("kernels-*") if path.is_dir()}

    def compiled(self) -> dict[Path, float]:
        """Compiled kernels anywhere, with the time they were written."""
        return {path: path.stat().st_mtime for path in self.root.parents[1].rglob("*.nb?")}


@pytest.fixture
def toy(tmp_path) -> Toy:
    return Toy(tmp_path)


def test_an_edited_kernel_reaches_its_cached_caller(toy):
    """Also the way back: two versions installed over each other have a folder each, and find it again."""
    assert toy.run() == [20.5, 0]
    written = toy.compiled()
    assert toy.run() == [20.5, 1]
    assert toy.compiled() == written
    toy.write_factor(30.0)
    assert toy.run() == [30.5, 0]
    assert len(toy.folders()) == 2
    toy.write_factor(20.0)
    assert toy.run() == [20.5, 1]
    assert len(toy.folders()) == 2


def test_numbas_own_cache_would_be_stale(toy):
    """Why the folder is named by the sources. If this fails, Numba has learnt to look at callees: simplify `jit`."""
    (toy.root / "core" / "jit.py").write_text(NAIVE)
    assert toy.run() == [20.5, 0]
    toy.write_factor(30.0)
    assert toy.run() == [20.5, 1]


def test_an_unwritable_home_still_compiles_and_is_never_stale(toy):
    """A file where the folder should be stops even root. Numba's second choice would be __pycache__: stale again."""
    toy.home.write_text("")
    assert toy.run() == [20.5, 0]
    toy.write_factor(30.0)
    assert toy.run() == [30.5, 0]
    assert not toy.compiled()


def test_numba_cache_dir_wins(toy, tmp_path):
    chosen = tmp_path / "chosen"
    assert toy.run(NUMBA_CACHE_DIR=str(chosen)) == [20.5, 0]
    assert toy.run(NUMBA_CACHE_DIR=str(chosen)) == [20.5, 1]
    assert {path.parents[1] for path in toy.compiled()} == {chosen}
    assert not toy.folders()


def test_the_folder_is_named_by_the_sources(toy):
    code = "from toy.core.jit import *; print(int(cache_folder().name == 'kernels-' + source_hash()))"
    assert toy.run(code) == [1]
    folder = toy.folders()
    (toy.root / "unrelated.py").write_text("")  # a new file counts as well: it may hold a callee
    toy.run("import toy.core.jit; toy.core.jit.cache_folder()")
    assert len(toy.folders() - folder) == 1


def test_hash_sees_names_and_contents(tmp_path, monkeypatch):
    seen = set()
    for name, text in (("a.py", "x"), ("b.py", "x"), ("b.py", "y")):
        root = tmp_path / str(len(seen))
        (root / "core").mkdir(parents=True)
        (root / name).write_text(text)
        monkeypatch.setattr(jit, "__file__", str(root / "core" / "jit.py"))
        assert jit.source_hash() == jit.source_hash()
        seen.add(jit.source_hash())
    assert len(seen) == 3


def test_other_libraries_keep_their_cache_folder(monkeypatch):
    """Numba's configuration is the process's: it is changed only while one kernel is decorated, also if that fails."""
    settings: Any = numba.config  # type: ignore[attr-defined]
    seen = []

    def njit(**flags):
        seen.append(settings.CACHE_DIR)
        return lambda function: function

    def refuse(**flags):
        raise OSError("disk on fire")

    for before in ("", "/somewhere/else"):
        monkeypatch.setattr(settings, "CACHE_DIR", before)
        monkeypatch.setattr(numba, "njit", njit)
        assert kernel(len) is len
        assert seen.pop() == (before or str(jit.cache_folder() or ""))
        assert before == settings.CACHE_DIR
        monkeypatch.setattr(numba, "njit", refuse)
        with pytest.raises(OSError, match="disk on fire"):
            kernel(len)
        assert before == settings.CACHE_DIR


def test_folders_unused_for_a_month_are_removed(tmp_path, monkeypatch):
    monkeypatch.setattr(jit, "_user_cache", lambda: tmp_path)
    for name, age in (("kernels-old", 1.1), ("kernels-recent", 0.9), ("models", 12.0)):
        folder = tmp_path / "panlearn" / name
        folder.mkdir(parents=True)
        (folder / "k.nbi").write_text("")
        os.utime(folder, times=(0, time.time() - age * jit.MONTH))
    mine = tmp_path / "panlearn" / f"kernels-{jit.source_hash()}"
    mine.mkdir()
    os.utime(mine, times=(0, 0))  # used for the first time in years
    assert jit.cache_folder.__wrapped__() == mine
    assert {path.name for path in (tmp_path / "panlearn").iterdir()} == {"kernels-recent", "models", mine.name}
    assert time.time() - mine.stat().st_mtime < 3600


def test_no_home_at_all(monkeypatch):
    def homeless():
        raise RuntimeError("Could not determine home directory.")

    monkeypatch.setattr(jit, "_user_cache", homeless)
    assert jit.cache_folder.__wrapped__() is None


@kernel
def _sum(x):
    total = 0.0
    for i in range(x.size):
        total += x[i]
    return total


@kernel(fastmath=EXACT)
def _compensated(x):
    """Kahan's sum, whose correction a compiler that may reorder removes."""
    total = correction = 0.0
    for i in range(x.size):
        term = x[i] - correction
        new = total + term
        correction = (new - total) - term
        total = new
    return total


@kernel
def _ratio(a, b):
    return a / b


def test_flags():
    x = np.full(10_000, 0.1)
    assert _compensated(x) == 1000.0
    assert _compensated.py_func(x) == 1000.0
    assert np.isclose(_sum(x), 1000.0)
    assert _sum(np.array([1.0, np.inf])) == np.inf  # masks use infinities: they are not assumed away
    assert np.isnan(_sum(np.array([np.inf, -np.inf])))
    assert _ratio(1.0, 0.0) == np.inf  # IEEE 754, not ZeroDivisionError
    assert np.isnan(_ratio(0.0, 0.0))
    assert _sum.targetoptions["nogil"]


def test_warmup(monkeypatch):
    """Runs `_warm_kernels` of the areas asked for, passes over estimators without kernels, and tells the seconds."""
    warmed: list[str] = []

    class Warm:
        @classmethod
        def _warm_kernels(cls):
            warmed.append(cls.__name__)

    described = Method("", (), (), (), lambda n, p, k: 0.0, {})
    kinds = {"panlearn.one.A": Warm, "panlearn.two.B": type("B", (Warm,), {}), "panlearn.two.C": object}
    found = [Entry(path[-1], path, kind, described) for path, kind in kinds.items()]
    monkeypatch.setattr("panlearn.core.registry.discover", lambda: iter(found))
    assert 0 <= warmup() < 60
    assert warmed == ["Warm", "B"]
    warmup(["two"])
    assert warmed == ["Warm", "B", "B"]
    warmup([])
    assert len(warmed) == 3


def test_warmup_compiles_what_fits_use():
    from panlearn.core import design

    assert warmup(["linear_model"]) > 0
    for compiled in (design.dot, design.add_rows, design.add_curvature):
        assert compiled.signatures
