"""Convolutional networks: equal to loops, and to torch's own modules trained by torch."""

import pickle
from typing import Any

import numpy as np
import pandas as pd
import pytest
import torch
from sklearn.base import clone
from sklearn.model_selection import GridSearchCV
from sklearn.utils._param_validation import InvalidParameterError
from torch import nn

import panlearn
from panlearn.core.errors import DataError
from panlearn.neural_network import Augmentation, CNNClassifier
from tests.neural_network.image_cases import bars, train_plainly
from tests.oracles.cnn_classifier import convolution, pooling

X, Y = bars()


def small(**settings) -> Any:
    given = {"filters": (4, 6), "hidden_layer_sizes": (8,), "max_epochs": 4, "batch_size": 20, "random_state": 0}
    return CNNClassifier(**{**given, "learning_rate": 0.01, **settings})


@pytest.mark.parametrize("kind", ["max", "average"])
def test_matches_oracle(kind):
    model = small(filters=(3, 2), kernel_size=(3, 1), pooling=kind, pool_size=2, batch_norm=False).fit(X, Y)
    state = {name: t.numpy().astype(float) for name, t in model.module_.state_dict().items()}
    weights = [state[name] for name in state if name.endswith("weight")]
    biases = [state[name] for name in state if name.endswith("bias")]
    maps = (X[0] - model.pixel_mean_[0])[None] / model.pixel_spread_[0]
    for weight, bias in zip(weights[:2], biases[:2]):
        maps = pooling(np.maximum(convolution(maps, weight, bias, 1, weight.shape[2] // 2), 0), 2, kind)
    hidden = np.maximum(weights[2] @ maps.ravel() + biases[2], 0)
    z = weights[3] @ hidden + biases[3]
    expected = np.exp(z - z.max()) / np.exp(z - z.max()).sum()
    np.testing.assert_allclose(model.predict_proba(X[:1])[0], expected, atol=1e-5)


class Plain(nn.Module):
    """The same network of torch's own modules, in torch's own layout."""

    def __init__(self) -> None:
        super().__init__()
        self.body = nn.Sequential(
            *(nn.Conv2d(1, 4, 3, padding=1, bias=False), nn.MaxPool2d(2), nn.BatchNorm2d(4), nn.ReLU()),
            *(nn.Conv2d(4, 6, 3, padding=1, bias=False), nn.MaxPool2d(2), nn.BatchNorm2d(6), nn.ReLU()),
            *(nn.Flatten(), nn.Linear(24, 8), nn.ReLU(), nn.Linear(8, 2)),
        )

    def forward(self, x):
        return self.body(x)


def test_matches_peer():
    """torch.nn and torch.optim.Adam, step for step."""
    begun = small(max_epochs=1, learning_rate=1e-30, batch_size=60).fit(X, Y)
    model = small(max_epochs=5, batch_size=60).fit(X, Y)
    peer = Plain()
    with torch.no_grad():
        for ours, theirs in zip(begun.module_.parameters(), peer.parameters()):
            theirs.copy_(ours.view_as(theirs))
    scaled = (torch.from_numpy(X).float()[:, None] - model.pixel_mean_[0]) / model.pixel_spread_[0]
    losses = train_plainly(peer, scaled.float(), torch.from_numpy(Y), 5, 0.01)
    np.testing.assert_allclose(model.loss_curve_, losses, rtol=1e-3)


def test_optimality():
    """Full batches and small steps: the loss never rises, and the certificate reports it."""
    model = small(max_epochs=15, batch_size=60, learning_rate=1e-3, optimizer="sgd").fit(X, Y)
    assert (np.diff(model.loss_curve_) < 0).all()
    assert f"training loss {model.loss_curve_[-1]:.4g}" in model.certificate_


def test_invariances():
    """Units of the pixels, the layout of the images and the names of the labels do not matter."""
    model = small().fit(X, Y)
    p = model.predict_proba(X)
    np.testing.assert_allclose(small().fit(X / 255.0, Y).predict_proba(X / 255.0), p, atol=1e-3)
    np.testing.assert_array_equal(small().fit(X[..., None], Y).predict_proba(X[..., None]), p)
    np.testing.assert_array_equal(small().fit(X.reshape(60, 64), Y).predict_proba(X.reshape(60, 64)), p)
    named = small().fit(X, np.array(["stands", "lies"])[1 - Y])  # sorted: lies is 0
    np.testing.assert_array_equal(named.predict_proba(X), p)
    np.testing.assert_array_equal(small().fit(X, Y, sample_weight=np.full(60, 3.0)).predict_proba(X), p)


def test_layouts_of_colours_agree():
    colour, y = bars(channels=3)
    models = [small().fit(images, y) for images in (colour, colour.transpose(0, 3, 1, 2), list(colour))]
    p = models[0].predict_proba(colour)
    for model in models:
        assert model.image_shape_ == (3, 8, 8)
        np.testing.assert_array_equal(model.predict_proba(colour), p)


def test_overfits_tiny_batch():
    model = small(max_epochs=60).fit(X[:12], Y[:12])
    assert model.score(X[:12], Y[:12]) == 1.0
    assert model.loss_curve_[-1] < 0.05


def test_learns_what_it_has_not_seen():
    many, y = bars(240)
    model = small(head="average", hidden_layer_sizes=(), max_epochs=15).fit(many[:180], y[:180])
    assert model.score(many[180:], y[180:]) > 0.95


def test_architecture():
    model = small(filters=((4, 4), 6), kernel_size=(3, 1), stride=(2, 1), pool_size=(1, 2), map_dropout=0.2)
    model.set_params(dropout=0.3, hidden_layer_sizes=()).fit(X, Y)
    assert model.map_shapes_ == [(4, 4, 4), (6, 2, 2)]  # the stride halves 8, the pooling halves 4
    kernels = [m.kernel_size for m in model.module_.modules() if isinstance(m, nn.Conv2d)]
    assert kernels == [(3, 3), (3, 3), (1, 1)]
    assert list(dict(model.module_.named_children())) == ["scaling", "stage1", "stage2", "head"]
    assert sum(isinstance(m, nn.Dropout2d) for m in model.module_.modules()) == 2
    line = small().fit(X[:, 0], Y)  # eight columns, no square: one line, pooled along it
    assert line.map_shapes_ == [(4, 1, 4), (6, 1, 2)]
    for activation in ("maxout", "prelu", "gelu"):
        assert np.isfinite(small(activation=activation).fit(X, Y).predict_proba(X)).all()


def test_edge_cases():
    with pytest.raises(DataError, match="fitted on images of 8 x 8 with 1 channels, X has images of 8 x 4"):
        small().fit(X, Y).predict(X[:, :, :4])
    with pytest.raises(DataError, match="divide X by 255"):
        small().fit(X / 255.0, Y).predict(X)
    with pytest.raises(DataError, match="multiply X by 255"):
        small().fit(X, Y).predict(X / 255.0)
    with pytest.raises(DataError, match="holds no image"):
        small().fit(X[:0], Y[:0])
    with pytest.raises(DataError, match="image_shape must be"):
        small(image_shape=(8,)).fit(X, Y)
    with pytest.raises(DataError, match="one for each of the 2 stages"):
        small(kernel_size=(3, 3, 3)).fit(X, Y)
    with pytest.raises(DataError, match="filters must name at least one stage"):
        small(filters=()).fit(X, Y)
    with pytest.raises(InvalidParameterError, match="pooling"):
        small(pooling="sum").fit(X, Y)
    with pytest.raises(DataError, match="only one class"):
        small().fit(X, np.zeros(60))
    constant = small().fit(np.full((60, 8, 8), 7, np.uint8), Y)
    assert np.isfinite(constant.predict_proba(X)).all()
    single = small(batch_size=59).fit(X, Y)  # no batch of one row, which batch normalisation could not learn from
    assert np.isfinite(single.predict_proba(X[:1])).all()
    tiny = small().fit(X[:, :1, :1], Y)
    assert tiny.image_shape_ == (1, 1, 1)


def test_mixed_sizes_are_resized_on_request():
    mixed = [image if k % 2 else np.kron(image, np.ones((2, 2), np.uint8)) for k, image in enumerate(X)]
    with pytest.raises(DataError, match="images must have one size"):
        small().fit(mixed, Y)
    model = small(image_shape=(8, 8)).fit(mixed, Y)
    np.testing.assert_array_equal(model.predict_proba(mixed), small().fit(X, Y).predict_proba(X))


def test_reproducible(tmp_path):
    model = small(dropout=0.2, map_dropout=0.1).fit(X, Y)
    p = model.predict_proba(X)
    again: Any = clone(model)
    np.testing.assert_array_equal(again.fit(X, Y).predict_proba(X), p)
    np.testing.assert_array_equal(pickle.loads(pickle.dumps(model)).predict_proba(X), p)
    panlearn.save(model, tmp_path / "cnn.panlearn")
    np.testing.assert_array_equal(panlearn.load(tmp_path / "cnn.panlearn").predict_proba(X), p)


def test_augmented_models_are_stored_too(tmp_path):
    pytest.importorskip("kornia")
    model = small(augment=Augmentation(horizontal_flip=0.5, padding=1)).fit(X, Y)
    again: Any = clone(model)
    np.testing.assert_array_equal(again.fit(X, Y).predict_proba(X), model.predict_proba(X))
    panlearn.save(model, tmp_path / "cnn.panlearn")
    loaded = panlearn.load(tmp_path / "cnn.panlearn")
    np.testing.assert_array_equal(loaded.predict_proba(X), model.predict_proba(X))
    assert loaded.augment == model.augment


def test_goes_on_by_parts():
    model = small().partial_fit(X, Y, classes=[0, 1]).partial_fit(X, Y)
    assert model.n_iter_ == 2
    warm = small(warm_start=True).fit(X, Y)
    assert len(warm.fit(X, Y).loss_curve_) == 8
    assert warm.loss_curve_[-1] < warm.loss_curve_[0]


def test_searches_and_frames():
    search = GridSearchCV(small(max_epochs=1), {"filters": [(2,), (4,)]}, cv=2).fit(X, Y)
    assert search.best_params_["filters"] in [(2,), (4,)]
    frame = pd.DataFrame(X.reshape(60, 64)).rename(columns=str)
    model = small().fit(frame, Y)
    assert list(model.feature_names_in_[:2]) == ["0", "1"]
    assert not hasattr(model.fit(X, Y), "feature_names_in_")
