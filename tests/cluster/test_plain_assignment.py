"""All distances: nearest centres and sums against the definition."""

import numpy as np
import pytest
from scipy import sparse

from panlearn.cluster.plain_assignment import PlainAssignment, nearest
from tests.cluster.test_kmeans import data
from tests.oracles import kmeans as oracle


@pytest.mark.parametrize("form", [np.asarray, sparse.csr_matrix])
def test_nearest_centres_and_sums(form):
    X, weight = np.where(data(70, 4, 5) > 0, data(70, 4, 5), 0), np.random.default_rng(0).uniform(size=70)
    label, square = oracle.nearest(X, X[:6])
    rows = PlainAssignment(form(X), weight)
    assert rows.assign(X[:6]) == 70
    assert rows.assign(X[:6]) == 0
    np.testing.assert_array_equal(rows.label, label)
    np.testing.assert_allclose(rows.sums.total, [weight[label == j] @ X[label == j] for j in range(6)], atol=1e-12)
    assert rows.inertia(X[:6]) == pytest.approx(weight @ square)
    np.testing.assert_allclose(rows.row(3)[0], X[3])


def test_blocks_do_not_show():
    X = data(3000, 2, 3)
    label, value = nearest(X, X[:1500])
    assert (label[:1500] == np.arange(1500)).all()
    np.testing.assert_allclose(value + (X**2).sum(axis=1), ((X - X[label]) ** 2).sum(axis=1), atol=1e-9)
