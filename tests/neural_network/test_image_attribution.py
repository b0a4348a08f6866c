"""Saliency against finite differences, Grad-CAM against its formula."""

from typing import Any

import numpy as np
import pytest
import torch

from panlearn.core.errors import DataError
from panlearn.neural_network import CNNClassifier, feature_maps, grad_cam, saliency
from tests.neural_network.image_cases import bars

X, Y = bars(120)
MODEL: Any = CNNClassifier(
    (6,), head="average", hidden_layer_sizes=(), learning_rate=0.01, batch_size=20, random_state=0
)
MODEL.set_params(activation="softplus", max_epochs=12).fit(X, Y)


def test_saliency_is_the_slope():
    image = X[:1].astype(np.float32)
    slopes = saliency(MODEL, image, 1)[0]
    for i, j in ((0, 0), (3, 4), (7, 2)):
        up, down = image.copy(), image.copy()
        up[0, i, j] += 1
        down[0, i, j] -= 1
        difference = MODEL._outputs(up, link=False)[0, 1] - MODEL._outputs(down, link=False)[0, 1]
        assert slopes[i, j] == pytest.approx(abs(difference) / 2, rel=0.05, abs=1e-5)


def test_grad_cam_is_its_formula():
    """After a mean over places the weight of a map is the output's weight over the number of places."""
    maps = feature_maps(MODEL, X[:5], "stage1")
    weights = MODEL.module_.head[-1].weight.detach().numpy()[1] / maps[0, 0].size
    expected = np.maximum(np.einsum("k,nkij->nij", weights, maps), 0)
    heat = grad_cam(MODEL, X[:5], 1, "stage1")
    assert heat.shape == (5, 8, 8)
    grown = torch.nn.functional.interpolate(torch.from_numpy(expected)[:, None], (8, 8), mode="bilinear")[:, 0]
    np.testing.assert_allclose(heat, grown, atol=1e-5)


def test_the_bar_is_what_counts():
    right = MODEL.predict(X) == Y
    heat = grad_cam(MODEL, X[right])
    bar = X[right] == 255
    assert heat[bar].mean() > 1.5 * heat[~bar].mean()


def test_targets():
    predicted = MODEL.predict(X[:6])
    np.testing.assert_array_equal(saliency(MODEL, X[:6]), saliency(MODEL, X[:6], predicted))
    np.testing.assert_array_equal(grad_cam(MODEL, X[:6], 1), grad_cam(MODEL, X[:6], np.ones(6, int)))
    with pytest.raises(DataError, match="one label, or one for each of the 6 images"):
        saliency(MODEL, X[:6], [0, 1])
    with pytest.raises(DataError, match="none of the classes"):
        grad_cam(MODEL, X[:6], 7)
    with pytest.raises(DataError, match=r"target must be in \[0, 1\]"):
        saliency(MODEL.module_, torch.from_numpy(X)[:2, None], 5)


def test_the_model_is_left_alone():
    before = [(p.clone(), p.grad.clone()) for p in MODEL.module_.parameters()]
    grad_cam(MODEL, X)
    saliency(MODEL, X)
    for parameter, (value, gradient) in zip(MODEL.module_.parameters(), before):
        assert torch.equal(parameter, value)
        assert torch.equal(parameter.grad, gradient)
    assert not any(module._forward_hooks for module in MODEL.module_.modules())
