"""What the estimators with centres share."""

import numpy as np
import pytest

from panlearn.cluster import KMeans
from panlearn.cluster.bounded_assignment import BoundedAssignment
from panlearn.cluster.centred_rows import CentredRows
from panlearn.cluster.centroid_estimator import assignment_for, nearest_centres
from panlearn.cluster.plain_assignment import PlainAssignment
from tests.cluster.test_kmeans import data
from tests.oracles import kmeans as oracle


@pytest.mark.parametrize(("n", "kind"), [(30, PlainAssignment), (30_000, BoundedAssignment)])
def test_many_rows_get_bounds(n, kind):
    assert isinstance(assignment_for(CentredRows(data(n, 3, 4)), 4), kind)


def test_nearest_centres():
    X = data(50, 3, 4)
    label, inertia = nearest_centres(X, X[:4])
    expected, square = oracle.nearest(X, X[:4])
    np.testing.assert_array_equal(label, expected)
    assert inertia == pytest.approx(square.sum())


def test_memory_that_must_not_be_written_is_read():
    X = data(20_000, 4, 5)
    X.flags.writeable = False
    assert KMeans(5, init=X[:5]).fit(X).inertia_ > 0


def test_a_callable_start_sees_the_rows_as_they_are():
    X = data(60, 3, 4) + 100.0
    model = KMeans(4, init=lambda X, k, random_state: X[:k], n_init=1).fit(X)
    np.testing.assert_array_equal(model.labels_, KMeans(4, init=X[:4]).fit(X).labels_)
