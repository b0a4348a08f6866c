"""Highway blocks."""

import pytest
import torch
from torch import nn

from panlearn.nn import Highway


def test_matches_oracle():
    torch.manual_seed(0)
    block, x = Highway(6, "tanh"), torch.randn(4, 6)
    share = torch.sigmoid(x @ block.gate.weight.T + block.gate.bias)  # note 004 §5 (3)  # type: ignore
    made = torch.tanh(x @ block.transform[0].weight.T + block.transform[0].bias)  # type: ignore
    torch.testing.assert_close(block(x), made * share + x * (1 - share))


def test_it_starts_as_a_copier_and_can_become_a_plain_layer():
    torch.manual_seed(0)
    x = torch.randn(8, 5)
    torch.testing.assert_close(Highway(5, gate_bias=-60.0)(x), x)
    plain = Highway(5, gate_bias=60.0)
    torch.testing.assert_close(plain(x), plain.transform(x))
    assert torch.sigmoid(Highway(5).gate.bias).mean().item() == pytest.approx(0.119, abs=1e-3)  # type: ignore


def test_gradient():
    torch.manual_seed(0)
    block = Highway(3, "tanh").double()
    x = torch.randn(2, 3, dtype=torch.float64, requires_grad=True)
    assert torch.autograd.gradcheck(block, (x,))


def test_maps_and_sequences():
    torch.manual_seed(0)
    image = torch.randn(2, 4, 5, 5)
    conv = Highway(4, transform=nn.Conv2d(4, 4, 3, padding=1), gate=nn.Conv2d(4, 4, 1), gate_bias=-60.0)
    torch.testing.assert_close(conv(image), image)
    assert Highway(4, "maxout")(torch.randn(2, 7, 4)).shape == (2, 7, 4)


def test_gradients_reach_the_input_of_fifty_blocks():
    torch.manual_seed(0)
    x = torch.randn(4, 10, requires_grad=True)
    nn.Sequential(*(Highway(10, "sigmoid") for _ in range(50)))(x).sum().backward()
    assert x.grad is not None
    assert x.grad.norm() > 1e-3  # (1 - T)^50 is 0.0018; plain sigmoid layers: below 1e-30


def test_edge_cases():
    with pytest.raises(ValueError, match="keeps the shape"):
        Highway(3, transform=nn.Linear(3, 4))(torch.zeros(2, 3))
