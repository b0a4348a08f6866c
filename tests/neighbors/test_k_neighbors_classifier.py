"""Classification by neighbours: the vote, scikit-learn, bad data."""

import pickle

import numpy as np
import pytest
from sklearn import neighbors as peers
from sklearn.datasets import load_iris
from sklearn.model_selection import cross_val_score

import panlearn
from panlearn.neighbors import KNeighborsClassifier
from tests.oracles import nearest_neighbours as oracle


def data(n=200, p=3):
    rng = np.random.default_rng(0)
    X = rng.normal(size=(n, p))
    return X, (X[:, 0] + 0.5 * rng.normal(size=n) > 0).astype(int) + (X[:, 1] > 1)


@pytest.mark.parametrize("k", [1, 4, 15])
def test_matches_oracle(k):
    X, y = data()
    model = KNeighborsClassifier(n_neighbors=k).fit(X[:150], y[:150])
    np.testing.assert_array_equal(model.predict(X[150:]), oracle.classify(X[:150], y[:150], X[150:], k))


@pytest.mark.parametrize("algorithm", ["brute", "kd_tree", "ball_tree"])
@pytest.mark.parametrize("weights", ["uniform", "distance"])
def test_matches_peer(algorithm, weights):
    X, y = data()
    settings = {"algorithm": algorithm, "weights": weights, "n_neighbors": 7}
    ours = KNeighborsClassifier(**settings).fit(X[:150], y[:150])
    theirs = peers.KNeighborsClassifier(**settings).fit(X[:150], y[:150])
    np.testing.assert_array_equal(ours.predict_proba(X[150:]), theirs.predict_proba(X[150:]))
    assert ours.get_params() == theirs.get_params()


def test_optimality():
    """With one neighbour and no two rows alike, the training rows are repeated; the certificate tells the search."""
    X, y = data()
    model = KNeighborsClassifier(n_neighbors=1).fit(X, y)
    assert model.score(X, y) == 1
    assert model.certificate_ == "exact neighbours among 200 rows, by k-d tree"


def test_invariances():
    X, y = data()
    order = np.random.default_rng(1).permutation(len(y))
    model = KNeighborsClassifier().fit(X, y)
    np.testing.assert_array_equal(KNeighborsClassifier().fit(X[order], y[order]).predict(X), model.predict(X))
    np.testing.assert_array_equal(KNeighborsClassifier().fit(8 * X + 1, y).predict(8 * X + 1), model.predict(X))


def test_edge_cases():
    X, y = data(6)
    with pytest.raises(ValueError, match="n_neighbors"):
        KNeighborsClassifier(n_neighbors=7).fit(X, y).predict(X)
    with pytest.raises(ValueError, match="NaN"):
        KNeighborsClassifier().fit(np.full((6, 1), np.nan), y)
    assert KNeighborsClassifier(n_neighbors=3).fit(X, np.zeros(6)).predict(X).tolist() == [0.0] * 6
    two = KNeighborsClassifier(n_neighbors=2).fit(X, np.column_stack([y, y > 0]))
    assert two.predict(X).shape == (6, 2)


def test_reproducible(tmp_path):
    X, y = load_iris(return_X_y=True)
    assert cross_val_score(KNeighborsClassifier(), X, y).mean() > 0.95
    for algorithm in ("kd_tree", "ball_tree", "brute"):
        model = KNeighborsClassifier(algorithm=algorithm).fit(X, y)
        for copy in (
            pickle.loads(pickle.dumps(model)),
            panlearn.load(panlearn.save(model, tmp_path / "model.panlearn")),
            KNeighborsClassifier(algorithm=algorithm).fit(X, y),
        ):
            np.testing.assert_array_equal(copy.predict_proba(X), model.predict_proba(X))
