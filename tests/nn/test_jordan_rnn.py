"""Jordan's network: the definition, and what is refused."""

import itertools
from typing import Any

import numpy as np
import pytest
import torch

from panlearn.nn import JordanRNN
from tests.oracles import jordan_rnn as oracle

torch.set_num_threads(1)
LENGTHS = torch.tensor([2, 7, 5, 7])


@pytest.mark.parametrize(
    "functions", [("tanh", "tanh"), ("relu", "softmax"), ("sigmoid", "identity"), ("identity", "sigmoid")]
)
def test_matches_oracle(functions):
    torch.manual_seed(0)
    f, g = functions
    network = JordanRNN(3, 5, 4, nonlinearity=f, output_nonlinearity=g, dtype=torch.float64)
    x, first = torch.randn(6, 2, 3, dtype=torch.float64), torch.randn(1, 2, 4, dtype=torch.float64)
    output, last = network(x, first)
    W, U, V, b, c = (p.detach().numpy() for p in network.parameters())
    for s in range(2):
        right = oracle.outputs(x[:, s].numpy(), W, U, V, b, c, first[0, s].numpy(), functions)
        np.testing.assert_allclose(output[:, s].detach(), right, atol=1e-12)
        np.testing.assert_allclose(last[0, s].detach(), right[-1], atol=1e-12)


def test_matches_elman_where_the_output_is_the_state():
    """With W_hy = 1 and g the identity, y is h."""
    torch.manual_seed(0)
    network: Any = JordanRNN(3, 5, 5, output_nonlinearity="identity")
    plain: Any = torch.nn.RNN(3, 5)
    with torch.no_grad():
        network.weight_hy_l0.copy_(torch.eye(5))
        network.bias_hy_l0.zero_()
        network.weight_ih_l0.copy_(plain.weight_ih_l0)
        network.weight_yh_l0.copy_(plain.weight_hh_l0)
        network.bias_ih_l0.copy_(plain.bias_ih_l0 + plain.bias_hh_l0)
    x = torch.randn(7, 2, 3)
    for a, b in zip(network(x), plain(x)):
        torch.testing.assert_close(a, b, atol=1e-6, rtol=1e-6)


def test_invariances():
    torch.manual_seed(0)
    network = JordanRNN(3, 5, 2, num_layers=2, bidirectional=True)
    x = torch.randn(7, 4, 3)
    output, last = network(x, lengths=LENGTHS)
    assert output.shape == (7, 4, 4)
    assert last.shape == (4, 4, 2)
    for s, length in enumerate(LENGTHS):  # alone or in company
        alone, alone_last = network(x[:length, s])
        torch.testing.assert_close(alone, output[:length, s], atol=1e-6, rtol=1e-5)
        torch.testing.assert_close(alone_last, last[:, s], atol=1e-6, rtol=1e-5)
    softmax = JordanRNN(3, 5, 2, output_nonlinearity="softmax")
    torch.testing.assert_close(softmax(x)[0].sum(2), torch.ones(7, 4))


def test_padding_is_ignored():
    network = JordanRNN(3, 5, 2, bidirectional=True)
    x = torch.randn(7, 4, 3)
    spoiled = x.clone()
    for s, length in enumerate(LENGTHS):
        spoiled[length:, s] = torch.nan
    output, last = network(spoiled, lengths=LENGTHS)
    torch.testing.assert_close(output, network(x, lengths=LENGTHS)[0])
    (output.sum() + last.sum()).backward()
    assert all(p.grad is not None and torch.isfinite(p.grad).all() for p in network.parameters())


def test_overfits_tiny_batch():
    """Parity of the signs so far: the output itself has to be the memory."""
    torch.manual_seed(2)
    network = JordanRNN(1, 16, 1)
    x = torch.randint(0, 2, (6, 16, 1)) * 2.0 - 1
    parity = x.cumprod(0)
    optimiser = torch.optim.Adam(network.parameters(), lr=0.05)
    loss = torch.tensor(torch.inf)
    for _ in range(300):
        optimiser.zero_grad()
        loss = (network(x)[0] - parity).square().mean()
        loss.backward()
        optimiser.step()
    assert loss < 0.05


@pytest.mark.parametrize("bias", [True, False])
def test_parameters_are_read_only(bias):
    """One sequence of one step, where broadcast arrays have the shape of the parameters themselves."""
    network = JordanRNN(2, 3, 4, bias=bias)
    kept = [p.clone() for p in network.parameters()]
    first = torch.randn(1, 1, 4)
    before = first.clone()
    once, again = (network(torch.ones(1, 1, 2), first)[0] for _ in range(2))
    once.sum().backward()
    assert torch.equal(once, again)
    assert torch.equal(first, before)
    assert all(torch.equal(a, b) for a, b in zip(network.parameters(), kept))


def test_edge_cases():
    for T, B, H in itertools.product((1, 3), (1, 2), (1, 4)):
        output, last = JordanRNN(2, H, 1)(torch.randn(T, B, 2))
        assert output.shape == (T, B, 1)
        assert torch.equal(output[-1], last[0])
    assert [name for name, _ in JordanRNN(2, 3, 1, bias=False).named_parameters()] == [
        "weight_ih_l0",
        "weight_yh_l0",
        "weight_hy_l0",
    ]
    for wrong, named in [
        ({"output_size": 0}, "output_size"),
        ({"output_size": 2, "nonlinearity": "softmax"}, "nonlinearity"),
        ({"output_size": 2, "output_nonlinearity": "maxout"}, "output_nonlinearity"),
    ]:
        with pytest.raises(ValueError, match=named):
            JordanRNN(2, 3, **wrong)
    with pytest.raises(ValueError, match="hx must have shape"):
        JordanRNN(2, 3, 1)(torch.zeros(4, 2, 2), torch.zeros(1, 2, 3))


def test_printed():
    assert repr(JordanRNN(2, 3, 4, bidirectional=True)) == "JordanRNN(2, 3, 4, bidirectional=True)"
