"""How a user's module meets the data: told its widths, looked at, fed by name."""

import numpy as np
import pytest
import torch
from torch import nn

from panlearn.neural_network import NeuralClassifier


class Asks(nn.Module):
    """Wants both widths, and two inputs."""

    def __init__(self, n_outputs, n_features=None):
        super().__init__()
        self.told = (n_features, n_outputs)
        self.linear = nn.LazyLinear(n_outputs)

    def forward(self, left, right):
        return self.linear(torch.cat([left, right], 1))


def build(n_features, n_outputs):
    return nn.Linear(n_features, n_outputs)


y = np.array([0, 1, 2, 1] * 5)


def test_widths_are_filled_in():
    X = np.random.default_rng(0).normal(size=(20, 3))
    assert NeuralClassifier(build, max_epochs=1).fit(X, y).module_.weight.shape == (3, 3)
    assert NeuralClassifier(max_epochs=1).fit(X, y).module_[2].out_features == 3
    given = NeuralClassifier(Asks, module_params={"n_features": 9}, max_epochs=1).fit((X, X), y)
    assert given.module_.told == (9, 3)


def test_dicts_are_matched_by_name():
    rng = np.random.default_rng(0)
    parts = {"right": rng.normal(size=(20, 2)), "left": rng.normal(size=(20, 3))}
    by_name = NeuralClassifier(Asks, max_epochs=2, random_state=0).fit(parts, y)
    by_place = NeuralClassifier(Asks, max_epochs=2, random_state=0).fit((parts["left"], parts["right"]), y)
    np.testing.assert_array_equal(by_name.predict_proba(parts), by_place.predict_proba((parts["left"], parts["right"])))
    with pytest.raises(ValueError, match=r"keys of X, \['left', 'wrong'\], must be the first arguments"):
        NeuralClassifier(Asks).fit({"left": parts["left"], "wrong": parts["right"]}, y)
    with pytest.raises(ValueError, match="were fitted"):
        by_name.predict({"left": parts["left"]})


@pytest.mark.parametrize("make", [lambda n_outputs: "text", lambda n_outputs: 3])
def test_what_is_no_module_is_refused(make):
    with pytest.raises(ValueError, match=r"must give a torch.nn.Module"):
        NeuralClassifier(make).fit(np.ones((20, 2)), y)


def test_arrays_of_many_axes_keep_them():
    X = np.random.default_rng(0).normal(size=(20, 1, 4, 4))
    network = nn.Sequential(nn.Conv2d(1, 2, 3), nn.Flatten(), nn.Linear(8, 3))
    model = NeuralClassifier(network, max_epochs=1).fit(X, y)
    assert model.predict(X.tolist()).shape == (20,)
