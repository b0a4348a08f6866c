"""Images to pixels between 0 and 1, and back."""

import numpy as np
import pytest
import torch

from panlearn.core.errors import DataError
from panlearn.neural_network.style_pixels import image_of, picture

rng = np.random.default_rng(0)
BYTES = rng.integers(0, 256, (5, 7), dtype=np.uint8)
COLOUR = rng.integers(60, 190, (5, 7, 3), dtype=np.uint8)
FLOATS = rng.uniform(-1, 1, (5, 7))


@pytest.mark.parametrize(
    ("image", "n_channels", "low", "high"),
    [
        (BYTES, 1, 0, 255),
        (BYTES, 3, 0, 1),
        (COLOUR, 3, 0, 1),
        (COLOUR, 1, 0, 255),
        (FLOATS, 1, -1, 1),
        (FLOATS, 3, -2, 2),
    ],
)
def test_there_and_back(image, n_channels, low, high):
    seen = picture(image, n_channels, low, high, "image")
    assert seen.pixels.shape == (1, n_channels, 5, 7)
    assert 0 <= seen.pixels.min() <= seen.pixels.max() <= 1
    back = image_of(seen.pixels, seen)
    assert back.shape == image.shape
    assert back.dtype == (np.uint8 if image.dtype == np.uint8 else np.float32)
    np.testing.assert_allclose(back, image, atol=1e-6 if back.dtype == np.float32 else 0)


def test_forms_of_one_image_are_the_same():
    last = picture(COLOUR, 3, 0, 1, "image").pixels
    torch.testing.assert_close(picture(COLOUR.transpose(2, 0, 1), 3, 0, 1, "image").pixels, last)
    torch.testing.assert_close(picture(torch.from_numpy(COLOUR), 3, 0, 1, "image").pixels, last)
    torch.testing.assert_close(picture(COLOUR / 255, 3, 0, 1, "image").pixels, last)
    torch.testing.assert_close(picture(COLOUR / 255, 3, 0, 255, "image").pixels, last)  # shares of the range
    torch.testing.assert_close(picture(COLOUR.astype(float), 3, 0, 255, "image").pixels, last)
    pil = pytest.importorskip("PIL.Image")
    torch.testing.assert_close(picture(pil.fromarray(COLOUR), 3, 0, 1, "image").pixels, last)


def test_brightness_changes_and_colours_stay():
    seen = picture(COLOUR, 1, 0, 1, "image")
    lighter = image_of(seen.pixels + 0.1, seen).astype(int)
    assert set(np.unique(lighter - COLOUR)) == {25, 26}  # 0.1 of 255 in each channel


def test_edge_cases():
    with pytest.raises(DataError, match=r"between 0 and 1, got -0.* to 0.*: pass bytes"):
        picture(FLOATS, 1, 0, 1, "style")
    with pytest.raises(DataError, match="content has 4 channels and the network takes 3"):
        picture(np.zeros((5, 7, 4), np.uint8), 3, 0, 1, "content")
    with pytest.raises(DataError, match=r"style must be one image.*got the shape \(2, 5, 7, 3\)"):
        picture(np.zeros((2, 5, 7, 3), np.uint8), 3, 0, 1, "style")
    with pytest.raises(ValueError, match="NaN"):
        picture(np.full((3, 3), np.nan), 1, 0, 1, "style")
