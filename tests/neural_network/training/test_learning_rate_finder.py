"""The learning-rate finder."""

import numpy as np
import pytest
import torch
from sklearn.linear_model import Ridge
from torch import nn

from panlearn.core.errors import DataError
from panlearn.neural_network import MLPClassifier, NeuralClassifier, NeuralRegressor, learning_rate_finder


def data(n: int = 200) -> tuple[np.ndarray, np.ndarray]:
    X = np.random.default_rng(0).normal(size=(n, 5)).astype(np.float32)
    return X, (X[:, 0] + X[:, 1] > 0).astype(int)


def net(outputs: int = 2) -> nn.Sequential:
    torch.manual_seed(0)
    return nn.Sequential(nn.Linear(5, 16), nn.ReLU(), nn.Linear(16, outputs))


@pytest.mark.parametrize("optimizer", ["adam", "sgd"])
def test_the_suggestion_learns_better_than_the_ends(optimizer):
    X, y = data()
    settings = {"optimizer": optimizer, "max_epochs": 5, "random_state": 0}
    found = learning_rate_finder(NeuralClassifier(net(), **settings), X, y)
    loss = {
        rate: NeuralClassifier(net(), learning_rate=rate, **settings).fit(X, y).loss_curve_[-1]
        for rate in (1e-6, found.suggestion)
    }
    assert loss[found.suggestion] < 0.4 < loss[1e-6]
    assert found.rates[0] == pytest.approx(1e-6)
    np.testing.assert_allclose(np.diff(np.log(found.rates)), np.log(1e7) / 99)


def test_an_explosion_ends_the_search():
    X, y = data()
    found = learning_rate_finder(NeuralRegressor(net(1), optimizer="sgd", random_state=0), X, 3.0 * y, highest=1e6)
    assert len(found.rates) == len(found.losses) == len(found.smoothed) < 100
    assert found.suggestion < found.rates[-1] / 3


def test_the_model_stays_as_it_was():
    X, y = data()
    model = NeuralClassifier(net(), random_state=0, callbacks=(), max_epochs=1).fit(X, y)
    before, parameters = model.predict_proba(X), model.get_params()
    learning_rate_finder(model, X, y, n_steps=20)
    assert np.array_equal(model.predict_proba(X), before)
    assert model.get_params() == parameters


def test_reproducible_and_weights_count():
    X, y = data()
    model = NeuralClassifier(net(), random_state=0)
    one, two = (learning_rate_finder(model, X, y, n_steps=30).losses for _ in range(2))
    assert np.array_equal(one, two)
    weighted = learning_rate_finder(model, X, y, sample_weight=1.0 + y, n_steps=30).losses
    assert not np.array_equal(one, weighted)


def test_networks_with_the_names_of_scikit_learn():
    X, y = data()
    found = learning_rate_finder(MLPClassifier((16,), random_state=0), X, y)
    assert 1e-4 < found.suggestion < 1.0


def test_smoothing_of_zero_shows_the_losses():
    X, y = data()
    found = learning_rate_finder(NeuralClassifier(net(), random_state=0), X, y, n_steps=12, smoothing=0.0, highest=1e-3)
    np.testing.assert_allclose(found.smoothed, found.losses)
    assert len(found.losses) == 12


def test_edge_cases():
    X, y = data()
    with pytest.raises(DataError, match="0 < lowest < highest"):
        learning_rate_finder(NeuralClassifier(net()), X, y, lowest=1.0, highest=0.1)
    with pytest.raises(DataError, match="n_steps must be"):
        learning_rate_finder(NeuralClassifier(net()), X, y, n_steps=3)
    with pytest.raises(DataError, match="smoothing must be"):
        learning_rate_finder(NeuralClassifier(net()), X, y, smoothing=1.0)
    with pytest.raises(DataError, match="neural estimators"):
        learning_rate_finder(Ridge(), X, y)
    with pytest.raises(DataError, match="no learning rate"):
        learning_rate_finder(MLPClassifier((4,), solver="lbfgs", max_iter=5, random_state=0), X, y)
