"""Residual blocks of convolutions."""

from typing import Any

import torch

from panlearn.nn.blocks.residual_convolution import ResidualConvolution


def test_matches_oracle():
    torch.manual_seed(0)
    block: Any = ResidualConvolution(2, 4, 2).eval()
    torch.nn.init.normal_(block.body[-1].norm.weight)
    x = torch.randn(3, 2, 6, 6)
    first, second, past = block.body[0], block.body[-1], block.shortcut
    inner = second.norm(second.conv(torch.relu(first.norm(first.conv(x)))))
    expected = torch.relu(inner + past.norm(past.conv(x[:, :, ::2, ::2])))
    torch.testing.assert_close(block(x), expected)
    assert block(x).shape == (3, 4, 3, 3)


def test_starts_as_its_shortcut():
    torch.manual_seed(0)
    x = torch.rand(2, 3, 4, 4)
    torch.testing.assert_close(ResidualConvolution(3, 3)(x), x)
    wider = ResidualConvolution(3, 5)
    torch.testing.assert_close(wider(x), torch.relu(wider.shortcut(x)))


def test_dropout_is_off_at_test_time():
    torch.manual_seed(0)
    block: Any = ResidualConvolution(3, 3, dropout=0.5).eval()
    torch.nn.init.normal_(block.body[-1].norm.weight)
    x = torch.randn(2, 3, 4, 4)
    torch.testing.assert_close(block(x), block(x), rtol=0, atol=0)
    block.train()
    assert not torch.equal(block(x), block(x))
