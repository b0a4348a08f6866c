"""Style transfer, with small networks of random filters."""

import pickle

import numpy as np
import pytest
import torch
from sklearn.base import clone
from sklearn.exceptions import NotFittedError
from torch import nn

from panlearn.core.errors import DataError
from panlearn.neural_network import StyleTransfer
from panlearn.neural_network.style_losses import gram

STRIPES = np.tile(np.array([0, 0, 255, 255], np.uint8), (16, 4))
SQUARE = np.zeros((16, 16), np.uint8)
SQUARE[4:12, 4:12] = 255


def filters(channels: int = 1) -> nn.Sequential:
    with torch.random.fork_rng():
        torch.manual_seed(0)
        return nn.Sequential(nn.Conv2d(channels, 6, 3), nn.ReLU(), nn.Conv2d(6, 8, 3))


def test_losses_match_the_formula():
    net = filters()
    model = StyleTransfer(net, content_weight=2.0, style_weight=3.0, variation_weight=0.0).fit(STRIPES)
    found = model.losses(SQUARE, content=STRIPES)
    with torch.no_grad():
        x, a = (torch.from_numpy(image[None, None] / np.float32(255)) for image in (SQUARE, STRIPES))
        deep = [net(image) for image in (x, a)]
        content = ((deep[0] - deep[1]) ** 2).sum() / (deep[1] ** 2).sum()
        style = torch.tensor(0.0)
        for one, other in ((net[0](x), net[0](a)), deep):
            style += ((gram(one) - gram(other)) ** 2).sum() / (gram(other) ** 2).sum() / 2
    np.testing.assert_allclose(found[1:3], [float(content), float(style)], rtol=1e-5)
    assert found.total == pytest.approx(float(2 * content + 3 * style), rel=1e-5)
    np.testing.assert_allclose(model.grams_[0], gram(net[0](a)).detach().numpy(), rtol=1e-5)


@pytest.mark.parametrize(("optimizer", "max_iter"), [("lbfgs", 40), ("adam", 200)])
def test_the_style_comes_and_the_content_stays(optimizer, max_iter):
    model = StyleTransfer(filters(), style_weight=10.0, optimizer=optimizer, max_iter=max_iter).fit(STRIPES)
    image = model.transform(SQUARE)
    assert image.dtype == np.uint8
    assert image.shape == SQUARE.shape
    before = model.losses(SQUARE)
    assert model.losses_.style < 0.2 * before.style
    assert model.losses_.total < 0.6 * before.total
    assert np.corrcoef(image.ravel(), SQUARE.ravel())[0, 1] > 0.4
    assert model.n_iter_ == len(model.loss_curve_) <= max_iter
    assert model.loss_curve_[-1] < model.loss_curve_[0]
    assert model.certificate_.startswith("loss ")


def test_weights_trade_content_for_style():
    free = StyleTransfer(filters(), style_weight=100.0, max_iter=30).fit(STRIPES)
    bound = StyleTransfer(filters(), style_weight=0.01, max_iter=30).fit(STRIPES)
    free.transform(SQUARE), bound.transform(SQUARE)  # type: ignore
    assert free.losses_.style < bound.losses_.style
    assert bound.losses_.content < free.losses_.content


def test_a_texture_from_noise():
    settings = {"content_weight": 0.0, "variation_weight": 0.0, "start": "random", "max_iter": 60, "random_state": 0}
    model = StyleTransfer(filters(), **settings).fit(STRIPES)
    texture = model.transform(SQUARE)
    assert model.losses_.style < 5e-3  # noise: 0.4
    np.testing.assert_array_equal(clone(model).fit(STRIPES).transform(SQUARE), texture)  # type: ignore
    assert (clone(model).set_params(random_state=1).fit(STRIPES).transform(SQUARE) != texture).any()  # type: ignore


def test_smooth_images_cost_less_variation():
    grain = [
        StyleTransfer(filters(), variation_weight=w, max_iter=30).fit(STRIPES).transform(SQUARE) for w in (0.0, 10.0)
    ]
    assert np.abs(np.diff(grain[1].astype(float))).mean() < np.abs(np.diff(grain[0].astype(float))).mean()


def test_colours_through_a_grey_network_and_grey_through_a_coloured_one():
    colour = np.stack([SQUARE // 2, SQUARE // 3, SQUARE // 2 + 40], axis=2)
    painted = StyleTransfer(filters(), max_iter=5).fit(STRIPES).transform(colour)
    assert painted.shape == colour.shape
    assert painted.dtype == np.uint8
    assert StyleTransfer(filters(3), max_iter=5).fit(colour).transform(SQUARE / 255.0).shape == SQUARE.shape


def test_images_may_have_any_size_and_the_network_any_head():
    net = nn.Sequential(*filters(), nn.Flatten(), nn.Linear(8 * 12 * 12, 10))
    model = StyleTransfer(net, max_iter=3).fit(STRIPES[:, :9])
    assert model.transform(np.zeros((20, 31), np.uint8)).shape == (20, 31)


def test_the_network_is_left_as_it_was():
    net = filters().train()
    before = [p.clone() for p in net.parameters()]
    state = torch.get_rng_state()
    StyleTransfer(net, max_iter=3, start="random", random_state=0).fit(STRIPES).transform(SQUARE)
    assert all(map(torch.equal, net.parameters(), before))
    assert net.training
    assert torch.equal(torch.get_rng_state(), state)


def test_scaled_pixels():
    """A module that wants (x - mean) / spread sees the same as one with the scaling built in."""
    net = filters()
    scaled = filters()
    with torch.no_grad():
        scaled[0].weight.mul_(2.0)  # x / 0.5  # type: ignore
    one = StyleTransfer(net, spread=[0.5], max_iter=4).fit(STRIPES)
    other = StyleTransfer(scaled, max_iter=4).fit(STRIPES)
    for mine, theirs in zip(one.grams_, other.grams_, strict=True):
        np.testing.assert_allclose(mine, theirs, rtol=1e-4)


def test_pickles():
    model = StyleTransfer(filters(), max_iter=3).fit(STRIPES)
    np.testing.assert_array_equal(pickle.loads(pickle.dumps(model)).transform(SQUARE), model.transform(SQUARE))


def test_edge_cases():
    with pytest.raises(NotFittedError):
        StyleTransfer(filters()).transform(SQUARE)
    with pytest.raises(ValueError, match="'style_weight' parameter of StyleTransfer must be"):
        StyleTransfer(filters(), style_weight=-1.0).fit(STRIPES)
    with pytest.raises(DataError, match="fitted estimator of images"):
        StyleTransfer("vgg19").fit(STRIPES)
    with pytest.raises(DataError, match="no CUDA device" if not torch.cuda.is_available() else "device"):
        StyleTransfer(filters(), device="cuda:99" if torch.cuda.is_available() else "cuda").fit(STRIPES)
    with pytest.raises(DataError, match="image and content must have one size"):
        StyleTransfer(filters()).fit(STRIPES).losses(SQUARE, SQUARE[:, :9])
    with pytest.raises(DataError, match="cannot take images of shape"):
        StyleTransfer(filters()).fit(STRIPES[:2])
    broken = filters()
    with torch.no_grad():
        broken[0].weight.fill_(torch.nan)  # type: ignore
    with pytest.raises(DataError, match="not finite"):
        StyleTransfer(broken).fit(STRIPES).transform(SQUARE)
