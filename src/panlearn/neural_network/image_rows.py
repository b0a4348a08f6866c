"""Images in whatever form they come, as one array (n, c, h, w) that stays bytes while it can.

    (n, h, w)                      grey
    (n, h, w, c), (n, c, h, w)     c = 1, 3 or 4 channels; `channels` says which where both could be
    (n, p)                         rows of pixels; `image_shape=(h, w)` or `(h, w, c)` says how they lie. Without it a
                                   square number of pixels is a square, else a line of 1 x p
    list of arrays, or of PIL      (h, w) or (h, w, c) each; palettes become colours

Whole numbers from 0 to 255 are stored as bytes, everything else as float32. Images of several sizes have to be brought
to one: `image_shape=(h, w)` resizes them, by the mean over areas where they shrink and linearly where they grow (down-
and up-sampling, note 002).
"""

from collections.abc import Sequence
from typing import Any, Literal, NamedTuple

import numpy as np
import torch
from sklearn.utils.validation import assert_all_finite
from torch.nn import functional as F

from panlearn.core.errors import DataError
from panlearn.nn.blocks.conv_output_size import conv_output_size

CHANNELS = (1, 3, 4)  # grey, colours, colours with transparency
Layout = Literal["auto", "last", "first"]


class ImageShape(NamedTuple):
    """Form of all images of a fit."""

    channels: int
    height: int
    width: int

    def after(self, channels: int, kernel_size: Any, stride: Any, padding: Any = 0) -> "ImageShape":
        """Form of the maps that a convolution or pooling makes of images of this form."""
        sides: Any = conv_output_size(self[1:], kernel_size, stride, padding)
        return ImageShape(channels, *sides)


def image_array(X: Any, *, channels: Layout = "auto", size: Sequence[int] | None = None) -> np.ndarray:
    """Collect images in one array.

    Parameters
    ----------
    X : array, tensor, or sequence of arrays or PIL images
        As in the table above, but for rows of pixels: see `image_table`.
    channels : {"auto", "last", "first"}
        Where the channels of a colour image are.
    size : (h, w) or (h, w, c), optional
        What images are resized to.

    Returns
    -------
    ndarray of shape (n, c, h, w)
        uint8 or float32.

    Raises
    ------
    ValueError
        If sizes differ and none is given, a form is not understood, or a pixel is not finite.
    """
    if (isinstance(X, np.ndarray) and X.dtype != object) or isinstance(X, torch.Tensor):
        array = _first(_numbers(X), channels, each=False)
        return array if size is None else _resized(array, size)
    try:
        images = [_first(_numbers(image), channels, each=True) for image in X]
    except TypeError:
        raise DataError(f"X must be an array of images, or a sequence of them, got {type(X).__name__}.") from None
    if not images:
        raise DataError("Found array with 0 sample(s), while a minimum of 1 is required: X holds no image.")
    if size is not None:
        return np.concatenate([_resized(image, size) for image in images])
    shapes = sorted({image.shape[1:] for image in images})
    if len(shapes) > 1:
        named = ", ".join("x".join(map(str, (h, w, c))) for c, h, w in shapes[:4])
        raise DataError(
            f"images must have one size, got {len(shapes)}: {named}{', ...' if len(shapes) > 4 else ''} (height, "
            "width, channels). Crop them, convert grey and colour to one, or resize with image_shape=(height, width)."
        )
    return np.concatenate(images)


def image_table(table: np.ndarray, shape: Sequence[int] | None) -> np.ndarray:
    """Lay rows of pixels out as images.

    Parameters
    ----------
    table : ndarray of shape (n, p)
        Pixels row by row; the channels of a pixel side by side.
    shape : (h, w) or (h, w, c), optional
        Form of the images; by default a square, or a line where p is no square number.

    Returns
    -------
    ndarray of shape (n, c, h, w)
        The images.

    Raises
    ------
    ValueError
        If p is not h w c.
    """
    n, p = table.shape
    if shape is None:
        side = round(p**0.5)
        shape = (side, side) if side * side == p else (1, p)
    height, width, depth = (*shape, 1) if len(shape) == 2 else shape
    if height * width * depth != p:
        raise DataError(
            f"image_shape={tuple(shape)} has {height * width * depth} pixels, but each row of X has {p} numbers: "
            "image_shape=(height, width) or (height, width, channels) has to multiply to that."
        )
    return np.ascontiguousarray(_bytes(table).reshape(n, height, width, depth).transpose(0, 3, 1, 2))


