"""An image as a network takes it, and back: pixels between 0 and 1, as many channels as the network has.

bytes               value / 255
floats              (value - low) / (high - low), for the range that the network takes; where that range goes
                    beyond 1, an image between 0 and 1 is taken as shares of it
colours to grey     brightness Y = 0.299 R + 0.587 G + 0.114 B; back: the change of Y is added to R, G and B, which
                    keeps the colours [gatys2016b]
grey to colours     the same three times; back: brightness
"""

from typing import Any, NamedTuple

import numpy as np
import torch
from torch import Tensor

from panlearn.core.errors import DataError
from panlearn.neural_network.image_rows import image_array

LUMA = (0.299, 0.587, 0.114)  # brightness of red, green and blue, ITU-R BT.601


class Picture(NamedTuple):
    """An image, and what is needed to give it back in the form it came in."""

    pixels: Tensor  # (1, c, h, w) in [0, 1], c channels of the network
    original: Tensor  # (1, C, h, w) in [0, 1]
    low: float  # of the range that floats are given back in
    high: float
    is_bytes: bool


def picture(image: Any, n_channels: int, low: float, high: float, name: str) -> Picture:
    """Bring an image to the network's form.

    Parameters
    ----------
    image : array, tensor or PIL image
        (h, w), (h, w, c) or (c, h, w).
    n_channels : int
        Channels of the network.
    low, high : float
        Range of a pixel as the network takes it.
    name : str
        For messages.

    Returns
    -------
    Picture

    Raises
    ------
    ValueError
        If pixels are out of range, or channels do not fit.
    """
    if getattr(image, "ndim", 2) not in (2, 3):
        raise DataError(f"{name} must be one image, (h, w), (h, w, c) or (c, h, w), got the shape {image.shape}")
    array = image_array([image])
    is_bytes = array.dtype == np.uint8
    if not is_bytes and high > 1 and array.min() >= 0 and array.max() <= 1:
        low, high = 0.0, 1.0
    values = torch.from_numpy(array).float()
    values = values / 255 if is_bytes else (values - low) / (high - low)
    if values.min() < -1e-6 or values.max() > 1 + 1e-6:
        raise DataError(
            f"pixels of {name} must lie between {low:g} and {high:g}, got {array.min():g} to {array.max():g}: pass "
            f"bytes, scale the image, or set pixel_range to what the network takes."
        )
    n_given = values.shape[1]
    if n_given != n_channels and {n_given, n_channels} != {1, 3}:
        raise DataError(
            f"{name} has {n_given} channels and the network takes {n_channels}: convert it to grey or to three colours."
        )
    values = values.clamp(0, 1)
    seen = brightness(values) if n_given > n_channels else values.expand(-1, n_channels, -1, -1)
    return Picture(seen.contiguous(), values, low, high, is_bytes)


def brightness(colours: Tensor) -> Tensor:
    """Grey of a colour image, (1, 3, h, w) to (1, 1, h, w)."""
    return (colours * colours.new_tensor(LUMA)[:, None, None]).sum(1, keepdim=True)


def image_of(pixels: Tensor, content: Picture) -> np.ndarray:
    """Give new pixels back in the form of the content image, (h, w) or (h, w, c)."""
    pixels = pixels.detach().cpu()
    given, seen = content.original.shape[1], pixels.shape[1]
    if given > seen:
        pixels = content.original + (pixels - content.pixels)
    elif given < seen:
        pixels = brightness(pixels)
    values = pixels[0].clamp(0, 1).permute(1, 2, 0).numpy()
    values = values[:, :, 0] if given == 1 else values
    if content.is_bytes:
        return np.rint(values * 255).astype(np.uint8)
    return values * np.float32(content.high - content.low) + np.float32(content.low)
