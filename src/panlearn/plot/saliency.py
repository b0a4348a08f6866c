"""Where a network looks: heat over images."""

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.colors import to_rgb
from matplotlib.figure import Figure
from numpy.typing import ArrayLike

from panlearn.plot.image_tiles import as_images, grey_colours
from panlearn.plot.style import INK, SECOND, house_style


@house_style()
def plot_saliency(
    images: ArrayLike,
    heat: ArrayLike | Mapping[str, ArrayLike],
    *,
    labels: Sequence[str] | None = None,
) -> Figure:
    """Draw images, and below each what speaks for its class.

    How to read it: the more vermilion, the more a part counts; each picture from 0 to its own maximum. Saliency shows
    pixels whose change would change the output, Grad-CAM the parts whose maps speak for the class. Heat on the
    background is a warning: the network may have learnt the photographer and not the thing.

    Parameters
    ----------
    images : array_like of shape (n, h, w), (n, h, w, 3) or (n, 3, h, w)
        What the network saw.
    heat : array_like of shape (n, h, w), or mapping of str to such
        From `neural_network.saliency` or `grad_cam`; several by name.
    labels : sequence of str, optional
        One for each image.

    Returns
    -------
    matplotlib.figure.Figure
        The picture.

    Raises
    ------
    ValueError
        If a heat does not fit the images, or a label is missing.

    References
    ----------
    [simonyan2014], [selvaraju2017]

    Examples
    --------
    >>> figure = plot_saliency(np.zeros((2, 4, 4)), {"Grad-CAM": np.ones((2, 4, 4))}, labels=["coat", "bag"])
    >>> [axes.get_title(loc="left") for axes in figure.axes[:2]]
    ['coat', 'bag']
    """
    shown = grey_colours(as_images(images))
    rows = dict(heat) if isinstance(heat, Mapping) else {"heat": heat}
    n = len(shown)
    for name, values in rows.items():
        if np.shape(values) != shown.shape[:3]:
            raise ValueError(f"{name} must have the shape of the images, {shown.shape[:3]}, got {np.shape(values)}")
    if labels is not None and len(labels) != n:
        raise ValueError(f"labels must name each of the {n} images, got {len(labels)}")
    figure = Figure(figsize=(1.05 * n + 0.9, 1.1 * (1 + len(rows)) + 0.3), layout="constrained")
    grid = figure.subplots(1 + len(rows), n, squeeze=False)
    pictures = [shown, *(_heated(shown, np.asarray(values, dtype=float)) for values in rows.values())]
    for name, line, drawn in zip(["image", *rows], grid, pictures):
        for axes, picture in zip(line, drawn):
            axes.imshow(picture, interpolation="nearest")
            axes.set(xticks=[], yticks=[])
            axes.spines[:].set_visible(False)
        line[0].set_ylabel(name, rotation=0, ha="right", va="center", color=INK)
    for axes, label in zip(grid[0], labels or ()):
        axes.set_title(label)
    return figure


def _heated(images: np.ndarray, heat: np.ndarray) -> np.ndarray:
    """Paler images with a colour laid over, as strong as the heat."""
    strength = heat / np.maximum(heat.max((1, 2), keepdims=True), np.finfo(float).tiny)
    strength = np.clip(strength, 0, 1)[..., None]
    pale = 0.35 + 0.65 * (1 - images)  # dark on light: the colour stays readable
    return (1 - strength) * pale + strength * np.array(to_rgb(SECOND))
