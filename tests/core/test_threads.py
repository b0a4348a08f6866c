"""Threads: the gate, the chunks, the order, and what must not break: nesting, forks, Ctrl-C, two fits at once."""

import os
import signal
import subprocess
import sys
import threading
import time
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from joblib import Parallel, delayed
from scipy import sparse
from threadpoolctl import threadpool_info, threadpool_limits

import panlearn
from panlearn.core import threads
from panlearn.core.threads import GATE, map_chunks, run, scratch, single_threaded_blas, thread_count
from panlearn.linear_model import LinearRegression, LogisticRegression

WAIT = 30  # seconds after which a thread that should have come is given up


def blas_threads():
    return [library["num_threads"] for library in threadpool_info() if library["user_api"] == "blas"]


@pytest.fixture
def two_blas_threads():
    with threadpool_limits(2, user_api="blas"):
        yield
        assert set(blas_threads()) == {2}


def spans(n, work, align=1):
    return map_chunks(lambda start, stop: (start, stop, threading.get_ident()), n, work=work, align=align)


def test_below_the_gate_there_is_one_chunk_and_no_thread():
    with panlearn.threads(4):
        assert spans(1000, GATE - 1) == [(0, 1000, threading.get_ident())]
        assert [span[:2] for span in spans(1000, GATE)] == [(0, 250), (250, 500), (500, 750), (750, 1000)]
    with panlearn.threads(1):
        assert spans(1000, 10 * GATE) == [(0, 1000, threading.get_ident())]


