"""Content, style and result side by side."""

import numpy as np
import pytest

from panlearn.plot import plot_style_transfer

GREY = np.arange(12, dtype=np.uint8).reshape(3, 4) * 20


def test_images_are_shown_as_they_are():
    colour = np.zeros((2, 2, 3))
    figure = plot_style_transfer(GREY, colour, {"a": GREY.astype(float), "b": colour}, curve=[3.0, 2.0, 1.0])
    assert [axes.get_title(loc="left") for axes in figure.axes] == ["content", "style", "a", "b", "loss by step"]
    np.testing.assert_allclose(figure.axes[0].images[0].get_array(), GREY / 255)  # type: ignore
    np.testing.assert_allclose(figure.axes[2].images[0].get_array(), GREY / GREY.max())  # type: ignore
    np.testing.assert_array_equal(figure.axes[4].lines[0].get_ydata(), [3.0, 2.0, 1.0])


def test_without_a_curve():
    assert len(plot_style_transfer(GREY, GREY, GREY).axes) == 3


def test_other_shapes_are_refused():
    with pytest.raises(ValueError, match=r"style must be an image.*\(2, 3, 4, 3\)"):
        plot_style_transfer(GREY, np.zeros((2, 3, 4, 3)), GREY)
