"""Seconds and bytes of a fit.

Seconds are wall time. Memory is the rise of the process's resident set: Linux keeps its high-water mark and sets it
back when "5" is written to `/proc/self/clear_refs`, so the peak of a single call is read exactly, with no sampling. It
counts everything the call touches, also in C and in other threads. The allocator is asked to return what earlier calls
have freed; what it keeps all the same is not counted again, so figures of a few MB mean little. Elsewhere the
high-water mark since the start of the process is used, which sees a call only where it exceeds all earlier ones.
"""

import contextlib
import ctypes
import re
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

STATUS, CLEAR = Path("/proc/self/status"), Path("/proc/self/clear_refs")


class Measured(NamedTuple):
    """A call's result with what it took."""

    result: Any
    seconds: float
    peak_bytes: int  # rise of the resident set above its size before the call


def measure(call: Callable[[], Any]) -> Measured:
    """Call a function and tell the time and memory it took.

    Parameters
    ----------
    call : callable
        The function, without arguments.

    Returns
    -------
    Measured
        Its result, wall seconds, and peak rise of memory.

    Examples
    --------
    >>> import numpy as np
    >>> measure(lambda: np.ones(20_000_000).sum()).peak_bytes > 100_000_000  # 160 MB, freed again
    True
    """
    with contextlib.suppress(OSError, AttributeError, TypeError):  # glibc alone has it
        ctypes.CDLL(None).malloc_trim(0)
    before = _reset_peak()
    start = time.perf_counter()
    result = call()
    seconds = time.perf_counter() - start
    return Measured(result, seconds, max(0, _peak() - before))


def _reset_peak() -> int:
    """Set the high-water mark back where that is possible; return the memory in use."""
    try:
        CLEAR.write_text("5")
        return _status("VmRSS")
    except OSError:
        return _peak()


def _peak() -> int:
    try:
        return _status("VmHWM")
    except OSError:
        try:
            import resource  # absent on Windows
        except ModuleNotFoundError:
            return 0
        unit = 1 if sys.platform == "darwin" else 1024
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit


def _status(field: str) -> int:
    found = re.search(rf"{field}:\s+(\d+) kB", STATUS.read_text())
    return 1024 * int(found[1]) if found else 0
