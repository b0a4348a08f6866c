"""Gated recurrent units: torch's, weights and all, the paper's convention, and what is refused."""

import itertools
from typing import Any

import numpy as np
import pytest
import torch
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence

from panlearn.nn import GRU
from tests.oracles import gru as oracle

torch.set_num_threads(1)
LENGTHS = torch.tensor([2, 7, 5, 7])


@pytest.mark.parametrize("reset_after", [True, False])
def test_matches_oracle(reset_after):
    torch.manual_seed(0)
    unit = GRU(3, 5, reset_after=reset_after, dtype=torch.float64)
    x, first = torch.randn(6, 2, 3, dtype=torch.float64), torch.randn(1, 2, 5, dtype=torch.float64)
    output, last = unit(x, first)
    W, U, b, c = (p.detach().numpy() for p in unit.parameters())
    for s in range(2):
        states = oracle.states(x[:, s].numpy(), W, U, b, c, first[0, s].numpy(), reset_after)
        np.testing.assert_allclose(output[:, s].detach(), states, atol=1e-12)
        np.testing.assert_allclose(last[0, s].detach(), states[-1], atol=1e-12)


@pytest.mark.parametrize(("bidirectional", "bias"), list(itertools.product([False, True], [False, True])))
def test_matches_peer(bidirectional, bias):
    torch.manual_seed(0)
    ours = GRU(3, 5, 2, bias, bidirectional=bidirectional)
    torch.manual_seed(0)
    theirs = torch.nn.GRU(3, 5, 2, bias, bidirectional=bidirectional)
    assert list(ours.state_dict()) == list(theirs.state_dict())
    assert all(torch.equal(a, b) for a, b in zip(ours.parameters(), theirs.parameters()))
    x, first = torch.randn(7, 4, 3, requires_grad=True), torch.randn(len(theirs.all_weights), 4, 5)
    for lengths in (None, LENGTHS):
        if lengths is None:
            right, right_last = theirs(x, first)
        else:
            packed, right_last = theirs(pack_padded_sequence(x, lengths, enforce_sorted=False), first)
            right, _ = pad_packed_sequence(packed)
        output, last = ours(x, first, lengths)
        torch.testing.assert_close(output, right, atol=1e-6, rtol=1e-6)
        torch.testing.assert_close(last, right_last, atol=1e-6, rtol=1e-6)
        weight = torch.randn_like(right)
        wanted = torch.autograd.grad((right * weight).sum() + right_last.sum(), [x, *theirs.parameters()])
        found = torch.autograd.grad((output * weight).sum() + last.sum(), [x, *ours.parameters()])
        for a, b in zip(found, wanted):
            torch.testing.assert_close(a, b, atol=1e-5, rtol=1e-5)


def test_conventions_meet_where_the_reset_gate_is_open():
    """With r = 1 there is nothing to reset, before or after the product."""
    torch.manual_seed(0)
    after: Any = GRU(3, 4)
    before: Any = GRU(3, 4, reset_after=False)
    before.load_state_dict(after.state_dict())
    x = torch.randn(5, 2, 3)
    assert (after(x)[0] - before(x)[0]).abs().max() > 1e-3
    for unit in (after, before):
        torch.nn.init.constant_(unit.bias_ih_l0[:4], 40.0)
    torch.testing.assert_close(after(x)[0], before(x)[0])


def test_the_notes_update_gate_is_one_minus_ours():
    """h = (1 - z) h + z n with the signs of z's weights turned."""
    torch.manual_seed(0)
    unit = GRU(2, 3, reset_after=False, dtype=torch.float64)
    x = torch.randn(4, 1, 2, dtype=torch.float64)
    W, U, b, c = (p.detach().numpy().copy() for p in unit.parameters())
    for array in (W, U, b, c):
        array[3:6] *= -1
    h = np.zeros(3)
    for row in x[:, 0].numpy():
        r, z = (oracle.sigmoid(W[s] @ row + b[s] + U[s] @ h + c[s]) for s in (slice(0, 3), slice(3, 6)))
        h = (1 - z) * h + z * np.tanh(W[6:] @ row + b[6:] + U[6:] @ (r * h) + c[6:])
    np.testing.assert_allclose(unit(x)[1][0, 0].detach(), h, atol=1e-12)


