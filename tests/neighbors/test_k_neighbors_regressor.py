"""Regression by neighbours: the mean, scikit-learn, bad data."""

import pickle

import numpy as np
import pytest
from sklearn import neighbors as peers

import panlearn
from panlearn.neighbors import KNeighborsRegressor
from tests.oracles import nearest_neighbours as oracle


def data(n=200, p=3):
    rng = np.random.default_rng(0)
    X = rng.normal(size=(n, p))
    return X, np.sin(X[:, 0]) + 0.1 * rng.normal(size=n)


@pytest.mark.parametrize("k", [1, 4, 15])
def test_matches_oracle(k):
    X, y = data()
    model = KNeighborsRegressor(n_neighbors=k).fit(X[:150], y[:150])
    np.testing.assert_allclose(model.predict(X[150:]), oracle.regress(X[:150], y[:150], X[150:], k), rtol=1e-12)


@pytest.mark.parametrize("algorithm", ["brute", "kd_tree", "ball_tree"])
@pytest.mark.parametrize("weights", ["uniform", "distance"])
def test_matches_peer(algorithm, weights):
    X, y = data()
    settings = {"algorithm": algorithm, "weights": weights, "n_neighbors": 7}
    ours = KNeighborsRegressor(**settings).fit(X[:150], y[:150])
    theirs = peers.KNeighborsRegressor(**settings).fit(X[:150], y[:150])
    np.testing.assert_array_equal(ours.predict(X[150:]), theirs.predict(X[150:]))
    assert ours.get_params() == theirs.get_params()


def test_optimality():
    """The mean of all rows minimises the squared error of a constant: that is k = n."""
    X, y = data()
    model = KNeighborsRegressor(n_neighbors=200).fit(X, y)
    np.testing.assert_allclose(model.predict(X), y.mean())
    assert model.certificate_.startswith("exact neighbours among 200 rows")


def test_invariances():
    X, y = data()
    model = KNeighborsRegressor().fit(X, y)
    np.testing.assert_allclose(KNeighborsRegressor().fit(X, 3 * y + 1).predict(X), 3 * model.predict(X) + 1)
    np.testing.assert_allclose(KNeighborsRegressor().fit(8 * X, y).predict(8 * X), model.predict(X))


def test_edge_cases():
    X, y = data(6)
    with pytest.raises(ValueError, match="n_neighbors"):
        KNeighborsRegressor(n_neighbors=7).fit(X, y).predict(X)
    with pytest.raises(ValueError, match="infinity"):
        KNeighborsRegressor().fit(np.full((6, 1), np.inf), y)
    assert KNeighborsRegressor(n_neighbors=2).fit(X, np.column_stack([y, y])).predict(X).shape == (6, 2)


def test_reproducible(tmp_path):
    X, y = data()
    model = KNeighborsRegressor().fit(X, y)
    for copy in (pickle.loads(pickle.dumps(model)), panlearn.load(panlearn.save(model, tmp_path / "model.panlearn"))):
        np.testing.assert_array_equal(copy.predict(X), model.predict(X))
