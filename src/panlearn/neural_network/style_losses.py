"""What an image has in common with another, seen through a convolutional network [gatys2016].

    F_l(x)      maps of layer l, (c, hw): a row is one filter's answer at every place
    content     |F_l(x) - F_l(p)|^2 / |F_l(p)|^2            where things are
    Gram        G_l(x) = F_l F_l' / hw                      which filters answer together, wherever it is
    style       |G_l(x) - G_l(a)|^2 / |G_l(a)|^2
    variation   mean of sqrt(dx^2 + dy^2), of pixels        grain [rudin1992]

Gatys divides by fixed numbers that hang on the network; relative errors make the same weights fit every network and
layer. Note 001 §6.5.
"""

import torch
from torch import Tensor

SMOOTH = 1e-4  # of a pixel difference, whose root has no slope at 0


def gram(maps: Tensor) -> Tensor:
    """Products of all pairs of filters, averaged over the places: (b, c, h, w) to (c, c)."""
    flat = maps.transpose(0, 1).flatten(1)  # (c, b h w)
    return flat @ flat.T / flat.shape[1]


def relative_error(found: Tensor, wanted: Tensor) -> Tensor:
    """Squared distance over the squared length of what is wanted."""
    return (found - wanted).square().sum() / wanted.square().sum().clamp(min=torch.finfo(wanted.dtype).tiny)


def total_variation(pixels: Tensor) -> Tensor:
    """Mean length of the differences to the right and lower neighbour, (b, c, h, w)."""
    if min(pixels.shape[2:]) < 2:
        return pixels.sum() * 0
    right = pixels[:, :, :-1, 1:] - pixels[:, :, :-1, :-1]
    down = pixels[:, :, 1:, :-1] - pixels[:, :, :-1, :-1]
    return (right.square() + down.square() + SMOOTH**2).sqrt().mean()
