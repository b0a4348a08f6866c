"""Targets in, means out: shapes as they were given, R squared on the rows kept aside."""

import numpy as np
import pytest
import torch
from sklearn.exceptions import DataConversionWarning
from sklearn.metrics import r2_score

from panlearn.neural_network import NeuralRegressor

X = np.random.default_rng(0).normal(size=(40, 3))
Y = np.c_[X[:, 0], X[:, 1] ** 2]


def test_shapes_are_kept():
    assert NeuralRegressor(max_epochs=1).fit(X, Y).predict(X).shape == (40, 2)
    with pytest.warns(DataConversionWarning, match="column-vector"):
        assert NeuralRegressor(max_epochs=1).fit(X, Y[:, :1]).predict(X).shape == (40,)


@pytest.mark.parametrize("weighted", [False, True])
def test_score_is_r_squared(weighted):
    model = NeuralRegressor(max_epochs=2, random_state=0).fit(X, Y[:, 0])
    weight = torch.linspace(0.5, 1.5, 40) if weighted else None
    z, target = torch.from_numpy(model.predict(X))[:, None], torch.from_numpy(Y[:, :1]).float()
    expected = r2_score(Y[:, 0], model.predict(X), sample_weight=None if weight is None else weight.numpy())
    assert model._score(z, target, weight) == pytest.approx(expected, abs=1e-5)
    assert model._score(torch.ones(3, 1), torch.ones(3, 1), None) == 1.0  # nothing to explain, and explained


def test_edge_cases():
    model = NeuralRegressor(max_epochs=1).partial_fit(X, Y)
    with pytest.raises(ValueError, match="3 columns, 2 were fitted"):
        model.partial_fit(X, np.c_[Y, Y[:, 0]])
    with pytest.raises(ValueError, match="requires y"):
        NeuralRegressor().fit(X, None)