def test_invariances():
    torch.manual_seed(0)
    unit = GRU(3, 5, 2, bidirectional=True, reset_after=False)
    x = torch.randn(7, 4, 3)
    output, last = unit(x, lengths=LENGTHS)
    for s, length in enumerate(LENGTHS):  # alone or in company
        alone, alone_last = unit(x[:length, s])
        torch.testing.assert_close(alone, output[:length, s], atol=1e-6, rtol=1e-5)
        torch.testing.assert_close(alone_last, last[:, s], atol=1e-6, rtol=1e-5)
    assert output.abs().max() < 1  # a mean of tanh's, from 0


def test_padding_is_ignored():
    unit = GRU(3, 5, bidirectional=True)
    x = torch.randn(7, 4, 3)
    spoiled = x.clone()
    for s, length in enumerate(LENGTHS):
        spoiled[length:, s] = torch.nan
    output, last = unit(spoiled, lengths=LENGTHS)
    torch.testing.assert_close(output, unit(x, lengths=LENGTHS)[0])
    (output.sum() + last.sum()).backward()
    assert all(p.grad is not None and torch.isfinite(p.grad).all() for p in unit.parameters())


@pytest.mark.parametrize("reset_after", [True, False])
def test_overfits_tiny_batch(reset_after):
    """First of twenty signs, told at the end."""
    torch.manual_seed(0)
    unit, head = GRU(1, 16, reset_after=reset_after), torch.nn.Linear(16, 1)
    x = torch.randint(0, 2, (20, 12, 1)) * 2.0 - 1
    optimiser = torch.optim.Adam([*unit.parameters(), *head.parameters()], lr=0.02)
    loss = torch.tensor(torch.inf)
    for _ in range(150):
        optimiser.zero_grad()
        loss = torch.nn.functional.soft_margin_loss(head(unit(x)[1][0]), x[0])
        loss.backward()
        optimiser.step()
    assert loss < 0.01


def test_edge_cases():
    for T, B, H, after in itertools.product((1, 3), (1, 2), (1, 4), (True, False)):
        output, last = GRU(2, H, reset_after=after)(torch.randn(B, T, 2).transpose(0, 1))  # not contiguous
        assert output.shape == (T, B, H)
        assert torch.equal(output[-1], last[0])
    wrong: list[tuple[dict[str, Any], str]] = [
        ({"reset_after": "yes"}, "reset_after"),
        ({"zoneout": (0.1, 0.2)}, "zoneout must be a number"),
    ]
    for settings, named in wrong:
        with pytest.raises(ValueError, match=named):
            GRU(2, 3, **settings)
    with pytest.raises(ValueError, match=r"lengths\[0\] is 5"):
        GRU(2, 3)(torch.zeros(4, 2, 2), lengths=[5, 1])
    with pytest.raises(ValueError, match="hx must have shape"):
        GRU(2, 3)(torch.zeros(4, 2, 2), torch.zeros(2, 2, 3))


def test_noise_is_drawn_in_training_alone():
    torch.manual_seed(0)
    unit, x = GRU(2, 8, recurrent_dropout=0.5, zoneout=0.5), torch.randn(9, 3, 2)
    torch.manual_seed(1)
    first = unit(x)[0]
    torch.manual_seed(1)
    assert torch.equal(unit(x)[0], first)
    assert not torch.equal(unit(x)[0], first)
    unit.eval()
    assert torch.equal(unit(x)[0], unit(x)[0])
    held = GRU(2, 8, zoneout=1.0)
    assert not held(x)[0].any()  # all is held for ever


def test_reproducible():
    """As many threads as one likes, the same numbers."""
    torch.manual_seed(0)
    unit, x, found = GRU(16, 64), torch.randn(60, 9, 16), []
    for count in (1, 2):
        torch.set_num_threads(count)
        found.append(unit(x, lengths=torch.arange(52, 61))[0])
    torch.set_num_threads(1)
    torch.testing.assert_close(found[0], found[1], atol=1e-6, rtol=1e-5)
