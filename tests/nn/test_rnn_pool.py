"""Buffers that are used again."""

import gc
import threading

import pytest
import torch

from panlearn.nn import LSTM, rnn_pool
from panlearn.nn.rnn_pool import DEPTH, pooled


@pytest.fixture(autouse=True)
def empty_pool(monkeypatch):
    monkeypatch.setattr(rnn_pool, "_free", [])


def test_a_buffer_is_used_again_only_when_all_its_tensors_are_gone():
    first, second = pooled([(100, 3), (7,)], torch.empty(0))
    place, view = first.data_ptr(), second[2:]
    del first, second
    other = pooled([(100, 3), (7,)], torch.empty(0))
    assert other[0].data_ptr() != place
    del view
    (again,) = pooled([(90, 3)], torch.empty(0))
    assert again.data_ptr() == place


def test_tensors_do_not_overlap_and_have_the_type():
    parts = pooled([(3, 5), (0, 4), (2, 2), (1,)], torch.empty(0, dtype=torch.float64))
    for i, part in enumerate(parts):
        part.fill_(i)
    assert [part.dtype for part in parts] == [torch.float64] * 4
    assert [part.unique().tolist() for part in parts] == [[0.0], [], [2.0], [3.0]]


def test_what_is_much_too_large_is_left_for_others_and_few_are_kept():
    large = pooled([(10_000,)], torch.empty(0))
    place = large[0].data_ptr()
    del large
    small = pooled([(10,)], torch.empty(0))
    assert small[0].data_ptr() != place
    many = [pooled([(50 + i,)], torch.empty(0)) for i in range(2 * DEPTH)]
    del many
    assert len(rnn_pool._free) == DEPTH


def test_two_live_graphs_have_their_own():
    layer, x = LSTM(3, 8, variant="peephole"), torch.randn(5, 2, 3)
    alone = torch.autograd.grad(layer(x)[0].square().sum(), list(layer.parameters()))
    first, second = layer(x)[0].square().sum(), layer(2 * x)[0].square().sum()
    torch.autograd.grad(second, list(layer.parameters()))
    together = torch.autograd.grad(first, list(layer.parameters()))
    for a, b in zip(alone, together, strict=True):
        torch.testing.assert_close(a, b, rtol=0, atol=0)


def test_threads_and_the_collector_may_come_between():
    def work() -> None:
        for i in range(200):
            (part,) = pooled([(64 + i % 3,)], torch.empty(0))
            part.fill_(i)
            circle: list = [part]
            circle.append(circle)  # freed by the collector alone
            assert (part == i).all()

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    gc.collect()
    assert len(rnn_pool._free) <= DEPTH
