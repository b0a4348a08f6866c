"""Threads: how many, when they pay, and how a sum over rows is spread over them.

A parallel region here is a handful of Python threads that each run one piece of work which releases the GIL: a Numba
kernel or a NumPy call on a block of rows. Compared with Numba's `prange` (OpenMP) this

- survives `fork` and two Python threads that fit at once, both of which abort a process under GNU OpenMP;
- never has two spinning thread pools fight for the cores: BLAS is held at one thread inside a region;
- compiles several times faster, since no kernel is compiled with `parallel=True`.

A region costs some 80 microseconds to enter (measured: docs/decisions/0006), so work below `GATE` runs in the caller.
"""

import contextvars
import math
import os
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, wait
from contextlib import AbstractContextManager, contextmanager
from functools import cache
from itertools import pairwise
from numbers import Integral
from typing import Any, TypeVar

import joblib
import numpy as np
from threadpoolctl import ThreadpoolController

T = TypeVar("T")
GATE = 2_000_000  # elementary operations, about a millisecond on one core: ten times the cost of entering a region
_requested: contextvars.ContextVar[int | None] = contextvars.ContextVar("panlearn_threads", default=None)


@contextmanager
def threads(n: int) -> Iterator[None]:
    """Limit panlearn (and BLAS) to `n` threads inside a `with` block.

    Parameters
    ----------
    n : int
        Number of threads, at least 1. Threads started inside the block by other libraries keep their own setting.

    Raises
    ------
    ValueError
        If `n` is not a positive integer.

    Examples
    --------
    >>> import panlearn
    >>> from panlearn.core.threads import thread_count
    >>> with panlearn.threads(1):
    ...     thread_count()
    1
    """
    if not isinstance(n, Integral) or isinstance(n, bool) or n < 1:
        raise ValueError(
            f"n must be an integer in the range [1, inf). Got {n!r} instead; leave out `threads` to use all."
        )
    token = _requested.set(int(n))
    try:
        with _blas.at_most(int(n)):
            yield
    finally:
        _requested.reset(token)


def thread_count() -> int:
    """Threads that a parallel region may use here: 1 inside a region, else as requested, else all usable cores."""
    if _local.inside:
        return 1
    return _requested.get() or _default_count()


def single_threaded_blas() -> AbstractContextManager[None]:
    """Context in which BLAS uses one thread.

    For a solver that goes back and forth between regions and BLAS on vectors: the threads that a threaded BLAS leaves
    spinning would take the cores from the next region, which costs milliseconds each time.
    """
    return _blas.at_most(1)


def scratch(name: str, shape: tuple[int, ...], dtype: type = np.float64) -> np.ndarray:
    """Uninitialised array that the same thread gets again at its next call with the same name.

    A working copy of a block of rows is a megabyte. Allocated anew for each block it is new pages each time, and the
    kernel hands those out to one thread at a time: two threads then work no faster than one.

    Parameters
    ----------
    name : str
        Who asks; two arrays in use at the same time need two names.
    shape : tuple of int
        Shape.
    dtype : type
        Type of the entries.

    Returns
    -------
    ndarray
        Valid until the thread's next call with this name. A task must not return it: its thread may be at work for
        another caller before the result is read.
    """
    size = math.prod(shape) * np.dtype(dtype).itemsize
    held = _local.scratch.get(name)
    if held is None or held.size < size:
        held = _local.scratch[name] = np.empty(size, np.uint8)
    return held[:size].view(dtype).reshape(shape)


