"""Residual networks: equal to the sums they are made of, and to torch's own modules."""

import pickle
from typing import Any

import numpy as np
import pytest
import torch
from sklearn.base import clone
from torch import nn

import panlearn
from panlearn.core.errors import DataError
from panlearn.neural_network import ResNetClassifier
from tests.neural_network.image_cases import bars, train_plainly
from tests.oracles.cnn_classifier import convolution, normalised, pooling

X, Y = bars()


def small(**settings) -> Any:
    given = {"filters": (4, 6), "max_epochs": 4, "batch_size": 20, "random_state": 0, "learning_rate": 0.01}
    return ResNetClassifier(**{**given, **settings})


def block_of(state: dict, name: str, x: np.ndarray, stride: int) -> np.ndarray:
    """A residual block by loops."""

    def part(at: str, x: np.ndarray, step: int) -> np.ndarray:
        weight = state[f"{at}.conv.weight"]
        norm = [state[f"{at}.norm.{key}"] for key in ("running_mean", "running_var", "weight", "bias")]
        return normalised(convolution(x, weight, np.zeros(len(weight)), step, weight.shape[2] // 2), *norm)

    inner = np.maximum(part(f"{name}.body.0", x, stride), 0)
    past = part(f"{name}.shortcut", x, stride) if f"{name}.shortcut.conv.weight" in state else x
    return np.maximum(past + part(f"{name}.body.1", inner, 1), 0)


def test_matches_oracle():
    model = small(filters=(2, 3)).fit(X, Y)
    state = {name: t.numpy().astype(float) for name, t in model.module_.state_dict().items()}
    x = (X[0] - model.pixel_mean_[0])[None] / model.pixel_spread_[0]
    x = pooling(convolution(x, state["stem.conv.weight"], np.zeros(2), 1, 1), 2, "max")
    x = np.maximum(
        normalised(x, *(state[f"stem.norm.{key}"] for key in ("running_mean", "running_var", "weight", "bias"))), 0
    )
    x = block_of(state, "stage2.0", block_of(state, "stage1.0", x, 1), 2)
    z = state["head.2.weight"] @ x.mean((1, 2)) + state["head.2.bias"]
    expected = np.exp(z - z.max()) / np.exp(z - z.max()).sum()
    np.testing.assert_allclose(model.predict_proba(X[:1])[0], expected, atol=1e-5)


class Block(nn.Module):
    """He's basic block of torch's own modules."""

    def __init__(self, c: int, o: int, stride: int) -> None:
        super().__init__()
        self.conv1, self.norm1 = nn.Conv2d(c, o, 3, stride, 1, bias=False), nn.BatchNorm2d(o)
        self.conv2, self.norm2 = nn.Conv2d(o, o, 3, 1, 1, bias=False), nn.BatchNorm2d(o)
        same = c == o and stride == 1
        self.past = nn.Identity() if same else nn.Sequential(nn.Conv2d(c, o, 1, stride, bias=False), nn.BatchNorm2d(o))

    def forward(self, x):
        inner = self.norm2(self.conv2(torch.relu(self.norm1(self.conv1(x)))))
        return torch.relu(self.past(x) + inner)


def test_matches_peer():
    """torch.nn and torch.optim.Adam, step for step."""
    begun = small(max_epochs=1, learning_rate=1e-30, batch_size=60).fit(X, Y)
    model = small(max_epochs=5, batch_size=60).fit(X, Y)
    stem = nn.Conv2d(1, 4, 3, padding=1, bias=False), nn.MaxPool2d(2), nn.BatchNorm2d(4), nn.ReLU()
    head = nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(6, 2)
    peer = nn.Sequential(*stem, Block(4, 4, 1), Block(4, 6, 2), *head)
    with torch.no_grad():
        for ours, theirs in zip(begun.module_.parameters(), peer.parameters(), strict=True):
            theirs.copy_(ours)
    scaled = (torch.from_numpy(X).float()[:, None] - model.pixel_mean_[0]) / model.pixel_spread_[0]
    losses = train_plainly(peer, scaled.float(), torch.from_numpy(Y), 5, 0.01)
    np.testing.assert_allclose(model.loss_curve_, losses, rtol=1e-3)


def test_optimality():
    """Full batches and small steps: the loss never rises."""
    model = small(max_epochs=15, batch_size=60, learning_rate=3e-3, optimizer="sgd").fit(X, Y)
    assert (np.diff(model.loss_curve_) < 0).all()


def test_depth_does_not_stop_the_gradient():
    """Note 004 §5: in twenty blocks the first convolution still learns."""
    model = small(filters=(4,), blocks=20, max_epochs=3).fit(X, Y)
    convolutions: list[Any] = [m for m in model.module_.modules() if isinstance(m, nn.Conv2d)]
    norms = [float(m.weight.grad.norm()) for m in (convolutions[0], convolutions[-1])]
    assert len(convolutions) == 41
    assert norms[0] > 0.1 * norms[1] > 0


def test_invariances():
    p = small().fit(X, Y).predict_proba(X)
    np.testing.assert_allclose(small().fit(X / 255.0, Y).predict_proba(X / 255.0), p, atol=1e-3)
    np.testing.assert_array_equal(small().fit(X.reshape(60, 64), Y).predict_proba(X.reshape(60, 64)), p)
    np.testing.assert_array_equal(small().fit(X, Y, sample_weight=np.full(60, 3.0)).predict_proba(X), p)


def test_overfits_tiny_batch():
    model = small(max_epochs=60).fit(X[:12], Y[:12])
    assert model.score(X[:12], Y[:12]) == 1.0
    assert model.loss_curve_[-1] < 0.05


def test_architecture():
    model = small(filters=(4, 8, 8), blocks=(1, 2, 1), stem_pool_size=1, dropout=0.1, map_dropout=0.1).fit(X, Y)
    assert model.map_shapes_ == [(4, 8, 8), (4, 8, 8), (8, 4, 4), (8, 2, 2)]
    assert [len(model.module_.get_submodule(f"stage{k}")) for k in (1, 2, 3)] == [1, 2, 1]
    assert list(dict(model.module_.named_children())) == ["scaling", "stem", "stage1", "stage2", "stage3", "head"]


def test_edge_cases():
    with pytest.raises(DataError, match="blocks must be a whole number, or one for each of the 2 stages"):
        small(blocks=(1,)).fit(X, Y)
    with pytest.raises(DataError, match="filters must name at least one stage"):
        small(filters=(4, 0)).fit(X, Y)
    with pytest.raises(DataError, match="maxout"):
        small(activation="maxout").fit(X, Y)
    assert np.isfinite(small().fit(X[:, :1, :1], Y).predict_proba(X[:, :1, :1])).all()
    assert np.isfinite(small(batch_size=59).fit(X, Y).predict_proba(X[:1])).all()


def test_reproducible(tmp_path):
    model = small(dropout=0.2, map_dropout=0.1).fit(X, Y)
    p = model.predict_proba(X)
    again: Any = clone(model)
    np.testing.assert_array_equal(again.fit(X, Y).predict_proba(X), p)
    np.testing.assert_array_equal(pickle.loads(pickle.dumps(model)).predict_proba(X), p)
    panlearn.save(model, tmp_path / "resnet.panlearn")
    np.testing.assert_array_equal(panlearn.load(tmp_path / "resnet.panlearn").predict_proba(X), p)
