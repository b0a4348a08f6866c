"""Torch's routine as one node: equal results, gradients asked for twice, second derivatives."""

import pytest
import torch
from torch.autograd import gradgradcheck

from panlearn.nn.lstm_delegate import Settings, torch_lstm


@pytest.mark.parametrize("settings", [{}, {"num_layers": 2, "bidirectional": True}, {"bias": False}, {"proj_size": 2}])
def test_equals_the_module(settings):
    torch.manual_seed(0)
    net = torch.nn.LSTM(2, 3, **settings).double()
    x = torch.randn(4, 2, 2, dtype=torch.float64, requires_grad=True)
    n = net.num_layers * (2 if net.bidirectional else 1)
    h = torch.randn(n, 2, net.proj_size or 3, dtype=torch.float64, requires_grad=True)
    c = torch.randn(n, 2, 3, dtype=torch.float64, requires_grad=True)
    given = Settings(net.bias, net.num_layers, net.bidirectional)
    weights: list[torch.Tensor] = [p for layer in net.all_weights for p in layer]
    ours = torch_lstm(x, h, c, weights, given)
    output, last = net(x, (h, c))
    for a, b in zip(ours, (output, *last)):
        torch.testing.assert_close(a, b)
    leaves = [x, h, c, *weights]
    right = torch.autograd.grad(output.sin().sum() + last[1].sum(), leaves)
    for _ in range(2):  # a graph that is kept may be walked again
        found = torch.autograd.grad(ours[0].sin().sum() + ours[2].sum(), leaves, retain_graph=True)
        for a, b in zip(found, right):
            torch.testing.assert_close(a, b)


def test_second_derivatives():
    net = torch.nn.LSTM(1, 2).double()
    x = torch.randn(3, 1, 1, dtype=torch.float64, requires_grad=True)
    zero = torch.zeros(1, 1, 2, dtype=torch.float64)

    def function(x, *weights):
        return torch_lstm(x, zero, zero, list(weights), Settings(True, 1, False))

    assert gradgradcheck(function, (x, *net.all_weights[0]))
    assert torch.backends.mkldnn.enabled  # as it was
