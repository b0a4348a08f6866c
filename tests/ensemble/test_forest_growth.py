"""Tasks on threads: results in order, errors passed on, the rest not started."""

import threading

import pytest

import panlearn
from panlearn.core.threads import thread_count
from panlearn.ensemble.forest_growth import limited, on_threads


@pytest.mark.parametrize("work", [0.0, 1e9])
def test_results_are_in_order(work):
    assert on_threads(lambda x: x * x, range(50), work=work, title="squares", verbose=0) == [x * x for x in range(50)]


def test_an_error_stops_the_others():
    done, lock = [], threading.Lock()

    def task(x):
        if x == 3:
            raise ValueError("three")
        with lock:
            done.append(x)

    with pytest.raises(ValueError, match="three"):
        on_threads(task, range(100_000), work=1e9, title="tasks", verbose=0)
    assert len(done) < 100_000


def test_n_jobs_limits_threads():
    with limited(1):
        assert thread_count() == 1
    with panlearn.threads(1), limited(2):  # never more than the user's own limit
        assert thread_count() == 1
    with limited(None):
        assert thread_count() >= 1
