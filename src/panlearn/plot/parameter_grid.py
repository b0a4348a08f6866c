"""A grid of two parameters: where a search found good scores."""

from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from panlearn.plot.labels import format_number, score_decimals
from panlearn.plot.style import ACCENT, INK, ON_ACCENT, SECOND, SURFACE, house_style, new_axes

WRITE_UP_TO = 64  # cells; more are shaded without their number
TICKS = 9  # values named along an axis


@house_style()
def plot_parameter_grid(search: Any, x: str = "C", y: str = "gamma", value: str = "mean_test_score") -> Figure:
    """Draw the scores of a grid search over two parameters, as shades of a grid.

    How to read it: the stronger the colour, the better; the frame marks the best cell. A best cell at the edge says
    that the grid ends too early. For a machine with a Gaussian kernel the good cells lie along a diagonal: a wider
    kernel (small gamma) with a dear slack (large C) does what a narrower one does with a cheap slack [keerthi2003].

    Parameters
    ----------
    search : fitted search, mapping or data frame
        A `GridSearchCV`, or its `cv_results_`.
    x, y : str
        The parameters, with or without the names of the steps before them ("C" finds "svc__C"). Axes are logarithmic
        where a parameter spans more than a factor of ten.
    value : str
        The entry of `cv_results_` to draw, larger is better. Over further parameters of the search, the best counts.

    Returns
    -------
    matplotlib.figure.Figure
        The picture.

    Raises
    ------
    ValueError
        If the table lacks a parameter or the value, a parameter is not a number, or no score is finite.

    References
    ----------
    [keerthi2003], note 000 §2.4

    Examples
    --------
    >>> table = {"param_C": [1, 1, 100, 100], "param_gamma": [0.1, 1, 0.1, 1], "mean_test_score": [0.7, 0.8, 0.9, 0.6]}
    >>> axes = plot_parameter_grid(table).axes[0]
    >>> axes.get_title(loc="left"), axes.get_xscale(), axes.get_yscale()
    ('best: 0.900 at C = 100, gamma = 0.1', 'log', 'linear')
    """
    table = getattr(search, "cv_results_", search)
    if not hasattr(table, "__getitem__"):
        raise ValueError(
            f"search must be a fitted search or its cv_results_, got {type(search).__name__}: call fit first"
        )
    xs, ys, grid = _grid(_numbers(table, f"param_{x}"), _numbers(table, f"param_{y}"), _numbers(table, value))
    if not np.isfinite(grid).any():
        raise ValueError(f"{value} must hold at least one finite score, got none")
    figure, axes = new_axes(min(max(2.0 + 0.6 * xs.size, 4.4), 7.5), min(max(1.4 + 0.4 * ys.size, 2.8), 5.5))
    edges = _edges(axes, xs, "x"), _edges(axes, ys, "y")
    row, column = divmod(int(grid.argmax()), xs.size)
    _shade(axes, grid, edges, (xs, ys))
    axes.add_patch(_cell(edges, row, column, fill=False, edgecolor=SECOND, linewidth=2.2, zorder=3))
    best = format_number(grid[row, column], max(_decimals(grid), 3))
    axes.set_title(f"best: {best} at {x} = {format_number(xs[column])}, {y} = {format_number(ys[row])}")
    axes.set(xlabel=x, ylabel=y)
    return figure


def _numbers(table: Any, key: str) -> np.ndarray:
    """The column of that name as numbers, nan where the search did not set it."""
    keys = [str(name) for name in getattr(table, "columns", table)]
    step, _, name = key.rpartition("param_")
    found = [key] if key in keys else [k for k in keys if key != name and k.endswith(f"__{name}") and not step]
    if len(found) != 1:
        raise ValueError(f"the results of the search must hold one column {key!r}, got {found or sorted(keys)}")
    try:
        return np.ma.filled(np.ma.asarray(table[found[0]]).astype(float), np.nan)
    except (TypeError, ValueError) as error:
        raise ValueError(f"{found[0]} must hold numbers to be an axis or a shade: {error}") from None


def _grid(across: np.ndarray, up: np.ndarray, scores: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Sorted values of both parameters, and the best score of each pair, -inf where there is none."""
    used = np.isfinite(across) & np.isfinite(up) & np.isfinite(scores)
    across, up, scores = across[used], up[used], scores[used]
    xs, ys = np.unique(across), np.unique(up)
    grid = np.full((ys.size, xs.size), -np.inf)
    np.maximum.at(grid, (np.searchsorted(ys, up), np.searchsorted(xs, across)), scores)
    return xs, ys, grid


def _decimals(grid: np.ndarray) -> int:
    return score_decimals(float(np.ptp(grid[np.isfinite(grid)])))


def _edges(axes: Axes, values: np.ndarray, side: str) -> np.ndarray:
    """Borders of the cells, half way between the values on the scale of the axis, which is set here."""
    log = bool(values[0] > 0 and values[-1] > 10 * values[0])
    marks = np.log(values) if log else values
    middle = (marks[1:] + marks[:-1]) / 2
    ends = (2 * marks[0] - middle[0], 2 * marks[-1] - middle[-1]) if middle.size else marks[0] + np.array([-0.5, 0.5])
    edges = np.array([ends[0], *middle, ends[1]])
    edges = np.exp(edges) if log else edges
    named = values[:: -(-values.size // TICKS)]
    set_scale, set_ticks, set_limits = (getattr(axes, f"set_{side}{what}") for what in ("scale", "ticks", "lim"))
    set_scale("log" if log else "linear")
    set_ticks(named, [format_number(value) for value in named])
    set_ticks([], minor=True)
    set_limits(edges[0], edges[-1])
    return edges


def _shade(
    axes: Axes, grid: np.ndarray, edges: tuple[np.ndarray, np.ndarray], values: tuple[np.ndarray, np.ndarray]
) -> None:
    """One cell a pair, as dark as its score is good, with the number where there is room."""
    finite = grid[np.isfinite(grid)]
    low, spread = finite.min(), np.ptp(finite) or 1.0
    axes.grid(visible=False)
    for row, column in np.argwhere(np.isfinite(grid)).tolist():
        score = float(grid[row, column])
        strength = 0.06 + 0.94 * ((score - low) / spread) ** 2  # the best ones tell apart
        axes.add_patch(_cell(edges, row, column, facecolor=ACCENT, edgecolor="none", alpha=strength))
        axes.add_patch(_cell(edges, row, column, fill=False, edgecolor=SURFACE, linewidth=1.0))
        if grid.size <= WRITE_UP_TO:
            colour = ON_ACCENT if strength > 0.7 else INK
            place = (float(values[0][column]), float(values[1][row]))
            text = format_number(score, _decimals(grid))
            axes.text(*place, text, ha="center", va="center", color=colour, fontsize=8)


def _cell(edges: tuple[np.ndarray, np.ndarray], row: int, column: int, **look: Any) -> Rectangle:
    left, below = float(edges[0][column]), float(edges[1][row])
    return Rectangle((left, below), float(edges[0][column + 1]) - left, float(edges[1][row + 1]) - below, **look)
