"""Residual blocks."""

import pytest
import torch
from torch import nn

from panlearn.nn import Residual


def test_matches_oracle():
    torch.manual_seed(0)
    body, x = nn.Linear(4, 4), torch.randn(3, 4)
    torch.testing.assert_close(Residual(body)(x), x + x @ body.weight.T + body.bias)
    torch.testing.assert_close(Residual(body, activation="relu")(x), (x + body(x)).clamp(min=0))
    shortcut = nn.Conv2d(2, 6, 1, stride=2)
    block = Residual(nn.Conv2d(2, 6, 3, stride=2, padding=1), shortcut)
    image = torch.randn(2, 2, 8, 8)
    torch.testing.assert_close(block(image), block.body(image) + shortcut(image))


def test_a_body_of_zeros_is_the_identity_and_adds_no_parameters():
    """Note 004 §5: a block that does nothing costs the network nothing."""
    body = nn.Linear(4, 4)
    nn.init.zeros_(body.weight), nn.init.zeros_(body.bias)  # type: ignore
    x = torch.randn(3, 4, requires_grad=True)
    block = Residual(body)
    out = block(x)
    torch.testing.assert_close(out, x)
    out.sum().backward()
    torch.testing.assert_close(x.grad, torch.ones(3, 4))
    assert sum(p.numel() for p in block.parameters()) == 20


def test_gradient():
    torch.manual_seed(0)
    block = Residual(nn.Sequential(nn.Linear(3, 3), nn.Tanh()), activation="tanh").double()
    assert torch.autograd.gradcheck(block, (torch.randn(2, 3, dtype=torch.float64, requires_grad=True),))


def test_the_slope_is_the_identity_and_that_of_the_body():
    torch.manual_seed(0)
    body = nn.Linear(4, 4, bias=False)
    jacobian = torch.autograd.functional.jacobian(Residual(body), torch.randn(4))
    torch.testing.assert_close(jacobian, torch.eye(4) + body.weight.detach())


def test_edge_cases():
    with pytest.raises(ValueError, match=r"the body gave \(2, 5\) and the shortcut \(2, 3\): pass a shortcut"):
        Residual(nn.Linear(3, 5))(torch.zeros(2, 3))
    with pytest.raises(ValueError, match="the body gave"):  # broadcasting would hide the mistake
        Residual(nn.Linear(3, 1))(torch.zeros(2, 3))
