"""Batches: every row once a pass, in an order that two integers fix, with little padding."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from panlearn.neural_network.training import batches as module
from panlearn.neural_network.training.batches import Batches, RaggedRows, TensorRows


def numbered(n, size, **more):
    """Batches whose rows and targets are the row numbers."""
    rows = torch.arange(n, dtype=torch.float32)
    return Batches(TensorRows((rows[:, None],)), rows, None, size, **more)


def ragged(lengths, size, **more):
    arrays = [np.full(t, k) for k, t in enumerate(lengths)]
    return Batches(RaggedRows.of(arrays, padding=-1), torch.arange(len(arrays)), None, size, **more)


@settings(deadline=None, max_examples=40)
@given(st.integers(1, 60), st.integers(1, 20), st.integers(0, 5), st.booleans())
def test_each_row_once(n, size, epoch, shuffle):
    batches = numbered(n, size, shuffle=shuffle)
    parts = list(batches.epoch(epoch))
    assert len(parts) == len(batches)
    assert all(torch.equal(part.inputs[0][:, 0], part.target) for part in parts)
    assert all(torch.equal(part.indices.float(), part.target) for part in parts)
    together = torch.cat([part.target for part in parts])
    assert sorted(together.tolist()) == list(range(n))
    assert [len(part.target) for part in parts] == [batches.size_of(k) for k in range(len(batches))]
    if not shuffle:
        assert together.tolist() == list(range(n))


def test_order_follows_from_seed_and_epoch():
    order = lambda **more: torch.cat([b.target for b in numbered(50, 8, **more).epoch(3)]).tolist()  # noqa: E731
    assert order(seed=1) == order(seed=1)
    assert order(seed=1) != order(seed=2)
    assert order(seed=1) != torch.cat([b.target for b in numbered(50, 8, seed=1).epoch(4)]).tolist()


@pytest.mark.parametrize("make", [lambda: numbered(50, 8), lambda: ragged(range(1, 51), 8)])
@pytest.mark.parametrize("start", [0, 1, 5, 6])
def test_an_epoch_can_be_entered_anywhere(make, start, monkeypatch):
    monkeypatch.setattr(module, "GATHER", 100)  # a few batches at a time
    whole = [part.target for part in make().epoch(2)]
    rest = [part.target for part in make().epoch(2, start)]
    assert len(rest) == len(whole) - start
    assert all(torch.equal(a, b) for a, b in zip(whole[start:], rest))


@pytest.mark.parametrize("kind", [lambda: numbered(33, 8), lambda: ragged([3, 1, 4, 1, 5] * 7, 6)])
@pytest.mark.parametrize("n_processes", [2, 3])
def test_shares_make_up_the_batch(kind, n_processes, monkeypatch):
    monkeypatch.setattr(module, "GATHER", 100)
    whole = [part.indices for part in kind().epoch(1)]
    shares = [[part.indices for part in kind()._replace(share=(r, n_processes)).epoch(1)] for r in range(n_processes)]
    for parts, batch in zip(zip(*shares), whole):
        assert torch.equal(torch.cat(parts), batch)
        assert max(map(len, parts)) - min(map(len, parts)) <= 1


def test_a_single_last_row_joins_the_batch_before():
    sizes = lambda **more: [len(b.target) for b in numbered(17, 8, **more).epoch(0)]  # noqa: E731
    assert sizes() == [8, 8, 1]
    assert sizes(merge_single=True) == [8, 9]
    assert [len(b.target) for b in numbered(1, 8, merge_single=True).epoch(0)] == [1]
    shared = numbered(19, 8, merge_single=True, share=(0, 2))  # 3 rows would be one row for a process
    assert [shared.size_of(k) for k in range(len(shared))] == [8, 11]


@pytest.mark.parametrize(
    ("draw", "share"),
    [
        (lambda random, n: random.integers(5, 100, size=n), 0.03),
        (lambda random, n: 1 + random.geometric(0.05, size=n), 0.15),  # few rows are much longer than all others
        (lambda random, n: 1 + random.lognormal(3, 0.7, size=n).astype(int), 0.15),
    ],
)
def test_little_padding(draw, share):
    lengths = draw(np.random.default_rng(0), 4000)
    padded = sum(part.inputs[0].numel() for part in ragged(lengths, 32).epoch(0))
    assert padded < (1 + share) * lengths.sum()
    shuffled = [len(part.target) * int(part.inputs[1].max()) for part in numbered_ragged(lengths, 32)]
    assert sum(shuffled) > 1.5 * lengths.sum()  # what it would be without sorting


def numbered_ragged(lengths, size):
    """Batches of rows in random order, each padded to its longest."""
    order = np.random.default_rng(1).permutation(len(lengths))
    whole = ragged(lengths, size)
    for low in range(0, len(order), size):
        inputs = whole.rows.take(torch.from_numpy(order[low : low + size]))
        yield module.Batch(inputs, inputs[1], None, inputs[1])


def test_batches_of_like_length_come_in_random_order():
    longest = [int(part.inputs[1].max()) for part in ragged(range(1, 401), 8).epoch(0)]
    assert longest != sorted(longest)


def test_weights_stay_with_their_rows():
    batches = numbered(20, 6)._replace(weight=torch.arange(20.0))
    for part in batches.epoch(0):
        assert part.weight is not None
        assert torch.equal(part.weight, part.target)


def test_transform_is_applied_to_each_batch_when_it_is_asked_for():
    seen = []

    def double(inputs):
        seen.append(len(inputs[0]))
        return (2 * inputs[0],)

    parts = numbered(20, 8)._replace(transform=double).epoch(0)
    first = next(parts)
    assert seen == [8]
    assert torch.equal(first.inputs[0][:, 0], 2 * first.target)
