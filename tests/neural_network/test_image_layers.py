"""Filters and feature maps."""

from typing import Any

import numpy as np
import pytest
import torch
from sklearn.exceptions import NotFittedError

from panlearn.core.errors import DataError
from panlearn.neural_network import CNNClassifier, ResNetClassifier, feature_maps, filters
from tests.neural_network.image_cases import bars

X, Y = bars()
MODEL: Any = CNNClassifier((4, 6), max_epochs=1, random_state=0).fit(X, Y)


def test_filters_are_the_weights():
    state = MODEL.module_.state_dict()
    np.testing.assert_array_equal(filters(MODEL), state["stage1.convolution1.conv.weight"])
    np.testing.assert_array_equal(filters(MODEL, "stage2"), state["stage2.convolution1.conv.weight"])
    copy = filters(MODEL)
    copy[:] = 0
    assert filters(MODEL).any()  # the model keeps its own


def test_maps_are_what_the_next_layer_sees():
    images = torch.from_numpy(X)[:, None]
    first = MODEL.module_.stage1(MODEL.module_.scaling(images)).detach()
    np.testing.assert_allclose(feature_maps(MODEL, X, "stage1"), first, atol=1e-6)
    np.testing.assert_allclose(feature_maps(MODEL, X), MODEL.module_.stage2(first).detach(), atol=1e-5)
    residual = ResNetClassifier((4, 6), max_epochs=1, random_state=0).fit(X, Y)
    assert feature_maps(residual, X[:3]).shape == (3, 6, 2, 2)


def test_edge_cases():
    with pytest.raises(DataError, match="layer='stage9' is none of the network's modules"):
        feature_maps(MODEL, X, "stage9")
    with pytest.raises(DataError, match="gives no maps"):
        feature_maps(MODEL, X, "head")
    with pytest.raises(DataError, match="must hold a convolution"):
        filters(MODEL, "head")
    with pytest.raises(NotFittedError):
        filters(CNNClassifier())
    with pytest.raises(DataError, match="no maps of more than one place"):
        feature_maps(torch.nn.Flatten(), torch.zeros(1, 1, 2, 2))
