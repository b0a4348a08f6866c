"""Plain recurrent network: torch's, weights and all, the identity start, and what is refused."""

import copy
import itertools
from typing import Any

import numpy as np
import pytest
import torch
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence

from panlearn.nn import RNN
from tests.oracles import rnn as oracle

torch.set_num_threads(1)
LENGTHS = torch.tensor([2, 7, 5, 7])


def pair(seed=0, **settings) -> tuple[Any, Any]:
    """Ours and torch's from the same seed."""
    torch.manual_seed(seed)
    ours = RNN(3, 5, **settings)
    torch.manual_seed(seed)
    return ours, torch.nn.RNN(3, 5, **settings)


@pytest.mark.parametrize("nonlinearity", ["tanh", "relu", "sigmoid"])
def test_matches_oracle(nonlinearity):
    torch.manual_seed(0)
    network: Any = RNN(3, 5, nonlinearity=nonlinearity, dtype=torch.float64)
    x, first, outer = (torch.randn(shape, dtype=torch.float64) for shape in ((6, 2, 3), (1, 2, 5), (6, 2, 5)))
    output, last = network(x, first)
    (output * outer).sum().backward()
    W, U, *biases = (p.detach().numpy() for p in network.parameters())
    total = 0
    for s in range(2):
        h0, up = first[0, s].numpy(), outer[:, s].numpy()
        states = oracle.states(x[:, s].numpy(), W, U, sum(biases), h0, nonlinearity)
        np.testing.assert_allclose(output[:, s].detach(), states, atol=1e-12)
        np.testing.assert_allclose(last[0, s].detach(), states[-1], atol=1e-12)
        total = total + oracle.gradient_in_recurrent_weight(states, h0, U, up, nonlinearity)
    np.testing.assert_allclose(network.weight_hh_l0.grad, total, atol=1e-12)


@pytest.mark.parametrize(("bidirectional", "nonlinearity"), list(itertools.product([False, True], ["tanh", "relu"])))
def test_matches_peer(bidirectional, nonlinearity):
    ours, theirs = pair(num_layers=2, bidirectional=bidirectional, nonlinearity=nonlinearity)
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


def test_packed_sequences_in_and_out():
    ours, theirs = pair(bidirectional=True)
    packed = pack_padded_sequence(torch.randn(7, 4, 3), LENGTHS, enforce_sorted=False)
    (found, last), (right, right_last) = ours(packed), theirs(packed)
    torch.testing.assert_close(found.data, right.data, atol=1e-6, rtol=1e-6)
    torch.testing.assert_close(last, right_last, atol=1e-6, rtol=1e-6)
    assert torch.equal(found.batch_sizes, right.batch_sizes)


def test_identity_start():
    network: Any = RNN(2, 4, nonlinearity="relu", init="identity", bidirectional=True)
    torch.testing.assert_close(network.weight_hh_l0, torch.eye(4))
    torch.testing.assert_close(network.weight_hh_l0_reverse, torch.eye(4))
    assert not network.bias_ih_l0.any()
    assert not network.bias_hh_l0.any()
    assert 0 < network.weight_ih_l0.abs().max() < 0.01
    first = torch.rand(2, 1, 4)  # input of nothing: the state stays through 200 steps
    torch.testing.assert_close(network(torch.zeros(200, 1, 2), first)[1], first)


def test_invariances():
    network, _ = pair(num_layers=2, bidirectional=True)
    x = torch.randn(7, 4, 3)
    output, last = network(x, lengths=LENGTHS)
    order = torch.tensor([3, 1, 0, 2])
    other, other_last = network(x[:, order], lengths=LENGTHS[order])
    torch.testing.assert_close(other, output[:, order])
    torch.testing.assert_close(other_last, last[:, order])
    for s, length in enumerate(LENGTHS):  # alone or in company
        alone, alone_last = network(x[:length, s])
        torch.testing.assert_close(alone, output[:length, s], atol=1e-6, rtol=1e-5)
        torch.testing.assert_close(alone_last, last[:, s], atol=1e-6, rtol=1e-5)
    first = copy.deepcopy(network)
    first.batch_first = True
    torch.testing.assert_close(first(x.transpose(0, 1), lengths=LENGTHS)[0].transpose(0, 1), output)


