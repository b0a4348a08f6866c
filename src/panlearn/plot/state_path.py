"""A series, and the hidden states it went through [rabiner1989]."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import ArrayLike

from panlearn.plot.labels import name_rows
from panlearn.plot.style import ACCENT, INK, MUTED, QUIET, SECOND, fix_ticks, house_style
from panlearn.plot.svg import RASTER_FROM

HUES = (ACCENT, SECOND, QUIET, INK, MUTED)
MAX_COLUMNS = 6


@house_style()
def plot_state_path(
    series: ArrayLike,
    states: ArrayLike,
    *,
    times: ArrayLike | None = None,
    means: ArrayLike | None = None,
    truth: ArrayLike | None = None,
    names: Sequence[str] | None = None,
    x_label: str = "step",
) -> Figure:
    """Draw a series in the colours of its states, and the path of the states below.

    How to read it: a bar below lasts as long as its state. Where bars are short the states follow the noise of single
    frames; where the steps of the means leave the points, a state is missing. A dark line over a bar is the truth.

    Parameters
    ----------
    series : array_like of shape (n,) or (n, p)
        What was observed; each column has a panel of its own, NaN is a gap.
    states : array_like of int, shape (n,)
        State of each frame, from 0: `model.predict(X)`, or a path of `viterbi`.
    times : array_like of shape (n,), optional
        Where the frames lie on the horizontal axis, ascending; by default 0, 1, ...
    means : array_like of shape (n_states,) or (n_states, p), optional
        Mean of the series in each state, drawn as steps.
    truth : array_like of int, shape (n,), optional
        Known states, -1 where unknown.
    names : sequence of str, optional
        Names of the states; gives their number, too.
    x_label : str
        Name of the horizontal axis.

    Returns
    -------
    matplotlib.figure.Figure
        The picture.

    Raises
    ------
    ValueError
        If the lengths differ, there is no frame, or a state has no name or mean.

    References
    ----------
    [rabiner1989], note 004 §11

    Examples
    --------
    >>> figure = plot_state_path([0.1, -0.2, 5.1, 4.8], [0, 0, 1, 1], means=[0, 5], names=["low", "high"])
    >>> [text.get_text() for text in figure.axes[1].texts]
    ['low', 'high']
    """
    rows = np.asarray(series, dtype=float)
    rows = rows[:, None] if rows.ndim == 1 else rows
    path = _states(states, rows, "states")
    known = path if truth is None else _states(truth, rows, "truth")
    edges, at = _edges(times, len(rows))
    levels = None if means is None else np.asarray(means, dtype=float).reshape(len(np.atleast_1d(means)), -1)
    n_states = 1 + max(int(path.max()), int(known.max()))
    n_states = max(n_states, 0 if names is None else len(names))
    if names is not None and len(names) < n_states:
        raise ValueError(f"names must name each of the {n_states} states, got {len(names)}")
    if levels is not None and (len(levels) < n_states or levels.shape[1] != rows.shape[1]):
        raise ValueError(f"means must have shape ({n_states}, {rows.shape[1]}), got {levels.shape}")
    below = 0.5 + 0.28 * n_states
    height = 1.9 if rows.shape[1] == 1 else 1.3
    figure = Figure(figsize=(6.4, height * rows.shape[1] + below), layout="constrained")
    panels = figure.subplots(rows.shape[1] + 1, 1, sharex=True, height_ratios=[height] * rows.shape[1] + [below])
    for j, axes in enumerate(panels[:-1]):
        fix_ticks(axes)
        _draw_series(axes, at, rows[:, j], path)
        if levels is not None:
            _draw_runs(axes, edges, path, levels[:, j], color=INK, linewidth=1.4)
    fix_ticks(panels[-1])
    name_rows(panels[-1], [str(k) for k in range(n_states)] if names is None else list(names))
    lines = np.arange(n_states, dtype=float)
    for state in range(n_states):
        _draw_runs(panels[-1], edges, np.where(path == state, path, -1), lines, color=_hue(state), linewidth=9)
    if truth is not None:
        _draw_runs(panels[-1], edges, known, lines - 0.36, color=INK, linewidth=1.6)
    panels[-1].set_xlabel(x_label)
    return figure


def _hue(state: int) -> str:
    return HUES[state % len(HUES)]


def _states(states: ArrayLike, rows: np.ndarray, name: str) -> np.ndarray:
    path = np.asarray(states)
    if rows.ndim != 2 or not 1 <= rows.shape[1] <= MAX_COLUMNS or not len(rows):
        raise ValueError(f"series must have 1 to {MAX_COLUMNS} columns and at least one frame, got shape {rows.shape}")
    if path.shape != (len(rows),) or path.dtype.kind not in "iub":
        raise ValueError(f"{name} must be {len(rows)} integers, one a frame, got {path.dtype} of shape {path.shape}")
    if path.min() < (-1 if name == "truth" else 0):
        raise ValueError(f"{name} must count from 0, got {path.min()}")
    return path.astype(np.intp)


def _draw_series(axes: Axes, at: np.ndarray, values: np.ndarray, path: np.ndarray) -> None:
    """A pale line through the frames, and each frame in the colour of its state."""
    heavy = len(values) > RASTER_FROM
    axes.plot(at, values, color=QUIET, linewidth=0.7, alpha=0.7, rasterized=heavy)
    style = {"linestyle": "none", "markersize": 4 if len(values) <= 150 else 2.5, "markeredgewidth": 0}
    for state in np.unique(path):
        mine = path == state
        axes.plot(at[mine], values[mine], "o", color=_hue(int(state)), rasterized=heavy, **style)


def _edges(times: ArrayLike | None, n: int) -> tuple[np.ndarray, np.ndarray]:
    """Where each frame begins and the last one ends, half way between frames, and where the frames are."""
    at = np.arange(n, dtype=float) if times is None else np.asarray(times, dtype=float)
    if at.shape != (n,) or not np.all(np.diff(at) >= 0):
        raise ValueError(f"times must be {n} ascending numbers, one a frame, got shape {at.shape}")
    middle = (at[1:] + at[:-1]) / 2
    first, last = (2 * at[0] - middle[0], 2 * at[-1] - middle[-1]) if n > 1 else (at[0] - 0.5, at[0] + 0.5)
    return np.r_[first, middle, last], at


def _draw_runs(axes: Axes, edges: np.ndarray, path: np.ndarray, heights: np.ndarray, **style: Any) -> None:
    """One horizontal stroke for each run of equal states, all in one line with gaps; -1 is no state."""
    starts = np.flatnonzero(np.r_[True, path[1:] != path[:-1]])
    stops = np.r_[starts[1:], len(path)]
    known = path[starts] >= 0
    x = np.column_stack([edges[starts], edges[stops], np.full(len(starts), np.nan)])[known]
    y = np.repeat(heights[path[starts][known]], 3)
    if known.any():
        axes.plot(x.ravel(), y, "-", solid_capstyle="butt", rasterized=len(starts) > RASTER_FROM, **style)
