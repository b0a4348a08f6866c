"""`kernel`: the one place that sets Numba's flags and the folder of its disk cache.

Flags. `contract`, `reassoc` and `nsz` let LLVM vectorise sums; `nnan` and `ninf` stay off because masks use infinities.
Division by zero follows IEEE 754 (`error_model="numpy"`), and kernels release the GIL, so that Python threads run them
side by side (`panlearn.core.threads`).

Cache. Numba keys a cached kernel by its own file only: edit a kernel in file A, and a cached caller in file B keeps
returning the old result. The cache folder is therefore named by a hash of every source file of the package. An edit,
an upgrade or a downgrade opens a new folder; folders unused for a month are removed. `NUMBA_CACHE_DIR`, if set, wins.
Where no folder can be written, each process compiles for itself: Numba's own second choice, a folder beside the
sources, would bring the stale callers back.
"""

import functools
import hashlib
import os
import shutil
import sys
import tempfile
import threading
import time
import warnings
from collections.abc import Callable, Iterable
from contextlib import suppress
from pathlib import Path
from typing import Any

import numba

FAST = frozenset({"contract", "reassoc", "nsz"})
EXACT = frozenset({"contract"})  # for code whose meaning hangs on the order of its operations
MONTH = 30 * 24 * 3600.0
_lock = threading.Lock()


def kernel(function: Callable | None = None, *, fastmath: frozenset[str] = FAST, inline: bool = False) -> Any:
    """Compile a plain module-level function to a cached machine-code kernel that runs without the GIL.

    Parameters
    ----------
    function : callable
        The function; never a closure, and no argument of it may be a function (neither hits the cache).
    fastmath : frozenset of str
        LLVM's freedoms with floating-point arithmetic: `FAST`, or `EXACT` for compensated arithmetic.
    inline : bool
        Ask LLVM to merge the function into its callers, so that their loops vectorise over it.

    Returns
    -------
    Numba dispatcher, compiled at its first call.

    Examples
    --------
    >>> from panlearn.core.jit import kernel
    >>> from panlearn.core.numerics import exp
    >>> round(exp(1.0), 12)  # a kernel is called like any function
    2.718281828459
    """
    if function is None:
        return functools.partial(kernel, fastmath=fastmath, inline=inline)
    flags = {"nogil": True, "fastmath": set(fastmath), "error_model": "numpy", "forceinline": inline}
    with _lock:  # Numba reads its configuration while it decorates: set it for this kernel alone
        before = numba.config.CACHE_DIR  # type: ignore[attr-defined]
        folder = before or cache_folder()
        numba.config.CACHE_DIR = str(folder or "")  # type: ignore[attr-defined]
        try:
            return numba.njit(cache=folder is not None, **flags)(function)
        finally:
            numba.config.CACHE_DIR = before  # type: ignore[attr-defined]


@functools.cache
def cache_folder() -> Path | None:
    """Folder of the compiled kernels of exactly these sources; None where none can be written."""
    try:
        folder = _user_cache() / "panlearn" / f"kernels-{source_hash()}"
        folder.mkdir(parents=True, exist_ok=True)
        os.utime(folder)  # marks it as used
        tempfile.TemporaryFile(dir=folder).close()
    except (OSError, RuntimeError):  # read-only, or no home at all
        return None
    for other in folder.parent.glob("kernels-*"):
        with suppress(OSError):  # another process may be removing it
            if time.time() - other.stat().st_mtime > MONTH:
                shutil.rmtree(other, ignore_errors=True)
    return folder


def source_hash() -> str:
    """Hash of the names and contents of all source files of the package (2 ms for 100 files)."""
    root = Path(__file__).parents[1]
    digest = hashlib.sha256()
    for path in sorted(root.rglob("*.py")):
        digest.update(str(path.relative_to(root)).encode())
        digest.update(path.read_bytes())
    return digest.hexdigest()[:16]


def _user_cache() -> Path:
    if sys.platform == "win32":
        return Path(os.environ.get("LOCALAPPDATA") or Path.home() / "AppData" / "Local")
    if sys.platform == "darwin":
        return Path.home() / "Library" / "Caches"
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")


def warmup(areas: Iterable[str] | None = None) -> float:
    """Compile every kernel once, so that later fits, also in later processes, do not wait.

    Each estimator that owns kernels offers a `_warm_kernels` class method that runs it on a small problem above the
    size at which kernels are used.

    Parameters
    ----------
    areas : iterable of str, optional
        Areas to compile, as "linear_model"; all by default.

    Returns
    -------
    seconds : float
        Time taken.
    """
    from panlearn.core.errors import ConvergenceWarning
    from panlearn.core.registry import discover

    start, wanted = time.perf_counter(), None if areas is None else set(areas)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)  # one iteration compiles as much as a hundred
        for entry in discover():
            if (wanted is None or entry.path.split(".")[1] in wanted) and hasattr(entry.estimator, "_warm_kernels"):
                entry.estimator._warm_kernels()
    return time.perf_counter() - start
