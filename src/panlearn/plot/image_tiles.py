"""Many small images as one: a sheet of tiles with gaps, which is one bitmap in a figure and not a hundred axes."""

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import to_rgb
from numpy.typing import ArrayLike

from panlearn.plot.style import ACCENT, SECOND


def tile_sheet(tiles: np.ndarray, columns: int, gap: int = 1) -> np.ndarray:
    """Lay tiles out in rows.

    Parameters
    ----------
    tiles : ndarray of shape (m, h, w, 3)
        Colours from 0 to 1.
    columns : int
        Tiles of a row.
    gap : int
        Clear pixels between them.

    Returns
    -------
    ndarray of shape (H, W, 4)
        The sheet; gaps are transparent, so that it fits pages of any colour.

    Examples
    --------
    >>> tile_sheet(np.ones((3, 2, 2, 3)), columns=2).shape
    (5, 5, 4)
    """
    m, height, width, _ = tiles.shape
    rows = -(-m // columns)
    sheet = np.zeros((rows * (height + gap) - gap, columns * (width + gap) - gap, 4))
    for place, tile in enumerate(tiles):
        top, left = place // columns * (height + gap), place % columns * (width + gap)
        sheet[top : top + height, left : left + width] = np.dstack([tile, np.ones((height, width))])
    return sheet


def signed_colours(values: ArrayLike, largest: float) -> np.ndarray:
    """Numbers as colours, (..., 3): vermilion below 0, white at 0, blue above."""
    share = np.clip(np.asarray(values, dtype=float) / (largest or 1.0), -1, 1)[..., None]
    ends = np.where(share < 0, to_rgb(SECOND), to_rgb(ACCENT))
    return 1 + (ends - 1) * np.abs(share)


def grey_colours(values: ArrayLike) -> np.ndarray:
    """Images (m, h, w) or (m, h, w, 3) as colours, (m, h, w, 3), each from its darkest to its brightest pixel."""
    array = np.asarray(values, dtype=float)
    array = array if array.ndim == 4 else array[..., None]
    low, high = array.min((1, 2, 3), keepdims=True), array.max((1, 2, 3), keepdims=True)
    share = (array - low) / np.where(high > low, high - low, 1.0)
    return np.broadcast_to(share[..., :3], (*share.shape[:3], 3))


def show_sheet(axes: Axes, sheet: np.ndarray) -> None:
    """Draw a sheet without axes."""
    axes.imshow(sheet, interpolation="nearest")
    axes.set_axis_off()


def as_images(images: ArrayLike, name: str = "images") -> np.ndarray:
    """Images (n, h, w), or (n, h, w, 3) with the channels last, wherever they were.

    Raises
    ------
    ValueError
        If they are no images.
    """
    array = np.asarray(images)
    if array.ndim == 4 and array.shape[1] in (1, 3) and array.shape[3] not in (1, 3):
        array = array.transpose(0, 2, 3, 1)
    if array.ndim == 4 and array.shape[3] == 1:
        array = array[..., 0]
    if array.ndim not in (3, 4) or (array.ndim == 4 and array.shape[3] != 3) or not array.size:
        raise ValueError(f"{name} must have the shape (n, h, w), (n, h, w, 3) or (n, 3, h, w), got {array.shape}")
    return array
