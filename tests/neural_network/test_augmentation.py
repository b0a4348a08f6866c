"""Augmentation: each change does what its name says, within its strength, and only that."""

import numpy as np
import pytest
import torch

from panlearn.core.errors import DataError
from panlearn.neural_network import Augmentation

pytest.importorskip("kornia")
BYTES = (0.0, 255.0)


def changed(images: torch.Tensor, pixel_range=BYTES, **settings) -> torch.Tensor:
    with torch.random.fork_rng([]):
        torch.manual_seed(0)
        return Augmentation(**settings).transform(pixel_range)((images,))[0]


def images(channels: int = 1, n: int = 16) -> torch.Tensor:
    random = torch.Generator().manual_seed(0)
    return torch.randint(0, 256, (n, channels, 12, 12), dtype=torch.uint8, generator=random)


def test_nothing_asked_nothing_changed():
    x = images()
    torch.testing.assert_close(changed(x), x.float())
    weights = torch.ones(16)
    assert Augmentation().transform(BYTES)((x, weights))[1] is weights


def test_flips_are_mirrors():
    x = images()
    torch.testing.assert_close(changed(x, horizontal_flip=1.0), x.float().flip(3))
    torch.testing.assert_close(changed(x, vertical_flip=1.0), x.float().flip(2))
    half = changed(x, horizontal_flip=0.5)
    same = (half - x.float()).abs().amax((1, 2, 3)) < 1e-3
    assert 0 < same.sum() < 16  # each image has its own draw


def test_padding_shifts_by_whole_pixels():
    x = images()
    wide = torch.nn.functional.pad(x.float(), (2, 2, 2, 2))
    shifts = [wide[:, :, i : i + 12, j : j + 12] for i in range(5) for j in range(5)]
    for k, image in enumerate(changed(x, padding=2)):
        assert any(torch.allclose(image, shifted[k], atol=1e-3) for shifted in shifts)


@pytest.mark.parametrize("settings", [{"rotation": 90.0}, {"shift": 0.3}, {"scale": 0.4}, {"crop": 0.5}])
def test_geometry_moves_what_is_there(settings):
    x = images()
    out = changed(x, **settings)
    assert out.shape == x.shape
    assert out.min() >= -1e-3
    assert out.max() <= 255.1
    assert (out - x.float()).abs().mean() > 1
    if "crop" in settings:  # a piece of one colour is of that colour at any size
        torch.testing.assert_close(changed(torch.full((2, 1, 8, 8), 9.0), **settings), torch.full((2, 1, 8, 8), 9.0))


@pytest.mark.parametrize("settings", [{"brightness": 0.3}, {"contrast": 0.3}, {"sharpness": 2.0}])
@pytest.mark.parametrize("channels", [1, 3])
def test_colours_change_and_places_stay(settings, channels):
    x = images(channels)
    out = changed(x, **settings)
    assert (out - x.float()).abs().mean() > 0.5
    assert not torch.isnan(out).any()


def test_colour_needs_colours():
    assert (changed(images(3), saturation=0.5, hue=0.2) - images(3).float()).abs().mean() > 1
    with pytest.raises(DataError, match="saturation and hue need 3 channels, the images have 1"):
        changed(images(), hue=0.2)


def test_strengths_are_shares_of_the_range():
    """Noise of 10 % is 0.1 for pixels up to 1, and 25.5 for bytes."""
    for top in (1.0, 255.0):
        noise = changed(torch.full((64, 1, 12, 12), top / 2), (0.0, top), noise=0.1) - top / 2
        assert float(noise.std()) == pytest.approx(0.1 * top, rel=0.1)


@pytest.mark.parametrize(
    ("settings", "text"),
    [
        ({"horizontal_flip": 1.5}, r"horizontal_flip must be a number in \[0, 1\], got 1.5"),
        ({"scale": 1.0}, r"scale must be a number in \[0, 1\)"),
        ({"padding": 1.5}, "padding must be a whole number"),
        ({"noise": -1.0}, "noise must be"),
        ({"hue": 0.6}, r"hue must be a number in \[0, 0.5\]"),
        ({"shift": "far"}, "shift must be a number"),
    ],
)
def test_bad_strengths_say_their_range(settings, text):
    with pytest.raises(DataError, match=text):
        Augmentation(**settings).transform(BYTES)


def test_same_seed_same_changes():
    x = images()
    settings = {"rotation": 10.0, "padding": 1, "noise": 0.1, "horizontal_flip": 0.5}
    np.testing.assert_array_equal(changed(x, **settings), changed(x, **settings))
