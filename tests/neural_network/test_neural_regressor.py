"""Any module as a regressor: equal to gradient descent by hand and to least squares, for one target or several."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.linear_model import LinearRegression
from torch import nn

from panlearn.neural_network import NeuralRegressor
from tests.oracles.neural_regressor import linear_regression


def problem(n=50, p=3, k=2, seed=0):
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(n, p))
    return X, X @ rng.normal(size=(p, k)) + 0.1 * rng.normal(size=(n, k))


def linear(k, **changes):
    settings = {"optimizer": "sgd", "learning_rate": 0.5, "max_epochs": 200, "batch_size": 50, "dtype": "float64"}
    return NeuralRegressor(nn.Linear(3, k), random_state=0, **{**settings, **changes})


def test_matches_oracle():
    X, Y = problem()
    model = linear(2, max_epochs=3)
    W, b = (p.detach().double().numpy() for p in model.module.parameters())
    model.fit(X, Y)
    W, b = linear_regression(W, b, X, Y, 0.5, 3)
    np.testing.assert_allclose(model.predict(X), X @ W.T + b, atol=1e-10)


def test_matches_peer():
    skorch = pytest.importorskip("skorch", reason="a package of the [bench] extra")
    X, Y = (a.astype(np.float32) for a in problem())
    network = nn.Sequential(nn.Linear(3, 8), nn.Tanh(), nn.Linear(8, 2))
    ours = NeuralRegressor(network, max_epochs=10, batch_size=50, learning_rate=0.05, random_state=0).fit(X, Y)
    settings = {"criterion": lambda: half_squared, "optimizer": torch.optim.Adam, "lr": 0.05, "batch_size": -1}
    theirs = skorch.NeuralNetRegressor(network, **settings, max_epochs=10, train_split=None, verbose=0).fit(X, Y)
    np.testing.assert_allclose(ours.predict(X), theirs.predict(X), atol=1e-5)


class HalfSquared(nn.Module):
    """Half the squared error: what our loss is."""

    def forward(self, z, y):
        return 0.5 * nn.functional.mse_loss(z, y)


half_squared = HalfSquared()


def test_optimality():
    X, Y = problem()
    weight = np.random.default_rng(1).uniform(0.5, 2, 50)
    model = linear(2).fit(X, Y, weight)
    np.testing.assert_allclose(model.predict(X), LinearRegression().fit(X, Y, weight).predict(X), atol=1e-6)
    assert model.history_[-1].gradient_norm < 1e-6


@settings(max_examples=5)
@given(st.floats(-100, 100))
def test_invariances(shift):
    X, Y = problem()
    plain, shifted = (linear(2, learning_rate=1.0, max_epochs=100).fit(X, target) for target in (Y, Y + shift))
    np.testing.assert_allclose(shifted.predict(X) - shift, plain.predict(X), atol=1e-5)


def test_overfits_tiny_batch():
    X, y = np.random.default_rng(0).normal(size=(8, 4)), np.arange(8.0) / 8
    model = NeuralRegressor(max_epochs=300, learning_rate=0.01, random_state=0).fit(X, y)
    assert model.score(X, y) > 0.99


def test_reproducible():
    X, Y = problem()
    first, again = (NeuralRegressor(max_epochs=3, random_state=0).fit(X, Y).predict(X) for _ in "ab")
    assert (first == again).all()


@pytest.mark.parametrize(
    "loss", ["squared_error", "absolute_error", "huber", "poisson", nn.L1Loss(), lambda z, y: (z - y) ** 2]
)
def test_every_loss_learns(loss):
    X, Y = problem()
    Y = np.exp(0.3 * Y)
    model = NeuralRegressor(loss=loss, max_epochs=150, learning_rate=0.01, random_state=0).fit(X, Y, np.ones(50))
    assert model.score(X, Y) > 0.7


def test_edge_cases():
    X, Y = problem()
    assert NeuralRegressor(max_epochs=1).fit(X, Y[:, 0]).predict(X).shape == (50,)
    assert NeuralRegressor(max_epochs=1).fit(X[:1], Y[:1]).predict(X).shape == (50, 2)
    flat = NeuralRegressor(nn.Sequential(nn.Linear(3, 1), nn.Flatten(0)), max_epochs=2).fit(X, Y[:, 0])
    assert flat.predict(X).shape == (50,)  # a module may answer (b,)
    with pytest.raises(ValueError, match="one number for each row"):
        NeuralRegressor(loss=lambda z, y: ((z - y) ** 2).mean()).fit(X, Y, np.linspace(0.1, 1, 50))
    with pytest.raises(ValueError, match="counts: y >= 0"):
        NeuralRegressor(loss="poisson").fit(X, Y)
    with pytest.raises(ValueError, match="returned shape"):
        NeuralRegressor(nn.Linear(3, 1)).fit(X, Y)
    with pytest.raises(ValueError, match="infinity"):
        NeuralRegressor().fit(X, np.where(Y > 2, np.inf, Y))
