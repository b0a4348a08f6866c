"""The filters of a convolution as small pictures."""

import numpy as np
from matplotlib.figure import Figure
from numpy.typing import ArrayLike

from panlearn.plot.image_tiles import grey_colours, show_sheet, signed_colours, tile_sheet
from panlearn.plot.style import house_style

COLUMNS = 8


@house_style()
def plot_filters(filters: ArrayLike, *, limit: int = 64) -> Figure:
    """Draw filters: blue where a pixel counts for, vermilion where it counts against.

    How to read it: half blue, half vermilion is an edge in that direction; a blue spot in vermilion looks for points;
    one colour throughout is a mean. Filters of three channels are drawn in colours, each from its least to its greatest
    weight. Only the first layer looks at pixels; of later ones each row is a filter, and the columns are the first maps
    it reads (note 001 §6.5).

    Parameters
    ----------
    filters : array_like of shape (o, c, k, k)
        From `neural_network.filters`.
    limit : int
        Most pictures.

    Returns
    -------
    matplotlib.figure.Figure
        The picture.

    Raises
    ------
    ValueError
        If the shape is another.

    References
    ----------
    [lecun1998], note 001 §6.5

    Examples
    --------
    >>> figure = plot_filters(np.ones((16, 1, 3, 3)))
    >>> figure.axes[0].get_title(loc="left")
    '16 filters of 3 x 3'
    """
    array = np.asarray(filters, dtype=float)
    if array.ndim != 4 or not array.size:
        raise ValueError(f"filters must have the shape (o, c, k, k), got {array.shape}")
    o, c, height, width = array.shape
    largest = float(np.abs(array).max())
    columns = COLUMNS
    if c == 3:
        tiles = grey_colours(array[:limit].transpose(0, 2, 3, 1))
    elif c == 1:
        tiles = signed_colours(array[:limit, 0], largest)
    else:
        columns = min(c, COLUMNS)
        tiles = signed_colours(array[: max(1, limit // columns), :columns].reshape(-1, height, width), largest)
    sheet = tile_sheet(tiles, min(columns, len(tiles)))
    figure = Figure(figsize=(4.2, 4.2 * sheet.shape[0] / sheet.shape[1] + 0.35), layout="constrained")
    axes = figure.add_subplot()
    show_sheet(axes, sheet)
    axes.set_title(f"{o} filters of {height} x {width}" + (f" on {c} maps" if c not in (1, 3) else ""))
    return figure