def _numbers(image: Any) -> np.ndarray:
    """An array, tensor or PIL image as bytes or float32."""
    if hasattr(image, "getbands"):  # PIL; a palette's numbers mean nothing by themselves
        bands = image.getbands()
        if image.mode in ("1", "P", "CMYK", "YCbCr", "HSV", "LAB"):
            image = image.convert("L" if image.mode == "1" else "RGB")
        elif "A" in bands:
            image = image.convert("RGBA")
    elif isinstance(image, torch.Tensor):
        image = image.detach().cpu().numpy()
    return _bytes(np.asarray(image))


def _bytes(array: np.ndarray) -> np.ndarray:
    """Bytes where whole numbers fit, else finite float32."""
    if array.dtype == np.uint8:
        return array
    if array.dtype.kind not in "biuf":
        raise DataError(f"pixels must be numbers, got dtype {array.dtype}: convert the images to arrays of numbers.")
    if array.dtype.kind in "iu" and array.size and array.min() >= 0 and array.max() <= 255:
        return array.astype(np.uint8)
    array = array.astype(np.float32, copy=False)
    assert_all_finite(array, input_name="X")
    return array


def _first(array: np.ndarray, channels: Layout, *, each: bool) -> np.ndarray:
    """Channels in front: (n, c, h, w); a single image becomes one row."""
    if each:
        array = array[None]
    if array.ndim == 3:
        array = array[:, None]
    elif array.ndim == 4:
        array = array.transpose(0, 3, 1, 2) if _is_last(array.shape[1:], channels) else array
    else:
        form = array.shape[1:] if each else array.shape
        wanted = "(h, w), (h, w, c) or (c, h, w)" if each else "(n, p), (n, h, w), (n, h, w, c) or (n, c, h, w)"
        raise DataError(f"{'each image' if each else 'X'} must have the shape {wanted}, got {form}.")
    if not all(array.shape[1:]):
        raise DataError(f"images must have at least one pixel, got the shape {array.shape[1:]}.")
    return np.ascontiguousarray(array)


def _is_last(shape: tuple[int, ...], channels: Layout) -> bool:
    """Whether the last axis holds the channels."""
    if channels != "auto":
        return channels == "last"
    last, first = shape[2] in CHANNELS, shape[0] in CHANNELS
    if last == first:
        found = "both the first and the last axis" if last else "neither the first nor the last axis"
        raise DataError(
            f'{found} of an image of shape {shape} could be its channels: set channels="first" or channels="last".'
        )
    return last


def _resized(array: np.ndarray, size: Sequence[int]) -> np.ndarray:
    """Images of another height and width."""
    height, width = size[:2]
    if len(size) == 3 and array.shape[1] != size[2]:
        raise DataError(f"image_shape={tuple(size)} wants {size[2]} channels, the images have {array.shape[1]}.")
    if array.shape[2:] == (height, width):
        return array
    shrinks = array.shape[2] >= height and array.shape[3] >= width
    x = torch.from_numpy(np.array(array)).float()
    how: dict[str, Any] = {"mode": "area"} if shrinks else {"mode": "bilinear", "antialias": True}
    x = F.interpolate(x, (height, width), **how)
    return (x.round().clamp(0, 255).to(torch.uint8) if array.dtype == np.uint8 else x).numpy()


def is_table(X: Any) -> bool:
    """Whether X is a table of rows of pixels, and not a set of images."""
    if hasattr(X, "ndim") and not (X.ndim == 1 and X.dtype == object):
        return X.ndim < 3
    if hasattr(X, "columns") or not isinstance(X, (Sequence, np.ndarray)) or not len(X):
        return True
    first = X[0]
    if hasattr(first, "getbands") or hasattr(first, "ndim"):
        return getattr(first, "ndim", 2) < 2
    return not (isinstance(first, Sequence) and len(first) and isinstance(first[0], Sequence | np.ndarray))
