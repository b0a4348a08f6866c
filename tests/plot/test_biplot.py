"""The biplot."""

from typing import Any

import numpy as np
import pytest

from panlearn.plot import plot_biplot


def test_points_are_rows_and_arrows_columns():
    scores = np.array([[1.0, 2.0, 9.0], [3.0, -4.0, 9.0]])
    figure = plot_biplot(
        scores, np.array([[0.6, 0.8, 0.0], [0.8, -0.6, 0.0]]), names=["a", "b", "c"], labels=["x", "y"]
    )
    (axes,) = figure.axes
    np.testing.assert_allclose(np.vstack([c.get_offsets() for c in axes.collections]), scores[:, :2])
    notes: Any = axes.texts
    tips = {t.get_text(): t.xy for t in notes if t.get_text()}
    assert set(tips) == {"a", "b"}  # c has no arrow
    np.testing.assert_allclose(tips["a"][1] / tips["a"][0], 0.8 / 0.6)
    assert np.abs(list(tips.values())).max() <= 4
    legend = axes.get_legend()
    assert legend is not None
    assert [t.get_text() for t in legend.get_texts()] == ["x", "y"]


def test_only_the_longest_arrows_are_drawn_and_shares_written():
    figure = plot_biplot(np.eye(2), np.arange(8.0).reshape(2, 4), arrows=2, ratios=[0.61, 0.2])
    (axes,) = figure.axes
    assert sorted(t.get_text() for t in axes.texts if t.get_text()) == ["x2", "x3"]
    assert axes.get_xlabel() == "component 1 (61 %)"


@pytest.mark.parametrize(
    ("scores", "components", "settings", "message"),
    [
        (np.ones((3, 1)), np.ones((2, 2)), {}, "two components"),
        (np.ones((3, 2)), np.ones((2, 2)), {"names": ["a"]}, "names"),
        (np.ones((3, 2)), np.ones((2, 2)), {"labels": [1]}, "labels"),
    ],
)
def test_wrong_shapes(scores, components, settings, message):
    with pytest.raises(ValueError, match=message):
        plot_biplot(scores, components, **settings)
