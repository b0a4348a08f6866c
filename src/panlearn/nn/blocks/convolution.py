"""A convolution with what stands round it: conv, batch normalisation, activation [lecun1998], [ioffe2015].

    y[o, i, j] = b[o] + sum_{c, u, v} w[o, c, u, v] x[c, s i + u - p, s j + v - p]

One filter w[o] slides over all places (sparse, shared weights, note 001 §6.2); k x k is its size, s its step, p the rim
of zeros. With p = k // 2, s = 1 and odd k the map keeps its size (note 002, errata: sizes round down). k = 1 mixes the
channels of one place and nothing else: a linear layer for each pixel, used to have fewer channels (note 002).

Batch normalisation takes away the mean of each map over batch and places and divides by the standard deviation (note
004 §4), so the convolution before it needs no bias. Cost: c o k^2 h w / s^2 multiply-adds a row.

A max-pooling stands right behind the convolution. The largest of relu(a z + b) is relu(a max(z) + b) for a > 0, so
little else changes, and norm and activation, which cost memory traffic only, touch a quarter of the numbers.
"""

from torch import nn

from panlearn.nn.activations import activation as activation_of
from panlearn.nn.activations import units_per_output


class Convolution(nn.Sequential):
    """Convolution, batch normalisation, activation; each of the last two may be left out.

    Parameters
    ----------
    in_channels, out_channels : int
        Maps in and out.
    kernel_size : int
        Side of the filters.
    stride : int
        Step of the filters.
    activation : str or None
        A name of `panlearn.nn.activation`; None for none.
    batch_norm : bool
        Normalise each map; the convolution then has no bias.
    pooling : torch.nn.Module, optional
        A pooling behind the convolution.

    Examples
    --------
    A 1 x 1 convolution from 128 maps to 32 has 128 x 32 weights, and keeps height and width (note 002):

    >>> import torch
    >>> block = Convolution(128, 32, 1, batch_norm=False)
    >>> block.conv.weight.numel(), tuple(block(torch.zeros(1, 128, 6, 6)).shape)
    (4096, (1, 32, 6, 6))
    """

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        kernel_size: int = 3,
        stride: int = 1,
        *,
        activation: str | None = "relu",
        batch_norm: bool = True,
        pooling: nn.Module | None = None,
    ) -> None:
        super().__init__()
        maps = out_channels if activation is None else out_channels * units_per_output(activation)
        padding, step = kernel_size // 2, stride
        if kernel_size == 1 and stride > 1:  # the same; torch's own, channels last, was seen to corrupt the heap
            self.add_module("every", nn.AvgPool2d(1, stride))
            step = 1
        elif kernel_size % 2 == 0 and stride == 1:  # the rim of an even filter is wider below and at the right
            self.add_module("rim", nn.ZeroPad2d((padding - 1, padding, padding - 1, padding)))
            padding = 0
        self.conv = nn.Conv2d(in_channels, maps, kernel_size, step, padding, bias=not batch_norm)
        if pooling is not None:
            self.pooling = pooling
        if batch_norm:
            self.norm = nn.BatchNorm2d(maps)
        if activation is not None:
            self.activation = activation_of(activation)
