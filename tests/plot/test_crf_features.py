"""Heaviest weights of a conditional random field."""

from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from panlearn.plot import figure_svg, plot_crf_features

WEIGHTS = {("a", "X"): 1.0, ("b", "X"): -3.0, ("c", "Y"): 2.0, ("d", "Y"): 0.0}
TRANSITIONS = {("X", "Y"): 2.0, ("Y", "X"): -1.0}


def model(weights=WEIGHTS, transitions=TRANSITIONS):
    return SimpleNamespace(state_features_=weights, transition_features_=transitions)


def names(axes):
    return [text.get_text() for text in axes.texts if not text.get_text()[-1].isdigit()]


def test_bars_are_the_heaviest_weights_in_order():
    upper, lower = plot_crf_features(model(), top=2).axes
    bars: Any = upper.patches
    assert [bar.get_width() for bar in bars] == [-3.0, 2.0]
    assert names(upper) == ["b → X", "c → Y"]
    assert upper.get_title(loc="left") == "weights (2 of 3)"
    assert lower.get_title(loc="left") == "transitions: from the row to the column"


def test_cells_are_as_full_as_their_weight():
    cells: Any = plot_crf_features(model()).axes[1].collections[0]
    np.testing.assert_allclose(cells.get_facecolor()[:, 3], [0.9, 0.45])
    centres = [path.vertices[:4].mean(axis=0) for path in cells.get_paths()]
    np.testing.assert_allclose(centres, [[1, 0], [0, 1]], atol=1e-12)  # (column, row) = (after, before)


def test_one_label_alone():
    upper = plot_crf_features(model(), label="X").axes[0]
    assert names(upper) == ["b", "a"]
    assert upper.get_title(loc="left") == "weights of X"


def test_many_labels_keep_the_heaviest_transitions():
    pairs = {(f"t{i}", f"t{i + 1}"): float(i) for i in range(40)}
    lower = plot_crf_features(model(transitions=pairs)).axes[1]
    shown = [text.get_text() for text in lower.get_yticklabels()]
    assert len(shown) == 20
    assert {"t39", "t38"} < {*shown}
    assert lower.get_title(loc="left").endswith("(20 of 41)")


def test_long_names_stay_on_their_line_and_no_transition_is_no_table():
    figure = plot_crf_features(model({("word[-1]|word[0]=" + "long" * 9, "B-" + "long" * 9): 1.0}, {}))
    assert len(figure.axes) == 1
    assert all("\n" not in text.get_text() for text in figure.axes[0].texts)
    assert "…" in figure_svg(figure, label="weights")


def test_the_transitions_may_all_be_zero():
    figure = plot_crf_features(model(transitions={("X", "Y"): 0.0}))
    for axes in figure.axes[1:]:
        cells: Any = axes.collections[0]
        assert (np.asarray(cells.get_facecolor())[:, 3] == 0).all()


def test_nothing_to_show_is_an_error():
    with pytest.raises(ValueError, match="label 'Z' has no weight"):
        plot_crf_features(model(), label="Z")
    with pytest.raises(ValueError, match="the model has no weight"):
        plot_crf_features(model({}))
    with pytest.raises(ValueError, match="top must be at least 1"):
        plot_crf_features(model(), top=0)
