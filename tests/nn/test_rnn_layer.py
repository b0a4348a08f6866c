"""What plain, gated and Jordan's layers share: drawing of parameters, types, torch's functions for a whole stack."""

import itertools
from typing import Any

import pytest
import torch

from panlearn.nn import GRU, RNN, JordanRNN
from panlearn.nn.rnn_layer import widened
from panlearn.nn.steps import steps_of

torch.set_num_threads(1)


@pytest.mark.parametrize(("ragged", "bidirectional"), list(itertools.product([False, True], [False, True])))
@pytest.mark.parametrize("kind", [RNN, GRU])
def test_by_torch(kind, ragged, bidirectional):
    """The way that a GPU goes takes the same rows and gives the same results."""
    torch.manual_seed(0)
    network = kind(3, 5, 2, bidirectional=bidirectional)
    steps = steps_of(torch.tensor([4, 2, 3]) if ragged else None, 4, 3)
    rows, first = torch.randn(steps.n_rows, 3), [(h,) for h in torch.randn(4 if bidirectional else 2, 3, 5)]
    right, right_last = network._layers(rows, steps, first)
    output, last = network._by_torch(network._fused(), rows, steps, first)
    torch.testing.assert_close(output, right, atol=1e-6, rtol=1e-6)
    for (a,), (b,) in zip(last, right_last):
        torch.testing.assert_close(a, b, atol=1e-6, rtol=1e-6)


def test_torch_has_not_all():
    assert RNN(1, 1, nonlinearity="sigmoid")._fused() is None
    assert GRU(1, 1, reset_after=False)._fused() is None
    assert JordanRNN(1, 1, 1)._fused() is None


def test_parameters_are_drawn_within_bounds_and_of_the_type_asked_for():
    torch.manual_seed(0)
    network: Any = JordanRNN(3, 100, 4, num_layers=2, bidirectional=True, dtype=torch.float64)
    assert network.weight_ih_l1_reverse.shape == (100, 8)
    assert network.weight_hy_l1.shape == (4, 100)
    for parameter in network.parameters():
        assert parameter.dtype == torch.float64
        assert parameter.abs().max() <= 0.1
    before = network.weight_ih_l0.clone()
    network.reset_parameters()
    assert not torch.equal(before, network.weight_ih_l0)


def test_widened():
    half, single, double = (torch.zeros(1, dtype=d) for d in (torch.bfloat16, torch.float32, torch.float64))
    assert [x.dtype for x in widened(half, half)] == [torch.float32] * 2
    assert [x if x is None else x.dtype for x in widened(single, None, double)] == [torch.float64, None, torch.float64]


def test_dropout_stands_between_layers():
    torch.manual_seed(0)
    network: Any = GRU(3, 5, 2, dropout=1.0)
    x = torch.randn(4, 2, 3)
    with torch.no_grad():
        for bias in (network.bias_ih_l1, network.bias_hh_l1):
            bias.zero_()
    assert not network(x)[0].any()  # nothing comes to the second layer
    assert network.eval()(x)[0].any()
