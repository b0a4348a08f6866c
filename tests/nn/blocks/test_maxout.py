"""Maxout."""

import pytest
import torch
from torch import nn

from panlearn.nn import Maxout


def test_matches_oracle():
    z = torch.randn(5, 12, 4, generator=torch.Generator().manual_seed(0))
    found = Maxout(3)(z)
    for j in range(4):
        torch.testing.assert_close(found[:, j], torch.stack([z[:, 3 * j + i] for i in range(3)]).max(0).values)
    torch.testing.assert_close(Maxout(2, dim=-1)(z)[..., 1], z[..., 2:].max(-1).values)
    torch.testing.assert_close(Maxout(1)(z), z)


def test_relu_and_absolute_value_are_special_cases():
    """Note 001: ReLU is a special case of Maxout."""
    x = torch.linspace(-3, 3, 13)[:, None]
    layer = nn.Sequential(nn.Linear(1, 2, bias=False), Maxout(2))
    for weights, expected in (([[1.0], [0.0]], x.relu()), ([[1.0], [-1.0]], x.abs())):
        with torch.no_grad():
            layer[0].weight.copy_(torch.tensor(weights))  # type: ignore
        torch.testing.assert_close(layer(x), expected)


def test_gradient():
    z = torch.randn(3, 8, 2, dtype=torch.float64, generator=torch.Generator().manual_seed(1), requires_grad=True)
    assert torch.autograd.gradcheck(Maxout(4), (z,))
    assert torch.autograd.gradcheck(Maxout(2, dim=-1), (z,))


def test_edge_cases():
    with pytest.raises(ValueError, match="which 2 does not divide"):
        Maxout(2)(torch.zeros(1, 3))
    for pieces in (0, 2.5):
        with pytest.raises(ValueError, match="pieces must be"):
            Maxout(pieces)  # type: ignore[arg-type]
    assert Maxout(2)(torch.zeros(0, 4)).shape == (0, 2)
    assert repr(Maxout(3)) == "Maxout(pieces=3, dim=1)"