def test_padding_is_ignored():
    network, _ = pair(bidirectional=True)
    x = torch.randn(7, 4, 3)
    spoiled: Any = x.clone()
    for s, length in enumerate(LENGTHS):
        spoiled[length:, s] = torch.nan
    spoiled.requires_grad_()
    output, last = network(spoiled, lengths=LENGTHS)
    torch.testing.assert_close(output, network(x, lengths=LENGTHS)[0])
    (output.sum() + last.sum()).backward()
    assert all(torch.isfinite(p.grad).all() for p in network.parameters())
    assert not spoiled.grad[2:, 0].any()
    assert torch.isfinite(spoiled.grad).all()
    assert not output[2:, 0].any()


def test_overfits_tiny_batch():
    """First of eight signs, told at the end."""
    torch.manual_seed(0)
    network, head = RNN(1, 16), torch.nn.Linear(16, 1)
    x = torch.randint(0, 2, (8, 12, 1)) * 2.0 - 1
    parameters = [*network.parameters(), *head.parameters()]
    optimiser = torch.optim.Adam(parameters, lr=0.02)
    loss = torch.tensor(torch.inf)
    for _ in range(150):
        optimiser.zero_grad()
        loss = torch.nn.functional.soft_margin_loss(head(network(x)[1][0]), x[0])
        loss.backward()
        optimiser.step()
    assert loss < 0.01


def test_edge_cases():
    for T, B, H in itertools.product((1, 3), (1, 2), (1, 4)):
        network = RNN(2, H)
        output, last = network(torch.randn(B, T, 2).transpose(0, 1))  # not contiguous
        assert output.shape == (T, B, H)
        assert torch.equal(output[-1], last[0])
    network = RNN(2, 3)
    with pytest.raises(ValueError, match=r"lengths\[1\] is 0"):
        network(torch.zeros(4, 2, 2), lengths=[4, 0])
    with pytest.raises(ValueError, match="hx must have shape"):
        network(torch.zeros(4, 2, 2), torch.zeros(1, 2, 4))
    with pytest.raises(ValueError, match="input must have shape"):
        network(torch.zeros(4, 2, 3))
    for wrong, named in [
        ({"nonlinearity": "cosine"}, "nonlinearity"),
        ({"init": "zero"}, "init"),
        ({"zoneout": 1.5}, "zoneout"),
        ({"recurrent_dropout": -0.1}, "recurrent_dropout"),
        ({"num_layers": 0}, "num_layers"),
    ]:
        with pytest.raises(ValueError, match=named):
            RNN(2, 3, **wrong)


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16])
def test_half_precision_is_computed_in_single(dtype):
    network = RNN(3, 5)
    half: Any = copy.deepcopy(network).to(dtype)
    x = torch.randn(7, 2, 3)
    output, last = half(x.to(dtype))
    assert output.dtype == last.dtype == dtype
    torch.testing.assert_close(output.float(), network(x)[0], atol=0.02, rtol=0.02)
    output.sum().backward()
    assert half.weight_hh_l0.grad.dtype == dtype


def test_two_graphs_at_once():
    """Buffers of one pass are not those of the next."""
    network, _ = pair()
    x, y = torch.randn(2, 6, 2, 3)
    alone = [torch.autograd.grad(network(part)[0].sum(), network.weight_hh_l0)[0] for part in (x, y)]
    first, second = network(x)[0].sum(), network(y)[0].sum()
    torch.testing.assert_close(torch.autograd.grad(first, network.weight_hh_l0, retain_graph=True)[0], alone[0])
    torch.testing.assert_close(torch.autograd.grad(second, network.weight_hh_l0)[0], alone[1])
    torch.testing.assert_close(torch.autograd.grad(first, network.weight_hh_l0)[0], alone[0])


def test_printed():
    assert repr(RNN(2, 3, nonlinearity="relu", zoneout=0.1)) == "RNN(2, 3, nonlinearity='relu', zoneout=0.1)"
