"""A convolution with pooling, norm and activation."""

from typing import Any

import numpy as np
import pytest
import torch
from torch import nn

from panlearn.nn.blocks.convolution import Convolution
from tests.oracles.cnn_classifier import convolution, normalised, pooling


@pytest.mark.parametrize(("kernel", "stride"), [(3, 1), (1, 1), (5, 2), (3, 2), (1, 2)])
def test_matches_oracle(kernel, stride):
    torch.manual_seed(0)
    block: Any = Convolution(2, 3, kernel, stride, batch_norm=False)
    x = torch.randn(2, 2, 7, 6)
    weight, bias = (p.detach().numpy() for p in block.parameters())
    expected = [np.maximum(convolution(image, weight, bias, stride, kernel // 2), 0) for image in x.numpy()]
    np.testing.assert_allclose(block(x).detach(), expected, atol=1e-5)


def test_pooling_norm_and_activation_follow():
    torch.manual_seed(0)
    block: Any = Convolution(1, 2, 3, pooling=nn.MaxPool2d(2)).eval()
    block.norm.running_mean.normal_()
    block.norm.running_var.uniform_(0.5, 2)
    x = torch.randn(1, 1, 6, 6)
    maps = pooling(convolution(x[0].numpy(), block.conv.weight.detach().numpy(), np.zeros(2), 1, 1), 2, "max")
    norm = [
        t.detach().numpy()
        for t in (block.norm.running_mean, block.norm.running_var, block.norm.weight, block.norm.bias)
    ]
    np.testing.assert_allclose(block(x)[0].detach(), np.maximum(normalised(maps, *norm), 0), atol=1e-5)
    assert block.conv.bias is None  # the norm takes a constant away


def test_a_pooling_commutes_with_norm_and_activation_of_positive_gain():
    """Why the pooling may stand first: at test time nothing changes."""
    torch.manual_seed(0)
    block: Any = Convolution(1, 4, 3, pooling=nn.MaxPool2d(2)).eval()
    conv, pool, norm, relu = block
    x = torch.randn(3, 1, 8, 8)
    torch.testing.assert_close(block(x), pool(relu(norm(conv(x)))))


def test_one_by_one_mixes_channels_only():
    """Note 002: a linear layer for each pixel."""
    torch.manual_seed(0)
    block: Any = Convolution(4, 2, 1, activation=None, batch_norm=False)
    x = torch.randn(1, 4, 3, 3)
    linear = x.permute(0, 2, 3, 1) @ block.conv.weight[:, :, 0, 0].T + block.conv.bias
    torch.testing.assert_close(block(x).permute(0, 2, 3, 1), linear)


def test_sizes():
    x = torch.zeros(1, 1, 9, 9)
    assert Convolution(1, 1, 4)(x).shape[2:] == Convolution(1, 1, 2)(x).shape[2:] == (9, 9)  # even filters too
    assert Convolution(1, 1, 3, 2)(x).shape[2:] == (5, 5)
    assert Convolution(1, 3, 3, activation="maxout")(x).shape[1] == 3
    maxout: Any = Convolution(1, 3, 3, activation="maxout")
    assert maxout.conv.weight.shape[0] == 6


def test_strided_one_by_one_keeps_within_its_memory():
    """oneDNN's strided 1 x 1 convolution of few channels, laid out last, corrupts the heap: ours goes round it."""
    torch.manual_seed(0)
    block: Any = Convolution(3, 5, 1, 2, activation=None, batch_norm=False)
    conv = nn.Conv2d(3, 5, 1, 2)
    conv.load_state_dict(block.conv.state_dict())
    x = torch.rand(4, 3, 7, 6)
    torch.testing.assert_close(block(x), conv(x))
    for _ in range(30):
        block(x.to(memory_format=torch.channels_last)).sum().backward()
    assert block.conv.stride == (1, 1)
