"""Pixels to scaled floats."""

from typing import Any

import pytest
import torch

from panlearn.nn.blocks.pixel_scaling import PixelScaling


@pytest.mark.parametrize("channels", [1, 3])
def test_matches_oracle(channels):
    x = torch.randint(0, 256, (4, channels, 5, 7), dtype=torch.uint8)
    mean, spread = [100.0, 50.0, 7.0][:channels], [20.0, 3.0, 1.0][:channels]
    expected = torch.stack([(x[:, c].float() - mean[c]) / spread[c] for c in range(channels)], 1)
    torch.testing.assert_close(PixelScaling(mean, spread)(x), expected)
    torch.testing.assert_close(PixelScaling(mean, spread)(x.float()), expected)


@pytest.mark.parametrize("channels", [1, 3])
def test_the_channels_of_a_pixel_lie_together(channels):
    """Also for one channel, where torch needs the strides to see it; a convolution then keeps the layout."""
    x = PixelScaling([0.0] * channels, [1.0] * channels)(torch.rand(2, channels, 6, 6))
    maps = torch.nn.Conv2d(channels, 8, 3)(x)
    assert maps.is_contiguous(memory_format=torch.channels_last)


def test_gradients_reach_the_pixels():
    x: Any = torch.rand(1, 3, 2, 2, requires_grad=True)
    PixelScaling([0.0, 1.0, 2.0], [1.0, 2.0, 4.0])(x).sum().backward()
    torch.testing.assert_close(x.grad[0, :, 0, 0], torch.tensor([1.0, 0.5, 0.25]))
