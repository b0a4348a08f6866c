"""Heat over images."""

from typing import Any

import numpy as np
import pytest
from matplotlib.colors import to_rgb

from panlearn.plot import plot_saliency
from panlearn.plot.style import SECOND


def test_the_hottest_pixel_has_the_full_colour():
    images, heat = np.zeros((2, 3, 3)), np.zeros((2, 3, 3))
    images[:, 0, 0], heat[0, 1, 2] = 1, 5
    figure: Any = plot_saliency(images, heat, labels=["a", "b"])
    picture = figure.axes[2].images[0].get_array()
    np.testing.assert_allclose(picture[1, 2], to_rgb(SECOND))
    np.testing.assert_allclose(picture[2, 2], 1.0)  # dark and cold: white
    assert np.isfinite(figure.axes[3].images[0].get_array()).all()  # no heat at all


def test_several_rows_are_named():
    figure: Any = plot_saliency(
        np.zeros((1, 3, 3, 3)), {"saliency": np.ones((1, 3, 3)), "Grad-CAM": np.ones((1, 3, 3))}
    )
    assert [axes.get_ylabel() for axes in figure.axes] == ["image", "saliency", "Grad-CAM"]


def test_shapes_are_checked():
    with pytest.raises(ValueError, match="heat must have the shape of the images"):
        plot_saliency(np.zeros((2, 3, 3)), np.zeros((2, 2, 2)))
    with pytest.raises(ValueError, match="labels must name each"):
        plot_saliency(np.zeros((2, 3, 3)), np.zeros((2, 3, 3)), labels=["a"])
