"""A picture painted in the manner of another, beside both."""

from collections.abc import Sequence

import numpy as np
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter
from numpy.typing import ArrayLike

from panlearn.plot.labels import format_number
from panlearn.plot.style import ACCENT, fix_ticks, house_style


@house_style()
def plot_style_transfer(
    content: ArrayLike,
    style: ArrayLike,
    images: ArrayLike | dict[str, ArrayLike],
    *,
    curve: Sequence[float] | None = None,
) -> Figure:
    """Draw content, style, and what became of them; below, if given, the loss by step.

    How to read it: outlines and their places come from the first image, the small patterns from the second (note 001
    §6.5). Several results, by name, show what a weight or a network changes.

    Parameters
    ----------
    content, style : array_like of shape (h, w) or (h, w, 3)
        The two images, of any size.
    images : array_like or mapping of str to array_like
        The result, or several by name.
    curve : sequence of float, optional
        Loss after each step, `loss_curve_` of a `StyleTransfer`.

    Returns
    -------
    matplotlib.figure.Figure
        The picture.

    Raises
    ------
    ValueError
        If something is not an image.

    References
    ----------
    [gatys2016], note 001 §6.5

    Examples
    --------
    >>> figure = plot_style_transfer(np.zeros((4, 6)), np.ones((3, 3)), np.eye(4), curve=[2.0, 1.0])
    >>> [axes.get_title(loc="left") for axes in figure.axes]
    ['content', 'style', 'content in the style', 'loss by step']
    """
    results = images if isinstance(images, dict) else {"content in the style": images}
    shown = {name: _image(image, name) for name, image in {"content": content, "style": style, **results}.items()}
    height = 2.3 * max(image.shape[0] / image.shape[1] for image in shown.values()) + 0.4
    figure = Figure(figsize=(2.3 * len(shown), height + (1.6 if curve else 0)), layout="constrained")
    grid = figure.add_gridspec(2 if curve else 1, len(shown), height_ratios=[height, 1.5] if curve else None)
    for place, (name, image) in enumerate(shown.items()):
        axes = figure.add_subplot(grid[0, place])
        axes.imshow(image, cmap="gray", vmin=0, vmax=1)
        axes.set_title(name)
        axes.set_axis_off()
    if curve:
        axes = figure.add_subplot(grid[1, :])
        fix_ticks(axes)
        axes.semilogy(np.arange(1, len(curve) + 1), curve, color=ACCENT)
        axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: format_number(value)))
        axes.tick_params(which="minor", length=0, labelleft=False)
        axes.set_title("loss by step")
    return figure


def _image(image: ArrayLike, name: str) -> np.ndarray:
    """Values between 0 and 1."""
    array = np.asarray(image)
    if array.ndim not in (2, 3) or (array.ndim == 3 and array.shape[2] not in (3, 4)) or not array.size:
        raise ValueError(f"{name} must be an image, (h, w) or (h, w, 3), got the shape {array.shape}")
    if array.dtype == np.uint8:
        return array / 255
    array = array.astype(float)
    low, high = min(0.0, array.min()), max(1.0, array.max())
    return (array - low) / (high - low)
