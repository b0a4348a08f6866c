"""Greedy k-means++: its law, scikit-learn's draws, bad data."""

import numpy as np
import pytest
from scipy import sparse
from sklearn import cluster as peers

from panlearn.cluster import kmeans_plusplus
from tests.cluster.test_kmeans import data


@pytest.mark.parametrize(("n", "p", "k"), [(80, 3, 5), (4000, 4, 30), (900, 70, 20)])
@pytest.mark.parametrize("weighted", [False, True])
def test_draws_are_those_of_the_peer(n, p, k, weighted):
    X = data(n, p, k)
    weight = np.random.default_rng(1).uniform(0, 2, n) if weighted else None
    centres, indices = kmeans_plusplus(X, k, sample_weight=weight, random_state=0)
    theirs = peers.kmeans_plusplus(X, k, sample_weight=weight, random_state=0)
    np.testing.assert_array_equal(indices, theirs[1])
    np.testing.assert_array_equal(centres, X[indices])


def test_one_trial_draws_by_squared_distance():
    """From the row 0, rows at distance 1 and 2 are drawn as 1 to 4."""
    X = np.array([[0.0], [1.0], [-2.0]])
    second = [
        kmeans_plusplus(X, 2, random_state=s, n_local_trials=1, sample_weight=[1e9, 1, 1])[1][1] for s in range(2000)
    ]
    assert np.mean(np.array(second) == 2) == pytest.approx(0.8, abs=0.03)  # three standard errors


def test_sparse_rows_give_the_same_centres():
    X = np.where(data(100, 4, 5) > 0, data(100, 4, 5), 0)
    np.testing.assert_array_equal(
        kmeans_plusplus(sparse.csr_matrix(X), 5, random_state=0)[0], X[kmeans_plusplus(X, 5, random_state=0)[1]]
    )


@pytest.mark.parametrize("n", [50, 20_000])
def test_weights_of_zero_are_never_drawn(n):
    X, weight = data(n, 2, 3), np.tile([0.0, 1.0], n // 2)
    assert (kmeans_plusplus(X, 10, sample_weight=weight, random_state=0)[1] % 2 == 1).all()


def test_bad_parameters_are_named():
    X = data(10, 2, 2)
    with pytest.raises(ValueError, match="should be >= n_clusters"):
        kmeans_plusplus(X, 11)
    with pytest.raises(ValueError, match="'n_local_trials' parameter"):
        kmeans_plusplus(X, 2, n_local_trials=0)
    with pytest.raises(ValueError, match="length of x_squared_norms"):
        kmeans_plusplus(X, 2, x_squared_norms=np.ones(3))
