"""What the layers of a network make of an image."""

from collections.abc import Mapping

import numpy as np
from matplotlib.figure import Figure
from numpy.typing import ArrayLike

from panlearn.plot.image_tiles import as_images, grey_colours, show_sheet, tile_sheet
from panlearn.plot.style import house_style

COLUMNS, FEW = 8, 4  # maps of a row; few maps are drawn larger
LEFT, RIGHT, TITLE = 1.7, 4.3, 0.4  # inches


@house_style()
def plot_feature_maps(image: ArrayLike, maps: ArrayLike | Mapping[str, ArrayLike], *, limit: int = 16) -> Figure:
    """Draw an image, and beside it the maps of one layer or of several.

    How to read it: white is where a filter found its pattern, each map from its own least to its greatest value. Early
    maps still look like the image, edges drawn out; late ones are coarse, and say what is where (note 001 §6.5).

    Parameters
    ----------
    image : array_like of shape (h, w) or (h, w, 3)
        What the network saw.
    maps : array_like of shape (o, h', w'), or mapping of str to such
        From `neural_network.feature_maps(model, X)[i]`; several layers by name.
    limit : int
        Most maps of a layer; those that vary most.

    Returns
    -------
    matplotlib.figure.Figure
        The picture.

    Raises
    ------
    ValueError
        If a shape is another.

    References
    ----------
    [lecun1998], note 001 §6.5

    Examples
    --------
    >>> figure = plot_feature_maps(np.eye(8), {"stage1": np.ones((4, 4, 4)), "stage2": np.ones((32, 2, 2))})
    >>> [axes.get_title(loc="left") for axes in figure.axes]
    ['image', 'stage1: 4 maps of 4 x 4', 'stage2: 16 of 32 maps of 2 x 2']
    """
    named = dict(maps) if isinstance(maps, Mapping) else {"": maps}
    layers = {name: as_images(array, "maps") for name, array in named.items()}
    sheets, titles = [], []
    for name, array in layers.items():
        chosen = np.sort(np.argsort(-array.std((1, 2)), kind="stable")[:limit])
        columns = COLUMNS if len(chosen) > COLUMNS else min(FEW, len(chosen))
        sheets.append(tile_sheet(grey_colours(array[chosen]), columns, max(1, array.shape[1] // 8)))
        number = f"{len(chosen)} of {len(array)}" if len(chosen) < len(array) else f"{len(array)}"
        size = f"{number} maps of {array.shape[1]} x {array.shape[2]}"
        titles.append(f"{name}: {size}" if name else size)
    heights = [RIGHT * sheet.shape[0] / sheet.shape[1] + TITLE for sheet in sheets]
    figure = Figure(figsize=(LEFT + RIGHT, sum(heights)), layout="constrained")
    left, right = figure.add_gridspec(1, 2, width_ratios=[LEFT, RIGHT])
    axes = figure.add_subplot(left)
    show_sheet(axes, tile_sheet(grey_colours(as_images(np.asarray(image)[None], "image")), 1))
    axes.set_title("image")
    below = right.subgridspec(len(layers), 1, height_ratios=heights)
    for place, (sheet, title) in enumerate(zip(sheets, titles, strict=True)):
        axes = figure.add_subplot(below[place])
        show_sheet(axes, sheet)
        axes.set_title(title)
    return figure
