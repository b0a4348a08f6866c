"""Pictures of filters."""

from typing import Any

import numpy as np
import pytest

from panlearn.plot import plot_filters


def test_each_filter_is_a_tile():
    weights = np.random.default_rng(0).normal(size=(10, 1, 3, 3))
    image: Any = plot_filters(weights).axes[0].images[0].get_array()
    assert image.shape == (7, 31, 4)  # eight in a row
    assert (image[0, 0, :3].argmin() == 0) == (weights[0, 0, 0, 0] > 0)  # blue lacks red


def test_colours_and_later_layers():
    colours: Any = plot_filters(np.ones((4, 3, 5, 5))).axes[0].images[0].get_array()
    assert colours.shape == (5, 23, 4)
    figure: Any = plot_filters(np.ones((32, 16, 3, 3)), limit=16)
    assert figure.axes[0].get_title(loc="left") == "32 filters of 3 x 3 on 16 maps"
    assert figure.axes[0].images[0].get_array().shape == (7, 31, 4)  # two filters, eight maps of each


def test_shape_is_checked():
    with pytest.raises(ValueError, match="must have the shape"):
        plot_filters(np.ones((3, 3)))
