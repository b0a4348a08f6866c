"""Rows of a batch lie as torch packs them, and come back where they were."""

import pytest
import torch
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence

from panlearn.nn.steps import pack, steps_of, steps_of_packed, unpack

LENGTHS = torch.tensor([2, 5, 3, 5, 1])


@pytest.mark.parametrize("batch_first", [False, True])
def test_packs_as_torch(batch_first):
    padded = torch.randn(5, 5, 2)
    theirs = pack_padded_sequence(padded, LENGTHS, batch_first, enforce_sorted=False)
    steps = steps_of(LENGTHS, 5, 5)
    assert torch.equal(pack(padded, steps, batch_first), theirs.data)
    assert torch.equal(steps.sizes, theirs.batch_sizes)
    assert torch.equal(steps.sorted(LENGTHS), LENGTHS[theirs.sorted_indices])
    back, _ = pad_packed_sequence(theirs, batch_first)
    assert torch.equal(unpack(theirs.data, steps, 5, batch_first), back)


def test_sorted_and_back():
    steps = steps_of(LENGTHS, 5, 5)
    assert torch.equal(steps.unsorted(steps.sorted(LENGTHS)), LENGTHS)
    assert steps.n_rows == LENGTHS.sum()
    assert steps.n_sequences == 5


def test_steps_of_packed_sequences():
    theirs = pack_padded_sequence(torch.randn(5, 5, 2), LENGTHS, enforce_sorted=False)
    steps, ours = steps_of_packed(theirs), steps_of(LENGTHS, 5, 5)
    assert torch.equal(steps.starts, ours.starts)
    assert steps.order is not None
    assert steps.order.tolist() == theirs.sorted_indices.tolist()  # type: ignore[union-attr]
    assert not steps.whole


def test_equal_lengths_need_no_order():
    steps = steps_of(torch.tensor([3, 3]), 3, 2)
    assert steps.order is None
    assert steps.whole
    padded = torch.randn(3, 2, 4)
    assert pack(padded, steps).data_ptr() == padded.data_ptr()  # a view


def test_shorter_than_the_padding():
    padded = torch.randn(6, 2, 1)
    steps = steps_of(torch.tensor([4, 4]), 6, 2)
    back = unpack(pack(padded, steps), steps, 6)
    assert torch.equal(back[:4], padded[:4])
    assert not back[4:].any()


def test_gradients_pass_both_ways():
    padded = torch.randn(3, 4, 2, dtype=torch.float64, requires_grad=True)
    steps = steps_of(torch.tensor([3, 1, 2, 3]), 3, 4)
    assert torch.autograd.gradcheck(lambda x: unpack(pack(x, steps).sin(), steps, 3), (padded,))


@pytest.mark.parametrize(
    ("lengths", "message"),
    [
        ([0, 2], r"lengths\[0\] is 0; every sequence must have 1 to 3 steps"),
        ([1, 4], r"lengths\[1\] is 4"),
        ([1, 2, 3], "lengths must be 2 integers"),
        ([1.0, 2.0], "lengths must be 2 integers"),
        ([True, True], "lengths must be 2 integers"),
    ],
)
def test_refuses_wrong_lengths(lengths, message):
    with pytest.raises(ValueError, match=message):
        steps_of(torch.tensor(lengths), 3, 2)


def test_refuses_an_empty_batch():
    with pytest.raises(ValueError, match="at least one step and one sequence, got 0 and 2"):
        steps_of(None, 0, 2)
