"""Heat map of a posterior."""

from typing import Any

import numpy as np
import pytest

from panlearn.plot import figure_svg, plot_posterior_heatmap

P = np.array([[0.9, 0.1, 0.0], [0.2, 0.3, 0.5]])


def test_a_cell_is_as_full_as_its_state_is_probable():
    cells: Any = plot_posterior_heatmap(P).axes[0].collections[0]
    np.testing.assert_allclose(cells.get_facecolor()[:, 3], [0.9, 0.1, 0.2, 0.3, 0.5])  # none for 0
    centres = [path.vertices[:4].mean(axis=0) for path in cells.get_paths()]
    np.testing.assert_allclose(centres, [[0, 0], [0, 1], [1, 0], [1, 1], [1, 2]], atol=1e-12)


def test_the_path_is_outlined_where_it_is_known():
    outline: Any = plot_posterior_heatmap(P, path=[-1, 2]).axes[0].collections[1]
    np.testing.assert_allclose(outline.get_paths()[0].vertices[:4].mean(axis=0), [1, 2])
    assert len(outline.get_paths()) == 1


def test_words_stand_below():
    axes = plot_posterior_heatmap(P, frames=["from", "Rome"], names=["O", "B-city", "I-city"]).axes[0]
    assert [text.get_text() for text in axes.get_xticklabels()] == ["from", "Rome"]
    assert [text.get_text() for text in axes.texts] == ["O", "B-city", "I-city"]
    assert axes.get_xlabel() == ""


def test_long_sequences_are_one_bitmap_with_a_line():
    posterior = np.random.default_rng(0).dirichlet(np.ones(4), 5000)
    figure = plot_posterior_heatmap(posterior, path=posterior.argmax(axis=1), x_label="seconds")
    assert figure.axes[0].get_xlabel() == "seconds"
    svg = figure_svg(figure, label="long")
    assert "<image" in svg
    assert len(svg) < 2_000_000
    assert len(figure.axes[0].collections) == 1


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"posterior": [0.5, 0.5]}, "table"),
        ({"posterior": np.zeros((0, 2))}, "table"),
        ({"posterior": [[np.nan, 1.0]]}, "from 0 to 1"),
        ({"posterior": [[-1.0, 2.0]]}, "from 0 to 1"),
        ({"posterior": P, "names": ["a"]}, "names must have 3"),
        ({"posterior": P, "frames": ["a"]}, "frames must have 2"),
        ({"posterior": P, "path": [0, 3]}, "from -1 to 2"),
        ({"posterior": P, "path": [0.0, 1.0]}, "path must be 2 integers"),
    ],
)
def test_what_does_not_fit_is_refused(arguments, message):
    with pytest.raises(ValueError, match=message):
        plot_posterior_heatmap(**arguments)