@given(st.integers(0, 500), st.integers(1, 64), st.integers(1, 8))
def test_chunks_cover_the_range(n, align, count):
    """Every row once, in order, cut only at multiples of `align`, no chunk empty, none twice as long as another."""
    with panlearn.threads(count):
        chunks = [span[:2] for span in spans(n, GATE, align)]
    assert [row for start, stop in chunks for row in range(start, stop)] == list(range(n))
    assert all(start % align == 0 for start, _ in chunks)
    assert len(chunks) <= count
    if n:
        assert all(stop > start for start, stop in chunks)
        lengths = [-(-(stop - start) // align) for start, stop in chunks]
        assert max(lengths) - min(lengths) <= 1


def test_results_come_in_the_order_of_the_rows():
    """Also when the first chunk is the last to finish."""
    later = threading.Event()

    def task(start, stop):
        if start == 0:
            assert later.wait(WAIT)
        else:
            later.set()
        return start

    with panlearn.threads(2):
        assert map_chunks(task, 10, work=GATE) == [0, 5]


def test_nested_regions_run_in_place():
    def outer(start, stop):
        inner = spans(8, GATE)
        direct = run([threading.get_ident] * 3)
        return thread_count(), {ident for *_, ident in inner} | {*direct} == {threading.get_ident()}

    with panlearn.threads(3):
        assert map_chunks(outer, 6, work=GATE) == [(1, True)] * 3
        assert thread_count() == 3
        many = run([lambda: len(run([int] * 5))] * 100)  # more regions than workers: nobody waits for anybody
    assert many == [5] * 100
    assert run([]) == []


def test_requests_nest_and_end():
    before = thread_count()
    with panlearn.threads(3):
        assert thread_count() == 3
        with panlearn.threads(np.int64(1)):  # type: ignore[arg-type]
            assert thread_count() == 1
        assert thread_count() == 3
        with pytest.raises(KeyError), panlearn.threads(2):
            raise KeyError
        assert thread_count() == 3
    assert thread_count() == before
    with panlearn.threads(2):  # another thread asks for itself
        seen: list[int] = []
        other = threading.Thread(target=lambda: seen.append(thread_count()))
        other.start()
        other.join()
    assert seen == [before]


@pytest.mark.parametrize("bad", [0, -1, 1.5, True, "2", None])
def test_bad_counts_are_named(bad):
    message = rf"n must be an integer in the range \[1, inf\). Got {bad!r} instead"
    with pytest.raises(ValueError, match=message), panlearn.threads(bad):
        pass


def test_the_environment_sets_the_default(monkeypatch):
    def default(**variables):
        for name in ("PANLEARN_NUM_THREADS", "OMP_NUM_THREADS"):
            monkeypatch.delenv(name, raising=False)
        for name, value in variables.items():
            monkeypatch.setenv(name, value)
        return threads._default_count.__wrapped__()

    usable = default()
    assert usable >= 1
    assert default(PANLEARN_NUM_THREADS="3") == 3
    assert default(OMP_NUM_THREADS="5") == 5
    assert default(PANLEARN_NUM_THREADS="3", OMP_NUM_THREADS="5") == 3
    assert default(PANLEARN_NUM_THREADS="", OMP_NUM_THREADS="5") == 5
    for nonsense in ("0", "-2", "many"):
        assert default(PANLEARN_NUM_THREADS=nonsense) == usable


def test_an_exception_ends_the_region_not_the_tasks(two_blas_threads):
    """It reaches the caller, and no task outlives the call, whichever of them raised."""
    for guilty in (0, 1, 2):
        done = []

        def task(start, stop, guilty=guilty, done=done):
            if start == guilty:
                raise ZeroDivisionError(f"in chunk {start}")
            time.sleep(0.02)
            done.append(start)

        with panlearn.threads(3), pytest.raises(ZeroDivisionError, match=f"in chunk {guilty}"):
            map_chunks(task, 3, work=GATE)
        assert sorted(done) == sorted({0, 1, 2} - {guilty})
        assert spans(3, 0)[0][:2] == (0, 3)
        assert not threads._local.inside


def test_the_first_of_two_exceptions_is_raised():
    def task(start, stop):
        raise ValueError(start)

    with panlearn.threads(3), pytest.raises(ValueError, match="0"):
        map_chunks(task, 3, work=GATE)


@pytest.mark.skipif(not hasattr(signal, "pthread_kill"), reason="the platform cannot signal one thread")
@pytest.mark.skipif(threading.current_thread() is not threading.main_thread(), reason="signals go to the main thread")
@pytest.mark.parametrize("moment", ["working", "waiting"])
def test_ctrl_c_in_a_region(two_blas_threads, moment):
    """KeyboardInterrupt reaches the caller once the other tasks are done, also when it falls into the wait for them."""
    main, ready, done = threading.main_thread().ident or 0, threading.Event(), []

    def task(start, stop):
        if start == 0:
            ready.set()
            if moment == "working":
                time.sleep(WAIT)
            return
        assert ready.wait(WAIT)
        time.sleep(0.05)
        signal.pthread_kill(main, signal.SIGINT)
        time.sleep(0.2)
        done.append(start)

    before = signal.signal(signal.SIGINT, signal.default_int_handler)  # a job in the background ignores it
    try:
        with panlearn.threads(2), pytest.raises(KeyboardInterrupt):
            map_chunks(task, 2, work=GATE)
    finally:
        signal.signal(signal.SIGINT, before)
    assert done == [1]
    assert not threads._local.inside
    assert [span[:2] for span in spans(2, 0)] == [(0, 2)]


def test_blas_is_held_at_one_thread_inside(two_blas_threads):
    with panlearn.threads(2):
        assert map_chunks(lambda start, stop: set(blas_threads()), 2, work=GATE) == [{1}, {1}]
    for limit in (panlearn.threads(1), single_threaded_blas()):
        with limit:
            assert set(blas_threads()) == {1}


def test_a_limit_never_raises_what_was_there():
    with threadpool_limits(1, user_api="blas"):
        with panlearn.threads(2):
            assert set(blas_threads()) == {1}
        assert set(blas_threads()) == {1}


def test_overlapping_holders_restore_blas(two_blas_threads):
    """A enters, B enters, A leaves, B leaves: the limit lasts as long as the last of them, and not longer."""
    inside, leave = [threading.Event(), threading.Event()], [threading.Event(), threading.Event()]

    def hold(i):
        with panlearn.threads(1):
            inside[i].set()
            assert leave[i].wait(WAIT)

    holders = [threading.Thread(target=hold, args=(i,)) for i in range(2)]
    for i, holder in enumerate(holders):
        holder.start()
        assert inside[i].wait(WAIT)
        assert set(blas_threads()) == {1}
    leave[0].set()
    holders[0].join(WAIT)
    assert set(blas_threads()) == {1}
    leave[1].set()
    holders[1].join(WAIT)
    assert set(blas_threads()) == {2}


def test_scratch_is_kept_by_thread_and_name():
    """The same memory at the next call, also for another shape and type; another name or thread has its own."""
    first = scratch("a", (10, 4))
    assert (first.shape, first.dtype) == ((10, 4), np.float64)
    for again in (scratch("a", (10, 4)), scratch("a", (4, 3)), scratch("a", (80,), np.float32)):
        assert again.ctypes.data == first.ctypes.data
        assert again.flags.c_contiguous
    assert not np.shares_memory(scratch("b", (10, 4)), first)
    larger = scratch("a", (100, 4))
    larger[:] = 1.0
    assert larger.shape == (100, 4)
    assert scratch("never seen", (0, 5)).shape == (0, 5)

    both = threading.Barrier(2)

    def task(start, stop):
        mine = scratch("a", (1000,))
        mine[:] = start
        both.wait(WAIT)
        return bool((mine == start).all())

    with panlearn.threads(2):
        assert map_chunks(task, 2, work=GATE) == [True, True]


def dense_problem():
    rng = np.random.default_rng(0)
    X = rng.normal(size=(40_000, 12))
    return X, X @ rng.normal(size=12) + rng.normal(size=40_000)


def sparse_problem():
    rng = np.random.default_rng(0)
    X = sparse.random_array((12_000, 400), density=0.12, format="csr", rng=rng)
    return X, (X @ rng.normal(size=400) > 0).astype(int)


def two_models(count):
    """Fits over the gate: BLAS on row blocks, and kernels on sparse rows."""
    with panlearn.threads(count):
        dense = LinearRegression().fit(*dense_problem())
        return dense.coef_, LogisticRegression(solver="newton-cg", C=0.01, tol=1e-9).fit(*sparse_problem()).coef_[0]


@pytest.fixture(scope="module")
def serial():
    return two_models(1)


def assert_same(got, true):
    for a, b in zip(got, true, strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-5, atol=1e-7)


def test_two_python_threads_fit_at_once(serial, two_blas_threads):
    start, found = threading.Barrier(2), [None, None]

    def work(i):
        start.wait(WAIT)
        found[i] = two_models(2)

    workers = [threading.Thread(target=work, args=(i,)) for i in range(2)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join(2 * WAIT)
    assert_same(found[0], serial)
    assert_same(found[1], serial)


@pytest.mark.parametrize("backend", ["loky", "threading"])
def test_joblib(serial, backend):
    """Fits in joblib's workers, which are processes or threads, each with threads of its own."""
    models = LinearRegression(), LogisticRegression(solver="newton-cg", C=0.01, tol=1e-9)
    problems = dense_problem(), sparse_problem()
    tasks = [delayed(model.fit)(*problem) for model, problem in zip(models, problems, strict=True)]
    fitted: Any = Parallel(n_jobs=2, backend=backend)(tasks)
    dense, binary = fitted
    assert_same((dense.coef_, binary.coef_[0]), serial)


def run_script(code, **settings):
    """Run it in a fresh process, and show what it says if it fails."""
    environment = {k: v for k, v in os.environ.items() if not k.endswith("_NUM_THREADS")}
    environment |= {"PYTHONPATH": os.pathsep.join(sys.path), **settings}
    command = [sys.executable, "-W", "error", "-c", code]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=90, check=False)
    assert done.returncode == 0, done.stderr


FORK = """
import os, sys, threading, warnings
import panlearn
from panlearn.core import threads
from tests.core.test_threads import GATE, assert_same, blas_threads, map_chunks, two_models
from threadpoolctl import threadpool_limits

warnings.simplefilter("ignore", DeprecationWarning)  # Python 3.12 warns of any fork of a process with threads


def check(child, case):
    if child:
        assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0, case
        return
    status = 1
    try:
        assert set(blas_threads()) == {2}
        with panlearn.threads(2):
            assert len(set(map_chunks(lambda a, b: threading.get_ident(), 2, work=GATE))) == 2
        assert_same(two_models(2), parent)
        status = 0
    except BaseException as error:
        print(case, repr(error), file=sys.stderr, flush=True)
    finally:
        os._exit(status)


threadpool_limits(2, user_api="blas")
parent = two_models(2)
check(os.fork(), "after a fit")

with panlearn.threads(1):
    with panlearn.threads(1):
        child = os.fork()
    if not child:
        assert threads.thread_count() == 1
check(child, "inside a block, which the child leaves too")

inside, leave = threading.Event(), threading.Event()
holder = threading.Thread(target=lambda: threads.run([lambda: (inside.set(), leave.wait(60)), int]))
holder.start()
assert inside.wait(30)
check(os.fork(), "while another thread is in a region")
leave.set()
holder.join()
with threads._blas.lock:
    child = os.fork()
check(child, "while another thread sets the limits of BLAS")
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="the platform cannot fork")
def test_a_forked_child_fits_in_parallel():
    """It has none of its parent's threads and locks: it starts its own, with all of BLAS again."""
    run_script(FORK)


def test_blas_loaded_later_is_limited_too():
    """SciPy brings a BLAS of its own, which may not have been loaded when the first limit was set."""
    code = (
        "import panlearn\n"
        "with panlearn.threads(1):\n"
        "    import scipy.linalg, sklearn.linear_model, threadpoolctl\n"
        "    blas = [library for library in threadpoolctl.threadpool_info() if library['user_api'] == 'blas']\n"
        "    assert blas and {library['num_threads'] for library in blas} == {1}, blas\n"
    )
    run_script(code, OPENBLAS_NUM_THREADS="2")


def test_reproducible():
    """With the same number of threads the bits are the same, whichever thread is faster."""
    first, second = two_models(2), two_models(2)
    for a, b in zip(first, second, strict=True):
        np.testing.assert_array_equal(a, b)