def map_chunks(task: Callable[[int, int], T], n: int, *, work: float, align: int = 1) -> list[T]:
    """Call `task(start, stop)` on consecutive chunks of `range(n)`, on as many threads as pay.

    Parameters
    ----------
    task : callable
        Works on rows start to stop and spends its time outside the GIL.
    n : int
        Number of rows.
    work : float
        Elementary operations of the whole call; below `GATE` there is one chunk and no thread.
    align : int
        Chunks start at multiples of this, so that blocks of rows are not cut in two.

    Returns
    -------
    list
        The results in the order of the rows: a sum over it does not depend on which thread was faster.

    Examples
    --------
    >>> from panlearn.core.threads import map_chunks
    >>> map_chunks(lambda start, stop: stop - start, 10, work=100)  # too little work for two threads
    [10]
    """
    count = thread_count() if work >= GATE else 1
    units = -(-n // align)
    edges = [min(n, align * (units * i // count)) for i in range(count + 1)]
    chunks = [(a, b) for a, b in pairwise(edges) if b > a] or [(0, n)]
    if len(chunks) == 1:
        return [task(*chunks[0])]
    return run([lambda a=a, b=b: task(a, b) for a, b in chunks])


def run(tasks: Sequence[Callable[[], T]]) -> list[T]:
    """Run the tasks on one thread each, the first on the calling thread; results in order.

    No task outlives the call, whatever is raised: it may write into the caller's arrays.
    """
    if _local.inside:
        return [task() for task in tasks]
    futures: list[Future[T]] = []
    with single_threaded_blas():
        try:
            for task in tasks[1:]:
                futures.append(_pool().submit(contextvars.copy_context().run, _as_inner, task))
            first = [_as_inner(task) for task in tasks[:1]]
        finally:
            _wait_for(futures)
        return [*first, *(f.result() for f in futures)]


def _wait_for(futures: Sequence[Future]) -> None:
    try:
        wait(futures)
    except KeyboardInterrupt:  # Ctrl-C ends the wait, not the tasks
        _wait_for(futures)
        raise


def _as_inner(task: Callable[[], T]) -> T:
    before, _local.inside = _local.inside, True
    try:
        return task()
    finally:
        _local.inside = before


class _Local(threading.local):
    inside = False  # True on a thread that works for a region: nested regions run in place

    def __init__(self) -> None:
        self.scratch: dict[str, np.ndarray] = {}


class _Blas:
    """The number of threads BLAS may use, while any number of holders, on any thread, limit it.

    The smallest limit rules, and none raises what was there before; the last holder to leave restores that. Each
    holder setting and restoring on its own would leave BLAS limited for good when two holders overlap.
    """

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.limits: list[int] = []  # one for each holder
        self.original: list[tuple[Any, int]] = []  # libraries with their threads before the first holder came

    @contextmanager
    def at_most(self, n: int) -> Iterator[None]:
        with self.lock:
            if not self.limits:
                self.original = [(library, library.num_threads) for library in _libraries()]
            self._set([*self.limits, n])
        try:
            yield
        finally:
            with self.lock:
                left = list(self.limits)
                if n in left:  # a child that was forked inside the block keeps at most one limit
                    left.remove(n)
                self._set(left)

    def _set(self, limits: list[int]) -> None:
        if min(limits, default=0) != min(self.limits, default=0):
            for library, before in self.original:
                # threadpoolctl 3.8 ignores every thread but the first that ever set a limit; here all may, in turn
                set_threads = getattr(library, "_real_set_num_threads", library.set_num_threads)
                set_threads(min([before, *limits]))
        self.limits = limits


_local, _blas = _Local(), _Blas()


@cache
def _libraries() -> list[Any]:
    import scipy.linalg  # noqa: F401  # only libraries that are loaded can be found, and SciPy brings its own BLAS

    return ThreadpoolController().select(user_api="blas").lib_controllers


@cache
def _pool() -> ThreadPoolExecutor:
    return ThreadPoolExecutor(max_workers=max(32, 2 * _default_count()), thread_name_prefix="panlearn")


@cache
def _default_count() -> int:
    limits = [os.environ.get(v, "") for v in ("PANLEARN_NUM_THREADS", "OMP_NUM_THREADS")]
    asked = next((int(v) for v in limits if v.isdigit() and int(v) > 0), None)
    return asked or joblib.cpu_count()


def _after_fork() -> None:
    """A forked child has none of its parent's other threads: forget the pool and the limits they held."""
    _pool.cache_clear()
    own = _requested.get()
    _blas.lock = threading.Lock()
    _blas._set([own] if own else [])
    _local.inside = False


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork)
