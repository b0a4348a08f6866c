"""Lloyd's iteration: it never raises the inertia, and what happens to empty clusters."""

import numpy as np
import pytest

from panlearn.cluster.lloyd import Assignment, lloyd, means
from panlearn.cluster.plain_assignment import PlainAssignment
from tests.cluster.test_kmeans import data
from tests.oracles import kmeans as oracle


def test_the_inertia_falls_in_every_iteration():
    X = data(200, 3, 5)
    found = lloyd(PlainAssignment(X), X[:8], max_iter=50, tol=0.0, trace=True)
    inertia = [oracle.nearest(X, centres)[1].sum() for centres in found.trace]
    assert (np.diff(inertia) <= 1e-9).all()
    assert found.converged
    assert found.inertia == pytest.approx(inertia[-1])


def test_empty_clusters_take_the_farthest_rows():
    X = np.array([[0.0], [1.0], [10.0], [30.0]])
    rows = PlainAssignment(X)
    rows.assign(np.array([[0.0], [500.0], [600.0]]))
    found = means(rows, np.array([[0.0], [500.0], [600.0]]))
    np.testing.assert_allclose(np.sort(found.ravel()), [0.5, 10.0, 30.0])


def test_an_abstract_assignment_says_what_to_use():
    with pytest.raises(TypeError, match="PlainAssignment"):
        Assignment().assign(np.zeros((1, 1)))
