"""What classifiers of images share."""

import numpy as np
import pytest

from panlearn.neural_network import CNNClassifier
from panlearn.neural_network.image_classifier import _moments


@pytest.mark.parametrize("kind", [np.uint8, np.float32])
def test_moments_are_those_of_numpy(kind):
    channel = np.random.default_rng(0).integers(0, 256, (70, 5, 4)).astype(kind)
    np.testing.assert_allclose(_moments(channel), (channel.mean(dtype=float), channel.std(dtype=float)), rtol=1e-6)
    assert _moments(np.full((3, 2, 2), 5, kind)) == (5.0, 1.0)


def test_each_channel_has_its_own():
    X = np.zeros((8, 5, 5, 3), np.uint8)
    X[..., 1], X[::2, ..., 2] = 100, 200
    model = CNNClassifier((2,), max_epochs=1).fit(X, np.arange(8) % 2)
    np.testing.assert_allclose(model.pixel_mean_, [0, 100, 100])
    np.testing.assert_allclose(model.pixel_spread_, [1, 1, 100])
    assert model.pixel_range_ == (0.0, 255.0)
    assert model.n_features_in_ == 75


def test_read_only_images_are_taken():
    X = np.frombuffer(bytes(range(128)), np.uint8).reshape(8, 4, 4)
    assert CNNClassifier((2,), max_epochs=1).fit(X, np.arange(8) % 2).predict(X).shape == (8,)
