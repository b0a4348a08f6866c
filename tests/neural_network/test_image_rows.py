"""Images in, bytes out: every layout, every mistake."""

import numpy as np
import pytest
import torch

from panlearn.core.errors import DataError
from panlearn.neural_network.image_rows import ImageShape, image_array, image_table, is_table

RANDOM = np.random.default_rng(0)
GREY = RANDOM.integers(0, 256, (5, 6, 7), dtype=np.uint8)
COLOUR = RANDOM.integers(0, 256, (5, 6, 7, 3), dtype=np.uint8)


def test_layouts_agree():
    first = COLOUR.transpose(0, 3, 1, 2)
    for X in (COLOUR, first, torch.from_numpy(COLOUR), list(COLOUR), list(first), COLOUR.astype(int), COLOUR.tolist()):
        array = image_array(X)
        assert array.dtype == np.uint8
        np.testing.assert_array_equal(array, first)
    np.testing.assert_array_equal(image_array(GREY), GREY[:, None])
    np.testing.assert_array_equal(image_array(GREY[..., None]), GREY[:, None])
    np.testing.assert_array_equal(image_array(list(GREY)), GREY[:, None])


def test_channels_that_could_be_either_have_to_be_named():
    X = np.zeros((2, 3, 8, 3))
    with pytest.raises(DataError, match='set channels="first" or channels="last"'):
        image_array(X)
    assert image_array(X, channels="first").shape == (2, 3, 8, 3)
    assert image_array(X, channels="last").shape == (2, 3, 3, 8)
    with pytest.raises(DataError, match="neither the first nor the last"):
        image_array(np.zeros((2, 8, 8, 5)))
    assert image_array(np.zeros((2, 8, 8, 5)), channels="last").shape == (2, 5, 8, 8)


def test_pil_images():
    image = pytest.importorskip("PIL.Image")
    grey, colour = (image.fromarray(a) for a in (GREY[0], COLOUR[0]))
    np.testing.assert_array_equal(image_array([grey, grey])[1, 0], GREY[0])
    np.testing.assert_array_equal(image_array([colour])[0], COLOUR[0].transpose(2, 0, 1))
    assert image_array([colour.convert("P")]).shape == (1, 3, 6, 7)  # a palette's numbers are no colours
    assert image_array([grey.convert("1")]).shape == (1, 1, 6, 7)
    assert image_array([colour.convert("RGBA")]).shape == (1, 4, 6, 7)
    with pytest.raises(DataError, match=r"one size, got 2: 6x7x1, 6x7x3 .* image_shape"):
        image_array([grey, colour])


def test_sizes_have_to_agree_or_be_given():
    mixed = [GREY[0], GREY[0, :4]]
    with pytest.raises(DataError, match=r"must have one size, got 2: 4x7x1, 6x7x1 .* image_shape=\(height, width\)"):
        image_array(mixed)
    array = image_array(mixed, size=(3, 3))
    assert array.shape == (2, 1, 3, 3)
    assert array.dtype == np.uint8


def test_resizing_takes_means_over_areas():
    X = GREY[:, :4, :4]
    expected = X.reshape(5, 2, 2, 2, 2).mean((2, 4))
    np.testing.assert_allclose(image_array(X, size=(2, 2))[:, 0], expected, atol=0.5)
    np.testing.assert_allclose(image_array(X / 255.0, size=(2, 2))[:, 0], expected / 255, atol=1e-6)
    assert (image_array(np.full((1, 2, 2), 7, np.uint8), size=(5, 5)) == 7).all()
    with pytest.raises(DataError, match="wants 3 channels, the images have 1"):
        image_array(X, size=(2, 2, 3))


def test_numbers_stay_what_they_are():
    assert image_array(GREY.astype(float)).dtype == np.float32
    assert image_array(GREY.astype(int) - 1).dtype == np.float32
    np.testing.assert_array_equal(image_array(GREY.astype(int) * 2)[:, 0], GREY * 2.0)
    with pytest.raises(ValueError, match="NaN"):
        image_array(np.where(GREY > 3, np.nan, 0.0))
    with pytest.raises(DataError, match="pixels must be numbers"):
        image_array(np.full((2, 3, 3), "a"))
    with pytest.raises(DataError, match=r"must have the shape .* got \(2,\)"):
        image_array(np.zeros(2))
    with pytest.raises(DataError, match="at least one pixel"):
        image_array(np.zeros((2, 0, 3)))
    with pytest.raises(DataError, match="holds no image"):
        image_array([])
    with pytest.raises(DataError, match="got int"):
        image_array(3)


def test_rows_of_pixels():
    assert image_table(np.zeros((2, 9)), None).shape == (2, 1, 3, 3)
    assert image_table(np.zeros((2, 10)), None).shape == (2, 1, 1, 10)
    np.testing.assert_array_equal(image_table(COLOUR.reshape(5, -1), (6, 7, 3)), COLOUR.transpose(0, 3, 1, 2))
    with pytest.raises(DataError, match=r"image_shape=\(2, 2\) has 4 pixels, but each row of X has 9"):
        image_table(np.zeros((2, 9)), (2, 2))


@pytest.mark.parametrize("X", [[[1, 2], [3, 4]], np.zeros((2, 4)), np.zeros(3), torch.zeros(2, 2), [[0.0]], []])
def test_tables_are_told_from_images(X):
    assert is_table(X)


@pytest.mark.parametrize("X", [GREY, list(GREY), GREY.tolist(), torch.from_numpy(GREY), tuple(COLOUR)])
def test_images_are_told_from_tables(X):
    assert not is_table(X)


def test_object_arrays_hold_images():
    X = np.empty(2, dtype=object)
    X[:] = [GREY[0], GREY[1]]
    assert not is_table(X)
    np.testing.assert_array_equal(image_array(X)[:, 0], GREY[:2])


def test_shapes_follow_the_formula_of_the_notes():
    assert ImageShape(1, 32, 32).after(6, 5, 1).after(6, 2, 2) == (6, 14, 14)
