"""Sheets of small images."""

import numpy as np
import pytest
from matplotlib.colors import to_rgb

from panlearn.plot.image_tiles import as_images, grey_colours, show_sheet, signed_colours, tile_sheet
from panlearn.plot.style import ACCENT, SECOND, new_axes


def test_tiles_stand_in_rows_and_gaps_are_clear():
    tiles = np.stack([np.full((2, 3, 3), value) for value in (0.1, 0.2, 0.3)])
    sheet = tile_sheet(tiles, 2, gap=1)
    assert sheet.shape == (5, 7, 4)
    np.testing.assert_array_equal(sheet[3:, :3, 0], 0.3)
    assert not sheet[2].any()
    assert not sheet[3:, 4:].any()  # no fourth tile


def test_signs_have_colours():
    colours = signed_colours([-2.0, 0.0, 1.0], 2.0)
    np.testing.assert_allclose(colours[0], to_rgb(SECOND))
    np.testing.assert_allclose(colours[1], 1)
    np.testing.assert_allclose(colours[2], (1 + np.array(to_rgb(ACCENT))) / 2)
    np.testing.assert_allclose(signed_colours([0.0], 0.0), 1)


def test_greys_span_each_image():
    grey = grey_colours(np.array([[[0, 10]], [[5, 5]]]))
    np.testing.assert_allclose(grey[0, 0, :, 0], [0, 1])
    np.testing.assert_allclose(grey[1], 0)
    assert grey_colours(np.ones((2, 4, 4, 3))).shape == (2, 4, 4, 3)


def test_layouts():
    assert as_images(np.zeros((2, 3, 8, 8))).shape == (2, 8, 8, 3)
    assert as_images(np.zeros((2, 1, 8, 8))).shape == (2, 8, 8)
    with pytest.raises(ValueError, match="must have the shape"):
        as_images(np.zeros((2, 8)))


def test_a_sheet_has_no_axes():
    _, axes = new_axes()
    show_sheet(axes, np.zeros((2, 2, 4)))
    assert not axes.axison
