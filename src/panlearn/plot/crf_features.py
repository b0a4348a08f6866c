"""What a conditional random field goes by: its heaviest features, and its transitions [lafferty2001]."""

from collections.abc import Mapping
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.collections import PolyCollection
from matplotlib.colors import to_rgb
from matplotlib.figure import Figure

from panlearn.plot.labels import LABEL_CELLS, display_cells, fit_label, format_number, name_rows
from panlearn.plot.style import ACCENT, INK, MUTED, SECOND, fix_ticks, house_style

MAX_LABELS = 20  # rows and columns of the table of transitions


@house_style()
def plot_crf_features(model: Any, *, top: int = 15, label: str | None = None) -> Figure:
    """Draw the heaviest weights of a conditional random field, and a table of its transitions.

    How to read it: a weight of w multiplies the odds of its label by exp(w) wherever the attribute occurs; blue speaks
    for the label, vermilion against it. A weight on a single rare word is learnt by heart: more penalty (`c1`, `c2`)
    takes it away. In the table a full blue cell is a label (column) that likes to follow another (row), a vermilion one
    a pair that the data speak against.

    Parameters
    ----------
    model : CRF
        A fitted conditional random field; any object with the dictionaries `state_features_`, {(attribute, label):
        weight}, and `transition_features_`, {(label before, label after): weight}.
    top : int
        Weights to show, by size.
    label : str, optional
        Show the weights of this label only.

    Returns
    -------
    matplotlib.figure.Figure
        The picture.

    Raises
    ------
    ValueError
        If the model has no weight to show, or `top` is not positive.

    References
    ----------
    [lafferty2001], note 004 §11

    Examples
    --------
    >>> from types import SimpleNamespace
    >>> weights = {("word=Rome", "PLACE"): 2.0, ("word=to", "O"): 1.0, ("word=Rome", "O"): -1.5}
    >>> model = SimpleNamespace(state_features_=weights, transition_features_={("O", "PLACE"): 1.0})
    >>> [text.get_text() for text in plot_crf_features(model, top=2).axes[0].texts if "word" in text.get_text()]
    ['word=Rome → PLACE', 'word=Rome → O']
    """
    if top < 1:
        raise ValueError(f"top must be at least 1, got {top}")
    features = {pair: float(w) for pair, w in model.state_features_.items() if label is None or pair[1] == label}
    features = {pair: w for pair, w in features.items() if w}
    if not features:
        whom = "the model" if label is None else f"label {label!r}"
        raise ValueError(f"{whom} has no weight other than 0: give a fitted model and one of its labels")
    heaviest = sorted(features, key=lambda pair: (-abs(features[pair]), pair))[:top]
    transitions = dict(model.transition_features_)
    labels = _labels(transitions)
    bars = 0.8 + 0.25 * len(heaviest)
    table = 1.1 + 0.24 * len(labels)
    figure = Figure(figsize=(6.0, bars + (table if labels else 0)), layout="constrained")
    panels = figure.subplots(2, 1, height_ratios=[bars, table]) if labels else [figure.subplots()]
    _draw_bars(panels[0], {pair: features[pair] for pair in heaviest}, named=label is None)
    _title(panels[0], "weights" if label is None else f"weights of {label}", len(heaviest), len(features))
    if labels:
        _draw_table(panels[1], labels, transitions)
        _title(panels[1], "transitions: from the row to the column", len(labels), len({*sum(transitions, ())}))
    return figure


def _labels(transitions: Mapping[tuple[str, str], float]) -> list[str]:
    """Labels in order; of many, those with the heaviest transitions."""
    weight: dict[str, float] = {}
    for pair, w in transitions.items():
        for name in pair:
            weight[name] = weight.get(name, 0.0) + abs(w)
    kept = sorted(weight, key=lambda name: (-weight[name], name))[:MAX_LABELS]
    return sorted(kept)


def _title(axes: Axes, text: str, shown: int, found: int) -> None:
    axes.set_title(text if shown == found else f"{text} ({shown} of {found:,})".replace(",", "\N{NO-BREAK SPACE}"))


def _draw_bars(axes: Axes, weights: Mapping[tuple[str, str], float], *, named: bool) -> None:
    fix_ticks(axes)
    values = np.array(list(weights.values()))
    colours = [ACCENT if w > 0 else SECOND for w in values]
    axes.barh(range(len(values)), values, height=0.62, color=colours, alpha=0.55)
    for row, w in enumerate(values):
        axes.annotate(
            format_number(w, 2),
            (1, row),
            xycoords=("axes fraction", "data"),
            xytext=(6, 0),
            textcoords="offset points",
            va="center",
            color=INK,
        )
    axes.axvline(0, color=MUTED, linewidth=1)
    name_rows(axes, [_pair(attribute, label) if named else attribute for attribute, label in weights])


def _pair(attribute: str, label: str) -> str:
    """Both names on one line."""
    label = fit_label(label, 14, 1)
    return f"{fit_label(attribute, LABEL_CELLS - 3 - display_cells(label), 1)} → {label}"


def _draw_table(axes: Axes, labels: list[str], transitions: Mapping[tuple[str, str], float]) -> None:
    """Cells from full vermilion through nothing to full blue, each as strong as its weight."""
    fix_ticks(axes)
    axes.grid(visible=False)
    axes.spines[:].set_visible(False)
    place = {name: k for k, name in enumerate(labels)}
    cells = [(place[b], place[a], w) for (a, b), w in transitions.items() if a in place and b in place]
    x, y, w = np.array(cells, dtype=float).T
    strength = 0.9 * np.abs(w) / max(np.abs(w).max(), np.finfo(float).tiny)
    corners = np.array([[-0.47, -0.47], [0.47, -0.47], [0.47, 0.47], [-0.47, 0.47]])
    shades = [(*to_rgb(ACCENT if v > 0 else SECOND), s) for v, s in zip(w, strength, strict=True)]
    axes.add_collection(PolyCollection(list(np.column_stack([x, y])[:, None] + corners), facecolors=shades))
    names = [fit_label(name, cells=16, lines=1) for name in labels]
    axes.set_xticks(range(len(names)), names, color=INK, fontsize=8)
    axes.set_yticks(range(len(names)), names, color=INK, fontsize=8)
    axes.set(xlim=(-0.5, len(names) - 0.5), ylim=(len(names) - 0.5, -0.5))
    axes.tick_params(length=0)
    if sum(map(display_cells, names)) > 40:
        for text in axes.get_xticklabels():
            text.set(rotation=45, ha="right", rotation_mode="anchor")
