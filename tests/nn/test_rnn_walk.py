"""The way through a batch: every row once, in order; sequences shared out by rows."""

import itertools

import numpy as np
import pytest
import torch

import panlearn
from panlearn.nn.recurrent_noise import Noise
from panlearn.nn.rnn_walk import Walk, go, masks_of, numbers, rows_at, slices
from panlearn.nn.steps import served, steps_of

torch.set_num_threads(1)
LENGTHS = [[3, 3, 3], [5, 3, 3, 1], [9, 1, 1, 1, 1], [4], [2, 2]]


@pytest.mark.parametrize(("lengths", "falling"), list(itertools.product(LENGTHS, [False, True])))
def test_every_row_once_and_in_order(lengths, falling):
    steps = steps_of(torch.tensor(lengths), max(lengths), len(lengths))
    for first, stop in [(0, len(lengths)), *slices(steps, 2)]:
        walk = Walk(steps.sizes.numpy(), steps.starts.numpy(), falling, first, stop, 0)
        times = list(range(max(lengths)))[:: -1 if falling else 1]
        for s, t in enumerate(times):
            row, n = rows_at(walk, s)
            alive = [b for b in range(first, stop) if lengths[b] > t]
            assert n == len(alive)
            assert n == 0 or row == steps.starts[t] + first


@pytest.mark.parametrize(("lengths", "count"), list(itertools.product(LENGTHS, [1, 2, 3, 7])))
def test_slices_hold_all_sequences_and_about_as_many_rows(lengths, count):
    found = list(slices(steps_of(torch.tensor(lengths), max(lengths), len(lengths)), count))
    assert len(found) <= count
    assert [b for a, z in found for b in range(a, z)] == list(range(len(lengths)))
    rows = [sum(lengths[a:z]) for a, z in found]
    assert max(rows) <= sum(lengths) / count + max(lengths)


def test_go_calls_for_each_slice():
    steps, seen = steps_of(None, 100, 8), []
    torch.set_num_threads(2)
    with panlearn.threads(2):
        go(lambda walk: seen.append((walk.first, walk.stop, walk.falling)), steps, True, torch.zeros(1), 1e6)
    torch.set_num_threads(1)
    assert sorted(seen) == [(0, 4, True), (4, 8, True)]
    seen.clear()
    go(lambda walk: seen.append((walk.first, walk.stop)), steps, False, torch.zeros(1), 1.0)  # too little work
    assert seen == [(0, 8)]


def test_go_passes_errors_on():
    def task(walk):
        raise RuntimeError("stop")

    with pytest.raises(RuntimeError, match="stop"):
        go(task, steps_of(None, 2, 2), False, torch.zeros(1), 1.0)


def test_arrays_and_masks():
    x = torch.arange(6.0).view(2, 3)
    assert numbers(x.T, x).flags.c_contiguous
    assert numbers(None, x).shape == (0, 0)
    masks = masks_of(Noise(drop=x), x)
    assert np.array_equal(masks.drop, x.numpy())
    assert len(masks.hold) == 0


def test_served():
    assert served(torch.zeros(1))
    assert served(torch.zeros(1, dtype=torch.float64))
    assert not served(torch.zeros(1, dtype=torch.float16))
    assert not served(torch.zeros(1, device="meta"))
