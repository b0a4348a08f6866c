"""Graph of a Markov chain."""

from typing import Any

import numpy as np
import pytest
from matplotlib.patches import Circle, FancyArrowPatch

from panlearn.plot import figure_svg, plot_transition_graph

A = np.array([[0.9, 0.1, 0.0], [0.0, 0.6, 0.4], [0.0, 0.0, 1.0]])  # left-right


def arrows(figure) -> list[Any]:
    return [patch for patch in figure.axes[0].patches if isinstance(patch, FancyArrowPatch)]


def test_an_arrow_for_each_transition_as_wide_as_it_is_probable():
    figure = plot_transition_graph(A)
    widths = [arrow.get_linewidth() for arrow in arrows(figure)]
    assert np.argsort(widths).tolist() == np.argsort(A[A > 0]).tolist()
    assert [text.get_text() for text in figure.axes[0].texts] == ["0", "1", "2", "0.9", "0.1", "0.6", "0.4", "1"]


def test_arrows_begin_and_end_at_their_states():
    figure = plot_transition_graph(np.full((5, 5), 0.2))
    circles = [patch for patch in figure.axes[0].patches if isinstance(patch, Circle)]
    centres = np.unique(np.round([circle.center for circle in circles], 9), axis=0)
    radius = circles[0].radius
    assert len(centres) == 5
    for arrow in arrows(figure):
        ends = arrow._path_original.vertices[[0, -1]]
        distances = np.linalg.norm(centres[:, None] - ends, axis=2).min(axis=0)
        np.testing.assert_allclose(distances, 1.06 * radius, rtol=1e-6)


def test_start_and_share_are_written():
    figure = plot_transition_graph(A, start=[1.0, 0.0, 0.0], share=[0.0, 0.25, 0.75], names=["one", "two", "three"])
    texts = [text.get_text() for text in figure.axes[0].texts]
    assert texts[:3] == ["one\n0%", "two\n25%", "three\n75%"]
    assert texts[-1] == "start 1"
    assert len(arrows(figure)) == 6
    assert "two" in figure_svg(figure, label="left-right")


def test_rare_transitions_are_counted_not_drawn():
    figure = plot_transition_graph([[0.999, 0.001], [0.5, 0.5]])
    assert figure.axes[0].get_title(loc="left") == "1 arrow below 0.01 left out"
    assert len(arrows(figure)) == 3
    assert len(arrows(plot_transition_graph([[0.999, 0.001], [0.5, 0.5]], smallest=0))) == 4


def test_one_state_and_sixteen():
    assert len(arrows(plot_transition_graph([[1.0]]))) == 1
    crowd = plot_transition_graph(np.full((16, 16), 1 / 16))
    assert len(arrows(crowd)) == 256


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"transmat": [0.5, 0.5]}, "square"),
        ({"transmat": np.zeros((0, 0))}, "1 to 16 states"),
        ({"transmat": np.eye(17)}, "1 to 16 states"),
        ({"transmat": [[-0.1, 1.1], [0.5, 0.5]]}, "probabilities"),
        ({"transmat": [[np.nan, 0.1], [0.5, 0.5]]}, "probabilities"),
        ({"transmat": [[0.9, 0.9], [0.5, 0.5]]}, "probabilities"),
        ({"transmat": np.eye(2), "names": ["a"]}, "names must have 2 entries"),
        ({"transmat": np.eye(2), "start": [1.0]}, "start must have 2 entries"),
    ],
)
def test_what_is_no_chain_is_refused(arguments, message):
    with pytest.raises(ValueError, match=message):
        plot_transition_graph(**arguments)
