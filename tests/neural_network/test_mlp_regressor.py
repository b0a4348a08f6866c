"""The regressor: equal to loops, to scikit-learn's from the same weights, and sound on odd data."""

from typing import Any

import numpy as np
import pytest
import torch
from sklearn import neural_network as peer
from sklearn.linear_model import PoissonRegressor, Ridge

from panlearn.neural_network import MLPRegressor
from tests.oracles import multilayer_perceptron as oracle

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
RNG = np.random.default_rng(0)
X = RNG.normal(size=(120, 4))
Y = np.column_stack([np.sin(X[:, 0]) + X[:, 1], X[:, 2] * X[:, 3]])
y = Y[:, 0]


def test_matches_oracle():
    model = MLPRegressor(hidden_layer_sizes=(6, 5), activation="tanh", max_iter=2, random_state=0).fit(X, Y)
    expected = [oracle.outputs([W.T for W in model.coefs_], model.intercepts_, row)[0] for row in X[:10]]
    np.testing.assert_allclose(model.predict(X[:10]), expected, rtol=1e-10)


@pytest.mark.parametrize("loss", ["squared_error", "poisson"])
def test_matches_peer(loss):
    target = np.random.default_rng(0).poisson(np.exp(0.3 * X[:, 0])) if loss == "poisson" else y
    settings: Any = {"loss": loss, "hidden_layer_sizes": (12,), "solver": "sgd", "batch_size": 30, "shuffle": False}
    settings |= {"alpha": 0.1, "learning_rate_init": 0.02, "max_iter": 1, "warm_start": True}
    theirs: Any = peer.MLPRegressor(**settings, random_state=0).fit(X, target)
    ours = MLPRegressor(**settings).fit(X, target)
    with torch.no_grad():
        for layer, W, b in zip(ours.module_.layers, theirs.coefs_, theirs.intercepts_):
            layer.weight.copy_(torch.from_numpy(W.T))
            layer.bias.copy_(torch.from_numpy(b))
    for model in (ours, theirs):
        model.set_params(max_iter=5).fit(X, target)
    np.testing.assert_allclose(ours.predict(X), theirs.predict(X), rtol=1e-6)


def test_optimality():
    """Without a hidden layer the minimum is ridge regression's."""
    ridge = Ridge(alpha=2.0).fit(X, y)
    model = MLPRegressor(hidden_layer_sizes=(), solver="lbfgs", alpha=2.0, tol=1e-9, random_state=0).fit(X, y)
    np.testing.assert_allclose(model.coefs_[0][:, 0], ridge.coef_, rtol=1e-4, atol=1e-6)
    np.testing.assert_allclose(model.intercepts_[0], ridge.intercept_, rtol=1e-4, atol=1e-6)
    counts = np.random.default_rng(1).poisson(np.exp(0.5 * X[:, 0]))
    glm = PoissonRegressor(alpha=0, tol=1e-9).fit(X, counts)
    settings = {"loss": "poisson", "hidden_layer_sizes": (), "solver": "lbfgs", "alpha": 0, "tol": 1e-9}
    np.testing.assert_allclose(MLPRegressor(**settings).fit(X, counts).predict(X), glm.predict(X), rtol=1e-3)


def test_invariances():
    settings = {"hidden_layer_sizes": 8, "max_iter": 5, "random_state": 0}
    single, column = MLPRegressor(**settings).fit(X, y), MLPRegressor(**settings)
    with pytest.warns(UserWarning, match="column-vector y"):
        column.fit(X, y[:, None])
    np.testing.assert_array_equal(single.predict(X), column.predict(X))
    assert MLPRegressor(**settings).fit(X, Y).predict(X).shape == Y.shape
    assert MLPRegressor(**settings).fit(X.astype(np.float32), y).predict(X.astype(np.float32)).dtype == np.float32
    weighted = MLPRegressor(**settings).fit(X, y, sample_weight=np.full(120, 0.3))
    np.testing.assert_allclose(weighted.predict(X), single.predict(X), rtol=1e-9)


def test_targets_keep_their_digits():
    """Offsets far above the spread are lost in float32; float64 data train in float64."""
    far = 1e8 + y
    model = MLPRegressor(hidden_layer_sizes=(), solver="lbfgs", alpha=0, tol=1e-8, random_state=0).fit(X, far)
    assert np.abs(model.predict(X) - far).max() < 5


def test_overfits_tiny_batch():
    noise, target = RNG.normal(size=(20, 5)), RNG.normal(size=20)
    model = MLPRegressor(hidden_layer_sizes=(64, 64), alpha=0, learning_rate_init=0.01, max_iter=400, tol=0)
    assert model.set_params(random_state=0).fit(noise, target).score(noise, target) > 0.99


def test_edge_cases():
    with pytest.raises(ValueError, match="counts"):
        MLPRegressor(loss="poisson").fit(X, y)
    with pytest.raises(ValueError, match=r"NaN|infinity"):
        MLPRegressor().fit(X, np.full(120, np.inf))
    with pytest.raises(ValueError, match="columns"):
        MLPRegressor(max_iter=1).partial_fit(X, Y).partial_fit(X, y)
    assert MLPRegressor(max_iter=2).fit(X[:1], y[:1]).predict(X).shape == (120,)


def test_reproducible():
    settings = {"hidden_layer_sizes": 8, "max_iter": 3, "dropout": 0.3, "batch_norm": True, "random_state": 1}
    first, second = (MLPRegressor(**settings).fit(X, y) for _ in range(2))
    np.testing.assert_array_equal(first.predict(X), second.predict(X))
