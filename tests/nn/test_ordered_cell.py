"""One step of an ordered LSTM, by what its gates must do."""

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch.nn.functional import one_hot

from panlearn.nn.ordered_cell import cumax, ordered_cell


@settings(deadline=None, max_examples=50)
@given(st.lists(st.floats(-1e4, 1e4), min_size=1, max_size=12))
def test_cumax_rises_from_0_to_1(scores):
    rise = cumax(torch.tensor(scores, dtype=torch.float64))
    assert (rise.diff() >= 0).all()
    assert rise[0] >= 0
    assert rise[-1].item() == pytest.approx(1)


def gates(forget_at, write_at, M=4, chunk=2):
    """Open gates f = i = o = 1, g = tanh(1), and master gates whose steps stand at two places."""
    H = M * chunk
    plain = torch.cat([torch.full((2 * H,), 50.0), torch.ones(H), torch.full((H,), 50.0)])
    steps = [1000.0 * one_hot(torch.tensor(at), M) for at in (forget_at, write_at)]
    return torch.cat([plain, *steps])[None]


def test_master_gates_erase_and_write_in_order():
    """The forget gate erases below its step, the input gate writes below its own."""
    c = torch.full((1, 8), 0.5)
    h, new = ordered_cell(gates(forget_at=1, write_at=3), c)
    written = torch.tanh(torch.ones(()))
    expected = torch.tensor([[1, 1, 0.5 / written, 0.5 / written, 0, 0, 0, 0]]) * written
    # chunks: 0 erased and written; 1 and 2 kept and written to, for f = i = 1; 3 kept and not written to
    expected = torch.tensor([[0, 0, 0.5, 0.5, 0.5, 0.5, 0.5, 0.5]]) + written * torch.tensor([[1.0] * 6 + [0.0] * 2])
    torch.testing.assert_close(new, expected)
    torch.testing.assert_close(h, expected.tanh())


def test_outside_the_overlap_the_gates_do_not_matter():
    c = torch.full((1, 8), 0.5)
    closed = gates(forget_at=3, write_at=1)  # chunks 0 written, 1 and 2 untouched and erased, 3 kept
    closed[:, :16] = -50.0
    _, new = ordered_cell(closed, c)
    written = torch.tanh(torch.ones(()))
    torch.testing.assert_close(
        new, torch.tensor([[1.0, 1.0, 0, 0, 0, 0, 0, 0]]) * written + c * torch.tensor([[0.0] * 6 + [1.0] * 2])
    )
