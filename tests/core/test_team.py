"""Teams of threads: all meet, writes are seen, nobody waits for ever."""

import multiprocessing
import sys
import threading

import numpy as np
import pytest

import panlearn
from panlearn.core.jit import kernel
from panlearn.core.team import join, meet, new_team
from panlearn.core.threads import run


@kernel
def relay(team, wanted, values, rounds):
    """In each round every member adds to its place what its left neighbour had; returns its rank and the size."""
    rank, size = join(team, wanted)
    if rank < 0:
        return rank, size
    if rank == 0:
        for k in range(values.shape[1]):
            values[0, k], values[1, k] = k, 0
    meet(team, size)
    for r in range(rounds):
        now, then = r % 2, 1 - r % 2
        values[then, rank] = values[now, rank] + values[now, (rank + size - 1) % size]
        meet(team, size)
    return rank, size


def expected(size, rounds):
    values = np.arange(size)
    for _ in range(rounds):
        values = values + np.roll(values, 1)
    return values


def play(wanted, rounds=50):
    team, values = new_team(), np.zeros((2, wanted), np.int64)
    answers = run([lambda: relay(team, wanted, values, rounds)] * wanted)
    inside = [rank for rank, _ in answers if rank >= 0]
    size = len(inside)
    assert sorted(inside) == list(range(size))
    assert {s for r, s in answers if r >= 0} == {size}
    np.testing.assert_array_equal(values[rounds % 2, :size], expected(size, rounds))
    return size


@pytest.mark.parametrize("wanted", [1, 2, 3, 8])
def test_all_meet_in_every_round(wanted):
    sizes = [play(wanted) for _ in range(20)]
    assert 1 <= min(sizes) <= max(sizes) <= wanted


def test_who_comes_late_is_sent_away():
    team, values = new_team(), np.zeros((2, 4), np.int64)
    assert relay(team, 4, values, 3) == (0, 1)  # nobody else comes
    assert relay(team, 4, values, 3) == (-1, 0)


def test_teams_at_the_same_time():
    sizes = []

    def work():
        with panlearn.threads(3):
            sizes.extend(play(3) for _ in range(20))

    others = [threading.Thread(target=work) for _ in range(4)]
    for other in others:
        other.start()
    for other in others:
        other.join(timeout=60)
    assert len(sizes) == 80


def _in_child(answers):
    answers.put(play(2))


@pytest.mark.skipif(sys.platform != "linux", reason="fork is Linux's")
@pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
def test_after_a_fork():
    play(2)
    context = multiprocessing.get_context("fork")
    answers = context.Queue()
    child = context.Process(target=_in_child, args=(answers,))
    child.start()
    assert answers.get(timeout=60) >= 1
    child.join(timeout=60)
    assert child.exitcode == 0
