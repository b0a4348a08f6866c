"""Posterior probabilities of states or tags, a column for each frame [rabiner1989]."""

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.collections import PolyCollection
from matplotlib.colors import to_rgb
from matplotlib.figure import Figure
from numpy.typing import ArrayLike

from panlearn.plot.labels import display_cells, fit_label, name_rows
from panlearn.plot.style import ACCENT, INK, SECOND, house_style, new_axes
from panlearn.plot.svg import RASTER_FROM

FAINT = 0.01  # probabilities below it leave their cell empty
MAX_WORDS = 60  # frames whose labels can be read


@house_style()
def plot_posterior_heatmap(
    posterior: ArrayLike,
    *,
    path: ArrayLike | None = None,
    names: Sequence[str] | None = None,
    frames: Sequence[str] | None = None,
    x_label: str = "step",
) -> Figure:
    """Draw how probable each state is at each frame, given the whole sequence.

    How to read it: the fuller a cell, the surer its state; each column sums to one. Pale columns are the frames where
    the model hesitates: look at those first. The outlined cells are a path, mostly the best one as a whole (Viterbi).
    It need not pass through the fullest cells: the most probable state of each frame for itself may give a path that is
    impossible.

    Parameters
    ----------
    posterior : array_like of shape (n, n_states)
        Probabilities: `predict_proba(X)`, or the marginals of a conditional random field.
    path : array_like of int, shape (n,), optional
        States to outline, from 0; -1 for none.
    names : sequence of str, optional
        Names of the states; by default their numbers.
    frames : sequence of str, optional
        Labels of the frames, the words of a sentence for instance.
    x_label : str
        Name of the horizontal axis; not drawn under `frames`.

    Returns
    -------
    matplotlib.figure.Figure
        The picture.

    Raises
    ------
    ValueError
        If the posterior is not a table of numbers from 0 to 1, or another argument does not fit it.

    References
    ----------
    [rabiner1989], [lafferty2001], note 004 §11

    Examples
    --------
    >>> figure = plot_posterior_heatmap([[0.9, 0.1], [0.2, 0.8]], path=[0, 1], names=["O", "B"], frames=["to", "Rome"])
    >>> [text.get_text() for text in figure.axes[0].texts]
    ['O', 'B']
    """
    P = np.asarray(posterior, dtype=float)
    if P.ndim != 2 or not P.size or not np.all((P >= 0) & (P <= 1 + 1e-6)):
        raise ValueError(f"posterior must be a table (frames, states) of numbers from 0 to 1, got shape {P.shape}")
    n, n_states = P.shape
    for name, given, size in (("names", names, n_states), ("frames", frames, n)):
        if given is not None and len(given) != size:
            raise ValueError(f"{name} must have {size} entries, got {len(given)}")
    width = float(np.clip(1.4 + 0.32 * n, 4.0, 7.5))
    figure, axes = new_axes(width, float(np.clip(1.0 + 0.24 * n_states, 1.6, 7.0)))
    axes.grid(visible=False)
    name_rows(axes, [str(k) for k in range(n_states)] if names is None else list(names))
    axes.set(xlim=(-0.56, n - 0.44), ylim=(n_states - 0.44, -0.56))
    gap = 0.03 if n <= MAX_WORDS else 0.0
    t, k = np.nonzero(P >= FAINT)
    shades = [(*to_rgb(ACCENT), p) for p in P[t, k].clip(max=1)]
    axes.add_collection(PolyCollection(_cells(t, k, gap), facecolors=shades, rasterized=len(t) > RASTER_FROM))
    if path is not None:
        _outline(axes, np.asarray(path), n, n_states, gap)
    if frames is None:
        axes.set_xlabel(x_label)
    else:
        _name_frames(axes, frames)
    return figure


def _cells(t: np.ndarray, k: np.ndarray, gap: float) -> list[np.ndarray]:
    """Corners (4, 2) of the cells of frames t and states k."""
    across, down = np.array([-1, 1, 1, -1]) * (0.5 - gap), np.array([-1, -1, 1, 1]) * (0.5 - gap)
    return list(np.stack([t[:, None] + across, k[:, None] + down], axis=2))


def _outline(axes: Axes, path: np.ndarray, n: int, n_states: int, gap: float) -> None:
    if path.shape != (n,) or path.dtype.kind not in "iub" or path.min() < -1 or path.max() >= n_states:
        raise ValueError(f"path must be {n} integers from -1 to {n_states - 1}, got {path.dtype} of shape {path.shape}")
    if n > MAX_WORDS:  # outlines would fill their cells: one line of steps
        edges = np.arange(n + 1) - 0.5
        axes.stairs(np.where(path < 0, np.nan, path), edges, baseline=None, color=SECOND, linewidth=1.2)
        return
    t = np.flatnonzero(path >= 0)
    frames = PolyCollection(_cells(t, path[t], gap), facecolors="none", edgecolors=SECOND, linewidths=1.6)
    axes.add_collection(frames)


def _name_frames(axes: Axes, frames: Sequence[str]) -> None:
    labels = [fit_label(str(word), cells=16, lines=1) for word in frames]
    step = -(-len(labels) // MAX_WORDS)
    axes.set_xticks(range(0, len(labels), step), labels[::step], color=INK, fontsize=8.5)
    if max(map(display_cells, labels)) > 4:
        for text in axes.get_xticklabels():
            text.set(rotation=45, ha="right", rotation_mode="anchor")
    axes.tick_params(axis="x", length=0)
